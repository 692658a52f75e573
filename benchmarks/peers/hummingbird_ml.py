"""hummingbird-ml with its PyTorch back end, as it comes (float32)."""

import pickle

import torch

from .interface import Converted, Question, head, require_numbers, sklearn_call


def pytorch(question: Question) -> Converted:
    """Its container in eager torch."""
    import hummingbird.ml

    require_numbers(question.X)
    container = hummingbird.ml.convert(question.estimator, "pytorch", head(question.X, 100))
    # It sets the number of threads for the whole process.
    torch.set_num_threads(question.threads)
    calls = {m: sklearn_call(container, m) for m in question.methods if hasattr(container, m)}
    return Converted(calls, len(pickle.dumps(container.model.state_dict())), note="float32")
