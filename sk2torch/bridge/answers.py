"""What a prefit estimator asks: a model or artifact of ours, or any module with one output."""

import copy
from collections.abc import Iterator
from os import PathLike
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import TorchEstimator, tensor_width
from sk2torch.bridge.batches import Batches, checked_size, module_dtype
from sk2torch.bridge.conversion import array_of
from sk2torch.bridge.progress import Show, watched
from sk2torch.bridge.settings import is_at, resolve_device
from sk2torch.export import read_metadata
from sk2torch.predictor import Predictor
from sk2torch.saving import SUFFIX, load

Output = Literal["logits", "probabilities", "log_probabilities"]


class Answers(Protocol):
    """A fitted model behind an estimator."""

    methods: list[str]
    # One array; a list of one per output; None where there are no labels.
    classes: Any
    n_features_in: int | None
    feature_names_in: np.ndarray | None
    # Of transform's result: its dtype, and the word before the number in names of its columns.
    dtype: str
    prefix: str
    # Whether tables may hold text.
    takes_text: bool

    def answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        """What scikit-learn's method would return."""
        ...

    def width_out(self) -> int | None:
        """How many columns ``transform`` gives; None if only an answer can tell."""
        ...


class _WatchedPredictor(Predictor):
    progress: Show = False

    def _parts(self, method: str, x: Tensor) -> Iterator[Any]:
        steps = -(-len(x) // self.batch_size)
        return watched(super()._parts(method, x), max(steps, 1), "batches", self.progress)


class PredictorAnswers:
    """A wrapped model, or the path of an artifact."""

    def __init__(
        self, model: "TorchEstimator | str | PathLike[str]", batch_size: int, device: Any, progress: Show
    ) -> None:
        self._predictor = _WatchedPredictor(_on_device(model, device), checked_size(batch_size))
        self._predictor.progress = progress
        runtime = self._predictor._runtime
        if device not in (None, "auto") and resolve_device(device).type != runtime.like.device.type:
            raise ValueError(
                f"device: {str(model)!r} runs on {runtime.like.device.type} only; use device=None, or a wrapped model "
                f"or a {SUFFIX} file, which run on any."
            )
        columns = runtime.encoding.columns
        is_table = columns is not None and not any(column.is_whole for column in columns)
        names = [column.name for column in columns] if columns is not None and is_table else []
        self.methods, self.dtype = self._predictor.methods, self._predictor.dtype
        self.classes = runtime.decoding.classes
        self.n_features_in = len(names) if is_table else None
        has_names = bool(names) and all(name is not None for name in names)
        self.feature_names_in = np.array(names, dtype=object) if has_names else None
        self.takes_text = columns is not None and any(column.is_text or column.readers for column in columns)
        name = type(model).__name__ if isinstance(model, TorchEstimator) else read_metadata(model)["module"]
        self.prefix = name.removeprefix("Torch").lower()
        self._width = None if columns is None else tensor_width(columns)

    def answer(self, method: str, X: Any, arguments: dict[str, Any]) -> Any:
        """What ``Predictor`` answers."""
        return getattr(self._predictor, method)(X, **arguments)

    def width_out(self) -> int | None:
        """Found by transforming two rows of zeros."""
        if self._width is None or "transform" not in self.methods:
            return None
        runtime = self._predictor._runtime
        with torch.no_grad():
            result = runtime.call("transform", torch.zeros(2, self._width).to(runtime.like))
        return int(result.shape[1]) if isinstance(result, Tensor) and result.dim() == 2 else None


def _on_device(model: Any, device: Any) -> Any:
    """The model there, where it is a module; the caller's own stays where it is."""
    if device is None:
        return model
    wanted = resolve_device(device)
    if isinstance(model, TorchEstimator):
        return model if is_at(model.anchor.device, wanted) else copy.deepcopy(model).to(wanted)
    return load(model).to(wanted) if str(model).endswith(SUFFIX) and wanted.type != "cpu" else model


class ModuleAnswers:
    """A module that is none of ours; its one output is what ``kind`` says.

    Args:
        module: takes rows, gives a tensor with a row for each.
        kind: ``classifier``, ``regressor`` or ``transformer``.
        classes: the labels of a classifier, in the order of its outputs.
        output: what a classifier's outputs are; one output is that of the second of two classes.
        batches: how rows are handed to the module.
    """

    n_features_in = None
    feature_names_in = None
    takes_text = False

    def __init__(
        self,
        module: nn.Module,
        kind: str,
        classes: Any,
        output: Output,
        size: int,
        device: Any,
        progress: Show,
        input_shape: Any,
        input_dtype: torch.dtype | None,
    ) -> None:
        self.kind, self.output = kind, output
        self.classes: Any = None if kind != "classifier" else np.asarray(classes)
        own = next((t.device for t in (*module.parameters(), *module.buffers())), torch.device("cpu"))
        wanted = own if device is None else resolve_device(device)
        self.module = module if is_at(own, wanted) else copy.deepcopy(module).to(wanted)
        self._float = module_dtype(module)
        self.dtype = str(self._float or torch.float64).removeprefix("torch.")
        self._batches = Batches(input_dtype or self._float or torch.float64, wanted, size, input_shape, progress)
        self.prefix = type(module).__name__.lower()
        self.methods = self._methods()
        self._width: int | None = None

    def _methods(self) -> list[str]:
        if self.kind != "classifier":
            return ["predict" if self.kind == "regressor" else "transform"]
        scores = ["decision_function"] if self.output == "logits" else []
        return ["predict", "predict_proba", "predict_log_proba", *scores]

    def width_out(self) -> int | None:
        """As many as in the last answer."""
        return self._width

    def answer(self, method: str, X: np.ndarray, arguments: dict[str, Any]) -> np.ndarray:
        """Numpy arrays of the output; labels from ``classes``.

        Raises:
            TypeError: arguments, which a module has none of.
            ValueError: outputs that do not fit the classes.
        """
        if arguments:
            raise TypeError(f"{method} of a module takes no argument {', '.join(arguments)}.")
        found = self._batches.evaluate(self.module, X)
        if self.kind == "classifier":
            return self._classified(method, found)
        found = found.reshape(len(found), -1)
        self._width = found.shape[1]
        return array_of(found[:, 0].clone() if self.kind == "regressor" and found.shape[1] == 1 else found)

    def _classified(self, method: str, found: Tensor) -> np.ndarray:
        n_classes = len(self.classes)
        found = found.reshape(len(found), -1)
        if found.shape[1] != n_classes and not (found.shape[1] == 1 and n_classes == 2):
            raise ValueError(f"the module has {found.shape[1]} output(s), but there are {n_classes} classes.")
        if method == "decision_function":
            binary = found[:, 0] if found.shape[1] == 1 else found[:, 1] - found[:, 0]
            return array_of(binary.clone() if n_classes == 2 else found)
        logs = self._log_probabilities(found)
        if method == "predict":
            return self.classes[array_of(logs.argmax(dim=1))]
        return array_of(logs if method == "predict_log_proba" else logs.exp())

    def _log_probabilities(self, found: Tensor) -> Tensor:
        if self.output == "logits":
            scores = found if found.shape[1] > 1 else torch.cat([torch.zeros_like(found), found], dim=1)
            return scores.log_softmax(dim=1)
        if found.shape[1] == 1:
            second = found.exp() if self.output == "log_probabilities" else found
            return torch.cat([1 - second, second], dim=1).log()
        return found if self.output == "log_probabilities" else found.log()
