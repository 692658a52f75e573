"""What modes of quantization cost and gain: ``python -m benchmarks.quantization`` prints the table of the docs."""

import tempfile
import warnings
from pathlib import Path

import torch
from sklearn.datasets import load_digits, make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import sk2torch
from sk2torch.quantization import QuantizationReport

MATRICES = ("weight_only", "dynamic", "static", "float16", "bfloat16")


def row(name: str, report: QuantizationReport) -> str:
    """A line of the table, of ``predict``."""
    labels = report.methods[0]
    error = max(
        (m.max_error for m in report.methods if m.method in ("predict_proba", "decision_function")), default=0.0
    )
    size = f"{report.bytes_before / 1e3:,.0f} → {report.bytes_after / 1e3:,.0f}"
    return f"| {name} | {report.mode} | {size} | {labels.agreement:.2%} | {error:.2g} | {labels.speed:.2f} |"


def main() -> None:
    """Print a table in Markdown."""
    # Threads of other programs on the same cores would decide about the figures.
    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    wide, target = make_classification(6000, 20, n_informative=12, random_state=0)
    network = make_pipeline(StandardScaler(), MLPClassifier((512, 256), max_iter=12, random_state=0))
    linear = make_pipeline(StandardScaler(), PCA(40), LogisticRegression(max_iter=500))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrices = {"PCA, logistic": linear.fit(X, y), "network 64-512-256-10": network.fit(X, y)}
    kernels = SVC().fit(X / 16.0, y)
    forests = {
        "hist. boosting, 300 of 31 leaves": HistGradientBoostingClassifier(max_iter=300).fit(wide, target),
        "random forest, 100": RandomForestClassifier(100, random_state=0).fit(wide, target),
    }
    print("| model | mode | kB | labels | max error | speed |\n|---|---|---:|---:|---:|---:|")
    for name, estimator in matrices.items():
        for mode in MATRICES:
            print(row(name, sk2torch.quantize(sk2torch.wrap(estimator), mode, X).report), flush=True)
    for mode in ("weight_only", "dynamic", "bfloat16"):
        print(row("SVC, rbf", sk2torch.quantize(sk2torch.wrap(kernels), mode, X / 16.0).report), flush=True)
    for name, estimator in forests.items():
        for dtype in (None, torch.float32):
            report = sk2torch.quantize(sk2torch.wrap(estimator), "forest_ranks", wide, leaf_dtype=dtype).report
            print(row(name if dtype is None else f"{name}, float32 leaves", report), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        model = sk2torch.wrap(matrices["network 64-512-256-10"], dtype=torch.float32)
        source = sk2torch.export(model, Path(folder) / "model.onnx")
        for mode in ("dynamic", "static"):
            report = sk2torch.quantize_onnx(source, Path(folder) / "small.onnx", mode, X)
            print(row("the network as .onnx, float32", report), flush=True)


if __name__ == "__main__":
    main()
