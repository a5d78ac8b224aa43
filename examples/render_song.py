"""Render the demo song: `python examples/render_song.py` writes examples/stems/*.flac.

Needs the programs fluidsynth and espeak-ng, and the soundfont FluidR3_GM.sf2 (Debian: fluid-soundfont-gm).
The stems are true stems: every effect belongs to one part, so their sum is the mix, sample for sample.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from examples.instruments import find_soundfont, play
from examples.singer import sing
from examples.song import MIX_PEAK_DBFS, RATE, Channel, Song, build

Array = NDArray[np.float64]
HERE = Path(__file__).resolve().parent


def decibels(value: float) -> float:
    """Turn an amplitude into dB."""
    return float(20 * np.log10(max(value, 1e-12)))


def _gain(db: float) -> float:
    return float(10 ** (db / 20))


def room(seed: int, seconds: float = 1.5) -> Array:
    """Make the impulse response of the room that all parts share.

    Noise with an exponential decay (60 dB in `seconds`), its treble dying twice as fast, after a pre-delay of
    18 ms and some early reflections; left and right are independent, as in a wide hall.

    Returns
    -------
    Shape (frames, 2), unit energy per channel.
    """
    rng = np.random.default_rng(seed)
    size, delay = int(seconds * RATE), round(0.018 * RATE)
    time = np.arange(size)[:, None] / RATE
    noise = rng.standard_normal((size, 2))
    split = signal.butter(1, 2500.0, fs=RATE, output="sos")
    low = signal.sosfilt(split, noise, axis=0)
    tail = low * 10 ** (-3 * time / seconds) + (noise - low) * 10 ** (-6 * time / seconds) * 0.7
    tail *= np.clip(time / 0.012, 0.0, 1.0)
    out = np.zeros((size + delay, 2))
    out[delay:] = tail / np.sqrt((tail**2).sum(axis=0))
    for n, taps in enumerate(((0.011, 0.017, 0.029), (0.013, 0.021, 0.026))):
        for k, at in enumerate(taps):
            out[round(at * RATE), n] += 0.35 * 0.75**k * (-1) ** k
    return np.asarray(out / np.sqrt((out**2).sum(axis=0)))


def _balance(samples: Array, pan: float) -> Array:
    """Place a mono part by the constant-power law, a stereo part by turning one side down."""
    if samples.ndim == 1:
        angle = (pan + 1) * np.pi / 4
        return np.outer(samples, [np.cos(angle), np.sin(angle)])
    return np.asarray(samples * np.array([min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)]))


def strip(samples: Array, channel: Channel, hall: Array) -> Array:
    """Take a part through its strip of the desk: gain, pan, and its share of the room."""
    dry = _balance(samples, channel.pan) * _gain(channel.gain_db)
    # The room hears a part from nearer the middle than the direct sound comes from.
    send = _balance(samples, channel.pan * 0.5) * _gain(channel.gain_db + channel.reverb_db)
    wet = signal.oaconvolve(send, hall, axes=0)[: len(dry)]
    return np.asarray(dry + wet)


def level_out(samples: Array, threshold_db: float = -22.0, ratio: float = 2.5) -> Array:
    """Compress a mono part gently: follow its loudness over 60 ms and turn down what stands above."""
    half = round(0.03 * RATE)
    padded = np.concatenate([np.zeros(half + 1), samples**2, np.zeros(half)])
    total = np.cumsum(padded)
    loudness = 10 * np.log10(
        np.maximum((total[2 * half :] - total[: -2 * half])[: samples.size] / (2 * half), 1e-10)
    )
    over = np.maximum(loudness - threshold_db, 0.0)
    return np.asarray(samples * 10 ** (-over * (1 - 1 / ratio) / 20))


def render(song: Song, soundfont: Path) -> dict[str, Array]:
    """Render every stem of a song.

    Returns
    -------
    Stem name to samples of shape (frames, 2) at 44.1 kHz, in float, scaled so that their sum peaks at
    `MIX_PEAK_DBFS`.
    """
    size = round(song.seconds * RATE)
    hall = room(song.seed)
    stems: dict[str, Array] = {}
    for part in song.instruments:
        dry = play(part, song.tempo, size, soundfont)
        if part.drive:
            # tanh with unit slope at zero: quiet hits pass as they are, loud ones are rounded.
            dry = np.tanh(dry * (1 + part.drive)) / (1 + part.drive)
        stems.setdefault(part.channel.stem, np.zeros((size, 2)))
        stems[part.channel.stem] += strip(dry, part.channel, hall)
    clean = signal.butter(2, 110.0, "highpass", fs=RATE, output="sos")
    for n, voice in enumerate(song.voices):
        sung = sing(
            voice.syllables,
            song.tempo,
            size,
            formants=voice.formants,
            detune_cents=voice.detune_cents,
            seed=song.seed + 1 + n,
        )
        late = round(voice.delay_ms / 1000 * RATE)
        sung = np.concatenate([np.zeros(late), sung])[:size]
        sung = level_out(np.asarray(signal.sosfilt(clean, sung)))
        stems.setdefault(voice.channel.stem, np.zeros((size, 2)))
        stems[voice.channel.stem] += strip(sung, voice.channel, hall)
    fade = np.clip((size - np.arange(size)) / (0.8 * RATE), 0.0, 1.0)[:, None]
    peak = float(np.abs(sum(stem * fade for stem in stems.values())).max())
    scale = _gain(MIX_PEAK_DBFS) / max(peak, 1e-9)
    return {name: stem * fade * scale for name, stem in stems.items()}


def write(stems: dict[str, Array], folder: Path) -> list[Path]:
    """Write the stems as 16-bit FLAC, refusing one that would clip."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, stem in stems.items():
        top = decibels(float(np.abs(stem).max()))
        if top >= -0.1:
            raise ValueError(f"the stem '{name}' peaks at {top:+.1f} dBFS: turn it down in song.py")
        path = folder / f"{name}.flac"
        # Rounded here: the library would cut towards minus infinity.
        whole = np.round(stem * 32768.0).astype(np.int16)
        soundfile.write(path, whole, RATE, format="FLAC", subtype="PCM_16")
        paths.append(path)
    return paths


def _bars(text: str) -> tuple[int, int]:
    first, _, count = text.partition(":")
    if not (first.isdecimal() and count.isdecimal()) or not 0 < int(count) <= build().bars - int(first):
        raise argparse.ArgumentTypeError(f"'{text}' is not FIRST:COUNT within the song's {build().bars} bars")
    return int(first), int(count)


def main(arguments: Sequence[str] | None = None) -> int:
    """Render the song from the command line."""
    parser = argparse.ArgumentParser(description="Render the demo song and its true stems.")
    parser.add_argument("--soundfont", type=Path, help="FluidR3_GM.sf2 (searched for when not given)")
    parser.add_argument("--out", type=Path, default=HERE / "stems", help="folder for the FLAC files")
    parser.add_argument(
        "--bars", type=_bars, metavar="FIRST:COUNT", help="render only some bars, counted from 0"
    )
    chosen = parser.parse_args(arguments)
    missing = [name for name in ("fluidsynth", "espeak-ng") if shutil.which(name) is None]
    soundfont = chosen.soundfont or find_soundfont()
    if missing:
        parser.error(f"not installed: {', '.join(missing)} (Debian: apt-get install fluidsynth espeak-ng)")
    if soundfont is None or not soundfont.is_file():
        parser.error("FluidR3_GM.sf2 was not found: name it with --soundfont (Debian: fluid-soundfont-gm)")
    song = build()
    if chosen.bars:
        song = song.excerpt(*chosen.bars)
    stems = render(song, soundfont)
    mix = np.asarray(sum(stems.values()))
    for path in write(stems, chosen.out):
        stem = stems[path.stem]
        rms = decibels(float(np.sqrt(np.mean(stem**2))))
        print(f"{path.name:14} peak {decibels(float(np.abs(stem).max())):+6.1f} dBFS  rms {rms:+6.1f} dBFS")
    overs = int(np.count_nonzero(np.abs(mix).max(axis=1) > 1.0))
    top = decibels(float(np.abs(mix).max()))
    print(f"{'sum':14} peak {top:+6.1f} dBFS  {len(mix)} frames, {overs} above 0 dBFS")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
