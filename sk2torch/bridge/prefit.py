"""The base of estimators around models that are fitted already."""

import copy
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import _num_features, validate_data
from torch import nn

from sk2torch.base import METHODS, TorchEstimator
from sk2torch.bridge.answers import Answers, ModuleAnswers, Output, PredictorAnswers
from sk2torch.bridge.methods import Answering
from sk2torch.bridge.progress import Show
from sk2torch.bridge.targets import checked_weight

# Of a clone, beside its parameters.
_KEPT_BY_CLONES = ("_metadata_request", "_sklearn_output_config", "_opened")


class PrefitModel(Answering, BaseEstimator):
    """A fitted model of torch as a scikit-learn estimator; ``as_estimator`` makes it and describes the parameters.

    ``fit`` learns nothing, and clones share the model.
    """

    kind: str | None = None

    def __init__(
        self,
        model: Any,
        *,
        classes: Any = None,
        output: Output = "logits",
        input_shape: Any = None,
        input_dtype: torch.dtype | None = None,
        feature_names_out: Any = None,
        batch_size: int = 4096,
        device: Any = None,
        progress: Show = "auto",
    ) -> None:
        self.model = model
        self.classes = classes
        self.output = output
        self.input_shape = input_shape
        self.input_dtype = input_dtype
        self.feature_names_out = feature_names_out
        self.batch_size = batch_size
        self.device = device
        self.progress = progress

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "PrefitModel":
        """Check that the model fits the data; it learns nothing, but for the number of columns of a plain module.

        Raises:
            ValueError: another number of features, or as many rows of X as of y.
        """
        self._checked(X, reset=True)
        checked_weight(sample_weight, X)
        if y is not None:
            check_consistent_length(X, y)
        return self

    @property
    def n_features_in_(self) -> int:
        """How many columns the model was fitted on."""
        return self._known("n_features_in")

    @n_features_in_.setter
    def n_features_in_(self, count: int) -> None:
        self._n_features_in = count

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns that the model was fitted on."""
        return self._known("feature_names_in")

    @feature_names_in_.setter
    def feature_names_in_(self, names: np.ndarray) -> None:
        self._feature_names_in = names

    @feature_names_in_.deleter
    def feature_names_in_(self) -> None:
        del self._feature_names_in

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of ``transform``'s columns: ``feature_names_out``, or the model's name with numbers.

        Raises:
            ValueError: another number of names, or only a call of ``transform`` can tell how many there are.
        """
        width = self._answers().width_out()
        if self.feature_names_out is not None:
            names = np.asarray(self.feature_names_out, dtype=object)
            if width is not None and len(names) != width:
                raise ValueError(f"feature_names_out has {len(names)} names, but transform gives {width} columns.")
            return names
        if width is None:
            raise ValueError(
                "how many features there are shows in transform: call it first, or give feature_names_out."
            )
        return np.array([f"{self._answers().prefix}{k}" for k in range(width)], dtype=object)

    def _known(self, name: str) -> Any:
        found = getattr(self._answers(), name, None)
        found = getattr(self, f"_{name}", None) if found is None else found
        if found is None:
            raise AttributeError(f"the model does not say what {name} is")
        return found

    def _answers(self) -> Answers:
        # Opened at the first question and when a parameter has changed; never pickled.
        settings = self.get_params(deep=False)
        if "_opened" not in vars(self) or any(settings[key] is not value for key, value in self._opened[0].items()):
            self._opened = (settings, self._open())
        return self._opened[1]

    def _open(self) -> Answers:
        if not isinstance(self.model, nn.Module) or isinstance(self.model, TorchEstimator):
            if self.classes is not None or self.input_shape is not None or self.input_dtype is not None:
                raise TypeError("classes, input_shape and input_dtype are for plain modules; this model knows its own.")
            return PredictorAnswers(self.model, self.batch_size, self.device, self.progress)
        if self.kind not in ("classifier", "regressor", "transformer"):
            raise TypeError("kind: a plain module is a 'classifier', 'regressor' or 'transformer'.")
        if self.kind == "classifier" and self.classes is None:
            raise TypeError("classes: give the labels of the module's outputs, in their order.")
        if self.output not in ("logits", "probabilities", "log_probabilities"):
            raise ValueError(f"output: expected 'logits', 'probabilities' or 'log_probabilities', got {self.output!r}.")
        return ModuleAnswers(
            self.model,
            self.kind,
            self.classes,
            self.output,
            self.batch_size,
            self.device,
            self.progress,
            self.input_shape,
            self.input_dtype,
        )

    def _methods(self) -> list[str]:
        return self._answers().methods

    def _answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        takes_input = METHODS[method].kind != "input"
        return self._answers().answer(method, self._checked(X) if takes_input else X, arguments)

    def _checked(self, X: Any, reset: bool = False) -> Any:
        """What is handed to the model: an array for a plain module; one of ours takes tables as they are."""
        how = {"dtype": (np.float64, np.float32), "allow_nd": True}
        if not isinstance(self._answers(), ModuleAnswers):
            expected = self._answers().n_features_in
            # Of a DataFrame, a model that knows names takes the columns that it needs.
            if expected is not None and not hasattr(X, "columns") and np.ndim(X) == 2 and _num_features(X) != expected:
                raise ValueError(
                    f"X has {_num_features(X)} features, but {type(self).__name__} is expecting {expected} features "
                    "as input."
                )
            return X
        if reset or hasattr(self, "n_features_in_"):
            return validate_data(self, X, reset=reset, **how)
        return check_array(X, estimator=self, input_name="X", **how)

    def __sklearn_clone__(self) -> "PrefitModel":
        # The model is never changed, so there is no need to copy what may be large.
        twin = type(self)(**self.get_params(deep=False))
        for name in _KEPT_BY_CLONES:
            if name in vars(self):
                setattr(twin, name, copy.copy(getattr(self, name)))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_opened", None)
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        answers = self._answers()
        tags.requires_fit = False
        tags.target_tags.required = False
        tags.input_tags.allow_nan = isinstance(answers, PredictorAnswers)
        tags.input_tags.sparse = isinstance(answers, PredictorAnswers)
        tags.input_tags.string = tags.input_tags.categorical = answers.takes_text
        tags.input_tags.three_d_array = isinstance(answers, ModuleAnswers)
        tags.estimator_type = self.kind if self.kind != "transformer" else tags.estimator_type
        return tags
