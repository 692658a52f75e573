"""Arguments and options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Dtype(StrEnum):
    """What a model computes in."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"


Model = Annotated[
    Path,
    typer.Argument(help="Fitted estimator: .skops, or with --trust-pickle .joblib, .pkl, .pickle.", metavar="MODEL"),
]
Artifact = Annotated[Path, typer.Argument(help="Exported file: .pt, .pt2, .onnx or .safetensors.", metavar="ARTIFACT")]
Data = Annotated[Path, typer.Argument(help="Rows: .csv (with a header), .parquet or .npy.", metavar="DATA")]
Trust = Annotated[
    list[str] | None,
    typer.Option("--trust", help="A type in a .skops file that you trust; repeat for more.", metavar="TYPE"),
]
TrustPickle = Annotated[bool, typer.Option("--trust-pickle", help="Load a pickle, which runs whatever code it holds.")]
Drop = Annotated[
    list[str] | None,
    typer.Option("--drop", help="A column that is no input, such as a label; repeat for more.", metavar="COLUMN"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; all else on stderr.")]
Rows = Annotated[int | None, typer.Option("--rows", min=1, help="Use the first so many rows only.")]
Tolerance = Annotated[
    float | None, typer.Option("--tolerance", min=0, help="Largest error relative to a column's scale; by dtype.")
]
