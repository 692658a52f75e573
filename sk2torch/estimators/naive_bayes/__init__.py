"""Converters for sklearn.naive_bayes."""
