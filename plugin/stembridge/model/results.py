"""What an engine answers, and what became of it: values that travel between engine, aligner and report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stembridge.model.stems import ResultKind, Role


@dataclass(frozen=True, slots=True)
class EngineFile:
    """One file of an engine's answer.

    Attributes
    ----------
    name
        File name inside the answer's folder: our own, never one that a service chose.
    stem
        Stem id; unique among the additive stems of one answer.
    label
        The engine's own word for it, for people.
    kind, role
        What it is, and how it counts in the sum.
    lossy
        True when it went through a lossy codec, so that its start may be late and its end too long.
    like
        Names of the answer's files that a composite is the sum of, or that an alternate is another estimate
        of; empty where that isn't known.
    """

    name: str
    stem: str
    label: str
    kind: ResultKind = ResultKind.STEM
    role: Role = Role.ADDITIVE
    lossy: bool = False
    like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Separation:
    """An engine's whole answer.

    Attributes
    ----------
    files
        Every file of the answer, verified to be complete.
    complete
        True when the additive stems are meant to sum to the region.
    complement
        Stem that takes what the other additive stems leave, so that the sum is exact at any rate;
        None to keep every stem as it came.
    gain_exponent
        The files are at 2**gain_exponent times the region's level.
    notes
        Sentences for the user: what was done that isn't obvious.
    details
        Plain facts for the report: weights, provider, pairs of channels.
    """

    files: tuple[EngineFile, ...]
    complete: bool = True
    complement: str | None = None
    gain_exponent: int = 0
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give the answer as plain JSON values."""
        return {
            "files": [
                {
                    "name": f.name,
                    "stem": f.stem,
                    "label": f.label,
                    "kind": f.kind.value,
                    "role": f.role.value,
                    "lossy": f.lossy,
                    "like": list(f.like),
                }
                for f in self.files
            ],
            "complete": self.complete,
            "complement": self.complement,
            "gain_exponent": self.gain_exponent,
            "notes": list(self.notes),
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Separation:
        """Read what `to_dict` gave; raises KeyError, TypeError or ValueError on anything else."""
        return cls(
            files=tuple(
                EngineFile(
                    name=str(f["name"]),
                    stem=str(f["stem"]),
                    label=str(f["label"]),
                    kind=ResultKind(f["kind"]),
                    role=Role(f["role"]),
                    lossy=bool(f["lossy"]),
                    like=tuple(str(name) for name in f.get("like", ())),
                )
                for f in data["files"]
            ),
            complete=bool(data["complete"]),
            complement=None if data["complement"] is None else str(data["complement"]),
            gain_exponent=int(data["gain_exponent"]),
            notes=tuple(str(note) for note in data["notes"]),
            details=dict(data["details"]),
        )


@dataclass(frozen=True, slots=True)
class Offset:
    """What the aligner found for one stem.

    Attributes
    ----------
    frames
        Shift that was taken out, in frames at the region's rate; positive: the stem came late.
    verified
        True when the stem is known to lie on the region's samples; False when there was too little
        to measure by (silence, a stem unlike the region) and it was left where it came.
    measured
        The lag that was measured, in frames, with its fraction; None where nothing could be measured.
    polarity
        1, or -1 when the stem is the region upside down (told, not mended); 0 where unknown.
    note
        A sentence for the report, empty where all is plain.
    """

    frames: int
    verified: bool
    measured: float | None = None
    polarity: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class StemFacts:
    """A stem as it was written and read back.

    Levels are in dBFS (0 = full scale), None for digital silence.
    """

    stem: str
    label: str
    file: str
    role: Role
    kind: ResultKind
    frames: int
    rate: int
    channels: int
    peak_db: float | None
    rms_db: float | None
    offset: Offset
    full_scale_runs: int = 0


@dataclass(frozen=True, slots=True)
class SetFacts:
    """A finished set of stems.

    Attributes
    ----------
    stems
        In the model's order, rest and residual last.
    summed
        Ids of the stems whose sum was held against the region.
    residual_db
        RMS of region minus their sum, in dBFS; None where that is digital silence.
    residual_peak_db
        Its peak, likewise.
    gain_db
        Common gain that the stems of an integer format were given to keep them from clipping;
        0.0 otherwise. The residual is measured with it undone.
    notes
        Sentences for the user.
    """

    stems: tuple[StemFacts, ...]
    summed: tuple[str, ...]
    residual_db: float | None
    residual_peak_db: float | None
    gain_db: float = 0.0
    notes: tuple[str, ...] = ()
