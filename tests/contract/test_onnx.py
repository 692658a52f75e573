"""Every method runs in ONNX Runtime from standard-domain operators, with a dynamic batch."""

import io

import onnx
import onnxruntime
import torch

import sk2torch
from tests import checks


def test_onnx(subject):
    for method in subject.methods:
        x = subject.input(method)
        module = sk2torch.method_module(subject.model, method)
        program = torch.onnx.export(
            module, (x[:2],), dynamo=True, opset_version=18, dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False
        )
        buffer = io.BytesIO()
        program.save(buffer)
        proto = onnx.load_from_string(buffer.getvalue())
        assert {entry.domain for entry in proto.opset_import} <= {""}
        session = onnxruntime.InferenceSession(buffer.getvalue())
        name = session.get_inputs()[0].name
        for rows in (x, x[:1]):
            with torch.no_grad():
                expected = getattr(subject.model, method)(rows)
            actual = session.run(None, {name: rows.numpy()})
            checks.assert_same(actual if isinstance(expected, list) else actual[0], expected, method, max(1e-10, subject.case.tolerance))
        subject.tick(method)
