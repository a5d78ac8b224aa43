"""The converted network on onnxruntime, on whatever device is there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stembridge.engines.offline.convert import INPUT, NETWORKS, OUTPUT
from stembridge.engines.offline.weights import INSTALL
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
    """Both networks, loaded.

    On the processor each has half of the threads and they run side by side, which keeps two cores
    busier than one network on both. A device other than the processor has to prove itself: when it
    can't load the networks, fails on the first segment, or computes something else, the next one is
    taken.

    Parameters
    ----------
    locate
        Gives the path of the ONNX file of one of `NETWORKS`.
    threads
        Threads of the processor, for both together.
    devices
        Names of onnxruntime's execution providers in the order to try them; `CPU` must be the last.

    Raises
    ------
    DecisionNeededError
        ``engine_not_ready`` when the files can't be loaded.
    """

    def __init__(
        self, locate: Callable[[str], Path], threads: int, devices: Sequence[str] | None = None
    ) -> None:
        import onnxruntime

        self._runtime = onnxruntime
        self._locate = locate
        self._shares = [max(1, (threads + 1) // 2), max(1, threads // 2)]
        self._pool = ThreadPoolExecutor(min(2, threads), "stembridge-network")
        self._untried = list(devices or providers())
        self._options = onnxruntime.RunOptions()
        self._stopped = False
        self._sessions, self.device = self._open()
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
            One array of the same shape for each of `NETWORKS`.

        Raises
        ------
        RemoteFailedError
            ``engine_failed``; also after `interrupt`.
        """
        while True:
            try:
                voice, rest = self._run(self._sessions, magnitudes)
                if not self._proven:
                    self._prove(magnitudes, (voice, rest))
            except Exception as error:
                if self.device == CPU or self._stopped:
                    raise _failed(error) from error
                self._sessions, self.device = self._open()
                self._proven = self.device == CPU
                continue
            return voice, rest

    def interrupt(self) -> None:
        """Make a running `run`, and any later one, fail soon. May be called from another thread."""
        self._stopped = True
        self._options.terminate = True

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _run(self, sessions: Sequence[Any], magnitudes: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        feed = {INPUT: magnitudes[None]}
        running = [self._pool.submit(session.run, [OUTPUT], feed, self._options) for session in sessions]
        wait(running)
        return [answer.result()[0][0] for answer in running]

    def _open(self) -> tuple[list[Any], str]:
        reason: Exception | None = None
        while self._untried:
            device = self._untried.pop(0)
            try:
                sessions = self._sessions_on(device)
            except DecisionNeededError:
                raise
            except Exception as error:  # noqa: BLE001 - a driver may fail in any way; the next one is tried
                reason = error
                continue
            if all(device in session.get_providers() for session in sessions):
                return sessions, device
        raise DecisionNeededError(
            "The network of the embedded engine can't be loaded.",
            code="engine_not_ready",
            hint=f"Run `{INSTALL}` to fetch it again. Or use --model repet, which needs nothing.",
            context={"reason": str(reason)},
        ) from reason

    def _sessions_on(self, device: str) -> list[Any]:
        loading = [
            self._pool.submit(self._session_on, device, name, share)
            for name, share in zip(NETWORKS, self._shares, strict=True)
        ]
        wait(loading)
        return [session.result() for session in loading]

    def _session_on(self, device: str, name: str, threads: int) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        # Idle threads sleep instead of burning the cores that an audio program needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # A plan of the memory costs 100 MB here and saves no time; DirectML can't have one at all.
        options.enable_mem_pattern = False
        wanted = [device] if device == CPU else [device, CPU]
        return self._runtime.InferenceSession(str(self._locate(name)), options, providers=wanted)

    def _prove(self, magnitudes: NDArray[np.float32], answers: Sequence[NDArray[np.float32]]) -> None:
        import numpy as np

        loudest = max(float(np.max(magnitudes)), 1e-6)
        for answer, right in zip(answers, self._run(self._sessions_on(CPU), magnitudes), strict=True):
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
