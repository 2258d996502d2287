"""The verbs `export`, `gate`, `improve`, `label` and `sweep`."""
