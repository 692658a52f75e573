"""A fresh interpreter in which scikit-learn, and sk2torch too unless it is what loads, cannot be imported.

Loads an artifact, runs a method, hands the result back: what a production system does.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parent.parent
_SERVER = '''
import json, sys, traceback, warnings

class Blocking:
    """Finders that act as if the blocked packages were not installed."""

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split():
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path[:] = [Blocking(finder) for finder in sys.meta_path]
sys.path[:] = [p for p in sys.path if p] + sys.argv[2:]
warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)

def run(job):
    job = torch.load(job)
    path, inputs = job["path"], job["inputs"]
    if path.endswith(".pt"):
        model = torch.jit.load(path)
        # Not getattr: every loaded module has torch's own method `apply`.
        return {m: model._c._get_method(m)(x) for m, x in inputs.items()}
    if path.endswith(".pt2"):
        from torch.export.pt2_archive._package import load_pt2
        contents = load_pt2(path)
        names = json.loads(contents.extra_files["sk2torch.json"])["methods"]
        programs = contents.exported_programs
        return {m: programs[names[m]].module()(x) for m, x in inputs.items()}
    if path.endswith(".safetensors"):
        import sk2torch
        model = sk2torch.load(path)
        return {m: getattr(model, m)(x) for m, x in inputs.items()}
    if path.endswith(".onnx"):
        from sk2torch.export import load_runtime
        call = load_runtime(path).call
        # All rows, one and none: graphs may take these for a fixed size.
        return {m: [call(m, x[:n]) for n in (len(x), 1, 0)] for m, x in inputs.items()}
    raise ValueError(path)

for line in sys.stdin:
    try:
        with torch.no_grad():
            torch.save(run(line.strip()), line.strip() + ".out")
        print("ok", flush=True)
    except Exception:
        print(repr(traceback.format_exc()), flush=True)
'''


BLOCKED = ("sklearn", "skops", "joblib")


class FreshInterpreter:
    """One subprocess for many artifacts (starting torch takes seconds).

    Args:
        folder: for the files that carry inputs and results.
        has_sk2torch: whether it can import this project.
    """

    def __init__(self, folder: Path, has_sk2torch: bool = False) -> None:
        self.folder = folder
        blocked = BLOCKED if has_sk2torch else (*BLOCKED, "sk2torch")
        self.arguments = [" ".join(blocked), *([str(ROOT)] if has_sk2torch else [])]
        self.count = 0
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", _SERVER, *self.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def run(self, path: Path, inputs: dict[str, torch.Tensor]) -> dict[str, Any]:
        """Results of each method of the artifact at ``path``; of an ``.onnx`` file, for all rows, one and none."""
        self.count += 1
        job = self.folder / f"job{self.count}"
        torch.save({"path": str(path), "inputs": inputs}, job)
        self.process.stdin.write(f"{job}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            code = self.process.wait(timeout=30)
            # One crash is one failed test, not all that follow.
            self.process = self._start()
            raise AssertionError(f"the fresh interpreter ended with exit code {code}")
        assert answer == "ok", answer.replace("\\n", "\n")
        return torch.load(f"{job}.out")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=30)
