"""The flights example as a module, and a small fit of it that tests share."""

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_EXAMPLE = Path(__file__).parent.parent / "examples" / "flights.py"


@functools.cache
def example() -> Any:
    """``examples/flights.py``."""
    spec = importlib.util.spec_from_file_location("flights_example", _EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def fitted(train_rows: int = 3000, test_rows: int = 500) -> tuple[Any, pd.DataFrame]:
    """The boosting pipeline, fitted on a few flights, and others to score."""
    X, y = example().load_flights()
    order = np.random.default_rng(0).permutation(len(X))[: train_rows + test_rows]
    train, test = order[:train_rows], order[train_rows:]
    pipeline = example().boosting(seed=0)
    pipeline.set_params(histgradientboostingclassifier__max_iter=20)
    return pipeline.fit(X.iloc[train], y[train]), X.iloc[test].reset_index(drop=True)
