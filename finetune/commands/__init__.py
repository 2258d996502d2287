"""The verbs `label` and `improve`."""
