"""Converters for sklearn.calibration."""
