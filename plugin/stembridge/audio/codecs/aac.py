"""Writing m4a: AAC with an edit list, so that players start on the first frame.

The encoder puts 1024 frames of its own in front; the edit list (ISO 14496-12, 8.6.6) takes them away
again. Both writers, the ffmpeg program and PyAV, put it there when the first sample's time stamp is 0
and known, and its length is exact when the file's time scale is the sample rate.
"""

from __future__ import annotations

import contextlib
import errno
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stembridge.audio.codecs import decode_av, ffmpeg
from stembridge.audio.storage import explain_refusal
from stembridge.model.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BITS_PER_CHANNEL = 128_000
"""Bit rate per channel, in bit/s; the encoder lowers it where the sample rate asks for it."""


def open_encoder(part: Path, rate: int, channels: int) -> FfmpegEncoder | AvEncoder:
    """Open what writes m4a here: the ffmpeg program, else PyAV.

    Raises
    ------
    InputError
        ``decoder_missing`` when neither is installed.
    """
    if (program := ffmpeg.find()) is not None:
        return FfmpegEncoder(program, part, rate, channels)
    if decode_av.available():
        return AvEncoder(part, rate, channels)
    raise InputError(
        "Writing m4a needs the ffmpeg program or PyAV, and neither is installed.",
        code="decoder_missing",
        hint='Install ffmpeg, run: pip install "stembridge[video]" - or choose --format flac24.',
    )


class FfmpegEncoder:
    """A running ffmpeg that turns float32 samples into an m4a file."""

    def __init__(self, program: str, part: Path, rate: int, channels: int) -> None:
        self._part = part
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        source = ["-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "pipe:0"]
        codec = [
            "-movie_timescale",
            str(rate),
            "-c:a",
            "aac",
            "-b:a",
            str(BITS_PER_CHANNEL * channels),
            "-map_metadata",
            "-1",
        ]
        target = ["-fflags", "+bitexact", "-f", "ipod", "-y", ffmpeg.as_url(part)]
        self._process = ffmpeg.start(
            program,
            [*source, *codec, *target],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
        )

    def write(self, block: NDArray[np.float32]) -> None:
        """Send a block of shape (frames, channels)."""
        pipe = self._process.stdin
        if pipe is None:
            raise OSError(errno.EPIPE, "ffmpeg takes no samples")
        try:
            pipe.write(block.astype("<f4", copy=False).data)
        except OSError:
            raise self._reason() from None

    def close(self) -> None:
        """Let ffmpeg finish the file and wait for it."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.close()
        except OSError:
            raise self._reason() from None
        if self._process.wait() != 0:
            raise self._reason()
        self._messages.close()

    def abandon(self) -> None:
        """Stop ffmpeg."""
        ffmpeg.stop(self._process)
        with contextlib.suppress(OSError):
            self._messages.close()

    def _reason(self) -> OSError:
        ffmpeg.stop(self._process)
        refused = explain_refusal(self._part)
        if refused.errno != errno.EIO:
            return refused
        self._messages.seek(0)
        lines = self._messages.read(4000).decode("utf-8", "replace").strip().splitlines()
        return OSError(errno.EIO, f"ffmpeg: {lines[-1]}" if lines else "ffmpeg stopped")


class AvEncoder:
    """The same through PyAV."""

    def __init__(self, part: Path, rate: int, channels: int) -> None:
        import av

        self._part = part
        self._rate = rate
        self._position = 0
        self._layout = "mono" if channels == 1 else "stereo"
        self._file = part.open("wb")
        self._container: Any = av.open(
            self._file, "w", format="ipod", options={"movie_timescale": str(rate), "fflags": "+bitexact"}
        )
        self._stream = self._container.add_stream("aac", rate=rate, layout=self._layout)
        self._stream.bit_rate = BITS_PER_CHANNEL * channels

    def write(self, block: NDArray[np.float32]) -> None:
        """Encode a block of shape (frames, channels)."""
        import av
        import numpy as np

        planes = np.ascontiguousarray(block.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._position
        self._position += len(block)
        self._encode(frame)

    def close(self) -> None:
        """Finish the file."""
        import av

        self._encode(None)
        try:
            self._container.close()
            self._file.close()
        except av.error.FFmpegError:
            raise explain_refusal(self._part) from None

    def abandon(self) -> None:
        """Let go of the file."""
        import av

        with contextlib.suppress(OSError, av.error.FFmpegError):
            self._container.close()
        with contextlib.suppress(OSError):
            self._file.close()

    def _encode(self, frame: Any) -> None:
        import av

        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except av.error.FFmpegError:
            raise explain_refusal(self._part) from None
