"""What every test stands on: a clean environment, and the names of what was missing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import MISSING

_PASSED = pytest.StashKey[bool]()
_CLEANED = ("STEMBRIDGE_HOME", "STEMBRIDGE_API_TOKEN", "STEMBRIDGE_MVSEP_URL", "NO_COLOR", "FORCE_COLOR")


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all tests' data folders are: pytest's own numbering looks at all there are for each new one."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def clean_environ(
    monkeypatch: pytest.MonkeyPatch, homes: Path, request: pytest.FixtureRequest
) -> Iterator[None]:
    """No setting of the developer's own may change a result; a data folder goes with its test that passed."""
    for name in _CLEANED:
        monkeypatch.delenv(name, raising=False)
    folder = tempfile.mkdtemp(prefix="home", dir=homes)
    monkeypatch.setenv("STEMBRIDGE_HOME", folder)
    # A key store that keeps nothing: no test may write to the developer's own, or wait for it.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield
    if request.node.stash.get(_PASSED, False):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests passed."""
    report = yield
    if call.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture
def home() -> Path:
    """The data folder of this test."""
    return Path(os.environ["STEMBRIDGE_HOME"])


@pytest.fixture(scope="session")
def models() -> Path:
    """A data folder with the converted network; `make test` provides one."""
    folder = os.environ.get("STEMBRIDGE_TEST_MODELS", "")
    if not folder or not (Path(folder) / "models").is_dir():
        MISSING.add("the network's weights")
        reason = "STEMBRIDGE_TEST_MODELS names no data folder with the network: `make test` installs one"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return Path(folder)


@pytest.fixture
def plain_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing: drawing has one effect, a file, and hundreds of runs needn't draw."""

    def draw(_doc: object, _region: object, _stems: object, destination: Path, **_named: object) -> bool:
        destination.write_bytes(b"picture")
        return True

    monkeypatch.setattr("stembridge.report.picture.draw", draw)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Give everything in tests/audacity to one worker, and everything in tests/browser to one.

    Only one Audacity can run on a machine, and one Chromium and its panel serve all tests. The panel's orders
    are one story, told from the first payment on.
    xdist's own groups are written into the tests' ids, where pytest 9 doesn't read them.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            together = ("tests/audacity/", "tests/browser/", "tests/panel/test_orders.py")
            return next((folder for folder in together if nodeid.startswith(folder)), nodeid)

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Name what was missing."""
    skipped = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])}
    missing = sorted(reason for reason in skipped if "not installed" in reason or "names no data" in reason)
    if missing:
        terminalreporter.section("not tested here, because it is missing")
        for reason in missing:
            terminalreporter.line(reason.removeprefix("Skipped: "))
    return (yield)
