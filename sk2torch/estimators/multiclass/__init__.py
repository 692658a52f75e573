"""Converters for sklearn.multiclass."""
