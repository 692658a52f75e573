"""Results written in blocks: CSV, Parquet and NPY."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from sk2torch.base import METHODS
from sk2torch.cli.reporting import Mistake
from sk2torch.cli.results import columns_of, parts_of

# Rows of a row group of a Parquet file, at least.
_ROW_GROUP = 2**16


class Sink(ABC):
    """A file that results are added to block by block.

    Args:
        path: the file.
        classes: the model's classes, which probabilities are named after.
    """

    def __init__(self, path: Path, classes: Any) -> None:
        self.path = path
        self.classes = classes

    @abstractmethod
    def add(self, results: dict[str, Any]) -> None:
        """Add the results of some rows, by method."""

    @abstractmethod
    def close(self, complete: bool) -> None:
        """Finish the file, which only counts if it is complete."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, *rest: Any) -> None:
        self.close(kind is None)

    def frame(self, results: dict[str, Any]) -> pd.DataFrame:
        """The results as a table."""
        columns = {
            name: values
            for method, result in results.items()
            for name, values in columns_of(method, result, self.classes)
        }
        return pd.DataFrame(columns)


class CsvSink(Sink):
    """A CSV file with a header; numbers in full precision."""

    def __init__(self, path: Path, classes: Any) -> None:
        super().__init__(path, classes)
        self.file = open(path, "w", newline="", encoding="utf-8")  # noqa: SIM115  (closed by close)
        self.empty = True

    def add(self, results: dict[str, Any]) -> None:
        self.frame(results).to_csv(self.file, header=self.empty, index=False, lineterminator="\n")
        self.empty = False

    def close(self, complete: bool) -> None:
        self.file.close()


class ParquetSink(Sink):
    """A Parquet file, in row groups of many rows however small the blocks are."""

    def __init__(self, path: Path, classes: Any) -> None:
        super().__init__(path, classes)
        self.writer: Any = None
        self.schema: pa.Schema | None = None
        self.waiting: list[pa.Table] = []

    def add(self, results: dict[str, Any]) -> None:
        try:
            table = pa.Table.from_pandas(self.frame(results), schema=self.schema, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise Mistake(f"the results of two blocks differ in type ({error}); write a .csv file.") from error
        if self.schema is None:
            table = table.replace_schema_metadata()
            self.schema = table.schema
            self.writer = pyarrow.parquet.ParquetWriter(self.path, self.schema)
        self.waiting.append(table)
        if sum(map(len, self.waiting)) >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self.waiting:
            self.writer.write_table(pa.concat_tables(self.waiting))
            self.waiting = []

    def close(self, complete: bool) -> None:
        if complete:
            self._flush()
        if self.writer is not None:
            self.writer.close()


class NpySink(Sink):
    """One array in numpy's format: one method's result, rows first."""

    def __init__(self, path: Path, classes: Any) -> None:
        super().__init__(path, classes)
        self.file = open(path, "wb")  # noqa: SIM115  (closed by close)
        self.dtype: np.dtype | None = None
        self.row_shape: tuple[int, ...] = ()
        self.n_rows = 0

    def add(self, results: dict[str, Any]) -> None:
        array = self._array(results)
        if self.dtype is None:
            self.dtype, self.row_shape = array.dtype, array.shape[1:]
            self._header()
        if not np.can_cast(array.dtype, self.dtype, "safe") or array.shape[1:] != self.row_shape:
            raise Mistake(
                f"a block of results is {array.dtype} of {array.shape[1:]}, those before were {self.dtype} of "
                f"{self.row_shape}; write a .csv file."
            )
        array.astype(self.dtype, order="C").tofile(self.file)
        self.n_rows += len(array)

    def _array(self, results: dict[str, Any]) -> np.ndarray:
        if len(results) > 1:
            raise Mistake("a .npy file holds one array: name one --method, or write .csv or .parquet.")
        ((method, result),) = results.items()
        if METHODS[method].results:
            names = " and ".join(METHODS[method].results)
            raise Mistake(f"{method} gives {names}, which are no one array; write .csv or .parquet.")
        parts = [part for _, part in parts_of(method, result)]
        array = parts[0] if len(parts) == 1 else np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
        return self._plain(array) if array.dtype.kind == "O" else array

    def _plain(self, array: np.ndarray) -> np.ndarray:
        """Strings in an array of objects as an array of strings, wide enough for every class."""
        listed = self.classes if isinstance(self.classes, list) else [] if self.classes is None else [self.classes]
        words = [word for labels in listed for word in np.asarray(labels).tolist()]
        if not words or not all(isinstance(word, str) for word in [*words, *array.ravel().tolist()]):
            raise Mistake("the results are of several types, which a .npy file cannot hold; write .csv or .parquet.")
        return array.astype(f"<U{max(1, *map(len, words))}")

    def _header(self) -> None:
        # numpy leaves room for the number of rows to grow.
        described = np.lib.format.dtype_to_descr(self.dtype or np.dtype(float))
        header = {"descr": described, "fortran_order": False, "shape": (self.n_rows, *self.row_shape)}
        np.lib.format.write_array_header_1_0(self.file, header)

    def close(self, complete: bool) -> None:
        if complete and self.dtype is not None:
            self.file.seek(0)
            self._header()
        self.file.close()


SINKS = {".csv": CsvSink, ".parquet": ParquetSink, ".npy": NpySink}


def check_output(path: Path, data: Path) -> None:
    """Refuse what cannot be written, before anything is computed.

    Raises:
        Mistake: an unknown suffix, no such folder, or the data themselves.
    """
    if path.suffix not in SINKS:
        raise Mistake(f"{str(path)!r}: expected an output that ends in {', '.join(SINKS)}.")
    if not path.parent.is_dir():
        raise Mistake(f"the folder {str(path.parent)!r} does not exist; create it first.")
    if path.is_dir():
        raise Mistake(f"{str(path)!r} is a folder; name a file.")
    if path.exists() and data.exists() and path.samefile(data):
        raise Mistake(f"{str(path)!r} is the data; name another output.")
