"""The verbs `gate`, `improve` and `label`."""
