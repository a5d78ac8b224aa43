"""Regions, weights and checkpoints for the tests of the embedded engine."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from stembridge.audio.render import RegionFile

Samples = NDArray[np.float32]
FILTERS = (2, 3, 4, 5, 6, 7)
"""Channels of the layers of a network small enough for a reference in plain loops."""


def write_region(path: Path, samples: Samples, rate: int = 44100, container: str = "WAV") -> RegionFile:
    """Write (frames, channels) as a rendered region."""
    soundfile.write(path, samples, rate, subtype="FLOAT", format=container)
    frames, channels = samples.shape
    peak = float(np.max(np.abs(samples)))
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return RegionFile(path, frames, rate, channels, peak, rms, "0" * 64)


def read(path: Path) -> tuple[Samples, int]:
    """Read a whole file as (frames, channels)."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return samples, rate


def music(frames: int, channels: int, rate: int = 44100, seed: int = 1) -> Samples:
    """Make something that repeats, with something on top that doesn't; peaks near 0.6."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / rate
    beat = rng.standard_normal((frames, channels)) * np.exp(-20.0 * (time % 0.5)) * 0.15
    glide = 0.2 * np.sin(2 * np.pi * (300.0 * time + 40.0 * np.sin(time * 1.7)))
    return (beat + glide + np.zeros((1, channels))).astype(np.float32)


def small_tensors(seed: int = 3) -> dict[str, NDArray[np.float32]]:
    """Make random tensors of two small networks, named and shaped as Keras does."""
    rng = np.random.default_rng(seed)
    tensors: dict[str, NDArray[np.float32]] = {}

    def add(name: str, *shape: int, low: float = -0.4, high: float = 0.4) -> None:
        tensors[name] = rng.uniform(low, high, shape).astype(np.float32)

    def numbered(layer: str, number: int) -> str:
        return f"{layer}_{number}" if number else layer

    for network in range(2):
        inputs = 2
        for depth, filters in enumerate(FILTERS):
            conv = numbered("conv2d", network * 7 + depth)
            add(f"{conv}/kernel", 5, 5, inputs, filters)
            add(f"{conv}/bias", filters)
            inputs = filters
        for depth, filters in enumerate((*FILTERS[-2::-1], 1)):
            up = numbered("conv2d_transpose", network * 6 + depth)
            add(f"{up}/kernel", 5, 5, filters, inputs)
            add(f"{up}/bias", filters)
            inputs = 2 * filters
        last = numbered("conv2d", network * 7 + 6)
        add(f"{last}/kernel", 4, 4, 1, 2)
        add(f"{last}/bias", 2)
        for index, filters in enumerate((*FILTERS, *FILTERS[-2::-1], 1)):
            norm = numbered("batch_normalization", network * 12 + index)
            for part in ("gamma", "moving_variance"):
                add(f"{norm}/{part}", filters, low=0.5, high=1.5)
            for part in ("beta", "moving_mean"):
                add(f"{norm}/{part}", filters)
    return tensors


def varint(value: int) -> bytes:
    """Encode a number as protocol buffers and LevelDB do."""
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])


def _entry(dtype: int, shape: tuple[int, ...], offset: int, size: int) -> bytes:
    dims = b"".join(b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(n) for n in shape))
    body = b"\x08" + varint(dtype) + b"\x12" + varint(len(dims)) + dims
    return body + b"\x20" + varint(offset) + b"\x28" + varint(size) + b"\x35" + struct.pack("<I", 99)


def _block(rows: list[tuple[bytes, bytes]]) -> bytes:
    out, before = b"", b""
    for key, value in rows:
        shared = 0
        while shared < min(len(key), len(before)) and key[shared] == before[shared]:
            shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1)


def write_checkpoint(tensors: Mapping[str, NDArray[Any]], per_block: int = 4) -> tuple[bytes, bytes]:
    """Write tensors as a TensorFlow checkpoint: the index file and the data file."""
    types = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}
    data = b""
    rows = [(b"", b"\x08\x01\x1a\x02\x08\x01")]
    for name in sorted(tensors):
        value = tensors[name]
        raw = value.astype(value.dtype.newbyteorder("<")).tobytes()
        rows.append((name.encode(), _entry(types[value.dtype.name], value.shape, len(data), len(raw))))
        data += raw
    index, handles = b"", []
    for first in range(0, len(rows), per_block):
        part = rows[first : first + per_block]
        block = _block(part)
        handles.append((part[-1][0], varint(len(index)) + varint(len(block))))
        index += block + bytes(5)
    meta = varint(len(index)) + varint(8)
    index += _block([]) + bytes(5)
    table = _block(handles)
    footer = meta + varint(len(index)) + varint(len(table))
    index += table + bytes(5)
    return index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data
