"""The follower: what a job's events tell, several at once, home by themselves, and workers that die."""
# ruff: noqa: RUF001 - a track's name has a real dash

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.lua.following import Watch
from tests.lua.placing import Desk, names

BUDGET = 200_000


@pytest.fixture
def watch(desk: Desk) -> Watch:
    """Give a desk whose jobs are followed."""
    return Watch(desk)


def test_a_job_tells_what_it_does(watch: Watch) -> None:
    """State, true numbers, why it waits, warnings; unknown types and a torn line change nothing."""
    folder = watch.order(engine="mvsep", model="40", max_credits=3)
    watch.add(folder)
    watch.tick(3)
    job = watch.job(folder)
    assert (job["state"], job["over"], job["name"], job["engine"]) == ("created", False, "take", "mvsep")
    assert (job["model"], job["max_credits"]) == ("40", 3)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.event(folder, "state", state="rendering")
    watch.event(folder, "progress", phase="render", done=10, total=40, unit="frames")
    watch.tick()
    job = watch.job(folder)
    seen = [job[name] for name in ("state", "phase", "done", "total", "unit")]
    assert seen == ["rendering", "render", 10, 40, "frames"]
    watch.event(folder, "state", state="rendered")
    watch.event(folder, "waiting", reason="the quota is used up", until=1800000000)
    watch.event(folder, "warning", code="silent", message="The region is silent.")
    watch.event(folder, "somersault", height=2)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"v": 1, "seq": 99, "ts": 1, "type": "state", "state": "queu')
    watch.tick()
    job = watch.job(folder)
    assert job["waiting"] == {"reason": "the quota is used up", "till": 1800000000}
    assert job["warnings"] == ["The region is silent."]
    assert (job["state"], job.get("phase")) == ("rendered", None)
    assert watch.call("busy")


ENDS: dict[str, dict[str, Any]] = {
    "failed": {"code": "limit", "message": "Too long.", "hint": "Cut it."},
    "cancelled": {"message": "Cancelled."},
}


@pytest.mark.parametrize("end", ENDS)
def test_bad_ends_are_told(watch: Watch, end: str) -> None:
    """With the sentence and what to do; nothing goes on by itself."""
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.event(folder, end, **ENDS[end])
    watch.tick(5)
    job = watch.job(folder)
    assert (job["state"], job["over"], job["message"]) == (end, True, ENDS[end]["message"])
    assert job.get("hint") == ENDS[end].get("hint")
    assert not watch.call("busy")
    watch.tick(5, seconds=100)
    assert not (folder / "launches").exists()


def test_a_question_is_answered_and_the_worker_starts_again(watch: Watch) -> None:
    """answer.json holds the question's id and the choice; then `run` again, with one path."""
    folder = watch.order()
    watch.add(folder)
    choices = [["pay", "Pay 3 credits"], ["stop", "Stop"]]
    words: dict[str, Any] = {
        "id": "cost-1",
        "code": "needs_decision",
        "message": "It costs 3 credits.",
        "hint": "Choose.",
    }
    watch.event(folder, "needs_decision", **words, choices=choices)
    watch.tick(4)
    job = watch.job(folder)
    question = dict(job["question"])
    assert question.pop("choices") == [
        {"id": "pay", "words": "Pay 3 credits"},
        {"id": "stop", "words": "Stop"},
    ]
    assert question == words
    assert (job["state"], watch.call("busy")) == ("needs_decision", False)
    assert watch.call("answer", folder.name, "pay") is True
    answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    assert answer == {"id": "cost-1", "choice": "pay"}
    assert watch.launches(folder, 1) == ["run"]
    assert watch.call("busy")
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.tick(2)
    job = watch.job(folder)
    assert (job["state"], job.get("question")) == ("created", None)
    assert watch.call("answer", folder.name, "pay")[0] is None


def test_cancel_is_a_file(watch: Watch) -> None:
    """A living worker reads it; where none lives one is started to tell the service."""
    alive, asking = watch.order(), watch.order()
    for folder in (alive, asking):
        watch.add(folder)
        watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.event(asking, "needs_decision", id="q", code="c", message="m", hint="h", choices=[])
    watch.tick(6)
    for folder in (alive, asking):
        assert watch.call("cancel", folder.name) is True
        assert (folder / "cancel").read_bytes() == b""
        assert watch.job(folder)["cancelling"]
    assert watch.launches(asking, 1) == ["run"]
    assert not (alive / "launches").exists()
    watch.event(alive, "cancelled", message="Cancelled.")
    watch.tick(3)
    assert watch.call("cancel", alive.name) == (None, "This job is over already.")


def test_a_finished_job_comes_home_by_itself_once(watch: Watch) -> None:
    """Also twice finished events; then nothing is left to do but the peaks, and then nothing."""
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.finish(folder)
    watch.event(folder, "finished", reused_from=None)
    watch.tick(5)
    assert names(watch.desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]
    job = watch.job(folder)
    assert (job["state"], job["placed"], job["count"]) == ("ready", True, 2)
    watch.tick(30)
    assert not watch.call("busy")
    assert len(watch.desk.project.items) == 3
    assert len(watch.host.undo_points) == 1
    assert watch.call("import", folder.name, True) is True
    watch.tick(2)
    assert len(watch.desk.project.items) == 5


def test_a_result_that_isnt_whole_is_told_and_not_tried_again(watch: Watch) -> None:
    """Until the user asks for it."""
    folder = watch.order()
    watch.add(folder)
    stem = next((watch.desk.home / "Song" / "Stems" / folder.name).glob("*vocals*"))
    for path in (stem, folder / "stems" / stem.name):
        path.unlink()
    watch.finish(folder)
    watch.tick(6)
    assert "missing" in watch.job(folder)["refused"]
    assert not watch.call("busy")
    reads = watch.host.files_read.count(str(folder / "result.json"))
    watch.tick(6)
    assert watch.host.files_read.count(str(folder / "result.json")) == reads


@pytest.mark.parametrize("hurdle", ["closed", "recording"])
def test_a_finished_job_waits_for_its_project(watch: Watch, hurdle: str) -> None:
    """Closed, or recording: it comes as soon as that is over, without being asked."""
    desk = watch.desk
    folder = watch.order()
    path = desk.project.path
    assert path is not None
    desk.host.save(path, desk.project)
    watch.add(folder)
    watch.tick(2)
    if hurdle == "closed":
        desk.host.open_project()
        desk.host.close_project(desk.project)
    else:
        desk.project.play_state = 5
    watch.finish(folder)
    watch.tick(6)
    held = watch.job(folder)["held"]
    assert held["code"] == {"closed": "no_project", "recording": "recording"}[hurdle]
    assert "placed" not in watch.job(folder)
    assert not watch.call("busy") or hurdle == "recording"
    if hurdle == "closed":
        desk.project = desk.host.open_project(path)
    else:
        desk.project.play_state = 0
    watch.tick(8)
    assert watch.job(folder)["placed"]
    assert names(desk.project) == ["Guitar", "Guitar – Vocals", "Guitar – Drums"]


def test_a_worker_that_died_is_started_once_more(watch: Watch) -> None:
    """Silence, not a bad pid, says so; the second time the user is told. A late word takes it back."""
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.tick(3)
    for _ in range(20):  # beats keep it alive
        watch.event(folder, "heartbeat")
        watch.tick(1, seconds=20)
    assert not (folder / "launches").exists()
    watch.tick(2, seconds=31)
    assert watch.launches(folder, 1) == ["run"]
    watch.tick(2, seconds=20)
    assert not watch.job(folder).get("stalled")
    watch.tick(2, seconds=31)
    job = watch.job(folder)
    assert job["stalled"]
    assert "twice" in job["message"]
    assert "worker.log" in job["hint"]
    assert not watch.call("busy")
    watch.tick(3, seconds=100)
    assert watch.launches(folder, 1) == ["run"]
    watch.event(folder, "state", state="processing")
    watch.tick(2)
    job = watch.job(folder)
    assert (job.get("stalled"), job["state"], job.get("message")) == (None, "processing", None)


def test_a_worker_that_never_began_is_started_once_more(watch: Watch) -> None:
    """A launch that came to nothing."""
    folder = watch.order()
    watch.add(folder)
    watch.tick(3)
    watch.tick(2, seconds=30)
    assert watch.launches(folder, 1) == ["run"]


def test_resume_goes_on_in_the_same_folder(watch: Watch) -> None:
    """The wish to cancel is taken back first; a job that is well needs no help."""
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.tick(3)
    assert watch.call("resume", folder.name)[0] is None
    watch.call("cancel", folder.name)
    watch.event(folder, "cancelled", message="Cancelled.")
    watch.tick(2)
    assert watch.call("resume", folder.name) is True
    assert not (folder / "cancel").exists()
    assert watch.launches(folder, 1) == ["run"]
    assert watch.job(folder)["state"] == "created"
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.finish(folder)
    watch.tick(5)
    assert watch.job(folder)["placed"]


@pytest.mark.parametrize("rendered", [True, False])
def test_retry_is_a_new_job_of_the_same_order(watch: Watch, rendered: bool) -> None:
    """What the host rendered moves on to it; the old one is off the list of open jobs."""
    folder = watch.order(input=rendered)
    if rendered:
        (folder / "input.wav").write_bytes(b"RIFF")
    watch.add(folder)
    watch.tick(2)
    watch.event(folder, "failed", code="engine_failed", message="No.", hint="Retry.")
    watch.tick(2)
    order = (folder / "request.json").read_bytes()
    watch.call("retry", folder.name)
    new = next(watch.jobs / name for name in watch.ids() if name != folder.name)
    assert (new / "request.json").read_bytes() == order
    assert (new / "input.wav").exists() == rendered
    assert not (folder / "input.wav").exists()
    assert watch.launches(new, 1) == ["run"]
    ledger = watch.host.require("ledger")
    assert watch.host.lua.python(watch.host.lua.call(ledger.of, watch.desk.project)) == [new.name]
    assert watch.call("retry", new.name)[0] is None


def test_another_version_of_the_protocol_is_told(watch: Watch) -> None:
    """With the command that mends it."""
    folder = watch.order()
    watch.add(folder)
    (folder / "events.jsonl").write_text('{"v": 2, "seq": 1, "ts": 1, "type": "state"}\n', encoding="utf-8")
    watch.tick(4)
    job = watch.job(folder)
    assert (job["state"], job["hint"]) == ("failed", "Run `stembridge setup reaper`.")


def test_without_a_core_there_is_one_sentence(watch: Watch) -> None:
    """It says which command to run."""
    (watch.host.resource / "Data" / "Stembridge" / "core.json").unlink()
    fine, sentence = watch.call("open")
    assert fine is None
    assert "stembridge setup reaper" in sentence


def test_many_jobs_stay_within_the_budget(watch: Watch) -> None:
    """Long requests, long logs, a full data folder: no tick above the budget, and all come home."""
    script_jobs = []
    points = "".join(f"PT {i * 0.01} {i % 7 * 0.1} 0\n" for i in range(2000))
    for number in range(6):
        folder = watch.order(context={"set": f"s{number}"})
        request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
        take = request["host_context"]["parts"][0]["take"]
        take["stretch"] = [{"pos": i, "srcpos": i * 1.5, "slope": 0} for i in range(1000)]
        take["envelopes"] = ["<VOLENV\nACT 1\n" + points + ">"]
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        for event in range(1500):
            watch.event(folder, "progress", phase="upload", done=event, total=1500, unit="bytes")
        script_jobs.append(folder)
    for number in range(40):
        other = watch.jobs / f"query{number}"
        other.mkdir()
        (other / "request.json").write_text('{"kind": "query", "host": "reaper"}', encoding="utf-8")
    watch.host.budget = BUDGET
    watch.host.run_script(watch.script())
    watch.host.tick(400)
    for folder in script_jobs[:3]:
        watch.finish(folder)

    def home() -> bool:
        return sum(len(track.items) for track in watch.desk.project.tracks) == 6 + 3 * 2

    def step() -> bool:
        watch.host.advance(0.1)
        return home()

    watch.host.run_until(step, seconds=60, pause=0)
    spent = max(watch.host.instructions.values())
    assert 0 < spent <= BUDGET


def test_a_long_transcript_stays_within_the_budget(watch: Watch) -> None:
    """Its result is parsed in slices; what is refused after that costs no more than a tick."""
    folder = watch.order()
    result = json.loads((folder / "kept.json").read_text(encoding="utf-8"))
    result["labels"] = [[i * 0.0001, i * 0.0001 + 0.00005, f"word {i}"] for i in range(5000)]
    result["stems"][0]["frames"] += 1
    (folder / "kept.json").write_text(json.dumps(result), encoding="utf-8")
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
    assert "frames instead of" in script.lua.eval("package.loaded.follow.list()[1].refused")
    assert not watch.host.undo_points
    result["stems"][0]["frames"] -= 1
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    script.lua.execute("package.loaded.follow.import_finished()")
    watch.host.tick(60)
    item = watch.desk.project.items[0]
    assert item.take is not None
    assert len(item.take.markers) == 5000
    assert len(watch.host.undo_points) == 1


def test_an_undo_that_takes_ext_state_along(watch: Watch) -> None:
    """Where REAPER undoes what scripts keep in the project, the note in the job's folder still knows."""
    watch.host.undo_restores_ext_state = True
    folder = watch.order()
    watch.add(folder)
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.finish(folder)
    watch.tick(5)
    assert len(watch.desk.project.items) == 3
    watch.host.undo()
    script = watch.host.run_script(watch.script())
    watch.tick(10)
    for _ in range(30):
        watch.host.advance(0.3)
        watch.host.tick()
    assert script.lua.eval("package.loaded.follow.list()[1].placed") is True
    script.lua.execute("package.loaded.follow.import_finished()")
    watch.host.tick(10)
    assert len(watch.desk.project.items) == 1


def test_two_scripts_share_the_work(watch: Watch) -> None:
    """Both see the jobs; one starts the dead worker, one imports; when it ends the other takes over."""
    first, second = watch.order(), watch.order(context={"set": "s2"})
    scripts = [watch.host.run_script(watch.script()) for _ in range(2)]
    for folder in (first, second):
        watch.event(folder, "accepted", pid=1, version="0", request="separate")
    watch.host.tick(40)

    def pass_time(seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            watch.host.advance(0.5)
            watch.host.tick()

    pass_time(70)
    assert watch.launches(first, 1) == ["run"]
    assert watch.launches(second, 1) == ["run"]
    watch.finish(first)
    pass_time(10)
    assert len(watch.desk.project.items) == 4
    scripts[0].lua.execute("done = true")
    pass_time(1)
    assert len(watch.host.scripts) == 1
    watch.finish(second)
    pass_time(10)
    assert len(watch.desk.project.items) == 6
    assert len(watch.host.undo_points) == 2


def test_an_old_log_is_taken_up_at_its_end(watch: Watch) -> None:
    """A worker that runs for hours leaves a long log: only its end is read, and it tells all."""
    folder = watch.order()
    watch.event(folder, "accepted", pid=1, version="0", request="separate")
    for event in range(3000):
        watch.event(folder, "progress", phase="upload", done=event, total=3000, unit="bytes")
    watch.event(folder, "state", state="processing")
    assert (folder / "events.jsonl").stat().st_size > 250_000
    watch.open()
    watch.tick(14)
    assert watch.job(folder)["state"] == "processing"
    assert not (folder / "launches").exists()


def test_time_passes_while_nobody_looks(watch: Watch) -> None:
    """A beat that is old when REAPER starts says that the worker died with the machine."""
    folder = watch.order()
    watch.event(folder, "accepted", pid=1, version="0", request="separate", ts=time.time() - 3600)
    watch.open()
    watch.tick(20)
    assert watch.launches(folder, 1) == ["run"]
    assert watch.job(folder)["bring"]
