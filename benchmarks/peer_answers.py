"""Answers of another converter to the questions in a folder; runs in that converter's own environment.

``python peer_answers.py PEER FOLDER`` reads ``questions.pkl`` and writes ``answers-PEER.pkl``. It imports
nothing of this project, since one of the peers has the same import name.
"""

import pickle
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Answer = Callable[[str, np.ndarray], Any]


def hummingbird(estimator: Any, X: np.ndarray) -> Answer:
    """hummingbird-ml with its PyTorch back end, as it comes (float32)."""
    import hummingbird.ml

    container = hummingbird.ml.convert(estimator, "pytorch", X)
    return lambda method, rows: getattr(container, method)(rows)


def skl2onnx(estimator: Any, X: np.ndarray) -> Answer:
    """skl2onnx and ONNX Runtime: float64 where its graph loads, else float32."""
    import onnxruntime
    from skl2onnx import to_onnx
    from sklearn.base import is_classifier

    options = {"zipmap": False} if is_classifier(estimator) else None
    for dtype in (np.float64, np.float32):
        try:
            graph = to_onnx(estimator, X[:1].astype(dtype), options=options)
            session = onnxruntime.InferenceSession(graph.SerializeToString())
            break
        except Exception:
            if dtype is np.float32:
                raise
    names = [o.name for o in session.get_outputs()]
    position = {"predict" if hasattr(estimator, "predict") else "transform": 0}
    if is_classifier(estimator):
        position["predict_proba"] = 1
    elif names[0] == "label":
        position["decision_function"] = 1

    def answer(method: str, rows: np.ndarray) -> Any:
        result = session.run([names[position[method]]], {"X": rows.astype(dtype)})[0]
        return result[:, 0] if result.ndim == 2 and result.shape[1] == 1 and method != "transform" else result

    return answer


def original_sk2torch(estimator: Any, X: np.ndarray) -> Answer:
    """sk2torch 1.2.0 of 2022."""
    import torch

    import sk2torch

    model = sk2torch.wrap(estimator)
    return lambda method, rows: getattr(model, method)(torch.from_numpy(rows)).detach().numpy()


# Some conversions never end.
SECONDS_PER_MODEL = 60

PEERS = {"hummingbird": hummingbird, "skl2onnx": skl2onnx, "original-sk2torch": original_sk2torch}


def too_long(*_: object) -> None:
    raise TimeoutError(f"no answer within {SECONDS_PER_MODEL} s")


def main() -> None:
    signal.signal(signal.SIGALRM, too_long)
    warnings.simplefilter("ignore")
    peer, folder = sys.argv[1], Path(sys.argv[2])
    questions = pickle.loads((folder / "questions.pkl").read_bytes())
    answers: dict[str, Any] = {}
    for name, (blob, X, methods) in questions.items():
        signal.alarm(SECONDS_PER_MODEL)
        try:
            answer = PEERS[peer](pickle.loads(blob), X)
        except Exception as error:
            answers[name] = f"{type(error).__name__}: {error}"[:300]
            continue
        answers[name] = {}
        for method in methods:
            try:
                answers[name][method] = np.asarray(answer(method, X))
            except Exception as error:
                answers[name][method] = f"{type(error).__name__}: {error}"[:300]
    signal.alarm(0)
    (folder / f"answers-{peer}.pkl").write_bytes(pickle.dumps(answers))


if __name__ == "__main__":
    main()
