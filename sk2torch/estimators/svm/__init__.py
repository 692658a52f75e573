"""Converters for sklearn.svm."""
