"""Converters for sklearn.neural_network."""
