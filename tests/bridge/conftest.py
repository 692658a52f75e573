"""Data and models of the bridge's tests."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sk2torch


@pytest.fixture(scope="session")
def iris() -> tuple[pd.DataFrame, np.ndarray]:
    """A table with a column of words, and labels that are words."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    X.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    X["size"] = np.where(X["sepal_width"] > 3, "large", "small")
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="session")
def table(iris) -> tuple[pd.DataFrame, np.ndarray]:
    """The columns of numbers, and the labels."""
    X, y = iris
    return X.drop(columns="size"), y


@pytest.fixture(scope="session")
def pipeline(iris):
    """Words and numbers to labels."""
    X, y = iris
    columns = ColumnTransformer([("words", OneHotEncoder(), ["size"])], remainder=StandardScaler())
    return make_pipeline(columns, LogisticRegression()).fit(X, y)


@pytest.fixture(scope="session", params=["module", ".pt", ".pt2", ".onnx", ".safetensors"])
def source(request, pipeline, tmp_path_factory):
    """The pipeline as a wrapped module, and as a file of each format."""
    model = sk2torch.wrap(pipeline)
    if request.param == "module":
        return model
    return str(sk2torch.export(model, tmp_path_factory.mktemp("artifact") / f"model{request.param}"))
