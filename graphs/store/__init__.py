"""A collection of scene graphs in one database, and openCypher over it; files are `graphs.formats`'s."""
