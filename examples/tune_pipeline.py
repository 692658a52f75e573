"""A fitted pipeline tuned end to end by gradients, and put back into scikit-learn.

Pixels of digits are scaled, mapped to a few kernel features and classified. scikit-learn fits one step after the other;
`TunedClassifier` goes on from there and moves scales, landmarks, the kernel's width and the weights together. What
comes back is an ordinary Pipeline.
"""

import argparse
import pickle
from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

from sk2torch import TunedClassifier

mpl.use("Agg")
from matplotlib import pyplot as plt

# What is trained, and how the curve is called.
VARIANTS = {
    "the classifier alone": {"train_only": "classify"},
    "all but the scaler": {"freeze": "pixels"},
    "all steps, landmarks slowly": {"lr__rows": 1e-3},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/tune_pipeline.png"))
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    kernel = Nystroem(gamma=0.1, n_components=20, random_state=0)
    steps = [("pixels", MinMaxScaler()), ("kernel", kernel), ("classify", LogisticRegression(max_iter=1000))]
    fitted = Pipeline(steps).fit(X_train, y_train)
    print(f"log loss on held-out digits: {log_loss(y_test, fitted.predict_proba(X_test)):.3f} as fitted")

    tuned = {}
    for name, settings in VARIANTS.items():
        model = TunedClassifier(fitted, prefit=True, lr=0.01, max_epochs=options.epochs, batch_size=64, random_state=0)
        model.set_params(early_stopping=True, validation_fraction=0.2, **settings).fit(X_train, y_train)
        tuned[name] = model
        print(f"{log_loss(y_test, model.predict_proba(X_test)):.3f} with {name}, {model.n_iter_} epochs")

    # Back in scikit-learn: a Pipeline with other numbers, which needs neither sk2torch nor torch.
    pipeline = tuned["all but the scaler"].estimator_
    again = pickle.loads(pickle.dumps(pipeline))
    difference = np.abs(again.predict_proba(X_test) - tuned["all but the scaler"].predict_proba(X_test)).max()
    print(f"{type(again).__module__}.{type(again).__name__}, {difference:.0e} from the tuned module")

    draw(fitted, tuned, pipeline, log_loss(y_test, fitted.predict_proba(X_test))).savefig(options.output, dpi=110)
    print(f"wrote {options.output}")


def draw(fitted: Pipeline, tuned: dict[str, TunedClassifier], pipeline: Pipeline, before: float) -> plt.Figure:
    """Learning curves, and landmarks before and after."""
    figure = plt.figure(figsize=(10, 4.2), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=[1.2, 1])
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    axis = left.subplots()
    for k, (name, model) in enumerate(tuned.items()):
        epochs = [row["epoch"] for row in model.history_]
        axis.plot(epochs, [row["valid_loss"] for row in model.history_], color=f"C{k}", label=name)
        axis.plot(epochs, [row["train_loss"] for row in model.history_], color=f"C{k}", linestyle=":")
    axis.axhline(before, color="0.4", linestyle="--", label="as fitted, other digits")
    axis.set(title="training (dotted) and rows held out", xlabel="epoch", ylabel="log loss", ylim=(0, None))
    axis.legend()
    right.suptitle("landmarks of the kernel: fitted, tuned")
    for row, model in zip(right.subplots(2, 5), (fitted, pipeline), strict=True):
        for axis, landmark in zip(row, model["kernel"].components_, strict=False):
            axis.imshow(landmark.reshape(8, 8), cmap="gray_r")
            axis.set_axis_off()
    return figure


if __name__ == "__main__":
    main()
