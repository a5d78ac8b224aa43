"""Jobs that outlived their scripts: found by REAPER's notes, the project's, or in the data folder itself."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.lua.following import Watch
from tests.lua.placing import Desk, names


@pytest.fixture
def watch(desk: Desk) -> Watch:
    """Give a desk whose jobs are followed."""
    return Watch(desk)


def scan(watch: Watch) -> list[dict[str, Any]]:
    """Look through the data folder to its end; give what was found, the big parts left out."""
    code = (
        "function(folder) local scan = require('inbox').scan(folder) local ticks, found = 0, nil "
        "repeat ticks = ticks + 1 found = scan:step() until found or ticks > 5000 "
        "for _, one in ipairs(found) do one.proj = one.proj ~= nil one.context = nil end "
        "return found, ticks end"
    )
    watch.host.require("inbox")
    found, ticks = watch.host.lua.call(watch.host.lua.eval(code), str(watch.jobs))
    assert ticks < 5000
    return list(watch.host.lua.python(found) or [])


def test_only_jobs_of_ours_are_found(watch: Watch) -> None:
    """Not questions, not other hosts' jobs, not folders without a request, not what can't be read."""
    done, running = watch.order(model="40"), watch.order()
    watch.finish(done)
    watch.desk.placed(done)
    for name, text in {
        "query": '{"kind": "query", "host": "reaper", "host_context": {}}',
        "audacity": '{"kind": "separate", "host": "audacity", "host_context": {"a": 1}}',
        "shell": '{"kind": "separate", "host": "", "host_context": null}',
        "torn": '{"kind": "separate", "host": "reaper", "host_context": {"v": 1',
        "odd": '{"kind": "separate", "host": "reaper", "host_context": {"project": 7, "parts": []}}',
    }.items():
        (watch.jobs / name).mkdir()
        (watch.jobs / name / "request.json").write_text(text, encoding="utf-8")
    (watch.jobs / "empty").mkdir()
    found = scan(watch)
    assert [one["id"] for one in found] == [done.name, running.name]
    assert [(one["finished"], one["placed"], one["proj"]) for one in found] == [
        (True, 1, True),
        (False, 0, True),
    ]
    assert found[0]["model"] == "40"
    assert found[0]["name"] == "take"


def test_a_folder_that_grew_is_read_anew(watch: Watch) -> None:
    """REAPER remembers what a folder held until it is told to forget."""
    assert scan(watch) == []
    watch.order()
    assert len(scan(watch)) == 1


def test_no_data_folder_yet(watch: Watch) -> None:
    """A fresh installation has no jobs."""
    watch.jobs.rmdir()
    assert scan(watch) == []


@pytest.mark.parametrize("known_by", ["reaper", "project", "folder"])
@pytest.mark.parametrize("finished", [True, False])
def test_after_a_restart_every_job_is_there_again(watch: Watch, known_by: str, finished: bool) -> None:
    """By any of three notes; one under way comes home by itself, a finished one waits for a word."""
    desk, host = watch.desk, watch.host
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.tick(3)
    path = desk.project.path
    assert path is not None
    host.save(path, desk.project)
    if finished:
        watch.finish(folder)
    if known_by != "reaper":
        host.persistent.clear()
    host.restart()
    script = host.run_script(watch.script())
    desk.project = host.open_project(path)
    if known_by == "folder":
        desk.project.ext_state.clear()
    for _ in range(100):
        host.advance(0.3)
        host.tick()
    assert len(desk.project.items) == 1
    if finished:
        script.lua.execute("package.loaded.follow.import_finished()")
    else:
        watch.finish(folder)
    for _ in range(40):
        host.advance(0.3)
        host.tick()
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]


def test_an_unsaved_projects_jobs_are_kept_by_reaper(watch: Watch) -> None:
    """Its own ext state dies with it; the job is listed, and says what it waits for."""
    host = watch.host
    watch.desk.project = host.open_project()
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.finish(folder)
    host.restart()
    script = host.run_script(watch.script())
    for _ in range(30):
        host.advance(0.3)
        host.tick()
    script.lua.execute("package.loaded.follow.import_finished()")
    host.advance(0.3)
    host.tick(3)
    held = script.lua.eval("package.loaded.follow.list()[1].held.code")
    assert held == "no_project"
    assert not host.project.items


def test_a_removed_job_leaves_the_ledger(watch: Watch) -> None:
    """`stembridge jobs remove` needs no word to REAPER, and no project is changed for it."""
    ledger = watch.host.require("ledger")
    watch.host.lua.call(ledger.add, watch.desk.project, "gone1")
    watch.open()
    changes = watch.desk.project.changes
    watch.tick(8)
    lua = watch.host.lua
    assert not lua.python(lua.call(ledger.everywhere))
    assert lua.python(lua.call(ledger.of, watch.desk.project)) == ["gone1"]
    assert watch.desk.project.changes == changes
    assert watch.ids() == []


def test_undo_then_import_finished_jobs(watch: Watch) -> None:
    """What was placed and undone isn't placed again without a word; 'import again' does it."""
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.finish(folder)
    watch.tick(5)
    assert len(watch.desk.project.items) == 3
    watch.host.undo()
    assert watch.call("import_finished") == 0
    watch.tick(3)
    assert len(watch.desk.project.items) == 1
    watch.call("import", folder.name, False)
    watch.tick(2)
    assert len(watch.desk.project.items) == 1
    watch.call("import", folder.name, True)
    watch.tick(2)
    assert len(watch.desk.project.items) == 3


def test_the_real_core_from_order_to_timeline(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real worker, a real separation, one undo step; the stems' sum is the source."""
    home = watch.desk.home / "data"
    monkeypatch.setenv("STEMBRIDGE_HOME", str(home))
    watch.install([sys.executable, "-P", "-m", "stembridge"])
    desk, lua = watch.desk, watch.host.lua
    item = desk.project.add_track("Guitar").add_item(
        desk.source(seconds=2), position=1.25, startoffs=0.1, length=1.5
    )
    context = desk.context([item])
    folder = watch.jobs / "real1"
    folder.mkdir()
    span = context["span"]
    source = {
        "path": str(desk.home / "Song" / "take.wav"),
        "first_frame": span["frame0"],
        "frames": span["frames"],
    }
    request = {
        "protocol": 1, "kind": "separate", "host": "reaper", "name": "take", "source": source,
        "engine": "offline", "model": "repet", "host_context": context,
        "deliver_to": str(desk.home / "Song" / "Stems"),
    }  # fmt: skip
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    assert lua.call(watch.host.require("core").launch, str(folder)) is True
    watch.add(folder)

    def step() -> bool:
        watch.call("tick")
        return watch.job(folder).get("placed") is True or watch.job(folder)["state"] == "failed"

    watch.host.run_until(step, seconds=120, pause=0.05)
    job = watch.job(folder)
    assert job.get("placed"), job
    folder_of_stems = desk.home / "Song" / "Stems"
    total = np.zeros((span["frames"], 2))
    for track in desk.project.tracks[1:]:
        take = track.items[0].take
        assert take is not None
        assert take.source is not None
        path = take.source.root.path
        assert path is not None
        assert path.parent == folder_of_stems
        total += soundfile.read(path, always_2d=True)[0]
    wanted = soundfile.read(source["path"], start=span["frame0"], frames=span["frames"], always_2d=True)[0]
    assert np.abs(total - wanted).max() < 1e-6
    assert len(watch.host.undo_points) == 1
