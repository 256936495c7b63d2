"""Keeps OAuth grants good for ever. `evergrant.machine` has the machine alone."""
