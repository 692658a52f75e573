"""Tensor functions with a formula; each one scripts, compiles and exports."""
