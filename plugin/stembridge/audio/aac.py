"""Writing m4a: AAC with an edit list, so that players start on the first frame.

The encoder puts 1024 frames of its own in front. The edit list that takes them away again is written
by the ffmpeg program. Without the program there is no m4a: a file that starts late breaks the promise.
"""

from __future__ import annotations

import contextlib
import errno
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.audio import ffmpeg
from stembridge.audio.storage import explain_refusal
from stembridge.model.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BITS_PER_CHANNEL = 128_000
"""Bit rate per channel, in bit/s; the encoder lowers it where the rate of the samples asks for it."""


class AacEncoder:
    """A running ffmpeg that turns float32 samples into an m4a file."""

    def __init__(self, part: Path, rate: int, channels: int) -> None:
        program = ffmpeg.find()
        if program is None:
            raise InputError(
                "Writing m4a needs the ffmpeg program, which isn't installed.",
                code="decoder_missing",
                hint="Install ffmpeg, or choose --format flac24.",
            )
        self._part = part
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        source = ["-f", "f32le", "-ar", str(rate), "-ac", str(channels), "-i", "pipe:0"]
        codec = ["-c:a", "aac", "-b:a", str(BITS_PER_CHANNEL * channels), "-map_metadata", "-1"]
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
