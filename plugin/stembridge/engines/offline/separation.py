"""The way of every method here: region in, frames, a mask of the voice, two files out.

The voice is the masked spectrum; the instrumental is the region minus the voice, so that both sum
to the region whatever the mask. Everything runs at 44.1 kHz.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from stembridge.audio.render import RegionFile
from stembridge.audio.resample import resample_blocks, resampled_length
from stembridge.audio.writers import StemWriter
from stembridge.engines.base import Asked, Progress, Report
from stembridge.engines.offline.flow import Flow
from stembridge.engines.offline.layout import Layout
from stembridge.engines.offline.masks import Chunk, Masked, extended
from stembridge.engines.offline.spatial import SpatialFilter
from stembridge.engines.offline.stft import BINS, Analysis, Synthesis
from stembridge.model.errors import Cancelled, InputError
from stembridge.model.formats import FORMATS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 44100
"""Sample rate in Hz at which the methods work and the answer is written."""
FILES = {"vocals": "vocals.wav", "instrumental": "instrumental.wav"}
_BLOCK = 65536
_PIECE = 64
_QUIET = 1e-3
"""Blocks this much (in power: 30 dB) below the mean don't count for the level."""

Think = Callable[[Iterator[Chunk]], Iterable[Masked]]


def read_region(region: RegionFile) -> Iterator[NDArray[np.float32]]:
    """Read a region's samples in blocks of shape (frames, channels).

    Raises
    ------
    InputError
        ``source_damaged`` when the file can't be read or holds fewer frames than it should.
    """
    import soundfile

    left = region.frames
    try:
        with soundfile.SoundFile(str(region.path)) as file:
            while left > 0:
                block = file.read(min(_BLOCK, left), dtype="float32", always_2d=True)
                if not len(block) or block.shape[1] != region.channels:
                    raise _damaged(region, f"{left} frames are missing")
                left -= len(block)
                yield block
    except (soundfile.SoundFileError, OSError) as error:
        raise _damaged(region, str(error)) from error


def measure_levels(region: RegionFile, layout: Layout, progress: Report, cancelled: Asked) -> list[float]:
    """Measure the level of each group of channels, without its silences.

    Returns
    -------
    list of float
        Root mean square, linear, over the blocks of about a second that aren't much quieter than
        the whole; 0.0 for a silent group.
    """
    import numpy as np

    rows: list[NDArray[np.float64]] = []
    done = 0
    for block in read_region(region):
        if cancelled():
            raise Cancelled
        power = np.einsum("fc,fc->c", block, block, dtype=np.float64) / len(block)
        rows.append(np.array([power[list(group)].mean() for group in layout.groups]))
        done += len(block)
        progress(Progress("measuring", done, region.frames, "frames"))
    powers = np.array(rows)
    loud = powers >= _QUIET * powers.mean(axis=0)
    means = np.where(loud, powers, 0.0).sum(axis=0) / np.maximum(loud.sum(axis=0), 1)
    return [float(level) for level in np.sqrt(means)]


def read_chunks(region: RegionFile, layout: Layout, chunk_frames: int) -> Iterator[Chunk]:
    """Read a region as `Chunk` of ``chunk_frames`` frames each; the last may have fewer."""
    import numpy as np

    channels = list(layout.separated)
    blocks = resample_blocks(
        read_region(region),
        from_rate=region.rate,
        to_rate=RATE,
        channels=region.channels,
        frames_out=resampled_length(region.frames, region.rate, RATE),
    )
    analysis = Analysis(len(channels))
    buffer = np.empty((chunk_frames, len(channels), BINS), np.complex64)
    audio = [np.zeros((0, region.channels), np.float32)]
    filled = 0
    # None stands behind the last block: the frames that reach beyond the end are still to come.
    for block in itertools.chain(blocks, [None]):
        if block is None:
            frames = analysis.finish()
        else:
            frames = analysis.push(block[:, channels])
            audio.append(block)
        while filled + len(frames) >= chunk_frames:
            count = chunk_frames - filled
            buffer[filled:] = frames[:count]
            yield Chunk(buffer, np.concatenate(audio))
            buffer = np.empty_like(buffer)
            audio = [np.zeros((0, region.channels), np.float32)]
            frames = frames[count:]
            filled = 0
        buffer[filled : filled + len(frames)] = frames
        filled += len(frames)
    if filled:
        yield Chunk(buffer[:filled], np.concatenate(audio))


class Splitter:
    """Writes what is separated: both files, sample for sample beside each other.

    Parameters
    ----------
    folder
        Where the files go.
    region, layout
        What is separated.
    spatial
        Filter with the stereo picture after the mask.
    """

    def __init__(self, folder: Path, region: RegionFile, layout: Layout, *, spatial: bool) -> None:
        import numpy as np

        self.frames = resampled_length(region.frames, region.rate, RATE)
        self.written = 0
        self._layout = layout
        self._channels = region.channels
        self._synthesis = Synthesis(len(layout.separated), self.frames)
        sizes = [len(group) for group in layout.groups]
        self._filter = SpatialFilter(sizes) if spatial else None
        self._waiting = np.zeros((0, region.channels), np.float32)
        self._files = contextlib.ExitStack()
        self._voice, self._rest = (
            self._files.enter_context(
                StemWriter(
                    folder / name, FORMATS["wav32f"], rate=RATE, channels=region.channels, frames=self.frames
                )
            )
            for name in FILES.values()
        )

    def __enter__(self) -> Self:
        """Give the splitter itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what isn't complete."""
        self._files.__exit__(kind, error, trace)

    def write(self, masked: Masked) -> None:
        """Take a chunk and the voice's mask, shape (frames, channels, bands), for it."""
        import numpy as np

        chunk, mask = masked
        self._waiting = np.concatenate([self._waiting, chunk.audio])
        if self._filter is not None:
            self._filter.learn(chunk.spectra, extended(mask, BINS))
        for first in range(0, len(mask), _PIECE):
            spectra = chunk.spectra[first : first + _PIECE]
            whole = extended(mask[first : first + _PIECE], BINS)
            voice = spectra * whole if self._filter is None else self._filter.apply(spectra, whole)
            self._emit(self._synthesis.push(voice))

    def write_silence(self) -> None:
        """Write silence from first to last frame."""
        import numpy as np

        while self.written < self.frames:
            count = min(_BLOCK, self.frames - self.written)
            silence = np.zeros((count, self._channels), np.float32)
            self._voice.write(silence)
            self._rest.write(silence)
            self.written += count

    def commit(self) -> None:
        """Give both files their names."""
        self._voice.commit()
        self._rest.commit()

    def _emit(self, separated: NDArray[np.float32]) -> None:
        import numpy as np

        count = len(separated)
        if not count:
            return
        audio = self._waiting[:count]
        self._waiting = self._waiting[count:]
        voice = np.zeros((count, self._channels), np.float32)
        voice[:, list(self._layout.separated)] = separated
        self._voice.write(voice)
        self._rest.write(audio - voice)
        self.written += count


def separate(
    region: RegionFile,
    layout: Layout,
    folder: Path,
    *,
    think: Think,
    chunk_frames: int,
    spatial: bool,
    interrupt: Callable[[], None],
    progress: Report,
    cancelled: Asked,
) -> None:
    """Carry a region through ``think`` into the files of `FILES`.

    Parameters
    ----------
    think
        Gives each chunk with its mask.
    chunk_frames
        Frames of a chunk; a chunk is `HOP` times as many samples.
    spatial
        Filter with the stereo picture after the mask.
    interrupt
        Makes ``think`` return early.
    """
    with Splitter(folder, region, layout, spatial=spatial) as splitter:

        def tick() -> None:
            done = splitter.written * region.frames // splitter.frames
            progress(Progress("separating", done, region.frames, "frames"))

        if region.silent:
            splitter.write_silence()
        else:
            flow = Flow(read_chunks(region, layout, chunk_frames), think, splitter.write)
            flow.run(tick, cancelled, interrupt)
        tick()
        splitter.commit()


def _damaged(region: RegionFile, reason: str) -> InputError:
    return InputError(
        "The rendered region can't be read any more.",
        code="source_damaged",
        hint="Start the job again: the region is rendered anew.",
        context={"path": str(region.path), "reason": reason},
    )
