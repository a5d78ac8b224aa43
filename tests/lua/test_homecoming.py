"""Jobs that are compared come home together; steps of other jobs don't come at all."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Item
from tests.lua.following import Watch
from tests.lua.placing import Desk, names

BUDGET = 200_000
FAILED: dict[str, Any] = {"code": "engine_failed", "message": "No.", "hint": "Try again."}
MODELS = ("Roformer", "SCNet", "Demucs", "MDX")
SIX = [
    (stem, stem.capitalize(), "#f3a712") for stem in ("vocals", "drums", "bass", "guitar", "piano", "other")
]


@pytest.fixture
def watch(desk: Desk) -> Watch:
    """Give a desk whose jobs are followed."""
    return Watch(desk)


def ordered(watch: Watch, count: int = 3, **choices: Any) -> tuple[Item, list[Path]]:
    """Send one item to several models; no worker has begun."""
    track = watch.desk.project.add_track("Guitar")
    item = track.add_item(watch.desk.source(), position=2.0)
    item["D_FADEINLEN"] = 0.2
    stems = choices.pop("stems", None)
    folders = []
    for number, title in enumerate(MODELS[:count], 1):
        compare = {"id": "c1", "title": title, "number": number}
        context = watch.desk.context([item], **{"where": "takes", "compare": compare, **choices})
        folder = watch.desk.job(context, **({"stems": stems} if stems else {}))
        (folder / "result.json").rename(folder / "kept.json")
        folders.append(folder)
    return item, folders


def run(watch: Watch, folders: list[Path]) -> None:
    """Follow them, and let a worker begin on each."""
    for folder in folders:
        watch.add(folder)
        watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.tick(8)


def takes(watch: Watch, track: str) -> list[list[str]]:
    return [[take.name for take in item.takes] for item in watch.desk.project.track(track).items]


def test_they_come_in_one_step_when_the_last_has_ended_and_a_failure_leaves_the_others(watch: Watch) -> None:
    item, folders = ordered(watch)
    run(watch, folders)
    watch.finish(folders[1])
    watch.finish(folders[0])
    watch.tick(12)
    assert names(watch.desk.project) == ["Guitar"], "the third is still under way"
    assert watch.call("busy")
    watch.event(folders[2], "failed", **FAILED)
    watch.tick(12)
    assert names(watch.desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]
    assert takes(watch, "Guitar – Vocals") == [["Vocals (Roformer)", "Vocals (SCNet)"]]
    (stems,) = watch.desk.project.track("Guitar – Vocals").items
    assert (stems.position, stems.length, stems["D_FADEINLEN"]) == (item.position, item.length, 0.2)
    assert stems["I_CURTAKE"] == 0
    assert [point.label for point in watch.host.undo_points] == ["Stembridge: import stems"]
    assert watch.job(folders[2])["state"] == "failed"
    before = watch.desk.state()
    assert watch.host.undo()
    assert names(watch.desk.project) == ["Guitar"]
    assert watch.desk.state() != before


def test_a_question_holds_them_back_and_one_that_is_wanted_comes_alone(watch: Watch) -> None:
    _, folders = ordered(watch)
    run(watch, folders)
    watch.event(
        folders[0], "needs_decision", id="q", code="needs_decision", message="Pay?", hint="", choices=[]
    )
    watch.finish(folders[1])
    watch.finish(folders[2])
    watch.tick(12)
    assert names(watch.desk.project) == ["Guitar"]
    assert not watch.call("busy"), "nothing happens without the user"
    assert watch.call("import", folders[2].name, False) is True
    watch.tick(6)
    assert takes(watch, "Guitar – Vocals") == [["Vocals (Demucs)"]]
    watch.event(folders[0], "accepted", pid=1, version="0", request="separate")
    assert watch.call("answer", folders[0].name, "agree") is True
    watch.finish(folders[0])
    watch.tick(12)
    assert takes(watch, "Guitar – Vocals") == [["Vocals (Demucs)", "Vocals (Roformer)", "Vocals (SCNet)"]]
    assert len(watch.host.undo_points) == 2


def test_a_new_start_brings_them_together_too(watch: Watch) -> None:
    _, folders = ordered(watch)
    for folder in folders:
        watch.event(folder, "accepted", pid=1, version="0", request="separate")
        watch.finish(folder)
    watch.open()
    watch.tick(40)
    assert watch.call("import_finished") == 3
    watch.tick(12)
    assert takes(watch, "Guitar – Vocals") == [["Vocals (Roformer)", "Vocals (SCNet)", "Vocals (Demucs)"]]
    assert len(watch.host.undo_points) == 1


def test_lanes_have_the_models_names_and_the_first_plays(watch: Watch, lua: str) -> None:
    _, folders = ordered(watch, where="lanes")
    run(watch, folders)
    for folder in folders:
        watch.finish(folder)
    watch.tick(14)
    track = watch.desk.project.track("Guitar – Drums")
    if lua == "lua53":
        assert takes(watch, "Guitar – Drums") == [["Drums (Roformer)", "Drums (SCNet)", "Drums (Demucs)"]]
        return
    assert [item["I_FIXEDLANE"] for item in track.items] == [0, 1, 2]
    assert [track[f"C_LANEPLAYS:{lane}"] for lane in range(3)] == [1, 0, 0]
    find = watch.host.lua.eval(
        "function(track, lane) return select(2, "
        "reaper.GetSetMediaTrackInfo_String(track, 'P_LANENAME:' .. lane, '', false)) end"
    )
    assert [watch.host.lua.call(find, track, lane) for lane in range(3)] == list(MODELS[:3])


def test_four_models_of_six_stems_come_within_the_budget_of_a_tick(watch: Watch) -> None:
    _, folders = ordered(watch, 4, stems=SIX)
    for folder in folders:
        watch.add(folder)
        watch.event(folder, "accepted", pid=1, version="0", request="separate")
        watch.finish(folder)
    watch.host.budget = BUDGET
    script = watch.host.run_script(watch.script())
    for _ in range(40):
        watch.host.advance(0.31)
        watch.host.tick()
    script.lua.execute("package.loaded.follow.import_finished()")
    watch.host.tick(60)
    assert len(watch.desk.project.tracks) == 7
    assert all(len(track.items[0].takes) == 4 for track in watch.desk.project.tracks[1:])
    assert len(watch.host.undo_points) == 1
    assert 0 < max(watch.host.instructions.values()) <= BUDGET


def test_again_is_beside_what_is_there(watch: Watch) -> None:
    _, folders = ordered(watch, 2)
    run(watch, folders)
    for folder in folders:
        watch.finish(folder)
    watch.tick(12)
    assert watch.call("import", folders[1].name, True) is True
    watch.tick(6)
    names_ = names(watch.desk.project)
    assert names_.count("Guitar – Vocals") == 2
    assert sum(len(item.takes) for item in watch.desk.project.items) == 1 + 4 + 2


def test_the_steps_of_a_chain_are_no_jobs_of_their_own(watch: Watch) -> None:
    parent = watch.order(chain="kit")
    child = watch.order(parent=parent.name)
    for folder in (parent, child):
        watch.event(folder, "accepted", pid=1, version="0", request="separate")
        watch.finish(folder)
    watch.open()
    watch.tick(40)
    assert watch.ids() == [parent.name]


def test_a_blend_is_placed_as_any_result_and_named_so(watch: Watch) -> None:
    folder = watch.order(kind="blend", jobs=["a", "b"], stem="vocals", method="average")
    kept = json.loads((folder / "kept.json").read_text(encoding="utf-8"))
    kept["kind"], kept["host_context"]["title"] = "blend", "blend"
    (folder / "kept.json").write_text(json.dumps(kept), encoding="utf-8")
    run(watch, [folder])
    watch.finish(folder)
    watch.tick(8)
    assert "Guitar – Vocals (blend)" in names(watch.desk.project)
