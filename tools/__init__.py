"""The vision tools, the model catalog and the image workspace; planning does not live here."""
