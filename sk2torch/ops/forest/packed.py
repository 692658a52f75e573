"""The packed layout of trees that the C kernels read (``native/forest.h``), and which forest has which."""

import ctypes
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sk2torch.native import kernel
from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.checking import check_trees
from sk2torch.ops.forest.ranks import PackedRanks, RankedColumns
from sk2torch.ops.memo import Memo

# As in forest.h.
_SCAN_LEAVES = 128
_TOP_EXITS = 64
_TABLE_WORDS = 9
_LANES = 8

_POINTER, _LONG, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_ROWS = (_POINTER, _POINTER, _INT, _LONG)
_LEAVES = (*_ROWS, _POINTER, _INT)
_SUMS = "qqqqqqqqqqqdqq"

_POINTERS = (
    "nodes",
    "scan",
    "tree_start",
    "depth",
    "sure_depth",
    "scan_start",
    "leaf_id",
    "leaf_start",
    "n_leaves",
    "n_exits",
    "tables",
    "code_feature",
)


class _Structure(ctypes.Structure):
    """``forest`` of forest.h."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("n_inputs", "n_trees", "n_features", "n_columns", "n_codes")),
        *((name, ctypes.c_int32) for name in ("is_double", "rounds", "has_copies", "column_bits", "can_scan")),
        *((name, ctypes.c_void_p) for name in (*_POINTERS, "ranks")),
    ]


class _Kernels(NamedTuple):
    pack: Callable[..., None]
    leaves: Callable[..., int]
    sums: Callable[..., int]


def _kernels() -> _Kernels | None:
    pack = kernel("forest_pack", *[_POINTER] * 10)
    leaves, sums = kernel("forest_leaves", *_LEAVES, returns=_INT), kernel("forest_sums", _SUMS, returns=_INT)
    if pack is None or leaves is None or sums is None:
        return None
    return _Kernels(pack, leaves, sums)


class PackedForest:
    """The arrays of one forest and the structure that points to them (see ``pack``), with the kernels that read it."""

    def __init__(
        self,
        arrays: dict[str, np.ndarray],
        settings: dict[str, int],
        n_nodes: int,
        ranks: PackedRanks | None,
        kernels: _Kernels,
    ) -> None:
        self.arrays = arrays
        self.ranks = ranks
        # Before packing: values have a row for each.
        self.n_nodes = n_nodes
        self.structure = _Structure(**settings, **{name: array.ctypes.data for name, array in arrays.items()})
        self.structure.ranks = None if ranks is None else ranks.address
        self.address = ctypes.addressof(self.structure)
        self.leaves, self.sums = kernels.leaves, kernels.sums


def pack(n_features: int, trees: TreeArrays, ranked: RankedColumns | None = None) -> PackedForest | None:
    """The trees in the packed layout; None where it has no room or there is no library.

    Args:
        n_features: columns that the trees look at.
        trees: of every node.
        ranked: what the columns are, if they are ranks: int32, as the thresholds.

    Raises:
        ValueError: see ``check_trees``.
    """
    feature, threshold, children, category_row, category_left, roots = trees
    kernels = _kernels()
    if kernels is None or feature.shape[0] >= 2**31 or n_features >= 2**26:
        return None
    check_trees(n_features, trees)
    code_column, code_feature = _code_columns(n_features, trees, ranked)
    n_columns = n_features + code_feature.size
    sizes = np.diff(np.append(roots.numpy(), feature.shape[0]))
    ranks = None if ranked is None else PackedRanks(ranked)
    form = _node_form(n_columns, int(sizes.max()), threshold.dtype, ranks)
    if form["is_double"] and ranked is None:
        threshold = threshold.double()
    settings = {
        "n_inputs": n_features if ranked is None else ranked.n_inputs,
        "n_trees": roots.shape[0],
        "n_features": n_features,
        "n_columns": n_columns,
        "n_codes": code_feature.size,
        "has_copies": int(feature.max() >= n_features),
        **form,
    }
    arrays = _empty_arrays(sizes, bool(form["can_scan"]), bool(form["is_double"]), ranked is not None)
    arrays["tables"] = _bit_tables(category_left)
    arrays["code_feature"] = code_feature
    packed = PackedForest(arrays, settings, feature.shape[0], ranks, kernels)
    scratch = [np.empty(int(sizes.max()), dtype=dtype) for dtype in (np.int64, np.uint32, np.int32)]
    sources = [tensor.contiguous() for tensor in (feature, threshold, children, roots)]
    rows = category_row.contiguous() if category_row.shape[0] > 0 else None
    kernels.pack(
        packed.address,
        *(tensor.data_ptr() for tensor in sources),
        None if rows is None else rows.data_ptr(),
        code_column.ctypes.data,
        *(array.ctypes.data for array in scratch),
    )
    return packed


def _code_columns(n_features: int, trees: TreeArrays, ranked: RankedColumns | None) -> tuple[np.ndarray, np.ndarray]:
    """The column of codes of each feature, -1 where it has none, and the input's column of each column of codes."""
    code_column = np.full(n_features, -1, dtype=np.int32)
    if trees.category_row.shape[0] == 0:
        return code_column, np.zeros(0, dtype=np.int32)
    split = np.unique((trees.feature[trees.category_row > 0] % n_features).numpy())
    code_column[split] = np.arange(split.size)
    code_feature = split if ranked is None else ranked.categorical.numpy()[split - ranked.columns.shape[0]]
    return code_column, code_feature.astype(np.int32)


def _node_form(n_columns: int, largest: int, dtype: torch.dtype, ranks: PackedRanks | None) -> dict[str, int]:
    """The settings of nodes; ``largest`` is the size of a tree, ``dtype`` that of thresholds."""
    # One more column, of zeros, and one more bit, for nodes where NaN goes left.
    column_bits = int((n_columns + 1) * _LANES - 1).bit_length() + 1
    rounds = dtype != torch.float64
    # Where a node's word has no room, rounded values compare the same as doubles.
    has_room = (largest - 1).bit_length() + column_bits <= 32
    return {
        "is_double": int(not (rounds and has_room)),
        "rounds": int(rounds),
        "column_bits": column_bits,
        "can_scan": int(n_columns < 2**15 and (ranks is None or ranks.n_bytes < 4)),
    }


def _empty_arrays(sizes: np.ndarray, can_scan: bool, is_double: bool, is_ranked: bool) -> dict[str, np.ndarray]:
    n_nodes, n_trees = int(sizes.sum()), sizes.size
    leaves = sizes // 2 + 1
    exits = np.where(leaves <= _SCAN_LEAVES, leaves, _TOP_EXITS if is_ranked else 1) if can_scan else leaves * 0 + 1
    scan_bytes = 20 if is_ranked else 16 if is_double else 12
    return {
        "nodes": np.empty(n_nodes * (16 if is_double else 8), dtype=np.uint8),
        "scan": np.empty(int((exits - 1).sum()) * scan_bytes, dtype=np.uint8),
        "tree_start": np.empty(n_trees + 1, dtype=np.int64),
        **{name: np.empty(n_trees, dtype=np.int32) for name in ("depth", "sure_depth")},
        "scan_start": np.empty(n_trees, dtype=np.int64),
        "leaf_id": np.empty(int(exits.sum()), dtype=np.int32),
        "leaf_start": np.empty(n_trees, dtype=np.int64),
        **{name: np.empty(n_trees, dtype=np.int32) for name in ("n_leaves", "n_exits")},
    }


def _bit_tables(category_left: Tensor) -> np.ndarray:
    """Rows of 257 booleans as words of 32 bits."""
    listed = category_left.reshape(-1, 257).numpy()
    bits = np.zeros((listed.shape[0], 32 * _TABLE_WORDS), dtype=bool)
    bits[:, :257] = listed
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint32).reshape(-1)


_packed_forests: Memo[PackedForest | None] = Memo()


def packed_forest(n_features: int, trees: TreeArrays) -> PackedForest | None:
    """``pack`` of these trees, once for as long as they live and nobody writes to them."""
    return _packed_forests.get(trees, n_features, lambda: pack(n_features, trees))


def forget_packed(children: Tensor) -> None:
    """Pack the forest with these children anew when it is evaluated next."""
    _packed_forests.forget_tensor(children)
