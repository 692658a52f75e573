"""What a graph that takes the raw table is fed, and what its labels stand for."""

import numpy as np
import torch
from torch import Tensor

from sk2torch.base.columns import Column
from sk2torch.base.encoding import InputEncoding

MISSING = ""


def words_of(column: Column) -> list[str]:
    """The words of a column of text by code; None, where it is a category, as the graph has it."""
    return [MISSING if word is None else word for word in column.vocabulary]


def table_feeds(x: Tensor, encoding: InputEncoding, names: list[str]) -> dict[str, np.ndarray]:
    """The inputs of a graph for rows that are encoded: words for codes."""
    feeds = {}
    for j, (name, column) in enumerate(zip(names, encoding.columns or (), strict=True)):
        cells = x[:, j : j + 1].numpy()
        feeds[name] = _words(cells, column) if column.is_text else cells
    return feeds


def _words(codes: np.ndarray, column: Column) -> np.ndarray:
    known = words_of(column)
    strange = "?"
    while strange in known:
        strange += "?"
    # The last two by negative positions: unknown, and missing.
    words = np.array([*known, MISSING, strange], dtype=object)
    return words[np.where(np.isnan(codes), -2.0, codes).astype(np.int64)]


def label_indices(labels: np.ndarray, classes: np.ndarray) -> Tensor:
    """The positions of labels among the classes, int64."""
    order = np.argsort(classes.astype(str))
    return torch.from_numpy(order[np.searchsorted(classes.astype(str)[order], labels.astype(str))])
