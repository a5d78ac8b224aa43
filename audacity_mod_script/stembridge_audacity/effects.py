"""Real-time effects, which no command tells of: found by what they do.

Where the export is loudest, a few samples of it are held against what the tracks themselves hold there,
with gain and pan reckoned in. A difference means that something is at work that will be at work again on
the stems if it stands on the master.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stembridge.model.errors import HostError
from stembridge_audacity.calls import Audacity
from stembridge_audacity.facts import Track
from stembridge_audacity.quoting import command, lisp_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REMARK = (
    "What is heard here isn't just what the tracks hold: a real-time effect is at work, "
    "and it is in the stems. If it is a master effect, switch it off afterwards, or it will be heard twice."
)
_FRAMES = 64
_SEARCHED = 1 << 23
"""Frames in which the loudest place is looked for."""
_TOLERANCE = 1e-3
"""Of the loudest sample; gain and pan are told with six digits."""
_FETCH = (
    "(let ((fp (open (strcat {folder} (format nil \"~a\" (get '*track* 'index))) :direction :output))"
    " (all (if (arrayp *track*) *track* (vector *track*))))"
    ' (setf *float-format* "%.9g")'
    " (dotimes (c (length all)) (let ((s (snd-copy (aref all c))))"
    ' (dotimes (i {frames}) (format fp "~a~%" (or (snd-fetch s) 0.0)))))'
    ' (close fp) "")'
)


def remark(
    audacity: Audacity, file: Path, first_frame: int, tracks: Sequence[Track], folder: Path
) -> str | None:
    """Say that a real-time effect is at work; None where there is none, or where it can't be told.

    Parameters
    ----------
    file
        The export of `tracks`, which are selected; it starts at `first_frame` on the timeline.
    folder
        A folder of ours.
    """
    import soundfile

    rate = soundfile.info(str(file)).samplerate
    place, heard = _loudest(file)
    if heard is None or _has_envelopes(audacity, tracks):
        return None
    start = first_frame + place
    audacity.select_time(start / rate, (start + len(heard)) / rate)
    held = _held(audacity, tracks, folder, len(heard))
    return None if held is None or _same(heard, held, tracks) else REMARK


def _loudest(file: Path) -> tuple[int, NDArray[np.float32] | None]:
    """Find the loudest place; give its first frame and its samples, None for silence."""
    import numpy as np
    import soundfile

    top, at, done = 0.0, 0, 0
    with soundfile.SoundFile(str(file)) as sound:
        for block in sound.blocks(1 << 18, frames=_SEARCHED, dtype="float32", always_2d=True):
            level = np.abs(block).max(axis=1)
            peak = int(level.argmax())
            if level[peak] > top:
                top, at = float(level[peak]), done + peak
            done += len(block)
        if top < 1e-4:
            return 0, None
        first = max(0, min(at - _FRAMES // 2, sound.frames - _FRAMES))
        sound.seek(first)
        return first, sound.read(_FRAMES, dtype="float32", always_2d=True)


def _has_envelopes(audacity: Audacity, tracks: Sequence[Track]) -> bool:
    document = audacity.do(command("GetInfo", Type="Envelopes")).json()
    places = {track.index for track in tracks}
    rows = document if isinstance(document, list) else []
    return any(row.get("track") in places and row.get("points") for row in rows)


def _held(
    audacity: Audacity, tracks: Sequence[Track], folder: Path, frames: int
) -> list[NDArray[np.float32]] | None:
    """Have Nyquist write the samples of each track: frames x channels, from top to bottom."""
    import numpy as np

    answers = folder / f"hold-{secrets.token_hex(4)}"
    answers.mkdir()
    try:
        lisp = _FETCH.format(folder=lisp_text(answers.as_posix() + "/"), frames=frames)
        audacity.nyquist(lisp, folder)
        paths = sorted(answers.iterdir(), key=lambda path: int(path.name))
        texts = [path.read_text(encoding="ascii").replace(",", ".") for path in paths]
        found = [np.array(text.split(), dtype=np.float32) for text in texts]
    except (ValueError, OSError, HostError):
        return None
    finally:
        shutil.rmtree(answers, ignore_errors=True)
    if [len(row) for row in found] != [frames * (track.channels or 1) for track in tracks]:
        return None
    return [row.reshape(track.channels or 1, frames).T for row, track in zip(found, tracks, strict=True)]


def _same(heard: NDArray[np.float32], held: Sequence[NDArray[np.float32]], tracks: Sequence[Track]) -> bool:
    """Hold the mix of what the tracks hold against what is heard; a sample more or less may be rounding."""
    import numpy as np

    mix = np.zeros((len(heard), 2))
    for samples, track in zip(held, tracks, strict=True):
        pan, gain = track.pan or 0.0, 1.0 if track.gain is None else track.gain
        mix += samples * gain * np.array([min(1.0, 1 - pan), min(1.0, 1 + pan)])
    mix = mix[:, : heard.shape[1]]
    limit = _TOLERANCE * float(np.abs(heard).max())
    return any(
        float(np.abs(np.roll(mix, shift, axis=0) - heard)[1:-1].max()) <= limit for shift in (0, 1, -1)
    )
