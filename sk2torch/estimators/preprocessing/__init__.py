"""Converters for sklearn.preprocessing."""
