"""``sk2torch predict``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sk2torch.cli import options
from sk2torch.cli.reading import Source, gathered, open_source
from sk2torch.cli.reporting import Mistake, console, mistakes_explained, note, print_json
from sk2torch.cli.results import check_method
from sk2torch.cli.schema import Picked, pick
from sk2torch.cli.writing import SINKS, check_output
from sk2torch.export import read_metadata
from sk2torch.export.files import moved_into_place
from sk2torch.export.metadata import encoding_of
from sk2torch.predictor import Predictor

# Rows that are read, answered and written at a time.
BATCH_SIZE = 16384
# Rows that the model answers at a time, at most: what it computes on the way may be much wider.
_MODEL_ROWS = 4096


def predict(
    artifact: options.Artifact,
    data: options.Data,
    out: Annotated[Path, typer.Argument(help="Where to: .csv, .parquet or .npy.", metavar="OUT")],
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="A method to answer with; repeat for more. Default: the model's first."),
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Rows that are read, answered and written at a time.")
    ] = BATCH_SIZE,
    drop: options.Drop = None,
    json: options.Json = False,
) -> None:
    """Answer for every row of a file, in bounded memory; OUT appears only when it is complete."""
    with mistakes_explained():
        described = read_metadata(artifact)
        check_output(out, data)
        methods = method or list(described["methods"])[:1]
        for name in methods:
            check_method(name, list(described["methods"]))
        if out.suffix == ".npy" and len(methods) > 1:
            raise Mistake("a .npy file holds one array: name one --method, or write .csv or .parquet.")
        source = open_source(data)
        picked = pick(encoding_of(described), source.names, source.width, drop or ())
        predictor = Predictor(artifact, batch_size=min(batch_size, _MODEL_ROWS))
        blocks = _blocks(source, picked, batch_size, described.get("couples_rows", False))
        n_rows = _write(predictor, methods, blocks, source.n_rows, out)
        if json:
            print_json({"artifact": str(artifact), "output": str(out), "methods": methods, "n_rows": n_rows})
        console(stderr=True).print(f"{out}: {', '.join(methods)} of {n_rows:,} rows", highlight=False, markup=False)


def _blocks(source: Source, picked: Picked, size: int, couples_rows: bool) -> Iterator[Any]:
    if couples_rows:
        note("the model's answers depend on all rows together, so they are in memory together.")
        yield picked.for_predictor(gathered(source, picked))
        return
    for block in source.blocks(picked, size):
        yield picked.for_predictor(block)


def _write(predictor: Predictor, methods: list[str], blocks: Iterator[Any], total: int | None, out: Path) -> int:
    count = 0
    classes = getattr(predictor, "classes_", None)
    with (
        moved_into_place(out) as place,
        SINKS[out.suffix](place, classes) as sink,
        _progress(total) as progress,
    ):
        task = progress.add_task("rows", total=total)
        for block in blocks:
            sink.add({method: getattr(predictor, method)(block) for method in methods})
            count += len(block)
            progress.update(task, completed=count)
    return count


def _progress(total: int | None) -> Progress:
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    if total is not None:
        columns.append(TimeRemainingColumn())
    return Progress(*columns, console=console(stderr=True), transient=True)
