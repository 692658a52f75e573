"""sklearn.semi_supervised."""
