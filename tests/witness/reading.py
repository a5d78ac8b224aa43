"""Read a project file twice, with two parsers, and believe it only where both agree.

The witness knows a project from its .RPP text alone: nothing of the stand-in host's model and nothing of
the Lua reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import reaper_parser
import rpp

Node = tuple[str, tuple[str, ...], tuple["Node | tuple[str, ...]", ...]]


class UnreadableProjectError(Exception):
    """Both parsers disagree, or a project says what the witness doesn't understand."""


@dataclass(frozen=True)
class Media:
    """A source: a file, or a span of another source (seconds of that one)."""

    kind: str
    path: Path | None = None
    start: float = 0.0
    length: float | None = None
    backwards: bool = False
    inner: Media | None = None


@dataclass(frozen=True)
class Curve:
    """An envelope: its points (seconds, value, shape)."""

    points: tuple[tuple[float, float, int], ...]
    active: bool = True


@dataclass(frozen=True)
class Effect:
    """A plug-in of a chain: its name and the values of its sliders."""

    name: str
    values: tuple[float, ...]
    bypassed: bool


@dataclass(frozen=True)
class Take:
    """A take; ``offset`` is in source seconds, ``stretch`` pairs of (take seconds, source seconds)."""

    guid: str
    name: str
    media: Media | None
    offset: float
    rate: float
    keeps_pitch: bool
    pitch: float
    channel_mode: int
    volume: float
    pan: float
    stretch: tuple[tuple[float, float], ...]
    curves: dict[str, Curve]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class Fade:
    """A fade: shape and seconds; an automatic one of 0 or more seconds wins."""

    shape: int
    seconds: float


@dataclass(frozen=True)
class Item:
    """An item; times are project seconds."""

    guid: str
    position: float
    length: float
    loops: bool
    plays_all: bool
    muted: bool
    volume: float
    timebase: int
    lane: int
    fade_in: Fade
    fade_out: Fade
    selected_take: int
    takes: tuple[Take, ...]


@dataclass(frozen=True)
class Track:
    """A track; ``depth`` is what it adds to the folder depth, ``delay`` its media's offset in seconds."""

    guid: str
    name: str
    volume: float
    pan: float
    muted: bool
    inverted: bool
    depth: int
    channels: int
    sends_on: bool
    effects_on: bool
    timebase: int
    colour: int
    delay: float
    lanes: int
    playing_lanes: int
    curves: dict[str, Curve]
    effects: tuple[Effect, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Project:
    """A project file."""

    path: Path
    rate: int
    master_volume: float
    tempo_points: tuple[tuple[float, float], ...]
    tracks: tuple[Track, ...] = field(default=())

    def takes(self) -> dict[str, tuple[Track, Item, Take]]:
        """Give every take by its GUID."""
        return {take.guid: (t, item, take) for t in self.tracks for item in t.items for take in item.takes}


def read(path: Path) -> Project:
    """Read a project by `reaper-parser`, and hold `rpp`'s reading against it.

    Raises
    ------
    UnreadableProjectError
        When the two readings differ in one word.
    """
    text = path.read_text(encoding="utf-8")
    first = _from_reaper_parser(reaper_parser.parse(text).root)
    second = _from_rpp(rpp.loads(text))
    if first != second:
        raise UnreadableProjectError(
            f"two parsers read {path.name} differently: {_difference(first, second)}"
        )
    return _project(first, path)


def _from_reaper_parser(node: reaper_parser.Element) -> Node:
    children: list[Node | tuple[str, ...]] = [
        _from_reaper_parser(child) if isinstance(child, reaper_parser.Element) else (child.key, *child.values)
        for child in node.children
    ]
    return node.tag, tuple(node.attrs), tuple(children)


def _from_rpp(node: rpp.Element) -> Node:
    children: list[Node | tuple[str, ...]] = [
        _from_rpp(child)
        if isinstance(child, rpp.Element)
        else ((child,) if isinstance(child, str) else tuple(child))
        for child in node.children
    ]
    return node.tag, tuple(node.attrib), tuple(children)


def _difference(first: Node, second: Node) -> str:
    if first[:2] != second[:2] or len(first[2]) != len(second[2]):
        return f"{first[:2]} with {len(first[2])} lines, {second[:2]} with {len(second[2])}"
    for one, other in zip(first[2], second[2], strict=True):
        if one != other:
            if _is_node(one) and _is_node(other):
                return _difference(one, other)  # type: ignore[arg-type]
            return f"{one} and {other}"
    return "nothing"


def _is_node(value: Node | tuple[str, ...]) -> bool:
    return len(value) == 3 and isinstance(value[1], tuple)


class _Chunk:
    """A chunk's lines and inner chunks, in order, by their first word."""

    def __init__(self, node: Node) -> None:
        self.tag, self.words, self.body = node

    def chunks(self, *tags: str) -> list[_Chunk]:
        return [_Chunk(c) for c in self.body if _is_node(c) and c[0] in tags]  # type: ignore[arg-type]

    def line(self, key: str) -> tuple[str, ...] | None:
        return next((c[1:] for c in self.lines() if c[0] == key), None)

    def lines(self) -> list[tuple[str, ...]]:
        return [c for c in self.body if not _is_node(c)]  # type: ignore[misc]

    def number(self, key: str, index: int = 0, default: float = 0.0) -> float:
        words = self.line(key)
        return float(words[index]) if words is not None and len(words) > index else default

    def text(self, key: str) -> str:
        words = self.line(key)
        return words[0] if words else ""


def _project(root: Node, path: Path) -> Project:
    chunk = _Chunk(root)
    if chunk.tag != "REAPER_PROJECT":
        raise UnreadableProjectError(f"{path.name} starts with {chunk.tag}")
    tempo = [
        (float(line[1]), float(line[2]))
        for inner in chunk.chunks("TEMPOENVEX")
        for line in inner.lines()
        if line[0] == "PT"
    ]
    return Project(
        path=path,
        rate=int(chunk.number("SAMPLERATE")),
        master_volume=chunk.number("MASTER_VOLUME", default=1.0),
        tempo_points=tuple(tempo),
        tracks=tuple(_track(inner, path.parent) for inner in chunk.chunks("TRACK")),
    )


def _track(chunk: _Chunk, folder: Path) -> Track:
    rate_or_seconds = chunk.number("PLAYOFFS")
    flags = int(chunk.number("PLAYOFFS", 1))
    if flags & 2 and rate_or_seconds:
        raise UnreadableProjectError("a playback offset in samples: of which rate, the file doesn't say")
    lanes = int(chunk.number("ITEMLANES", default=1)) if chunk.number("FREEMODE") == 2 else 0
    return Track(
        guid=chunk.words[0],
        name=chunk.text("NAME"),
        volume=chunk.number("VOLPAN", 0, 1.0),
        pan=chunk.number("VOLPAN", 1),
        muted=bool(chunk.number("MUTESOLO")),
        inverted=bool(chunk.number("IPHASE")),
        depth=int(chunk.number("ISBUS", 1)),
        channels=int(chunk.number("NCHAN", default=2)),
        sends_on=bool(chunk.number("MAINSEND", default=1)),
        effects_on=bool(chunk.number("FX", default=1)),
        timebase=int(chunk.number("BEAT", default=-1)),
        colour=int(chunk.number("PEAKCOL")),
        delay=0.0 if flags & 1 else rate_or_seconds,
        lanes=lanes,
        playing_lanes=int(chunk.number("LANESOLO")) if lanes else -1,
        curves=_curves(chunk),
        effects=_effects(chunk, "FXCHAIN"),
        items=tuple(_item(inner, lanes, folder) for inner in chunk.chunks("ITEM")),
    )


def _item(chunk: _Chunk, lanes: int, folder: Path) -> Item:
    parts: list[list[Node | tuple[str, ...]]] = [[]]
    selected = 0
    for child in chunk.body:
        if not _is_node(child) and child[0] == "TAKE":
            parts.append([])
            if "SEL" in child[1:]:
                selected = len(parts) - 1
        else:
            parts[-1].append(child)
    takes = [
        _take(_Chunk(("TAKE", (), tuple(part))), folder, first=number == 0)
        for number, part in enumerate(parts)
    ]
    return Item(
        guid=chunk.text("IGUID"),
        position=chunk.number("POSITION"),
        length=chunk.number("LENGTH"),
        loops=bool(chunk.number("LOOP")),
        plays_all=bool(chunk.number("ALLTAKES")),
        muted=bool(chunk.number("MUTE")),
        volume=chunk.number("VOLPAN", 0, 1.0),
        timebase=int(chunk.number("BEAT", default=-1)),
        lane=round(chunk.number("YPOS") * lanes),
        fade_in=_fade(chunk, "FADEIN"),
        fade_out=_fade(chunk, "FADEOUT"),
        selected_take=selected,
        takes=tuple(takes),
    )


def _fade(chunk: _Chunk, key: str) -> Fade:
    shape, seconds, automatic = (chunk.number(key, index) for index in range(3))
    if chunk.number(key, 5):
        raise UnreadableProjectError("a fade with a bent curve")
    return Fade(int(shape), automatic if automatic > 0 else seconds)


def _take(chunk: _Chunk, folder: Path, *, first: bool) -> Take:
    key, volume, pan = ("VOLPAN", 2, 1) if first else ("TAKEVOLPAN", 1, 0)
    sources = chunk.chunks("SOURCE")
    stretch: list[tuple[float, float]] = []
    for line in chunk.lines():
        if line[0] == "SM":
            words = " ".join(line[1:]).split("+")
            stretch += [(float(pair.split()[0]), float(pair.split()[1])) for pair in words]
    return Take(
        guid=chunk.text("GUID"),
        name=chunk.text("NAME"),
        media=_media(sources[0], folder) if sources else None,
        offset=chunk.number("SOFFS"),
        rate=chunk.number("PLAYRATE", 0, 1.0),
        keeps_pitch=bool(chunk.number("PLAYRATE", 1)),
        pitch=chunk.number("PLAYRATE", 2),
        channel_mode=int(chunk.number("CHANMODE")),
        volume=chunk.number(key, volume, 1.0),
        pan=chunk.number(key, pan),
        stretch=tuple(sorted(stretch)),
        curves=_curves(chunk),
        effects=_effects(chunk, "TAKEFX"),
    )


def _media(chunk: _Chunk, folder: Path) -> Media:
    kind = chunk.words[0]
    if kind == "SECTION":
        mode = int(chunk.number("MODE"))
        return Media(
            kind,
            start=chunk.number("STARTPOS"),
            length=None if mode & 1 else chunk.number("LENGTH"),
            backwards=bool(mode & 2),
            inner=_media(chunk.chunks("SOURCE")[0], folder),
        )
    name = chunk.text("FILE")
    return Media(kind, path=folder / name if name else None)


def _curves(chunk: _Chunk) -> dict[str, Curve]:
    found = {}
    for inner in chunk.chunks("VOLENV", "PANENV", "MUTEENV", "PITCHENV", "VOLENV2", "PANENV2"):
        points = [
            (float(line[1]), float(line[2]), int(line[3]) if len(line) > 3 else 0)
            for line in inner.lines()
            if line[0] == "PT"
        ]
        found[inner.tag] = Curve(tuple(points), bool(inner.number("ACT", default=1)))
    return found


def _effects(chunk: _Chunk, tag: str) -> tuple[Effect, ...]:
    effects = []
    for chain in chunk.chunks(tag):
        bypassed = False
        for child in chain.body:
            if not _is_node(child):
                if child[0] == "BYPASS":
                    bypassed = any(word != "0" for word in child[1:3])
                continue
            plugin = _Chunk(child)  # type: ignore[arg-type]
            words = [word for line in plugin.lines() for word in line if word != "-"]
            effects.append(Effect(plugin.words[0], tuple(float(word) for word in words), bypassed))
    return tuple(effects)
