"""Files of rows, read in blocks: CSV, Parquet and NPY."""

import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from sk2torch.cli.cells import from_arrow, from_text, refuse_numbers
from sk2torch.cli.reporting import Mistake
from sk2torch.cli.schema import Picked

# Bytes of a CSV file that are parsed at a time; a row may not be longer.
_CSV_BYTES = 2**22
_PARQUET_BYTES = 2**20


class Source(ABC):
    """A file of rows.

    Args:
        path: the file.
        names: of its columns; None if it has none.
        width: how many columns it has.
        n_rows: how many rows, if that is known beforehand.
    """

    def __init__(self, path: Path, names: list[str] | None, width: int, n_rows: int | None) -> None:
        self.path = path
        self.names = names
        self.width = width
        self.n_rows = n_rows

    @abstractmethod
    def blocks(self, picked: Picked, size: int) -> Iterator[Any]:
        """Blocks of at most ``size`` rows, and one at least, of the picked columns, as tables that models take."""

    def label(self, position: int) -> str:
        """What a column is called in messages."""
        return self.names[position] if self.names is not None else str(position)


class CsvSource(Source):
    """A CSV file with a header, in UTF-8."""

    def __init__(self, path: Path) -> None:
        try:
            with open(path, newline="", encoding="utf-8-sig") as file:
                names = next((row for row in csv.reader(file) if row), None)
        except (UnicodeDecodeError, csv.Error) as error:
            raise Mistake(f"{str(path)!r} is not a CSV file in UTF-8: {error}") from error
        if names is None:
            raise Mistake(f"{str(path)!r} is empty; a CSV file begins with the names of its columns.")
        super().__init__(path, names, len(names), None)

    def blocks(self, picked: Picked, size: int) -> Iterator[Any]:
        kept = [f"c{k}" for k in picked.positions]
        everything = {f"c{k}": pa.string() for k in range(self.width)}
        try:
            # As text: a column's type must not depend on the block. The header is the first row then.
            reader = pyarrow.csv.open_csv(
                self.path,
                read_options=pyarrow.csv.ReadOptions(column_names=list(everything), block_size=_CSV_BYTES),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=everything, include_columns=kept, strings_can_be_null=False
                ),
            )
            header = 1
            for batch in reader:
                rows = batch.slice(header)
                starts = range(0, max(len(rows), header), size)
                header = 0
                for start in starts:
                    yield self._block(rows.slice(start, size), picked)
        except pa.ArrowInvalid as error:
            raise Mistake(f"{str(self.path)!r} cannot be read: {_first_line(error)}") from error

    def _block(self, batch: pa.RecordBatch, picked: Picked) -> pd.DataFrame:
        names = map(self.label, picked.positions)
        cells = zip(batch.columns, picked.fields, names, strict=True)
        return _frame([from_text(column, field, name) for column, field, name in cells], picked, len(batch))


class ParquetSource(Source):
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                names, n_rows = file.schema_arrow.names, file.metadata.num_rows
        except pa.ArrowException as error:
            raise Mistake(f"{str(path)!r} is not a Parquet file, or is damaged: {_first_line(error)}") from error
        super().__init__(path, names, len(names), n_rows)

    def blocks(self, picked: Picked, size: int) -> Iterator[Any]:
        wanted = [self.label(position) for position in picked.positions]
        try:
            # Buffered: else a column of a row group is in memory as a whole.
            with pyarrow.parquet.ParquetFile(self.path, buffer_size=_PARQUET_BYTES, pre_buffer=False) as file:
                empty = True
                for batch in file.iter_batches(batch_size=size, columns=wanted, use_threads=False):
                    empty = False
                    yield self._block(batch, picked, wanted)
                if empty:
                    nothing = file.schema_arrow.empty_table().select(wanted).to_batches()
                    rows = nothing[0] if nothing else pa.RecordBatch.from_pylist([], file.schema_arrow).select(wanted)
                    yield self._block(rows, picked, wanted)
        except pa.ArrowException as error:
            raise Mistake(f"{str(self.path)!r} cannot be read: {_first_line(error)}") from error

    def _block(self, batch: pa.RecordBatch, picked: Picked, wanted: list[str]) -> pd.DataFrame:
        cells = zip(wanted, picked.fields, strict=True)
        return _frame([from_arrow(batch.column(name), field, name) for name, field in cells], picked, len(batch))


class NpySource(Source):
    """An array in numpy's format: columns without names, by position."""

    def __init__(self, path: Path) -> None:
        array = self._mapped(path)
        if array.ndim not in (1, 2) or array.dtype.names is not None:
            raise Mistake(
                f"{str(path)!r}: expected an array of shape (rows, columns), got {array.shape} of {array.dtype}."
            )
        super().__init__(path, None, 1 if array.ndim == 1 else array.shape[1], len(array))

    @staticmethod
    def _mapped(path: Path) -> np.ndarray:
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise Mistake(
                f"{str(path)!r} cannot be read: {error} Save numbers or strings of one dtype; a table of both as .csv "
                "or .parquet."
            ) from error

    def blocks(self, picked: Picked, size: int) -> Iterator[Any]:
        for start in range(0, max(self.n_rows or 0, 1), size):
            # Mapped anew: pages that were read do not stay.
            rows = self._mapped(self.path)[start : start + size]
            block = np.array(rows.reshape(len(rows), self.width), order="C")
            for position, field in zip(picked.positions, picked.fields, strict=True):
                if field.kind == "string":
                    refuse_numbers(block[:, position], field.name or str(position), str(block.dtype))
            if block.dtype.kind in "US":
                block = block.astype(object)
            yield block if picked.names is None else pd.DataFrame(block, columns=picked.names)


_SOURCES = {".csv": CsvSource, ".parquet": ParquetSource, ".npy": NpySource}


def open_source(path: Path) -> Source:
    """A file of rows, by its suffix; only its head is read.

    Raises:
        Mistake: no such file, another suffix, or a file that cannot be read.
    """
    if path.suffix not in _SOURCES:
        raise Mistake(f"{str(path)!r}: expected data that end in {', '.join(_SOURCES)}.")
    if not path.is_file():
        raise Mistake(f"no file {str(path)!r}.")
    return _SOURCES[path.suffix](path)


def gathered(source: Source, picked: Picked, n_rows: int | None = None, size: int = 65536) -> Any:
    """The first ``n_rows`` rows, or all, as one table."""
    blocks, count = [], 0
    for block in source.blocks(picked, size):
        blocks.append(block if n_rows is None else block[: n_rows - count])
        count += len(blocks[-1])
        if n_rows is not None and count >= n_rows:
            break
    if isinstance(blocks[0], pd.DataFrame):
        full = [block for block in blocks if len(block)] or blocks[:1]
        return pd.concat(full, ignore_index=True)
    return np.concatenate(blocks)


def _frame(columns: list[pd.Series], picked: Picked, n_rows: int) -> pd.DataFrame:
    names: list[Any] = list(range(len(columns))) if picked.names is None else picked.names
    return pd.DataFrame(dict(zip(names, columns, strict=True)), index=pd.RangeIndex(n_rows))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
