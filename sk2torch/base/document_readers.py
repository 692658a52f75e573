"""The readers of documents: terms of a vocabulary, hashed terms, values of a dictionary's names."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Number
from typing import Any

import numpy as np

from sk2torch.base.cells import FIRST_INEXACT, from_json, plain, to_json
from sk2torch.base.documents import Documents, Rows, added_up, gathered
from sk2torch.base.errors import InputError, UnsupportedParameter
from sk2torch.base.murmurhash import murmurhash3
from sk2torch.base.text import TextAnalysis
from sk2torch.ops.terms import WordIndex


@dataclass(frozen=True)
class TermCounts(Documents):
    """How often each term of a vocabulary occurs.

    Args:
        analysis: from a document to terms.
        terms: the vocabulary, by column.
        binary: 1 for a term that occurs at all.
    """

    analysis: TextAnalysis
    terms: tuple[Any, ...]
    binary: bool
    index: dict[Any, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {term: k for k, term in enumerate(self.terms)})

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "words"}

    @functools.cached_property
    def words(self) -> WordIndex | None:
        """The terms as words; None where they are anything else."""
        if not self.analysis.finds_words or not all(type(term) is str for term in self.terms):
            return None
        stop_words = self.analysis.stop_words or frozenset()
        return WordIndex(self.terms, [term in stop_words or self.index[term] != k for k, term in enumerate(self.terms)])

    def rows(self, documents: Iterable[Any]) -> Rows:
        listed = documents.tolist() if getattr(documents, "ndim", 0) == 1 else documents
        found = self._counted_words(listed) if isinstance(listed, list) else None
        starts, columns, values = found or self._counted_terms(documents)
        return Rows(starts, columns, values.astype(np.intc).astype(self.dtype).astype(np.float64))

    def _counted_words(self, documents: list[Any]) -> Rows | None:
        """Counts by compiled code; None for other terms than words, and for other documents than strings."""
        if self.words is None or not set(map(type, documents)) <= {str}:
            return None
        lowers = self.analysis.lowercase
        if not all(map(str.isascii, documents)):
            analyze = self.analysis.analyzer_function()
            # Words beyond ASCII are found and lowered here, once and for all.
            lower = str.lower if lowers else str
            documents = [lower(d) if d.isascii() else " ".join(analyze(d)) for d in documents]
            lowers = False
        found = self.words.counts(documents, lowers)
        if found is None:
            return None
        starts, columns, values = found
        return Rows(starts, columns, np.ones_like(values) if self.binary else values)

    def _counted_terms(self, documents: Iterable[Any]) -> Rows:
        analyze, find = self.analysis.analyzer_function(), self.index.get

        def counts(document: Any) -> tuple[list[int], list[int]]:
            found: dict[int, int] = {}
            for term in analyze(document):
                column = find(term)
                if column is not None:
                    found[column] = found.get(column, 0) + 1
            columns = sorted(found)
            return columns, [1] * len(columns) if self.binary else [found[column] for column in columns]

        return gathered(documents, counts)

    def inverse(self, matrix: Rows) -> list[Any]:
        terms, present = np.array(self.terms), matrix.values != 0
        bounds = zip(matrix.starts[:-1], matrix.starts[1:], strict=True)
        return [terms[matrix.columns[low:high][present[low:high]]] for low, high in bounds]

    def to_dict(self) -> dict[str, Any]:
        strange = next((term for term in self.terms if not isinstance(term, str)), None)
        if strange is not None:
            raise UnsupportedParameter(f"cannot store the term {strange!r} of a vocabulary in an artifact.")
        terms = [str(term) for term in self.terms]
        settings = {"dtype": self.dtype, "binary": self.binary, "terms": terms}
        return {"kind": "terms", **settings, "analysis": self.analysis.to_dict()}


@dataclass(frozen=True)
class HashedTerms(Documents):
    """Counts of terms, added up with their signs in the columns that hashes of the terms tell.

    Args:
        analysis: from a document to terms; None for documents that are lists of terms.
        alternate_sign: half of the terms count negatively.
        binary: 1 for a column that any term falls into, even if their sum is zero.
        pairs: documents are dictionaries, or lists of pairs, of a name and its value.
    """

    analysis: TextAnalysis | None
    alternate_sign: bool
    binary: bool
    pairs: bool

    def rows(self, documents: Iterable[Any]) -> Rows:
        analyze = self.analysis.analyzer_function() if self.analysis is not None else None
        codes: dict[bytes, int] = {}

        def entries(document: Any) -> tuple[list[int], list[float]]:
            found: list[int] = []
            values: list[float] = []
            for name, value in self._named(document if analyze is None else analyze(document)):
                if value != 0:
                    found.append(codes.setdefault(name, len(codes)))
                    values.append(value)
            return found, values

        starts, names, values = gathered(documents, entries)
        hashes = murmurhash3(list(codes)).astype(np.int64)[names]
        if self.alternate_sign:
            values = np.where(hashes < 0, -values, values)
        rows = added_up(Rows(starts, np.abs(hashes) % self.width, values.astype(self.dtype)), self.width)
        return rows._replace(values=np.ones(len(rows.values))) if self.binary else rows

    def _named(self, document: Any) -> Iterator[tuple[bytes, float]]:
        if isinstance(document, str):
            raise InputError("expected documents that are lists of strings or dictionaries, got a string.")
        items = document.items() if isinstance(document, Mapping) and self.pairs else document
        for item in items:
            name, value = item if self.pairs else (item, 1)
            if isinstance(value, str):
                # Not an f-string: the two differ for enumerations.
                name, value = "%s=%s" % (name, value), 1  # noqa: UP031
            number = float(value)
            if number == 0:
                continue
            if not isinstance(name, str | bytes):
                raise InputError(f"expected names that are strings, got {name!r} of type {type(name).__name__}.")
            yield (name.encode() if isinstance(name, str) else name), number

    def to_dict(self) -> dict[str, Any]:
        settings = {"width": self.width, "dtype": self.dtype, "alternate_sign": self.alternate_sign}
        analysis = None if self.analysis is None else self.analysis.to_dict()
        return {"kind": "hashes", **settings, "binary": self.binary, "pairs": self.pairs, "analysis": analysis}


@dataclass(frozen=True)
class NamedValues(Documents):
    """The values of a dictionary's names; strings, and lists of strings, are one-hot.

    Args:
        names: the vocabulary, by column: any objects, or ``name=value``.
        separator: between a name and its string.
    """

    names: tuple[Any, ...]
    separator: str
    index: dict[Any, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {name: k for k, name in enumerate(self.names)})

    def rows(self, documents: Iterable[Any]) -> Rows:
        convert = np.dtype(self.dtype).type
        listed = [documents] if isinstance(documents, Mapping) else documents

        def entries(document: Any) -> tuple[list[int], list[float]]:
            if not isinstance(document, Mapping):
                raise InputError(f"expected dictionaries, got {document!r:.80} of type {type(document).__name__}.")
            found: list[int] = []
            values: list[float] = []
            for name, value in self._named(document):
                column = self.index.get(name)
                if column is not None:
                    found.append(column)
                    values.append(convert(value))
            return found, values

        rows = gathered(listed, entries)
        if np.dtype(self.dtype).kind in "iu" and np.abs(rows.values).max(initial=0) >= FIRST_INEXACT:
            raise InputError("an integer is too large for float64; fit the DictVectorizer with dtype=float.")
        return added_up(rows._replace(values=rows.values.astype(self.dtype)), self.width)

    def _named(self, document: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
        for name, value in document.items():
            if isinstance(value, str):
                yield self._one_hot(name, value), 1
            elif isinstance(value, Number) or value is None:
                yield name, value
            elif isinstance(value, Mapping) or not isinstance(value, Iterable):
                raise InputError(f"expected a number, strings or None for {name!r}, got {type(value).__name__}.")
            else:
                for word in value:
                    if not isinstance(word, str):
                        raise InputError(f"expected strings in the list for {name!r}, got {type(word).__name__}.")
                    yield self._one_hot(name, word), 1

    def _one_hot(self, name: Any, word: str) -> str:
        # Not an f-string: the two differ for enumerations.
        return "%s%s%s" % (name, self.separator, word)  # noqa: UP031

    def inverse(self, matrix: Rows) -> list[Any]:
        result: list[dict[Any, Any]] = []
        for low, high in zip(matrix.starts[:-1], matrix.starts[1:], strict=True):
            pairs = zip(matrix.columns[low:high].tolist(), matrix.values[low:high], strict=True)
            result.append({self.names[column]: value for column, value in pairs if value != 0})
        return result

    def to_dict(self) -> dict[str, Any]:
        names = [to_json(plain(name), None) for name in self.names]
        return {"kind": "names", "dtype": self.dtype, "separator": self.separator, "names": names}


def documents_from_dict(data: dict[str, Any]) -> Documents:
    """The reader that ``to_dict`` describes."""
    if data["kind"] == "names":
        names = tuple(map(from_json, data["names"]))
        return NamedValues(len(names), data["dtype"], names, data["separator"])
    analysis = None if data["analysis"] is None else TextAnalysis.from_dict(data["analysis"])
    if data["kind"] == "hashes":
        return HashedTerms(
            data["width"], data["dtype"], analysis, data["alternate_sign"], data["binary"], data["pairs"]
        )
    if analysis is None:
        raise ValueError("counted terms come of an analysis")
    terms = tuple(data["terms"])
    return TermCounts(len(terms), data["dtype"], analysis, terms, data["binary"])
