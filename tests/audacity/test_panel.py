"""Stems from the panel's page in a real Chromium into the project of a real Audacity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.audacity.desk import RunningAudacity
from tests.audacity.studio import RATE, Studio, decibels, pad
from tests.browser.chromium import Tab, chromium, until
from tests.browser.panel import Panel
from tests.e2e.command import music, read, write


@pytest.fixture
def studio(audacity: RunningAudacity, tmp_path: Path, home: Path) -> Studio:
    return Studio(audacity, tmp_path, home)


@pytest.fixture
def panel(studio: Studio) -> Iterator[Panel]:
    with Panel(studio.home) as it:
        yield it


@pytest.fixture
def tab(panel: Panel, tmp_path: Path) -> Iterator[Tab]:
    with chromium(tmp_path / "chromium") as browser:
        yield browser.tab(panel.link)
        browser.listen()
        assert not browser.complaints


def test_stems_go_to_the_edit_cursor_at_the_levels_of_the_page(
    studio: Studio, panel: Panel, tab: Tab, tmp_path: Path
) -> None:
    song = write(tmp_path / "Dropped.wav", music(3 * RATE))
    studio.track(music(6 * RATE, seed=9), name="What was there")
    studio.select(1.5, 1.5, [0])
    before = studio.state()
    studio.running.release()

    job = panel.order(song)
    assert panel.finished(job)["state"] == "ready"
    tab.click(f"job-{job}-listen")
    slider = tab.find("track-vocals-level")
    tab.script("arguments[0].focus()", slider)
    tab.press(*[Keys.ARROW_DOWN] * 12)
    level = next(
        row["level"]
        for row in tab.script("return window.stembridge.mixer.state().tracks")
        if row["id"] == "vocals"
    )
    assert level < -3
    tab.click_label("At the levels set above")
    until(lambda: tab.find("place-audacity").is_enabled(), 20)
    tab.click("place-audacity")
    told = tab.wait_for_text("In Audacity, at 1.500 s", seconds=60)
    assert "Ctrl+Z" in told

    tracks = studio.running.client.tracks()
    assert [track.name for track in tracks][1:] == ["Vocals", "Instrumental"]
    stems = {path.stem.rpartition(" - ")[2].lower(): read(path) for path in _stems(panel, job)}
    wanted = stems["vocals"] * np.float32(10 ** (level / 20)) + stems["instrumental"]
    heard = pad(studio.heard()[0], 6 * RATE) - music(6 * RATE, seed=9)
    first = round(1.5 * RATE)
    assert decibels(heard[first : first + 3 * RATE] - wanted)[1] <= -120
    assert decibels(heard[:first])[1] <= -120
    assert decibels(heard[first + 3 * RATE :])[1] <= -120
    studio.undo(2 if "2 times" in told else 1)
    assert studio.state() == before


def _stems(panel: Panel, job: str) -> list[Path]:
    return sorted((panel.home / "jobs" / job / "stems").glob("*.wav"))
