"""The benchmark of ONNX Runtime's settings measures each of them, and nothing that answers wrong."""

import pytest
from sklearn.linear_model import LogisticRegression

from benchmarks import data, onnx_sessions


def test_settings_of_onnx_runtime_are_compared(monkeypatch, capsys):
    X, y = data.classes(200, 8)
    estimator = LogisticRegression().fit(X, y)
    monkeypatch.setattr(onnx_sessions, "models", lambda *_: {"linear": (estimator, X[:50], {})})
    onnx_sessions.main(["--rows", "1", "50"])
    head, _, *rows = capsys.readouterr().out.strip().splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["model", "rows", *onnx_sessions.settings()]
    assert [row.split("|")[1:3] for row in rows] == [[" linear ", " 1 "], [" linear ", " 50 "]]
    # As if the file were off.
    monkeypatch.setattr(onnx_sessions, "TOLERANCE", -1.0)
    with pytest.raises(SystemExit, match="off by"):
        onnx_sessions.main(["--rows", "50"])
