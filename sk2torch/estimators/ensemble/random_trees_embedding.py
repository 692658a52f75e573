"""RandomTreesEmbedding."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.base.averaged_trees import write_trees
from sk2torch.blocks.forest import Forest
from sk2torch.blocks.tree_packing import pack_forest, tree_nodes


@register("sklearn.ensemble.RandomTreesEmbedding")
class TorchRandomTreesEmbedding(TorchEstimator):
    """One column per leaf of all trees: 1 for the leaf that the row reaches in its tree, else 0.

    ``apply`` gives the number of the leaf in its tree, shape ``(n_samples, n_trees)``.

    Args:
        n_features_in: width of the input.
        forest: the trees.
        column: int64, shape ``(n_nodes,)``: the column of each leaf.
        n_columns: the number of leaves.
        is_dense: ``transform`` gives a dense table in eager mode and TorchScript, as in graphs.
    """

    column: Tensor

    def __init__(self, n_features_in: int, forest: Forest, column: Tensor, n_columns: int, is_dense: bool) -> None:
        super().__init__(n_features_in)
        self.forest = forest
        self.register_buffer("column", column)
        self.n_columns = n_columns
        self.is_dense = is_dense

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        trees = [tree_nodes(tree.tree_) for tree in estimator.estimators_]
        forest = pack_forest(trees, estimator.n_features_in_, True)
        column = np.zeros(sum(len(tree.feature) for tree in trees), dtype=np.int64)
        n_columns = 0
        for root, leaves in zip(forest.roots.tolist(), estimator.one_hot_encoder_.categories_, strict=True):
            # Every leaf is reached by a row of the fit.
            column[root + np.asarray(leaves, dtype=np.int64)] = n_columns + np.arange(len(leaves))
            n_columns += len(leaves)
        module = cls(estimator.n_features_in_, forest, read.integers(column), n_columns, not estimator.sparse_output)
        module.sparse_output = bool(estimator.sparse_output)
        return module

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write_trees(estimator.estimators_, self.forest)

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse leaves with columns that the result does not have.

        Raises:
            ValueError: there are such.
        """
        if not bool(((self.column >= 0) & (self.column < self.n_columns)).all()):
            raise ValueError(f"the leaves of trees have no places among {self.n_columns} columns.")

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        result = self.forest.one_hot(x, self.column, self.n_columns)
        return result.to_dense() if self.is_dense and result.is_sparse_csr else result

    def apply(self, x: Tensor) -> Tensor:
        return self.forest(self.prepare(x)) - self.forest.roots

    def decision_path(self, x: Tensor) -> Tensor:
        return self.forest.path(self.prepare(x))

    @property
    def node_offsets(self) -> list[int]:
        """See ``Forest.node_offsets``."""
        return self.forest.node_offsets
