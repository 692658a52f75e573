"""Streamed predictions are those in one piece."""

import csv
import os

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OrdinalEncoder

import sk2torch
from sk2torch.cli import reading
from sk2torch.cli.commands import predict as command
from sk2torch.export import read_metadata
from tests.cases import data

READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet}


def in_one_piece(flights):
    predictor = sk2torch.Predictor(flights.path("model.pt"))
    return predictor.predict(flights.rows), predictor.predict_proba(flights.rows)


@pytest.mark.parametrize("source", [".csv", ".parquet"])
@pytest.mark.parametrize("out", [".csv", ".parquet"])
def test_blocks_give_what_one_piece_gives(flights, cli, tmp_path, source, out):
    path = tmp_path / f"out{out}"
    methods = ("--method", "predict", "--method", "predict_proba")
    outcome = cli(
        "predict",
        flights.path("model.pt"),
        flights.path(f"rows{source}"),
        path,
        *methods,
        "--batch-size",
        321,
        "--json",
    )
    assert outcome.code == 0, outcome
    assert outcome.json["n_rows"] == len(flights.rows)
    assert outcome.json["methods"] == ["predict", "predict_proba"]
    assert "ignored columns that are no input of the model: late" in outcome.err
    found, (labels, probabilities) = READERS[out](path), in_one_piece(flights)
    assert list(found.columns) == ["predict", "predict_proba_late", "predict_proba_on time"]
    assert found["predict"].tolist() == labels.tolist()
    # The same numbers but for the order of sums in products of other heights.
    np.testing.assert_allclose(found.to_numpy()[:, 1:].astype(float), probabilities, rtol=1e-13, atol=1e-15)
    assert os.listdir(tmp_path) == [path.name]


def test_csv_files_of_many_blocks(flights, cli, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_CSV_BYTES", 5_000)
    path = tmp_path / "out.csv"
    assert cli("predict", flights.path("model.pt"), flights.path("rows.csv"), path, "--batch-size", 17).code == 0
    assert pd.read_csv(path)["predict"].tolist() == in_one_piece(flights)[0].tolist()


def test_csv_files_of_spreadsheets(flights, cli, tmp_path):
    """A byte order mark, carriage returns, quotes, a line of nothing at the end."""
    text = flights.rows.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    (tmp_path / "rows.csv").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
    path = tmp_path / "out.csv"
    assert cli("predict", flights.path("model.pt"), tmp_path / "rows.csv", path).code == 0
    assert pd.read_csv(path)["predict"].tolist() == in_one_piece(flights)[0].tolist()


def test_labels_as_an_array(flights, cli, tmp_path):
    path = tmp_path / "out.npy"
    assert cli("predict", flights.path("model.pt"), flights.path("rows.csv"), path, "--batch-size", 999).code == 0
    found = np.load(path, allow_pickle=False)
    assert found.dtype == np.dtype("<U7")
    np.testing.assert_array_equal(found, in_one_piece(flights)[0])


def test_neither_scikit_learn_nor_skops_is_needed(flights, cli, tmp_path, sklearn_blocked):
    path = tmp_path / "out.csv"
    assert cli("predict", flights.path("model.safetensors"), flights.path("rows.parquet"), path).code == 0
    assert len(pd.read_csv(path)) == len(flights.rows)


def test_arrays_in_and_out(numbers, cli, tmp_path):
    folder, estimator, X = numbers
    path = tmp_path / "out.npy"
    arguments = (folder / "model.pt", folder / "rows.npy", path, "--method", "predict_proba", "--batch-size", 7)
    assert cli("predict", *arguments).code == 0
    found = np.load(path)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, estimator.predict_proba(X), rtol=1e-12)


def test_columns_by_position_leave_out_what_is_dropped(numbers, cli, refused, tmp_path):
    folder, estimator, X = numbers
    path = tmp_path / "out.csv"
    said = refused("predict", folder / "model.pt", folder / "rows.csv", path)
    assert f"expects {X.shape[1]} columns" in said
    assert "--drop NAME" in said
    assert cli("predict", folder / "model.pt", folder / "rows.csv", path, "--drop", "label").code == 0
    np.testing.assert_array_equal(pd.read_csv(path)["predict"], estimator.predict(X))
    assert "--drop names columns that the file does not have: lable" in refused(
        "predict", folder / "model.pt", folder / "rows.csv", path, "--drop", "lable"
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy"])
def test_no_rows(flights, numbers, cli, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    if suffix == ".npy":
        model, path = numbers[0] / "model.pt", tmp_path / "rows.npy"
        np.save(path, numbers[2][:0])
    else:
        model, path = flights.path("model.pt"), tmp_path / f"rows{suffix}"
        getattr(flights.rows.head(0), f"to_{suffix[1:]}")(path, index=False)
    assert cli("predict", model, path, out).code == 0
    found = np.load(out) if suffix == ".npy" else READERS[suffix](out)
    assert len(found) == 0
    assert suffix == ".npy" or list(found.columns) == ["predict"]


def test_documents_are_taken_as_they_are(cli, tmp_path):
    texts = ["null", "a word", 'with "quotes", commas\nand lines', "NA", "", "word word"] * 3
    y = [0, 1, 2, 0, 1, 2] * 3
    estimator = make_pipeline(TfidfVectorizer(), MultinomialNB()).fit(texts, y)
    model = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt")
    pd.DataFrame({"text": texts, "id": range(18)}).to_csv(tmp_path / "rows.csv", index=False)
    arguments = ("--method", "predict_proba", "--drop", "id", "--batch-size", 4)
    assert cli("predict", model, tmp_path / "rows.csv", tmp_path / "out.npy", *arguments).code == 0
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), estimator.predict_proba(texts), rtol=1e-12)


def test_words_that_look_like_numbers_or_missing_values(cli, tmp_path):
    frame = pd.DataFrame({"code": ["007", "7", "NA", "x", "None"] * 4}, dtype=object)
    estimator = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(frame)
    model = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    arguments = ("--method", "transform", "--batch-size", 1)
    assert cli("predict", model, tmp_path / "rows.csv", tmp_path / "out.csv", *arguments).code == 0
    found = pd.read_csv(tmp_path / "out.csv")["transform_0"]
    np.testing.assert_array_equal(found, estimator.transform(frame)[:, 0])
    assert found.nunique() == 5


def test_booleans_and_spaces_are_numbers_whatever_the_block(cli, tmp_path):
    estimator = OrdinalEncoder().fit([[0.0], [1.0]])
    model = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt")
    (tmp_path / "rows.csv").write_text("flag\nTrue\n 0\nfalse\n1.0\n")
    out = tmp_path / "out.csv"
    assert cli("predict", model, tmp_path / "rows.csv", out, "--method", "transform", "--batch-size", 2).code == 0
    assert pd.read_csv(out)["transform_0"].tolist() == [1, 0, 0, 1]


def test_several_outputs_and_a_vector_of_labels(cli, tmp_path):
    X, y = data.multiclass()
    targets = np.stack([np.array(["a", "b", "c"])[y % 3], np.array(["x", "y"])[(X[:, 0] > 0).astype(int)]], axis=1)
    estimator = MultiOutputClassifier(LogisticRegression(max_iter=1000)).fit(X, targets)
    model = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt")
    np.save(tmp_path / "rows.npy", X)
    methods = ("--method", "predict", "--method", "predict_proba")
    assert cli("predict", model, tmp_path / "rows.npy", tmp_path / "out.parquet", *methods).code == 0
    found = pd.read_parquet(tmp_path / "out.parquet")
    names = ["predict_0", "predict_1", "predict_proba_0_a", "predict_proba_0_b", "predict_proba_0_c"]
    assert list(found.columns) == [*names, "predict_proba_1_x", "predict_proba_1_y"]
    np.testing.assert_array_equal(found[["predict_0", "predict_1"]], estimator.predict(X))
    encoder = LabelEncoder().fit(["no", "yes"])
    model = sk2torch.export(sk2torch.wrap(encoder), tmp_path / "encoder.pt")
    (tmp_path / "labels.csv").write_text("answer\nyes\nno\n")
    assert cli("predict", model, tmp_path / "labels.csv", tmp_path / "codes.npy", "--method", "transform").code == 0
    assert np.load(tmp_path / "codes.npy").tolist() == [1, 0]


def test_types_that_pandas_writes(flights, cli, tmp_path):
    dtypes = {"carrier": "category", "origin": "string", "month": "Int64", "hour": "float32", "distance": "uint16"}
    rows = flights.rows.astype(dtypes)
    rows.loc[3, ["carrier", "month"]] = None
    rows["dest"] = rows["dest"].where(rows.index != 5, None)
    rows.to_parquet(tmp_path / "rows.parquet")
    out = tmp_path / "out.npy"
    arguments = (flights.path("model.pt"), tmp_path / "rows.parquet", out, "--method", "predict_proba")
    assert cli("predict", *arguments, "--batch-size", 4).code == 0
    plain = flights.rows.copy()
    plain.loc[3, ["carrier", "month"]] = np.nan
    plain.loc[5, "dest"] = np.nan
    np.testing.assert_allclose(np.load(out), flights.estimator.predict_proba(plain), rtol=1e-12)


def test_neighbours_are_columns(cli, refused, tmp_path):
    X = np.arange(12.0).reshape(6, 2)
    estimator = NearestNeighbors(n_neighbors=2).fit(X)
    model = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt")
    np.save(tmp_path / "rows.npy", X + 0.1)
    out = tmp_path / "out.csv"
    assert cli("predict", model, tmp_path / "rows.npy", out, "--method", "kneighbors", "--batch-size", 4).code == 0
    found = pd.read_csv(out)
    distances, indices = estimator.kneighbors(X + 0.1)
    np.testing.assert_allclose(found[["kneighbors_distances_0", "kneighbors_distances_1"]], distances)
    np.testing.assert_array_equal(found[["kneighbors_indices_0", "kneighbors_indices_1"]], indices)
    for method, said in (("kneighbors", "no one array"), ("kneighbors_graph", "no table with a row for each row")):
        assert said in refused("predict", model, tmp_path / "rows.npy", tmp_path / "out.npy", "--method", method)


def test_rows_that_depend_on_each_other_are_not_taken_apart(cli, tmp_path, numbers, monkeypatch):
    sizes = []

    class Watched(sk2torch.Predictor):
        def _call(self, name, X, **arguments):
            sizes.append(len(X))
            return super()._call(name, X, **arguments)

    monkeypatch.setattr(command, "Predictor", Watched)
    described = {**read_metadata(numbers[0] / "model.pt"), "couples_rows": True}
    monkeypatch.setattr(command, "read_metadata", lambda path: described)
    arguments = (numbers[0] / "model.pt", numbers[0] / "rows.npy", tmp_path / "out.csv", "--batch-size", 7)
    outcome = cli("predict", *arguments)
    assert outcome.code == 0
    assert sizes == [len(numbers[2])]
    assert "all rows together" in outcome.err
