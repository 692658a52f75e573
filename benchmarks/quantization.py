"""What modes of quantization cost and gain: ``python -m benchmarks.quantization`` prints the tables of the docs."""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import load_digits, make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import sk2torch
from sk2torch.quantization import QuantizationReport

MATRICES = ("weight_only", "dynamic", "static", "float16", "bfloat16")
SUFFIXES = (".safetensors", ".pt2", ".onnx")
WIDE = make_classification(6000, 20, n_informative=12, random_state=0)


def row(name: str, report: QuantizationReport) -> str:
    """A line of the table, of ``predict``."""
    labels = report.methods[0]
    error = max(
        (m.max_error for m in report.methods if m.method in ("predict_proba", "decision_function")), default=0.0
    )
    size = f"{report.bytes_before / 1e3:,.0f} → {report.bytes_after / 1e3:,.0f}"
    return f"| {name} | {report.mode} | {size} | {labels.agreement:.2%} | {error:.2g} | {labels.speed:.2f} |"


def matrices() -> Iterator[str]:
    """Lines of models of matrices, as modules and as ONNX files."""
    X, y = load_digits(return_X_y=True)
    linear = make_pipeline(StandardScaler(), PCA(40), LogisticRegression(max_iter=500))
    network = make_pipeline(StandardScaler(), MLPClassifier((512, 256), max_iter=12, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = {"PCA, logistic": linear.fit(X, y), "network 64-512-256-10": network.fit(X, y)}
    for name, estimator in fitted.items():
        for mode in MATRICES:
            yield row(name, sk2torch.quantize(sk2torch.wrap(estimator), mode, X).report)
    kernels = SVC().fit(X / 16.0, y)
    for mode in ("weight_only", "dynamic", "bfloat16"):
        yield row("SVC, rbf", sk2torch.quantize(sk2torch.wrap(kernels), mode, X / 16.0).report)
    with tempfile.TemporaryDirectory() as folder:
        model = sk2torch.wrap(network, dtype=torch.float32)
        source = sk2torch.export(model, Path(folder) / "model.onnx", ["predict", "predict_proba"])
        for mode in ("dynamic", "static"):
            yield row(
                "the network as .onnx, float32", sk2torch.quantize_onnx(source, source.with_stem("small"), mode, X)
            )


def forests() -> dict[str, Any]:
    """Trees over 20 numbers, fitted."""
    found = {
        "hist. boosting, 300 of 31 leaves": HistGradientBoostingClassifier(max_iter=300),
        "boosting, 100 of depth 3": GradientBoostingClassifier(random_state=0),
        "random forest, 100 of depth 10": RandomForestClassifier(100, max_depth=10, random_state=0),
        "random forest, 100": RandomForestClassifier(100, random_state=0),
    }
    return {name: estimator.fit(*WIDE) for name, estimator in found.items()}


def tree_lines(fitted: dict[str, Any]) -> Iterator[str]:
    """Lines of trees over ranks."""
    for name, estimator in fitted.items():
        for dtype in (None, torch.float32):
            model = sk2torch.wrap(estimator)
            report = sk2torch.quantize(model, "forest_ranks", WIDE[0], leaf_dtype=dtype).report
            yield row(name if dtype is None else f"{name}, float32 leaves", report)


def file_lines(fitted: dict[str, Any]) -> Iterator[str]:
    """Bytes of files of trees before and after."""
    with tempfile.TemporaryDirectory() as folder:
        for name, estimator in fitted.items():
            model = sk2torch.wrap(estimator)
            small = sk2torch.quantize(model, "forest_ranks").model
            cells = []
            for suffix in SUFFIXES:
                methods = None if suffix == ".safetensors" else ["predict_proba"]
                path = Path(folder) / f"model{suffix}"
                sizes = [sk2torch.export(m, path, methods).stat().st_size for m in (model, small)]
                cells.append(" → ".join(f"{size / 1e3:,.0f}" for size in sizes))
            yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print two tables in Markdown."""
    # Threads of other programs on the same cores would decide about the figures.
    torch.set_num_threads(1)
    print("| model | mode | kB | labels | max error | speed |\n|---|---|---:|---:|---:|---:|")
    for line in matrices():
        print(line, flush=True)
    fitted = forests()
    for line in tree_lines(fitted):
        print(line, flush=True)
    print(f"\n| trees over ranks, kB | {' | '.join(SUFFIXES)} |\n|---|{'---:|' * len(SUFFIXES)}")
    for line in file_lines(fitted):
        print(line, flush=True)


if __name__ == "__main__":
    main()
