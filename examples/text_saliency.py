"""Which words decide: the gradient of a text classifier's score with respect to its tf-idf features, word by word.

The texts are sentences out of scikit-learn's descriptions of its data sets; the classifier, a network on tf-idf
features, tells which data set a sentence is about. The wrapped modules give the gradient of its answer as well.
"""

import argparse
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import sklearn
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline

import sk2torch

mpl.use("Agg")
from matplotlib import pyplot as plt

TOPICS = [
    "breast_cancer",
    "california_housing",
    "diabetes",
    "digits",
    "iris",
    "lfw",
    "species_distributions",
    "wine_data",
]


def sentences() -> tuple[list[str], list[str]]:
    """Sentences of more than seven words, and the data set that each is about."""
    folder = Path(sklearn.__file__).parent / "datasets" / "descr"
    texts, topics = [], []
    for topic in TOPICS:
        text = (folder / f"{topic}.rst").read_text(encoding="utf-8")
        found = [" ".join(part.split()) for part in re.split(r"\n\s*\n|\.\s", text)]
        found = [part for part in found if len(re.findall(r"[A-Za-z]{3,}", part)) > 7 and len(part) < 400]
        texts += found
        topics += [topic] * len(found)
    return texts, topics


def saliency(pipeline: Pipeline, texts: list[str]) -> np.ndarray:
    """What each term adds to the log-probability of the predicted class, to first order: shape ``(n_texts, n_terms)``.

    ``x * d log P / dx`` for the tf-idf features ``x``.
    """
    vectorizer, classifier = (sk2torch.wrap(step) for step in pipeline)
    with torch.no_grad():
        features = vectorizer.transform(vectorizer.encode(texts)).to_dense()
    features.requires_grad_()
    best = classifier.predict_proba(features).amax(dim=1)
    (slope,) = torch.autograd.grad(best.log().sum(), features)
    return (slope * features).detach().numpy()


def draw(axes: plt.Axes, text: str, title: str, weight: dict[str, float], scale: float) -> None:
    """A text whose words are shaded: red where they speak for the answer, blue where against."""
    axes.set_axis_off()
    axes.set_title(title, fontsize=9, loc="left")
    renderer = axes.figure.canvas.get_renderer()
    x, y = 0.0, 0.95
    for word in text.split():
        terms = re.findall(r"\b\w\w+\b", word.lower())
        strength = sum(weight.get(term, 0.0) for term in terms) / scale
        box = {
            "facecolor": plt.get_cmap("RdBu_r")(0.5 + 0.4 * np.clip(strength, -1, 1)),
            "edgecolor": "none",
            "pad": 1.2,
        }
        label = axes.text(x, y, word, fontsize=8.5, va="top", family="DejaVu Sans", bbox=box, transform=axes.transAxes)
        extent = label.get_window_extent(renderer).transformed(axes.transAxes.inverted())
        if extent.x1 > 1.0 and x > 0:
            x, y = 0.0, y - 1.45 * extent.height
            label.set_position((x, y))
        x += extent.width + 0.008


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/images/text_saliency.png"))
    parser.add_argument("--epochs", type=int, default=200)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)

    texts, topics = sentences()
    texts_train, texts_test, y_train, y_test = train_test_split(texts, topics, stratify=topics, random_state=0)
    network = MLPClassifier((32,), solver="lbfgs", alpha=0.01, max_iter=options.epochs, random_state=0)
    pipeline = make_pipeline(TfidfVectorizer(stop_words="english", sublinear_tf=True), network).fit(
        texts_train, y_train
    )
    print(
        f"{len(texts_train)} sentences, accuracy on {len(texts_test)} others: {pipeline.score(texts_test, y_test):.2f}"
    )

    answer, probability = pipeline.predict(texts_test), pipeline.predict_proba(texts_test).max(axis=1)
    # One sentence of each of four topics, the surest first.
    right = [i for i in np.argsort(-probability) if answer[i] == y_test[i] and 90 < len(texts_test[i]) < 260]
    chosen = list({answer[i]: i for i in reversed(right)}.values())[:4]
    shown = [texts_test[i] for i in chosen]
    weights = saliency(pipeline, shown)
    terms = pipeline[0].get_feature_names_out()

    figure, rows = plt.subplots(len(chosen), 1, figsize=(9, 0.4 + 0.72 * len(chosen)), squeeze=False)
    figure.subplots_adjust(left=0.02, right=0.98, top=0.84, bottom=0.02, hspace=0.6)
    figure.suptitle("Words that speak for the answer (red) and against it (blue)", fontsize=11)
    for axes, row, i in zip(rows[:, 0], weights, chosen, strict=True):
        title = f"{answer[i]} ({probability[i]:.0%})"
        draw(axes, texts_test[i], title, dict(zip(terms, row, strict=True)), np.abs(row).max())
        strongest = ", ".join(terms[j] for j in np.argsort(-row)[:4])
        print(f"{title}: {strongest}")
    figure.savefig(options.output, dpi=110)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
