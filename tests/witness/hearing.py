"""What chosen takes of a project file sound like at the end: items, tracks, folders, master."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from tests.witness.playing import Wave, play
from tests.witness.reading import Curve, Effect, Fade, Item, Project, Take, Track, UnreadableProjectError


@dataclass(frozen=True)
class Place:
    """Where the witness listens: the master, from project frame ``first`` on."""

    first: int
    frames: int
    rate: int
    channels: int = 2

    @property
    def times(self) -> Wave:
        """Project seconds of every sample."""
        return (self.first + np.arange(self.frames)) / self.rate


def hear(
    project: Project,
    takes: Iterable[str],
    place: Place,
    *,
    whole_mixer: bool = True,
    mutes: bool = True,
    effects: bool = True,
) -> Wave:
    """Give what the takes with these GUIDs sound like, shape (frames, channels).

    Each take counts as its item's active one. ``whole_mixer``: through folders and the master, else only
    through its own track. ``mutes``: what is muted or in a lane that doesn't play is silent.
    ``effects``: with the tracks' effects.
    """
    wanted = set(takes)
    missing = wanted - project.takes().keys()
    if missing:
        raise UnreadableProjectError(f"the project has no takes {sorted(missing)}")
    buses: list[tuple[int, Wave]] = []
    total = np.zeros((place.frames, place.channels))
    # Backwards, a folder comes after everything that is in it.
    levels = _levels(project.tracks)
    for track, level in reversed(list(zip(project.tracks, levels, strict=True))):
        own = np.zeros((place.frames, track.channels))
        for item in track.items:
            for take in item.takes:
                if take.guid in wanted and not (mutes and _silent(track, item)):
                    own += _item(track, item, take, place)
        while whole_mixer and buses and buses[-1][0] > level:
            own += _fit(buses.pop()[1], track.channels)
        left = _track(track, own, place, effects=effects)
        if whole_mixer and ((mutes and track.muted) or not track.sends_on):
            continue
        if whole_mixer and level:
            buses.append((level, left))
        elif not (mutes and track.muted):
            total += _fit(left, place.channels)
    return total * project.master_volume if whole_mixer else total


def _levels(tracks: tuple[Track, ...]) -> list[int]:
    level, found = 0, []
    for track in tracks:
        found.append(level)
        level = max(level + track.depth, 0)
    return found


def _silent(track: Track, item: Item) -> bool:
    return item.muted or (track.lanes > 0 and not track.playing_lanes >> item.lane & 1)


def _fit(wave: Wave, count: int) -> Wave:
    if wave.shape[1] == 1:
        wave = wave[:, [0, 0]]
    wave = wave[:, :count]
    return np.pad(wave, ((0, 0), (0, count - wave.shape[1])))


def _item(track: Track, item: Item, take: Take, place: Place) -> Wave:
    out = np.zeros((place.frames, track.channels))
    local = place.times - track.delay - item.position
    here = (local > -1e-6 / place.rate) & (local < item.length - 1e-6 / place.rate)
    if not here.any():
        return out
    times = np.maximum(local[here], 0.0)
    wave = _fit(play(item, take, times, place.rate), track.channels)
    wave = _chain(take.effects, wave, place.rate)
    level = np.full(len(times), item.volume * take.volume)
    level *= _ramp(item.fade_in, times) * _ramp(item.fade_out, item.length - times)
    pan = np.full(len(times), take.pan)
    for kind, curve in take.curves.items():
        if not curve.active or not curve.points:
            continue
        values = _bent(curve, times * take.rate)
        if kind == "VOLENV":
            level *= values
        elif kind == "MUTEENV":
            level *= values >= 0.5
        elif kind == "PANENV":
            pan = np.minimum(np.maximum(pan + values, -1), 1)
        elif np.any(values):
            raise UnreadableProjectError(f"a take with {kind}")
    out[here] = _panned(wave * level[:, None], pan)
    return out


def _track(track: Track, wave: Wave, place: Place, *, effects: bool) -> Wave:
    curves = {kind: _bent(curve, place.times) for kind, curve in track.curves.items() if curve.active}
    if "VOLENV" in curves:
        wave = wave * curves["VOLENV"][:, None]
    if effects and track.effects_on:
        wave = _chain(track.effects, wave, place.rate)
    level = np.full(place.frames, -track.volume if track.inverted else track.volume) * curves.get(
        "VOLENV2", 1.0
    )
    if "MUTEENV" in curves:
        level = level * (curves["MUTEENV"] >= 0.5)
    pan = np.clip(track.pan + curves.get("PANENV2", np.zeros(place.frames)), -1, 1)
    return _panned(wave * level[:, None], pan)


def _panned(wave: Wave, pan: Wave) -> Wave:
    if wave.shape[1] == 1:
        return wave
    gains = np.ones_like(wave)
    gains[:, 0] -= np.maximum(pan, 0)
    gains[:, 1] += np.minimum(pan, 0)
    return wave * gains


def _ramp(fade: Fade, distance: Wave) -> Wave:
    """Give a fade's gain at distances (seconds) from its silent end."""
    if fade.seconds <= 0:
        return np.ones_like(distance)
    x = np.minimum(np.maximum(distance / fade.seconds, 0), 1)
    if fade.shape in {5, 6}:
        for _ in range(fade.shape - 4):
            x = x * x * (3 - 2 * x)
        return x
    power = {0: 1, 1: 2, 2: 2, 3: 4, 4: 4}[fade.shape]
    return np.asarray(x**power if fade.shape in {0, 2, 4} else 1 - (1 - x) ** power)


def _bent(curve: Curve, times: Wave) -> Wave:
    """Give an envelope's values at times."""
    points = curve.points
    spot = np.clip(np.searchsorted([point[0] for point in points], times, side="right") - 1, 0, None)
    after = np.minimum(spot + 1, len(points) - 1)
    start, low, shape = (np.array(column)[spot] for column in zip(*points, strict=True))
    end, high = (np.array([point[index] for point in points])[after] for index in (0, 1))
    x = np.clip((times - start) / np.where(end > start, end - start, 1.0), 0, 1)
    if np.any(shape > 4):
        raise UnreadableProjectError("an envelope with Bezier points")
    choices = [x, np.zeros_like(x), x * x * (3 - 2 * x), 1 - (1 - x) ** 3, x * x * x]
    return np.asarray(low + (high - low) * np.choose(shape.astype(np.int64), choices))


def _chain(effects: tuple[Effect, ...], wave: Wave, rate: int) -> Wave:
    """Run the stand-in plug-ins by their documented rules: gain, delay, low-pass, and half for the rest."""
    for effect in effects:
        if effect.bypassed:
            continue
        kind, amount = effect.name.lower(), effect.values[0]
        if "gain" in kind:
            wave = wave * (2 * amount) ** 2
        elif "delay" in kind:
            late = int(amount * 0.1 * rate + 0.5)
            wave = np.pad(wave, ((late, 0), (0, 0)))[: len(wave)]
        elif "low-pass" in kind:
            wave = np.asarray(lfilter([1 - 0.9 * amount], [1, -0.9 * amount], wave, axis=0))
        else:
            wave = wave / 2
    return wave
