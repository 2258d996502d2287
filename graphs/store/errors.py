"""The error of the store; it is the same for the collection and for queries."""

from __future__ import annotations


class StoreError(ValueError):
    """What the person can put right: one line that says what is wrong with the database, a name or a query."""
