"""What Audacity tells about its project, as values. Times carry six digits: to verify, never to align."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stembridge_audacity.traps import Trap


@dataclass(frozen=True)
class Track:
    """A track, in the order of the window.

    Parameters
    ----------
    index
        As `select_tracks` counts: a stereo track is one.
    kind
        "wave", "label", "note" or "time".
    start, end, channels, pan, gain, mute, solo
        Of a wave track; gain is linear (1.0 leaves the level). None for the other kinds.
    """

    index: int
    name: str
    kind: str
    selected: bool
    focused: bool = False
    start: float | None = None
    end: float | None = None
    channels: int | None = None
    pan: float | None = None
    gain: float | None = None
    mute: bool | None = None
    solo: bool | None = None


@dataclass(frozen=True)
class Clip:
    """A clip of a wave track; `name` from 3.7 on."""

    track: int
    start: float
    end: float
    colour: int
    name: str | None = None


@dataclass(frozen=True)
class Label:
    """A label of a label track."""

    track: int
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class MenuItem:
    """An item of the menus: its words, its depth, and its name that no language changes (or empty)."""

    label: str
    depth: int
    identity: str


def tracks(document: object) -> list[Track]:
    """Read ``GetInfo: Type=Tracks``."""
    return [
        Track(
            index=index,
            name=str(row.get("name", "")),
            kind=str(row.get("kind", "")),
            selected=bool(row.get("selected")),
            focused=bool(row.get("focused")),
            start=_number(row, "start"),
            end=_number(row, "end"),
            channels=_whole(row, "channels"),
            pan=_number(row, "pan"),
            # 3.7 calls it volume
            gain=_number(row, "gain") if "gain" in row else _number(row, "volume"),
            mute=_flag(row, "mute"),
            solo=_flag(row, "solo"),
        )
        for index, row in enumerate(_rows(document))
    ]


def clips(document: object) -> list[Clip]:
    """Read ``GetInfo: Type=Clips``."""
    return [
        Clip(
            track=_whole(row, "track") or 0,
            start=_number(row, "start") or 0.0,
            end=_number(row, "end") or 0.0,
            colour=_whole(row, "color") or 0,
            name=str(row["name"]) if "name" in row else None,
        )
        for row in _rows(document)
    ]


def labels(document: object) -> list[Label]:
    """Read ``GetInfo: Type=Labels``: pairs of a track's index and its labels."""
    if not isinstance(document, list):
        raise Trap.GARBLED.error(reply=str(document)[:400])
    try:
        return [
            Label(int(track), float(start), float(end), str(text))
            for track, rows in document
            for start, end, text in rows
        ]
    except (TypeError, ValueError) as error:
        raise Trap.GARBLED.error(reply=str(document)[:400]) from error


def menu(document: object) -> list[MenuItem]:
    """Read ``GetInfo: Type=Menus``."""
    return [
        MenuItem(
            label=str(row.get("label", "")),
            depth=_whole(row, "depth") or 0,
            identity=str(row.get("id", "")),
        )
        for row in _rows(document)
    ]


def _rows(document: object) -> list[Mapping[str, object]]:
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise Trap.GARBLED.error(reply=str(document)[:400])
    return document


def _number(row: Mapping[str, object], key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, (int, float)) else None


def _whole(row: Mapping[str, object], key: str) -> int | None:
    value = _number(row, key)
    return None if value is None else int(value)


def _flag(row: Mapping[str, object], key: str) -> bool | None:
    value = row.get(key)
    return None if value is None else bool(value)
