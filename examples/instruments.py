"""Instruments: notes to MIDI bytes, and those to samples by fluidsynth with a General MIDI soundfont."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from examples.song import RATE, Instrument, Note
from numpy.typing import NDArray

TICKS = 480
"""MIDI ticks a beat."""
_DRUM_CHANNEL = 9
_FONT_NAME = "FluidR3_GM.sf2"
_FONT_FOLDERS = ("share/sounds/sf2", "share/soundfonts", "local/share/soundfonts", "local/share/sounds/sf2")


def find_soundfont() -> Path | None:
    """Look for FluidR3_GM.sf2 where systems keep soundfonts; `STEMBRIDGE_SOUNDFONT` comes first."""
    named = os.environ.get("STEMBRIDGE_SOUNDFONT")
    if named:
        return Path(named) if Path(named).is_file() else None
    roots = [Path(os.sep, "usr"), Path(os.sep, "opt", "homebrew"), Path.home() / ".local"]
    for root in roots:
        for folder in (*_FONT_FOLDERS, "."):
            font = root / folder / _FONT_NAME
            if font.is_file():
                return font
    return None


def _length_bytes(value: int) -> bytes:
    """Write a MIDI variable-length number: seven bits a byte, the high bit on all but the last."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def midi_file(notes: Iterable[Note], program: int | None, tempo: float, beats: float) -> bytes:
    """Write a Standard MIDI File (format 0) with one part.

    Parameters
    ----------
    notes
        Times in beats; a note must not start before 0.
    program
        General MIDI number from 0, None for the drum channel.
    tempo
        Beats a minute.
    beats
        Where the end-of-track event stands.
    """
    channel = _DRUM_CHANNEL if program is None else 0
    events: list[tuple[int, int, bytes]] = [(0, 0, bytes([0xC0 | channel, program or 0]))]
    for note in notes:
        start = round(note.start * TICKS)
        stop = max(start + 1, round((note.start + note.length) * TICKS))
        events.append((start, 2, bytes([0x90 | channel, note.pitch, note.velocity])))
        # A note that ends where the same key starts again must end first.
        events.append((stop, 1, bytes([0x80 | channel, note.pitch, 64])))
    events.sort()
    track = b"\x00\xff\x51\x03" + round(60e6 / tempo).to_bytes(3, "big")
    now = 0
    for tick, _, message in events:
        track += _length_bytes(tick - now) + message
        now = tick
    track += _length_bytes(max(0, round(beats * TICKS) - now)) + b"\xff\x2f\x00"
    return struct.pack(">4sIHHH4sI", b"MThd", 6, 0, 1, TICKS, b"MTrk", len(track)) + track


def play(part: Instrument, tempo: float, size: int, soundfont: Path) -> NDArray[np.float64]:
    """Render a part dry (no reverb, no chorus).

    Returns
    -------
    Samples, shape (size, 2), at 44.1 kHz, starting on beat 0.
    """
    if not part.notes:
        return np.zeros((size, 2))
    beats = size / RATE * tempo / 60.0
    with tempfile.TemporaryDirectory() as folder:
        midi, raw = Path(folder) / "part.mid", Path(folder) / "part.raw"
        midi.write_bytes(midi_file(part.notes, part.program, tempo, beats))
        argv = ["fluidsynth", "-n", "-i", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE)]
        argv += ["-T", "raw", "-O", "float", "-E", "little", "-F", str(raw), str(soundfont), str(midi)]
        subprocess.run(argv, check=True, capture_output=True, timeout=300)
        samples = np.fromfile(raw, dtype="<f4").astype(np.float64).reshape(-1, 2)
    if not np.any(samples):
        raise ValueError(f"fluidsynth made no sound for '{part.name}'")
    out = np.zeros((size, 2))
    out[: min(size, len(samples))] = samples[:size]
    return out
