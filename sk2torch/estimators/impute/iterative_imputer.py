"""IterativeImputer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, wrap_child, write
from sk2torch.blocks.routing import SelectColumns
from sk2torch.estimators.impute.missing import MissingCells, missing_numbers
from sk2torch.ops.loops import graph_loop

# More affine steps than these are a loop in compiled and exported graphs.
_MAX_UNROLLED_STEPS = 16
# Classes of sklearn.linear_model that predict ``x @ coef_ + intercept_``.
_AFFINE = (
    *("ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV"),
    *("Lasso", "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "LinearRegression", "QuantileRegressor"),
    *("OrthogonalMatchingPursuit", "Ridge", "RidgeCV", "SGDRegressor", "TheilSenRegressor"),
)


class AffineSteps(nn.Module):
    """In turn, missing values of the column ``target[k]`` become ``clip(x @ weight[k] + bias[k], low[k], high[k])``.

    Args:
        weight: shape ``(n_steps, n_features)``.
        bias: shape ``(n_steps,)``; as ``target`` (int64), ``low`` and ``high``.
    """

    def __init__(self, weight: Tensor, bias: Tensor, target: Tensor, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.n_steps, n_features = weight.shape
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)
        self.register_buffer("target", target)
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.register_buffer("position", torch.arange(n_features))

    def step(self, k: Tensor, x: Tensor, missing: Tensor) -> Tensor:
        """``x`` after the step ``k``, int64 of shape ``(1,)``."""
        value = x @ self.weight.index_select(0, k).T + self.bias.index_select(0, k)
        value = torch.minimum(torch.maximum(value, self.low.index_select(0, k)), self.high.index_select(0, k))
        return torch.where(missing & (self.position == self.target.index_select(0, k)), value, x)

    def forward(self, x: Tensor, missing: Tensor) -> Tensor:
        """``x`` holds the initial values where it is missing; shape ``(n_samples, n_features)``."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling() and self.n_steps > _MAX_UNROLLED_STEPS:
                return self.loop(x, missing)
        for k in range(self.n_steps):
            x = self.step(torch.full([1], k, dtype=torch.int64, device=x.device), x, missing)
        return x

    @torch.jit.unused
    def loop(self, x: Tensor, missing: Tensor) -> Tensor:
        """``forward`` as a loop of a graph."""
        if torch.compiler.is_exporting():
            # The exporter's loops refuse what requires a gradient.
            x = x.detach()

        def unfinished(k: Tensor, x: Tensor) -> Tensor:
            return k < self.n_steps

        def advance(k: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
            return k + 1, self.step(k.reshape(1), x, missing)

        start = torch.zeros((), dtype=torch.int64, device=x.device)
        return graph_loop(unfinished, advance, (start, x))[1]


class ModelStep(nn.Module):
    """Missing values of one column become ``clip(model(x[:, neighbors]), low, high)``.

    Args:
        model: has ``predict``.
        neighbors: int64, the columns that it reads.
        target: the column.
        low: tensor of no dimensions; as ``high``.
        n_features: width of ``x``.
    """

    is_target: Tensor

    def __init__(
        self, model: TorchEstimator, neighbors: Tensor, target: int, low: Tensor, high: Tensor, n_features: int
    ) -> None:
        super().__init__()
        self.model = model
        self.select = SelectColumns(neighbors)
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.register_buffer("is_target", torch.arange(n_features) == target)

    def forward(self, x: Tensor, missing: Tensor) -> Tensor:
        value = self.model.predict(self.select(x)).to(x.dtype)
        value = torch.minimum(torch.maximum(value, self.low), self.high)
        return torch.where(missing & self.is_target, value.unsqueeze(1), x)


class ModelSteps(nn.Module):
    """``ModelStep`` after ``ModelStep``.

    Args:
        steps: in their order.
    """

    def __init__(self, steps: list[ModelStep]) -> None:
        super().__init__()
        self.steps = nn.ModuleList(steps)

    def forward(self, x: Tensor, missing: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x, missing)
        return x


@register("sklearn.impute.IterativeImputer")
class TorchIterativeImputer(TorchEstimator):
    """Missing values of a column are predicted from the other columns, column after column, in rounds.

    The rounds, the order of the columns and the columns that each model reads are those of the fit. As in
    scikit-learn, an input in which every cell is missing gets the initial imputation only: its rows, put among
    others, would get more. Models that are affine are one table; others are a graph of
    ``n_iter_ * n_features`` models, which may take long to compile.

    Args:
        initial: the imputer that the rounds begin with.
        filled: int64: the columns of its result that stay.
        missing: finds missing cells.
        imputed: int64: the columns of the result, without the indicators.
        is_fixed: boolean, one per column of the result: missing throughout when fitted, and left as
            the initial imputer has it.
        steps: module of ``(x, missing)``; without any where scikit-learn stops at the initial imputation.
        indicated: int64: the columns with an indicator; empty for none.

    Raises:
        UnsupportedParameter: ``sample_posterior=True``, which draws random numbers.
    """

    def __init__(
        self,
        initial: TorchEstimator,
        filled: Tensor,
        missing: MissingCells,
        imputed: Tensor,
        is_fixed: Tensor,
        steps: nn.Module,
        indicated: Tensor,
    ) -> None:
        super().__init__(missing.markers.shape[1])
        self.initial = initial
        self.filled = SelectColumns(filled)
        self.missing = missing
        self.imputed = SelectColumns(imputed)
        self.register_buffer("is_imputed", is_fixed.logical_not())
        self.steps = steps
        self.indicated = SelectColumns(indicated)
        self.has_indicator = indicated.shape[0] > 0

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        missing = missing_numbers("IterativeImputer", estimator.missing_values, len(columns))
        has_steps = estimator.n_iter_ > 0
        if has_steps and estimator.sample_posterior:
            raise UnsupportedParameter(
                "IterativeImputer: sample_posterior=True draws random numbers in transform; refit with "
                "sample_posterior=False."
            )
        initial = wrap_child(estimator.initial_imputer_, columns)
        empty = np.asarray(estimator._is_empty_feature, dtype=bool)
        imputed = np.arange(len(empty)) if estimator.keep_empty_features else np.flatnonzero(~empty)
        indicated = estimator.indicator_.features_ if estimator.add_indicator else []
        module = cls(
            initial,
            # Up to version 1.7 the strategy "constant" keeps empty columns that the rounds leave out.
            torch.isin(initial.kept.index, read.integers(imputed)).nonzero()[:, 0],
            missing,
            read.integers(imputed),
            torch.from_numpy(empty[imputed]),
            _read_steps(estimator, len(imputed)) if has_steps else ModelSteps([]),
            read.integers(indicated),
        )
        # Whether a row without any value is alone.
        module.couples_rows = has_steps
        return module

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if not isinstance(self.steps, AffineSteps):
            return
        for k, step in enumerate(estimator.imputation_sequence_):
            coef = write.array(self.steps.weight[k])[step.neighbor_feat_idx]
            write.attribute(step.estimator, "coef_", coef)
            write.attribute(step.estimator, "intercept_", self.steps.bias[k])

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        missing = self.missing(x)
        result = self.filled(self.initial.transform(x))
        to_impute = self.imputed(missing) & self.is_imputed
        result = torch.where(to_impute.all(), result, self.steps(result, to_impute))
        if self.has_indicator:
            result = torch.cat([result, self.indicated(missing).to(x.dtype)], dim=1)
        return result


def _read_steps(estimator: Any, n_features: int) -> nn.Module:
    sequence = estimator.imputation_sequence_
    target = [int(step.feat_idx) for step in sequence]
    low, high = (read.vector(limit)[target] for limit in (estimator._min_value, estimator._max_value))
    if all(_is_affine(step.estimator) for step in sequence):
        weight = np.zeros((len(sequence), n_features))
        for k, step in enumerate(sequence):
            weight[k, step.neighbor_feat_idx] = read.array(step.estimator.coef_)
        bias = [float(read.vector(step.estimator.intercept_)) for step in sequence]
        return AffineSteps(read.matrix(weight), read.vector(bias), read.integers(target), low, high)
    steps: list[ModelStep] = []
    for k, step in enumerate(sequence):
        neighbors = read.integers(step.neighbor_feat_idx)
        steps.append(ModelStep(wrap_child(step.estimator), neighbors, target[k], low[k], high[k], n_features))
    return ModelSteps(steps)


def _is_affine(estimator: Any) -> bool:
    cls = type(estimator)
    is_listed = cls.__module__.startswith("sklearn.linear_model.") and cls.__name__ in _AFFINE
    return is_listed and np.ndim(estimator.coef_) == 1
