"""Converters for sklearn.isotonic."""
