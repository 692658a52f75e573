"""Converters for sklearn.tree."""
