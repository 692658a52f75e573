"""``sk2torch convert``."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from sk2torch.cli import format_options, options, quantizing
from sk2torch.cli.checking import check, read_rows, report_dict
from sk2torch.cli.estimators import load_estimator, wrapped
from sk2torch.cli.reporting import Mistake, console, end, mistakes_explained, note, print_json
from sk2torch.export import model_file, read_metadata
from sk2torch.export.files import folder_moved_into_place, moved_into_place
from sk2torch.export.metadata import file_bytes
from sk2torch.export.writing import REPOSITORY_FILE
from sk2torch.quantization import QuantizationReport
from sk2torch.verification import Report


def convert(
    model: options.Model,
    out: Annotated[
        Path, typer.Argument(help="To write: .pt, .pt2, .onnx, .safetensors, or with --format a folder.", metavar="OUT")
    ],
    method: Annotated[
        list[str] | None, typer.Option("--method", help="A method to keep; repeat for more. Default: all.")
    ] = None,
    dtype: Annotated[options.Dtype, typer.Option("--dtype", help="What the artifact computes in.")] = (
        options.Dtype.FLOAT64
    ),
    format: format_options.FormatOption = None,
    opset: format_options.Opset = None,
    table: format_options.TakesTable = None,
    trees: format_options.Trees = None,
    blocks: format_options.Blocks = False,
    aot: format_options.AheadOfTime = False,
    backend: format_options.TritonBackend = None,
    max_batch_size: format_options.MaxBatchSize = None,
    quantize: quantizing.Mode = None,
    calibrate: quantizing.Calibrate = None,
    leaf_dtype: quantizing.Leaves = None,
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
        given = {"opset_version": opset, "table": table, "trees": trees, "blocks": blocks, "aot": aot}
        given |= {"backend": backend, "max_batch_size": max_batch_size}
        settings = format_options.format_options(out, format, given)
        _check_paths(model, out, is_folder=format is not None)
        estimator = load_estimator(model, trust or (), trust_pickle)
        module = wrapped(estimator, dtype.value)
        rows = None if verify is None else read_rows(verify, module.encoding, drop or (), None)
        asked = calibrate or verify
        sample = read_rows(asked, module.encoding, drop or (), None).all if quantize and asked is not None else None
        small = quantizing.quantized(module, quantize, sample, out, leaf_dtype)
        with _written_if_passed(out, is_folder=format is not None) as (place, verdict):
            with console(stderr=True).status(f"writing {out.name}"):
                small.write(small.model, place, method, **settings)
            if rows is not None:
                verdict["report"] = check(estimator, model_file(place), rows, tolerance, out.name)
        report = verdict.get("report")
        _tell(out, estimator, report, small.reports, json)
        end(report is None or report.passed)


def _check_paths(model: Path, out: Path, is_folder: bool) -> None:
    if out.is_dir() and not is_folder:
        raise Mistake(f"{str(out)!r} is a folder; name a file.")
    if model.exists() and out.exists() and model.samefile(out):
        raise Mistake(f"{str(out)!r} is the model; name another file.")


@contextlib.contextmanager
def _written_if_passed(out: Path, is_folder: bool) -> Iterator[tuple[Path, dict[str, Report]]]:
    """A path to write to, and where to put a report: what is there is moved to ``out`` unless that failed."""
    verdict: dict[str, Report] = {}
    moved = folder_moved_into_place(out, REPOSITORY_FILE) if is_folder else moved_into_place(out)
    with contextlib.suppress(_Failed), moved as place:
        yield place, verdict
        if "report" in verdict and not verdict["report"].passed:
            raise _Failed


class _Failed(Exception):
    """Verification did not pass."""


def _tell(
    out: Path, estimator: Any, report: Report | None, quantizations: list[QuantizationReport], json: bool
) -> None:
    written = report is None or report.passed
    described = read_metadata(model_file(out)) if written else {}
    n_bytes = file_bytes(model_file(out), described) if written else None
    if not written:
        note(f"{str(out)!r} was not written: it does not answer as the estimator does.")
    if json:
        facts = {"artifact": str(out) if written else None, "n_bytes": n_bytes}
        facts["estimator"] = type(estimator).__name__
        facts["methods"] = list(described.get("methods", ()))
        facts["dtype"] = described.get("dtype")
        facts["quantization"] = dataclasses.asdict(quantizations[0]) if quantizations else None
        print_json({**facts, "verification": None if report is None else report_dict(report)})
        return
    if report is not None:
        console().print(report)
    if n_bytes is not None:
        methods = ", ".join(described["methods"])
        console().print(
            f"{out}: {type(estimator).__name__}, {methods}; {n_bytes / 1e6:.2f} MB", highlight=False, markup=False
        )
