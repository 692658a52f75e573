"""AOTInductor code beside the programs of a ``.pt2``: made for one kind of processor, run only where that is found."""

import copy
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from sk2torch.base import ArtifactError, InputError, MissingDependency, TorchEstimator
from sk2torch.export.programs import exported

# The generated code checks neither sizes nor strides: the metadata of each method says what it takes.
_SHAPE_KEY = "input_shape"
_DTYPE_KEY = "input_dtype"


def compile_programs(
    model: TorchEstimator, programs: dict[str, ExportedProgram]
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Code of each method for the CPU, and for CUDA if the model is there.

    Args:
        model: the wrapped model.
        programs: the exported program of each method.

    Returns:
        The files of each compiled method, under the name that the archive gives it, and the entry of the metadata.

    Raises:
        MissingDependency: there is no C++ compiler.
        ArtifactError: torch cannot tell what this processor can do, so the code would never be run.
    """
    _require_compiler()
    if not _processor("cpu")["features"]:
        raise ArtifactError("aot=True: this torch does not say what the processor can do; export without aot=True.")
    here = model.anchor.device.type
    files, targets = {}, []
    if here != "cpu":
        on_cpu = copy.deepcopy(model).cpu()
        targets.append(_compile(files, {method: exported(on_cpu, method) for method in programs}, "cpu"))
    targets.append(_compile(files, programs, here))
    return files, {"inputs": {m: _input_shape(p) for m, p in programs.items()}, "targets": targets}


def _require_compiler() -> None:
    from torch._inductor import cpp_builder, exc

    try:
        cpp_builder.get_cpp_compiler()
    except exc.InvalidCxxCompiler as error:
        raise MissingDependency(
            "aot=True compiles C++, and no compiler was found; install g++ or clang++ (or name it in CXX), "
            "or export without aot=True."
        ) from error


def _compile(files: dict[str, list[Any]], programs: dict[str, ExportedProgram], device: str) -> dict[str, Any]:
    """Add the files of all methods to ``files``; what the metadata say about them."""
    names = {method: method if device == "cpu" else f"{method}.{device}" for method in programs}
    for method, program in programs.items():
        example: Any = program.example_inputs
        args, kwargs = example
        sizes = ",".join("-1" if size is None else str(size) for size in _input_shape(program))
        about = {_SHAPE_KEY: sizes, _DTYPE_KEY: str(args[0].dtype).removeprefix("torch.")}
        options = {"aot_inductor.package": True, "aot_inductor.metadata": about}
        files[names[method]] = torch._inductor.aot_compile(program.module(), args, kwargs, options=options)
    return {"device": device, "names": names, **_processor(device)}


def _input_shape(program: ExportedProgram) -> list[int | None]:
    """Sizes of the input of a program, None where any size will do."""
    (name,) = program.graph_signature.user_inputs
    (shape,) = (node.meta["val"].shape for node in program.graph.nodes if node.name == name)
    return [size if isinstance(size, int) else None for size in shape]


def _processor(device: str) -> dict[str, Any]:
    """What code has to find where it runs: torch compiles for all that the processor can do."""
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    found = {
        "torch": torch.__version__.split("+")[0].rsplit(".", 1)[0],
        "system": sys.platform,
        "machine": platform.machine(),
        "features": sorted(name for name, value in known.items() if value is True),
    }
    if device == "cuda":
        found["compute_capability"] = list(torch.cuda.get_device_capability())
    return found


def _fits(target: dict[str, Any]) -> bool:
    if target["device"] == "cuda" and not torch.cuda.is_available():
        return False
    here = _processor(target["device"])
    exact = (key for key in here if key != "features")
    return all(target.get(key) == here[key] for key in exact) and set(target["features"]) <= set(here["features"])


def fitting_target(about: dict[str, Any] | None) -> dict[str, Any] | None:
    """The code of an artifact that this machine can run, CUDA's first; None if there is none."""
    fitting = [target for target in (about or {}).get("targets", []) if _fits(target)]
    return max(fitting, key=lambda target: target["device"] == "cuda", default=None)


def load_code(
    path: Path, about: dict[str, Any], target: dict[str, Any], like: Tensor
) -> dict[str, Callable[[Tensor], Any]]:
    """The compiled function of each method."""
    return {m: _function(path, name, about["inputs"][m], like) for m, name in target["names"].items()}


def _function(path: Path, name: str, shape: list[int | None], like: Tensor) -> Callable[[Tensor], Any]:
    from torch.export.pt2_archive._package import AOTICompiledModel

    compiled = AOTICompiledModel(torch._C._aoti.AOTIModelPackageLoader(str(path), name, False, 1, -1))

    def call(x: Tensor) -> Any:
        fits = x.dim() == len(shape) and all(a is None or a == b for a, b in zip(shape, x.shape, strict=True))
        if not fits or x.dtype != like.dtype or x.device.type != like.device.type:
            sizes = ", ".join("n" if size is None else str(size) for size in shape)
            raise InputError(
                f"{name}: expected a {like.dtype} tensor of shape ({sizes}) on {like.device.type}, "
                f"got {x.dtype} of shape {tuple(x.shape)} on {x.device.type}."
            )
        return compiled(x.contiguous())

    return call
