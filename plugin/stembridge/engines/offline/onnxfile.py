"""Writing an ONNX model file, as far as this engine needs it.

An ONNX file is one protocol buffer (``ModelProto`` of the specification's ``onnx.proto``). Writing
takes the few dozen lines below; the ``onnx`` package would take 20 MB and a pinned protobuf beside
it, in every installation, for one run.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IR_VERSION = 8
OPSET = 13
"""Version of the operator set: the first with everything used here, read by every onnxruntime since 1.8."""

_TENSOR_TYPES = {"float32": 1, "int64": 7, "float16": 10}
Attribute = int | float | str | tuple[int, ...]


@dataclass(slots=True)
class Graph:
    """A graph under construction: nodes in the order of their computation.

    Attributes
    ----------
    name
        Shown by viewers.
    nodes, initializers
        What `node` and `constant` have encoded so far.
    """

    name: str
    nodes: list[bytes] = field(default_factory=list)
    initializers: list[bytes] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant tensor; give its name back."""
        body = b"".join(_number(1, size) for size in value.shape)
        body += _number(2, _TENSOR_TYPES[value.dtype.name]) + _text(8, name)
        raw = value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
        self.initializers.append(body + _bytes(9, raw))
        return name

    def node(self, operator: str, inputs: Iterable[str], output: str, **attributes: Attribute) -> str:
        """Add an operator with one output; give the output's name back."""
        body = b"".join(_text(1, name) for name in inputs)
        body += _text(2, output) + _text(3, output) + _text(4, operator)
        body += b"".join(_bytes(5, _attribute(key, value)) for key, value in attributes.items())
        self.nodes.append(body)
        return output

    def model(
        self,
        inputs: Mapping[str, tuple[int | str, ...]],
        outputs: Mapping[str, tuple[int | str, ...]],
        metadata: Mapping[str, str],
    ) -> bytes:
        """Give the whole file.

        Parameters
        ----------
        inputs, outputs
            Shapes of the float32 tensors that go in and come out, by name; a word stands for a size
            that is only known at run time.
        metadata
            Plain texts that stay in the file.
        """
        graph = b"".join(_bytes(1, node) for node in self.nodes) + _text(2, self.name)
        graph += b"".join(_bytes(5, tensor) for tensor in self.initializers)
        graph += b"".join(_bytes(11, _value_info(n, s)) for n, s in inputs.items())
        graph += b"".join(_bytes(12, _value_info(n, s)) for n, s in outputs.items())
        return b"".join(
            (
                _number(1, _IR_VERSION),
                _text(2, "stembridge"),
                _bytes(7, graph),
                _bytes(8, _text(1, "") + _number(2, OPSET)),
                *(_bytes(14, _text(1, key) + _text(2, value)) for key, value in metadata.items()),
            )
        )


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(tag: int, value: int) -> bytes:
    return _varint(tag << 3) + _varint(value)


def _bytes(tag: int, value: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(value)) + value


def _text(tag: int, value: str) -> bytes:
    return _bytes(tag, value.encode("utf-8"))


def _attribute(name: str, value: Attribute) -> bytes:
    head = _text(1, name)
    if isinstance(value, float):
        return head + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, 2)
    if isinstance(value, str):
        return head + _text(4, value) + _number(20, 3)
    return head + b"".join(_number(8, item) for item in value) + _number(20, 7)


def _value_info(name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(
        _bytes(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape
    )
    tensor = _number(1, _TENSOR_TYPES["float32"]) + _bytes(2, dims)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))
