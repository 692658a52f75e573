"""Nothing half-written is ever seen, and memory is that of a block or two."""

import os
import signal
import subprocess
import sys
import time
import tracemalloc
import weakref

import numpy as np
import pandas as pd
import pytest

import sk2torch
from sk2torch.cli.commands import predict as command
from tests.cli.conftest import ROOT


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npy"])
def test_an_interrupted_prediction_leaves_the_old_output(flights, cli, tmp_path, monkeypatch, suffix):
    out = tmp_path / f"out{suffix}"
    out.write_bytes(b"old")
    calls = []

    class Interrupted(sk2torch.Predictor):
        def _call(self, name, X, **arguments):
            calls.append(len(X))
            if len(calls) == 3:
                raise KeyboardInterrupt
            return super()._call(name, X, **arguments)

    monkeypatch.setattr(command, "Predictor", Interrupted)
    outcome = cli("predict", flights.path("model.pt"), flights.path("rows.csv"), out, "--batch-size", 100)
    assert outcome.code == 130
    assert "nothing was written" in outcome.err
    assert calls == [100, 100, 100]
    assert out.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [out.name]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_half_way(flights, cli, tmp_path, number):
    """In a process of its own; the rerun succeeds."""
    rows, out = tmp_path / "rows.parquet", tmp_path / "out.csv"
    pd.concat([flights.rows] * 20).to_parquet(rows)
    arguments = ["predict", flights.path("model.pt"), str(rows), str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sk2torch.cli", *arguments, "--batch-size", "50"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not list(tmp_path.glob(".out.csv.*.part/out.csv")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(number)
        said = process.communicate(timeout=120)[1]
    finally:
        process.kill()
    assert not out.exists()
    if number == signal.SIGTERM:
        assert process.returncode == 130
        assert "nothing was written" in said
        assert os.listdir(tmp_path) == ["rows.parquet"]
    assert cli(*arguments).code == 0
    assert len(pd.read_csv(out)) == 20 * len(flights.rows)
    # What the killed run has left is gone.
    assert sorted(os.listdir(tmp_path)) == ["out.csv", "rows.parquet"]


def test_no_more_than_a_block_or_two_is_in_memory(flights, cli, tmp_path, monkeypatch):
    alive, most = weakref.WeakSet(), []

    class Watched(sk2torch.Predictor):
        def _call(self, name, X, **arguments):
            alive.add(X)
            most.append(len(alive))
            return super()._call(name, X, **arguments)

    monkeypatch.setattr(command, "Predictor", Watched)
    monkeypatch.setattr(pd.DataFrame, "__hash__", object.__hash__)
    for suffix in (".csv", ".parquet"):
        most.clear()
        rows = flights.path(f"rows{suffix}")
        assert cli("predict", flights.path("model.pt"), rows, tmp_path / "out.csv", "--batch-size", 100).code == 0
        assert len(most) == 25
        assert max(most) <= 2


def test_memory_does_not_grow_with_the_file(numbers, cli, tmp_path):
    peaks = []
    for n_rows in (20_000, 200_000):
        np.save(tmp_path / "rows.npy", np.resize(numbers[2], (n_rows, numbers[2].shape[1])))
        tracemalloc.start()
        outcome = cli("predict", numbers[0] / "model.pt", tmp_path / "rows.npy", tmp_path / "out.parquet")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert outcome.code == 0
    assert peaks[1] < 1.5 * peaks[0]
    # What a reader of it all would hold.
    assert peaks[1] < n_rows * numbers[2].shape[1] * 8
