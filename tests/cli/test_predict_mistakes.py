"""What predict cannot read, answer or write: a sentence that says what to do, and no output."""

import os

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import sk2torch


def test_a_mistake_half_way_leaves_no_output(flights, refused, tmp_path):
    rows = flights.rows.astype({"hour": object})
    rows.loc[2000, "hour"] = "noon"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    said = refused(
        "predict", flights.path("model.pt"), tmp_path / "rows.csv", tmp_path / "out.csv", "--batch-size", 500
    )
    assert "column 'hour': expected numbers, got 'noon'" in said
    assert os.listdir(tmp_path) == ["rows.csv"]


def test_what_cannot_be_predicted_or_written(flights, refused, tmp_path):
    model, rows = flights.path("model.pt"), flights.path("rows.csv")
    out = tmp_path / "out.csv"
    assert "no method 'transform'; it has predict, predict_proba" in refused(
        "predict", model, rows, out, "--method", "transform"
    )
    assert "expected an output that ends in .csv, .parquet, .npy" in refused(
        "predict", model, rows, tmp_path / "out.xls"
    )
    assert "does not exist; create it" in refused("predict", model, rows, tmp_path / "nowhere" / "out.csv")
    assert "is a folder" in refused("predict", model, rows, _folder(tmp_path / "folder.csv"))
    assert "is the data" in refused("predict", model, rows, rows)
    two = ("--method", "predict", "--method", "predict_proba")
    assert "one array" in refused("predict", model, rows, tmp_path / "out.npy", *two)
    assert os.listdir(tmp_path) == ["folder.csv"]


def _folder(path):
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop(columns=["hour", "dest"]), "columns are missing: dest, hour; the file has"),
        (lambda t: t.rename(columns={"air_time": "airtime"}), "Is it airtime for air_time?"),
        (lambda t: t.assign(carrier=range(len(t))), "column 'carrier' is int64, but the model was fitted on strings"),
        (lambda t: t.assign(hour=t["dest"]), "column 'hour': expected numbers, got"),
    ],
)
def test_columns_that_do_not_fit(flights, refused, tmp_path, change, said):
    change(flights.rows.head(50)).to_parquet(tmp_path / "rows.parquet")
    found = refused("predict", flights.path("model.pt"), tmp_path / "rows.parquet", tmp_path / "out.csv")
    assert said in found


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"\xff\xfe\x00", "not a CSV file in UTF-8"),
        ("rows.csv", b"hour,hour\n1,2\n", "columns are missing"),
        ("rows.parquet", b"PAR1 not", "not a Parquet file"),
        ("rows.npy", b"\x93NUMPY", "cannot be read"),
        ("rows.txt", b"1", "expected data that end in .csv, .parquet, .npy"),
    ],
)
def test_files_that_cannot_be_read(flights, refused, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    assert said in refused("predict", flights.path("model.pt"), tmp_path / name, tmp_path / "out.csv")


@pytest.mark.parametrize("row", ["1,2,3", "1"])
def test_rows_of_another_length_are_no_rows(refused, tmp_path, row):
    estimator = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    model = sk2torch.export(sk2torch.wrap(estimator), tmp_path / "model.pt")
    (tmp_path / "rows.csv").write_text(f"a,b\n1,2\n{row}\n")
    said = refused("predict", model, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert "Expected 2 columns, got" in said


def test_a_column_that_occurs_twice(flights, refused, tmp_path):
    rows = flights.rows.head(5).copy()
    rows.insert(0, "extra", 1)
    rows.columns = ["hour", *rows.columns[1:]]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    said = refused("predict", flights.path("model.pt"), tmp_path / "rows.csv", tmp_path / "out.csv")
    assert "columns occur more than once: hour" in said


def test_arrays_that_are_no_tables(numbers, refused, tmp_path):
    model, out = numbers[0] / "model.pt", tmp_path / "out.csv"
    for array, said in (
        (np.zeros((2, 3, 4)), "expected an array of shape (rows, columns), got (2, 3, 4)"),
        (np.array([["a", 1]], dtype=object), "a table of both as .csv or .parquet"),
        (np.zeros((2, 3)), "the file has 3"),
    ):
        np.save(tmp_path / "rows.npy", array, allow_pickle=True)
        assert said in refused("predict", model, tmp_path / "rows.npy", out)
