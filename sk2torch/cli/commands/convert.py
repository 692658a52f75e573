"""``sk2torch convert``."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from sk2torch.cli import options
from sk2torch.cli.checking import check, read_rows, report_dict
from sk2torch.cli.estimators import load_estimator, wrapped
from sk2torch.cli.quantizing import quantized
from sk2torch.cli.reporting import Mistake, console, end, mistakes_explained, note, print_json
from sk2torch.export import read_metadata
from sk2torch.export.files import moved_into_place
from sk2torch.verification import Report


def convert(
    model: options.Model,
    out: Annotated[Path, typer.Argument(help="Artifact to write: .pt, .pt2, .onnx or .safetensors.", metavar="OUT")],
    method: Annotated[
        list[str] | None, typer.Option("--method", help="A method to keep; repeat for more. Default: all.")
    ] = None,
    dtype: Annotated[options.Dtype, typer.Option("--dtype", help="What the artifact computes in.")] = (
        options.Dtype.FLOAT64
    ),
    opset: Annotated[int | None, typer.Option("--opset", help="ai.onnx opset of an .onnx file.")] = None,
    quantize: Annotated[
        str | None,
        typer.Option("--quantize", help="Mode of sk2torch.quantize, or onnx_dynamic, onnx_static.", metavar="MODE"),
    ] = None,
    calibrate: Annotated[
        Path | None, typer.Option("--calibrate", help="Rows that --quantize measures on. Default: those of --verify.")
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", help="Compare with the estimator on these rows; on failure nothing is written."),
    ] = None,
    drop: options.Drop = None,
    tolerance: options.Tolerance = None,
    trust: options.Trust = None,
    trust_pickle: options.TrustPickle = False,
    json: options.Json = False,
) -> None:
    """Convert a fitted estimator to an artifact that runs without scikit-learn."""
    with mistakes_explained():
        _check_paths(model, out)
        estimator = load_estimator(model, trust or (), trust_pickle)
        module = wrapped(estimator, dtype.value)
        settings = _format_options(out, opset)
        rows = None if verify is None else read_rows(verify, module.encoding, drop or (), None)
        given = calibrate or verify
        sample = read_rows(given, module.encoding, drop or (), None).all if quantize and given is not None else None
        module, write = quantized(module, quantize, sample, out)
        with _written_if_passed(out) as (place, verdict):
            with console(stderr=True).status(f"writing {out.name}"):
                write(module, place, method, **settings)
            if rows is not None:
                verdict["report"] = check(estimator, place, rows, tolerance, out.name)
        report = verdict.get("report")
        _tell(out, estimator, report, json)
        end(report is None or report.passed)


def _check_paths(model: Path, out: Path) -> None:
    if out.is_dir():
        raise Mistake(f"{str(out)!r} is a folder; name a file.")
    if model.exists() and out.exists() and model.samefile(out):
        raise Mistake(f"{str(out)!r} is the model; name another file.")


def _format_options(out: Path, opset: int | None) -> dict[str, Any]:
    if opset is None:
        return {}
    if out.suffix != ".onnx":
        raise Mistake(f"--opset is for .onnx files, and {out.name!r} is none.")
    return {"opset_version": opset}


@contextlib.contextmanager
def _written_if_passed(out: Path) -> Iterator[tuple[Path, dict[str, Report]]]:
    """A path to write to, and where to put a report: the file is moved to ``out`` unless that failed."""
    verdict: dict[str, Report] = {}
    with contextlib.suppress(_Failed), moved_into_place(out) as place:
        yield place, verdict
        if "report" in verdict and not verdict["report"].passed:
            raise _Failed


class _Failed(Exception):
    """Verification did not pass."""


def _tell(out: Path, estimator: Any, report: Report | None, json: bool) -> None:
    written = report is None or report.passed
    described = read_metadata(out) if written else {}
    if not written:
        note(f"{str(out)!r} was not written: it does not answer as the estimator does.")
    if json:
        facts = {"artifact": str(out) if written else None, "n_bytes": out.stat().st_size if written else None}
        facts["estimator"] = type(estimator).__name__
        facts["methods"] = list(described.get("methods", ()))
        facts["dtype"] = described.get("dtype")
        print_json({**facts, "verification": None if report is None else report_dict(report)})
        return
    if report is not None:
        console().print(report)
    if written:
        methods = ", ".join(described["methods"])
        console().print(
            f"{out}: {type(estimator).__name__}, {methods}; {out.stat().st_size / 1e6:.2f} MB",
            highlight=False,
            markup=False,
        )
