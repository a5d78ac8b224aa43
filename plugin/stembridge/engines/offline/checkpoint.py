"""Reading a TensorFlow checkpoint without TensorFlow.

A checkpoint of the "bundle" kind is two files. The index is a sorted string table as LevelDB writes
them: blocks of prefix-compressed keys, a block that lists the blocks, and a footer of 48 bytes. Its
values are protocol buffers (``BundleHeaderProto`` under the empty key, ``BundleEntryProto`` under
each tensor's name) that say where in the data file a tensor lies. The formats are those of LevelDB's
``table_format.md`` and of TensorFlow's ``tensor_bundle.proto``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stembridge.model.errors import TransferError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57
_BLOCK_TRAILER = 5
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one tensor lies in the data file: numpy's word for its type, shape, first byte, bytes."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int


def read_index(index: bytes) -> dict[str, Entry]:
    """Read the table of contents of a checkpoint.

    Parameters
    ----------
    index
        The whole ``.index`` file.

    Returns
    -------
    dict
        An `Entry` for each tensor, by name, in the order of the names.

    Raises
    ------
    TransferError
        When it is no such file, is cut, or uses what these checkpoints never use (compressed blocks,
        several shards, big-endian numbers, sliced tensors).
    """
    try:
        entries: dict[str, Entry] = {}
        for key, value in _table(index):
            if key:
                entries[key.decode("utf-8")] = _entry(value)
            else:
                _check_header(value)
    except (IndexError, ValueError, struct.error) as error:
        raise _damaged(str(error)) from error
    return entries


def read_tensors(index: bytes, data: bytes) -> dict[str, NDArray[Any]]:
    """Read every tensor of a checkpoint, bit for bit, as read-only arrays that share ``data``.

    Parameters
    ----------
    index, data
        The whole ``.index`` and ``.data-00000-of-00001`` files.

    Raises
    ------
    TransferError
        As `read_index`, and when the data file is shorter than the index says.
    """
    import numpy as np

    tensors: dict[str, NDArray[Any]] = {}
    for name, entry in read_index(index).items():
        dtype = np.dtype(entry.dtype)
        count = 1
        for size in entry.shape:
            count *= size
        if count * dtype.itemsize != entry.size or entry.offset + entry.size > len(data):
            raise _damaged(f"tensor {name} doesn't fit")
        tensors[name] = np.frombuffer(data, dtype, count, entry.offset).reshape(entry.shape)
    return tensors


def _damaged(reason: str) -> TransferError:
    return TransferError(
        "The weights of the network can't be read: the checkpoint is damaged.",
        hint="Fetch them again with `stembridge engines install spleeter`.",
        context={"reason": reason},
    )


def _table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk the key-value pairs of a sorted string table."""
    footer = table[-_FOOTER:]
    if len(footer) < _FOOTER or int.from_bytes(footer[-8:], "little") != _MAGIC:
        raise ValueError("no footer of a sorted string table")
    _, at = _varint(footer, 0)
    _, at = _varint(footer, at)
    for _, handle in _block(table, *_handle(footer, at)):
        yield from _block(table, *_handle(handle, 0))


def _handle(data: bytes, at: int) -> tuple[int, int]:
    offset, at = _varint(data, at)
    size, _ = _varint(data, at)
    return offset, size


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block = table[offset : offset + size]
    if len(table) < offset + size + _BLOCK_TRAILER:
        raise ValueError("a block goes beyond the file")
    if table[offset + size] != 0:
        raise ValueError("a compressed block")
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end = size - 4 * (restarts + 1)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _message(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Walk the fields of a protocol buffer: numbers as int, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            number, at = _varint(data, at)
            yield tag >> 3, number
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in {1, 5}:
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"unknown wire type {wire}")
        if at + size > len(data):
            raise ValueError("a field goes beyond its message")
        yield tag >> 3, data[at : at + size]
        at += size


def _check_header(value: bytes) -> None:
    header = dict(_message(value))
    if header.get(1, 1) != 1:
        raise ValueError("several shards")
    if header.get(2, 0) != 0:
        raise ValueError("big-endian numbers")


def _entry(value: bytes) -> Entry:
    numbers = {1: 0, 3: 0, 4: 0, 5: 0}
    shape: tuple[int, ...] = ()
    for field, content in _message(value):
        if field == 2 and isinstance(content, bytes):
            shape = tuple(_dimensions(content))
        elif field == 7:
            raise ValueError("a sliced tensor")
        elif isinstance(content, int):
            numbers[field] = content
    if numbers[1] not in _DTYPES:
        raise ValueError(f"unknown type of number {numbers[1]}")
    if numbers[3] != 0:
        raise ValueError("several shards")
    return Entry(_DTYPES[numbers[1]], shape, numbers[4], numbers[5])


def _dimensions(shape: bytes) -> Iterator[int]:
    for field, content in _message(shape):
        if field == 2 and isinstance(content, bytes):
            size = dict(_message(content)).get(1, 0)
            if isinstance(size, int):
                yield size
