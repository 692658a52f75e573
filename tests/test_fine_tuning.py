"""The benchmark of fine-tuning: its runs, its intervals and what its page says."""

import numpy as np
import pytest

from benchmarks import fine_tuning


@pytest.mark.parametrize("name", ["wine", "diabetes"])
@pytest.mark.parametrize("model", fine_tuning.SETTINGS)
def test_a_run_scores_the_fitted_and_the_tuned(monkeypatch, name, model):
    monkeypatch.setitem(fine_tuning.COMMON, "max_epochs", 1)
    *about, before, after, epochs = fine_tuning.run(name, model, 0)
    assert about == [name, model, 0]
    assert 0 < before < 2
    # One epoch of small steps changes little.
    assert after == pytest.approx(before, abs=0.3)
    assert epochs == 1


def test_the_page_says_where_tuning_wins_and_where_not(tmp_path):
    generator = np.random.default_rng(0)
    gains = {"MLP": 0.02, "rbf SVM": -0.05, "Nystroem + linear": 0.0}
    runs = [
        ("wine", model, seed, before, before + gain + 0.005 * generator.normal(), 7)
        for model, gain in gains.items()
        for seed, before in enumerate(1 + 0.1 * generator.normal(size=8))
    ]
    rows = fine_tuning.summary(runs)
    assert {row["model"]: fine_tuning.verdict(row) for row in rows} == {
        "Nystroem + linear": "no clear difference",
        "rbf SVM": "better",
        "MLP": "worse",
    }
    page = fine_tuning.page(rows)
    assert "over 8 seeds" in page
    assert "Tuning wins clearly in 1 of 3 cases: rbf SVM on wine." in page
    assert "| wine | MLP |" in page
    fine_tuning.plot(rows, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
