"""GaussianProcessClassifier."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchClassifier, UnsupportedParameter, read, register
from sk2torch.base.one_vs_rest import one_vs_rest_conventions
from sk2torch.estimators.gaussian_process.kernels import read_training, refuse_narrow_rows, uses_given_kernel
from sk2torch.estimators.gaussian_process.laplace import LaplaceClassifier
from sk2torch.functional.decisions import largest_index
from sk2torch.functional.one_vs_one import one_vs_one_scores, pair_table


@register("sklearn.gaussian_process.GaussianProcessClassifier")
class TorchGaussianProcessClassifier(TorchClassifier):
    """Two classes: the second where the latent mean is above zero; probabilities by a sum of error functions.

    Memory does not grow with the product of the numbers of queries and stored rows. More than two classes make one
    classifier per class, or one per pair of classes, which has no probabilities, as in scikit-learn.

    Raises:
        UnsupportedParameter: kernels that are not scikit-learn's own; a callable or precomputed ``metric`` of
            PairwiseKernel; Matern with ``nu`` above about 20; rows that are not a table of numbers.

    Args:
        n_features_in: width of the input.
        machine: gives the probability of the second class.
        classes: the fitted ``classes_``.
    """

    fixed_tensors = {
        "machine": "the approximation is that of the kernel and rows of the fit; fit again",
    }

    def __init__(self, n_features_in: int, machine: LaplaceClassifier, classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.machine = machine

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchClassifier:
        module = _read(estimator)
        refuse_narrow_rows(module, columns)
        return module

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(self.machine.is_second(self.prepare(x)).long())

    def predict_proba(self, x: Tensor) -> Tensor:
        second = self.machine(self.prepare(x))
        return torch.stack([1 - second, second], dim=1)


class TorchOneVsRestGaussianProcess(TorchClassifier):
    """The class of the largest probability against all others; probabilities are divided by their sum.

    Args:
        n_features_in: width of the input.
        machines: one per class.
        classes: the fitted ``classes_``.
        last_wins: of equal probabilities, which rows far from all stored ones have, the last: the rule of older
            versions of scikit-learn.
    """

    fixed_tensors = {
        "machines": "the approximation is that of the kernel and rows of the fit; fit again",
    }

    def __init__(self, n_features_in: int, machines: list[LaplaceClassifier], classes: Any, last_wins: bool) -> None:
        super().__init__(n_features_in, classes)
        self.machines = nn.ModuleList(machines)
        self.last_wins = last_wins

    def scores(self, x: Tensor) -> Tensor:
        """Probability of each class against all others, shape ``(n_samples, n_classes)``."""
        x = self.prepare(x)
        return torch.stack([machine(x) for machine in self.machines], dim=1)

    def predict(self, x: Tensor) -> Tensor:
        return self.labels(largest_index(self.scores(x), self.last_wins))

    def predict_proba(self, x: Tensor) -> Tensor:
        scores = self.scores(x)
        return scores / scores.sum(dim=1, keepdim=True)


class TorchOneVsOneGaussianProcess(TorchClassifier):
    """Votes of one classifier per pair of classes; sums of probabilities decide between equal numbers of votes.

    Args:
        n_features_in: width of the input.
        machines: one per pair, in the order ``(0, 1), (0, 2), ..., (1, 2), ...``.
        classes: the fitted ``classes_``.
    """

    fixed_tensors = {
        "machines": "the approximation is that of the kernel and rows of the fit; fit again",
    }

    refused_methods = ["predict_proba"]

    def __init__(self, n_features_in: int, machines: list[LaplaceClassifier], classes: Any) -> None:
        super().__init__(n_features_in, classes)
        self.machines = nn.ModuleList(machines)
        self.n_classes = len(classes)
        self.register_buffer("table", pair_table(self.n_classes))

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        votes = torch.stack([machine.is_second(x) for machine in self.machines], dim=1).to(x.dtype)
        scores = torch.stack([machine(x) for machine in self.machines], dim=1)
        return self.labels(one_vs_one_scores(votes, scores, self.table, self.n_classes).argmax(dim=1))


def _read(estimator: Any) -> TorchClassifier:
    base, classes = estimator.base_estimator_, estimator.classes_
    if len(classes) == 2:
        machine = _read_machine(base)
        return TorchGaussianProcessClassifier(machine.rows.shape[1], machine, classes)
    machines = [_read_machine(member) for member in base.estimators_]
    width = machines[0].rows.shape[1]
    if type(base).__name__ == "OneVsOneClassifier":
        return TorchOneVsOneGaussianProcess(width, machines, classes)
    last_wins, _ = one_vs_rest_conventions(base)
    module = TorchOneVsRestGaussianProcess(width, machines, classes, last_wins)
    if estimator.multi_class == "one_vs_one":
        # Set after fitting.
        module.refused_methods = ["predict_proba"]
    return module


def _read_machine(estimator: Any) -> LaplaceClassifier:
    """Of a ``_BinaryGaussianProcessClassifierLaplace``."""
    rows, kernel = read_training(estimator, "GaussianProcessClassifier")
    if uses_given_kernel(kernel):
        raise UnsupportedParameter(
            "GaussianProcessClassifier: expected a kernel of rows, got metric='precomputed', with which "
            "scikit-learn cannot predict either; choose a named metric."
        )
    weights = read.vector(estimator.y_train_ - estimator.pi_)
    return LaplaceClassifier(kernel, rows, weights, read.vector(estimator.W_sr_), read.matrix(estimator.L_))
