"""The account, what costs something, and results that come back from the service."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from selenium.webdriver.common.keys import Keys

from stembridge.sandbox.server import Sandbox
from tests.browser.chromium import Browser, until
from tests.browser.conftest import KEY, RATE
from tests.browser.mixer import NULL_DB, Mixer, null
from tests.browser.panel import Panel
from tests.browser.test_views import show


def test_a_key_is_pasted_and_six_stems_are_bought_for_what_the_page_said(
    unpaid_panel: Panel, service: Sandbox, song: Path, browser: Browser
) -> None:
    panel = unpaid_panel
    tab = browser.tab(panel.link)
    show(tab, "account")
    # A wrong key is refused in words, and stored nowhere.
    tab.find("key-input").send_keys("no-such-key" + Keys.ENTER)
    tab.wait_for_text("key", "status")
    assert not list(panel.home.glob("key-*"))
    assert tab.find("key-input").get_property("value") == ""
    tab.find("key-input").send_keys(KEY + Keys.ENTER)
    tab.wait_for_text("1000")
    assert "Premium Tester" in tab.text()
    tab.drop("tab-account", files=(song,))  # wherever it is dropped
    tab.click("preset-6stems")
    assert "1 credit" in tab.wait_for_text("1 credit", "cost")
    until(lambda: "for 1 credit" in tab.text("separate"))
    assert not service.service.timeline.jobs  # looking at the price buys nothing
    tab.click("separate")
    job = str(until(panel.jobs)[0]["id"])
    tab.find(f"job-{job}-listen", 40)
    assert panel.job(job)["cost"] == {"amount": 1, "unit": "credits"}
    assert service.premium.credits == 999
    assert "1 credit" in tab.text(f"job-{job}")
    tab.click(f"job-{job}-listen")
    tab.find("track-original")
    mixer = Mixer(tab, panel.home / "jobs" / job, song)
    assert len(mixer.stems) == 6
    assert null(mixer.heard(), mixer.original) <= NULL_DB

    # It stands in the history, and comes back from there for nothing.
    show(tab, "account")
    tab.driver.find_element("xpath", "//button[contains(., 'Bring back')]").click()
    again = str(until(lambda: [row["id"] for row in panel.jobs() if row["id"] != job])[0])
    tab.find(f"job-{again}-listen", 40)
    # And so it does by its link, dropped on the page.
    bought = service.service.timeline.jobs[0]
    show(tab, "now")
    tab.drop("drop", text=f"{service.url}/result/{bought.hash}")
    third = str(until(lambda: [row["id"] for row in panel.jobs() if row["id"] not in {job, again}])[0])
    tab.find(f"job-{third}-listen", 40)
    assert len(service.service.timeline.jobs) == 1
    assert service.premium.credits == 999

    # Neither the key nor the link is on the page, in its storage, or in the server's words.
    show(tab, "help")
    report = str(until(lambda: tab.find("report").get_property("value")))
    seen = tab.script("return document.documentElement.innerHTML + JSON.stringify(localStorage)") + report
    for secret in (KEY, bought.hash):
        assert secret not in seen + panel.said()
    show(tab, "account")
    tab.click("key-forget")
    tab.wait_for_text("gone from this machine", "status")
    assert not list(panel.home.glob("key-*"))
    browser.listen()  # the refusal of the wrong key
    assert [row["source"] for row in browser.complaints] == ["network"]
    browser.complaints.clear()


def test_two_models_of_one_song_are_heard_side_by_side_and_blindly(
    remote_panel: Panel, song: Path, browser: Browser, shots: Path
) -> None:
    panel = remote_panel
    here = panel.order(song)
    there = panel.order(song, engine="mvsep", model="40", max_credits=10)
    assert panel.finished(here)["state"] == panel.finished(there)["state"] == "ready"
    tab = browser.tab(f"{panel.link}#listen/{here}")
    tab.click("beside")
    tab.find(f"track-{there}-vocals")
    stems = {job: Mixer(tab, panel.home / "jobs" / job, song).stems["vocals"] for job in (here, there)}
    heads = {job: samples[:RATE] for job, samples in stems.items()}
    mixer = Mixer(tab, panel.home / "jobs" / here, song)

    def heard() -> str | None:
        """Tell by ear which of the two it is; nothing on the page says so."""
        sound = mixer.heard(0, RATE)
        found = []
        for job, samples in heads.items():
            scale = float(np.sum(sound * samples) / np.sum(np.square(samples)))
            if scale and null(sound, scale * samples) <= NULL_DB + 20:
                found.append(job)
        return found[0] if len(found) == 1 else None

    tab.click(f"track-{there}-vocals-solo")
    until(lambda: heard() == there)
    loud = float(np.sqrt(np.mean(np.square(mixer.heard()))))
    tab.click(f"track-{here}-vocals-solo")
    until(lambda: heard() == here)
    assert abs(20 * np.log10(loud / np.sqrt(np.mean(np.square(mixer.heard()))))) < 0.1

    tab.click("abx-begin")
    names = {}
    for name in ("a", "b"):
        tab.click(f"abx-{name}")
        names[until(heard)] = name
    assert set(names) == {here, there}
    answered = []
    for turn in range(1, 7):
        tab.click("abx-x")
        answered.append(names[until(heard)])
        tab.click(f"abx-is-{answered[-1]}")
        tab.wait_for_text(f"{turn} of {turn} right", "abx-tally")
    assert "you hear a difference" in tab.text("abx-tally")
    tab.picture(shots / "blind.png")

    # The comparison is a job without anything to hear; the page stays live beside it.
    (compared,) = [row["id"] for row in panel.jobs() if row["kind"] == "compare"]
    assert panel.finished(compared)["state"] == "ready"
    assert panel.get(f"api/jobs/{compared}").json()["tracks"] == []
    for path in ("zip", "tracks/vocals/audio"):
        assert (
            "A comparison has no stems" in panel.get(f"api/jobs/{compared}/{path}").json()["error"]["message"]
        )
    show(tab, "now")
    assert "Comparison" in tab.text(f"job-{compared}")
    later = panel.order(song, model="repet", residual=True)
    tab.find(f"job-{later}-listen", 30)
