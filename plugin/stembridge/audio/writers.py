"""Writing audio files: complete or not at all, and at the level that was given.

A file grows under ``<name>.part`` beside its place and takes its name only when it is whole and on
the disk. Integers are quantised here, because libsndfile floors: to the nearest step, at 16 bits
with TPDF dither (two uniform variables of one step each: Lipshitz, Wannamaker, Vanderkooy, JAES 40,
1992). Nothing is scaled or clipped here.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from stembridge.audio.codecs.decode_soundfile import native_name
from stembridge.audio.storage import explain_refusal, storage_errors
from stembridge.model.errors import StoreError
from stembridge.model.formats import Format, check_format

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WAV_LIMIT = 4_000_000_000
"""Sample data in bytes from which on a WAV is written as RF64: its sizes have 32 bits."""


class Encoder(Protocol):
    """What takes the samples of one file."""

    def write(self, block: NDArray[np.float32]) -> None:
        """Take a block of shape (frames, channels)."""
        ...

    def close(self) -> None:
        """Finish the file; every byte has been handed to the system afterwards."""
        ...

    def abandon(self) -> None:
        """Let go of the file, whatever state it is in. Never raises."""
        ...


class StemWriter:
    """Write one audio file.

    Use it in a ``with`` block and call `commit` when every frame is written; leaving the block
    without it removes what there is.

    Parameters
    ----------
    path
        Where the file will be. Its folder must exist. A file of that name is replaced by `commit`.
    fmt
        A row of `stembridge.model.formats.FORMATS`.
    rate, channels
        Sample rate in Hz, channel count.
    frames
        The number of frames that will be written; `commit` insists on it.
    seed
        Seed of the dither: the same samples and seed give the same file content, wherever the
        blocks are cut.

    Raises
    ------
    InputError
        ``channels`` or ``rate`` when the format can't hold the audio; ``decoder_missing`` when a
        program is needed to write it.
    StoreError
        ``no_space``, ``output_readonly`` or ``store``; from `write` and `commit` too.
    """

    def __init__(
        self, path: Path, fmt: Format, *, rate: int, channels: int, frames: int, seed: int = 0
    ) -> None:
        check_format(fmt, channels=channels, rate=rate)
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self._format = fmt
        self._channels = channels
        self._rate = rate
        self._frames = frames
        self._written = 0
        self._committed = False
        with storage_errors(path):
            self.part.write_bytes(b"")
        try:
            with storage_errors(path):
                self._encoder = _open_encoder(self.part, fmt, (frames, channels, rate), seed)
        except BaseException:
            self.part.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        """Give the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the unfinished file, unless it was committed."""
        if not self._committed:
            self._encoder.abandon()
            with contextlib.suppress(OSError):
                self.part.unlink(missing_ok=True)

    @property
    def written(self) -> int:
        """Frames written so far."""
        return self._written

    def write(self, block: NDArray[np.float32]) -> None:
        """Append a block.

        Parameters
        ----------
        block
            Shape (frames, channels), linear, 1.0 = full scale. For every format but float WAV
            within -1 and +1: the caller has found a gain for all stems together before.

        Raises
        ------
        ValueError
            A fault of the caller: wrong shape, more frames than announced, beyond full scale, or
            not finite.
        """
        import numpy as np

        if block.ndim != 2 or block.shape[1] != self._channels:
            raise ValueError(f"a block of shape {block.shape} for {self._channels} channels")
        if self._written + len(block) > self._frames:
            raise ValueError(f"more than the {self._frames} frames that were announced")
        if not len(block):
            return
        peak = float(np.max(np.abs(block)))
        if not np.isfinite(peak):
            raise ValueError("samples that are not finite")
        if not self._format.is_float and peak > 1.0:
            raise ValueError(f"a peak of {peak} in a format that ends at 1.0")
        with storage_errors(self.path):
            self._encoder.write(np.ascontiguousarray(block, dtype=np.float32))
        self._written += len(block)

    def commit(self) -> Path:
        """Bring the file to the disk and give it its name.

        Returns
        -------
        Path
            ``path``, now complete.

        Raises
        ------
        ValueError
            When fewer frames were written than announced.
        """
        if self._written != self._frames:
            raise ValueError(f"{self._written} of {self._frames} frames written")
        with storage_errors(self.path):
            self._encoder.close()
            self._check()
            with self.part.open("rb+") as whole:
                os.fsync(whole.fileno())
            self.part.replace(self.path)
            _sync_folder(self.path.parent)
        self._committed = True
        return self.path

    def _check(self) -> None:
        """Compare the file's own header with what was written."""
        if not self._format.lossless:
            if self.part.stat().st_size == 0:
                raise explain_refusal(self.part)
            return
        import soundfile

        try:
            found = soundfile.info(native_name(self.part))
        except soundfile.LibsndfileError:
            raise explain_refusal(self.part) from None
        if (found.frames, found.samplerate, found.channels) != (self._frames, self._rate, self._channels):
            raise StoreError(
                f"The file '{self.path.name}' didn't arrive on the disk as it was written.",
                hint="Check the disk, then try again.",
                context={"path": str(self.path), "frames": found.frames, "written": self._frames},
            )


def _open_encoder(part: Path, fmt: Format, shape: tuple[int, int, int], seed: int) -> Encoder:
    _, channels, rate = shape
    if fmt.name == "m4a":
        from stembridge.audio.codecs import aac

        return aac.open_encoder(part, rate, channels)
    return _SoundfileEncoder(part, fmt, shape, seed)


class _SoundfileEncoder:
    """Everything that libsndfile writes: WAV, RF64, FLAC, MP3."""

    def __init__(self, part: Path, fmt: Format, shape: tuple[int, int, int], seed: int) -> None:
        import numpy as np
        import soundfile

        frames, channels, rate = shape
        self._part = part
        self._bits = fmt.bits
        self._dither = np.random.default_rng(seed) if fmt.bits == 16 else None
        options: dict[str, Any] = {"format": "FLAC", "subtype": f"PCM_{fmt.bits}"}
        if fmt.extension == "wav":
            size = frames * channels * (fmt.bits // 8 or 4)
            options["format"] = "RF64" if size >= WAV_LIMIT else "WAV"
            if fmt.is_float:
                options["subtype"] = "FLOAT"
        elif fmt.extension == "mp3":
            # Level 0 at a constant rate is the most that MPEG allows at this rate: 320 kbit/s at 44.1 kHz.
            options = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
            options.update(bitrate_mode="CONSTANT", compression_level=0.0)
        try:
            self._file = soundfile.SoundFile(
                native_name(part), "w", samplerate=rate, channels=channels, **options
            )
        except soundfile.LibsndfileError:
            raise explain_refusal(part) from None

    def write(self, block: NDArray[np.float32]) -> None:
        import soundfile

        try:
            self._file.write(self._quantise(block) if self._bits else block)
        except (soundfile.LibsndfileError, AssertionError):
            # soundfile asserts that every frame was taken; libsndfile doesn't keep the reason.
            raise explain_refusal(self._part) from None

    def _quantise(self, block: NDArray[np.float32]) -> NDArray[np.int32]:
        """Give left-justified 32-bit integers, rounded to ``bits`` bits."""
        import numpy as np

        top = 1 << (self._bits - 1)
        steps = block.astype(np.float64)
        steps *= top
        if self._dither is not None:
            noise = self._dither.random((*block.shape, 2), dtype=np.float32)
            steps += noise[..., 0]
            steps -= noise[..., 1]
        np.rint(steps, out=steps)
        # +1.0 itself lies one step above the greatest integer.
        np.clip(steps, -top, top - 1, out=steps)
        return steps.astype(np.int32) << (32 - self._bits)

    def close(self) -> None:
        import soundfile

        try:
            self._file.close()
        except soundfile.LibsndfileError:
            raise explain_refusal(self._part) from None

    def abandon(self) -> None:
        import soundfile

        with contextlib.suppress(soundfile.LibsndfileError, OSError):
            self._file.close()


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk too, where the system can do that (POSIX)."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
