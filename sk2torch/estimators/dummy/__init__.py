"""Converters for sklearn.dummy."""
