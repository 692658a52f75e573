"""Other ways to run a fitted scikit-learn model, and ours, behind one interface.

A worker process of ``worker.py`` imports one of these modules in the environment of its peer. They import nothing
else of this project, since one peer has the same import name.
"""

import importlib
from collections.abc import Callable

from .interface import Converted, Question

# Peer: its module, its function, which environment it runs in, and its name in print. Where time runs short, the last
# ones are left out.
PEERS: dict[str, tuple[str, str, str, str]] = {
    "sklearn": ("scikit_learn", "as_fitted", "bench", "scikit-learn"),
    "sklearn-threads": ("scikit_learn", "with_threads", "bench", "scikit-learn, n_jobs"),
    "intelex": ("intelex", "refitted", "bench", "Intel's extension"),
    "skl2onnx": ("onnx_runtime", "skl2onnx", "bench", "skl2onnx + ONNX Runtime"),
    "hummingbird": ("hummingbird_ml", "pytorch", "bench", "hummingbird-ml"),
    "treelite": ("treelite_gtil", "gtil", "bench", "treelite GTIL"),
    "original": ("original", "version_1", "original", "sk2torch 1.2.0"),
    "eager": ("ours", "eager", "bench", "eager"),
    "float32": ("ours", "float32", "bench", "eager float32"),
    "script": ("ours", "script", "bench", "TorchScript"),
    "onnx": ("ours", "onnx", "bench", "our ONNX"),
    "compiled": ("ours", "compiled", "bench", "torch.compile"),
    "aoti": ("ours", "ahead_of_time", "bench", "AOTInductor"),
}
# Ours, in every mode; all but the float32 one are to be exact.
MODES = ("eager", "float32", "script", "onnx", "compiled", "aoti")
BASELINE = "sklearn"


def title(peer: str) -> str:
    """A peer's name in print."""
    return PEERS[peer][3]


def converter(peer: str) -> Callable[[Question], Converted]:
    """A peer's conversion; imports the peer."""
    module, function, _, _ = PEERS[peer]
    return getattr(importlib.import_module(f".{module}", __package__), function)
