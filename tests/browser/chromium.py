"""The real Chromium, driven by its own driver; what went wrong in its pages is collected."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.programs import need

Found = TypeVar("Found")

REBOUND = "rebound.test"
"""A name of somebody else's that leads to this machine."""
_FLAGS = (
    "--headless=new",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # Nothing outside of this machine is ever asked for, not even by mistake.
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--window-size=1280,900",
)
_LOOK_EVERY = 0.03


@dataclass
class Browser:
    """A running Chromium.

    Parameters
    ----------
    driver
        Its driver.
    downloads
        Where files arrive.
    """

    driver: webdriver.Chrome
    downloads: Path
    complaints: list[dict[str, Any]] = field(default_factory=list)
    """What the console told at the level of an error: policy, network and scripts."""
    asked: list[str] = field(default_factory=list)
    """Every URL that was asked for."""

    def tab(self, link: str = "about:blank") -> Tab:
        """Open a page in a tab of its own."""
        self.driver.switch_to.new_window("tab")
        tab = Tab(self, self.driver.current_window_handle)
        if link != "about:blank":
            tab.go(link)
        return tab

    def close_tabs(self) -> None:
        """Close all but the first, which is blank, and forget what their pages kept."""
        first, *others = self.driver.window_handles
        for handle in others:
            self.driver.switch_to.window(handle)
            self.driver.execute_script("try { localStorage.clear(); } catch { /* a page of nobody's */ }")
            self.driver.close()
        self.driver.switch_to.window(first)

    def listen(self) -> None:
        """Collect what was told since the last time."""
        self.complaints += [row for row in self._log("browser") if row["level"] == "SEVERE"]
        for row in self._log("performance"):
            message = json.loads(row["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])

    def _log(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return rows

    def hosts(self) -> set[str]:
        """Give the hosts of all that was asked for over the network."""
        return {urlsplit(url).netloc for url in self.asked if url.startswith(("http", "ws"))}

    def empty_downloads(self) -> None:
        """Remove what was downloaded."""
        for path in self.downloads.iterdir():
            path.unlink()

    def downloaded(self, suffix: str, seconds: float = 20.0) -> Path:
        """Wait for a whole file of a kind, and give it; the folder is empty before each test."""
        return until(
            lambda: next(
                (path for path in sorted(self.downloads.iterdir()) if path.suffix == suffix),
                None,
            ),
            seconds,
            lambda: [path.name for path in self.downloads.iterdir()],
        )


@dataclass
class Tab:
    """One tab; a call switches to it first."""

    browser: Browser
    handle: str

    @property
    def driver(self) -> webdriver.Chrome:
        """The driver, at this tab."""
        driver = self.browser.driver
        driver.switch_to.window(self.handle)
        return driver

    def go(self, link: str) -> None:
        """Open a page."""
        self.driver.get(link)

    def cdp(self, command: str, **parameters: Any) -> dict[str, Any]:
        """Order something of Chromium itself."""
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(command, parameters)
        return answer

    def script(self, text: str, *arguments: object) -> Any:
        """Run a function's body in the page; a promise is waited for."""
        self.driver.set_script_timeout(60)
        return self.driver.execute_script(text, *arguments)

    # Finding

    def all(self, css: str) -> list[WebElement]:
        """Give what a selector finds."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def has(self, name: str) -> bool:
        """Say whether something with this test id is seen."""
        try:
            return any(one.is_displayed() for one in self.all(f'[data-testid="{name}"]'))
        except StaleElementReferenceException:
            return False

    def find(self, name: str, seconds: float = 20.0) -> WebElement:
        """Wait for something with this test id to be seen, and give it."""

        def look() -> WebElement | None:
            try:
                return next((one for one in self.all(f'[data-testid="{name}"]') if one.is_displayed()), None)
            except StaleElementReferenceException:
                return None

        return until(look, seconds, lambda: f"no '{name}' on the page:\n{self.text()}")

    def text(self, name: str | None = None) -> str:
        """Give what is read, of the page or of something with this test id."""
        if name is not None:
            return self.find(name).text
        return self.driver.find_element(By.TAG_NAME, "body").text

    def wait_for_text(self, words: str, name: str | None = None, seconds: float = 20.0) -> str:
        """Wait until words stand there, whatever their case; gives all that stands there."""

        def look() -> str | None:
            try:
                text = self.text(name)
            except (StaleElementReferenceException, NoSuchElementException):
                return None
            return text if words.lower() in text.lower() else None

        return until(look, seconds, lambda: f"'{words}' never stood there:\n{self.text()}")

    # Doing

    def click(self, name: str) -> None:
        """Click as a user does; the page may draw the thing anew in between."""

        def clicked() -> bool:
            try:
                self.find(name).click()
            except StaleElementReferenceException:
                return False
            return True

        until(clicked, 20, lambda: f"'{name}' never stood still")

    def click_label(self, words: str) -> None:
        """Click on the words beside a box."""
        self.driver.find_element(By.XPATH, f"//label[contains(., '{words}')]").click()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def press_with_shift(self, key: str) -> None:
        """Press a key with Shift."""
        ActionChains(self.driver, duration=0).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT).perform()

    def drag(self, element: WebElement, start: float, end: float) -> None:
        """Drag with the mouse across an element, between two fractions of its width."""
        width = element.rect["width"]
        place = [round((fraction - 0.5) * width) for fraction in (start, end)]
        chain = ActionChains(self.driver, duration=20)
        chain.move_to_element_with_offset(element, place[0], 0).click_and_hold()
        chain.move_by_offset((place[1] - place[0]) // 2, 2).move_to_element_with_offset(element, place[1], 0)
        chain.release().perform()

    def drop(self, name: str, *, files: tuple[Path, ...] = (), text: str = "") -> None:
        """Drop files or a text from another program, as the system delivers them."""
        box = self.find(name)
        place = self.script(
            "arguments[0].scrollIntoView({block: 'center'});"
            "const box = arguments[0].getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2];",
            box,
        )
        items = [{"mimeType": kind, "data": text} for kind in ("text/uri-list", "text/plain")] if text else []
        data = {"items": items, "files": [str(path) for path in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.cdp("Input.dispatchDragEvent", type=kind, x=place[0], y=place[1], data=data)

    # Looking

    def emulate(self, *, dark: bool | None = None, size: tuple[int, int] | None = None) -> None:
        """Take another colour scheme or another size of the window."""
        if dark is not None:
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        if size is not None:
            self.cdp(
                "Emulation.setDeviceMetricsOverride",
                width=size[0], height=size[1], deviceScaleFactor=1, mobile=False,
            )  # fmt: skip

    def picture(self, path: Path) -> Path:
        """Take a screenshot."""
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.driver.get_screenshot_as_file(str(path))
        return path

    def tree(self) -> list[Mapping[str, Any]]:
        """Give the accessibility tree: what a screen reader sees, without what it passes over."""
        nodes: list[Mapping[str, Any]] = self.cdp("Accessibility.getFullAXTree")["nodes"]
        return [node for node in nodes if not node["ignored"]]


def until(
    look: Callable[[], Found | None], seconds: float = 20.0, told: Callable[[], object] = lambda: ""
) -> Found:
    """Wait until something is found, and give it; `told` says what there was instead."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, told()
        time.sleep(_LOOK_EVERY)


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """Start a Chromium with a profile of its own."""
    downloads = folder / "downloads"
    downloads.mkdir(parents=True)
    options = webdriver.ChromeOptions()
    options.binary_location = need("chromium")
    for flag in _FLAGS:
        options.add_argument(flag)
    if os.name == "posix" and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # root has no namespaces to shut it into
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options=options, service=Service(need("chromedriver")))
    try:
        yield Browser(driver, downloads)
    finally:
        driver.quit()
