"""Another page in the same browser may know the whole link: it can neither read the panel nor drive it."""

from __future__ import annotations

import re
from typing import Any

from tests.browser.attacker import HERE, attacker
from tests.browser.chromium import REBOUND, Browser, Tab
from tests.browser.panel import Panel

DRIVING = ("post", "postJson", "beacon", "form", "upload", "remove")


def attack(tab: Tab, panel: Panel, job: str) -> dict[str, str]:
    """Try every way in; what the page is made of is known to everybody, too."""
    page = panel.get("").text
    assets = {
        name: re.findall(rf'(?:src|href)="([^"]+\.{suffix})"', page)[0]
        for name, suffix in (("script", "js"), ("style", "css"), ("image", "svg"))
    }
    told: dict[str, str] = tab.script("return window.attack(...arguments)", panel.link, job, assets)
    return told


def everything(panel: Panel) -> tuple[list[dict[str, Any]], list[str]]:
    """Give the jobs, and the names of all files but pictures of the sound, which come when they are done."""
    files = [path.relative_to(panel.home) for path in panel.home.rglob("*") if path.is_file()]
    return panel.jobs(), sorted(str(file) for file in files if "cache" not in file.parts)


def test_another_site_can_neither_read_nor_drive(panel_with_job: tuple[Panel, str], browser: Browser) -> None:
    panel, held = panel_with_job
    before = everything(panel)
    with attacker() as port:
        for host in ("127.0.0.1", "localhost", REBOUND):
            tab = browser.tab(f"http://{host}:{port}/attack.html")
            told = attack(tab, panel, held)
            for way, word in told.items():
                assert word.startswith("refused") or (way in DRIVING and word == "sent"), (host, told)
            assert everything(panel) == before, host
            # A link on that page that leads here opens nothing either: the key isn't enough.
            tab.script("location = arguments[0]", panel.link)
            tab.wait_for_text("refused")
            assert not tab.all("[data-testid]")
    browser.listen()
    assert {row["source"] for row in browser.complaints} <= {"network", "security", "javascript"}
    browser.complaints.clear()


def test_the_same_attempts_work_where_they_may(panel_with_job: tuple[Panel, str], browser: Browser) -> None:
    """The tools of the attack aren't blunt: from our own page they read and drive, if they say our word."""
    panel, held = panel_with_job
    tab = browser.tab(panel.link)
    tab.find("tab-now")
    tab.script((HERE / "attack.js").read_text(encoding="utf-8"))
    told = attack(tab, panel, held)
    readers = ("fetch", "fetchPage", "fetchWithHeader", "image", "audio", "events", "script", "style")
    assert all(told[way].startswith(("read", "ran")) for way in readers), told
    # Nothing but our own scripts says "X-Stembridge"; a form can't, wherever it stands.
    assert told["postJson"] == "answered"
    assert [row["id"] for row in panel.jobs()] == [held]
    browser.listen()
    browser.complaints.clear()


def test_a_name_that_was_rebound_to_this_machine_opens_nothing(
    panel_with_job: tuple[Panel, str], browser: Browser
) -> None:
    panel, held = panel_with_job
    before = everything(panel)
    link = panel.link.replace("127.0.0.1", REBOUND)
    tab = browser.tab(link)
    assert tab.text() == "Refused."
    told: list[int] = tab.script(
        "const ask = async (path, options) => (await fetch(arguments[0] + path, options)).status;"
        "const headers = {'X-Stembridge': 'panel'};"
        "return Promise.all([ask('api/state'), ask('api/events'), ask(''),"
        " ask(`api/jobs/${arguments[1]}/remove`, {method: 'POST', headers, body: '{}'})]);",
        link,
        held,
    )
    assert told == [403] * 4
    assert everything(panel) == before
    browser.listen()
    assert {row["source"] for row in browser.complaints} <= {"network", "other"}
    browser.complaints.clear()


def test_without_the_key_there_is_nothing(panel_with_job: tuple[Panel, str], browser: Browser) -> None:
    panel = panel_with_job[0]
    root = panel.origin + "/"
    for path in ("", "index.html", "api/state", "favicon.ico", "0" * 43 + "/"):
        tab = browser.tab(root + path)
        assert tab.text() == "Not found.", path
    browser.listen()
    assert {row["source"] for row in browser.complaints} == {"network"}
    browser.complaints.clear()
