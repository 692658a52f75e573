"""Converters of sklearn.feature_selection."""
