"""How a support vector machine's probability changes across its input: the gradient field of P(class).

scikit-learn gives the probabilities; the wrapped module gives their gradients as well.
"""

import argparse
import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from sklearn.datasets import make_moons
from sklearn.svm import SVC

import sk2torch

mpl.use("Agg")
from matplotlib import pyplot as plt


def fit() -> tuple[SVC, np.ndarray, np.ndarray]:
    """An rbf SVM with probabilities on two noisy half moons."""
    X, y = make_moons(200, noise=0.2, random_state=0)
    with warnings.catch_warnings():
        # Newer scikit-learn prefers CalibratedClassifierCV to probability=True.
        warnings.simplefilter("ignore", FutureWarning)
        return SVC(probability=True, gamma=2.0, random_state=0).fit(X, y), X, y


def gradient_field(model: torch.nn.Module, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P(class 1) at ``points`` of shape (n, 2) and its gradient, shape (n, 2)."""
    x = torch.from_numpy(points).requires_grad_()
    probability = model.predict_proba(x)[:, 1]
    (gradient,) = torch.autograd.grad(probability.sum(), x)
    return probability.detach().numpy(), gradient.numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/svm_vector_field.png"))
    path = parser.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)

    svm, X, y = fit()
    model = sk2torch.wrap(svm)
    fine = np.stack(np.meshgrid(np.linspace(-1.8, 2.8, 200), np.linspace(-1.4, 1.9, 150)), axis=-1)
    coarse = np.stack(np.meshgrid(np.linspace(-1.7, 2.7, 28), np.linspace(-1.3, 1.8, 20)), axis=-1)
    probability, _ = gradient_field(model, fine.reshape(-1, 2))
    _, arrows = gradient_field(model, coarse.reshape(-1, 2))
    arrows = arrows.reshape(*coarse.shape)

    figure, axes = plt.subplots(figsize=(8, 5.4), layout="constrained")
    shades = axes.contourf(
        fine[..., 0],
        fine[..., 1],
        probability.reshape(fine.shape[:2]),
        levels=np.linspace(0, 1, 21),
        cmap="RdBu",
        alpha=0.75,
    )
    figure.colorbar(shades, ax=axes, label="P(class 1)", ticks=np.linspace(0, 1, 6))
    axes.quiver(coarse[..., 0], coarse[..., 1], arrows[..., 0], arrows[..., 1], width=0.0022, color="0.15")
    for label, marker, color in ((0, "o", "#b2182b"), (1, "^", "#2166ac")):
        chosen = X[y == label]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=18,
            marker=marker,
            c=color,
            edgecolors="white",
            linewidths=0.4,
            label=f"class {label}",
        )
    axes.set(title="Gradient of an SVM's probability", xlabel="$x_0$", ylabel="$x_1$")
    axes.legend(loc="upper right")
    figure.savefig(path, dpi=130)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
