"""The six output formats of the service, really encoded, block by block."""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 1 << 16
PEAKS = 400


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the service's table of output formats.

    Attributes
    ----------
    label
        The service's own name.
    suffix
        Of the files, without a dot.
    container, subtype
        In libsndfile's words; an empty subtype means that ffmpeg encodes.
    bits
        Of an integer format, 0 for the others.
    channels
        Most channels that it holds.
    premium
        True when the plan has to be premium.
    """

    label: str
    suffix: str
    container: str
    subtype: str
    bits: int
    channels: int
    premium: bool = False


FORMATS: tuple[Format, ...] = (
    Format("mp3 (320 kbps)", "mp3", "MP3", "MPEG_LAYER_III", 0, 2),
    Format("wav (uncompressed, 16 bit)", "wav", "WAV", "PCM_16", 16, 64),
    Format("flac (lossless, 16 bit)", "flac", "FLAC", "PCM_16", 16, 8),
    Format("m4a (lossy)", "m4a", "", "", 0, 8),
    Format("wav (uncompressed, 32 bit)", "wav", "WAV", "FLOAT", 0, 64, premium=True),
    Format("flac (lossless, 24 bit)", "flac", "FLAC", "PCM_24", 24, 8, premium=True),
)
"""By the value of ``output_format``."""

TEXT_SUFFIXES = frozenset({".txt", ".srt", ".vtt", ".json"})
"""Results that are handed on as they are."""


class EncodingError(Exception):
    """The format can't hold this audio, or its encoder isn't installed."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of an audio file: frames per second, channels, frames."""

    rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """Give the length in seconds."""
        return self.frames / self.rate


def probe(path: Path) -> Probe | None:
    """Look at an audio file of any kind; None when nothing here can read it."""
    import soundfile

    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        return _ffprobe(path)
    if info.samplerate < 1 or info.frames < 1:
        return None
    return Probe(info.samplerate, info.channels, info.frames)


def decodable(path: Path, folder: Path) -> Path:
    """Give a file with the same audio that libsndfile reads: the file itself, or a WAV made by ffmpeg."""
    import soundfile

    try:
        soundfile.info(str(path))
    except soundfile.LibsndfileError:
        target = folder / f"{path.stem}-decoded.wav"
        _ffmpeg("-i", str(path), "-map", "0:a:0", "-c:a", "pcm_f32le", "-rf64", "auto", str(target))
        return target
    return path


def encode(source: Path, target: Path, output: Format) -> list[float]:
    """Write ``source`` in one of the service's formats.

    Integer formats are rounded to the nearest value without dither and clip at full scale, as a service
    does that gives no promise about levels.

    Returns
    -------
    list[float]
        Peaks for a picture of the wave, `PEAKS` values at most, each 0..1.

    Raises
    ------
    EncodingError
        Too many channels, a rate the codec doesn't know, or ffmpeg is missing.
    """
    import soundfile

    with soundfile.SoundFile(str(source)) as reader:
        if reader.channels > output.channels:
            raise EncodingError(f"{output.label} holds {output.channels} channels at most.")
        if not output.subtype:
            peaks = _Peaks(reader.frames)
            while len(block := reader.read(BLOCK, dtype="float32", always_2d=True)):
                peaks.add(block)
            _m4a(source, target)
            return peaks.values
        options: dict[str, object] = {}
        if output.container == "MP3":
            options = {"compression_level": 0.0, "bitrate_mode": "CONSTANT"}
        long = reader.frames * reader.channels * 4 > 4_000_000_000
        container = "RF64" if output.container == "WAV" and long else output.container
        try:
            writer = soundfile.SoundFile(
                str(target),
                "w",
                reader.samplerate,
                reader.channels,
                output.subtype,
                None,
                container,
                **options,
            )
        except soundfile.LibsndfileError:
            raise EncodingError(f"{output.label} can't hold {reader.samplerate} Hz.") from None
        peaks = _Peaks(reader.frames)
        with writer:
            while len(block := reader.read(BLOCK, dtype="float32", always_2d=True)):
                peaks.add(block)
                writer.write(_quantised(block, output.bits) if output.bits else block)
    return peaks.values


class _Peaks:
    def __init__(self, frames: int) -> None:
        self.values: list[float] = []
        self._step = max(1, math.ceil(frames / BLOCK / PEAKS))
        self._blocks = 0

    def add(self, block: NDArray[np.float32]) -> None:
        peak = round(min(1.0, float(np.max(np.abs(block)))), 4)
        if self._blocks % self._step == 0:
            self.values.append(peak)
        else:
            self.values[-1] = max(self.values[-1], peak)
        self._blocks += 1


def _quantised(block: NDArray[np.float32], bits: int) -> NDArray[np.int32]:
    # libsndfile floors float samples; the top bits of int32 are taken as they are.
    scale = float(1 << (bits - 1))
    steps = np.clip(np.rint(block.astype(np.float64) * scale), -scale, scale - 1)
    return np.asarray(steps.astype(np.int64) << (32 - bits), dtype=np.int32)


def m4a_available() -> bool:
    """Tell whether the program that encodes m4a is installed."""
    return shutil.which("ffmpeg") is not None


def _m4a(source: Path, target: Path) -> None:
    _ffmpeg("-i", str(source), "-c:a", "aac", "-b:a", "256k", "-f", "mp4", str(target))


def _ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg")
    if program is None:
        raise EncodingError("This needs the program ffmpeg, which isn't installed here.")
    with tempfile.TemporaryFile() as words:
        done = subprocess.run(
            [program, "-nostdin", "-v", "error", "-y", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
            check=False,
        )
        if done.returncode != 0:
            raise EncodingError("ffmpeg can't convert this audio.")


def _ffprobe(path: Path) -> Probe | None:
    program = shutil.which("ffprobe")
    if program is None:
        return None
    done = subprocess.run(
        [
            program,
            *("-v", "error", "-select_streams", "a:0"),
            *("-show_entries", "stream=sample_rate,channels:format=duration"),
            *("-of", "default=noprint_wrappers=1", str(path)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    try:
        rate, channels = int(found["sample_rate"]), int(found["channels"])
        frames = round(float(found["duration"]) * rate)
    except (KeyError, ValueError):
        return None
    return Probe(rate, channels, frames) if min(rate, channels, frames) > 0 else None
