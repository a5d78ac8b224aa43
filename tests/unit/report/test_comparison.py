from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from stembridge.audio.likeness import measure
from stembridge.audio.takes import Shape, Take
from stembridge.engines.base import Quote, Recipe
from stembridge.model.errors import Cancelled
from stembridge.report import comparison, comparison_picture
from stembridge.report.envelopes import Trace
from stembridge.report.painting import PANEL
from stembridge.report.picture import PLOT_LEFT, PLOT_WIDTH, WIDTH
from tests.unit.report import making
from tests.unit.report.making import Samples

RATE = 44_100
Pixels = NDArray[np.int16]


def noise(seed: int, frames: int = 2 * RATE, loud: float = 0.2) -> Samples:
    return np.random.default_rng(seed).normal(0, loud, (frames, 2)).clip(-1, 1).astype(np.float32)


class Bench:
    """Separations of one region whose stems are given, and what `comparison` makes of them."""

    def __init__(self, folder: Path, *sets: Mapping[str, Samples]) -> None:
        self.folder = folder
        first = next(iter(sets[0].values()))
        self.shape = Shape(len(first), RATE, 2)
        region = making.render(folder, noise(99, len(first)), RATE)
        self.sides: list[comparison.Side] = []
        self.takes: dict[str, list[Take]] = {}
        for number, stems in enumerate(sets):
            found = making.set_of(noise(99, len(first)), stems, RATE)
            recipe = Recipe("offline", f"model-{number}", tuple(stems), {"mask": str(number)}, str(number))
            report = making.report(region, found, recipe=recipe)
            rows = {
                row["id"]: {**row, "file": str(folder / f"{number} {row['id']}.wav")}
                for row in report["stems"]
            }
            for stem, samples in stems.items():
                path = making.write(Path(rows[stem]["file"]), samples, RATE)
                self.takes.setdefault(stem, []).append(Take(path))
            self.sides.append(
                comparison.Side(f"job{number}", report, rows, 1.5 + number, Quote(number, "credits"))
            )

    def document(self) -> dict[str, Any]:
        stems = comparison.shared(self.sides)
        measured = {stem: measure(self.takes[stem], self.shape, lambda _: None) for stem in stems}
        return comparison.build(self.sides, measured, name="song.wav", version="1.2.3")

    def draw(self) -> tuple[dict[str, Any], Pixels]:
        document = self.document()
        path = self.folder / "compare.png"
        comparison_picture.draw(document, self.takes, self.shape, path, lambda _: None)
        with Image.open(path) as image:
            assert image.size[0] == WIDTH
            return document, np.asarray(image, np.int16)


def test_the_document_holds_what_was_measured(tmp_path: Path) -> None:
    loud = noise(1)
    document = Bench(
        tmp_path, {"vocals": loud}, {"vocals": loud * np.float32(0.5), "drums": noise(2)}
    ).document()
    json.dumps(document, allow_nan=False)
    (stem,) = document["stems"]
    assert stem["id"] == "vocals"
    (pair,) = stem["pairs"]
    assert pair["marks"] == ["A", "B"]
    assert pair["correlation"] == pytest.approx(1.0)
    assert pair["louder_db"] == pytest.approx(-6.02, abs=0.01)
    assert pair["difference_db"] == pytest.approx(stem["takes"][1]["rms_db"], abs=0.01)
    assert pair["below_db"] == pytest.approx(6.02, abs=0.01)
    assert [job["cost"]["amount"] for job in document["jobs"]] == [0, 1]
    said = document["sentences"]
    assert said[0].startswith("Compared 2 separations of 'song.wav', 0:00.000 to 0:02.000: ")
    assert said[0].endswith("A is model-0 (offline), B is model-1 (offline).")
    assert "A is 6.0 dB louder" in said[1]
    assert any(line.startswith("A took 1.5 s, cost nothing, residual -") for line in said)
    assert any(line.startswith("B took 2.5 s, cost 1 credit, residual -") for line in said)
    assert said[-1] == "Only B has drums."


def test_silence_and_sameness_are_told_as_such(tmp_path: Path) -> None:
    same, silent = noise(1), np.zeros((2 * RATE, 2), np.float32)
    document = Bench(tmp_path, {"vocals": same}, {"vocals": same}, {"vocals": silent}).document()
    alike, mute, _ = document["stems"][0]["pairs"]
    assert (alike["difference_db"], alike["louder_db"]) == (None, 0.0)
    assert (mute["correlation"], mute["louder_db"]) == (None, None)
    assert comparison.pair_words(alike) == "alike to the last sample"
    assert "digital silence" in comparison.pair_words(mute)


def test_options_are_named_where_only_they_differ() -> None:
    jobs = [
        {"title": "Roformer", "engine": "mvsep", "options": {"type": str(number), "quality": "1"}}
        for number in range(2)
    ]
    assert [comparison.title(job, jobs) for job in jobs] == [
        "Roformer (mvsep), type=0", "Roformer (mvsep), type=1",
    ]  # fmt: skip
    assert comparison.title(jobs[0], jobs[:1]) == "Roformer (mvsep)"


def test_what_isnt_known_isnt_said() -> None:
    assert not comparison.cost_words(None)
    assert not comparison.cost_words({"amount": None, "unit": "credits"})
    assert comparison.cost_words({"amount": 2, "unit": "attempts"}) == "cost 2 attempts"
    assert (
        comparison.residual_words({"summed": [], "residual_db": None}) == "its stems aren't meant to add up"
    )
    assert comparison.residual_words({"summed": ["a"], "residual_db": None}) == "its stems add up exactly"


def test_the_difference_has_the_colour_of_the_louder_one(tmp_path: Path) -> None:
    half = RATE
    one, other = noise(1), noise(1)
    one[half:] *= np.float32(0.02)
    other[:half] *= np.float32(0.02)
    document, pixels = Bench(tmp_path, {"vocals": one}, {"vocals": other}).draw()
    inks = [np.array(ink) for ink in comparison_picture.colours(document).values()]
    top = 136 + 14 + 2 * 30 + comparison_picture._HEAD
    top += 2 * (comparison_picture.WAVE + 4 + comparison_picture.BANDS + comparison_picture.STEP)
    panel = pixels[top : top + comparison_picture.DIFFERENCE, PLOT_LEFT : PLOT_LEFT + PLOT_WIDTH]
    left, right = panel[:, 100:500].mean(axis=(0, 1)), panel[:, -500:-100].mean(axis=(0, 1))

    def nearest(colour: NDArray[np.float64]) -> int:
        away = colour - np.array(PANEL)
        return int(np.argmax([away @ (ink - PANEL) / np.linalg.norm(ink - PANEL) for ink in inks]))

    assert (nearest(left), nearest(right)) == (0, 1)


def test_takes_that_are_alike_leave_no_colour(tmp_path: Path) -> None:
    trace = Trace(2 * RATE, RATE, 2, columns=100, bands=20)
    trace.feed(noise(1))
    trace.finish()
    pixels = comparison_picture.difference(trace, trace, ((255, 0, 0), (0, 0, 255)), 0).astype(np.int16)
    assert np.ptp(pixels - np.array(PANEL, np.int16), axis=2).max() <= 6


@pytest.mark.parametrize("count", [2, 3, 9])
def test_every_take_has_its_row(tmp_path: Path, count: int) -> None:
    frames = RATE // 2
    sets = [{"vocals": noise(n, frames), "drums": noise(50 + n, frames)} for n in range(count)]
    document, pixels = Bench(tmp_path, *sets).draw()
    ink = np.array(comparison_picture.colours(document)["B"])
    bar = (pixels[:, 41] == ink).all(axis=1)
    # In each of the two stems: its own row, and its half of the difference from the first.
    assert np.count_nonzero(np.diff(bar.astype(int)) == 1) == 4


def test_a_silent_comparison_and_one_sample_can_be_drawn(tmp_path: Path) -> None:
    silent = np.zeros((1, 2), np.float32)
    Bench(tmp_path, {"vocals": silent}, {"vocals": silent}).draw()


def test_drawing_ends_when_the_user_wishes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"vocals": noise(1)}, {"vocals": noise(2)})
    document = bench.document()

    def stop(_frames: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        comparison_picture.draw(document, bench.takes, bench.shape, tmp_path / "no.png", stop)
    assert not (tmp_path / "no.png").exists()
