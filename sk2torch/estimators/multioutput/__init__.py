"""Converters for sklearn.multioutput."""
