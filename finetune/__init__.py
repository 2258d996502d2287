"""Data sets, recipes and registration of trained models; nothing imports this package."""
