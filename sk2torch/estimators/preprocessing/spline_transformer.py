"""SplineTransformer."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.blocks.sorted_columns import SortedColumns
from sk2torch.blocks.spline_pieces import spline_pieces
from sk2torch.estimators.preprocessing.spline_ends import spline_ends
from sk2torch.functional.splines import basis_functions, in_columns
from sk2torch.functional.unknown import refuse_rows
from sk2torch.ops.columns import spline_basis
from sk2torch.ops.row_blocks import in_row_blocks

_REFUSAL = "SplineTransformer: found values beyond the knots; refit with another extrapolation."


@register("sklearn.preprocessing.SplineTransformer")
class TorchSplineTransformer(TorchEstimator):
    """Each feature's B-splines, by the recurrence of de Boor; those of a feature side by side.

    Outside of the knots, they go on as polynomials, as lines, as constants or periodically. For
    ``extrapolation='error'`` values there raise ``ValueError``, and make a row of NaN in compiled and exported graphs;
    so do values above the last knot for degree 0 with ``'constant'``, where scikit-learn fails. Missing values give
    zeros for ``handle_missing='zeros'``, else NaN. For degrees 0 and 1 with ``'linear'``, scikit-learn moves the ends
    of features after the first inwards; so does this.

    Args:
        knots: shape ``(n_features, n_knots + 2 * degree)``.
        degree: of the polynomials.
        extrapolation: scikit-learn's name of it.
        ends: shape ``(2, n_features)``, where extrapolation begins.
        outside: shape ``(2, 2, n_features, n_splines)``: for either end, value and slope of each spline outside.
        is_given: boolean, shape ``(3, n_features, n_splines)``: for either end, which splines are not zero outside;
            which of them follow the lower end where a value is outside of both.
        drops_last: whether the last spline of each feature is left out.
        keeps_missing: whether NaN stays, instead of zeros.
        refuses_above: whether values above the last knot are an error.
        needs_period: whether periodic splines of a feature with a single value are NaN, as before scikit-learn 1.8.

    Raises:
        UnsupportedParameter: knots that are NaN; periodic splines of degree 0 as a sparse matrix, and linear
            extrapolation of degree 0 or 1 with too few knots, for both of which scikit-learn fails;
            ``handle_missing='zeros'`` of several features as a sparse matrix, where scikit-learn's answer depends on
            the batch unless it extrapolates by constants or lines.
    """

    fixed_tensors = {
        "knots": "the splines beyond the ends are computed of them at the fit",
    }

    knots: Tensor
    ends: Tensor
    outside: Tensor
    is_given: Tensor

    def __init__(
        self,
        knots: np.ndarray,
        degree: int,
        extrapolation: str,
        ends: Tensor,
        outside: Tensor,
        is_given: Tensor,
        drops_last: bool,
        keeps_missing: bool,
        refuses_above: bool,
        needs_period: bool,
    ) -> None:
        super().__init__(knots.shape[0])
        self.degree = degree
        self.extrapolation = extrapolation
        self.refusal = _REFUSAL
        self.is_periodic = extrapolation == "periodic"
        self.is_bounded = extrapolation in ("constant", "linear")
        self.is_strict = extrapolation == "error"
        self.drops_last = drops_last
        self.keeps_missing = keeps_missing
        self.refuses_above = refuses_above
        self.needs_period = needs_period
        self.n_splines = outside.shape[-1]
        # Intervals are told apart by the knots between the first and the last one.
        self.interval = SortedColumns([row[degree + 1 : len(row) - degree - 1] for row in knots], inclusive=True)
        self.knots = nn.Parameter(torch.from_numpy(np.ascontiguousarray(knots)))
        self.register_buffer("ends", ends)
        self.register_buffer("outside", outside)
        self.register_buffer("is_given", is_given)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        knots = np.stack([read.array(spline.t) for spline in estimator.bsplines_])
        if np.isnan(knots).any():
            raise UnsupportedParameter(
                "SplineTransformer: expected knots to be numbers, got NaN for a feature without a value to fit on; "
                "drop the feature, or use knots='uniform'."
            )
        sparse = bool(estimator.sparse_output)
        if sparse and estimator.degree == 0 and estimator.extrapolation == "periodic":
            raise UnsupportedParameter(
                "SplineTransformer: scikit-learn cannot make periodic splines of degree 0 a sparse matrix; "
                "use sparse_output=False."
            )
        keeps_missing = getattr(estimator, "handle_missing", "error") != "zeros"
        if sparse and not keeps_missing and len(knots) > 1 and estimator.extrapolation not in ("constant", "linear"):
            raise UnsupportedParameter(
                "SplineTransformer: in a sparse matrix, scikit-learn takes missing values of features after the first "
                "for the smallest value in the batch; use sparse_output=False."
            )
        ends, outside, is_given = spline_ends(estimator)
        n_splines = outside.shape[-1]
        module = cls(
            knots,
            int(estimator.degree),
            str(estimator.extrapolation),
            read.tensor(ends),
            read.tensor(outside),
            torch.from_numpy(is_given),
            not estimator.include_bias,
            keeps_missing,
            estimator.extrapolation == "constant" and estimator.degree == 0 and not sparse and n_splines > 1,
            not hasattr(estimator, "handle_missing"),
        )
        module.sparse_output = sparse
        return module

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if not torch.jit.is_scripting():
            result = self.compiled(x)
            if result is not None:
                return result
            return in_row_blocks(self.transformed, x, x.shape[1] * (self.degree + 1))
        return self.transformed(x)

    @torch.jit.unused
    def compiled(self, x: Tensor) -> Tensor | None:
        """``transform`` of prepared rows by compiled code; None where it does not apply."""
        return spline_basis(
            x,
            self.knots,
            (self.interval.values, self.knots.shape[1] - 2 * self.degree - 2),
            self.degree,
            self.ends,
            self.outside,
            self.is_given,
            self.n_splines - int(self.drops_last),
            self.extrapolation,
            float("nan") if self.keeps_missing else 0.0,
            self.refuses_above,
            self.needs_period,
            self.refusal,
        )

    def transformed(self, x: Tensor) -> Tensor:
        """``transform`` of prepared rows."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_exporting() and "form" in self._modules:
                return self.looked_up(x)
        missing = torch.isnan(x)
        low, high = self.ends[0], self.ends[1]
        below, above = x < low, x > high
        point = torch.where(missing, low, x)
        if self.is_periodic:
            length = high - low
            if self.needs_period:
                missing = missing | (length <= 0.0)
            # A feature of one value is taken at zero.
            past = torch.fmod(point - low, torch.where(length > 0.0, length, 1.0))
            past = torch.where(past < 0.0, past + length, past)
            point = torch.where(length > 0.0, low + past, 0.0)
        if self.is_bounded or self.is_strict:
            point = torch.where(below | above, low, point)
        result = self.splines(point)
        if self.is_bounded:
            result = self.bounded(x, result, below, above)
        gap = float("nan") if self.keeps_missing else 0.0
        result = torch.where(missing.unsqueeze(2), gap, result)
        if self.drops_last:
            result = result[:, :, :-1]
        result = result.reshape(x.shape[0], x.shape[1] * result.shape[2])
        if self.is_strict:
            return refuse_rows(result, (below | above).any(dim=1), self.refusal)
        if self.refuses_above:
            return refuse_rows(result, above.any(dim=1), self.refusal)
        return result

    @torch.jit.unused
    def graph_form(self) -> nn.Module | None:
        if self.is_periodic or not self.has_own_intervals():
            return None
        knots, ends = (tensor.detach().cpu().double().numpy() for tensor in (self.knots, self.ends))
        given = (self.outside * self.is_given[:2].unsqueeze(1)).cpu().double().numpy() if self.is_bounded else None
        pieces = spline_pieces(knots, self.degree, ends, given, self.n_splines - int(self.drops_last))
        return None if pieces is None else pieces.to(self.knots)

    @torch.jit.unused
    def has_own_intervals(self) -> bool:
        """Whether intervals begin at the knots; those stay as of the fit where knots were moved since."""
        inner = self.knots[:, self.degree + 1 : self.n_splines]
        return torch.equal(inner, self.interval.values[:, : inner.shape[1]])

    @torch.jit.unused
    def looked_up(self, x: Tensor) -> Tensor:
        """``transform`` of prepared rows by ``graph_form``, which goes on beyond the ends."""
        missing = torch.isnan(x)
        result = self.get_submodule("form")(x if self.keeps_missing else torch.where(missing, self.ends[0], x))
        if not self.keeps_missing:
            result = torch.where(missing.unsqueeze(2), 0.0, result)
        result = result.reshape(x.shape[0], x.shape[1] * result.shape[2])
        if self.is_strict:
            return refuse_rows(result, ((x < self.ends[0]) | (x > self.ends[1])).any(dim=1), self.refusal)
        return result

    def splines(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_features, n_splines)``."""
        interval = self.interval(x)
        values = basis_functions(x, self.knots, interval, self.degree)
        n_splines, degree = self.n_splines, self.degree
        if not self.is_periodic or degree == 0:
            return in_columns(values, interval, n_splines)
        # The last ones are the first ones of the next period.
        spread = in_columns(values, interval, n_splines + degree)
        first = spread[:, :, :degree] + spread[:, :, n_splines:]
        return torch.cat([first, spread[:, :, degree:n_splines]], dim=2)

    def bounded(self, x: Tensor, inside: Tensor, below: Tensor, above: Tensor) -> Tensor:
        """``inside``, but ``extrapolated`` in rows that have a value outside."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if not (torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()):
                rows = (below | above).any(dim=1).nonzero()[:, 0]
                found = self.extrapolated(x[rows], inside[rows], below[rows], above[rows])
                return inside.index_copy(0, rows, found)
        return self.extrapolated(x, inside, below, above)

    def extrapolated(self, x: Tensor, inside: Tensor, below: Tensor, above: Tensor) -> Tensor:
        """``inside``, or what is given outside; ends that scikit-learn has moved past each other both claim a value."""
        outside, past_low, past_high = (below | above).unsqueeze(2), below.unsqueeze(2), above.unsqueeze(2)
        result = torch.where(outside, 0.0, inside)
        lower = self.outside[0, 0] + (x - self.ends[0]).unsqueeze(2) * self.outside[0, 1]
        upper = self.outside[1, 0] + (x - self.ends[1]).unsqueeze(2) * self.outside[1, 1]
        result = torch.where(past_low & self.is_given[0], lower, result)
        result = torch.where(past_high & self.is_given[1], upper, result)
        return torch.where(past_low & self.is_given[0] & self.is_given[2], lower, result)
