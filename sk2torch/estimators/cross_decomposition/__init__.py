"""Partial least squares and canonical correlation."""
