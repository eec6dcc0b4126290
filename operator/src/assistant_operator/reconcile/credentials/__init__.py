"""Secrets: made, renewed and rotated, or brought by users and checked; what a pass came to know of them."""
