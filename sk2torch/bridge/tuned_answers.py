"""What a tuned model answers, and the estimator that it comes back as."""

import copy
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from sk2torch.base import METHODS, CannotUnwrap, TorchEstimator
from sk2torch.bridge.answers import PredictorAnswers
from sk2torch.bridge.methods import Answering
from sk2torch.bridge.settings import resolve_device
from sk2torch.bridge.tuning import chooses_columns
from sk2torch.softening import harden
from sk2torch.unwrapping import unwrap

# Rows at a time in answers.
_MANY = 4096
# Found again when they are asked for.
_DERIVED = ("_opened", "_unwrapped")


class TunedAnswers(Answering):
    """Mixin of estimators around a model that scikit-learn fitted and gradients tuned; see ``TunedModel``."""

    estimator: Any
    device: Any
    verbose: int
    module_: TorchEstimator
    untuned_: Any
    _trained_method: str
    _is_soft: bool

    @property
    def estimator_(self) -> Any:
        """The fitted scikit-learn estimator with the trained numbers.

        It answers as the model in all methods; where scikit-learn could not be told so, in the one that was trained.

        Raises:
            CannotUnwrap: no fitted attribute holds what was trained.
        """
        check_is_fitted(self)
        if "_unwrapped" not in vars(self):
            self._unwrapped = self._unwrap()
        return self._unwrapped

    def _unwrap(self) -> Any:
        model = self.module_
        if self._is_soft:
            model = harden(model)
        # A model out of a pickle has forgotten what it was made of.
        source = None if model.source.estimators else self.untuned_
        try:
            return unwrap(model, source)
        except CannotUnwrap:
            return unwrap(model, source, methods=[self._trained_method])

    @property
    def n_features_in_(self) -> int:
        """How many columns the estimator was fitted on."""
        return self._of_untuned("n_features_in_")

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns that the estimator was fitted on."""
        return self._of_untuned("feature_names_in_")

    def _of_untuned(self, name: str) -> Any:
        if "untuned_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has not been fitted, hence no {name!r}.")
        return getattr(self.untuned_, name)

    def _methods(self) -> list[str]:
        if self.__sklearn_is_fitted__():
            return self._answers().methods
        return [name for name in METHODS if hasattr(self.estimator, name)]

    def _answers(self) -> PredictorAnswers:
        if "_opened" not in vars(self):
            model = self.module_.to(resolve_device(self.device))
            self._opened = PredictorAnswers(model, _MANY, None, bool(self.verbose) and "auto")
        return self._opened

    def _answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        check_is_fitted(self)
        if METHODS[method].kind != "input":
            self._require_columns(X)
        return self._answers().answer(method, X, arguments)

    def _require_columns(self, X: Any) -> None:
        """Refuse another number of columns, or other names."""
        if hasattr(X, "columns") and chooses_columns(self.untuned_):
            # It checks them itself, and takes tables with others beside them.
            return
        if hasattr(self, "n_features_in_") and getattr(X, "ndim", 2) == 1:
            raise ValueError(
                "Expected 2D array, got 1D array instead. Reshape your data either using X.reshape(-1, 1) if it has a "
                "single feature or X.reshape(1, -1) if it is a single sample."
            )
        validate_data(self, X, reset=False, skip_check_array=True)

    def __sklearn_is_fitted__(self) -> bool:
        return "module_" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        # Pickles load where the device is not.
        state = {name: value for name, value in super().__getstate__().items() if name not in _DERIVED}
        for name in ("module_", "head_"):
            if state.get(name) is not None:
                state[name] = copy.deepcopy(state[name]).cpu()
        return state

    def _forget(self) -> None:
        """Let go of what follows from the model, which has changed."""
        for name in _DERIVED:
            vars(self).pop(name, None)
