"""The stand-in host's project render: RENDER_* in, real WAV files out.

`render` does what action 42230 does: it reads the project's render settings, writes the files and gives their
paths. What the stand-in doesn't model it refuses; what would open a dialog in REAPER raises
`RenderDialogError`, for a script that hangs on a modal dialog is a fault of the script.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from tests.fakes.reaper.items import Item
from tests.fakes.reaper.mixing import MasterPlayer, TrackPlayer, fade, spread
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sound import Samples
from tests.fakes.reaper.strict import Refused

Fault = Literal["cancelled", "fails", "short", "long"]
"""Cancelled: the file stays empty. Fails: there is no file. Short, long: a frame is missing or too many."""

_BLOCK = 1 << 15
_SELECTED, _VIA_MASTER, _ONE_FILE = 32, 64, 4 << 16
_NO_POST, _NORMALIZE, _FADE_IN, _FADE_OUT, _PAD_START, _PAD_END = (
    4 << 16,
    1,
    1 << 9,
    1 << 10,
    1 << 16,
    1 << 17,
)
_DEPTHS = {0x10: "PCM_16", 0x18: "PCM_24", 0x20: "FLOAT", 0x21: "PCM_32", 0x40: "DOUBLE"}
_USERS_DEFAULT = "PCM_24"
_TAIL = {0: 1, 1: 2, 2: 4, 4: 16}

Player = Callable[[int, int], Samples]


class RenderDialogError(Exception):
    """REAPER would show a modal dialog now, and the script would wait for a person."""


def sample_format(text: str) -> str:
    """Decode RENDER_FORMAT: WAV and its depth; the bare word takes the user's own default (24 bit here)."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused(f"RENDER_FORMAT is no base64: {text!r}") from error
    if data[:4] != b"evaw":
        raise Refused(f"the stand-in renders WAV only, and RENDER_FORMAT says {data[:4]!r}")
    if len(data) == 4:
        return _USERS_DEFAULT
    if data[4] not in _DEPTHS:
        raise Refused(f"RENDER_FORMAT asks for a depth of {data[4]:#x}")
    return _DEPTHS[data[4]]


def rate_of(project: Project) -> int:
    """Give the rate of a render: RENDER_SRATE, or the project's where that is 0."""
    return int(project.numbers["RENDER_SRATE"]) or project.rate


def targets(project: Project) -> list[Path]:
    """Give the files that a render would write now, as RENDER_TARGETS does."""
    settings = int(project.numbers["RENDER_SETTINGS"])
    folder = Path(project.texts["RENDER_FILE"] or project.folder)
    pattern = project.texts["RENDER_PATTERN"] or "untitled"
    if "$" in pattern:
        raise Refused(f"the stand-in expands no wildcards: {pattern!r}")
    stem = pattern.removesuffix(".wav")
    if settings & (_SELECTED | _VIA_MASTER) and not settings & _ONE_FILE and len(project.selected_items) > 1:
        return [folder / f"{stem}-{number:03}.wav" for number in range(1, len(project.selected_items) + 1)]
    return [folder / f"{stem}.wav"]


def render(project: Project, *, fault: Fault | None = None) -> list[Path]:
    """Render with the project's settings; give the files that were written.

    Raises
    ------
    RenderDialogError
        Where REAPER would ask: a target is there already, or there is nothing to render.
    Refused
        For settings that the stand-in doesn't model.
    """
    settings = int(project.numbers["RENDER_SETTINGS"])
    if settings & ~(_SELECTED | _VIA_MASTER | _ONE_FILE):
        raise Refused(f"the stand-in doesn't know RENDER_SETTINGS {settings}")
    if project.texts["RENDER_FORMAT2"] or project.texts["RENDER_EXTRAFILEDIR"]:
        raise Refused("the stand-in writes no secondary output")
    if int(project.numbers["RENDER_ADDTOPROJ"]) & 1:
        raise Refused("the stand-in doesn't add renders to the project")
    if project.playrate != 1.0:
        raise Refused("what a render does at another master playrate is not known")
    by_item = bool(settings & (_SELECTED | _VIA_MASTER))
    if by_item and not project.selected_items:
        raise RenderDialogError("Nothing to render!")
    paths = targets(project)
    groups: list[list[Item]] = [project.selected_items] if by_item else [[]]
    if len(paths) > 1:
        groups = [[item] for item in project.selected_items]
    written = []
    for path, items in zip(paths, groups, strict=True):
        start, end = _bounds(project, items)
        if end <= start:
            raise RenderDialogError("Nothing to render!")
        if path.exists():
            raise RenderDialogError(f"{path.name} is there already. Overwrite?")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if fault == "cancelled":
            return []
        if fault == "fails":
            path.unlink()
            return []
        frames = int((end - start) * rate_of(project) + 0.5) + {"short": -1, "long": 1}.get(fault or "", 0)
        _write(project, path, frames, _player(project, start, items))
        written.append(path)
    return written


def _bounds(project: Project, items: list[Item]) -> tuple[float, float]:
    """Give the seconds that are rendered, tail included."""
    flag = int(project.numbers["RENDER_BOUNDSFLAG"])
    if flag == 0:
        start, end = project.numbers["RENDER_STARTPOS"], project.numbers["RENDER_ENDPOS"]
    elif flag == 1:
        start, end = 0.0, project.length
    elif flag == 2:
        start, end = project.time_selection
    elif flag == 4:
        items = items or project.selected_items
        start = min((item.position for item in items), default=0.0)
        end = max((item.end for item in items), default=0.0)
    else:
        raise Refused(f"the stand-in doesn't know RENDER_BOUNDSFLAG {flag}")
    if end > start and int(project.numbers["RENDER_TAILFLAG"]) & _TAIL[flag]:
        end += project.numbers["RENDER_TAILMS"] / 1000
    return start, end


def _player(project: Project, start: float, items: list[Item]) -> Player:
    """Give what plays: the master mix, or selected items through their own tracks alone."""
    rate, channels = rate_of(project), int(project.numbers["RENDER_CHANNELS"]) or 2
    chosen = {item.guid for item in items}
    if not items or int(project.numbers["RENDER_SETTINGS"]) & _VIA_MASTER:
        mix = MasterPlayer(project, rate, items=chosen or None)
        return lambda first, count: spread(mix.play(start, first, count), channels)
    players = [
        TrackPlayer(track, rate, items=chosen)
        for track in project.tracks
        if any(item.guid in chosen for item in track.items) and not track.number("B_MUTE")
    ]

    def play(first: int, count: int) -> Samples:
        block = np.zeros((count, channels))
        for player in players:
            block += spread(player.play(start, first, count), channels)
        return block

    return play


def _write(project: Project, path: Path, frames: int, play: Player) -> None:
    rate, channels = rate_of(project), int(project.numbers["RENDER_CHANNELS"]) or 2
    subtype = sample_format(project.texts["RENDER_FORMAT"])
    post = int(project.numbers["RENDER_NORMALIZE"])
    if post & _NO_POST:
        post = 0
    gain = 1.0
    if post & _NORMALIZE:
        # Two passes would need two players: effects remember. A short test's render fits in memory.
        kept = np.concatenate(list(_blocks(play, frames)))
        gain = project.numbers["RENDER_NORMALIZE_TARGET"] / max(float(np.abs(kept).max()), 1e-12)
        whole = kept

        def play(first: int, count: int) -> Samples:
            return whole[first : first + count]

    noise = np.random.default_rng(0) if int(project.numbers["RENDER_DITHER"]) & 3 else None
    step = {"PCM_16": 2.0**-15, "PCM_24": 2.0**-23}.get(subtype, 0.0)
    with soundfile.SoundFile(str(path), "w", rate, channels, subtype, format="WAV") as file:
        file.write(np.zeros((_pad(project, post, _PAD_START), channels)))
        done = 0
        for block in _blocks(play, frames):
            finished = block * gain * _fades(project, post, done, len(block), frames)[:, None]
            if noise is not None:
                finished += step * (noise.random(block.shape) - noise.random(block.shape))
            file.write(finished)
            done += len(block)
        file.write(np.zeros((_pad(project, post, _PAD_END), channels)))


def _blocks(play: Player, frames: int) -> Iterator[Samples]:
    for first in range(0, frames, _BLOCK):
        yield play(first, min(_BLOCK, frames - first))


def _pad(project: Project, post: int, side: int) -> int:
    name = "RENDER_PADSTART" if side == _PAD_START else "RENDER_PADEND"
    return round(project.numbers[name] * rate_of(project)) if post & side else 0


def _fades(project: Project, post: int, done: int, count: int, frames: int) -> Samples:
    """Give the gain of the fades that a render itself puts at both its ends."""
    numbers = done + np.arange(count)
    gain = np.ones(count)
    for flag, name, along in ((_FADE_IN, "IN", numbers), (_FADE_OUT, "OUT", frames - numbers)):
        length = project.numbers[f"RENDER_FADE{name}"] * rate_of(project)
        if post & flag and length > 0:
            shape = int(project.numbers[f"RENDER_FADE{name}SHAPE"])
            gain *= fade(shape, np.clip(along / length, 0, 1))
    return gain
