"""The verbs that this package gives to the command line, one a file; nothing is imported before it is used."""
