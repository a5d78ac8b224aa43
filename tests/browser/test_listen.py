"""Listen: what the mixer plays, measured against the samples of the stems' files."""

from __future__ import annotations

import itertools
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser, Tab, until
from tests.browser.mixer import NULL_DB, Mixer, Samples, null
from tests.browser.panel import Panel
from tests.e2e.command import decibels


@pytest.fixture
def mixer(browser: Browser, panel_with_job: tuple[Panel, str], song: Path) -> Mixer:
    panel, job = panel_with_job
    tab = browser.tab(panel.link)
    tab.click(f"job-{job}-listen")
    tab.find("track-original")
    until(lambda: tab.script("return Boolean(window.stembridge?.mixer)"))
    return Mixer(tab, panel.home / "jobs" / job, song)


def test_what_plays_alone_is_the_file_to_the_sample(mixer: Mixer) -> None:
    assert {row["id"] for row in mixer.state["tracks"]} == {"original", *mixer.stems, "residual"}
    for name, samples in mixer.stems.items():
        mixer.tab.click(f"track-{name}-solo")
        assert mixer.tab.find(f"track-{name}-solo").get_attribute("aria-pressed") == "true"
        assert null(mixer.heard(), samples) <= NULL_DB, name
        # From any frame on, also across the seams of what is fetched.
        assert null(mixer.heard(44_099, 50_003), samples[44_099 : 44_099 + 50_003]) <= NULL_DB, name
        mixer.tab.click(f"track-{name}-solo")
        assert mixer.tab.find(f"track-{name}-solo").get_attribute("aria-pressed") == "false"


def test_all_stems_together_are_the_song_and_the_residual_is_what_is_left(mixer: Mixer) -> None:
    stems = sum(mixer.stems.values(), np.zeros(2))
    assert null(mixer.heard(), mixer.original) <= NULL_DB
    mixer.tab.click("track-original-solo")
    assert null(mixer.heard(), mixer.original) <= NULL_DB
    mixer.tab.click("track-original-solo")
    mixer.tab.click("track-residual-solo")
    left = mixer.heard()
    assert null(left, mixer.original - stems) <= NULL_DB
    assert decibels(left) < -100


def test_what_really_plays_is_in_step_to_the_sample(
    panel_with_job: tuple[Panel, str], song: Path, browser: Browser
) -> None:
    """The stems, each on its own way to the loudspeakers, are the song again, also around a loop's end."""
    panel, job = panel_with_job
    tab = browser.tab()
    tape = Path(__file__).with_name("tape.js").read_text(encoding="utf-8")
    tab.cdp("Page.addScriptToEvaluateOnNewDocument", source=tape)
    tab.go(f"{panel.link}#listen/{job}")
    tab.find("track-original")
    mixer = Mixer(tab, panel.home / "jobs" / job, song)
    tab.script("document.activeElement.blur()")
    rate = mixer.state["rate"]
    tab.press("[", *[Keys.ARROW_RIGHT] * 2, "]", Keys.HOME)
    assert mixer.state["loop"] == {"from": 0, "to": 2 * rate}
    tab.press(Keys.SPACE)
    blocks: list[Samples] = []

    def enough() -> bool:
        blocks.extend(mixer.taped())
        return len(blocks) >= 13

    until(enough, 20)
    tab.press(Keys.SPACE)
    heard = [block for block in blocks if np.abs(block).max() > 0]
    around = np.concatenate([mixer.original[: 2 * rate]] * 2)
    depths = [depth(block, around) for block in heard]
    # All but the first and the last, which are faded in and out; and a busy machine may lose one.
    assert sum(one <= NULL_DB for one in depths) >= len(depths) - 3, depths
    assert len(depths) >= 10
    for block in heard[2:5]:
        late = np.stack([np.roll(block[:, 0], 1), block[:, 1]], axis=1)
        assert depth(late, around) > -60  # a channel that is one sample late is noticed


def depth(block: Samples, song: Samples) -> float:
    """Find where a block was taken from, and give the peak of the difference in dBFS."""
    size = 1 << (len(song) + len(block) - 1).bit_length()
    spectrum = np.fft.rfft(song.sum(axis=1), size) * np.conj(np.fft.rfft(block.sum(axis=1), size))
    likeness = np.fft.irfft(spectrum, size)[: len(song) - len(block) + 1]
    power = np.concatenate([[0.0], np.cumsum(np.square(song.sum(axis=1)))])
    energy = power[len(block) :] - power[: len(power) - len(block)]
    first = int(np.argmax(likeness / np.sqrt(energy)))
    return null(block, song[first : first + len(block)])


def test_mute_and_level(mixer: Mixer) -> None:
    first, second = list(mixer.stems)[:2]
    mixer.tab.click(f"track-{first}-mute")
    assert mixer.tab.find(f"track-{first}-mute").get_attribute("aria-pressed") == "true"
    others = sum((samples for name, samples in mixer.stems.items() if name != first), np.zeros(2))
    assert null(mixer.heard(), others) <= NULL_DB
    mixer.tab.click(f"track-{first}-mute")
    slider = mixer.tab.find(f"track-{second}-level")
    mixer.tab.script("arguments[0].focus()", slider)
    mixer.tab.press(*[Keys.ARROW_DOWN] * 6)
    level = float(mixer.track(second)["level"])
    assert level < 0
    assert f"{abs(level):g}" in (
        slider.get_attribute("aria-valuetext") or slider.get_attribute("value") or ""
    )
    wanted = mixer.original + (10 ** (level / 20) - 1) * mixer.stems[second]
    assert null(mixer.heard(), wanted) <= NULL_DB
    mixer.tab.press(*[Keys.ARROW_UP] * 6)
    assert mixer.track(second)["level"] == 0


def test_the_original_and_the_mix_are_compared_at_one_loudness(mixer: Mixer) -> None:
    first = next(iter(mixer.stems))
    mixer.tab.click(f"track-{first}-mute")  # the mix is quieter now: loudness alone would tell them apart
    mix = decibels(mixer.heard())
    assert abs(mix - decibels(mixer.original)) > 0.5
    mixer.tab.click("ab")
    until(lambda: mixer.state["ab"] == "original" and mixer.state["match"]["original"] != 0)
    original = mixer.heard()
    scale = float(np.sum(original * mixer.original) / np.sum(np.square(mixer.original)))
    assert null(original, scale * mixer.original) <= NULL_DB
    mixer.tab.click("ab")
    until(lambda: mixer.state["ab"] == "mix")
    assert decibels(mixer.heard()) == pytest.approx(decibels(original), abs=0.1)


def test_a_stretch_that_is_dragged_is_looped(mixer: Mixer) -> None:
    canvas = next(one for one in mixer.tab.all("[data-testid=track-original] canvas") if one.is_displayed())
    mixer.tab.drag(canvas, 0.25, 0.5)
    loop = until(lambda: mixer.state["loop"])
    assert loop["from"] == pytest.approx(0.25 * mixer.frames, abs=0.02 * mixer.frames)
    assert loop["to"] == pytest.approx(0.5 * mixer.frames, abs=0.02 * mixer.frames)
    mixer.tab.click("play")
    until(lambda: mixer.state["status"] == "playing")
    rate, seen, begun = mixer.state["rate"], [], time.monotonic()
    while time.monotonic() - begun < 1.8 * (loop["to"] - loop["from"]) / rate:
        seen.append(mixer.state["position"])
    assert min(seen) >= loop["from"]
    assert max(seen) < loop["to"]
    assert any(later < earlier for earlier, later in itertools.pairwise(seen)), "it never went round"
    mixer.tab.click("play")
    until(lambda: mixer.state["status"] == "stopped")
    mixer.tab.click("loop")
    until(lambda: mixer.state["loop"] is None)


def test_the_space_bar_plays_and_the_clock_is_true(mixer: Mixer) -> None:
    mixer.tab.script("document.activeElement.blur()")
    mixer.tab.press(Keys.SPACE)
    until(lambda: mixer.state["status"] == "playing" and mixer.state["position"] > 0)
    look = "return [window.stembridge.mixer.state().position, performance.now() / 1000]"
    one, begun = mixer.tab.script(look)
    time.sleep(1.0)
    other, ended = mixer.tab.script(look)
    assert (other - one) / mixer.state["rate"] == pytest.approx(ended - begun, abs=0.15)
    mixer.tab.press(Keys.SPACE)
    until(lambda: mixer.state["status"] == "stopped")
    # It plays to the end and stops there by itself.
    mixer.tab.press(Keys.SPACE)
    until(lambda: mixer.state["status"] == "playing")
    until(lambda: mixer.state["status"] == "stopped", 10)


def painted(tab: Tab, name: str) -> float:
    """Give the share of a track's picture that isn't its most frequent colour."""
    share: float = tab.script(
        "const canvas = [...arguments[0].querySelectorAll('canvas')].find((one) => one.checkVisibility());"
        "const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        "const seen = new Map();"
        "for (const value of new Uint32Array(data.buffer)) seen.set(value, (seen.get(value) ?? 0) + 1);"
        "return 1 - Math.max(...seen.values()) / (data.length / 4);",
        tab.find(f"track-{name}"),
    )
    return share


def test_waveforms_and_spectrograms_are_drawn(mixer: Mixer, shots: Path) -> None:
    for view in ("waveform", "spectrogram"):
        mixer.tab.click(f"view-{view}")
        for name in ("original", *mixer.stems):
            until(partial(drawn, mixer.tab, name), 15, partial(painted, mixer.tab, name))
        mixer.tab.picture(shots / f"{view}.png")


def drawn(tab: Tab, name: str) -> bool:
    return painted(tab, name) > 0.02


def test_all_of_it_is_done_by_keys_alone(mixer: Mixer) -> None:
    tab, rate = mixer.tab, mixer.state["rate"]
    names = [row["id"] for row in mixer.state["tracks"]]
    tab.script("document.activeElement.blur()")
    tab.press("2")
    assert mixer.track(names[1])["solo"]
    tab.press("2", Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    focused = tab.script("return document.activeElement.dataset.testid")
    assert focused == f"track-{names[1]}"
    tab.press("m", ",", ",", ".")
    assert mixer.track(names[1]) | {"mute": True, "level": -1} == mixer.track(names[1])
    tab.press("r")
    assert mixer.track(names[1]) | {"mute": False, "level": 0} == mixer.track(names[1])
    tab.press(Keys.ARROW_RIGHT, "[", Keys.ARROW_RIGHT, "]")
    assert mixer.state["loop"] == {"from": rate, "to": 2 * rate}
    tab.press(Keys.HOME)
    assert mixer.state["position"] == rate
    tab.press("l")
    assert mixer.state["loop"] is None
    tab.press(Keys.END)
    assert mixer.state["position"] == mixer.frames
    tab.press("v")
    assert tab.find("view-spectrogram").get_attribute("aria-pressed") == "true"
    tab.press("v", "a")
    until(lambda: mixer.state["ab"] == "original")
    tab.press("a", "?")
    tab.find("report")
    assert tab.script("return document.activeElement.dataset.testid") == "tab-help"
