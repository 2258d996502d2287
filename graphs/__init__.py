"""The scene knowledge graph: types, fold, relations, rules, questions; its files are `formats`, its database `store`."""
