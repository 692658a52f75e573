"""Kernels that take their arguments in one array: each call says what the C function is given."""

import re
from pathlib import Path

import pytest

import sk2torch.native
from sk2torch.native import kernel
from sk2torch.ops import decisions, layers, neighbor_votes, sparse_rows
from sk2torch.ops.forest import packed
from sk2torch.ops.pairwise import native, native_nearest

KERNELS = Path(sk2torch.native.__file__).parent / "kernels"
CALL = re.compile(r"PACKED\((\w+)\) \{\s*(?:return )?CALL\((\w+)\)\((.*?)\);", re.DOTALL)
LAYOUTS = dict(
    [
        ("forest_sums", packed._SUMS),
        decisions._KERNEL,
        layers._KERNEL,
        neighbor_votes._VOTES,
        neighbor_votes._MEANS,
        sparse_rows._TERMS,
        sparse_rows._AFFINE,
        *native_nearest._KERNELS.values(),
        *[native.KERNELS[name] for name in native.KERNELS if name[0] in ("few_sums", "few_means")],
    ]
)


def words_of(source: str, arguments: str) -> list[tuple[int, str]]:
    """Place and kind of the words that a call in C passes on, which may be behind a macro."""
    macro = re.search(rf"#define {arguments}\s((?:.*\\\n)*.*)\n", source)
    return [(int(place), kind) for place, kind in re.findall(r"a\[(\d+)\]\.(\w)", macro[1] if macro else arguments)]


def test_layouts_are_those_of_the_calls_in_c():
    found = {}
    for path in KERNELS.glob("*.c"):
        source = path.read_text()
        for name, called, arguments in re.findall(
            r"PACKED\((\w+)\) \{\s*(?:return )?CALL\((\w+)\)\((.*?)\);", source, re.S
        ):
            assert name == called
            words = words_of(source, arguments)
            assert [place for place, _ in words] == list(range(len(words)))
            found[name] = "".join("d" if kind == "d" else "q" for _, kind in words)
    assert found == LAYOUTS


@pytest.mark.skipif(kernel("positive_index") is None, reason="no compiled kernels here")
def test_numbers_of_another_kind_are_refused():
    function = kernel(*neighbor_votes._MEANS)
    assert function is not None
    with pytest.raises(Exception, match="required argument is not an integer"):
        function(0.5, *[0] * 7)
    with pytest.raises(Exception, match="expected 8 items"):
        function(0)
    assert kernel("no_such_kernel", "qq") is None
