"""Converters of sklearn.manifold."""
