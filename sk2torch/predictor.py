"""The sklearn-shaped facade."""

import functools
from collections.abc import Iterator
from os import PathLike
from typing import Any

import torch

from sk2torch.base import METHODS, InputEncoding, TorchEstimator
from sk2torch.base.sparse import joined
from sk2torch.export import Runtime, load_runtime, runtime_of


class Predictor:
    """A model or artifact with scikit-learn's habits: tables in, numpy and original labels out.

    Has exactly the methods of the model (``predict``, ``predict_proba``, ``transform``, …), each
    taking DataFrames, arrays, scipy sparse matrices, lists or strings, in blocks of rows so that
    memory stays bounded. ``predict`` takes ``return_std`` and ``return_cov`` where the estimator's does.

    Args:
        model_or_path: a wrapped model, or the path of an exported ``.pt``, ``.pt2``, ``.onnx`` or ``.safetensors``.
        batch_size: rows evaluated at a time.
        **options: of an ``.onnx`` file. ``providers``: where ONNX Runtime computes, in order of preference, such as
            ``["CUDAExecutionProvider", "CPUExecutionProvider"]`` (by default the CPU); ``threads``: how many share the
            work of an operator (by default one a core); ``optimization``: ``"none"``, ``"basic"``, ``"extended"`` or
            ``"all"``, the default, what ONNX Runtime makes of the graph when it loads it.

    Raises:
        ArtifactError: the file is not an artifact of sk2torch, or ONNX Runtime has no such provider.
    """

    def __init__(
        self, model_or_path: "TorchEstimator | str | PathLike[str]", batch_size: int = 4096, **options: Any
    ) -> None:
        is_model = isinstance(model_or_path, TorchEstimator)
        if is_model and options:
            raise TypeError(f"a model in memory takes no option {sorted(options)}; they are of ONNX Runtime.")
        self._runtime: Runtime = runtime_of(model_or_path) if is_model else load_runtime(model_or_path, **options)
        self.batch_size = batch_size

    @property
    def methods(self) -> list[str]:
        """Names of the model's inference methods."""
        return list(self._runtime.methods)

    @property
    def dtype(self) -> str:
        """Name of the dtype that the model computes in."""
        return str(self._runtime.like.dtype).removeprefix("torch.")

    @property
    def encoding(self) -> InputEncoding:
        """How tables become tensors, with the model's columns."""
        return self._runtime.encoding

    @property
    def couples_rows(self) -> bool:
        """Whether a row's answer depends on the rows beside it."""
        return self._runtime.couples_rows

    def encode(self, X: Any) -> torch.Tensor:
        """``X`` as the tensor that the model takes; the methods take that, too.

        Raises:
            InputError: missing columns, wrong width, unknown categories, text in a numeric column.
        """
        return self._runtime.encoding.to_tensor(X, self._runtime.like)

    @property
    def classes_(self) -> Any:
        """Class labels, as the estimator's ``classes_``."""
        if self._runtime.decoding.classes is None:
            raise AttributeError("this model has no classes_")
        return self._runtime.decoding.classes

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._runtime.methods]

    def __getattr__(self, name: str) -> Any:
        if name in METHODS and name in self.__dict__["_runtime"].methods:
            return functools.partial(self._call, name)
        raise AttributeError(f"this model has no {name!r}")

    def _call(self, name: str, X: Any, **arguments: Any) -> Any:
        method = self._method(name, arguments)
        runtime = self._runtime
        x = runtime.input_tensor(method, X)
        with torch.no_grad():
            parts = list(self._parts(method, x))
        if isinstance(parts[0], (list, tuple)):
            whole: Any = [joined(outputs, METHODS[method].rows) for outputs in zip(*parts, strict=True)]
        else:
            # Rows come first, but for ``transform``'s stack of tables, one per voter.
            rows = max(parts[0].dim() - 2, 0) if method == "transform" else METHODS[method].rows
            whole = joined(parts, rows)
        result = runtime.decoding.decode(method, whole)
        return result[1] if arguments.get("return_distance") is False else result

    def _parts(self, method: str, x: torch.Tensor) -> Iterator[Any]:
        """Results for blocks of rows."""
        return self._runtime.answers(method, x, self.batch_size)

    def _method(self, name: str, arguments: dict[str, Any]) -> str:
        """The method that stands for scikit-learn's ``name`` with ``arguments``."""
        if not arguments:
            return name
        wanted = {key: value for key, value in arguments.items() if value is not False}
        if METHODS[name].kind == "neighbors":
            wanted = {key: value for key, value in wanted.items() if key not in ("return_distance", "sort_results")}
        if not wanted:
            return name
        for method in self._runtime.methods:
            if METHODS[method].call == name and METHODS[method].arguments == wanted:
                return method
        raise TypeError(f"{name} of this model takes no argument {', '.join(wanted)}.")
