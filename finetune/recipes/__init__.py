"""Recipes that train a model on data that a user gives, one a file, each read from top to bottom."""
