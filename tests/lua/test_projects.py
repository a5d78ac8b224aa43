"""Which project a job belongs to: tabs that close, come twice, are renamed, or stay in the background."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import HostViolation, Project
from tests.lua.placing import Desk, names


def find(desk: Desk, context: dict[str, Any], hint: Project | None = None) -> Project | None:
    """Ask the library which open project a job belongs to."""
    found = desk.host.lua.call(
        desk.host.lua.eval(
            "function(context, hint) require('projects') "
            "local proj = require('projects').find(context, hint) "
            "for i = 0, 99 do local p = reaper.EnumProjects(i) if not p then return -1 end "
            "if p == proj then return i end end end"
        ),
        context,
        hint,
    )
    return None if found < 0 else desk.host.projects[found]


def job_of(desk: Desk) -> tuple[dict[str, Any], Path]:
    """Leave a finished job for one item of the desk's project."""
    item = desk.project.add_track("Guitar").add_item(desk.source(), position=1)
    context = desk.context([item])
    return context, desk.job(context)


def test_an_id_is_made_once_and_stays(desk: Desk) -> None:
    """It lies in the project, and its making changes nothing that a user undoes."""
    before = desk.state()
    first, second = desk.facts(), desk.facts()
    assert first == second
    assert first["id"].startswith("p")
    assert first["path"].endswith("Song.rpp")
    assert first["name"] == "Song.rpp"
    assert desk.state() == before or "stembridge" in desk.state().lower()
    assert not desk.host.litter
    other = desk.host.open_project()
    assert desk.facts(other)["id"] != first["id"]
    assert desk.facts(other)["path"] == ""


def test_a_background_tab_gets_its_stems_and_stays_in_the_background(desk: Desk) -> None:
    """The tab is switched to and back inside one tick."""
    _, folder = job_of(desk)
    other = desk.host.open_project(desk.home / "Other.rpp")
    other.add_track("Untouched")
    desk.placed(folder)
    assert desk.host.project is other
    assert names(other) == ["Untouched"]
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]
    assert [point.label for point in desk.project.undo_stack] == ["Stembridge: import stems"]
    assert not other.undo_stack


def test_a_fault_in_the_background_comes_back_to_the_users_tab(desk: Desk) -> None:
    """Whatever goes wrong."""
    _, folder = job_of(desk)
    other = desk.host.open_project()
    desk.host.functions["SetMediaItemTake_Source"] = lambda _take, _source: False
    assert desk.bring(folder)[2] == "failed"
    assert desk.host.project is other


def test_the_host_refuses_what_a_careless_script_would_do(desk: Desk) -> None:
    """A guard on the guard: a background tab's item through a function without a project."""
    item = desk.project.add_track("Guitar").add_item(desk.source())
    desk.host.open_project()
    with pytest.raises(HostViolation):
        desk.host.lua.call(desk.host.lua.eval("function(i) return reaper.GetActiveTake(i) end"), item)


@pytest.mark.parametrize("saved", [True, False])
def test_a_closed_project_waits(desk: Desk, saved: bool) -> None:
    """Its job stays finished; opened again, also when its id was never saved, it gets its stems."""
    item = desk.project.add_track("Guitar").add_item(desk.source(), position=1)
    path = desk.project.path
    assert path is not None
    if not saved:
        desk.host.save(path, desk.project)
    context = desk.context([item])
    folder = desk.job(context)
    if saved:
        desk.host.save(path, desk.project)
    desk.host.open_project()
    desk.host.close_project(desk.project)
    done, sentence, code = desk.bring(folder)
    assert done is None
    assert code == "no_project"
    assert "'Song.rpp' isn't open" in sentence
    desk.project = desk.host.open_project(path)
    assert (desk.facts()["id"] == context["project"]["id"]) == saved
    desk.placed(folder)
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]


def test_saved_under_another_name(desk: Desk) -> None:
    """The id goes with the project."""
    context, folder = job_of(desk)
    desk.project.path = desk.home / "Song" / "Song v2.rpp"
    assert find(desk, context) is desk.project
    assert desk.placed(folder)["notes"] in ([], {})


def test_the_same_project_in_two_tabs(desk: Desk) -> None:
    """The tab that it was started from wins; then the one with the path; then the one that is looked at."""
    context, _ = job_of(desk)
    path = desk.project.path
    assert path is not None
    desk.host.save(path, desk.project)
    twin = desk.host.open_project(path)
    assert find(desk, context, desk.project) is desk.project
    assert find(desk, context) is twin
    desk.host.select_project(desk.project)
    assert find(desk, context) is desk.project
    desk.project.path = desk.home / "copy.rpp"
    assert find(desk, context) is twin
    assert find(desk, context, desk.project) is desk.project


def test_an_id_that_an_undo_took_away(desk: Desk) -> None:
    """Where REAPER undoes ext state too, the unsaved project is known by what was sent."""
    desk.project = desk.host.open_project()
    context, folder = job_of(desk)
    desk.project.ext_state.clear()
    desk.host.open_project()
    assert find(desk, context) is desk.project
    desk.placed(folder)
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]


def test_another_project_in_the_same_tab_is_another_project(desk: Desk) -> None:
    """A pointer that lives on names nothing by itself."""
    context, folder = job_of(desk)
    desk.project.ext_state.clear()
    desk.project.path = None
    desk.project.state.tracks.clear()
    assert find(desk, context, desk.project) is None
    assert desk.bring(folder)[2] == "no_project"


def test_the_ledger_keeps_the_open_jobs(desk: Desk) -> None:
    """Per project and for all of REAPER, each id once, on one line; an import takes it out."""
    _, folder = job_of(desk)
    ledger, lua = desk.host.require("ledger"), desk.host.lua
    for job in (folder.name, "other7", folder.name):
        lua.call(ledger.add, desk.project, job)
    lua.call(ledger.add, None, "elsewhere")
    assert lua.python(lua.call(ledger.of, desk.project)) == [folder.name, "other7"]
    assert lua.python(lua.call(ledger.everywhere)) == [folder.name, "other7", "elsewhere"]
    assert desk.host.persistent["Stembridge", "jobs"] == f"{folder.name} other7 elsewhere"
    desk.placed(folder)
    assert lua.python(lua.call(ledger.of, desk.project)) == ["other7"]
    assert lua.python(lua.call(ledger.everywhere)) == ["other7", "elsewhere"]
    desk.host.restart()
    assert lua.python(lua.call(ledger.everywhere)) == ["other7", "elsewhere"]


def test_a_ledger_that_somebody_damaged(desk: Desk) -> None:
    """Only ids of jobs are taken out of it: nothing that could be a path."""
    desk.host.ext_state["Stembridge", "jobs"] = "../../etc job1 <x> job1\tjob2"
    lua = desk.host.lua
    assert lua.python(lua.call(desk.host.require("ledger").everywhere)) == ["job1", "job1", "job2"]
