"""SparseCoder, DictionaryLearning and MiniBatchDictionaryLearning."""

import importlib
import inspect
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, write
from sk2torch.functional.lasso import lasso_codes
from sk2torch.functional.least_angle import least_angle_codes
from sk2torch.functional.matching_pursuit import orthogonal_matching_pursuit


@register(
    "sklearn.decomposition.SparseCoder",
    "sklearn.decomposition.DictionaryLearning",
    "sklearn.decomposition.MiniBatchDictionaryLearning",
)
class TorchSparseCoder(TorchEstimator):
    """Sparse codes ``z`` with ``x ~ z @ dictionary`` by scikit-learn's iterations; the inverse is the product.

    ``split_sign`` puts the positive parts of the codes beside the negative ones.

    Rows come out as NaN where an input is not finite. For lars and lasso_lars also where rounding decides on
    scikit-learn's path: it met an atom that depends on those it has, or two weights became zero in one step.

    Raises:
        UnsupportedParameter: settings for which scikit-learn's transform raises: positive_code with omp or lars,
            and more non-zero coefficients than atoms for omp; an alpha of zero for lasso_cd, where scikit-learn
            advises against the algorithm; equal or opposite atoms for lars and
            lasso_lars, where rounding decides.

    Args:
        dictionary: shape ``(n_atoms, n_features)``.
        gram: ``dictionary @ dictionary.T`` in the precision that scikit-learn computes it in.
        algorithm: ``lasso_lars``, ``lasso_cd``, ``lars``, ``omp`` or ``threshold``.
        penalty: of the absolute values.
        n_nonzero: for lars and omp.
        limit: largest number of iterations.
        tolerance: of lasso_cd.
        positive: no code below zero.
        split_sign: see above.
        screens: lasso_cd leaves atoms out, see ``lasso_codes``.
    """

    derived_tensors = {"gram": "it holds the products of the atoms"}
    read_by = {"gram": ("transform",)}

    fitted_attributes = {"dictionary": "components_"}

    gram: Tensor

    def __init__(
        self,
        dictionary: Tensor,
        gram: Tensor,
        algorithm: str,
        penalty: float,
        n_nonzero: int,
        limit: int,
        tolerance: float,
        positive: bool,
        split_sign: bool,
        screens: bool,
    ) -> None:
        super().__init__(dictionary.shape[1])
        self.dictionary = nn.Parameter(dictionary)
        self.register_buffer("gram", gram)
        self.algorithm = algorithm
        self.penalty = penalty
        self.n_nonzero = n_nonzero
        self.limit = limit
        self.tolerance = tolerance
        self.positive = positive
        self.split_sign = split_sign
        self.screens = screens

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        fitted = getattr(estimator, "components_", None)
        dictionary = np.asarray(estimator.dictionary if fitted is None else fitted)
        algorithm = estimator.transform_algorithm
        n_nonzero, penalty = _regularization(estimator, *dictionary.shape)
        _refuse_what_raises(estimator, n_nonzero, penalty, len(dictionary))
        _refuse_equal_atoms(estimator, read.array(dictionary))
        # Of one version, 1.8: screening, and the tolerance that sparse coding sets.
        solver = importlib.import_module("sklearn.linear_model._cd_fast").enet_coordinate_descent_gram
        screens = "do_screening" in inspect.signature(solver).parameters
        return cls(
            dictionary=read.matrix(dictionary),
            gram=read.matrix(dictionary @ dictionary.T),
            algorithm=algorithm,
            penalty=penalty,
            n_nonzero=n_nonzero,
            limit=int(estimator.transform_max_iter),
            tolerance=1e-8 if screens else 1e-4,
            positive=bool(estimator.positive_code),
            split_sign=bool(estimator.split_sign),
            screens=screens,
        )

    @torch.jit.unused
    def restrict_parameters(self) -> None:
        self.gram.copy_(self.dictionary @ self.dictionary.T)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if not hasattr(estimator, "components_"):
            write.attribute(estimator, "dictionary", self.dictionary)

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        products = nn.functional.linear(x, self.dictionary)
        # Not the input's width, which dynamic graphs compute with: loops take no numbers that are computed.
        n_features = self.dictionary.shape[1]
        if self.algorithm == "threshold":
            code = products.sign() * (products.abs() - self.penalty).clamp(min=0.0)
            if self.positive:
                code = code.clamp(min=0.0)
        elif self.algorithm == "omp":
            code = orthogonal_matching_pursuit(products, self.gram, self.n_nonzero)
        elif self.algorithm == "lasso_cd":
            squared_norm = x.square().sum(dim=1, keepdim=True)
            # As scikit-learn scales it, and back.
            alpha = self.penalty / n_features * n_features
            code = lasso_codes(
                products, self.gram, squared_norm, alpha, self.tolerance, self.limit, self.positive, self.screens
            )
        else:
            is_lasso = self.algorithm == "lasso_lars"
            alpha = self.penalty / n_features if is_lasso else 0.0
            limit = self.limit if is_lasso else self.n_nonzero
            code = least_angle_codes(products, self.gram, n_features, alpha, limit, is_lasso, self.positive)
        is_finite = products.abs().sum(dim=1, keepdim=True) < float("inf")
        code = torch.where(is_finite, code, torch.full_like(code, float("nan")))
        if self.split_sign:
            return torch.cat([code.clamp(min=0.0), (-code).clamp(min=0.0)], dim=1)
        return code

    def inverse_transform(self, x: Tensor) -> Tensor:
        code = x.to(self.anchor.dtype)
        if self.split_sign:
            n_atoms = self.dictionary.shape[0]
            code = code[:, :n_atoms] - code[:, n_atoms:]
        return code @ self.dictionary


def _regularization(estimator: Any, n_atoms: int, n_features: int) -> tuple[int, float]:
    """scikit-learn's defaults of the number of coefficients and of the penalty."""
    n_nonzero = estimator.transform_n_nonzero_coefs
    n_nonzero = min(max(n_features / 10, 1), n_atoms) if n_nonzero is None else n_nonzero
    penalty = estimator.transform_alpha
    penalty = getattr(estimator, "alpha", None) if penalty is None else penalty
    return int(n_nonzero), float(1.0 if penalty is None else penalty)


def _refuse_what_raises(estimator: Any, n_nonzero: int, penalty: float, n_atoms: int) -> None:
    name, algorithm = type(estimator).__name__, estimator.transform_algorithm
    if estimator.positive_code and algorithm in ("omp", "lars"):
        raise UnsupportedParameter(
            f"{name}: expected positive_code=False with transform_algorithm={algorithm!r}, with which scikit-learn's "
            "transform raises an error; pass 'lasso_lars', 'lasso_cd' or 'threshold'."
        )
    if algorithm == "omp" and n_nonzero > n_atoms:
        raise UnsupportedParameter(
            f"{name}: expected transform_n_nonzero_coefs of at most {n_atoms}, the number of atoms, got {n_nonzero}, "
            "with which scikit-learn's transform raises an error; pass fewer."
        )
    if algorithm == "lasso_cd" and (penalty == 0.0 or estimator.transform_max_iter < 1):
        raise UnsupportedParameter(
            f"{name}: expected transform_alpha and transform_max_iter above zero with transform_algorithm='lasso_cd', "
            "which scikit-learn does not solve otherwise; pass transform_algorithm='lasso_lars'."
        )


def _refuse_equal_atoms(estimator: Any, dictionary: np.ndarray) -> None:
    if estimator.transform_algorithm not in ("lars", "lasso_lars"):
        return
    gram = dictionary @ dictionary.T
    # The longer of two parallel atoms always comes first.
    longer = np.maximum.outer(gram.diagonal(), gram.diagonal())
    if np.any(np.triu((np.abs(gram) > (1.0 - 1e-12) * longer) & (longer > 0.0), 1)):
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: expected different atoms with transform_algorithm="
            f"{estimator.transform_algorithm!r}, got two equal or opposite ones, between which "
            "rounding errors decide in scikit-learn; remove one of them, or pass 'omp' or 'lasso_cd'."
        )
