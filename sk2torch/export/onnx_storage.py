"""An ONNX graph in a file. Beyond what protobuf holds, its numbers are in a second file beside it.

The second file is named after its content: a graph that is replaced keeps its own numbers until it is gone.
"""

import hashlib
import importlib
from pathlib import Path
from typing import Any

from sk2torch.base import ArtifactError
from sk2torch.export import metadata

# protobuf ends at 2 GiB; what is left is for the graph itself.
INLINE_BYTES = 3 * 2**29
# Smaller tensors stay in the graph: sizes and axes, which checkers want to see.
_SMALL_BYTES = 1024


def save(program: Any, path: Path, described: dict[str, Any]) -> None:
    """Write an ``onnx_ir`` model with its metadata; the numbers go beside it where they are too many.

    Raises:
        ArtifactError: too many numbers in attributes of operators, which no second file can hold.
    """
    ir: Any = importlib.import_module("onnx_ir")
    if _attribute_bytes(ir, program) > INLINE_BYTES:
        raise ArtifactError(
            "the trees are too large for one ONNX operator; export with trees='standard', or to .pt2 or .safetensors."
        )
    values = [value for graph in program.graphs() for value in graph.initializers.values()]
    if sum(value.const_value.nbytes for value in values if value.const_value is not None) > INLINE_BYTES:
        described = {**described, "data": _put_beside(ir, program, values, path)}
    program.metadata_props[metadata.ENTRY] = metadata.dumps(described)
    ir.save(program, str(path))


def require_data(path: Path, described: dict[str, Any]) -> None:
    """Check the second file of a graph that has one.

    Raises:
        ArtifactError: it is not there, or is not the one that was written.
    """
    about = described.get("data")
    if about is None:
        return
    name = about["file"]
    data = path.parent / name
    if Path(name).name != name:
        raise ArtifactError(f"{str(path)!r} is damaged: its numbers are said to be in {name!r}.")
    if not data.is_file():
        raise ArtifactError(
            f"{str(path)!r} has its numbers in the file {name!r}, which is not beside it; keep the two together, "
            "and the second under its name."
        )
    if data.stat().st_size != about["n_bytes"] or _digest(data) != about["sha256"]:
        raise ArtifactError(
            f"{str(data)!r} is damaged: it does not hold the numbers that {path.name!r} was written with."
        )


def _attribute_bytes(ir: Any, program: Any) -> int:
    nodes = ir.traversal.RecursiveGraphIterator(program.graph)
    return sum(_size(ir, attribute) for node in nodes for attribute in node.attributes.values())


def _size(ir: Any, attribute: Any) -> int:
    if attribute.type == ir.AttributeType.TENSOR:
        return attribute.as_tensor().nbytes
    # protobuf writes seven bits of a number to a byte: four bytes are nodes' numbers up to 268 millions.
    return 4 * len(attribute.as_ints()) if attribute.type == ir.AttributeType.INTS else 0


def _put_beside(ir: Any, program: Any, values: list[Any], path: Path) -> dict[str, Any]:
    """Move large initializers to a file beside ``path``; what the metadata say of it."""
    unnamed = f"{path.name}.data"
    ir.external_data.unload_from_model(program, path.parent, unnamed, size_threshold_bytes=_SMALL_BYTES)
    digest = _digest(path.parent / unnamed)
    data = (path.parent / unnamed).rename(path.with_name(f"{path.name}.{digest[:12]}.data"))
    for value in values:
        moved = value.const_value
        if isinstance(moved, ir.ExternalTensor):
            value.const_value = ir.ExternalTensor(
                data.name,
                moved.offset,
                moved.length,
                moved.dtype,
                shape=moved.shape,
                name=moved.name,
                base_dir=path.parent,
            )
    return {"file": data.name, "n_bytes": data.stat().st_size, "sha256": digest}


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
