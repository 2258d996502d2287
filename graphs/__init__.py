"""The scene knowledge graph: types, fold, relations, query; no models and no input or output live here."""
