"""The self-test: all rows pass on the host, the right row fails where the host deviates, nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.fakes.reaper import Reaper, render, rendering
from tests.fakes.reaper.items import Item
from tests.fakes.reaper.project import Project
from tests.lua import desk
from tests.lua.ui_desk import ESCAPE, Screen

ACTION = "Stembridge_Self-test.lua"
BUDGET = 200_000


@pytest.fixture(autouse=True)
def as_reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render where the host refuses what a product must not do, and the self-test asks on purpose.

    REAPER renders its current tab; the master playrate is taken not to matter.
    """
    real = rendering.run

    def run(host: Reaper, _project: Project) -> None:
        project = host.project
        rate, project.playrate = project.playrate, 1.0
        try:
            real(host, project)
        finally:
            project.playrate = rate

    monkeypatch.setattr(rendering, "run", run)


def run_test(host: Reaper) -> dict[str, str]:
    """Run it to its report; give the marks by title."""
    screen = Screen(host)
    host.run_script(ACTION)
    screen.wait(lambda: reports(host), 60)
    text = reports(host)[0].read_text(encoding="utf-8")
    rows = {}
    for line in text.split("\n\n")[2].splitlines():
        if line[:1].strip():
            rows[line[10:].strip()] = line[:10].strip()
    assert len(rows) > 20
    return rows


def reports(host: Reaper) -> list[Path]:
    return list((host.resource / "Data" / "Stembridge").glob("selftest-*.txt"))


def failed(rows: dict[str, str]) -> list[str]:
    return [title for title, mark in rows.items() if mark == "FAIL"]


def test_all_is_well_on_the_host_and_nothing_is_left_behind(host: Reaper) -> None:
    mine = host.project
    mine.add_track("Mine")
    numbers, texts, changes = dict(mine.numbers), dict(mine.texts), mine.changes
    ext_state = dict(host.ext_state)
    rows = run_test(host)
    assert failed(rows) == []
    assert set(rows.values()) <= {"OK", "left out", "note"}
    assert list(rows.values()).count("OK") >= 20
    assert host.projects == [mine]
    assert host.project is mine
    assert (mine.numbers, mine.texts, mine.changes) == (numbers, texts, changes)
    assert host.ext_state == ext_state
    left = {path.name for path in (host.resource / "Data" / "Stembridge").iterdir()}
    assert left == {reports(host)[0].name}
    assert not host.dialogs.texts
    screen = Screen(host)
    assert screen.shows("All is as it should be.")
    assert screen.shows("Report: ")
    screen.press(ESCAPE)
    host.tick(2)
    assert not host.scripts


def test_the_report_names_version_system_and_measured_values(host: Reaper) -> None:
    run_test(host)
    text = reports(host)[0].read_text(encoding="utf-8")
    assert host.version in text
    assert "system    Other" in text
    assert f"Lua       Lua 5.{host.lua_name[-1]}" in text
    assert "9001 frames, 9001 expected" in text
    assert "start -200 dB, end -200 dB" in text


def test_with_a_core_its_start_is_measured(host: Reaper) -> None:
    Screen(host).core(presets=[{"id": "vocals"}])
    assert run_test(host)["The core starts without waiting"] == "OK"


def test_a_core_that_fails_is_found(host: Reaper) -> None:
    desk.install(
        host,
        "import json, sys, time; from pathlib import Path\n"
        "event = {'v': 1, 'seq': 1, 'ts': time.time(), 'type': 'failed', 'code': 'x', 'message': 'No.'}\n"
        "Path(sys.argv[-1], 'events.jsonl').write_text(json.dumps(event) + '\\n')",
    )
    assert failed(run_test(host)) == ["The core starts without waiting"]


def _after_render(change: Callable[[Path], None]) -> Callable[[pytest.MonkeyPatch, Reaper], None]:
    def seed(monkeypatch: pytest.MonkeyPatch, _host: Reaper) -> None:
        real = render.render

        def rendered(project: Project, **more: Any) -> list[Path]:
            paths = real(project, **more)
            for path in paths:
                change(path)
            return paths

        monkeypatch.setattr(render, "render", rendered)

    return seed


def _rewrite(path: Path, work: Callable[[Any], Any]) -> None:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    soundfile.write(path, work(samples), rate, subtype="FLOAT")


def _late(path: Path) -> None:
    _rewrite(path, lambda x: np.vstack([np.zeros((3, x.shape[1]), "f4"), x[:-3]]))


def _noise(path: Path) -> None:
    rng = np.random.default_rng(1)
    _rewrite(path, lambda x: x + rng.normal(0, 1e-3, x.shape).astype("f4"))


def _longer(path: Path) -> None:
    _rewrite(path, lambda x: np.vstack([x, x[-1:]]))


def _gone(path: Path) -> None:
    path.unlink()


def _no_offset(monkeypatch: pytest.MonkeyPatch, _host: Reaper) -> None:
    real = render.render

    def rendered(project: Project, **more: Any) -> list[Path]:
        for track in project.tracks:
            track["I_PLAY_OFFSET_FLAG"] = 1
        return real(project, **more)

    monkeypatch.setattr(render, "render", rendered)


def _all_items(monkeypatch: pytest.MonkeyPatch, _host: Reaper) -> None:
    real = render.render

    def rendered(project: Project, **more: Any) -> list[Path]:
        for item in project.items:
            item.select(True)
        return real(project, **more)

    monkeypatch.setattr(render, "render", rendered)


def _project_time(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    real = host.accessor_samples

    def samples(accessor: Any, rate: int, channels: int, start: float, count: int) -> Any:
        item = accessor.target.item
        return real(accessor, rate, channels, start - item.position + 0.01, count)

    monkeypatch.setattr(host, "accessor_samples", samples)


def _beats(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    real = host.functions["SetCurrentBPM"]

    def stretched(project: Project, bpm: float, undo: bool) -> None:
        factor = project.tempo.bpm / bpm
        real(project, bpm, undo)
        for item in project.items:
            item["D_POSITION"] = item.position * factor

    monkeypatch.setitem(host.functions, "SetCurrentBPM", stretched)


def _auto_fade(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    real = host.functions["GetMediaItemInfo_Value"]

    def value(item: Item, name: str) -> float:
        return 0.01 if name == "D_FADEINLEN_AUTO" else float(real(item, name))

    monkeypatch.setitem(host.functions, "GetMediaItemInfo_Value", value)


def _stale_list(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    real = host.functions["EnumerateFiles"]
    monkeypatch.setitem(
        host.functions, "EnumerateFiles", lambda path, index: None if index == -1 else real(path, index)
    )


def _forgetful(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    monkeypatch.setitem(host.functions, "GetProjExtState", lambda *_: (1, "Ue"))


def _no_peaks(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    monkeypatch.setitem(host.functions, "PCM_Source_BuildPeaks", lambda _source, mode: 50 if mode < 2 else 0)


def _missing(monkeypatch: pytest.MonkeyPatch, host: Reaper) -> None:
    real = host.functions["APIExists"]
    monkeypatch.setitem(
        host.functions, "APIExists", lambda name: name != "PCM_Source_GetSectionInfo" and real(name)
    )


RENDERS = [f"A render {what} ({rate} Hz)" for rate in (44100, 48000, 96000) for what in (
    "has the frames it was asked for", "starts on the item's first frame")]  # fmt: skip
STARTS = [title for title in RENDERS if "starts" in title]
SELECTED = "Selected items only: gaps silent, overlaps mixed"
OFFSET = "A track's playback offset is in the render"


@pytest.mark.parametrize(
    ("seed", "rows"),
    [
        pytest.param(_after_render(_late), [*RENDERS, SELECTED, OFFSET], id="renders come late"),
        pytest.param(_after_render(_noise), [*STARTS, SELECTED, OFFSET], id="renders are dithered"),
        pytest.param(_after_render(_longer), RENDERS, id="renders are a frame longer"),
        pytest.param(_after_render(_gone), [*RENDERS, SELECTED, OFFSET], id="renders are cancelled"),
        pytest.param(_no_offset, [OFFSET], id="renders ignore the playback offset"),
        pytest.param(_all_items, [SELECTED], id="renders take unselected items"),
        pytest.param(
            _project_time,
            ["An accessor counts from the item's start, before its volume"],
            id="accessors count project time",
        ),
        pytest.param(_beats, ["Items stay where they are when the tempo changes"], id="beats win"),
        pytest.param(_auto_fade, ["No automatic fades"], id="automatic fades"),
        pytest.param(_stale_list, ["Listing files"], id="folders stay cached"),
        pytest.param(_forgetful, ["The project's memory"], id="projects forget"),
        pytest.param(_no_peaks, ["Peaks are built"], id="peaks never end"),
        pytest.param(_missing, ["REAPER's functions"], id="a function is missing"),
    ],
)
def test_the_right_row_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: Callable[[pytest.MonkeyPatch, Reaper], None],
    rows: list[str],
) -> None:
    with Reaper(tmp_path, lua="lua54") as host:
        seed(monkeypatch, host)
        found = failed(run_test(host))
        assert set(found) == set(rows), (set(found) ^ set(rows), reports(host)[0].read_text(encoding="utf-8"))
        assert len(host.projects) == 1


def test_stopped_it_puts_everything_back_and_says_so(host: Reaper) -> None:
    mine = host.project
    screen = Screen(host)
    host.run_script(ACTION)
    host.tick(8)
    assert host.project is not mine
    screen.press(ESCAPE)
    host.tick(3)
    assert host.projects == [mine]
    assert not host.scripts
    text = reports(host)[0].read_text(encoding="utf-8")
    assert "The test was stopped." in text
    assert "not run" in text


def test_a_tab_that_its_user_closes_ends_it(host: Reaper) -> None:
    mine = host.project
    host.run_script(ACTION)
    host.tick(5)
    host.close_project(host.project)
    host.tick(3)
    assert host.projects == [mine]
    assert "The test's project tab was closed." in reports(host)[0].read_text(encoding="utf-8")
