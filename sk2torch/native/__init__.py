"""Kernels in C: compiled when a wheel is built or the project installed, called through ctypes."""

from sk2torch.native.library import kernel, warn_if_missing

__all__ = ["kernel", "warn_if_missing"]
