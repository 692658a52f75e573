"""Sessions of ONNX Runtime, with the settings that change speed and not results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from sk2torch.base import ArtifactError, MissingDependency

Optimization = Literal["none", "basic", "extended", "all"]
_LEVELS = {"none": "ORT_DISABLE_ALL", "basic": "ORT_ENABLE_BASIC", "extended": "ORT_ENABLE_EXTENDED"}
# This one turns `scalar * (a @ b)` into a product with a factor in single precision.
_INEXACT = ["MatMulScaleFusion"]


def open_session(
    path: Path,
    providers: Sequence[Any] = ("CPUExecutionProvider",),
    threads: int | None = None,
    optimization: Optimization = "all",
) -> Any:
    """ONNX Runtime's session of a file.

    Args:
        path: the file.
        providers: where to compute, in order of preference: ONNX Runtime's names, or pairs of a name and its options.
        threads: how many share the work of an operator; None for one a core.
        optimization: what ONNX Runtime makes of the graph when it loads it.

    Raises:
        MissingDependency: ONNX Runtime is not installed.
        ArtifactError: a provider or a setting that it does not have, or a file that is no graph.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency("ONNX needs the package 'onnxruntime': pip install 'sk2torch[onnx]'.") from error
    if optimization not in get_args(Optimization):
        raise ArtifactError(f"expected optimization to be one of {get_args(Optimization)}, got {optimization!r}.")
    if threads is not None and threads < 1:
        raise ArtifactError(f"expected threads to be None, or 1 or more, got {threads!r}.")
    _require_providers(providers, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.graph_optimization_level = getattr(
        onnxruntime.GraphOptimizationLevel, _LEVELS.get(optimization, "ORT_ENABLE_ALL")
    )
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=list(providers), disabled_optimizers=_INEXACT
        )
    except Exception as error:
        # ONNX Runtime's errors have no public base class.
        raise ArtifactError(f"{str(path)!r} is not an ONNX file, or is damaged: {str(error)[:200]}") from error
    # A provider whose libraries are missing is left out without an error.
    _require_providers(providers, session.get_providers())
    return session


def _require_providers(wanted: Sequence[Any], available: list[str]) -> None:
    names = [provider if isinstance(provider, str) else provider[0] for provider in wanted]
    absent = [name for name in names if name not in available]
    if absent or not names:
        raise ArtifactError(
            f"this ONNX Runtime has no {', '.join(absent) or 'provider without a name'}; it has {', '.join(available)}."
        )
