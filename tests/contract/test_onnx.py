"""Every method runs in ONNX Runtime from standard-domain operators, with a dynamic batch, without scikit-learn."""

import onnx
import torch

import sk2torch
from sk2torch.base import METHODS
from tests import checks

PRIMARY_ONLY = True


def test_onnx(subject, tmp_path, interpreter_without_sklearn):
    # One graph has one input: inverse_transform goes to a file of its own.
    groups = [
        [m for m in subject.methods if METHODS[m].kind != "input"],
        [m for m in subject.methods if METHODS[m].kind == "input"],
    ]
    for k, methods in enumerate(filter(None, groups)):
        path = sk2torch.export(subject.model, tmp_path / f"model{k}.onnx", methods=methods)
        proto = onnx.load(path)
        # The second has the operator that turns words into codes and back.
        assert {entry.domain for entry in proto.opset_import} <= {"", "ai.onnx.ml"}
        assert {node.op_type for node in proto.graph.node if node.domain == "ai.onnx.ml"} <= {"LabelEncoder"}
        assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
        inputs = {method: subject.dense_input(method) for method in methods}
        results = interpreter_without_sklearn.run(path, inputs)
        for method, x in inputs.items():
            for found, rows in zip(results[method], (x, x[:1], x[:0]), strict=True):
                with torch.no_grad():
                    expected = getattr(subject.model, method)(rows)
                checks.assert_same(found, expected, method, max(1e-10, subject.case.tolerance))
            subject.tick(method)
