"""Counting the words of documents by compiled code."""

import ctypes
import itertools
from array import array
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
        self.slots = array("i", [-1]) * (self.mask + 1)
        left_out = np.array(is_left_out, dtype=np.uint8)
        function = kernel("index_terms", *_INDEX)
        # What was made without the library finds nothing with it.
        self.is_filled = function is not None
        if function is not None:
            ends, out = self.ends.buffer_info()[0], left_out.ctypes.data
            function(self.letters, ends, len(terms), out, self.slots.buffer_info()[0], self.mask)

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
        # One array for all three, whose address takes a while to find.
        first, most = n + 1, len(joined) // 3 + 2 * n + 1
        words = np.empty(first + 2 * most, dtype=np.int64)
        start = words.ctypes.data
        threads = min(torch.get_num_threads(), 1 + len(joined) // _THREAD_WORK)
        vocabulary = (self.letters, self.ends.buffer_info()[0], self.slots.buffer_info()[0], self.mask)
        results = (start, start + 8 * first, start + 8 * (first + most))
        function(joined, ends.buffer_info()[0], n, int(lowers), *vocabulary, *results, threads)
        n_found, counts = int(words[n]), words[first + most :].view(np.float64)
        return words[:first], words[first : first + n_found], counts[:n_found]


def _joined(texts: Sequence[str]) -> tuple[bytes, array]:
    """All of them in UTF-8, and where each ends, in words of 64 bits."""
    together = "".join(texts)
    parts = texts if together.isascii() else [text.encode("utf-8", "surrogatepass") for text in texts]
    return together.encode("utf-8", "surrogatepass"), array("q", itertools.accumulate(map(len, parts)))
