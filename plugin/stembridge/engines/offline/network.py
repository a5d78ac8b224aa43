"""The converted network on onnxruntime, on whatever device is there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stembridge.engines.offline.convert import INPUT, OUTPUTS
from stembridge.model.errors import DecisionNeededError, RemoteFailedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CPU = "CPUExecutionProvider"
_PREFERRED = (
    "CUDAExecutionProvider",
    "ROCMExecutionProvider",
    "MIGraphXExecutionProvider",
    "DmlExecutionProvider",
    "CoreMLExecutionProvider",
    CPU,
)
"""onnxruntime's devices, the fastest first. TensorRT isn't here: it compiles for minutes."""
_TOLERANCE = 0.01
"""How far a device may be from the processor, relative to the loudest magnitude."""


def runtime_there() -> bool:
    """Say whether onnxruntime can be imported, without importing it."""
    return importlib.util.find_spec("onnxruntime") is not None


def default_threads() -> int:
    """Give all cores but one: an audio program runs beside us."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)


def providers() -> list[str]:
    """Give the devices that onnxruntime has here, the one to try first in front."""
    import onnxruntime

    there = onnxruntime.get_available_providers()
    return [name for name in _PREFERRED if name in there]


class Network:
    """The network, loaded.

    A device other than the processor has to prove itself: when it can't load the network, fails on
    the first segment, or computes something else, the next one is taken.

    Parameters
    ----------
    model
        The ONNX file.
    threads
        Threads of the processor.
    devices
        Names of onnxruntime's execution providers in the order to try them; `CPU` must be the last.

    Raises
    ------
    DecisionNeededError
        ``engine_not_ready`` when the file can't be loaded.
    """

    def __init__(self, model: Path, threads: int, devices: Sequence[str] | None = None) -> None:
        import onnxruntime

        self._runtime = onnxruntime
        self._model = model
        self._threads = threads
        self._untried = list(devices or providers())
        self._options = onnxruntime.RunOptions()
        self._stopped = False
        self._session, self.device = self._open()
        self._proven = self.device == CPU

    def run(self, magnitudes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Estimate the magnitudes of voice and accompaniment.

        Parameters
        ----------
        magnitudes
            Shape (2, frames, bands), of both channels of one segment, unscaled.

        Returns
        -------
        tuple of two NDArray[np.float32]
            One array of the same shape for each of `OUTPUTS`.

        Raises
        ------
        RemoteFailedError
            ``engine_failed``; also after `interrupt`.
        """
        feed = {INPUT: magnitudes[None]}
        while True:
            try:
                first, second = self._session.run(list(OUTPUTS), feed, self._options)
                if not self._proven:
                    self._prove(feed, (first, second))
            except Exception as error:
                if self.device == CPU or self._stopped:
                    raise _failed(error) from error
                self._session, self.device = self._open()
                self._proven = self.device == CPU
                continue
            return first[0], second[0]

    def interrupt(self) -> None:
        """Make a running `run`, and any later one, fail soon. May be called from another thread."""
        self._stopped = True
        self._options.terminate = True

    def _open(self) -> tuple[Any, str]:
        reason: Exception | None = None
        while self._untried:
            device = self._untried.pop(0)
            try:
                session = self._session_on(device)
            except Exception as error:  # noqa: BLE001 - a driver may fail in any way; the next one is tried
                reason = error
                continue
            if device in session.get_providers():
                return session, device
        raise DecisionNeededError(
            "The network of the embedded engine can't be loaded.",
            code="engine_not_ready",
            hint="Fetch it again with `stembridge engines install spleeter`, or use --model repet.",
            context={"reason": str(reason), "path": str(self._model)},
        ) from reason

    def _session_on(self, device: str) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 4
        # Idle threads sleep instead of burning the cores that an audio program needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if device == "DmlExecutionProvider":
            options.enable_mem_pattern = False
        wanted = [device] if device == CPU else [device, CPU]
        return self._runtime.InferenceSession(str(self._model), options, providers=wanted)

    def _prove(self, feed: dict[str, Any], answers: tuple[Any, ...]) -> None:
        import numpy as np

        reference = self._session_on(CPU).run(list(OUTPUTS), feed, self._options)
        loudest = max(float(np.max(feed[INPUT])), 1e-6)
        for answer, right in zip(answers, reference, strict=True):
            distance = float(np.max(np.abs(answer - right))) / loudest
            if not distance <= _TOLERANCE:
                raise RuntimeError(f"{self.device} differs by {distance}")
        self._proven = True


def _failed(error: Exception) -> RemoteFailedError:
    return RemoteFailedError(
        "The embedded engine's network failed while it was computing.",
        hint="Close other programs to free memory and try again, or use --model repet.",
        context={"reason": str(error)},
        retryable=True,
    )
