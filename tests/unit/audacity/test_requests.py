"""Requests of the menu plug-ins: what is read, what waits, what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stembridge.jobs.clock import SystemClock
from stembridge.jobs.store import Store
from stembridge.model.errors import UsageError
from stembridge_audacity import requests

NOW = 1_800_000_000.0


def document(**changes: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "what": "separate",
        "preset": "4stems",
        "engine": "auto",
        "model": None,
        "stems": ["Vocals", " drums ", "vocals"],
        "rest": True,
        "original": "mute",
        "project": {"name": 'Lied "Ä" \\ 1', "rate": 44100},
        "selection": {"start": 1.234567, "end": 5.678901},
        "tracks": [
            {"index": 0, "name": "Gitarre", "rate": 48000, "channels": 2, "start": 0, "end": 10.5},
            {"index": 2, "name": "", "rate": 44100.0, "channels": 1, "start": -1.5, "end": 3},
        ],
        "export": None,
    } | changes


def put(home: Path, name: str, data: bytes, age: float = 0.0) -> Path:
    spool = requests.folder(home)
    spool.mkdir(parents=True, exist_ok=True)
    path = spool / f"{name}.json"
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))
    return path


def encoded(**changes: Any) -> bytes:
    return json.dumps(document(**changes), ensure_ascii=False).encode() + b"\n"


def test_a_separation_is_read_whole(home: Path) -> None:
    request = requests.read(put(home, "20261122191216x1", encoded(export="20261122191216x1.wav")))
    assert request.id == "20261122191216x1"
    assert (request.what, request.project, request.project_rate) == ("separate", 'Lied "Ä" \\ 1', 44100.0)
    assert (request.start, request.end) == (1.234567, 5.678901)
    assert request.settings == requests.Settings("4stems", "auto", None, ("vocals", "drums"), True, "mute")
    assert request.tracks == (
        requests.SelectedTrack(0, "Gitarre", 48000.0, 2, 0.0, 10.5),
        requests.SelectedTrack(2, "", 44100.0, 1, -1.5, 3.0),
    )
    assert request.export == requests.folder(home) / "20261122191216x1.wav"


def test_an_id_serves_as_a_jobs_id(home: Path) -> None:
    request = requests.read(put(home, "20261122191216x1", encoded()))
    job = home / "jobs" / request.id  # a host outside the core may choose any name of that kind
    job.mkdir(parents=True)
    (job / "request.json").write_text("{}")
    assert Store(home, SystemClock()).find(request.id).id == request.id


def test_the_others_are_read(home: Path) -> None:
    project = {"name": "", "rate": 48000}
    wishes = {
        "a": {"v": 1, "what": "import", "project": project, "done": ["j1", "j2"]},
        "b": {"v": 1, "what": "cancel", "project": project},
        "c": document(what="last", model="  ", stems=[]),
    }
    for age, (name, wish) in enumerate(wishes.items()):
        put(home, name, json.dumps(wish).encode() + b"\n", age=3.0 - age)
    spool = requests.pending(home, NOW)
    assert not spool.broken
    assert [(row.id, row.what) for row in spool.ready] == [("a", "import"), ("b", "cancel"), ("c", "last")]
    assert spool.ready[0].done == ("j1", "j2")
    last = spool.ready[2].settings
    assert last is not None
    assert (last.model, last.stems) == (None, ())


def test_every_cut_of_a_request_waits_and_then_is_broken(home: Path) -> None:
    whole = encoded()
    for cut in range(len(whole)):
        path = put(home, "one", whole[:cut])
        assert requests.pending(home, NOW).ready == ()
        assert requests.pending(home, NOW).broken == ()
        path.unlink()
    path = put(home, "one", whole[:-1], age=requests.GRACE_SECONDS + 1)
    ((where, error),) = requests.pending(home, NOW).broken
    assert where == path
    assert "finished" in error.message
    assert error.hint
    put(home, "one", whole, age=requests.GRACE_SECONDS + 1)
    assert len(requests.pending(home, NOW).ready) == 1


def test_names_that_are_no_utf8_are_read_all_the_same(home: Path) -> None:
    request = requests.read(put(home, "one", encoded().replace("Ä".encode(), b"\xc4")))
    assert request.project == 'Lied "\ufffd" \\ 1'


@pytest.mark.parametrize(
    "change",
    [
        {"what": "dance"},
        {"what": None},
        {"preset": " "},
        {"preset": 4},
        {"label": 1},
        {"group": {"id": "a-b", "count": 2}},
        {"group": {"id": "ab", "count": 0}},
        {"group": "ab"},
        {"engine": "warp"},
        {"model": 40},
        {"stems": "vocals"},
        {"stems": [1]},
        {"rest": 1},
        {"original": "burn"},
        {"project": {"name": "x"}},
        {"project": {"name": "x", "rate": 0}},
        {"project": {"name": "x", "rate": True}},
        {"project": []},
        {"selection": {"start": 2, "end": 2}},
        {"selection": {"start": 2, "end": 1}},
        {"selection": {"start": "0", "end": 1}},
        {"tracks": []},
        {"tracks": [{}]},
        {"tracks": [3]},
        {"tracks": [document()["tracks"][0] | {"index": -1}]},
        {"tracks": [document()["tracks"][0] | {"index": True}]},
        {"tracks": [document()["tracks"][0] | {"channels": 3}]},
        {"export": "../../other.wav"},
        {"export": True},
        {"extra": 1},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_in_a_sentence(home: Path, change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"can't be understood \(.+\)\.$") as caught:
        requests.read(put(home, "one", encoded(**change)))
    assert caught.value.hint


def test_requests_of_one_click_name_their_group_and_their_labels(home: Path) -> None:
    more = {"label": " Verse 1 ", "group": {"id": "20261122x1", "count": 3}, "preset": "Mine.2"}
    request = requests.read(put(home, "one", encoded(**more)))
    assert (request.label, request.group, request.count) == ("Verse 1", "20261122x1", 3)
    assert request.settings is not None
    assert request.settings.preset == "mine.2", "whether it is there still is seen when it is ordered"


def other(what: str, **more: Any) -> bytes:
    return (
        json.dumps({"v": 1, "what": what, "project": {"name": "L", "rate": 44100}, **more}).encode() + b"\n"
    )


COMPARE = {
    "choices": [
        {"preset": "vocals", "engine": "offline", "model": None},
        {"preset": "", "engine": "auto", "model": " BS Roformer "},
    ],
    "original": "mute",
    "selection": {"start": 1, "end": 2},
    "tracks": document()["tracks"],
    "export": None,
}
BLEND = {
    "stem": " vocals ",
    "method": "min",
    "models": ["Roformer", " "],
    "original": "leave",
    "selection": {"start": 1, "end": 1},
}


def test_wishes_for_several_jobs_are_read(home: Path) -> None:
    compare = requests.read(put(home, "one", other("compare", **COMPARE)))
    assert compare.choices == (
        requests.Settings("vocals", "offline", original="mute"),
        requests.Settings("", "auto", "BS Roformer", original="mute"),
    )
    assert (compare.start, compare.end, len(compare.tracks)) == (1.0, 2.0, 2)
    blend = requests.read(put(home, "two", other("blend", **BLEND)))
    assert blend.words == {"stem": "vocals", "method": "min", "original": "leave"}
    assert (blend.models, blend.start, blend.end) == (("Roformer",), 1.0, 1.0)
    save = requests.read(put(home, "three", other("save", action="replace", name=" mine ", title="")))
    assert save.words == {"action": "replace", "name": "mine", "title": ""}
    answer = requests.read(put(home, "four", other("answer", question="j1q7", choice="agree")))
    assert answer.words == {"question": "j1q7", "choice": "agree"}


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("compare", {**COMPARE, "choices": COMPARE["choices"][:1]}),
        ("compare", {**COMPARE, "choices": COMPARE["choices"] * 3}),
        ("compare", {**COMPARE, "stems": []}),
        ("blend", {**BLEND, "method": "loudest"}),
        ("blend", {**BLEND, "stem": 1}),
        ("save", {"action": "burn", "name": "x", "title": ""}),
        ("save", {"action": "save", "name": "x"}),
        ("answer", {"question": "x"}),
        ("answer", {"question": "x", "choice": "y", "more": 1}),
    ],
)
def test_such_wishes_that_make_no_sense_are_refused(home: Path, what: str, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="can't be understood"):
        requests.read(put(home, "one", other(what, **more)))


@pytest.mark.parametrize(
    "data",
    [b"[]}\n", b"[" * 100_000 + b"}\n", b'{"v": NaN}\n', b'{"v": 1}\n', b"{}\n", b"\x00}\n"],
    ids=["list", "deep", "nan", "bare", "empty", "zero"],
)
def test_what_is_no_request_is_refused(home: Path, data: bytes) -> None:
    with pytest.raises(UsageError):
        requests.read(put(home, "one", data))


def test_a_number_beyond_floats_is_refused(home: Path) -> None:
    data = encoded().replace(b"5.678901", b"1e999")
    with pytest.raises(UsageError, match="out of range"):
        requests.read(put(home, "one", data))


def test_another_version_names_the_setup(home: Path) -> None:
    with pytest.raises(UsageError, match="another version") as caught:
        requests.read(put(home, "one", encoded(v=2)))
    assert "stembridge setup audacity" in caught.value.hint


def test_a_name_that_is_no_id_is_refused(home: Path) -> None:
    with pytest.raises(UsageError, match="letters and digits"):
        requests.read(put(home, "a-b", encoded()))


def test_a_huge_file_is_not_read_whole(home: Path) -> None:
    with pytest.raises(UsageError):
        requests.read(put(home, "one", b" " * (requests.MOST_BYTES + 1) + b"{}\n"))


def test_removing_takes_the_sound_first_and_may_be_repeated(home: Path) -> None:
    path = put(home, "one", encoded(export="one.wav"))
    sound = path.with_suffix(".wav")
    sound.write_bytes(b"RIFF")
    request = requests.read(path)
    for _ in range(2):
        requests.remove(home, request)
        assert not path.exists()
        assert not sound.exists()


def test_no_spool_is_an_empty_spool(home: Path) -> None:
    assert requests.pending(home, NOW) == requests.Spool((), ())
