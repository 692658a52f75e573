"""MurmurHash3 (Austin Appleby, public domain), the 32-bit variant for x86, of many words at once."""

from collections.abc import Sequence

import numpy as np

_FIRST, _SECOND = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
_BLOCK_BYTES = 4


def _rotated(x: np.ndarray, bits: int) -> np.ndarray:
    return (x << np.uint32(bits)) | (x >> np.uint32(32 - bits))


def _mixed_block(block: np.ndarray) -> np.ndarray:
    return _rotated(block * _FIRST, 15) * _SECOND


def murmurhash3(words: Sequence[bytes], seed: int = 0) -> np.ndarray:
    """Signed 32-bit hashes, int32, shape ``(n_words,)``."""
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    # The longest first, so that the words that have a k-th block are always the first so many.
    order = np.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    sizes = lengths // _BLOCK_BYTES + 1
    starts = np.cumsum(sizes) - sizes
    # Zeros after the last byte: an incomplete block is hashed as if it had them.
    padded = b"".join(words[i].ljust(size * _BLOCK_BYTES, b"\0") for i, size in zip(order, sizes.tolist(), strict=True))
    blocks = np.frombuffer(padded, dtype="<u4").astype(np.uint32)
    hashes = np.full(len(words), seed, dtype=np.uint32)
    counts = len(words) - np.searchsorted(sizes[::-1], np.arange(sizes.max(initial=1)), side="right")
    for k, active in enumerate(counts.tolist()[1:]):
        mixed = hashes[:active] ^ _mixed_block(blocks[starts[:active] + k])
        hashes[:active] = _rotated(mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    hashes ^= _mixed_block(blocks[starts + sizes - 1])
    hashes ^= lengths.astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes = (hashes ^ (hashes >> np.uint32(shift))) * np.uint32(factor)
    hashes ^= hashes >> np.uint32(16)
    result = np.empty(len(words), dtype=np.int32)
    result[order] = hashes.view(np.int32)
    return result
