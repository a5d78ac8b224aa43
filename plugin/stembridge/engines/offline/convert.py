"""From the checkpoint's tensors to an ONNX model of the same network.

The network is Spleeter's (Hennequin, Khlif, Voituret, Moussallam, JOSS 5(50), 2020): one U-Net for
the voice and one for the accompaniment, each after Jansson and others (ISMIR 2017), side by side on
the magnitudes of one stereo segment. TensorFlow's "SAME" with stride 2 pads one before and two
behind; its kernels are (height, width, in, out), or (height, width, out, in) when transposed.

The weights stay in 32 bits: the files take 79 MB instead of 39, agree with TensorFlow within 2e-5
instead of 3e-4, and load faster, as nothing has to be widened first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stembridge.engines.offline.onnxfile import Graph
from stembridge.model.errors import TransferError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAMES = 512
"""Frames in a segment."""
BANDS = 1024
"""Frequency bins that the network sees: all below 11 kHz."""
INPUT = "magnitudes"
OUTPUT = "estimate"
NETWORKS = ("vocals", "accompaniment")
"""In the order of the checkpoint. A file each: two run side by side better than one on two threads."""
VERSION = 2
"""Rises whenever `build_models` would give another file."""

_DEPTH = 6
_IN_PHASES = range(1, 5)
"""Layers that gain by `_expand_in_phases`; the first has too few places, the last too few channels."""
_TAPS = ([3, 1], [4, 2, 0])
_EPSILON = 1e-3
_SLOPE = 0.2
Tensors = Mapping[str, "NDArray[Any]"]


def tensor_count() -> int:
    """Give the number of tensors that the model takes from the checkpoint."""
    convolutions = len(NETWORKS) * (2 * _DEPTH + 1)
    normalisations = len(NETWORKS) * (2 * _DEPTH - 1)
    return 2 * convolutions + 4 * normalisations


def build_models(
    tensors: Tensors,
    *,
    frames: int = FRAMES,
    bands: int = BANDS,
    taken: Callable[[int], None] | None = None,
) -> dict[str, bytes]:
    """Give an ONNX file for each of `NETWORKS`.

    Its input is `INPUT`, shape (1, 2, ``frames``, ``bands``): raw magnitudes of both channels. Its
    output is `OUTPUT`, of the same shape: the estimated magnitudes.

    Parameters
    ----------
    tensors
        The checkpoint's tensors by name.
    frames, bands
        Size of a segment; multiples of 64.
    taken
        Called with the number of tensors converted so far.

    Raises
    ------
    TransferError
        When a tensor is missing.
    """
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if taken is not None:
            taken(done)

    shape = (1, 2, frames, bands)
    models: dict[str, bytes] = {}
    for number, name in enumerate(NETWORKS):
        builder = _Builder(Graph(f"spleeter-{name}"), tensors, count)
        builder.u_net(number)
        models[name] = builder.graph.model({INPUT: shape}, {OUTPUT: shape}, {"converter": str(VERSION)})
    return models


class _Builder:
    """Adds the layers of a network to a graph."""

    def __init__(self, graph: Graph, tensors: Tensors, count: Callable[[], None]) -> None:
        self.graph = graph
        self._tensors = tensors
        self._count = count

    def u_net(self, network: int) -> None:
        """Add the ``network``-th U-Net of the checkpoint."""
        node = self.graph.node
        convolution = network * (_DEPTH + 1)
        normalisation = network * 2 * _DEPTH
        skips: list[str] = []
        signal = INPUT
        for depth in range(_DEPTH):
            skips.append(self._convolve(convolution + depth, signal))
            if depth < _DEPTH - 1:
                normal = self._normalise(normalisation + depth, skips[-1])
                signal = node("LeakyRelu", [normal], f"{normal}_leaky", alpha=_SLOPE)
        # The deepest and every skipped layer goes on raw, before its normalisation.
        signal = skips.pop()
        for depth in range(_DEPTH):
            expand = self._expand_in_phases if depth in _IN_PHASES else self._expand
            up = expand(network * _DEPTH + depth, signal)
            signal = self._normalise(normalisation + _DEPTH + depth, up)
            if skips:
                signal = node("Concat", [skips.pop(), signal], f"{signal}_joined", axis=1)
        last = self._weights(
            "Conv", "conv2d", convolution + _DEPTH, signal,
            kernel_shape=(4, 4), dilations=(2, 2), pads=(3, 3, 3, 3),
        )  # fmt: skip
        share = node("Sigmoid", [last], f"{last}_share")
        node("Mul", [share, INPUT], OUTPUT)

    def _convolve(self, number: int, signal: str) -> str:
        return self._weights(
            "Conv", "conv2d", number, signal, kernel_shape=(5, 5), strides=(2, 2), pads=(1, 1, 2, 2)
        )

    def _expand(self, number: int, signal: str) -> str:
        up = self._weights(
            "ConvTranspose", "conv2d_transpose", number, signal,
            kernel_shape=(5, 5), strides=(2, 2), pads=(1, 1, 2, 2),
        )  # fmt: skip
        return self.graph.node("Relu", [up], f"{up}_relu")

    def _expand_in_phases(self, number: int, signal: str) -> str:
        """Do the same as `_expand` with plain convolutions, which onnxruntime computes much faster.

        Every second row of the result comes from kernel rows 3 and 1, those between from 4, 2 and 0;
        the same for columns. That makes four small convolutions, whose results are interleaved.
        """
        import numpy as np

        node = self.graph.node
        name = _numbered("conv2d_transpose", number)
        kernel = self._tensor(f"{name}/kernel").transpose(2, 3, 0, 1)
        bias = self.graph.constant(f"{name}/bias", self._tensor(f"{name}/bias"))
        phases: list[str] = []
        for row, column in itertools.product((0, 1), (0, 1)):
            phase = f"{name}_{row}{column}"
            taps = kernel[:, :, _TAPS[row]][:, :, :, _TAPS[column]]
            weights = self.graph.constant(f"{phase}/kernel", np.ascontiguousarray(taps))
            out = node(
                "Conv", [signal, weights, bias], phase,
                kernel_shape=taps.shape[2:], pads=(1, 1, row, column),
            )  # fmt: skip
            phases.append(node("Relu", [out], f"{phase}_relu"))
        together = node("Concat", phases, f"{name}_phases", axis=1)
        return node("DepthToSpace", [together], f"{name}_relu", blocksize=2, mode="DCR")

    def _weights(
        self, operator: str, layer: str, number: int, signal: str, **attributes: tuple[int, ...]
    ) -> str:
        name = _numbered(layer, number)
        # Plain or transposed, ONNX wants the two channel axes in front, in the opposite order.
        kernel = self._tensor(f"{name}/kernel").transpose(3, 2, 0, 1)
        inputs = [
            signal,
            self.graph.constant(f"{name}/kernel", kernel),
            self.graph.constant(f"{name}/bias", self._tensor(f"{name}/bias")),
        ]
        return self.graph.node(operator, inputs, name, **attributes)

    def _normalise(self, number: int, signal: str) -> str:
        name = _numbered("batch_normalization", number)
        parts = [f"{name}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        inputs = [signal, *(self.graph.constant(part, self._tensor(part)) for part in parts)]
        return self.graph.node("BatchNormalization", inputs, name, epsilon=_EPSILON)

    def _tensor(self, name: str) -> NDArray[Any]:
        if name not in self._tensors:
            raise TransferError(
                "The weights of the network are incomplete.",
                hint="Fetch them again with `stembridge engines install spleeter`.",
                context={"missing": name},
            )
        self._count()
        return self._tensors[name]


def _numbered(layer: str, number: int) -> str:
    """Give the name that Keras gave to the ``number``-th layer of its kind."""
    return layer if number == 0 else f"{layer}_{number}"
