"""Saved models of each format version, kept so that later versions are known to read them.

``python -m tests.persistence.fixtures`` writes those of the present version; a version's files are never changed.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import sk2torch
from sk2torch.base import METHODS, methods_of
from sk2torch.export.metadata import FORMAT_VERSION

FOLDER = Path(__file__).parent.parent / "data" / "safetensors"


def _numbers() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(40, 4)).round(2)


def _words() -> np.ndarray:
    X = _numbers()
    return np.array(["low", "middle", "high"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]


def table(name: str) -> Any:
    """What a fixture is asked."""
    if name == "text":
        return [f"{word} and {other} again" for word, other in zip(_words(), _words()[::-1], strict=True)]
    if name == "mixed":
        X = _numbers()
        return pd.DataFrame({"size": X[:, 0], "kind": _words(), "weight": np.where(X[:, 2] > 1, np.nan, X[:, 2])})
    return _numbers()


def _estimators() -> dict[str, Any]:
    mixed = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["kind"]), remainder="passthrough")
    return {
        "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        "forest": RandomForestRegressor(5, random_state=0),
        "mixed": make_pipeline(mixed, HistGradientBoostingClassifier(max_iter=5)),
        "neighbors": KNeighborsClassifier(3),
        "svm": SVC(probability=False),
        "text": make_pipeline(TfidfVectorizer(), LogisticRegression()),
        "mlp": MLPClassifier((5,), max_iter=50, random_state=0),
        "gaussian_process": GaussianProcessRegressor(RBF() + WhiteKernel(), random_state=0),
    }


def main() -> None:
    """Write the fixtures of the present format version."""
    folder = FOLDER / str(FORMAT_VERSION)
    folder.mkdir(parents=True)
    answers: dict[str, dict[str, Any]] = {}
    for name, estimator in _estimators().items():
        y = _numbers()[:, 3] if is_regressor(estimator) else _words()
        model = sk2torch.wrap(estimator.fit(table(name), y))
        sk2torch.save(model, folder / f"{name}.safetensors")
        methods = [m for m in methods_of(model) if METHODS[m].kind in ("labels", "probabilities", "scores")]
        chosen = [m for m in methods if not METHODS[m].results]
        answers[name] = {m: np.asarray(getattr(estimator, m)(table(name))).tolist() for m in chosen}
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main()
