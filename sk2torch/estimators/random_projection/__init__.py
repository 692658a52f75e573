"""Converters of sklearn.random_projection."""
