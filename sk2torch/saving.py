"""``sk2torch.save`` and ``sk2torch.load``: models as safetensors files that nobody has to trust."""

from os import PathLike
from pathlib import Path

from sk2torch.base import ArtifactError, TorchEstimator
from sk2torch.export import artifact_at, export

SUFFIX = ".safetensors"


def _checked(path: "str | PathLike[str]") -> Path:
    if Path(path).suffix != SUFFIX:
        raise ArtifactError(f"expected a path that ends in {SUFFIX}, got {str(path)!r}.")
    return Path(path)


def save(model: TorchEstimator, path: "str | PathLike[str]") -> Path:
    """Write a model so that ``load`` gives the same module back: to be moved, tuned, compiled and exported later.

    Tensors are stored in the safetensors format, the structure (which of our modules, with which plain values) as JSON
    in its metadata; no code, no pickle. With a checksum, and metadata as in every artifact.

    Args:
        model: a wrapped model, in whatever dtype; tensors are stored from the CPU.
        path: ends in ``.safetensors``; written in full or not at all.

    Returns:
        The path.

    Raises:
        ArtifactError: another suffix, or the model holds what only code can make, such as a user's own function.
    """
    return export(model, _checked(path))


def load(path: "str | PathLike[str]") -> TorchEstimator:
    """The model that ``save`` wrote: the same module, with the same methods and parameters, on the CPU.

    Needs neither scikit-learn nor trust: nothing of the file is executed or unpickled. Its structure, the shapes of its
    tensors and its checksum are checked before anything is built.

    Raises:
        FileNotFoundError: no such file.
        ArtifactError: it is no such file, is damaged, or was written by a newer version.
    """
    source, target = artifact_at(_checked(path))
    return target.read_model(source)
