"""Options of ``convert`` that belong to a format of artifacts."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sk2torch.cli.reporting import Mistake

TRITON = "triton"
# Option of ``export``, as it is called on the command line, and the formats that take it.
_OPTIONS = {
    "opset_version": ("--opset", (".onnx", TRITON)),
    "table": ("--table", (".onnx", TRITON)),
    "trees": ("--trees", (".onnx", TRITON)),
    "blocks": ("--blocks", (".onnx", TRITON)),
    "aot": ("--aot", (".pt2",)),
    "backend": ("--backend", (TRITON,)),
    "max_batch_size": ("--max-batch-size", (TRITON,)),
}


class Format(StrEnum):
    """Formats that a suffix does not say."""

    TRITON = TRITON


class TreeOperators(StrEnum):
    """How an ONNX graph has its trees."""

    STANDARD = "standard"
    ENSEMBLE = "TreeEnsemble"


class Backend(StrEnum):
    """What runs a model in Triton."""

    ONNX = "onnx"
    PYTORCH = "pytorch"


FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="triton: OUT is the folder of a model in a repository. Default: by suffix."),
]
Opset = Annotated[int | None, typer.Option("--opset", min=18, help="ONNX: opset of ai.onnx.")]
TakesTable = Annotated[
    bool | None,
    typer.Option(
        "--table/--no-table", help="ONNX: take the raw table, words too; or what encode gives. Default: where it can."
    ),
]
Trees = Annotated[
    TreeOperators | None,
    typer.Option("--trees", help="ONNX: standard, the default, runs anywhere; TreeEnsemble is faster on CPUs."),
]
Blocks = Annotated[bool, typer.Option("--blocks", help="ONNX: kernels in blocks of rows, in bounded memory.")]
AheadOfTime = Annotated[bool, typer.Option("--aot", help=".pt2: add code compiled for this processor.")]
TritonBackend = Annotated[Backend | None, typer.Option("--backend", help="Triton: what runs the model. Default: onnx.")]
MaxBatchSize = Annotated[
    int | None, typer.Option("--max-batch-size", min=0, help="Triton: most rows that are put together. Default: 1024.")
]


def format_options(out: Path, format: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """What ``export`` is told beyond the methods.

    Args:
        out: where to.
        format: if the suffix does not say it.
        given: options by the names that ``export`` has; None or False where the user gave none.

    Raises:
        Mistake: an option of another format.
    """
    # `--no-table` is a choice, too.
    settings = {n: value for n, value in given.items() if value is not None and (value is not False or n == "table")}
    for name in settings:
        flag, formats = _OPTIONS[name]
        if (format or out.suffix) not in formats:
            takers = " and ".join("--format triton" if f == TRITON else f"{f} files" for f in formats)
            raise Mistake(f"{flag} is for {takers}, and {out.name!r} is none.")
    settings = {name: value.value if isinstance(value, StrEnum) else value for name, value in settings.items()}
    return settings if format is None else {**settings, "format": format}
