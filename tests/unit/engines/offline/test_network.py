"""The converted network against a reference in plain loops, on the real onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stembridge.engines.offline.convert import INPUT, NETWORKS, OUTPUT, build_models, tensor_count
from stembridge.engines.offline.network import CPU, Network, default_threads
from stembridge.model.errors import DecisionNeededError, RemoteFailedError, TransferError
from tests.unit.engines.offline.helpers import FILTERS, small_tensors

onnxruntime = pytest.importorskip("onnxruntime")
Array = NDArray[np.float64]
SIZE = 64


def convolve(x: Array, kernel: Array, bias: Array) -> Array:
    """5x5, stride 2, TensorFlow's SAME; x is (height, width, channels)."""
    height, width, _ = x.shape
    total = max((-(-height // 2) - 1) * 2 + 5 - height, 0)
    padded = np.pad(x, ((total // 2, total - total // 2),) * 2 + ((0, 0),))
    out = np.zeros((height // 2, width // 2, kernel.shape[3]))
    for row in range(height // 2):
        for column in range(width // 2):
            patch = padded[2 * row : 2 * row + 5, 2 * column : 2 * column + 5]
            out[row, column] = np.tensordot(patch, kernel, 3)
    return out + bias


def expand(x: Array, kernel: Array, bias: Array) -> Array:
    """The gradient of `convolve`, as a transposed convolution is defined; the kernel is (h, w, out, in)."""
    height, width, _ = x.shape
    out = np.zeros((2 * height + 3, 2 * width + 3, kernel.shape[2]))
    for row in range(height):
        for column in range(width):
            out[2 * row : 2 * row + 5, 2 * column : 2 * column + 5] += kernel @ x[row, column]
    return out[1:-2, 1:-2] + bias


def last_layer(x: Array, kernel: Array, bias: Array) -> Array:
    """4x4, dilation 2, SAME, sigmoid."""
    padded = np.pad(x, ((3, 3), (3, 3), (0, 0)))
    out = np.zeros((*x.shape[:2], kernel.shape[3]))
    for i in range(4):
        for j in range(4):
            view = padded[2 * i : 2 * i + x.shape[0], 2 * j : 2 * j + x.shape[1]]
            out += view @ kernel[i, j]
    return 1.0 / (1.0 + np.exp(-(out + bias)))


def reference(tensors: dict[str, NDArray[np.float32]], network: int, magnitudes: Array) -> Array:
    """One U-Net; (height, width, 2) in and out."""
    wide = {name: value.astype(np.float64) for name, value in tensors.items()}

    def of(layer: str, number: int, part: str) -> Array:
        return wide[f"{layer}_{number}/{part}" if number else f"{layer}/{part}"]

    def normal(x: Array, number: int) -> Array:
        gamma, beta, mean, variance = (
            of("batch_normalization", number, part)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta

    raw: list[Array] = []
    x = magnitudes
    for depth in range(len(FILTERS)):
        number = 7 * network + depth
        raw.append(convolve(x, of("conv2d", number, "kernel"), of("conv2d", number, "bias")))
        y = normal(raw[-1], 12 * network + depth)
        x = np.where(y > 0, y, 0.2 * y)
    x = raw.pop()
    for depth in range(len(FILTERS)):
        number = 6 * network + depth
        kernel, bias = (of("conv2d_transpose", number, part) for part in ("kernel", "bias"))
        x = normal(np.maximum(expand(x, kernel, bias), 0), 12 * network + 6 + depth)
        if raw:
            x = np.concatenate([raw.pop(), x], axis=-1)
    share = last_layer(x, of("conv2d", 7 * network + 6, "kernel"), of("conv2d", 7 * network + 6, "bias"))
    return share * magnitudes


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small converted network."""
    folder = tmp_path_factory.mktemp("small")
    for name, model in build_models(small_tensors(), frames=SIZE, bands=SIZE).items():
        (folder / name).write_bytes(model)
    return folder


@pytest.fixture
def magnitudes() -> NDArray[np.float32]:
    return np.random.default_rng(8).uniform(0.0, 3.0, (2, SIZE, SIZE)).astype(np.float32)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_it_computes_what_the_layers_say(small: Path, magnitudes: NDArray[np.float32], threads: int) -> None:
    network = Network(lambda name: small / name, threads, [CPU])
    assert network.device == CPU
    for number, answer in enumerate(network.run(magnitudes)):
        right = reference(small_tensors(), number, magnitudes.transpose(1, 2, 0).astype(np.float64))
        np.testing.assert_allclose(answer, right.transpose(2, 0, 1), rtol=1e-3, atol=2e-4)
        assert float(np.std(answer / magnitudes)) > 0.01, "a flat answer would prove nothing"


def test_every_tensor_is_counted() -> None:
    counts: list[int] = []
    build_models(small_tensors(), frames=SIZE, bands=SIZE, taken=counts.append)
    assert counts == list(range(1, tensor_count() + 1))


def test_a_missing_tensor_is_named() -> None:
    tensors = small_tensors()
    del tensors["conv2d_8/bias"]
    with pytest.raises(TransferError) as caught:
        build_models(tensors, frames=SIZE, bands=SIZE)
    assert caught.value.context["missing"] == "conv2d_8/bias"


def test_an_interrupted_network_fails_soon(small: Path, magnitudes: NDArray[np.float32]) -> None:
    network = Network(lambda name: small / name, 2, [CPU])
    network.interrupt()
    with pytest.raises(RemoteFailedError):
        network.run(magnitudes)


def test_a_device_that_cannot_load_is_passed_over(small: Path, magnitudes: NDArray[np.float32]) -> None:
    network = Network(lambda name: small / name, 1, ["NoSuchExecutionProvider", CPU])
    assert network.device == CPU
    assert len(network.run(magnitudes)) == 2


class _Device(Network):
    """Pretends that the processor is another device, which computes `factor` times too much."""

    factor = 1.0

    def _session_on(self, device: str, name: str, threads: int) -> object:
        session = super()._session_on(CPU, name, threads)
        return _Odd(session, self.factor) if device != CPU else session


class _Odd:
    def __init__(self, session: object, factor: float) -> None:
        self._session = session
        self._factor = factor

    def get_providers(self) -> list[str]:
        return ["OddExecutionProvider"]

    def run(self, *given: object) -> list[NDArray[np.float32]]:
        answers: list[NDArray[np.float32]] = self._session.run(*given)  # type: ignore[attr-defined]
        return [answer * np.float32(self._factor) for answer in answers]


@pytest.mark.parametrize(
    ("factor", "device"), [(1.0, "OddExecutionProvider"), (1.2, CPU), (float("nan"), CPU)]
)
def test_a_device_must_compute_the_same(
    small: Path, magnitudes: NDArray[np.float32], factor: float, device: str
) -> None:
    class Odd(_Device):
        pass

    Odd.factor = factor
    network = Odd(lambda name: small / name, 1, ["OddExecutionProvider", CPU])
    answers = network.run(magnitudes)
    assert network.device == device
    right = Network(lambda name: small / name, 1, [CPU]).run(magnitudes)
    for answer, expected in zip(answers, right, strict=True):
        np.testing.assert_array_equal(answer, expected)


def test_rubbish_in_place_of_a_network_is_a_sentence(tmp_path: Path) -> None:
    for name in NETWORKS:
        (tmp_path / name).write_bytes(b"no network")
    with pytest.raises(DecisionNeededError) as caught:
        Network(lambda name: tmp_path / name, 1, [CPU])
    assert caught.value.code == "engine_not_ready"
    assert "engines install spleeter" in caught.value.hint


def test_the_file_says_what_goes_in_and_out(small: Path) -> None:
    session = onnxruntime.InferenceSession(str(small / "vocals"), providers=[CPU])
    assert [(i.name, i.shape) for i in session.get_inputs()] == [(INPUT, [1, 2, SIZE, SIZE])]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [(OUTPUT, [1, 2, SIZE, SIZE])]


def test_one_core_stays_free() -> None:
    assert default_threads() >= 1
