"""The diorama world, suites and metrics; training does not live here."""
