"""The smallest changes that make a random forest read another digit, found by gradients through its soft trees.

A forest is constant between its thresholds and has no gradient. ``sk2torch.soften`` gives it one; scikit-learn's own
forest is asked whether it reads otherwise what the gradient leads to.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import sk2torch

mpl.use("Agg")
from matplotlib import pyplot as plt


def counterfactuals(
    forest: RandomForestClassifier, X: np.ndarray, target: np.ndarray, steps: int, price: float = 0.012
) -> np.ndarray:
    """For each row the nearest point on the way that ``forest`` reads as ``target``; NaN where there is none.

    Descends ``-log P(target | x) + price * |x - X|_1`` of the soft forest, whose temperature falls on the way.
    """
    model = sk2torch.soften(sk2torch.wrap(forest), temperature=0.5).requires_grad_(False)
    start, wanted = torch.from_numpy(X), torch.from_numpy(target)
    change = torch.zeros_like(start, requires_grad=True)
    optimizer = torch.optim.Adam([change], lr=0.3)
    best, distance = np.full_like(X, np.nan), np.full(len(X), np.inf)
    for temperature in np.geomspace(0.5, 0.05, steps):
        sk2torch.set_temperature(model, temperature)
        probability = model.predict_proba(start + change).gather(1, wanted.unsqueeze(1))
        loss = -probability.log().sum() + price * change.abs().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            # Pixels are 0 to 16; what hardly differs is as it was.
            change.copy_((start + change).clamp(0, 16) - start)
        point = np.where(np.abs(change.detach().numpy()) < 0.25, X, X + change.detach().numpy())
        length = np.abs(point - X).sum(axis=1)
        better = (forest.predict(point) == target) & (length < distance)
        best[better], distance[better] = point[better], length[better]
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/forest_counterfactual.png"))
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--steps", type=int, default=150)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)

    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    forest = RandomForestClassifier(options.trees, max_depth=8, random_state=0).fit(X_train, y_train)
    right = forest.predict(X_test) == y_test
    chosen = [np.flatnonzero(right & (y_test == digit))[0] for digit in range(10)]
    digits = X_test[chosen]
    # What the forest thinks second most probable.
    target = np.argsort(forest.predict_proba(digits), axis=1)[:, -2]
    others = counterfactuals(forest, digits, target, options.steps)
    found = ~np.isnan(others[:, 0])

    figure, rows = plt.subplots(3, 10, figsize=(11, 4), layout="constrained")
    for column, (before, after) in enumerate(zip(digits, others, strict=True)):
        share = forest.predict_proba([before]).max()
        rows[0, column].imshow(before.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        rows[0, column].set_title(f"{forest.predict([before])[0]} ({share:.0%})", fontsize=9)
        if found[column]:
            share = forest.predict_proba([after]).max()
            difference = (after - before).reshape(8, 8)
            rows[1, column].imshow(difference, cmap="RdBu_r", vmin=-8, vmax=8)
            rows[2, column].imshow(after.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
            rows[2, column].set_title(f"{forest.predict([after])[0]} ({share:.0%})", fontsize=9)
    for axes in rows.flat:
        axes.set(xticks=[], yticks=[])
    for axes, label in zip(rows[:, 0], ("digit", "change", "read as"), strict=True):
        axes.set_ylabel(label)
    figure.suptitle("What makes a random forest read another digit", fontsize=11)
    figure.savefig(options.output, dpi=110)

    size = np.abs(others - digits)[found]
    print(f"scikit-learn's forest reads {found.sum()} of 10 digits otherwise")
    if found.any():
        n_pixels = np.median((size > 0).sum(axis=1))
        print(f"of 64 pixels {n_pixels:.0f} change, by {size[size > 0].mean():.1f} of 16 on average")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
