"""core.lua: finding the core, starting it, and asking it; the core is real where it can be."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.reaper import Reaper
from tests.lua import desk

SETUP = "stembridge setup reaper"

ANSWER = """
import json, pathlib, sys, time
folder = pathlib.Path(sys.argv[2])
assert sys.argv[1] == "run"
what = json.loads((folder / "request.json").read_text(encoding="utf-8"))
def event(seq, type, **more):
    with (folder / "events.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"v": 1, "seq": seq, "ts": 1.0, "type": type, **more}) + chr(10))
"""


def ask(host: Reaper, what: str, arguments: dict[str, Any] | None = None) -> Any:
    core = host.require("core")
    return host.lua.call(core["query"], what, arguments or {})


def answer(host: Reaper, query: Any, seconds: float = 20) -> dict[str, Any]:
    """Poll once a tick, inside the budget."""
    host.budget = desk.BUDGET
    found: list[dict[str, Any]] = []
    poll = host.lua.eval(
        "function(query, done) local function tick() local got = query:poll() "
        "if got then done(got) else reaper.defer(tick) end end reaper.defer(tick) end"
    )
    host.lua.call(poll, query, lambda got: found.append(host.lua.python(got)))
    host.run_until(lambda: found, seconds=seconds, pause=0.001)
    return found[0]


def test_no_core_json_names_the_command(host: Reaper) -> None:
    found, sentence = host.require("core")["find"]()
    assert found is None
    assert SETUP in sentence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "can't be read"),
        ("[]", "can't be read"),
        ('{"argv": [], "home": "/x", "protocol": 1}', "can't be read"),
        ('{"argv": ["x"], "protocol": 1}', "can't be read"),
        ('{"argv": "x", "home": "/x", "protocol": 1}', "can't be read"),
        ('{"argv": ["x"], "home": "/x", "protocol": 2}', "different versions"),
        ('{"argv": ["x"], "home": "/x"}', "different versions"),
    ],
)
def test_a_core_json_that_does_not_fit_names_the_command(host: Reaper, text: str, words: str) -> None:
    desk.install(host).write_text(text, encoding="utf-8")
    found, sentence = host.require("core")["find"]()
    assert found is None
    assert words in sentence
    assert SETUP in sentence
    assert SETUP in answer(host, ask(host, "presets"))["error"]["message"]


def test_a_core_that_was_moved_away_is_told(host: Reaper) -> None:
    desk.install(host, argv=[str(host.folder / "gone" / "stembridge")])
    error = answer(host, ask(host, "presets"))["error"]
    assert "isn't at" in error["message"]
    assert SETUP in error["message"]
    assert desk.leftovers() == []
    assert host.processes.started == []


def test_a_home_that_can_not_be_written_is_told(host: Reaper, tmp_path: Path) -> None:
    blocker = tmp_path / "blocker"
    blocker.write_text("a file where a folder should be")
    desk.install(host, home=str(blocker))
    assert "can't be written to" in answer(host, ask(host, "presets"))["error"]["message"]


@pytest.mark.parametrize("home", ["Job home é漢", "it's", "a & b"])
def test_the_core_is_started_hidden_with_one_path(host: Reaper, tmp_path: Path, home: str) -> None:
    marker = tmp_path / "said.json"
    desk.install(
        host,
        f"import json, pathlib, sys; pathlib.Path({str(marker)!r}).write_text(json.dumps(sys.argv))",
        home=str(tmp_path / home),
    )
    core = host.require("core")
    request = host.lua.value({"kind": "query"})
    folder, job = host.lua.call(core["new_job"], request, None)
    assert job.isalnum()
    assert Path(folder) == tmp_path / home / "jobs" / job
    assert host.lua.call(core["launch"], folder) is True
    (started,) = host.processes.started
    assert started.timeout == -2
    host.run_until(marker.exists, seconds=10)
    time.sleep(0.05)
    assert json.loads(marker.read_text())[1:] == ["run", folder]


def test_ids_are_letters_and_digits_and_never_the_same(host: Reaper) -> None:
    ids = host.require("ids")
    made = {ids["new"]() for _ in range(500)}
    assert len(made) == 500
    assert all(name.isalnum() and name.isascii() and ids["is_id"](name) for name in made)
    assert not any(ids["is_id"](name) for name in ("", "a-b", "a/b", "é", "x" * 65))


def test_a_job_appears_whole_and_fill_comes_before_the_request(host: Reaper) -> None:
    desk.install(host)
    core = host.require("core")
    seen: list[bool] = []

    def fill(folder: str) -> bool:
        seen.append((Path(folder) / "request.json").exists())
        (Path(folder) / "input.wav").write_bytes(b"x")
        return True

    folder, _ = host.lua.call(core["new_job"], host.lua.value({"kind": "separate"}), fill)
    assert seen == [False]
    assert sorted(path.name for path in Path(folder).iterdir()) == ["input.wav", "request.json"]
    assert json.loads((Path(folder) / "request.json").read_text()) == {"kind": "separate"}


def test_a_fill_that_fails_leaves_nothing(host: Reaper) -> None:
    desk.install(host)
    core = host.require("core")
    fill = host.lua.eval("function() return nil, 'No audio.' end")
    assert host.lua.call(core["new_job"], host.lua.value({}), fill) == (None, "No audio.")
    assert list(desk.jobs_folder().iterdir()) == []


def test_what_has_no_json_is_no_job(host: Reaper) -> None:
    desk.install(host)
    core = host.require("core")
    request = host.lua.eval("{name = '\\xff'}")
    folder, sentence = host.lua.call(core["new_job"], request, None)
    assert folder is None
    assert "can't be written" in sentence
    assert list(desk.jobs_folder().iterdir()) == []


def real(host: Reaper) -> None:
    desk.install(host, argv=[sys.executable, "-P", "-m", "stembridge"])


def test_the_real_core_answers_presets(host: Reaper) -> None:
    real(host)
    rows = answer(host, ask(host, "presets"))["rows"]
    assert [row["id"] for row in rows][:2] == ["vocals", "4stems"]
    assert rows[0]["mvsep"]["stems"] == ["vocals", "instrumental"]
    assert desk.leftovers() == []


def test_the_real_core_gives_its_catalogue_in_slices(host: Reaper) -> None:
    real(host)
    rows = answer(host, ask(host, "catalogue"))["rows"]
    assert len(rows) > 50
    assert {"offline", "mvsep"} <= {row["engine"] for row in rows}
    assert max(host.instructions.values()) <= desk.BUDGET


def test_the_real_core_refuses_in_its_own_words(host: Reaper) -> None:
    real(host)
    error = answer(
        host, ask(host, "quote", {"source": {"path": "/nowhere/at all.wav"}, "engine": "offline"})
    )["error"]
    assert error["code"] == "source_missing"
    assert "isn't there" in error["message"]
    assert error["hint"]


def test_big_answers_take_many_ticks_and_no_more_than_the_budget(host: Reaper) -> None:
    desk.install(
        host,
        ANSWER
        + """
options = [[str(o), "x" * 9] for o in range(30)]
fields = [{"name": "f%d" % k, "options": options} for k in range(8)]
rows = [{"id": n, "name": "é" * 40, "fields": fields} for n in range(150)]
text = chr(10).join(json.dumps(row, ensure_ascii=False) for row in rows) + chr(10)
(folder / "rows.jsonl").write_text(text, encoding="utf-8", newline=chr(10))
event(1, "accepted"); event(2, "finished")
""",
    )
    host.budget = desk.BUDGET
    rows = answer(host, ask(host, "catalogue"))["rows"]
    assert [row["id"] for row in rows] == list(range(150))
    assert rows[149]["fields"][7]["options"][29] == ["29", "x" * 9]
    assert 20_000 < max(host.instructions.values()) <= desk.BUDGET


def test_rows_that_are_no_json_are_told(host: Reaper) -> None:
    desk.install(
        host, ANSWER + "(folder / 'rows.jsonl').write_text('{\"a\": 1}\\n{oops\\n'); event(1, 'finished')"
    )
    assert answer(host, ask(host, "catalogue"))["error"]["code"] == "job_corrupt"


def test_a_failure_keeps_its_words(host: Reaper) -> None:
    desk.install(
        host, ANSWER + "event(1, 'failed', code='key_missing', message='No key is stored.', hint='Log in.')"
    )
    error = answer(host, ask(host, "catalogue"))["error"]
    assert error == {"code": "key_missing", "message": "No key is stored.", "hint": "Log in."}


def test_another_protocol_names_the_command(host: Reaper) -> None:
    line = json.dumps({"v": 2, "seq": 1, "type": "x"}) + "\n"
    desk.install(host, f"import pathlib, sys; pathlib.Path(sys.argv[2], 'events.jsonl').write_text({line!r})")
    error = answer(host, ask(host, "catalogue"))["error"]
    assert error["code"] == "protocol"
    assert SETUP in error["hint"]


def test_a_core_that_never_starts_is_told_after_a_while(host: Reaper) -> None:
    desk.install(host)
    query = ask(host, "catalogue")
    host.tick()
    host.advance(60)
    error = answer(host, query)["error"]
    assert "didn't start" in error["message"]
    assert "stembridge doctor" in error["hint"]


def test_a_core_that_dies_is_told_after_a_while(host: Reaper) -> None:
    desk.install(host, ANSWER + "event(1, 'accepted')")
    query = ask(host, "catalogue")
    log = Path(host.lua.eval("function(q) return q.folder end")(query)) / "events.jsonl"
    host.run_until(lambda: log.exists() and log.read_bytes().endswith(b"\n"), seconds=10)
    poll = host.lua.eval("function(q) return q:poll() end")
    assert host.lua.call(poll, query) is None
    host.advance(130)
    assert "stopped answering" in answer(host, query)["error"]["message"]


def test_a_question_can_be_given_up(host: Reaper) -> None:
    desk.install(host)
    query = ask(host, "catalogue")
    folder = Path(host.lua.eval("function(q) return q.folder end")(query))
    host.lua.eval("function(q) q:cancel() q:cancel() end")(query)
    assert (folder / "cancel").exists()
    assert answer(host, query)["error"]["code"] == "cancelled"
