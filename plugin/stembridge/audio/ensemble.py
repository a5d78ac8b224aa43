"""An ensemble: a stem blended of several takes, and what it leaves of the region, as files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from stembridge.audio.blend import Blend
from stembridge.audio.delivery import Delivery, Target
from stembridge.audio.finish import lowered, measured
from stembridge.audio.nulltest import decibels
from stembridge.audio.storage import storage_errors
from stembridge.audio.tracks import Clock
from stembridge.model.formats import Format, check_format
from stembridge.model.results import Offset, SetFacts, StemFacts
from stembridge.model.stems import STEMS, ResultKind, Role


def deliver(
    blend: Blend,
    stem: tuple[str, str],
    *,
    fmt: Format,
    files: Mapping[str, str],
    folder: Path,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> SetFacts:
    """Write the blended stem and the rest, and read both back.

    Both have exactly the region's frames, rate and channels; their sum is held against the region with
    what is on the disk.

    Parameters
    ----------
    stem
        Its id and its label.
    fmt
        What to write.
    files
        File name, without a folder, by stem id: of the stem and of ``rest``.
    folder
        Where to; made when it isn't there. Files of these names are replaced.
    progress
        Told ``(done, total)`` in frames of work; ``total`` may grow.
    cancelled
        Asked at every block.

    Raises
    ------
    InputError
        ``channels`` or ``rate``: the format can't hold it. No file was written.
    TransferError
        When a take can't be read.
    StoreError
        When a file can't be written.
    Cancelled
        The user asked for it.
    """
    region = blend.region
    check_format(fmt, channels=region.channels, rate=region.rate)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    targets = (
        Target(_blank(*stem, files[stem[0]], Role.ADDITIVE), lambda piece: piece.parts[0]),
        Target(_blank("rest", STEMS["rest"].label, files["rest"], Role.REST), lambda piece: piece.rest),
    )
    delivery = Delivery(blend, targets, (), folder, fmt, Clock(progress, cancelled))
    gain = delivery.gain()
    delivery.write(gain)
    null, levels = delivery.read_back(targets, gain)
    return SetFacts(
        stems=tuple(measured(target.facts, levels[target.name]) for target in targets),
        summed=tuple(target.facts.stem for target in targets),
        residual_db=decibels(null.rms) if null else None,
        residual_peak_db=decibels(null.peak) if null else None,
        gain_db=20.0 * math.log10(gain),
        notes=() if gain == 1.0 else (lowered(gain, fmt),),
    )


def _blank(stem: str, label: str, file: str, role: Role) -> StemFacts:
    """Give a file's facts before it is written; takes lie on the region's samples, and so does this."""
    return StemFacts(
        stem=stem,
        label=label,
        file=file,
        role=role,
        kind=ResultKind.STEM,
        frames=0,
        rate=0,
        channels=0,
        peak_db=None,
        rms_db=None,
        offset=Offset(0, verified=True),
    )
