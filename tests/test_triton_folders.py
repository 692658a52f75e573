"""Folders of Triton repositories: replaced as a whole, never those of others."""

import os

import pytest
from sklearn.linear_model import LinearRegression

import sk2torch
from tests.cases import data


def export_linear(path):
    X, y = data.regression()
    model = sk2torch.wrap(LinearRegression().fit(X, y))
    return sk2torch.export(model, path, format="triton", backend="pytorch")


def test_an_older_repository_is_replaced(tmp_path):
    folder = export_linear(tmp_path / "linear")
    (folder / "1" / "stale").write_text("")
    export_linear(folder)
    assert sorted(path.name for path in folder.rglob("*")) == ["1", "config.pbtxt", "model.pt"]
    assert [path.name for path in tmp_path.iterdir()] == ["linear"]


def test_the_repository_is_made_with_its_first_model(tmp_path):
    export_linear(tmp_path / "repository" / "linear")
    assert (tmp_path / "repository" / "linear" / "config.pbtxt").is_file()


def test_folders_of_others_are_kept(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("")
    with pytest.raises(FileExistsError, match=r"has no config.pbtxt"):
        export_linear(tmp_path / "other")
    with pytest.raises(FileNotFoundError, match=r"does not exist"):
        export_linear(tmp_path / "nowhere" / "repository" / "linear")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.tex"]


def test_an_interrupted_export_keeps_the_old_repository(tmp_path, monkeypatch):
    folder = export_linear(tmp_path / "linear")
    (folder / "config.pbtxt").write_text("old")
    replace = os.replace

    def interrupted(source, target):
        if target == folder and not source.name.endswith(".old"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_linear(folder)
    assert (folder / "config.pbtxt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["linear"]
