from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stembridge.audio.render import RegionFile
from stembridge.model.errors import Cancelled, StembridgeError
from stembridge.model.results import SetFacts
from stembridge.model.stems import ResultKind, Role
from stembridge.report import picture
from stembridge.report.painting import ALARM, PAGE, PANEL, legible, palette
from stembridge.report.picture import PLOT_LEFT, PLOT_WIDTH, WIDTH
from tests.unit.report import making
from tests.unit.report.making import Samples

Pixels = NDArray[np.int16]


def noise(seed: int, frames: int, channels: int = 2, loud: float = 0.2) -> Samples:
    return np.random.default_rng(seed).normal(0, loud, (frames, channels)).clip(-1, 1).astype(np.float32)


def pair(mix: Samples, vocals: Samples) -> dict[str, Samples]:
    return {"vocals": vocals, "instrumental": mix - vocals}


def drawn(
    folder: Path,
    mix: Samples,
    stems: Mapping[str, Samples],
    rate: int,
    *,
    found: SetFacts | None = None,
    **changes: Any,
) -> Pixels:
    region = making.render(folder, mix, rate)
    found = found or making.set_of(mix, stems, rate)
    document = making.report(region, found, **changes)
    picture.draw(document, region, making.files(folder, found, stems, rate), folder / "report.png")
    with Image.open(folder / "report.png") as image:
        assert image.size[0] == WIDTH
        assert image.mode == "RGB"
        return np.asarray(image, np.int16)


def panels(pixels: Pixels, rows: int) -> list[tuple[Pixels, Pixels]]:
    """Cut the waveform and the spectrogram of each row out of a picture of up to five rows."""
    layout = picture._Layout(rows)
    plot = pixels[:, PLOT_LEFT : PLOT_LEFT + PLOT_WIDTH]
    cut = []
    for row in range(rows):
        top = layout.top(row)
        lower = top + layout.wave + 4
        cut.append((plot[top : top + layout.wave], plot[lower : lower + layout.bands]))
    return cut


def light(panel: Pixels) -> NDArray[np.float64]:
    """Give each column's mean distance from the empty panel."""
    away: NDArray[np.float64] = np.abs(panel - np.array(PANEL, np.int16)).mean(axis=(0, 2))
    return away


def test_each_row_shows_its_signal_where_it_is(tmp_path: Path) -> None:
    rate = 44100
    vocals = np.zeros((4 * rate, 2), np.float32)
    vocals[rate : 2 * rate] = noise(1, rate)
    other = np.zeros_like(vocals)
    other[3 * rate :] = noise(2, rate)
    pixels = drawn(tmp_path, vocals + other, {"vocals": vocals, "instrumental": other}, rate)
    assert pixels.shape[0] == pytest.approx(1400, abs=60)
    quarter = PLOT_WIDTH // 4
    busy = {0: {1, 3}, 1: {1}, 2: {3}}
    for row, parts in busy.items():
        for panel in panels(pixels, 4)[row]:
            seen = [light(panel)[part * quarter + 20 : (part + 1) * quarter - 20].mean() for part in range(4)]
            assert {part for part in range(4) if seen[part] > 10} == parts
    empty = panels(pixels, 4)[3][1]
    assert light(empty[:40]).max() < 45  # only the lines of the time axis
    assert np.median(light(empty)) == 0
    assert (empty[60:110] != np.array(PANEL)).any(axis=2).sum() > 500  # the words "nothing left"


def test_wave_has_the_stems_colour_and_overs_are_red(tmp_path: Path) -> None:
    mix = noise(3, 20_000)
    mix[9000:9100] = 1.6
    pixels = drawn(tmp_path, mix, pair(mix, mix * np.float32(0.5)), 44100)
    (mix_wave, _), (vocal_wave, _), *_ = panels(pixels, 4)
    red = (mix_wave == np.array(ALARM)).all(axis=2)
    assert set(np.flatnonzero(red.any(axis=0)) * 20_000 // PLOT_WIDTH) <= set(range(8980, 9120))
    assert red.any()
    assert not (vocal_wave == np.array(ALARM)).all(axis=2).any()
    middle = vocal_wave[len(vocal_wave) // 2]
    assert (middle == np.array(legible("#e4572e"))).all(axis=1).mean() > 0.9


def test_substantial_residual_is_drawn(tmp_path: Path) -> None:
    mix, vocals = noise(4, 44100), noise(5, 44100)
    stems = {"vocals": vocals, "instrumental": noise(6, 44100)}
    pixels = drawn(tmp_path, mix, stems, 44100)
    wave, spectrum = panels(pixels, 4)[3]
    assert light(wave).min() > 3
    assert light(spectrum).mean() > 40


def test_common_gain_is_undone_before_the_sum(tmp_path: Path) -> None:
    mix = noise(7, 44100)
    vocals = noise(8, 44100)
    true = pair(mix, vocals)
    lowered = {stem: samples * np.float32(0.5) for stem, samples in true.items()}
    found = replace(making.set_of(mix, true, 44100), gain_db=20 * np.log10(0.5))
    pixels = drawn(tmp_path, mix, lowered, 44100, found=found)
    assert np.median(light(panels(pixels, 4)[3][1])) == 0


@pytest.mark.parametrize(
    ("frames", "rate", "channels"),
    [
        (1, 44100, 2),
        (2, 8000, 1),
        (700, 192_000, 6),
        (30_000, 8000, 1),
        (200_000, 192_000, 2),
        (5000, 44100, 6),
    ],
)
def test_odd_shapes(tmp_path: Path, frames: int, rate: int, channels: int) -> None:
    mix = noise(frames, frames, channels) + np.float32(0.01)
    pixels = drawn(tmp_path, mix, pair(mix, mix * np.float32(0.3)), rate, first_frame=123_457)
    for wave, _ in panels(pixels, 4)[:3]:
        assert light(wave).min() > 0.5


def test_silence(tmp_path: Path) -> None:
    mix = np.zeros((1000, 2), np.float32)
    pixels = drawn(tmp_path, mix, pair(mix, mix), 44100)
    for _, spectrum in panels(pixels, 4)[:3]:
        assert np.median(light(spectrum)) == 0


def test_two_hours_take_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    def most(seconds: int) -> int:
        mix = np.tile(noise(9, 8000, 1), (seconds, 1))
        stems = {"vocals": mix}
        region = making.render(tmp_path, mix, 8000)
        found = making.set_of(mix, stems, 8000)
        document, paths = making.report(region, found), making.files(tmp_path, found, stems, 8000)
        del mix, stems
        tracemalloc.start()
        picture.draw(document, region, paths, tmp_path / "report.png")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most(2 * 3600) < most(60) + 5_000_000


@pytest.mark.parametrize(
    "name", ["日本語の歌 \u2013 ¿qué? 🎸 שיר.flac", "x" * 400 + ".wav", "a\nb\u202e.wav", " "]
)
def test_any_name_can_be_drawn(tmp_path: Path, name: str) -> None:
    mix = noise(10, 4000)
    pixels = drawn(tmp_path, mix, pair(mix, mix), 44100, name=name)
    margin = pixels[:140, WIDTH - 36 :]
    assert (margin == np.array(PAGE)).all()


def test_many_stems_of_unknown_names_and_a_residual_that_was_asked_for(tmp_path: Path) -> None:
    mix = noise(11, 4000)
    ninth = mix / np.float32(9)
    stems = {f"lead vocals with a long name {number}": ninth for number in range(9)}
    found = making.set_of(mix, stems, 44100)
    extra = replace(making.facts("residual", mix * 0, 44100), role=Role.RESIDUAL)
    text = replace(making.facts("lyrics", mix, 44100, "lyrics.txt"), kind=ResultKind.TEXT)
    restored = replace(making.facts("restored", mix, 44100), kind=ResultKind.AUDIO, label="Restored")
    found = replace(found, stems=(*found.stems, restored, text, extra))
    region = making.render(tmp_path, mix, 44100)
    for stem in found.stems[:-2]:
        made = mix if stem is restored else ninth
        making.write(tmp_path / stem.file, made[::2] if stem is restored else made, 44100)
    paths = [(stem.label, "", tmp_path / stem.file) for stem in found.stems]
    picture.draw(making.report(region, found), region, paths, tmp_path / "report.png")
    with Image.open(tmp_path / "report.png") as image:
        assert image.size == (WIDTH, picture._Layout(12).height)
        pixels = np.asarray(image, np.int16)
    assert all(light(wave).min() > 0.5 for wave, _ in panels(pixels, 12)[:11])
    bars = {tuple(pixels[picture._Layout(12).top(row) + 5, 41]) for row in range(1, 9)}
    assert len(bars) == 8


def test_no_residual_row_where_nothing_was_summed(tmp_path: Path) -> None:
    mix = noise(12, 4000)
    stems = pair(mix, mix)
    found = replace(making.set_of(mix, stems, 44100), summed=(), residual_db=None)
    assert drawn(tmp_path, mix, stems, 44100, found=found).shape[0] == picture._Layout(3).height


def test_an_alternate_of_the_same_id_is_not_taken_from_the_mix(tmp_path: Path) -> None:
    mix, vocals = noise(20, 44100), noise(21, 44100)
    stems = pair(mix, vocals)
    found = making.set_of(mix, stems, 44100)
    twin = replace(found.stems[0], file="twin.wav", role=Role.ALTERNATE)
    found = replace(found, stems=(*found.stems, twin))
    pixels = drawn(tmp_path, mix, stems, 44100, found=found)
    assert pixels.shape[0] == picture._Layout(5).height
    assert np.median(light(panels(pixels, 5)[4][1])) == 0


def test_without_a_region_the_files_alone_are_drawn(tmp_path: Path) -> None:
    long, short = noise(22, 44100), noise(23, 24_000)
    found = making.set_of(long, {"made": long}, 44100)
    half = making.facts("half", short, 48_000)
    stems = [replace(s, kind=ResultKind.AUDIO) for s in (*found.stems, half)]
    found = replace(found, stems=tuple(stems), summed=(), residual_db=None)
    making.write(tmp_path / stems[0].file, long, 44100)
    making.write(tmp_path / stems[1].file, short, 48_000)
    region = making.render(tmp_path, long, 44100)
    document = making.report(region, found, region=None, rendered=None, container={})
    paths = [(stem.label, "", tmp_path / stem.file) for stem in stems]
    assert picture.draw(document, None, paths, tmp_path / "report.png")
    with Image.open(tmp_path / "report.png") as image:
        assert image.size == (WIDTH, picture._Layout(2).height)
        pixels = np.asarray(image, np.int16)
    (whole, _), (part, _) = panels(pixels, 2)
    assert light(whole)[20:-20].min() > 3
    middle = PLOT_WIDTH // 2
    assert light(part)[20 : middle - 20].min() > 3
    assert np.percentile(light(part)[middle + 20 :], 90) < 3


def test_without_region_and_audio_there_is_no_picture(tmp_path: Path) -> None:
    text = replace(making.facts("words", noise(24, 10), 44100, "words.txt"), kind=ResultKind.TEXT)
    found = SetFacts((text,), (), None, None)
    region = making.render(tmp_path, noise(25, 10), 44100)
    document = making.report(region, found, region=None, rendered=None, container={})
    target = tmp_path / "report.png"
    assert not picture.draw(document, None, [("Words", "", tmp_path / "words.txt")], target)
    assert not target.exists()


@pytest.mark.parametrize("form", ["FLAC", "MP3"])
def test_stems_in_other_formats(tmp_path: Path, form: str) -> None:
    import soundfile

    mix = noise(13, 44100, loud=0.05)
    vocals = mix * np.float32(0.5)
    found = making.set_of(mix, pair(mix, vocals), 44100)
    region = making.render(tmp_path, mix, 44100)
    paths = []
    for stem in found.stems:
        path = tmp_path / f"{stem.stem}.{form.lower()}"
        soundfile.write(path, vocals, 44100, format=form)
        paths.append((stem.label, "#e4572e", path))
    picture.draw(making.report(region, found), region, paths, tmp_path / "report.png")
    with Image.open(tmp_path / "report.png") as image:
        pixels = np.asarray(image, np.int16)
    assert all(light(wave)[20:-20].min() > 0.5 for wave, _ in panels(pixels, 4)[:3])


def one_job(folder: Path) -> tuple[dict[str, Any], RegionFile, list[tuple[str, str, Path]]]:
    mix = noise(14, 300_000)
    stems = pair(mix, noise(15, 300_000))
    region, found = making.render(folder, mix, 44100), making.set_of(mix, stems, 44100)
    return making.report(region, found), region, making.files(folder, found, stems, 44100)


def test_same_input_same_bytes(tmp_path: Path) -> None:
    job = one_job(tmp_path)
    for name in ("a.png", "b.png"):
        picture.draw(*job, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_cancel_leaves_no_picture(tmp_path: Path) -> None:
    job = one_job(tmp_path)
    asked = iter((False, False, True))
    with pytest.raises(Cancelled):
        picture.draw(*job, tmp_path / "report.png", cancelled=lambda: next(asked))
    assert not (tmp_path / "report.png").exists()


def test_a_stem_that_is_gone_is_an_error_of_ours(tmp_path: Path) -> None:
    document, region, stems = one_job(tmp_path)
    stems[0][2].unlink()
    with pytest.raises(StembridgeError):
        picture.draw(document, region, stems, tmp_path / "report.png")


def test_louder_is_lighter() -> None:
    lightness = palette().astype(np.float64) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) >= -0.6).all()
    assert lightness[-1] > 230
    assert lightness[0] < 15
