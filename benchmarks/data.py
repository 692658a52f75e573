"""Data sets of the benchmarks: drawn from a fixed seed, or bundled with a package."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from sklearn.datasets import make_classification, make_regression

ROOT = Path(__file__).parent.parent
# A 31-leaf tree has categories of this many values.
N_CATEGORIES = 12


def drawn(n: int, n_features: int, seed: int = 1) -> np.ndarray:
    """Standard normal rows, shape (n, n_features)."""
    return np.random.default_rng(seed).standard_normal((n, n_features))


def classes(
    n: int, n_features: int, n_classes: int = 2, noise: float = 0.1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of overlapping classes, ``noise`` of whose labels are at random."""
    X, y = make_classification(
        n,
        n_features,
        n_informative=max(4, n_features // 2),
        n_classes=n_classes,
        flip_y=noise,
        random_state=seed,
        shuffle=True,
    )
    return X / X.std(axis=0), y


def responses(n: int, n_features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows and a smooth, noisy function of them of unit variance."""
    X, y = make_regression(n, n_features, n_informative=n_features // 2, noise=5.0, random_state=seed)[:2]
    return X, np.tanh(y / y.std()) + 0.1 * drawn(n, 1, seed + 1)[:, 0]


def gaps(n: int, n_features: int, n_categorical: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows with a tenth of their cells missing, the first columns categories, and labels that depend on both."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_features))
    X[:, :n_categorical] = rng.integers(0, N_CATEGORIES, (n, n_categorical))
    odd = (X[:, :n_categorical] % 3 == 1).sum(axis=1)
    y = (odd + X[:, n_categorical:].sum(axis=1) / 3 + rng.standard_normal(n) > n_categorical / 3).astype(int)
    X[rng.random((n, n_features)) < 0.1] = np.nan
    return X, y


def flights_example() -> ModuleType:
    """``examples/flights.py``, whose pipelines are measured."""
    name = "sk2torch_flights_example"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / "flights.py")
        if spec is None or spec.loader is None:
            raise ImportError("examples/flights.py is missing")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def flights(n_train: int, n_query: int) -> tuple[Any, np.ndarray, Any]:
    """Flights to fit on, whether each was late, and other flights."""
    X, late = flights_example().load_flights()
    order = np.random.default_rng(0).permutation(len(X))
    train, query = order[:n_train], order[len(order) - n_query :]
    return X.iloc[train].reset_index(drop=True), late[train], X.iloc[query].reset_index(drop=True)


def documents(n: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts of three sentences out of scikit-learn's descriptions of its data sets, and which description."""
    import sklearn

    folder = Path(sklearn.__file__).parent / "datasets" / "descr"
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.rst"))]
    sentences = [[s.strip() for s in re.split(r"[.\n]{2,}|\.\s", text) if len(s.split()) > 4] for text in texts]
    sentences = [group for group in sentences if len(group) > 10]
    rng = np.random.default_rng(seed)
    topics = rng.integers(0, len(sentences), n)
    picks = rng.random((n, 3))
    found = [
        ". ".join(sentences[t][int(p * len(sentences[t]))] for p in row) for t, row in zip(topics, picks, strict=True)
    ]
    return found, topics
