"""The metadata of an ONNX file, read from its protobuf encoding without the graph and without a package."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sk2torch.base import ArtifactError

# Fields of ModelProto and StringStringEntryProto, and protobuf's wire types.
_METADATA_PROPS, _KEY, _VALUE = 14, 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# A protobuf varint has ten bytes at most.
_VARINT_BYTES = 10


def metadata_properties(path: Path, max_bytes: int) -> dict[str, str]:
    """The model's ``metadata_props``.

    Raises:
        ArtifactError: the file is no ONNX model, is damaged, or has a property of more than ``max_bytes``.
    """
    try:
        with open(path, "rb") as file:
            end = os.fstat(file.fileno()).st_size
            spans = [(start, size) for field, start, size in _fields(file, 0, end) if field == _METADATA_PROPS]
            return dict(_entry(file, start, size, max_bytes) for start, size in spans)
    except (ValueError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{str(path)!r} is not an ONNX file, or is damaged: {error}") from error


def _entry(file: BinaryIO, start: int, size: int, max_bytes: int) -> tuple[str, str]:
    if size > max_bytes:
        raise ValueError(f"a property claims {size:,} bytes")
    texts = {}
    for field, at, length in list(_fields(file, start, start + size)):
        file.seek(at)
        texts[field] = file.read(length).decode()
    return texts.get(_KEY, ""), texts.get(_VALUE, "")


def _fields(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, position and size of each field that holds bytes; the others are skipped."""
    file.seek(start)
    while file.tell() < end:
        tag = _varint(file)
        field, kind = tag >> 3, tag & 7
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind, 0)
        if kind == _BYTES:
            size = _varint(file)
        elif kind == _VARINT:
            _varint(file)
        elif size == 0:
            raise ValueError(f"a field has the unknown wire type {kind}")
        at = file.tell()
        if field == 0 or at + size > end:
            raise ValueError("a field reaches beyond the end")
        if kind == _BYTES:
            yield field, at, size
        file.seek(at + size)


def _varint(file: BinaryIO) -> int:
    value = 0
    for k in range(_VARINT_BYTES):
        byte = file.read(1)
        if not byte:
            raise ValueError("it ends within a number")
        value |= (byte[0] & 0x7F) << (7 * k)
        if byte[0] < 0x80:
            return value
    raise ValueError("a number has no end")
