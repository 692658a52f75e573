"""What fine-tuning gains: ``python -m benchmarks.fine_tuning`` writes ``docs/fine-tuning.md`` and its picture.

Each estimator, as scikit-learn fits it on all training rows, beside ``TunedClassifier`` or ``TunedRegressor`` of it,
which holds out a part of these rows to stop early. Scores are on rows that neither has seen: the log loss of
probabilities, the squared error of numbers.
"""

import argparse
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from scipy import stats
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, SVR

from sk2torch import TunedClassifier, TunedRegressor

from . import records
from .data import flights_example

FLIGHTS = {"train": 4000, "test": 4000}
STRINGS = ["carrier", "origin", "dest", "manufacturer"]
# Chosen on other seeds, one for all data sets.
SETTINGS: dict[str, dict[str, Any]] = {
    "Nystroem + linear": {"lr": 3e-3},
    "rbf SVM": {"lr": 1e-3},
    "MLP": {"lr": 3e-4},
    "softened boosting": {"lr": 3e-3, "temperature": 0.4},
}
COMMON = {"max_epochs": 60, "batch_size": 64, "early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 8}

INTRODUCTION = """# What fine-tuning gains

`python -m benchmarks.fine_tuning` writes this page. Each pipeline as scikit-learn fits it on all training rows, beside
`TunedClassifier` or `TunedRegressor` of it, which hold out a fifth of these rows from both fits to stop early. Scores
are on rows that neither has seen: log loss, or for diabetes the squared error of the standardised target; less is
better. The change is relative to the score before, with a 95 % t-interval over {seeds} seeds, each with a split and
fits of its own. Settings are one set per kind of model, chosen on other seeds; flights are samples of 4,000 rows.
Hyperparameters are fixed for both: a search over gamma and C would find a part of what tuning gains with few landmarks.

![Relative change of the score by tuning](images/fine_tuning.png)
"""


def flights(seed: int) -> tuple[Any, np.ndarray]:
    """A sample of the flights of the examples, whether each was late."""
    X, y = flights_example().load_flights()
    rows = np.random.default_rng(seed).permutation(len(X))[: sum(FLIGHTS.values())]
    return X.iloc[rows].reset_index(drop=True), y[rows]


DATA: dict[str, Callable[[int], Any]] = {
    "breast cancer": lambda seed: load_breast_cancer(return_X_y=True),
    "wine": lambda seed: load_wine(return_X_y=True),
    "digits": lambda seed: load_digits(return_X_y=True),
    "diabetes": lambda seed: load_diabetes(return_X_y=True),
    "flights": flights,
}


def columns(name: str, is_trees: bool) -> Any:
    """What comes before the model: numbers are scaled, the strings of flights encoded."""
    if name != "flights":
        return StandardScaler()
    if is_trees:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        return ColumnTransformer([("strings", encoder, STRINGS)], remainder=StandardScaler())
    numbers = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    strings = OneHotEncoder(handle_unknown="ignore", min_frequency=50)
    return ColumnTransformer([("strings", strings, STRINGS)], remainder=numbers)


def estimator(name: str, model: str, seed: int) -> Pipeline:
    """The pipeline that is fitted, and tuned."""
    labels = name != "diabetes"
    trees: dict[str, Any] = {"max_iter": 40, "max_leaf_nodes": 8, "random_state": seed}
    if name == "flights":
        trees["categorical_features"] = list(range(len(STRINGS)))
    network: dict[str, Any] = {"hidden_layer_sizes": (32,), "max_iter": 300, "random_state": seed}
    kernel = ("kernel", Nystroem(n_components=60, gamma=0.02, random_state=seed))
    last: dict[str, list[tuple[str, Any]]] = {
        "Nystroem + linear": [kernel, ("model", LogisticRegression(max_iter=2000) if labels else Ridge())],
        "rbf SVM": [("model", CalibratedClassifierCV(SVC(), ensemble=False) if labels else SVR())],
        "MLP": [("model", (MLPClassifier if labels else MLPRegressor)(**network))],
        "softened boosting": [
            ("model", (HistGradientBoostingClassifier if labels else HistGradientBoostingRegressor)(**trees))
        ],
    }
    return Pipeline([("columns", columns(name, model == "softened boosting")), *last[model]])


def score(fitted: Any, X: Any, y: np.ndarray) -> float:
    """The model's own proper score; less is better."""
    if is_classifier(fitted):
        return float(log_loss(y, fitted.predict_proba(X), labels=fitted.classes_))
    return float(mean_squared_error(y, fitted.predict(X)))


def run(name: str, model: str, seed: int) -> tuple[str, str, int, float, float, int]:
    """Scores of the fitted and of the tuned model, and the epochs of the tuning, on one split."""
    torch.set_num_threads(1)
    X, y = DATA[name](seed)
    labels = name != "diabetes"
    size = FLIGHTS["test"] if name == "flights" else 0.3
    parts = train_test_split(X, y, test_size=size, random_state=seed, stratify=y if labels else None)
    X_train, X_test, y_train, y_test = parts
    if not labels:
        center, scale = y_train.mean(), y_train.std()
        y_train, y_test = (y_train - center) / scale, (y_test - center) / scale
    pipeline = estimator(name, model, seed)
    kind = TunedClassifier if labels else TunedRegressor
    with warnings.catch_warnings():
        # Networks that stop at their number of iterations.
        warnings.simplefilter("ignore")
        before = clone(pipeline).fit(X_train, y_train)
        after = kind(pipeline, random_state=seed, **COMMON, **SETTINGS[model]).fit(X_train, y_train)
        return name, model, seed, score(before, X_test, y_test), score(after, X_test, y_test), after.n_iter_


def measure(tasks: list[tuple[str, str, int]], workers: int, path: Path) -> list[Any]:
    """All runs, with a bar; those that the file has of this code are not repeated, so an interruption loses little."""
    known = records.read(path)
    runs = known["runs"] if known.get("source") == records.sources() else []
    runs = [found for found in runs if tuple(found[:3]) in tasks]
    left = [task for task in tasks if list(task) not in [found[:3] for found in runs]]
    with ProcessPoolExecutor(workers) as pool:
        running = [pool.submit(run, *task) for task in left]
        for task in track(as_completed(running), "runs", len(running)):
            runs.append(list(task.result()))
            records.write(path, {"source": records.sources(), "runs": sorted(runs)})
    return sorted(runs)


def summary(runs: list[Any]) -> list[dict[str, Any]]:
    """Per data set and model the mean scores, and the relative change with its interval of 95 %."""
    rows = []
    for name in DATA:
        for model in SETTINGS:
            found = np.array([r[3:] for r in runs if r[0] == name and r[1] == model], dtype=float)
            if not len(found):
                continue
            change = (found[:, 1] - found[:, 0]) / found[:, 0].mean()
            low, high = stats.t.interval(0.95, len(change) - 1, change.mean(), stats.sem(change) or 1e-12)
            rows.append({
                "data": name, "model": model, "seeds": len(found), "before": found[:, 0].mean(),
                "after": found[:, 1].mean(), "epochs": found[:, 2].mean(), "change": change.mean(),
                "low": float(low), "high": float(high),
            })  # fmt: skip
    return rows


def verdict(row: dict[str, Any]) -> str:
    """What the interval says."""
    return "better" if row["high"] < 0 else "worse" if row["low"] > 0 else "no clear difference"


def page(rows: list[dict[str, Any]]) -> str:
    """The document."""
    kinds = {kind: [r for r in rows if verdict(r) == kind] for kind in ("better", "no clear difference", "worse")}
    listed = {kind: "; ".join(f"{r['model']} on {r['data']}" for r in found) or "none" for kind, found in kinds.items()}
    lines = [
        INTRODUCTION.format(seeds=rows[0]["seeds"]),
        "| data | model | fitted | tuned | change | 95 % interval | epochs | tuned is |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for r in rows:
        interval = f"{r['low']:+.1%} … {r['high']:+.1%}"
        lines.append(
            f"| {r['data']} | {r['model']} | {r['before']:.4f} | {r['after']:.4f} | {r['change']:+.1%} | {interval} "
            f"| {r['epochs']:.0f} | {verdict(r)} |"
        )
    lines += [
        "",
        f"Tuning wins clearly in {len(kinds['better'])} of {len(rows)} cases: {listed['better']}.",
        "",
        f"It makes no clear difference for: {listed['no clear difference']}.",
        "",
        f"It does not win, and costs the rows that are held out, for: {listed['worse']}.",
        "",
    ]
    return "\n".join(lines)


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Changes with their intervals, a panel per data set."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(r["data"] for r in rows))
    figure, axes = plt.subplots(1, len(names), figsize=(3 * len(names), 2.8), sharey=True, layout="constrained")
    for axis, name in zip(np.atleast_1d(axes), names, strict=True):
        found = [r for r in rows if r["data"] == name][::-1]
        for place, r in enumerate(found):
            color = {"better": "#1b7837", "worse": "#b2182b"}.get(verdict(r), "0.5")
            axis.errorbar(
                100 * r["change"], place, xerr=[[100 * (r["change"] - r["low"])], [100 * (r["high"] - r["change"])]],
                fmt="o", color=color, capsize=3,
            )  # fmt: skip
        axis.axvline(0, color="black", linewidth=0.8)
        axis.set(title=name, xlabel="change of the score, %")
        axis.set_yticks(range(len(found)), [r["model"] for r in found])
        axis.grid(axis="x", linewidth=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--models", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, default=records.ROOT / "docs" / "fine-tuning.md")
    parser.add_argument("--results", type=Path, default=records.RESULTS / "fine_tuning.json")
    options = parser.parse_args()
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    tasks = [(name, model, seed) for name in options.data for model in options.models for seed in seeds]
    runs = measure(tasks, options.workers, options.results)
    rows = summary(runs)
    options.output.write_text(page(rows))
    (options.output.parent / "images").mkdir(exist_ok=True)
    plot(rows, options.output.parent / "images" / "fine_tuning.png")
    for r in rows:
        print(f"{r['data']:14} {r['model']:18} {r['before']:.4f} -> {r['after']:.4f}  {r['change']:+.1%}  {verdict(r)}")


if __name__ == "__main__":
    main()
