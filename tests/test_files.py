"""Files are moved into place when complete; what killed processes leave is removed, what others write is not."""

import pytest

from sk2torch.export.files import moved_into_place


def test_what_is_being_written_is_kept(tmp_path):
    final = tmp_path / "model[1].onnx"
    with moved_into_place(final) as first:
        first.write_text("first")
        with moved_into_place(final) as second:
            second.write_text("second")
        assert final.read_text() == "second"
        assert first.exists()
    assert final.read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["model[1].onnx"]


def test_what_is_left_is_removed(tmp_path):
    left, other = tmp_path / ".model.onnx.abc.part", tmp_path / ".other.onnx.abc.part"
    for folder in (left, other):
        folder.mkdir()
        (folder / "model.onnx").write_text("half")
    with moved_into_place(tmp_path / "model.onnx") as place:
        place.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "model.onnx"]


def test_other_files_come_first(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr("os.replace", lambda source, target: order.append(target.name))
    with moved_into_place(tmp_path / "model.onnx") as place:
        for name in ("model.onnx", "z.data", "a.data"):
            place.with_name(name).write_text("")
    assert sorted(order[:2]) == ["a.data", "z.data"]
    assert order[2:] == ["model.onnx"]


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="create it before writing"), moved_into_place(tmp_path / "a" / "b.pt"):
        raise AssertionError("never reached")
