"""Structure and tensors in one safetensors file, with a checksum over both."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sk2torch.base import ArtifactError
from sk2torch.persistence.building import Declared

ENTRY = "sk2torch.json"
_ALGORITHM = "sha256"
# As safetensors calls them.
_DTYPES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}


def _digest(text: str, names: list[str], tensor: Callable[[str], Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(names):
        digest.update(name.encode())
        digest.update(memoryview(tensor(name).contiguous().flatten().view(torch.uint8).numpy()))
    return f"{_ALGORITHM}:{digest.hexdigest()}"


def write(path: Path, text: str, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file.

    Args:
        path: where to.
        text: what the file says about itself.
        tensors: contiguous, on the CPU.
    """
    checksum = _digest(text, list(tensors), tensors.__getitem__)
    # The library makes files that only their owner may read; ours are as any other file.
    path.touch()
    mode = path.stat().st_mode
    # One entry: the library writes several in any order, and a model is to give the same file each time.
    save_file(tensors, path, metadata={ENTRY: f"{checksum} {text}"})
    path.chmod(mode)


class Reader:
    """An open safetensors file, of which nothing has been believed yet.

    Raises:
        ArtifactError: it is none, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.file = safe_open(str(path), framework="pt")
            self.names = list(self.file.keys())
            entries = self.file.metadata() or {}
        except (SafetensorError, ValueError, RuntimeError) as error:
            raise ArtifactError(f"{str(path)!r} is no safetensors file, or is damaged: {str(error)[:200]}") from error
        self.checksum, _, self.text = entries.get(ENTRY, "").partition(" ")

    def check(self, declared: dict[str, Declared]) -> None:
        """Compare what the file holds with what its structure names, then with its checksum.

        Raises:
            ArtifactError: tensors are missing, left over, of another shape or dtype, or changed.
        """
        missing, left_over = sorted(set(declared) - set(self.names)), sorted(set(self.names) - set(declared))
        if missing or left_over:
            raise ArtifactError(
                f"{str(self.path)!r} is damaged: it lacks the tensors {missing[:5]} and has {left_over[:5]} too many."
            )
        for name, expected in declared.items():
            found = self.file.get_slice(name)
            dtype, shape = found.get_dtype(), tuple(found.get_shape())
            if dtype != _DTYPES.get(expected.dtype) or shape != expected.shape:
                raise ArtifactError(
                    f"{str(self.path)!r} is damaged: the tensor {name!r} is {dtype} of shape {shape}, not "
                    f"{expected.dtype} of shape {expected.shape}."
                )
        if _digest(self.text, self.names, self.tensor) != self.checksum:
            raise ArtifactError(f"{str(self.path)!r} is damaged: its content does not have the checksum that it names.")

    def tensor(self, name: str) -> Tensor:
        """A tensor in memory of its own."""
        return self.file.get_tensor(name).clone()

    def close(self) -> None:
        """Let go of the file."""
        self.file.__exit__(None, None, None)
