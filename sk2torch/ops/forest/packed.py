"""The packed layout of trees that the C kernels read (``native/forest.h``), and which forest has which."""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.native import kernel
from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.checking import check_trees
from sk2torch.ops.forest.memo import Memo
from sk2torch.ops.forest.ranks import PackedRanks, RankedColumns

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


class PackedForest:
    """The arrays of one forest and the structure that points to them (see ``pack``), with the kernels that read it."""

    def __init__(
        self, arrays: dict[str, np.ndarray], settings: dict[str, int], n_nodes: int, ranks: PackedRanks | None
    ) -> None:
        self.arrays = arrays
        self.ranks = ranks
        # Before packing: values have a row for each.
        self.n_nodes = n_nodes
        self.structure = _Structure(**settings, **{name: array.ctypes.data for name, array in arrays.items()})
        self.structure.ranks = None if ranks is None else ranks.address
        self.address = ctypes.addressof(self.structure)
        self.leaves = _kernel("forest_leaves", *_LEAVES)
        self.sums = _kernel("forest_sums", _SUMS)


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
    function = kernel("forest_pack", *[ctypes.c_void_p] * 10)
    if function is None or feature.shape[0] >= 2**31 or n_features >= 2**26:
        return None
    check_trees(n_features, trees)
    has_copies = int(feature.max()) >= n_features
    has_categories = category_row.shape[0] > 0
    is_double, rounds = threshold.dtype == torch.float64, threshold.dtype != torch.float64
    code_column, code_feature = np.full(n_features, -1, dtype=np.int32), np.zeros(0, dtype=np.int32)
    if has_categories:
        split = np.unique((feature[category_row > 0] % n_features).numpy())
        code_feature = split.astype(np.int32)
        code_column[split] = np.arange(split.size)
        if ranked is not None:
            code_feature = ranked.categorical.numpy()[split - ranked.columns.shape[0]].astype(np.int32)
    n_columns = n_features + code_feature.size
    sizes = np.diff(np.append(roots.numpy(), feature.shape[0]))
    # One more column, of zeros, and one more bit, for nodes where NaN goes left.
    column_bits = int((n_columns + 1) * _LANES - 1).bit_length() + 1
    if not is_double and (int(sizes.max()) - 1).bit_length() + column_bits > 32:
        # A node's word has no room; as doubles, rounded values compare the same.
        is_double, threshold = True, threshold if ranked is not None else threshold.double()
    ranks = None if ranked is None else PackedRanks(ranked)
    can_scan = n_columns < 2**15 and (ranks is None or ranks.n_bytes < 4)
    settings = {
        "n_inputs": n_features if ranked is None else ranked.n_inputs,
        "n_trees": roots.shape[0],
        "n_features": n_features,
        "n_columns": n_columns,
        "n_codes": code_feature.size,
        "is_double": int(is_double),
        "rounds": int(rounds),
        "has_copies": int(has_copies),
        "column_bits": column_bits,
        "can_scan": int(can_scan),
    }
    arrays = _empty_arrays(sizes, can_scan, is_double, ranked is not None)
    arrays["tables"] = _bit_tables(category_left)
    arrays["code_feature"] = code_feature
    packed = PackedForest(arrays, settings, feature.shape[0], ranks)
    largest = int(sizes.max())
    scratch = [np.empty(largest, dtype=dtype) for dtype in (np.int64, np.uint32, np.int32)]
    sources = [tensor.contiguous() for tensor in (feature, threshold, children, roots)]
    rows = category_row.contiguous() if has_categories else None
    function(
        packed.address,
        *(tensor.data_ptr() for tensor in sources),
        None if rows is None else rows.data_ptr(),
        code_column.ctypes.data,
        *(array.ctypes.data for array in scratch),
    )
    return packed


def _kernel(name: str, *argument_types: Any) -> Callable[..., int]:
    function = kernel(name, *argument_types, returns=_INT)
    assert function is not None
    return function


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
