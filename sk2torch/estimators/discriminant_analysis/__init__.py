"""Converters for sklearn.discriminant_analysis."""
