"""Jobs on the page: live in every tab, through a reload and a server that ends, cancelled and answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.browser.chromium import Browser, Tab, until
from tests.browser.conftest import KEY
from tests.browser.panel import Panel

WAIT = 3.0
"""Seconds that a remote job waits in the service's queue."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Sandbox]:
    """A stand-in service that has people wait a little, so that there is something to see."""
    pace = Pace(queue_seconds=WAIT, crowd=4, service_seconds=1.0)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=pace, rate_limit=None) as it:
        yield it


def remote(panel: Panel, song: Path) -> str:
    """Order a separation by the service."""
    return panel.order(song, engine="mvsep", model="40", max_credits=100)


def state_of(tab: Tab, job: str) -> str:
    """Give what the row of a job says."""
    return tab.text(f"job-{job}")


def test_two_tabs_see_a_remote_job_live_and_one_cancels_it(
    remote_panel: Panel, service: Sandbox, song: Path, browser: Browser
) -> None:
    one, other = browser.tab(remote_panel.link), browser.tab(remote_panel.link)
    for tab in (one, other):
        tab.find("tab-now")
        tab.script("window.mark = 'not loaded anew'")
    job = remote(remote_panel, song)
    for tab in (one, other):
        tab.find(f"job-{job}")
    (ordered,) = until(lambda: service.service.timeline.jobs, 20)
    one.wait_for_text("queue", f"job-{job}")
    other.wait_for_text("queue", f"job-{job}")
    other.click(f"job-{job}-cancel")
    for tab in (other, one):
        tab.wait_for_text("cancelled", f"job-{job}")
    assert ordered.removed, "the service was never told"
    assert remote_panel.job(job)["state"] == "cancelled"
    assert service.premium.credits == 1000  # it was still waiting: nothing is charged
    assert one.script("return window.mark") == other.script("return window.mark") == "not loaded anew"
    # A wish of the user's own: it begins anew by one click, as a job of its own.
    other.click(f"job-{job}-retry")
    until(lambda: len(remote_panel.jobs()) == 2)
    again = next(row["id"] for row in remote_panel.jobs() if row["id"] != job)
    one.find(f"job-{again}-listen", 30)
    assert len([row for row in service.service.timeline.jobs if not row.removed]) == 1


def test_a_reload_and_a_killed_server_lose_nothing(
    remote_panel: Panel, service: Sandbox, song: Path, browser: Browser
) -> None:
    tab = browser.tab(remote_panel.link)
    job = remote(remote_panel, song)
    tab.wait_for_text("queue", f"job-{job}")
    tab.driver.refresh()
    tab.find(f"job-{job}-cancel")
    old_link, port = remote_panel.link, remote_panel.port
    remote_panel.kill()
    tab.wait_for_text("can't be reached")
    link = remote_panel.start(port)
    assert link != old_link
    # The old page can't be let in by a key that has ended: it says so, and what to do.
    tab.wait_for_text("earlier start")
    tab.go(link)
    tab.find(f"job-{job}-listen", 30)
    assert len(service.service.timeline.jobs) == 1  # bought once, whatever was killed
    browser.listen()
    assert {row["source"] for row in browser.complaints} == {"network"}
    browser.complaints.clear()


def test_the_second_start_names_the_panel_that_runs(panel: Panel) -> None:
    second = Panel(panel.home, panel.environ)
    code, said = second.run()
    assert code == 0
    assert panel.link in said
    panel.stop()
    assert not (panel.home / "panel.json").exists()


def test_more_tabs_than_connections_are_all_live_and_one_takes_over_from_another(
    panel: Panel, song: Path, browser: Browser
) -> None:
    """A browser gives a server six connections: eight pages share one line."""
    tabs = [browser.tab(panel.link) for _ in range(8)]
    for tab in tabs:
        tab.find("tab-now")
    first = panel.order(song)
    for tab in tabs:
        tab.find(f"job-{first}-listen", 30)
    leader, *others = tabs
    leader.driver.close()
    assert panel.post(f"api/jobs/{first}/remove").status_code == 200
    for tab in others[::3]:
        until(lambda tab=tab: not tab.has(f"job-{first}"), 20)  # type: ignore[misc]
