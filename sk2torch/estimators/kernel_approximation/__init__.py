"""Converters for sklearn.kernel_approximation."""
