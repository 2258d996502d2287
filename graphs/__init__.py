"""The scene knowledge graph: types, fold, relations, rules, questions; files are `formats`, the database `store`."""
