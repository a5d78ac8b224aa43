"""Projects to order in a real Audacity, and what is heard of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from stembridge.bridge.hosting import Host, Job, SeparateRequest
from stembridge_audacity.editor import Placed, Region, Wish
from stembridge_audacity.export import WAV_FORMAT
from stembridge_audacity.pipe_editor import PipeEditor
from stembridge_audacity.quoting import command
from tests.audacity.desk import RunningAudacity

RATE = 44_100
Signal = NDArray[np.float32]

STAND_IN = SeparateRequest(source=None, engine="offline", model="repet")


def band(frames: int, channels: int, rate: int = RATE, seed: int = 5) -> Signal:
    """Noise below 8 kHz at some -20 dBFS, with a click every half second: no place looks like another."""
    rng = np.random.default_rng(seed)
    taps = np.sinc((np.arange(129) - 64) * 2 * 8000 / rate) * np.hanning(129) * 2 * 8000 / rate
    out = np.empty((frames, channels), dtype=np.float32)
    for channel in range(channels):
        noise = rng.standard_normal(frames + 128).astype(np.float32) * np.float32(0.15)
        step = 1 << 20
        for first in range(0, frames, step):
            piece = noise[first : first + step + 128]
            out[first : first + step, channel] = np.convolve(piece, taps, "valid")[: frames - first]
        out[:: rate // 2, channel] += 0.3
    return out


@dataclass
class Studio:
    """A project that a test builds, separates and listens to.

    Parameters
    ----------
    running
        The Audacity.
    folder
        A folder of the test's.
    home
        The core's data folder.
    """

    running: RunningAudacity
    folder: Path
    home: Path
    _count: int = 0

    @property
    def editor(self) -> PipeEditor:
        """The editor under test, on the test's own connection."""
        return PipeEditor(self.running.client, self.home / "audacity")

    @property
    def host(self) -> Host:
        """The desk of the host."""
        return Host("audacity", self.home)

    def file(self, samples: Signal, rate: int = RATE) -> Path:
        """Write a float WAV file of our own."""
        self._count += 1
        path = self.folder / f"src{self._count}.wav"
        sf.write(path, samples, rate, subtype="FLOAT")
        return path

    def track(self, samples: Signal, rate: int = RATE, *, at: float = 0.0, name: str = "") -> int:
        """Add a track; gives its place."""
        client = self.running.client
        count = len(client.tracks())
        client.import_file(self.file(samples, rate))
        client.set_track(name=name or f"Track {count + 1}")
        if at:
            client.set_clip(0.0, at)
        return count

    def select(self, start: float, end: float, tracks: list[int]) -> None:
        """Select as a user does."""
        self.running.client.select_only(tracks)
        self.running.client.select_time(start, end)

    def heard(self, channels: int = 2) -> tuple[Signal, int]:
        """Export the mix of the whole project as it is heard, as float; and the settings stay."""
        client = self.running.client
        before = client.preference(WAV_FORMAT)
        client.set_preference(WAV_FORMAT, "6")
        path = self.folder / "heard.wav"
        waves = [track for track in client.tracks() if track.kind == "wave"]
        client.select_only([track.index for track in waves])
        client.select_time(0.0, max(track.end or 0.0 for track in waves))
        client.export(path, channels=channels)
        client.set_preference(WAV_FORMAT, before or "2")
        samples, rate = sf.read(path, dtype="float32", always_2d=True)
        return samples, rate

    def region(self, *, each: bool = False) -> list[Region]:
        """Have the selection exported by the editor under test."""
        folder = self.folder / "regions"
        folder.mkdir(exist_ok=True)
        return list(self.editor.regions(folder, each=each))

    def stand_in(self, region: Region, original: str = "replace", *, suffix: str = ".wav") -> Job:
        """Make a job whose two stems are exactly half of the region each."""
        samples, rate = sf.read(region.file, dtype="float32", always_2d=True)
        job = self.host.order(region.request(Wish(STAND_IN, original)), region.file)
        job.stems_folder.mkdir()
        rows = []
        for stem, colour in (("vocals", "#e4572e"), ("instrumental", "#2e86ab")):
            path = job.stems_folder / f"{region.origin.name} - {stem}{suffix}"
            subtype = "FLOAT" if suffix == ".wav" else "PCM_24"
            sf.write(path, samples * np.float32(0.5), rate, subtype=subtype)
            rows.append(
                {
                    "id": stem, "label": stem.capitalize(), "colour": colour, "kind": "stem",
                    "file": str(path), "frames": len(samples), "rate": rate,
                    "channels": samples.shape[1],
                }
            )  # fmt: skip
        document = {"stems": rows, "labels": [], "host_context": job.request_document()["host_context"]}
        job.result_file.write_text(json.dumps(document), encoding="utf-8")
        return job

    def place(self, job: Job, **more: Any) -> Placed:
        """Put a job's stems into the project, as the trip does."""
        from stembridge_audacity.editor import Origin

        result = self.host.result(job)
        folder = self.folder / "placing"
        folder.mkdir(exist_ok=True)
        return self.editor.place(folder, Origin.from_dict(result["host_context"]), result, **more)

    def state(self) -> tuple[Any, Any]:
        """Give all that an undo has to bring back: tracks and clips."""
        client = self.running.client
        return (
            [replace(track, selected=False, focused=False) for track in client.tracks()],
            client.clips(),
        )

    def undo(self, steps: int = 1) -> None:
        """Press Ctrl+Z."""
        client = self.running.client
        for _ in range(steps):
            client.undo(client.undo_label())

    def envelope(self, time: float, value: float) -> None:
        """Set a point of the envelope of the selected tracks."""
        self.running.client.do(command("SetEnvelope", Time=time, Value=value))


def decibels(samples: NDArray[Any]) -> tuple[float, float]:
    """Give RMS and peak in dBFS; -inf for digital silence."""
    with np.errstate(divide="ignore"):
        rms = 10 * np.log10(np.mean(np.square(samples.astype(np.float64)))) if samples.size else -np.inf
        peak = 20 * np.log10(np.abs(samples).max(initial=0.0).astype(np.float64))
    return float(rms), float(peak)


def offset(reference: NDArray[Any], heard: NDArray[Any]) -> float:
    """Give how many samples `heard` comes late, to a fraction of one: the peak of the correlation."""
    one, other = reference.astype(np.float64), heard.astype(np.float64)
    size = 1 << (2 * len(one) - 1).bit_length()
    spectrum = np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size))
    correlation = np.fft.irfft(spectrum, size)
    top = int(np.argmax(correlation))
    left, middle, right = (correlation[(top + step) % size] for step in (-1, 0, 1))
    place = top if top < size // 2 else top - size
    return float(place + 0.5 * (left - right) / (left - 2 * middle + right))


def pad(samples: Signal, frames: int) -> Signal:
    """Cut or lengthen with silence: Audacity's exports end with the last track that is heard."""
    return np.pad(samples, ((0, max(0, frames - len(samples))), (0, 0)))[:frames]
