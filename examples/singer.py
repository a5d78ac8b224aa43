"""A singing voice: espeak-ng speaks each syllable, and a small vocoder sings it on the melody's pitch.

Speech is split into what the mouth does (a smooth spectral envelope, and how much of each band is noise)
and what the throat does (the pitch). The first is kept, stretched along the held vowel; the second is
replaced by the melody with glides and vibrato. Sound is made anew from a sum of harmonics plus shaped noise,
so no piece of a recording is ever cut and joined.

The envelope follows CheapTrick (M. Morise, "CheapTrick, a spectral envelope estimator for high-quality speech
synthesis", Speech Communication 67, 2015); harmonics get the envelope's minimum phase.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from examples.song import RATE, Sung
from numpy.typing import NDArray

SPEECH_RATE = 22_050
"""What espeak-ng writes."""
STEP = 0.005
"""Seconds from one frame of the vocoder to the next."""
_FFT = 1024
_BINS = _FFT // 2 + 1
_BANDS = (0.0, 1000.0, 2000.0, 4000.0, 7000.0, 11025.0)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Syllable:
    """A spoken syllable in frames of `STEP` seconds."""

    log_power: Array
    """Envelope, frames x bins, natural log of power density."""
    noise: Array
    """Share of noise in the power, 0..1, frames x bins."""
    vowel: int
    """Frame where the vowel begins: it falls on the beat."""
    hold: tuple[int, int]
    """The steady part of the vowel, which is stretched."""


@dataclass(frozen=True)
class _Line:
    """A sung line in frames of `STEP` seconds; the fields of `Syllable`, the pitch in Hz and a gain."""

    log_power: Array
    noise: Array
    pitch: Array
    gain: Array


def speak(phonemes: str, program: str = "espeak-ng") -> Array:
    """Have espeak-ng say a syllable slowly, on one low note (near 110 Hz)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "syllable.wav"
        flat = f'<speak><prosody range="0%">[[{phonemes}]] </prosody></speak>'
        argv = [program, "-v", "en-us", "-s", "120", "-p", "70", "-m", "-w", str(path), flat]
        subprocess.run(argv, check=True, capture_output=True, timeout=60)
        samples, rate = soundfile.read(path, dtype="float64")
    if rate != SPEECH_RATE:
        raise ValueError(f"espeak-ng wrote {rate} Hz where {SPEECH_RATE} Hz was expected")
    loud = np.flatnonzero(np.abs(samples) > 0.006)
    if not loud.size:
        raise ValueError(f"espeak-ng said nothing for [[{phonemes}]]")
    kept: Array = np.asarray(samples[max(0, loud[0] - 60) : loud[-1] + 60])
    return kept


def _pitch(frame: Array, low: int, high: int) -> tuple[float, float]:
    """Find the period in samples between `low` and `high`, and the correlation (0..1) that speaks for it."""
    size = frame.size - high - 1
    energy = np.concatenate([[0.0], np.cumsum(frame**2)])
    lags = np.arange(high + 2)
    cross = np.correlate(frame, frame[:size], mode="valid")
    score = cross / np.sqrt(np.maximum((energy[lags + size] - energy[lags]) * energy[size], 1e-12))
    lag = low + int(np.argmax(score[low : high + 1]))
    before, here, after = score[lag - 1 : lag + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend < -1e-9 else 0.0
    return lag + float(np.clip(shift, -0.5, 0.5)), float(np.clip(here, 0.0, 1.0))


def _envelope(frame: Array, period: float) -> Array:
    """Natural log of the smooth power spectrum of a frame that spans three periods."""
    power = np.abs(np.fft.rfft(frame, _FFT)) ** 2 + 1e-12
    pitch_bins = _FFT / period
    # Flatten the ripple of the harmonics: a box two thirds of their spacing wide.
    mirrored = np.concatenate([power[:0:-1], power, power[-2:0:-1]])
    total = np.concatenate([[0.0], np.cumsum(mirrored)])
    centre = np.arange(_BINS) + _BINS - 1 + 0.5
    edges = np.arange(total.size)
    smooth = np.interp(centre + pitch_bins / 3, edges, total) - np.interp(
        centre - pitch_bins / 3, edges, total
    )
    cepstrum = np.fft.irfft(np.log(smooth / (pitch_bins * 2 / 3)))
    quefrency = np.minimum(np.arange(_FFT), _FFT - np.arange(_FFT)) / period
    lifter = np.sinc(quefrency) * (1.18 - 0.18 * np.cos(2 * np.pi * quefrency))
    return np.asarray(np.fft.rfft(cepstrum * lifter).real)


def _noise_share(frame: Array, window: Array, period: float) -> Array:
    """How little each band repeats itself after one period, as a share of power per bin."""
    power = np.abs(np.fft.rfft(frame, 2 * _FFT)) ** 2 + 1e-12
    frequency = np.arange(power.size) * SPEECH_RATE / (2 * _FFT)
    lag = round(period)
    falloff = float(np.dot(window[lag:], window[:-lag]) / np.dot(window, window))
    ripple = power * np.cos(2 * np.pi * frequency / SPEECH_RATE * period)
    shares, centres = [], []
    for low, high in pairwise(_BANDS):
        band = (frequency >= low) & (frequency < high)
        shares.append(1.0 - np.clip(ripple[band].sum() / power[band].sum() / falloff, 0.0, 1.0))
        centres.append((low + high) / 2)
    return np.asarray(np.interp(np.linspace(0, SPEECH_RATE / 2, _BINS), centres, shares))


@cache
def study(phonemes: str) -> Syllable:
    """Speak a syllable and take it apart."""
    speech = speak(phonemes)
    hop, margin = SPEECH_RATE * STEP, 700
    padded = np.pad(speech, margin)
    # A whisper of noise keeps the logs sane in stops.
    padded = padded + 1e-5 * np.random.default_rng(1).standard_normal(padded.size)
    frames = max(4, int(speech.size / hop))
    log_power = np.empty((frames, _BINS))
    noise = np.ones((frames, _BINS))
    voiced, level = np.zeros(frames, dtype=bool), np.empty(frames)
    centres = [margin + round((n + 0.5) * hop) for n in range(frames)]
    # The note is the same throughout: what most frames say corrects the others.
    wide = [_pitch(padded[c - 441 : c + 441], SPEECH_RATE // 180, SPEECH_RATE // 75) for c in centres]
    usual = float(np.median([period for period, strength in wide if strength > 0.75] or [SPEECH_RATE / 110]))
    for n, centre in enumerate(centres):
        period, strength = _pitch(
            padded[centre - 330 : centre + 330], int(usual * 0.93), int(usual * 1.07) + 1
        )
        around = padded[centre - 110 : centre + 110]
        voiced[n] = strength > 0.7 and float(np.sqrt(np.mean(around**2))) > 0.004
        half = round(1.5 * period) if voiced[n] else 120
        window = np.hanning(2 * half + 1)
        frame = padded[centre - half : centre + half + 1] * window / np.sqrt(np.sum(window**2))
        log_power[n] = _envelope(frame, period if voiced[n] else 60.0)
        if voiced[n]:
            noise[n] = _noise_share(frame, window, period)
        # Vowels are strong between 250 and 3500 Hz; hum and hiss are not.
        level[n] = 10 * np.log10(np.exp(log_power[n, 12:163]).mean())
    # What little the uneven throat of the speaker adds is not breath; breath lives high up.
    ceiling = np.interp(np.linspace(0, SPEECH_RATE / 2, _BINS), [3000.0, 6000.0], [0.12, 1.0])
    for column in range(_BINS):
        share = _smooth(noise[:, column], 5)[voiced] * 1.3 - 0.15
        noise[voiced, column] = np.clip(share, 0.0, ceiling[column])
    strong = voiced & (level > level[voiced].max() - 7.0 if voiced.any() else voiced)
    where = np.flatnonzero(strong)
    first, last = (int(where[0]), int(where[-1])) if where.size else (frames // 3, frames // 2)
    span = last - first
    return Syllable(log_power, noise, first, (first + round(0.22 * span), first + round(0.5 * span)))


def _positions(syllable: Syllable, onset: float, sung: float, speed: float = 1.0) -> Array:
    """Source frame for every output frame: consonants at their own pace, the vowel's middle stretched.

    `onset` and `sung` are seconds before and after the beat.
    """
    frames = syllable.log_power.shape[0]
    hold_in, hold_out = syllable.hold
    attack = (hold_in - syllable.vowel) * STEP / speed
    release = (frames - 1 - hold_out) * STEP / speed
    squeeze = min(1.0, 0.85 * sung / max(attack + release, 1e-9))
    times = [-onset, 0.0, attack * squeeze, sung - release * squeeze, sung]
    source = [max(0.0, syllable.vowel - onset / STEP), syllable.vowel, hold_in, hold_out, frames - 1]
    count = max(2, round((onset + sung) / STEP))
    return np.asarray(np.interp(-onset + (np.arange(count) + 0.5) * STEP, times, source))


def _rows(table: Array, position: Array) -> Array:
    low = np.floor(position).astype(np.intp)
    high = np.minimum(low + 1, table.shape[0] - 1)
    part = (position - low)[:, None]
    return np.asarray(table[low] * (1 - part) + table[high] * part)


def _smooth(values: Array, width: int) -> Array:
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"))


def _track(
    syllables: Sequence[Sung], beat: float, frames: int, detune: float, rng: np.random.Generator
) -> _Line:
    """Lay the syllables on one time line. `beat` is in seconds, `detune` in semitones."""
    log_power = np.full((frames, _BINS), -30.0)
    noise = np.ones((frames, _BINS))
    semitones = np.full(frames, np.nan)
    depth, gain = np.zeros(frames), np.zeros(frames)
    studied = [study(s.phonemes) for s in syllables]
    onsets = [min(s.vowel * STEP, 0.15) for s in studied]
    for n, (note, shape) in enumerate(zip(syllables, studied, strict=True)):
        start, sung = note.start * beat, note.length * beat
        if n + 1 < len(syllables):
            sung = min(sung, syllables[n + 1].start * beat - onsets[n + 1] - start)
        position = _positions(shape, onsets[n], max(sung, 0.08))
        first = round((start - onsets[n]) / STEP)
        skip = max(0, -first)
        position = position[skip : skip + frames - max(first, 0)]
        span = slice(max(first, 0), max(first, 0) + position.size)
        log_power[span], noise[span] = _rows(shape.log_power, position), _rows(shape.noise, position)
        # Every held vowel has the same power; higher notes are sung a little stronger.
        held = np.exp(shape.log_power[shape.hold[0] : shape.hold[1] + 1, 8:300]).mean()
        log_power[span] += np.log(1e-3 / held) + 0.035 * (note.pitch - 67)
        semitones[span] = note.pitch
        age = np.arange(position.size) * STEP - onsets[n]
        if n == 0 or start - (syllables[n - 1].start + syllables[n - 1].length) * beat > 0.05:
            # The first note of a phrase is reached from a little below.
            semitones[span] -= 0.9 * np.exp(-np.maximum(age, 0.0) / 0.06)
        if note.length * beat > 0.45:
            depth[span] = 0.55 * np.clip((age - 0.22) / 0.35, 0.0, 1.0)
        gain[span] = 1.0
        joint = span.start
        if 4 <= joint < frames - 4 and max(noise[joint - 4, 20], noise[joint + 3, 20]) < 0.5:
            # From one voiced sound to the next the mouth moves, it does not jump.
            part = np.linspace(0.0, 1.0, 8)[:, None]
            blend = log_power[joint - 4] * (1 - part) + log_power[joint + 3] * part
            log_power[joint - 4 : joint + 4] = blend
    known = np.flatnonzero(~np.isnan(semitones))
    line = np.interp(np.arange(frames), known, semitones[known])
    # A throat is never quite steady: nearly 20 cents of drift, without which it sounds like an organ.
    wander = _smooth(rng.standard_normal(frames), 35) * 0.9
    rate = 5.4 + 0.5 * _smooth(rng.standard_normal(frames), 201)
    vibrato = _smooth(depth, 11) * np.sin(2 * np.pi * np.cumsum(rate) * STEP)
    semitones = _smooth(line, 17) + vibrato + wander + detune
    return _Line(log_power + _presence(), noise, 440.0 * 2 ** ((semitones - 69) / 12), _smooth(gain, 5))


def _minimum_phase(log_power: Array) -> Array:
    cepstrum = np.fft.irfft(log_power / 2, axis=1)
    cepstrum[:, 1 : _FFT // 2] *= 2
    cepstrum[:, _FFT // 2 + 1 :] = 0
    return np.asarray(np.fft.rfft(cepstrum, axis=1).imag)


def _harmonics(line: _Line, formants: float, size: int) -> Array:
    """Sum the harmonics of `pitch` (Hz per frame) with the envelope's level and phase at each of them."""
    log_power, noise, pitch = line.log_power, line.noise, line.pitch
    samples = np.arange(size)
    centres = (np.arange(pitch.size) + 0.5) * STEP * RATE
    angle = 2 * np.pi * np.cumsum(np.interp(samples, centres, pitch)) / RATE
    phase = _minimum_phase(log_power)
    rows = np.arange(pitch.size)
    nyquist = SPEECH_RATE / 2
    out = np.zeros(size)
    for k in range(1, int(nyquist * formants / pitch.min()) + 1):
        heard = k * pitch / formants
        place = np.minimum(heard / nyquist * (_BINS - 1), _BINS - 1.001)
        low = place.astype(np.intp)
        part = place - low
        level = log_power[rows, low] * (1 - part) + log_power[rows, low + 1] * part
        tone = 1.0 - np.clip(noise[rows, low], 0.0, 1.0)
        fade = np.clip((nyquist - heard) / 800.0, 0.0, 1.0)
        strength = 2 * np.sqrt(np.exp(level) * tone * pitch / RATE) * fade * line.gain
        if strength.max() < 1e-7:
            continue
        turn = phase[rows, low] * (1 - part) + phase[rows, low + 1] * part
        out += np.interp(samples, centres, strength) * np.cos(k * angle + np.interp(samples, centres, turn))
    return out


def _breath(line: _Line, formants: float, size: int, rng: np.random.Generator) -> Array:
    """Shape white noise by the noisy share of the envelope, frame by frame (overlap-add)."""
    fft, half = 1024, round(STEP * RATE) * 2
    window = np.sqrt(np.hanning(2 * half + 1)[:-1])
    frequency = np.fft.rfftfreq(fft, 1 / RATE) / formants
    place = np.minimum(frequency / (SPEECH_RATE / 2) * (_BINS - 1), _BINS - 1.001)
    low = place.astype(np.intp)
    # Above what espeak-ng knows, hiss falls off gently instead of stopping.
    beyond = -np.maximum(frequency - 9500.0, 0.0) / 1200.0
    thump = np.minimum(frequency / 600.0, 1.0)
    white = rng.standard_normal(size + 4 * half + fft)
    out = np.zeros(size + 4 * half + fft)
    for n in np.flatnonzero(line.gain > 1e-6):
        at = round((n + 0.5) * STEP * RATE)
        shape = (
            np.exp((line.log_power[n, low] + beyond) / 2) * np.sqrt(line.noise[n, low]) * thump * line.gain[n]
        )
        if shape.max() < 1e-6:
            continue
        piece = np.fft.irfft(np.fft.rfft(white[at : at + 2 * half] * window, fft) * shape)[: 2 * half]
        out[at : at + 2 * half] += piece * window
    # Square-root Hann twice at a quarter hop adds up to 2.
    return np.asarray(out[half : half + size] / 2)


def sing(
    syllables: Sequence[Sung], tempo: float, size: int, *, formants: float, detune_cents: float, seed: int
) -> Array:
    """Sing a part.

    Parameters
    ----------
    syllables
        In order of time, not overlapping.
    tempo
        Beats a minute.
    size
        Frames of the result at 44.1 kHz.
    formants, detune_cents
        Character of the singer, see `song.Voice`.
    seed
        Of the pitch's wander and of the breath.

    Returns
    -------
    Mono samples, shape (size,), held vowels near -33 dBFS RMS.
    """
    if not syllables:
        return np.zeros(size)
    rng = np.random.default_rng(seed)
    frames = int(size / (STEP * RATE)) + 1
    line = _track(syllables, 60.0 / tempo, frames, detune_cents / 100, rng)
    return _harmonics(line, formants, size) + _breath(line, formants, size, rng)


def _presence() -> Array:
    """Give the ring of a trained voice: a broad lift around 3 kHz, in natural log of power per bin."""
    frequency = np.linspace(0, SPEECH_RATE / 2, _BINS)
    return np.asarray(1.2 * np.exp(-(((frequency - 2900.0) / 900.0) ** 2)))
