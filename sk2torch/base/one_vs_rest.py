"""What scikit-learn's one-vs-rest strategy does where its members do not decide."""

import copy
import importlib
import warnings
from typing import Any

import numpy as np


def one_vs_rest_conventions(one_vs_rest: Any) -> tuple[bool, float]:
    """Whether the last of equal scores wins, and the probability of a class where no member gives one (0 or NaN).

    Both are read from the installed version, by a copy of the fitted OneVsRestClassifier whose members never say yes.
    """
    blank = np.zeros((1, 1))
    never = importlib.import_module(type(one_vs_rest).__module__)._ConstantPredictor().fit(blank, np.array([0]))
    probe = copy.copy(one_vs_rest)
    probe.estimators_, probe.classes_ = [never, never], np.array([0, 1])
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore")
        return bool(probe.predict(blank)[0] == 1), float(probe.predict_proba(blank)[0, 0])
