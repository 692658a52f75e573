"""Converters for sklearn.kernel_ridge."""
