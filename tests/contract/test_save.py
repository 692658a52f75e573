"""Saves as safetensors; loads where scikit-learn cannot be imported: the same module, the same answers."""

import sk2torch
from sk2torch.base.decoding import output_decoding
from tests import checks, layouts


def test_save(subject, tmp_path, interpreter_without_sklearn):
    path = sk2torch.save(subject.model, tmp_path / "model.safetensors")
    loaded = sk2torch.load(path)
    assert str(loaded) == str(subject.model)
    assert type(loaded) is type(subject.model)
    assert list(loaded.state_dict()) == list(subject.model.state_dict())
    assert [p.requires_grad for p in loaded.parameters()] == [p.requires_grad for p in subject.model.parameters()]
    assert loaded.encoding.to_dict() == subject.model.encoding.to_dict()
    assert repr(output_decoding(loaded).to_dict()) == repr(output_decoding(subject.model).to_dict())
    results = interpreter_without_sklearn.run(path, {method: subject.input(method) for method in subject.methods})
    for method in subject.methods:
        checks.assert_same(results[method], subject.expected(method), method, 0.0)
        subject.tick(method)


def test_saved_again_is_the_same_file(subject, tmp_path):
    first = sk2torch.save(subject.model, tmp_path / "first.safetensors")
    second = sk2torch.save(sk2torch.load(first), tmp_path / "second.safetensors")
    assert first.read_bytes() == second.read_bytes()


def test_layouts_are_those_of_their_version(subject):
    known = layouts.recorded()
    for cls, version, names in layouts.layouts(subject.model):
        advice = "raise _version and write upgrade, or record new parts: python -m tests.layouts"
        assert known[cls]["version"] == version, f"{cls}: {advice}"
        assert names in known[cls]["layouts"], f"{cls} has {names}: {advice}"
