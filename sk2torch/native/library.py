"""The shared library of kernels: found, loaded once, and the variant of each kernel for this processor."""

import ctypes
import functools
import os
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from sk2torch.native.digest import digest

# Beside this file; written by hatch_build.py.
LIBRARY_NAME = "_kernels.so"

# Kernels are compiled once for each; in the order of preference.
INSTRUCTION_SETS = {"avx512": 5, "avx2": 2, "portable": 0}


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library, or None where it was not compiled from these sources, cannot be loaded, or ``SK2TORCH_NATIVE=0``."""
    if os.environ.get("SK2TORCH_NATIVE", "1") == "0":
        return None
    path = Path(__file__).with_name(LIBRARY_NAME)
    try:
        loaded = ctypes.CDLL(str(path))
        loaded.sk2torch_sources.restype = ctypes.c_char_p
    except (OSError, AttributeError):
        return None
    # Functions of other sources may take other arguments.
    if loaded.sk2torch_sources().decode() != digest(path.parent):
        return None
    _share_threads(loaded)
    return loaded


@functools.cache
def kernel(name: str, *argument_types: Any, returns: Any = None) -> Callable[..., Any] | None:
    """A function of the library in its fastest variant that this processor runs; None where there is none.

    ``SK2TORCH_ISA`` (``portable``, ``avx2``, ``avx512``) chooses an instruction set no later than that.

    Args:
        name: as in ``KERNEL(name)``.
        argument_types: of ctypes. Or one string for ``PACKED(name)``, which takes the same arguments in a third of the
            time: a letter for each, ``q`` for integers and addresses (0 for none) and ``d`` for real numbers.
        returns: the type of ctypes that the function returns; None for nothing.
    """
    found = library()
    if found is None:
        return None
    if argument_types and isinstance(argument_types[0], str):
        return _packed(kernel(f"{name}_packed", ctypes.c_char_p, returns=returns), argument_types[0])
    for suffix in _usable(found):
        function = getattr(found, f"{name}_{suffix}", None)
        if function is not None:
            function.argtypes = argument_types
            function.restype = returns
            return function
    return None


def _packed(function: Callable[..., Any] | None, layout: str) -> Callable[..., Any] | None:
    if function is None:
        return None
    pack = struct.Struct(layout).pack
    return lambda *arguments: function(pack(*arguments))


def warn_if_missing() -> None:
    """Say once, where the library is missing though it was not turned off, that slower code answers."""
    if library() is None and os.environ.get("SK2TORCH_NATIVE", "1") != "0":
        _warn()


@functools.cache
def _warn() -> None:
    warnings.warn(
        "sk2torch has no compiled kernels of this version here and answers with slower torch code; install a wheel "
        "that has them, or a C compiler and then sk2torch again. SK2TORCH_NATIVE=0 keeps the torch code, quietly.",
        RuntimeWarning,
        stacklevel=3,
    )


def _usable(found: ctypes.CDLL) -> list[str]:
    limit = found.sk2torch_isa()
    chosen = os.environ.get("SK2TORCH_ISA")
    if chosen is not None:
        limit = min(limit, INSTRUCTION_SETS[chosen])
    return [name for name, level in INSTRUCTION_SETS.items() if level <= limit]


def _share_threads(loaded: ctypes.CDLL) -> None:
    """Let loops run on the threads of torch's OpenMP runtime, instead of others that compete with them."""
    try:
        # The lookup follows the dependencies of the library, so it finds the runtime that torch itself uses.
        torch_cpu = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"))
        region = ctypes.cast(torch_cpu.GOMP_parallel, ctypes.c_void_p)
    except (OSError, AttributeError):
        return
    loaded.sk2torch_use_openmp.argtypes = (ctypes.c_void_p,)
    loaded.sk2torch_use_openmp.restype = None
    loaded.sk2torch_use_openmp(region)
