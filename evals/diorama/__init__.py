"""The diorama world: scenes composed from OpenMoji pictures, whose every box, mask, colour and relation is known."""
