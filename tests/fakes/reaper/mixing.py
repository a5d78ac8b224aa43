"""From items to what leaves a track, a folder and the master: the stand-in host's mixer.

A take goes through its effects, volume, pan and envelopes, then its item's volume and fades; a track's items
through its effects, volume, pan and envelopes, then to its folder or the master. Pan is a balance without a
pan law: it only turns the other side down. Playback offset delays a track's items. Sends between tracks
are not modelled.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from tests.fakes.reaper.effects import Rack
from tests.fakes.reaper.envelopes import Envelope
from tests.fakes.reaper.items import Item, Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sound import Reader, Samples
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.tracks import Track

_NEARLY = 1e-6


def fade(shape: int, along: Samples) -> Samples:
    """Give the gain of a fade-in between 0 and 1: linear (0), and faster or slower starts (1 to 6)."""
    rest = 1 - along
    curves = {
        0: along, 1: 1 - rest**2, 2: along**2, 3: 1 - rest**4, 4: along**4, 5: along**2 * (3 - 2 * along),
    }  # fmt: skip
    if shape == 6:
        return fade(5, fade(5, along))
    return curves[shape]


def envelope(found: Envelope, times: Samples) -> Samples:
    """Evaluate an envelope at many times; shapes: straight, square, slow at both ends, fast start or end."""
    points = found.points
    if not points or not found.active:
        return np.full(len(times), 0.0 if "Pan" in found.name or "Pitch" in found.name else 1.0)
    out = np.full(len(times), float(points[-1].value))
    out[times < points[0].time] = points[0].value
    for left, right in pairwise(points):
        here = (times >= left.time) & (times < right.time)
        along = (times[here] - left.time) / (right.time - left.time)
        bent = {
            0: along, 1: np.zeros(len(along)), 2: along**2 * (3 - 2 * along), 3: 1 - (1 - along) ** 3,
            4: along**3,
        }  # fmt: skip
        if left.shape not in bent:
            raise Refused("the stand-in draws no Bezier envelopes")
        out[here] = left.value + (right.value - left.value) * bent[left.shape]
    return out


def balance(block: Samples, pan: Samples | float) -> Samples:
    """Turn down the left for a pan to the right, and the other way round; the first two channels."""
    if block.shape[1] < 2 or not np.any(pan):
        return block
    pan = np.asarray(pan, dtype=np.float64)
    sides = block.copy()
    sides[:, 0] *= np.minimum(1.0, 1.0 - pan)
    sides[:, 1] *= np.minimum(1.0, 1.0 + pan)
    return sides


def spread(block: Samples, channels: int) -> Samples:
    """Bring a block to a number of channels: one goes to the first two, more stay where they are."""
    if block.shape[1] == 1 and channels > 1:
        block = np.repeat(block, 2, axis=1)
    out = np.zeros((len(block), channels))
    shared = min(channels, block.shape[1])
    out[:, :shared] = block[:, :shared]
    return out


class TakePlayer:
    """A take from its item's first sample on; blocks must follow each other, for its effects' sake."""

    def __init__(self, item: Item, take: Take, rate: int, channels: int) -> None:
        self._item, self._take, self._rate, self._channels = item, take, rate, channels
        self._reader = Reader(item, take)
        self._rack = Rack(take.fx, rate, channels)

    def play(self, times: Samples) -> Samples:
        """Give samples, shape (times, channels), for times of the item."""
        block = self._rack.run(spread(self._reader.at(times, self._rate), self._channels))
        curves = {found.name: envelope(found, times * self._reader.speed) for found in self._take.envelopes}
        if "Pitch" in curves and np.any(curves["Pitch"]):
            raise Refused("the stand-in doesn't play pitch envelopes")
        gain = self._take.number("D_VOL") * curves.get("Volume", np.ones(len(times)))
        gain = gain * (curves.get("Mute", np.ones(len(times))) >= 0.5) * _item_gain(self._item, times)
        pan = np.clip(self._take.number("D_PAN") + curves.get("Pan", np.zeros(len(times))), -1, 1)
        return balance(block, pan) * gain[:, None]


def _item_gain(item: Item, times: Samples) -> Samples:
    if item.number("D_FADEINDIR") or item.number("D_FADEOUTDIR"):
        raise Refused("the stand-in bends no fades")
    gain = np.full(len(times), item.number("D_VOL"))
    for side, along in (("IN", times), ("OUT", item.length - times)):
        automatic, length = item.number(f"D_FADE{side}LEN_AUTO"), item.number(f"D_FADE{side}LEN")
        length = automatic if automatic > 0 else length
        if length > 0:
            inside = along < length
            gain[inside] *= fade(
                int(item.number(f"C_FADE{side}SHAPE")), np.clip(along[inside] / length, 0, 1)
            )
    return gain


class TrackPlayer:
    """What leaves one track for the project's frames in order, its folder's children not counted."""

    def __init__(self, track: Track, rate: int, *, items: set[str] | None = None) -> None:
        self._track, self._rate = track, rate
        self.channels = int(track.number("I_NCHAN"))
        self._rack = Rack(track.fx if track.number("I_FXEN") else [], rate, self.channels)
        chosen = [item for item in track.items if items is None or item.guid in items]
        self._players = [
            (item, TakePlayer(item, take, rate, self.channels))
            for item in chosen
            for take in _heard_takes(item)
        ]
        self._envelopes = {found.name: found for found in track.envelopes}
        self._offset = _playback_offset(track, rate)

    def play(self, first: float, start: int, count: int, below: Samples | None = None) -> Samples:
        """Give ``count`` frames; the render starts ``first`` seconds into the project; ``below`` joins in."""
        times = first + (start + np.arange(count)) / self._rate
        block = self.items(first, start, count)
        if below is not None:
            block += spread(below, self.channels)
        block = self._volume(block, "Volume (Pre-FX)", times, 1.0)
        block = self._volume(self._rack.run(block), "Volume", times, self._track.number("D_VOL"))
        pan = np.full(count, self._track.number("D_PAN"))
        if "Pan" in self._envelopes:
            pan = np.clip(pan + envelope(self._envelopes["Pan"], times), -1, 1)
        if self._track.number("B_PHASE"):
            block = -block
        return balance(self._volume(block, "Mute", times, 1.0), pan)

    def items(self, first: float, start: int, count: int) -> Samples:
        """Give the mix of the track's items alone, before its effects."""
        times = first + (start + np.arange(count)) / self._rate
        block = np.zeros((count, self.channels))
        for item, player in self._players:
            begin = (item.position + self._offset - first) * self._rate
            low = max(math.ceil(begin - _NEARLY), start)
            high = min(math.ceil(begin + item.length * self._rate - _NEARLY), start + count)
            if low < high:
                part = slice(low - start, high - start)
                block[part] += player.play(np.maximum(times[part] - self._offset - item.position, 0.0))
        return block

    def _volume(self, block: Samples, name: str, times: Samples, gain: float) -> Samples:
        if name not in self._envelopes:
            return block * gain
        curve = envelope(self._envelopes[name], times)
        return block * (gain * (curve >= 0.5 if name == "Mute" else curve))[:, None]


def _heard_takes(item: Item) -> list[Take]:
    if item.number("B_MUTE") or not item.number("C_LANEPLAYS"):
        return []
    takes = item.takes if item.number("B_ALLTAKESPLAY") else [item.take]
    return [take for take in takes if take is not None and take.source is not None and not take.midi]


def _playback_offset(track: Track, rate: int) -> float:
    flags, offset = int(track.number("I_PLAY_OFFSET_FLAG")), track.number("D_PLAY_OFFSET")
    if flags & 1:
        return 0.0
    return offset / rate if flags & 2 else offset


class MasterPlayer:
    """The whole project through folders and master; or chosen items, through all that follows them."""

    def __init__(self, project: Project, rate: int, *, items: set[str] | None = None) -> None:
        if any(send for track in project.tracks for send in track.sends if not send.number("B_MUTE")):
            raise Refused("the stand-in renders no sends")
        self._project = project
        soloed = [track for track in project.tracks if track.number("I_SOLO")]
        self._silent = {track.guid for track in project.tracks if track.number("B_MUTE")}
        if soloed:
            audible = {guid for track in soloed for guid in _family(track)}
            self._silent |= {track.guid for track in project.tracks if track.guid not in audible}
        self._players = {track.guid: TrackPlayer(track, rate, items=items) for track in project.tracks}
        self._master = TrackPlayer(project.master, rate)

    def play(self, first: float, start: int, count: int) -> Samples:
        """Give ``count`` frames of the master from frame ``start`` on."""
        buses: dict[str, Samples] = {}
        master = np.zeros((count, self._master.channels))
        parents = {track.guid: track.parent for track in self._project.tracks}
        for track in reversed(self._project.tracks):
            block = self._players[track.guid].play(first, start, count, buses.pop(track.guid, None))
            if track.guid in self._silent or not track.number("B_MAINSEND"):
                continue
            parent = parents[track.guid]
            if parent is None:
                master += spread(block, master.shape[1])
            else:
                width = self._players[parent.guid].channels
                buses.setdefault(parent.guid, np.zeros((count, width)))
                buses[parent.guid] += spread(block, width)
        return self._master.play(first, start, count, master)


def _family(track: Track) -> list[str]:
    """Give a track, the folders above it and all tracks below it."""
    found = [track.guid]
    above = track.parent
    while above is not None:
        found.append(above.guid)
        above = above.parent
    below = track.children
    while below:
        found += [child.guid for child in below]
        below = [grandchild for child in below for grandchild in child.children]
    return found
