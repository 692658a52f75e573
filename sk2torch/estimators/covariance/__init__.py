"""Estimators of covariance."""
