"""Counting the words of documents by compiled code."""

import ctypes
from collections.abc import Sequence

import numpy as np
import torch

from sk2torch.native import kernel

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_INDEX = (_POINTER, _POINTER, _INT64, _POINTER, _POINTER, _INT64)
_COUNT = (_POINTER, _POINTER, _INT64, _INT, _POINTER, _POINTER, _POINTER, _INT64, _POINTER, _POINTER, _POINTER, _INT)
# A second thread costs about as much as so many letters.
_THREAD_WORK = 2**15


class WordIndex:
    """Where to find words of ``[A-Za-z0-9_]``, and of any characters beyond ASCII, among terms.

    Args:
        terms: the vocabulary.
        is_left_out: terms that are not to be found.
    """

    def __init__(self, terms: Sequence[str], is_left_out: Sequence[bool]) -> None:
        self.letters, self.ends = _joined(terms)
        self.mask = 2 ** (2 * len(terms) + 1).bit_length() - 1
        self.slots = np.full(self.mask + 1, -1, dtype=np.int32)
        left_out = np.array(is_left_out, dtype=np.uint8)
        function = kernel("index_terms", *_INDEX)
        # What was made without the library finds nothing with it.
        self.is_filled = function is not None
        if function is not None:
            ends, out, slots = self.ends.ctypes.data, left_out.ctypes.data, self.slots.ctypes.data
            function(self.letters, ends, len(terms), out, slots, self.mask)

    def counts(self, texts: Sequence[str], lowers: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Starts of rows and columns, int64, and how often each occurs, float64; None without the library.

        Args:
            texts: documents; words have two characters or more.
            lowers: whether capitals of ASCII count as small letters.
        """
        function = kernel("count_terms", *_COUNT)
        if function is None or not self.is_filled:
            return None
        (joined, ends), n = _joined(texts), len(texts)
        starts = np.empty(n + 1, dtype=np.int64)
        columns, counts = (np.empty(len(joined) // 3 + 2 * n + 1, dtype) for dtype in (np.int64, np.float64))
        threads = min(torch.get_num_threads(), 1 + len(joined) // _THREAD_WORK)
        vocabulary = (self.letters, self.ends.ctypes.data, self.slots.ctypes.data, self.mask)
        results = (starts.ctypes.data, columns.ctypes.data, counts.ctypes.data)
        function(joined, ends.ctypes.data, n, int(lowers), *vocabulary, *results, threads)
        return starts, columns[: starts[-1]], counts[: starts[-1]]


def _joined(texts: Sequence[str]) -> tuple[bytes, np.ndarray]:
    """All of them in UTF-8, and where each ends, int64."""
    together = "".join(texts)
    parts = texts if together.isascii() else [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(texts))
    return together.encode("utf-8", "surrogatepass"), np.cumsum(lengths)
