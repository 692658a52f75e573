"""Converters for sklearn.impute."""
