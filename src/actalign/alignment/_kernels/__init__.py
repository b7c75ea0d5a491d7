"""Compiled loops of the alignment (numba); imported when first used, because numba loads slowly."""
