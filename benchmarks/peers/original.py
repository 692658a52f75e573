"""sk2torch 1.2.0 of 2022, from an environment of its own."""

from typing import Any

import torch

from .interface import Call, Converted, Question, require_numbers


def version_1(question: Question) -> Converted:
    """Its module in eager mode."""
    import sk2torch

    require_numbers(question.X)
    model = sk2torch.wrap(question.estimator)

    def answer(method: str) -> Call:
        function: Any = getattr(model, method)
        return lambda X: function(torch.from_numpy(X)).numpy()

    return Converted({m: answer(m) for m in question.methods if hasattr(model, m)})
