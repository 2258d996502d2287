"""Public data sets as suites, read from a folder that the person points to; nothing of them is copied or fetched."""
