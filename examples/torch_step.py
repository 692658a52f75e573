"""A convolutional network as a step of a scikit-learn pipeline, searched together with the steps beside it.

The network makes a few features of each 8 by 8 picture of a digit; a logistic regression reads them. The search is
over the network (trained in `fit` or frozen with random weights, its width and learning rate) and the steps beside it.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch import nn

from sk2torch import TorchTransformer

mpl.use("Agg")
from matplotlib import pyplot as plt


class Pictures(nn.Module):
    """Two layers of convolutions, then `width` features a picture."""

    def __init__(self, channels: int = 8, width: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(8 * channels, width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def pipeline(epochs: int) -> Pipeline:
    """Pixels, the network's features, and a classifier of these."""
    network = TorchTransformer(
        Pictures,
        loss="log_loss",
        max_epochs=epochs,
        batch_size=64,
        input_shape=(1, 8, 8),
        dtype="float32",
        random_state=0,
    )
    return Pipeline(
        [
            ("pixels", MinMaxScaler()),
            ("network", network),
            ("scale", StandardScaler()),
            ("classify", LogisticRegression()),
        ]
    )


def search(X: np.ndarray, y: np.ndarray, epochs: int, n_jobs: int) -> GridSearchCV:
    """Over the network's loss (none: frozen), its learning rate and width, and the classifier's penalty, at once."""
    shared = {"network__module__width": [2, 8], "classify__C": [0.1, 10.0]}
    grid = [
        {"network__loss": [None], **shared},
        {"network__loss": ["log_loss"], "network__lr": [0.003, 0.03], **shared},
    ]
    return GridSearchCV(pipeline(epochs), grid, cv=3, n_jobs=n_jobs).fit(X, y)


def best_by_kind(searched: GridSearchCV) -> dict[tuple[str, int], float]:
    """The best mean accuracy of frozen and trained networks of each width."""
    best: dict[tuple[str, int], float] = {}
    for setting, score in zip(searched.cv_results_["params"], searched.cv_results_["mean_test_score"], strict=True):
        kind = "frozen" if setting["network__loss"] is None else "trained"
        key = kind, setting["network__module__width"]
        best[key] = max(best.get(key, 0.0), float(score))
    return best


def draw(fitted: dict[str, Pipeline], scores: dict[tuple[str, int], float], X: np.ndarray, y: np.ndarray) -> plt.Figure:
    """Two features of held-out pictures, frozen and trained, the accuracies and the learning curve."""
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 8), layout="constrained")
    for axis, (kind, model) in zip(axes[0], fitted.items(), strict=True):
        features = model[:-1].transform(X)
        shades = axis.scatter(*features.T, c=y, cmap="tab10", vmin=-0.5, vmax=9.5, s=12, linewidths=0)
        axis.set(title=f"two features of a {kind} network", xlabel="feature 0", ylabel="feature 1")
    figure.colorbar(shades, ax=axes[0, 1], label="digit", ticks=range(10))
    names = [f"{kind}\nwidth {width}" for kind, width in scores]
    colors = ["0.6" if kind == "frozen" else "#2166ac" for kind, _ in scores]
    bars = axes[1, 0].bar(names, list(scores.values()), color=colors)
    axes[1, 0].bar_label(bars, fmt="%.3f")
    axes[1, 0].set(title="cross-validated accuracy, best of the grid", ylim=(0, 1.08))
    fitted["trained"]["network"].plot_history(axes[1, 1])
    axes[1, 1].set(title="training of two features", ylim=(0, None))
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/torch_step.png"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=None, help="of the 1,797 pictures; all by default")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)

    X, y = load_digits(return_X_y=True)
    X, y = X[: options.rows], y[: options.rows]
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    searched = search(X_train, y_train, options.epochs, options.jobs)
    print(f"best: {searched.best_params_}")
    print(f"accuracy on held-out pictures: {searched.score(X_test, y_test):.3f}")
    fitted = {
        kind: pipeline(options.epochs).set_params(network__lr=0.03, network__loss=loss).fit(X_train, y_train)
        for kind, loss in (("frozen", None), ("trained", "log_loss"))
    }
    figure = draw(fitted, best_by_kind(searched), X_test, y_test)
    figure.savefig(options.output, dpi=110)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
