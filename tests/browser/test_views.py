"""Every view of the page: for eye, keyboard and screen reader, dark and light, in a narrow window, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser, Tab, until
from tests.browser.panel import Panel

VIEWS = ("now", "listen", "choose", "account", "help")
CONTROLS = {
    "button", "link", "textbox", "searchbox", "slider", "checkbox", "combobox", "tab", "radio", "switch",
    "spinbutton", "listbox", "menuitem", "option", "treeitem", "gridcell", "ToggleButton", "PopUpButton",
}  # fmt: skip
NAMED = CONTROLS | {
    "image",
    "img",
    "dialog",
    "tablist",
    "tabpanel",
    "progressbar",
    "meter",
    "figure",
    "canvas",
}
HARD_TO_READ = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
FOCUSED = """
const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
const every = [...document.querySelectorAll('*')];
return {
  tag: one.tagName, at: every.indexOf(one), name: one.dataset.testid || one.getAttribute('aria-label')
    || one.textContent.trim().slice(0, 40) || one.id,
  mark: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none',
  visible: one.matches(':focus-visible'), width: box.width, height: box.height,
  inside: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
};
"""


def show(tab: Tab, view: str) -> None:
    """Go to a section and wait until it has settled."""
    tab.click(f"tab-{view}")
    tab.find(f"tab-{view}")
    before = ""

    def settled() -> bool:
        nonlocal before
        now = tab.script("return document.querySelector('main').innerHTML")
        same, before = now == before and 'aria-busy="true"' not in now, now
        return same and bool(tab.text().strip())

    until(settled, 20, lambda: f"'{view}' never settled")


@pytest.fixture
def opened(browser: Browser, panel_with_job: tuple[Panel, str]) -> Tab:
    """The page; Listen shows the finished job."""
    panel, job = panel_with_job
    tab = browser.tab(panel.link)
    tab.click(f"job-{job}-listen")
    tab.find("track-original")
    return tab


def name_of(node: Mapping[str, Any]) -> str:
    return str(node.get("name", {}).get("value", "")).strip()


def test_every_control_has_a_name_and_a_role(opened: Tab) -> None:
    for view in VIEWS:
        show(opened, view)
        named(opened, view)


def named(opened: Tab, view: str) -> None:
    nodes = [node for node in opened.tree() if node["role"]["value"] in NAMED]
    assert sum(node["role"]["value"] == "tab" for node in nodes) >= len(VIEWS)
    nameless = [
        {key: node[key] for key in ("role", "properties") if key in node}
        for node in nodes
        if not name_of(node)
    ]
    assert not nameless, view
    # What can be clicked is a control to a screen reader, too: nothing with a test id hides from it.
    bare = opened.script(
        "return [...document.querySelectorAll('main [data-testid][tabindex], main canvas[data-testid]')]"
        ".filter((one) => !one.getAttribute('role') && !one.closest('button, a, input, select, label')"
        " && !['BUTTON', 'A', 'INPUT', 'SELECT', 'TEXTAREA', 'SUMMARY'].includes(one.tagName))"
        ".map((one) => one.dataset.testid)"
    )
    assert not bare, view
    selected = [node for node in nodes if node["role"]["value"] == "tab" and _state(node, "selected")]
    assert [name_of(node).lower() for node in selected][:1] == [view]


def _state(node: Mapping[str, Any], name: str) -> Any:
    return next((row["value"]["value"] for row in node.get("properties", ()) if row["name"] == name), None)


def walk(tab: Tab) -> Iterator[dict[str, Any]]:
    """Press Tab from the top of the page until the focus leaves it or begins anew."""
    tab.script(
        "document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex');"
        "scrollTo(0, 0);"
    )
    first: int | None = None
    for _ in range(400):
        tab.press(Keys.TAB)
        row: dict[str, Any] = tab.script(FOCUSED)
        if row["tag"] == "BODY" or row["at"] == first:
            return
        first = row["at"] if first is None else first
        yield row
    pytest.fail("the focus never came round")


def test_tab_goes_through_everything_in_order_and_is_seen(opened: Tab) -> None:
    for view in VIEWS:
        show(opened, view)
        walked(opened, view)


def walked(opened: Tab, view: str) -> None:
    rows = list(walk(opened))
    assert len(rows) >= 3
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows), [row["name"] for row in rows]
    for row in rows:
        assert row["visible"], row
        assert row["mark"], row
        assert row["inside"], row
        assert row["width"] >= 1, row
        assert row["height"] >= 1, row
    if view == "choose":
        return  # its rows are many; that Tab gets past them is what counts, and the walk ended
    reached = {row["at"] for row in rows}
    # Tabs, radio groups and toolbars are one stop each: the arrows go on inside.
    missed = opened.script(
        "const every = [...document.querySelectorAll('*')];"
        "return every.map((one, at) => [one, at]).filter(([one]) =>"
        " one.matches('button, a[href], input, select, textarea, summary, [tabindex]') && one.tabIndex >= 0"
        " && !one.disabled && one.checkVisibility({visibilityProperty: true}) && one.type !== 'radio')"
        ".map(([one, at]) => [at, one.outerHTML.slice(0, 120)])"
    )
    assert not [text for at, text in missed if at not in reached], view


@pytest.mark.parametrize("width", [320, 360])
def test_a_narrow_window_needs_no_scrolling_sideways(opened: Tab, shots: Path, width: int) -> None:
    opened.emulate(size=(width, 640), dark=True)
    for view in VIEWS:
        show(opened, view)
        wide: list[str] = opened.script(
            "const most = document.documentElement.clientWidth;"  # beside the bar that scrolls down
            "const found = document.scrollingElement.scrollWidth > most ? ['the page'] : [];"
            "const clipped = (one) => { for (let up = one.parentElement; up; up = up.parentElement)"
            " if (getComputedStyle(up).overflowX !== 'visible') return true; return false; };"
            "return found.concat([...document.querySelectorAll('main *')].filter((one) =>"
            " one.checkVisibility() && one.getBoundingClientRect().right > most + 1 && !clipped(one))"
            ".map((one) => one.outerHTML.slice(0, 160)));"
        )
        assert not wide, view
        opened.picture(shots / f"{view}-{width}.png")


def brightness(path: Path) -> float:
    """Give the median brightness of a picture, 0 to 1."""
    return float(np.median(np.asarray(Image.open(path).convert("L")))) / 255


@pytest.mark.parametrize("dark", [True, False])
def test_every_view_follows_the_system_and_asks_nobody_else(
    opened: Tab, browser: Browser, panel_with_job: tuple[Panel, str], shots: Path, *, dark: bool
) -> None:
    opened.emulate(dark=dark)
    for view in VIEWS:
        show(opened, view)
        level = brightness(opened.picture(shots / f"{view}-{'dark' if dark else 'light'}.png"))
        assert level < 0.3 if dark else level > 0.7, (view, level)
        assert opened.script(HARD_TO_READ) == {}, view
    browser.listen()
    assert not browser.complaints  # no error in the console, and nothing against the policy
    assert browser.hosts() == {f"127.0.0.1:{panel_with_job[0].port}"}


def test_the_switch_overrules_the_system_and_is_kept(opened: Tab, shots: Path) -> None:
    opened.emulate(dark=True)
    for _ in range(3):
        opened.click("theme")
        if brightness(opened.picture(shots / "switched.png")) > 0.7:
            break
    else:
        pytest.fail("the switch never made it light")
    opened.driver.refresh()
    opened.find("tab-now")
    assert brightness(opened.picture(shots / "switched.png")) > 0.7


def test_the_sections_are_one_stop_and_the_arrows_go_on(opened: Tab) -> None:
    show(opened, "now")
    opened.script("document.querySelector('[data-testid=tab-now]').focus()")
    for view in (*VIEWS[1:], VIEWS[0]):
        opened.press(Keys.ARROW_RIGHT)
        assert opened.script("return document.activeElement.dataset.testid") == f"tab-{view}"
    opened.press(Keys.END)
    assert opened.script("return document.activeElement.dataset.testid") == "tab-help"
    opened.press(Keys.HOME)
    opened.press_with_shift(Keys.TAB)
    assert opened.script("return document.activeElement.role") != "tab"


def test_the_report_holds_no_secret(opened: Tab, panel_with_job: tuple[Panel, str]) -> None:
    show(opened, "help")
    report = opened.find("report")
    text = str(until(lambda: report.get_property("value")))
    assert "Python" in text
    assert panel_with_job[0].link.rstrip("/").rpartition("/")[2] not in text
    assert "Four seconds" not in text
    rows = opened.text("doctor")
    assert "repet" in rows.lower() or "machine" in rows.lower()
