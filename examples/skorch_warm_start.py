"""A fitted scikit-learn pipeline as the module of skorch's NeuralNetClassifier: training goes on from the fit.

A Nystroem approximation with few landmarks and a logistic regression; gradients move the landmarks, too.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from skorch import NeuralNetClassifier
from skorch.callbacks import EpochScoring

import sk2torch

mpl.use("Agg")
from matplotlib import pyplot as plt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/skorch_warm_start.png"))
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y.astype(np.int64), stratify=y, random_state=0)
    features = Nystroem(gamma=0.1, n_components=20, random_state=0)
    pipeline = make_pipeline(MinMaxScaler(), features, LogisticRegression(max_iter=1000)).fit(X_train, y_train)
    before = log_loss(y_test, pipeline.predict_proba(X_test))

    torch.manual_seed(0)
    held_out = EpochScoring(
        lambda net, X, y: log_loss(y_test, net.predict_proba(X_test)), name="held_out", on_train=True, use_caching=False
    )
    net = NeuralNetClassifier(
        # skorch calls forward, which is predict_proba here; its criterion takes the logarithm.
        module=sk2torch.method_module(sk2torch.wrap(pipeline), "predict_proba"),
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=options.epochs,
        batch_size=64,
        train_split=None,
        iterator_train__shuffle=True,
        callbacks=[held_out],
        verbose=0,
    )
    net.fit(X_train, y_train)

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(net.history[:, "epoch"], net.history[:, "train_loss"], label="training")
    axes.plot(net.history[:, "epoch"], net.history[:, "held_out"], label="held-out digits")
    axes.axhline(before, color="0.4", linestyle="--", label="held-out digits, as fitted by scikit-learn")
    axes.set(title="A fitted pipeline trained on in skorch", xlabel="epoch", ylabel="log loss", ylim=(0, None))
    axes.legend()
    figure.savefig(options.output, dpi=110)
    print(f"log loss on held-out digits: {before:.3f} as fitted, {net.history[-1]['held_out']:.3f} after training")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
