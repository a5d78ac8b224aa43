from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from examples import render_song
from examples.instruments import find_soundfont, midi_file
from examples.singer import sing
from examples.song import (
    BARS,
    BEATS_PER_BAR,
    CHORDS,
    MIX_PEAK_DBFS,
    RATE,
    Instrument,
    Note,
    Sung,
    Voice,
    build,
)
from numpy.typing import NDArray

from tests.programs import need

STEMS = Path(__file__).resolve().parents[2] / "examples" / "stems"
NAMES = {"vocals", "drums", "bass", "guitar", "keys"}
SONG = build()


@pytest.fixture(scope="module")
def stems() -> dict[str, NDArray[np.float64]]:
    found = {}
    for path in sorted(STEMS.glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
        assert rate == RATE
        found[path.stem] = samples
    return found


def test_the_stems_are_those_of_the_song(stems: dict[str, NDArray[np.float64]]) -> None:
    parts = [part.channel.stem for part in SONG.instruments] + [voice.channel.stem for voice in SONG.voices]
    assert set(stems) == NAMES == set(parts)
    assert {samples.shape for samples in stems.values()} == {(round(SONG.seconds * RATE), 2)}
    assert 30 <= SONG.seconds <= 60


def test_no_stem_clips_or_is_silent_but_the_sum_goes_over(stems: dict[str, NDArray[np.float64]]) -> None:
    for name, samples in stems.items():
        assert np.abs(samples).max() < 10 ** (-0.1 / 20), name
        assert np.sqrt(np.mean(samples**2)) > 10 ** (-40 / 20), name
        assert np.all(np.sqrt(np.mean(samples**2, axis=0)) > 10 ** (-40 / 20)), name
    mix = np.asarray(sum(stems.values()))
    assert 20 * np.log10(np.abs(mix).max()) == pytest.approx(MIX_PEAK_DBFS, abs=0.02)
    over = np.flatnonzero(np.abs(mix).max(axis=1) > 1.0)
    assert 10 <= over.size <= 1000


def test_voice_rests_in_the_introduction_and_sings_over_the_band(
    stems: dict[str, NDArray[np.float64]],
) -> None:
    def rms(samples: NDArray[np.float64], section: str) -> float:
        first, stop = (round(bar * BEATS_PER_BAR * 60 / SONG.tempo * RATE) for bar in BARS[section])
        return float(20 * np.log10(np.sqrt(np.mean(samples[first:stop] ** 2)) + 1e-9))

    # A first consonant may come before the bar it belongs to.
    quiet = stems["vocals"][: round((2 * BEATS_PER_BAR - 0.5) * 60 / SONG.tempo * RATE)]
    assert np.abs(quiet).max() == 0
    band = np.asarray(sum(samples for name, samples in stems.items() if name != "vocals"))
    for section in ("verse", "chorus"):
        assert -6 < rms(stems["vocals"], section) - rms(band, section) < 1


def test_the_sections_and_chords_cover_every_bar_once() -> None:
    edges = [edge for first, stop in BARS.values() for edge in (first, stop)]
    assert edges[0] == 0
    assert edges[-1] == SONG.bars == len(CHORDS)
    assert edges[1:-1:2] == edges[2::2]


@pytest.mark.parametrize("part", SONG.instruments, ids=lambda part: part.name)
def test_notes_are_playable(part: Instrument) -> None:
    assert part.notes
    low, high = {"bass": (28, 55), "drums": (35, 59)}.get(part.name, (40, 84))
    for note in part.notes:
        assert 0 <= note.start < SONG.bars * BEATS_PER_BAR
        assert note.length > 0
        assert low <= note.pitch <= high
        assert 1 <= note.velocity <= 127
    assert -1 <= part.channel.pan <= 1


@pytest.mark.parametrize("voice", SONG.voices, ids=lambda voice: voice.name)
def test_syllables_follow_each_other_within_the_voice(voice: Voice) -> None:
    for note in voice.syllables:
        assert note.text.strip()
        assert note.phonemes.strip()
        assert 55 <= note.pitch <= 77
    for one, two in itertools.pairwise(voice.syllables):
        assert one.start + one.length <= two.start
    last = voice.syllables[-1]
    assert last.start + last.length <= SONG.bars * BEATS_PER_BAR


def test_harmony_sings_the_words_of_the_lead_at_the_same_time() -> None:
    lead = {(note.start, note.text): note for note in SONG.voices[0].syllables}
    for voice in SONG.voices[1:]:
        for note in voice.syllables:
            assert 2 <= lead[note.start, note.text].pitch - note.pitch <= 7


def test_an_excerpt_starts_at_its_first_bar() -> None:
    first = BARS["chorus"][0]
    part = SONG.excerpt(first, 2)
    assert part.seconds == pytest.approx(2 * BEATS_PER_BAR * 60 / SONG.tempo + SONG.tail_seconds)
    assert " ".join(note.text for note in part.voices[0].syllables).startswith("Take it a- part")
    starts = [note.start for instrument in part.instruments for note in instrument.notes]
    assert min(starts) == 0
    assert max(starts) < 2 * BEATS_PER_BAR


def test_midi_bytes_are_as_the_standard_writes_them() -> None:
    # 480 ticks a beat: one beat is 0x83 0x60 as a variable-length number; 120 bpm is 500,000 us a beat.
    written = midi_file([Note(0.0, 1.0, 60, 100), Note(1.0, 0.5, 60, 90)], 4, 120.0, 2.0)
    track = (
        bytes.fromhex("00ff510307a120 00c004 00903c64")
        + bytes.fromhex("8360803c40 00903c5a 8170803c40")
        + bytes.fromhex("8170ff2f00")
    )
    assert (
        written
        == bytes.fromhex("4d546864 00000006 0000 0001 01e0 4d54726b") + len(track).to_bytes(4, "big") + track
    )


def test_a_stem_that_would_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'drums' peaks at"):
        render_song.write({"drums": np.ones((10, 2))}, tmp_path)


def test_the_soundfont_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    font = tmp_path / "mine.sf2"
    monkeypatch.setenv("STEMBRIDGE_SOUNDFONT", str(font))
    assert find_soundfont() is None
    font.touch()
    assert find_soundfont() == font


def test_the_voice_sings_in_tune() -> None:
    need("espeak-ng")
    notes = [Sung(0.5, 2.0, 69, "la", "l'A:"), Sung(2.5, 2.0, 64, "light", "l'aIt")]
    voice = sing(notes, 120.0, 3 * RATE, formants=1.1, detune_cents=0.0, seed=3)
    assert np.abs(np.diff(voice)).max() < 0.5 * np.abs(voice).max()
    assert np.abs(voice[-RATE // 4 :]).max() < 1e-4
    for at, expected in ((0.65, 440.0), (1.65, 329.63)):
        held = voice[round(at * RATE) : round((at + 0.3) * RATE)]
        spectrum = np.abs(np.fft.rfft(held * np.hanning(held.size), 1 << 18)) ** 2
        frequency = np.fft.rfftfreq(1 << 18, 1 / RATE)
        near = (frequency > expected * 0.8) & (frequency < expected * 1.25)
        heard = float((frequency[near] * spectrum[near]).sum() / spectrum[near].sum())
        assert abs(1200 * np.log2(heard / expected)) < 50
        # Harmonics hold the sound: nearly nothing lies midway between the first two.
        between = (frequency > expected * 1.35) & (frequency < expected * 1.65)
        assert spectrum[between].sum() < 0.01 * spectrum[near].sum()


def test_two_bars_render_the_same_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need("espeak-ng")
    need("fluidsynth")
    if find_soundfont() is None:
        need("FluidR3_GM.sf2")
    bars = str(BARS["chorus"][0])
    for name in ("one", "two"):
        assert render_song.main(["--bars", f"{bars}:2", "--out", str(tmp_path / name)]) == 0
    assert "dBFS" in capsys.readouterr().out
    size = round(SONG.excerpt(int(bars), 2).seconds * RATE)
    for name in NAMES:
        one, rate = soundfile.read(tmp_path / "one" / f"{name}.flac", dtype="int16")
        two, _ = soundfile.read(tmp_path / "two" / f"{name}.flac", dtype="int16")
        assert rate == RATE
        assert one.shape == (size, 2)
        assert np.array_equal(one, two)
        assert np.abs(one).max() > 300
