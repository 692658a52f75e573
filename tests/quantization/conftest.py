"""Small models of what is quantized, fitted once."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

ROWS = 300


@pytest.fixture(scope="session")
def digits():
    """Images of digits, scaled to 1, and their numbers in words."""
    X, y = load_digits(return_X_y=True)
    words = np.array(["nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    return X[:ROWS] / 16.0, words[y[:ROWS]]


@pytest.fixture(scope="session")
def fitted(digits):
    """Estimators by name."""
    X, y = digits
    network = MLPClassifier((24, 16), max_iter=60, random_state=0)
    with pytest.warns(ConvergenceWarning):
        network.fit(X, y)
    return {
        "logistic": make_pipeline(StandardScaler(), PCA(20), LogisticRegression(max_iter=500)).fit(X, y),
        "network": network,
        "svc": SVC().fit(X, y),
        "polynomial": KernelRidge(kernel="poly", gamma=0.02, alpha=1.0).fit(X, X[:, 20]),
    }
