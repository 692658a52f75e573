"""Pipeline."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import (
    Column,
    Columns,
    Numbers,
    TorchEstimator,
    followed_columns,
    register,
    step_columns,
    wrap_step,
)
from sk2torch.base.surface import has_method
from sk2torch.ops.row_blocks import in_memory_blocks


@register("sklearn.pipeline.Pipeline")
class TorchPipeline(TorchEstimator):
    """Transformers in sequence, then a final estimator.

    Args:
        n_features_in: width of the first step's input.
        steps: all steps but the last; each has ``transform``.
        final: the last step; this module has the methods that it has.
    """

    routes_columns = True

    def __init__(self, n_features_in: int, steps: list[TorchEstimator], final: TorchEstimator) -> None:
        super().__init__(n_features_in)
        self.steps = nn.ModuleList(steps)
        self.final = final
        self.takes_sparse = [*steps, final][0].takes_sparse
        self.keeps_sparse = all(step.keeps_sparse for step in [*steps, final])
        self.has_free_rows = not any(getattr(module, "couples_rows", False) for module in self.modules())
        self.sparse_output = False
        for step in [*steps, final]:
            self.sparse_output = step.sparse_output or (self.sparse_output and step.keeps_sparse)
        # A step that does nothing, or selects, hands on what it is given.
        working = [step for step in [*steps, final] if not (step.does_nothing or step.keeps_dtype)] or [final]
        self.output_dtype = working[-1].output_dtype
        self.inverse_dtype = working[0].inverse_dtype
        self.refused_methods = final.refused_methods
        if not all(has_method(step, "inverse_transform") for step in [*steps, final]):
            self.refused_methods = (*final.refused_methods, "inverse_transform")

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        steps: list[TorchEstimator] = []
        current: Columns = columns
        is_sparse, follows_input = any(column.is_sparse for column in columns), True
        for _, step in estimator.steps:
            if isinstance(current, Numbers) and not isinstance(step, str | None):
                current = step_columns(step, is_sparse, current)
            child = wrap_step(step, None if isinstance(current, Numbers) else current)
            steps.append(child)
            if follows_input and any(column.refuses_sparse for column in current):
                # A sparse table would reach the step as it is.
                for column in columns:
                    column.refuses_sparse = True
            follows_input &= child.keeps_sparse
            is_sparse = child.sparse_output or (is_sparse and child.keeps_sparse)
            current = child.output_columns(current)
            if isinstance(current, list):
                followed = followed_columns(current, is_sparse)
                current = [new if old.computed else old for old, new in zip(current, followed, strict=True)]
        return cls(steps[0].n_features_in, steps[:-1], steps[-1])

    @torch.jit.unused
    def methods_asked(self, part: str, methods: frozenset[str]) -> frozenset[str]:
        return methods if part == "final" else (methods & {"inverse_transform"}) | {"transform"}

    def output_columns(self, columns: Columns) -> Columns:
        for step in [*self.steps, self.final]:
            columns = step.output_columns(columns)
        return columns

    @property
    def classes_(self) -> Any:
        """The final step's classes."""
        return self.final.classes_

    def transform_steps(self, x: Tensor) -> Tensor:
        """What the final step sees."""
        if torch.jit.is_scripting():
            for step in self.steps:
                x = step.transform(x)
            return x
        else:
            # Attributes of modules are slow to find.
            parts: Any = self._modules
            for step in parts["steps"]:
                x = step.transform(x)
            return x

    @torch.jit.unused
    def in_blocks(self, x: Tensor, method: str) -> Tensor | None:
        """The final step's ``method``, of many rows some at a time; None where all go together."""
        if not self.has_free_rows:
            return None

        def results(rows: Tensor) -> list[Tensor]:
            found: list[Tensor] = []
            for step in self.steps:
                rows = step.transform(rows)
                found.append(rows)
            return [*found, getattr(self.final, method)(rows)]

        return in_memory_blocks(results, x)

    def predict(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = self.in_blocks(x, "predict")
            if result is not None:
                return result
        return self.final.predict(self.transform_steps(x))

    def predict_with_std(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.final.predict_with_std(self.transform_steps(x))

    def predict_with_cov(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.final.predict_with_cov(self.transform_steps(x))

    # No return annotation: one tensor, or a list of one per output, as the final step has it.
    def predict_proba(self, x: Tensor):
        if not torch.jit.is_scripting():
            result = self.in_blocks(x, "predict_proba")
            if result is not None:
                return result
            # Attributes of modules are slow to find.
            parts: Any = self._modules
            return parts["final"].predict_proba(self.transform_steps(x))
        else:
            return self.final.predict_proba(self.transform_steps(x))

    def predict_log_proba(self, x: Tensor):
        if not torch.jit.is_scripting():
            result = self.in_blocks(x, "predict_log_proba")
            if result is not None:
                return result
        return self.final.predict_log_proba(self.transform_steps(x))

    def decision_function(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = self.in_blocks(x, "decision_function")
            if result is not None:
                return result
        return self.final.decision_function(self.transform_steps(x))

    def score_samples(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = self.in_blocks(x, "score_samples")
            if result is not None:
                return result
        return self.final.score_samples(self.transform_steps(x))

    def transform(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            result = self.in_blocks(x, "transform")
            if result is not None:
                return result
        return self.final.transform(self.transform_steps(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = x.to_dense() if x.is_sparse_csr else x
        x = self.final.inverse_transform(x)
        for step in self.steps[::-1]:
            x = step.inverse_transform(x)
        return x
