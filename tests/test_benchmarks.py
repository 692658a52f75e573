"""The benchmarks measure what they say: workloads, gate, runner, report, the program for GPUs."""

import json
import os
import pickle
import shutil
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import gpu, gpu_table, performance, records, report, run
from benchmarks.correctness import examine
from benchmarks.figures import best_mode, fastest, lead, ratio
from benchmarks.gpu_reference import REFERENCES
from benchmarks.measuring import Plan, measure
from benchmarks.peers import BASELINE, converter
from benchmarks.peers.interface import Question, sklearn_call
from benchmarks.processes import Refused, Worker, interpreters
from benchmarks.workloads import TINY, load

LABELS = np.array([0, 1, 1, 0])
SCORES = np.array([0.5, -2.0, 1.0, 0.25])


def tiny(name):
    with warnings.catch_warnings():
        # Small models need not converge.
        warnings.simplefilter("ignore")
        return load()[name].build(TINY)


@pytest.mark.parametrize("name", load())
def test_workload_passes_the_gate(name):
    workload, fit = load()[name], tiny(name)
    methods = (workload.method, *workload.checks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {m: sklearn_call(fit.estimator, m)(fit.X) for m in methods}
    question = Question(fit.estimator, methods, fit.X, fit.train, torch.get_num_threads())
    for mode in ("eager", "script"):
        with torch.no_grad():
            answers = {m: call(fit.X) for m, call in converter(mode)(question).calls.items()}
        gate = examine(answers, expected)
        assert gate.methods == methods
        assert gate.verdict == "exact", (mode, gate)


@pytest.mark.parametrize(
    ("answers", "own_fit", "verdict"),
    [
        ({"predict": LABELS, "score": SCORES}, False, "exact"),
        ({"predict": LABELS, "score": SCORES * (1 + 1e-6)}, False, "float32"),
        ({"predict": 1 - LABELS, "score": SCORES}, False, "wrong"),
        ({"predict": LABELS, "score": SCORES + 0.1}, False, "wrong"),
        ({"predict": LABELS, "score": np.where(SCORES == 1.0, np.nan, SCORES)}, False, "wrong"),
        ({"predict": LABELS, "score": SCORES[:3]}, False, "wrong"),
        ({"predict": LABELS, "score": SCORES + 0.1}, True, "own fit"),
        ({"predict": LABELS, "score": -SCORES}, True, "wrong"),
        ({"other": LABELS}, False, "wrong"),
    ],
)
def test_verdict(answers, own_fit, verdict):
    assert examine(answers, {"predict": LABELS, "score": SCORES}, own_fit).verdict == verdict


class Peer:
    """Stands for a worker: converts at once, gives ``answers``, and takes ``seconds`` a row."""

    def __init__(self, peer, answers, seconds=1e-6):
        self.peer, self.answers, self.seconds = peer, answers, seconds

    def ask(self, timeout, name, *arguments):
        if name == "load":
            return {"conversion_seconds": 0.1, "size": 10, "note": "", "own_fit": False}
        if self.answers is None:
            raise Refused("error", "ValueError: broken")
        if name == "answers":
            return {"seconds": 0.1, "memory": 2**20, "answers": self.answers, "references": {}}
        return [self.seconds * arguments[0]] * 3

    def close(self):
        pass


WORKLOAD = SimpleNamespace(name="naive-bayes", title="t", method="predict", checks=(), sizes=(1, 10_000, 100_000))
FIT = SimpleNamespace(estimator=None, X=np.zeros((10_000, 2)), train=())


def record_of(*peers):
    with ThreadPoolExecutor(2) as pool:
        record = measure(WORKLOAD, FIT, {p.peer: p for p in peers}, Plan(), lambda text: None, pool)
    return record | {"conditions": {"sources": "a"}, "load": 0.0}


def test_wrong_and_broken_peers_have_no_figures():
    right = {"predict": LABELS}
    wrong = Peer("skl2onnx", {"predict": 1 - LABELS}, 1e-9)
    record = record_of(Peer(BASELINE, right), wrong, Peer("hummingbird", None), Peer("eager", right, 5e-7))
    assert record["peers"]["skl2onnx"]["status"] == "wrong"
    assert "100.0% of labels differ" in record["peers"]["skl2onnx"]["reason"]
    assert record["peers"]["skl2onnx"]["times"] == {}
    assert ratio(record, "skl2onnx", 10_000) is None
    assert fastest(record, ("skl2onnx", "hummingbird", BASELINE), 10_000)[0] == BASELINE
    assert best_mode(record, 10_000) == "eager"
    assert lead(record, "eager", 10_000) == pytest.approx(2.0)
    results = {"workloads": {"naive-bayes": record}}
    assert "| wrong | error |" in report.speed_table(results, 10_000)
    assert "ValueError: broken" in report.absences(results, ("error",))


def test_slow_cells_are_named_with_what_they_would_take():
    slow = Peer(BASELINE, {"predict": LABELS}, 1e-3)
    times = record_of(slow)["peers"][BASELINE]["times"]
    assert times["10000"]["rounds"] == 1
    assert times["100000"]["skipped"] == "about 100 s expected"
    results = {"workloads": {"naive-bayes": record_of(slow, Peer("eager", {"predict": LABELS}, 2e-3))}}
    assert "> 200 s, not run" in report.speed_table(results, 100_000)


@pytest.fixture
def two_workloads(monkeypatch, tmp_path):
    """Options of a run of two workloads whose measurement is made up, and the names it measured."""
    measured = []

    def made_up(workload, fit, workers, plan, say, pool):
        if workload.name == "naive-bayes" and not (tmp_path / "again").exists():
            (tmp_path / "again").touch()
            raise KeyboardInterrupt
        measured.append(workload.name)
        peers = [Peer(name, {"predict": LABELS}) for name in workers]
        return record_of(*peers)

    monkeypatch.setattr(run, "measure", made_up)
    monkeypatch.setattr(run, "FITS", tmp_path / "fits")
    options = ["--tiny", "--only", "linear-pipeline", "--only", "naive-bayes", "--peer", "eager"]
    return [*options, "--output", str(tmp_path)], measured


def test_an_interrupted_run_goes_on(two_workloads, tmp_path):
    options, measured = two_workloads
    with pytest.raises(KeyboardInterrupt):
        run.main(options)
    assert list(records.read(tmp_path / "cpu.json")["workloads"]) == ["linear-pipeline"]
    run.main(options)
    assert measured == ["linear-pipeline", "naive-bayes"]
    results = records.read(tmp_path / "cpu.json")
    assert results["complete"]
    assert set(results["workloads"]) == {"linear-pipeline", "naive-bayes"}
    # A run that has come to its end begins anew.
    run.main(options)
    assert measured[2:] == ["linear-pipeline", "naive-bayes"]


def test_a_part_is_not_published():
    with pytest.raises(SystemExit, match="--output"):
        run.main(["--only", "mlp", "--peer", "eager"])


def test_runner_writes_results_and_page(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "FITS", tmp_path / "fits")
    run.main(["--tiny", "--only", "naive-bayes", "--peer", "eager", "--threads", "1", "--output", str(tmp_path)])
    results = json.loads((tmp_path / "cpu.json").read_text())
    record = results["workloads"]["naive-bayes"]
    assert results["complete"]
    assert results["run"]["threads"] == 1
    assert {peer: entry["status"] for peer, entry in record["peers"].items()} == {"sklearn": "ok", "eager": "ok"}
    for entry in record["peers"].values():
        assert entry["gate"]["verdict"] == "exact"
        assert all(cell["seconds"] > 0 for cell in entry["times"].values())
    assert (tmp_path / "cpu.png").stat().st_size > 10_000
    assert "naive-bayes" in (tmp_path / "cpu.md").read_text()
    performance.main(["--results", str(tmp_path / "cpu.json"), "--output", str(tmp_path / "performance.md")])
    page = (tmp_path / "performance.md").read_text()
    assert "one row: the module is at least 8x scikit-learn | 1 of 1 cells" in page or "short: naive-bayes" in page


@pytest.fixture
def start():
    """Makes workers that are ended after the test."""
    workers = []

    def make(peer, python):
        workers.append(Worker(peer, python, 1))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


def test_interpreters_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "python").symlink_to(sys.executable)
    found = interpreters("python", "absent")
    assert found == {"bench": str(tmp_path / "python"), "original": None}


def test_a_worker_that_cannot_start_is_refused(start):
    with pytest.raises(Refused, match="does not start"):
        start("eager", shutil.which("false")).ask(10.0, "burst", 1, 0.0)


def test_a_worker_that_takes_too_long_is_ended(start, tmp_path):
    worker, question = start(BASELINE, sys.executable), tmp_path / "question.pkl"
    fit = tiny("naive-bayes")
    stored = {"estimator": fit.estimator, "methods": ("predict",), "X": fit.X, "train": fit.train}
    question.write_bytes(pickle.dumps(stored))
    with pytest.raises(Refused, match="FileNotFoundError"):
        worker.ask(60.0, "load", str(tmp_path / "no such file"))
    worker.ask(60.0, "load", str(question))
    # Takes no time from others until it is asked again.
    assert os.WIFSTOPPED(os.waitpid(worker.process.pid, os.WUNTRACED)[1])
    with pytest.raises(Refused, match="no answer within 0 s"):
        worker.ask(0.0, "burst", 1, 600.0)
    assert worker.process is None


def test_gpu_program_without_a_gpu(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gpu.main(["--output", str(tmp_path)])
    assert "no CUDA device" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_gpu_program_on_a_cpu(tmp_path):
    only = [argument for name in (*REFERENCES, "mlp") for argument in ("--only", name)]
    gpu.main(["--device", "cpu", "--tiny", *only, "--output", str(tmp_path)])
    (path,) = tmp_path.glob("*.json")
    results = json.loads(path.read_text())
    assert set(results["workloads"]) == {*REFERENCES, "mlp"}
    for name, record in results["workloads"].items():
        exact = record["dtypes"]["float64"]
        assert exact["ours"]["gate"]["verdict"] == "exact"
        if name in REFERENCES:
            # The textbook's square root and square cost a few digits.
            assert exact["textbook"]["gate"]["verdict"] in ("exact", "float32")
            assert gpu_table.lead(record, "float64", "roof")[0] > 0
    page = gpu_table.section(results)
    assert page.count("\n| svc-rbf | ") == 2
    assert all(goal.met is not None for goal in gpu_table.goals([results])[:3])
