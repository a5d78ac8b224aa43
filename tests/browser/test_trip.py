"""The whole way of a song: dropped on the page, chosen for, separated before the eyes, heard, taken home."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from selenium.webdriver.common.by import By

from tests.browser.chromium import Browser, Tab, until
from tests.browser.conftest import RATE
from tests.browser.mixer import NULL_DB, Mixer, null
from tests.browser.panel import Panel
from tests.e2e.command import read


def progress(tab: Tab, job: str) -> tuple[str, float | None]:
    """Give what a job's card says: the phase, and how many percent of it are done."""
    row: list[Any] = tab.script(
        "const card = document.querySelector(arguments[0]), bar = card?.querySelector('[role=progressbar]');"
        "return [card?.querySelector('.job-words')?.textContent ?? '',"
        " bar && !bar.hidden ? bar.getAttribute('aria-valuenow') : null];",
        f'[data-testid="job-{job}"]',
    )
    return str(row[0]), None if row[1] is None else float(row[1])


@pytest.mark.network
def test_a_dropped_song_is_separated_before_ones_eyes_and_heard(
    network_panel: Panel, real_song: Path, browser: Browser, shots: Path
) -> None:
    tab = browser.tab(network_panel.link)
    tab.find("drop")
    tab.script("window.mark = 'not loaded anew'")
    tab.drop("drop", files=(real_song,))
    tab.click("preset-vocals")
    until(lambda: tab.find("separate").is_enabled())
    tab.picture(shots / "choose-song.png")
    tab.click("separate")
    job = str(until(network_panel.jobs)[0]["id"])
    seen: list[tuple[str, float | None]] = []
    end = time.monotonic() + 120
    while not tab.has(f"job-{job}-listen"):
        assert time.monotonic() < end, seen
        now = progress(tab, job)
        if not seen or seen[-1] != now:
            seen.append(now)
            if now[0].startswith("Separating") and (now[1] or 0) > 30:
                tab.picture(shots / "separating.png")
    shares = [share for words, share in seen if words.startswith("Separating") and share is not None]
    assert len(set(shares)) >= 3, seen
    assert shares == sorted(shares), seen
    assert tab.script("return window.mark") == "not loaded anew"
    assert network_panel.job(job)["region"]["frames"] == len(read(real_song))

    tab.click(f"job-{job}-listen")
    tab.find("track-original")
    mixer = Mixer(tab, network_panel.home / "jobs" / job, real_song)
    assert null(mixer.heard(RATE, 3 * RATE), mixer.original[RATE : 4 * RATE]) <= NULL_DB
    tab.click("track-vocals-solo")
    assert null(mixer.heard(RATE, 3 * RATE), mixer.stems["vocals"][RATE : 4 * RATE]) <= NULL_DB
    tab.picture(shots / "listen-real.png")


def test_only_the_chosen_stretch_is_separated(
    panel: Panel, song: Path, browser: Browser, tmp_path: Path
) -> None:
    tab = browser.tab(panel.link)
    tab.find("drop")
    # By the keyboard: the file is chosen in a dialog, the stretch is typed.
    tab.all("[data-testid=file-input]")[0].send_keys(str(song))
    for name, time_ in (("from", "0:01.25"), ("to", "0:02.5")):
        field = tab.find(f"stretch-{name}")
        field.clear()
        field.send_keys(time_ + "\n")
    tab.find("model-search").send_keys("repet")
    tab.click("model-row")
    until(lambda: tab.find("separate").is_enabled())
    tab.click("separate")
    job = str(until(panel.jobs)[0]["id"])
    tab.find(f"job-{job}-listen", 30)
    region = panel.job(job)["region"]
    assert (region["first_frame"], region["frames"]) == (round(1.25 * RATE), round(1.25 * RATE))
    tab.click(f"job-{job}-listen")
    tab.find("track-original")
    mixer = Mixer(tab, panel.home / "jobs" / job, song)
    heard = mixer.heard(0, round(1.25 * RATE))
    assert null(heard, mixer.original[round(1.25 * RATE) : round(2.5 * RATE)]) <= NULL_DB


def test_what_is_no_audio_is_refused_in_words(panel: Panel, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear band, ...", encoding="utf-8")
    tab = browser.tab(panel.link)
    tab.drop("drop", files=(tmp_path / "letter.txt",))
    tab.wait_for_text("letter.txt", "status")
    tab.drop("drop", text="https://example.com/what/is/this")
    tab.wait_for_text("doesn't lead to a separation", "status")
    tab.drop("drop", text="not even a link")
    tab.wait_for_text("neither an audio file nor a link", "status")
    assert panel.jobs() == []
    browser.listen()  # the refusal of the file itself: Chromium tells of each answer that is an error
    assert {row["source"] for row in browser.complaints} == {"network"}
    browser.complaints.clear()


def test_stems_are_saved_as_files_a_zip_and_a_project(
    panel_with_job: tuple[Panel, str], song: Path, browser: Browser
) -> None:
    panel, job = panel_with_job
    tab = browser.tab(f"{panel.link}#listen/{job}")
    tab.find("track-original")
    mixer = Mixer(tab, panel.home / "jobs" / job, song)
    tab.click("download-zip")
    with zipfile.ZipFile(browser.downloaded(".zip")) as archive:
        names = sorted(archive.namelist())
        assert len(names) == len(mixer.stems)
        for name in names:
            samples = sf.read(io.BytesIO(archive.read(name)), always_2d=True)[0]
            stem = next(stem for stem in mixer.stems if stem in name.lower())
            assert np.array_equal(samples, mixer.stems[stem])
    browser.empty_downloads()
    tab.script("arguments[0].focus()", tab.find("track-vocals"))
    tab.press(",", ",", ",")
    tab.click_label("At the levels set above")
    tab.driver.find_element(By.CSS_SELECTOR, "[aria-label='Save Vocals as a file']").click()
    samples = read(browser.downloaded(".wav")).astype(np.float64)
    assert null(samples, mixer.stems["vocals"] * 10 ** (-3 / 20)) <= NULL_DB
    tab.click("download-rpp")
    with zipfile.ZipFile(browser.downloaded(".zip")) as archive:
        (project,) = [name for name in archive.namelist() if name.lower().endswith(".rpp")]
        text = archive.read(project).decode()
        media = [name for name in archive.namelist() if name != project]
        assert len(media) == len(mixer.stems)
        assert all(f'"{name}"' in text for name in media), text
