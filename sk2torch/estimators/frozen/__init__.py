"""Converters for sklearn.frozen."""
