"""skl2onnx and ONNX Runtime: float64 where its graph loads, else float32."""

from typing import Any

import numpy as np

from .interface import Call, Converted, NotOffered, Question, head, is_numeric_table


def _input_types(X: Any, dtype: type) -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType

    number = DoubleTensorType if dtype is np.float64 else FloatTensorType
    if hasattr(X, "columns"):
        kinds = {c: number if X[c].dtype.kind in "fiub" else StringTensorType for c in X.columns}
        return [(c, kind([None, 1])) for c, kind in kinds.items()]
    if isinstance(X, list):
        return [("X", StringTensorType([None, 1]))]
    return [("X", number([None, X.shape[1]]))]


def _feeds(X: Any, dtype: type) -> dict[str, np.ndarray]:
    if hasattr(X, "columns"):
        return {c: X[c].to_numpy(dtype if X[c].dtype.kind in "fiub" else object).reshape(-1, 1) for c in X.columns}
    if isinstance(X, list):
        return {"X": np.array(X, dtype=object).reshape(-1, 1)}
    return {"X": (X if is_numeric_table(X) else X.toarray()).astype(dtype, copy=False)}


def _session(question: Question, dtype: type) -> tuple[Any, int]:
    import onnxruntime
    from skl2onnx import to_onnx
    from sklearn.base import is_classifier

    options: dict[Any, Any] = {}
    if is_classifier(question.estimator):
        options["zipmap"] = False
    if "predict_with_std" in question.methods:
        options = {type(question.estimator): {"return_std": True}}
    graph = to_onnx(
        question.estimator, initial_types=_input_types(question.X, dtype), options=options or None
    ).SerializeToString()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = question.threads
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])
    session.run(None, _feeds(head(question.X, 2), dtype))
    return session, len(graph)


def _positions(question: Question, names: list[str]) -> dict[str, list[int]]:
    """Which outputs answer a method."""
    from sklearn.base import is_classifier

    known = {"predict": [0], "transform": [0]}
    if "predict_with_std" in question.methods:
        return {"predict_with_std": [0, 1]}
    if is_classifier(question.estimator):
        # Its name also where these are the scores of an SVC.
        second = "predict_proba" if hasattr(question.estimator, "predict_proba") else "decision_function"
        known[second] = [1]
    elif names[0] == "label":
        known["decision_function"] = [1]
    elif len(names) == 2:
        known = {"predict": [0], "predict_proba": [1], "score_samples": [1]}
    elif "score_samples" in question.methods:
        known = {"score_samples": [0]}
    return known


def _vector(result: np.ndarray, is_scores: bool) -> np.ndarray:
    """A column as a vector; of the two opposite scores of two classes the first, which is scikit-learn's."""
    if result.ndim == 2 and (result.shape[1] == 1 or (is_scores and result.shape[1] == 2)):
        return result[:, 0]
    return result


def skl2onnx(question: Question) -> Converted:
    """Its graph in ONNX Runtime."""
    errors = []
    for dtype in (np.float64, np.float32):
        try:
            session, size = _session(question, dtype)
            break
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    else:
        raise NotOffered(errors[-1])
    names = [output.name for output in session.get_outputs()]

    def answer(positions: list[int], is_scores: bool) -> Call:
        wanted = [names[p] for p in positions]

        def call(X: Any) -> Any:
            results = session.run(wanted, _feeds(X, dtype))
            results = [_vector(r, is_scores) for r in results]
            return results if len(results) > 1 else results[0]

        return call

    positions = _positions(question, names)
    calls = {m: answer(positions[m], m == "decision_function") for m in question.methods if m in positions}
    return Converted(calls, size, note=np.dtype(dtype).name)
