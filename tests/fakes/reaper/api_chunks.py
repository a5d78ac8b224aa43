"""Functions on state chunks."""
# ruff: noqa: N802

from __future__ import annotations

from tests.fakes.reaper import chunks, rpp
from tests.fakes.reaper.envelopes import Envelope
from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Item
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track


def _read(text: str, name: str) -> chunks.Node:
    node = chunks.parse(text)
    if node.name != name:
        raise Refused(f"state chunk: <{name} was expected, not <{node.name}")
    return node


class Chunks(Group):
    """State chunks as texts."""

    def GetItemStateChunk(self, item: Item, buffer: str, undo: bool) -> tuple[bool, str]:
        lanes = int(item.track.number("I_NUMFIXEDLANES"))
        return True, "\n".join(rpp.chunk("ITEM", (), rpp._item(item, lanes, None))) + "\n"

    def SetItemStateChunk(self, item: Item, text: str, undo: bool) -> bool:
        chunks.read_item(_read(text, "ITEM"), item)
        self.changed(item.project, "SetItemStateChunk")
        return True

    def GetTrackStateChunk(self, track: Track, buffer: str, undo: bool) -> tuple[bool, str]:
        return True, "\n".join(rpp.chunk("TRACK", (), rpp._track(track, None))) + "\n"

    def SetTrackStateChunk(self, track: Track, text: str, undo: bool) -> bool:
        chunks.read_track(_read(text, "TRACK"), track)
        self.changed(track.project, "SetTrackStateChunk")
        return True

    def GetEnvelopeStateChunk(self, envelope: Envelope, buffer: str, undo: bool) -> tuple[bool, str]:
        return True, "\n".join(rpp.chunk(envelope.chunk_name, (), rpp._envelope(envelope))) + "\n"

    def SetEnvelopeStateChunk(self, envelope: Envelope, text: str, undo: bool) -> bool:
        chunks.read_envelope(_read(text, envelope.chunk_name), envelope)
        owner = envelope.take.item.track if envelope.take is not None else envelope.track
        self.changed(owner.project if owner is not None else None, "SetEnvelopeStateChunk")
        return True
