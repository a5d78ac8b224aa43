"""Fixtures with the real Chromium and the real panel. All tests here run on one worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile as sf

from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.browser.chromium import Browser, Tab, chromium
from tests.browser.panel import Panel
from tests.e2e.command import music, write

RATE = 44_100
KEY = "k3y-of-the-premium-account-0123456789"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "stems"


@pytest.fixture(scope="session")
def one_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The Chromium of this worker."""
    with chromium(tmp_path_factory.mktemp("chromium")) as it:
        yield it


@pytest.fixture
def browser(one_chromium: Browser) -> Iterator[Browser]:
    """A Chromium with no page open; what its pages complain about is a failure of the test.

    A test that provokes a complaint takes it out of `Browser.complaints`.
    """
    one_chromium.listen()
    one_chromium.complaints.clear()
    one_chromium.asked.clear()
    one_chromium.empty_downloads()
    yield one_chromium
    one_chromium.listen()
    one_chromium.close_tabs()
    assert not one_chromium.complaints


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for pictures; STEMBRIDGE_TEST_SHOTS names one to keep them."""
    kept = os.environ.get("STEMBRIDGE_TEST_SHOTS", "")
    return Path(kept) if kept else tmp_path_factory.mktemp("shots")


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of tones, beat and glide."""
    return write(tmp_path_factory.mktemp("songs") / "Four seconds.wav", music(4 * RATE))


@pytest.fixture(scope="session")
def real_song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rendered song of the examples: the mix of its stems."""
    stems = [sf.read(path, dtype="float32", always_2d=True)[0] for path in sorted(EXAMPLES.glob("*.flac"))]
    return write(tmp_path_factory.mktemp("songs") / "Real song.wav", sum(stems[1:], stems[0]) * 0.5)


@pytest.fixture(scope="session")
def panel_environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a panel finds in its environment: a service on this machine, a key store that keeps nothing."""
    with Sandbox(tmp_path_factory.mktemp("service"), splitter(), rate_limit=None) as service:
        yield {
            "STEMBRIDGE_MVSEP_URL": service.url,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }


@pytest.fixture(scope="session")
def panel_with_job(
    tmp_path_factory: pytest.TempPathFactory, panel_environ: dict[str, str], song: Path
) -> Iterator[tuple[Panel, str]]:
    """A panel before a data folder with one finished job, for tests that only look and listen."""
    with Panel(tmp_path_factory.mktemp("panel"), panel_environ) as it:
        job = it.order(song)
        assert it.finished(job)["state"] == "ready"
        yield it, job


@pytest.fixture
def panel(tmp_path: Path, panel_environ: dict[str, str]) -> Iterator[Panel]:
    """A panel of this test's own."""
    with Panel(tmp_path / "data", panel_environ) as it:
        yield it


@pytest.fixture
def network_panel(tmp_path: Path, panel_environ: dict[str, str], models: Path) -> Iterator[Panel]:
    """A panel whose embedded engine has its network."""
    home = tmp_path / "data"
    shutil.copytree(models / "models", home / "models")
    with Panel(home, panel_environ) as it:
        yield it


@pytest.fixture
def page(browser: Browser, panel_with_job: tuple[Panel, str]) -> Tab:
    """The page of the panel with a finished job."""
    return browser.tab(panel_with_job[0].link)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Sandbox]:
    """A stand-in service of this test's own."""
    pace = Pace(service_seconds=0.2)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=pace, rate_limit=None) as it:
        yield it


@pytest.fixture
def remote_panel(panel_environ: dict[str, str], service: Sandbox, tmp_path: Path) -> Iterator[Panel]:
    """A panel of somebody who has an account."""
    environ = {**panel_environ, "STEMBRIDGE_MVSEP_URL": service.url, "STEMBRIDGE_API_TOKEN": KEY}
    with Panel(tmp_path / "data", environ) as it:
        yield it


@pytest.fixture
def unpaid_panel(panel_environ: dict[str, str], service: Sandbox, tmp_path: Path) -> Iterator[Panel]:
    """A panel of somebody who has stored no key yet."""
    with Panel(tmp_path / "data", {**panel_environ, "STEMBRIDGE_MVSEP_URL": service.url}) as it:
        yield it
