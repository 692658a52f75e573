"""Kernels in C: compiled when a wheel is built or the project installed, called through ctypes."""

from sk2torch.native.library import kernel, warn_if_missing
from sk2torch.native.memory import KernelMemoryError, require_shapes, takes_addresses, takes_doubles, takes_numbers

__all__ = [
    "KernelMemoryError",
    "kernel",
    "require_shapes",
    "takes_addresses",
    "takes_doubles",
    "takes_numbers",
    "warn_if_missing",
]
