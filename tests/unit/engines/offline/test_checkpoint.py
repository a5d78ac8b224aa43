"""The checkpoint reader, on checkpoints that the tests write and on the real one."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stembridge.engines.offline.checkpoint import read_index, read_tensors
from stembridge.model.errors import TransferError
from tests.unit.engines.offline.helpers import write_checkpoint

TENSORS: dict[str, NDArray[Any]] = {
    "layer/bias": np.arange(7, dtype=np.float32) / 3,
    "layer/kernel": np.random.default_rng(0).standard_normal((5, 5, 3, 4)).astype(np.float32),
    "layer_1/bias": np.array([np.pi, -0.0, np.inf], np.float64),
    "layer_1/kernel": np.ones((300, 2), np.float16),
    "global_step": np.array(1_000_000_007, np.int64),
    "small": np.array([[-1], [2]], np.int32),
}


@pytest.mark.parametrize("per_block", [1, 2, 100])
def test_every_tensor_comes_back_bit_for_bit(per_block: int) -> None:
    found = read_tensors(*write_checkpoint(TENSORS, per_block))
    assert list(found) == sorted(TENSORS)
    for name, value in TENSORS.items():
        assert found[name].shape == value.shape
        assert found[name].dtype == value.dtype
        assert found[name].tobytes() == value.tobytes()


def test_a_cut_data_file_is_refused() -> None:
    index, data = write_checkpoint(TENSORS)
    with pytest.raises(TransferError, match="damaged"):
        read_tensors(index, data[:-1])


@pytest.mark.parametrize("kept", [0, 20, 47, 100])
def test_a_cut_index_is_refused(kept: int) -> None:
    index, _ = write_checkpoint(TENSORS)
    with pytest.raises(TransferError):
        read_index(index[:kept])


def test_a_compressed_block_is_refused() -> None:
    index, _ = write_checkpoint({"one": np.zeros(3, np.float32)}, per_block=100)
    # The byte behind a block tells its compression; the first block ends where its restarts do.
    harmed = bytearray(index)
    harmed[_first_trailer(index)] = 1
    with pytest.raises(TransferError):
        read_index(bytes(harmed))


def _first_trailer(index: bytes) -> int:
    """Find the byte behind the first block: the only restart is at 0, and there is one of them."""
    return index.index(b"\0\0\0\0\1\0\0\0\0\0\0\0\0") + 8


@settings(deadline=None, max_examples=60)
@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_wrong_byte_is_an_answer_or_a_sentence_never_a_crash(position: int, value: int) -> None:
    index, data = write_checkpoint(TENSORS)
    harmed = bytearray(index)
    harmed[position % len(harmed)] = value
    with contextlib.suppress(TransferError):
        read_tensors(bytes(harmed), data)
