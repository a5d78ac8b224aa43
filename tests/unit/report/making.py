"""Finished jobs for the tests of the report: real files, and the document that goes with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from stembridge.audio.render import RegionFile
from stembridge.engines.base import Recipe
from stembridge.model.regions import Region
from stembridge.model.results import Offset, Separation, SetFacts, StemFacts
from stembridge.model.stems import STEMS, ResultKind, Role
from stembridge.report import document

Samples = NDArray[np.float32]

SURE = Offset(0, verified=True, measured=0.0, polarity=1)


def level(linear: float) -> float | None:
    return 20 * math.log10(linear) if linear else None


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def write(path: Path, samples: Samples, rate: int, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def render(folder: Path, samples: Samples, rate: int) -> RegionFile:
    path = write(folder / "region.wav", samples, rate)
    frames, channels = samples.shape
    return RegionFile(path, frames, rate, channels, float(np.abs(samples).max()), rms(samples), "00" * 32)


def facts(stem: str, samples: Samples, rate: int, file: str | None = None) -> StemFacts:
    return StemFacts(
        stem=stem,
        label=STEMS[stem].label if stem in STEMS else stem.title(),
        file=file or f"song - {stem}.wav",
        role=Role.ADDITIVE,
        kind=ResultKind.STEM,
        frames=samples.shape[0],
        rate=rate,
        channels=samples.shape[1],
        peak_db=level(float(np.abs(samples).max())),
        rms_db=level(rms(samples)),
        offset=SURE,
    )


def set_of(mix: Samples, stems: Mapping[str, Samples], rate: int) -> SetFacts:
    left = mix - sum(stems.values())
    return SetFacts(
        stems=tuple(facts(stem, samples, rate) for stem, samples in stems.items()),
        summed=tuple(stems),
        residual_db=level(rms(left)),
        residual_peak_db=level(float(np.abs(left).max())),
    )


def report(
    region_file: RegionFile, found: SetFacts, *, name: str = "song.wav", first_frame: int = 0, **changes: Any
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "region": Region(
            f"/music/{name}", first_frame, region_file.frames, region_file.rate, region_file.channels
        ),
        "rendered": region_file,
        "container": {"container": "WAV", "codec": "FLOAT", "lossy": False},
        "recipe": Recipe("offline", "spleeter", tuple(s.stem for s in found.stems), {}, "spleeter-1"),
        "separation": Separation(()),
        "facts": found,
        "format_name": "wav32f",
        "versions": {"stembridge": "1.2.3"},
        "started": "2024-05-01T10:00:00+00:00",
        "finished": "2024-05-01T10:00:04+00:00",
        "phases": {"separate": 2.5},
    }
    return document.build(**(values | changes))


def files(
    folder: Path, found: SetFacts, stems: Mapping[str, Samples], rate: int
) -> list[tuple[str, str, Path]]:
    """Write the stems and give what `picture.draw` takes."""
    return [
        (
            stem.label,
            STEMS[stem.stem].colour if stem.stem in STEMS else "",
            write(folder / stem.file, stems[stem.stem], rate),
        )
        for stem in found.stems
    ]


def changed(found: SetFacts, **stem_changes: Any) -> SetFacts:
    """Change the first stem of a set."""
    return replace(found, stems=(replace(found.stems[0], **stem_changes), *found.stems[1:]))
