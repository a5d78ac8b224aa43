"""State chunks of items, tracks and envelopes: written by `rpp.py`, read back here into the model.

Setting a chunk rebuilds what lies inside: the pointers to takes, envelopes and (for a track) items die.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.reaper.envelopes import CHUNK_NAMES, Envelope, Point
from tests.fakes.reaper.items import Item, StretchMarker, Take, TakeMarker
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.things import Fx
from tests.fakes.reaper.tracks import Track


@dataclass(slots=True)
class Node:
    """A block `<NAME words` with its lines and blocks in order."""

    name: str
    words: list[str]
    body: list[Node | list[str]] = field(default_factory=list)

    def lines(self) -> Iterator[list[str]]:
        """Give the plain lines."""
        return (each for each in self.body if isinstance(each, list))

    def blocks(self) -> Iterator[Node]:
        """Give the blocks."""
        return (each for each in self.body if isinstance(each, Node))

    def line(self, key: str) -> list[str] | None:
        """Give the words after the first line of a key."""
        return next((each[1:] for each in self.lines() if each[0] == key), None)


def words(line: str) -> list[str]:
    """Split a line of a project file: bare words, or one of three quotes around a word."""
    found: list[str] = []
    at = 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
            continue
        if line[at] in "\"'`":
            end = line.find(line[at], at + 1)
            if end < 0:
                raise Refused(f"state chunk: a quote is never closed in {line!r}")
            found.append(line[at + 1 : end])
            at = end + 1
        else:
            end = at
            while end < len(line) and line[end] not in " \t":
                end += 1
            found.append(line[at:end])
            at = end
    return found


def parse(text: str) -> Node:
    """Read a chunk.

    Raises
    ------
    Refused
        When blocks aren't closed, or closed too often.
    """
    open_blocks: list[Node] = []
    root: Node | None = None
    for row in text.splitlines():
        line = row.strip()
        if not line:
            continue
        if root is not None and not open_blocks:
            raise Refused(f"state chunk: {line!r} behind its end")
        if line.startswith("<"):
            name, *rest = words(line[1:])
            node = Node(name, rest)
            if open_blocks:
                open_blocks[-1].body.append(node)
            root = root or node
            open_blocks.append(node)
        elif line == ">":
            open_blocks.pop()
        elif open_blocks:
            open_blocks[-1].body.append([line] if line.startswith("|") else words(line))
        else:
            raise Refused(f"state chunk: {line!r} before its beginning")
    if root is None or open_blocks:
        raise Refused("state chunk: a block is never closed")
    return root


def _numbers(line: list[str] | None) -> list[float]:
    return [float(word) for word in line or [] if word != "-"]


def _put(thing: Item | Take | Track, line: list[str] | None, *names: str) -> None:
    for name, value in zip(names, _numbers(line), strict=False):
        if name:
            thing.set_number(name, value)


def _ext(thing: Item | Take | Track, node: Node) -> None:
    for line in node.lines():
        thing.set_text("P_EXT:" + line[0], line[1] if len(line) > 1 else "")


def read_envelope(node: Node, envelope: Envelope) -> None:
    """Read an envelope's block into an envelope."""
    guid = node.line("EGUID")
    if guid:
        envelope.guid = guid[0]
    envelope.active = (node.line("ACT") or ["1"])[0] == "1"
    envelope.visible = (node.line("VIS") or ["1"])[0] == "1"
    envelope.armed = (node.line("ARM") or ["0"])[0] == "1"
    envelope.points = []
    for line in node.lines():
        if line[0] == "PT":
            values = [float(word) for word in line[1:]]
            shape = int(values[2]) if len(values) > 2 else 0
            tension = values[6] if len(values) > 6 else 0.0
            envelope.points.append(Point(values[0], values[1], shape, tension))
    envelope.sort()


def _envelope_name(node: Node, kind: str) -> str | None:
    return next((name for name, block in CHUNK_NAMES[kind].items() if block == node.name), None)


def _effects(node: Node) -> list[Fx]:
    made: list[Fx] = []
    bypass = ["0", "0"]
    for each in node.body:
        if isinstance(each, Node):
            fx = Fx(each.words[0], enabled=bypass[0] == "0", offline=bypass[1] == "1")
            values = next(each.lines(), [])
            fx.parameters = [float(word) for word in values if word != "-"]
            made.append(fx)
        elif each[0] == "BYPASS":
            bypass = each[1:]
        elif each[0] == "FXID" and made:
            made[-1].guid = each[1]
    return made


def read_source(node: Node) -> Source | None:
    """Read a source's block."""
    kind = node.words[0] if node.words else "EMPTY"
    if kind == "SECTION":
        inner = next(node.blocks(), None)
        parent = read_source(inner) if inner is not None else None
        if parent is None:
            return None
        length, offset = (_numbers(node.line(key)) for key in ("LENGTH", "STARTPOS"))
        reverse = int(_numbers(node.line("MODE") or ["0"])[0]) & 2
        return Source.section(parent, offset[0] if offset else 0.0, length[0], reverse=bool(reverse))
    file = node.line("FILE")
    if file:
        return Source.from_file(Path(file[0])) or Source(kind, Path(file[0]))
    source = Source(kind)
    ends = [float(line[1]) for line in node.lines() if line[0] == "E"]
    source.midi_length = sum(ends) / 960
    return source


def _take_line(take: Take, line: list[str]) -> None:
    key, rest = line[0], line[1:]
    if key == "NAME":
        take.name = rest[0] if rest else ""
    elif key == "TAKEVOLPAN":
        _put(take, rest, "D_PAN", "D_VOL", "D_PANLAW")
    elif key == "VOLPAN":
        _put(take, rest[1:], "D_PAN", "D_VOL", "D_PANLAW")
    elif key == "SOFFS":
        _put(take, rest, "D_STARTOFFS")
    elif key == "PLAYRATE":
        _put(
            take,
            rest,
            "D_PLAYRATE",
            "B_PPITCH",
            "D_PITCH",
            "I_PITCHMODE",
            "I_STRETCHFLAGS",
            "F_STRETCHFADESIZE",
        )
    elif key == "CHANMODE":
        _put(take, rest, "I_CHANMODE")
    elif key == "GUID":
        take.guid = rest[0]
    elif key == "TKM":
        color = int(float(rest[2])) if len(rest) > 2 else 0
        take.markers.append(TakeMarker(float(rest[0]), rest[1], color))
    elif key == "SM":
        for part in " ".join(rest).split("+"):
            values = [float(word) for word in part.split()]
            take.stretch_markers.append(
                StretchMarker(values[0], values[1], values[2] if len(values) > 2 else 0.0)
            )


def _take_block(take: Take, node: Node) -> None:
    if node.name == "SOURCE":
        take.source = read_source(node)
    elif node.name == "TAKEFX":
        take.fx = _effects(node)
    elif node.name == "EXT":
        _ext(take, node)
    else:
        name = _envelope_name(node, "take")
        if name is None:
            raise Refused(f"state chunk: a take has no block {node.name}")
        envelope = Envelope(name, take=take)
        read_envelope(node, envelope)
        take.envelopes.append(envelope)


_ITEM_LINES: dict[str, tuple[str, ...]] = {
    "POSITION": ("D_POSITION",), "SNAPOFFS": ("D_SNAPOFFSET",), "LENGTH": ("D_LENGTH",),
    "LOOP": ("B_LOOPSRC",), "ALLTAKES": ("B_ALLTAKESPLAY",), "BEAT": ("C_BEATATTACHMODE",),
    "FADEIN": ("C_FADEINSHAPE", "D_FADEINLEN", "D_FADEINLEN_AUTO", "", "", "D_FADEINDIR"),
    "FADEOUT": ("C_FADEOUTSHAPE", "D_FADEOUTLEN", "D_FADEOUTLEN_AUTO", "", "", "D_FADEOUTDIR"),
    "SEL": ("B_UISEL",), "COLOR": ("I_CUSTOMCOLOR",), "GROUP": ("I_GROUPID",), "LOCK": ("C_LOCK",),
}  # fmt: skip
_TAKE_KEYS = frozenset({"TAKEVOLPAN", "SOFFS", "PLAYRATE", "CHANMODE", "GUID", "TKM", "SM"})


def read_item(node: Node, item: Item) -> None:
    """Read an item's block into an item; its takes are made anew."""
    lane = item.number("I_FIXEDLANE")
    item.values.update(Item.numbers)
    item.values.update({"D_FADEINLEN": 0.0, "D_FADEOUTLEN": 0.0, "I_FIXEDLANE": lane})
    item.strings = dict(Item.texts)
    item.takes, item.current = [], 0
    take: Take | None = None
    empty = not any(block.name == "SOURCE" for block in node.blocks())
    for each in node.body:
        if isinstance(each, Node):
            if take is None and each.name == "EXT":
                _ext(item, each)
                continue
            take = take or _new_take(item)
            _take_block(take, each)
        elif each[0] in _ITEM_LINES:
            _put(item, each[1:], *_ITEM_LINES[each[0]])
        elif each[0] == "MUTE":
            _put(item, each[1:], "B_MUTE", "C_MUTE_SOLO")
        elif each[0] == "IGUID":
            item.guid = each[1]
        elif each[0] == "TAKE":
            take = _new_take(item)
            if "SEL" in each[1:]:
                item.current = len(item.takes) - 1
        elif each[0] == "VOLPAN":
            _put(item, each[1:], "D_VOL")
            if not empty:
                _take_line(take or _new_take(item), each)
        elif not empty and (each[0] in _TAKE_KEYS or each[0] == "NAME"):
            take = take or _new_take(item)
            _take_line(take, each)


def _new_take(item: Item) -> Take:
    take = Take(item)
    item.takes.append(take)
    return take


_TRACK_LINES: dict[str, tuple[str, ...]] = {
    "PEAKCOL": ("I_CUSTOMCOLOR",), "BEAT": ("C_BEATATTACHMODE",), "AUTOMODE": ("I_AUTOMODE",),
    "VOLPAN": ("D_VOL", "D_PAN", "D_PANLAW", "D_DUALPANL", "D_DUALPANR"),
    "MUTESOLO": ("B_MUTE", "I_SOLO", "B_SOLO_DEFEAT"), "IPHASE": ("B_PHASE",),
    "PLAYOFFS": ("D_PLAY_OFFSET", "I_PLAY_OFFSET_FLAG"), "ISBUS": ("", "I_FOLDERDEPTH"),
    "SEL": ("I_SELECTED",), "NCHAN": ("I_NCHAN",), "FX": ("I_FXEN",),
    "FREEMODE": ("I_FREEMODE",), "ITEMLANES": ("I_NUMFIXEDLANES",),
    "MAINSEND": ("B_MAINSEND",),
}  # fmt: skip
NO_COLOR = 16576


def read_track(node: Node, track: Track) -> None:
    """Read a track's block into a track; items, envelopes and effects are made anew."""
    track.items, track.envelopes, track.fx = [], [], []
    for line in node.lines():
        if line[0] in _TRACK_LINES:
            _put(track, line[1:], *_TRACK_LINES[line[0]])
        elif line[0] == "NAME":
            track.name = line[1] if len(line) > 1 else ""
        elif line[0] == "TRACKID":
            track.guid = line[1]
    if track.number("I_CUSTOMCOLOR") == NO_COLOR:
        track["I_CUSTOMCOLOR"] = 0
    for block in node.blocks():
        name = _envelope_name(block, "track")
        if block.name == "EXT":
            _ext(track, block)
        elif block.name == "FXCHAIN":
            track.fx = _effects(block)
        elif block.name == "ITEM":
            item = Item(track)
            track.items.append(item)
            read_item(block, item)
        elif name is not None:
            envelope = Envelope(name, track=track)
            read_envelope(block, envelope)
            track.envelopes.append(envelope)
        else:
            raise Refused(f"state chunk: a track has no block {block.name}")
    track.sort_items()
