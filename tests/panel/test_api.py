"""What comes from outside: bodies, names, ids, files. Nothing of it is a path, nothing unknown is taken."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from stembridge.panel import uploads
from tests.browser.panel import Panel
from tests.e2e.command import music, until, write
from tests.panel.conftest import Shop

TRAVERSALS = [
    "..", "../..", "..%2f..%2fpanel.json", "%2e%2e%2f", "....//", "%00", "a%00b", "~", "C:%5cx", "con", "NUL",
    "%ff%fe", "x" * 300, "jobs", ".", "*", "%252e%252e%252f", "último",
]  # fmt: skip


def tree(folder: Path) -> dict[str, int]:
    """Give every file of a data folder with its size, but logs and what is worked out meanwhile."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".txt", ".log"} and "cache" not in path.parts
    }


@pytest.mark.parametrize("bad", TRAVERSALS)
def test_no_name_leads_anywhere(shop: Shop, bad: str) -> None:
    """In every place where a path has a variable part."""
    for path in (
        f"api/jobs/{bad}", f"api/jobs/{bad}/tracks/vocals/audio", f"api/jobs/{shop.id}/tracks/{bad}/audio",
        f"api/jobs/{shop.id}/tracks/{bad}/peaks", f"api/jobs/{shop.id}/tracks/{bad}/file",
        f"api/jobs/{bad}/zip", f"api/jobs/{shop.id}/zip?stems={bad}", f"api/files/{bad}/audio",
        f"api/files/{bad}/peaks", f"api/compare?jobs={bad},{bad}", bad, f"api/{bad}",
    ):  # fmt: skip
        answer = raw(shop.panel, "GET", path)
        assert answer[0] in {400, 404}, (path, answer[0])
        assert b"http://127.0.0.1" not in answer[1]
    before = tree(shop.panel.home)
    for path in (f"api/jobs/{bad}/remove", f"api/jobs/{bad}/cancel", f"api/history/{bad}/adopt"):
        assert raw(shop.panel, "POST", path, b"{}")[0] in {400, 403, 404, 405}, path
    assert raw(shop.panel, "DELETE", f"api/presets/{bad}")[0] in {400, 404, 405}
    assert tree(shop.panel.home) == before


def raw(panel: Panel, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Ask with a path exactly as it stands here: httpx would tidy it up."""
    line = panel.link.split("/", 3)[3] + path
    head = f"{method} /{line} HTTP/1.1\r\nHost: 127.0.0.1:{panel.port}\r\nConnection: close\r\n"
    if method != "GET":
        head += f"Origin: {panel.origin}\r\nX-Stembridge: panel\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body or b'')}\r\n"
    with socket.create_connection(("127.0.0.1", panel.port), 20) as to:
        to.sendall(head.encode() + b"\r\n" + (body or b""))
        answer = http.client.HTTPResponse(to)
        answer.begin()
        with answer:
            return answer.status, answer.read()


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("jobs", {"file": "a", "path": "/etc/passwd"}, "'path'"),
        ("jobs", {"file": "../../etc/passwd"}, "upload"),
        ("jobs", {"file": 7}, "'file'"),
        ("jobs", {"frames": True, "file": "0" * 16}, "upload"),
        ("jobs", {"compare": [{"model": "repet", "deliver_to": "/tmp/x"}]}, "'deliver_to'"),
        ("jobs", {"compare": []}, "'compare'"),
        ("jobs", {"compare": [1]}, "'compare'"),
        ("jobs", {"compare": [{}] * 9}, "'compare'"),
        ("jobs", {"max_credits": -1}, "max_credits"),
        ("jobs", {"options": {"a": 1}}, "text for text"),
        ("jobs", {"stems": [1]}, "'stems'"),
        ("jobs", {"stems": "vocals"}, "'stems'"),
        ("jobs", {"preset": "vocals", "model": "40"}, "preset"),
        ("jobs", {"levels": True}, "levels"),
        ("quote", {"agree": True}, "'agree'"),
        ("adopt", {"link": 5}, "'link'"),
        ("favourites", {"model": "mvsep:40"}, "'on'"),
        ("favourites", {"model": "../x:1", "on": True}, "engine:model"),
        ("presets", {"name": "a", "order": {"deliver_to": "/x"}}, "deliver_to"),
        ("key", {"key": ""}, "no key"),
        ("key", {"token": "x"}, "'token'"),
    ],
)
def test_what_is_unknown_or_of_another_kind_is_refused(shop: Shop, path: str, body: Any, says: str) -> None:
    """In a sentence, and nothing is made."""
    before = tree(shop.panel.home)
    answer = shop.panel.post(f"api/{path}", body)
    assert answer.status_code in {400, 403, 404}, answer.text
    assert says in answer.json()["error"]["message"]
    assert set(answer.json()["error"]) == {"code", "message", "hint"}
    assert tree(shop.panel.home) == before


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400), (b"[]", "application/json", 400), (b"3", "application/json", 400),
        (b'{"model": NaN, "on": true}', "application/json", 400), (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"model=a&on=1", "application/x-www-form-urlencoded", 400),
        (b'{"model":"mvsep:40","on":true}', "text/plain", 400),
        (b" " * ((1 << 20) + 1), "application/json", 413),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_of_ours(shop: Shop, content: bytes, kind: str, status: int) -> None:
    """Forms and plain text too: they need no leave of another site's browser."""
    headers = {"Origin": shop.panel.origin, "X-Stembridge": "panel", "Content-Type": kind}
    answer = shop.panel.post("api/favourites", content=content, headers=headers)
    assert answer.status_code == status
    assert shop.panel.get("api/favourites").json() == {"models": []}


def test_queries_are_strict_too(shop: Shop) -> None:
    """A misspelt word doesn't silently mean the default."""
    job = f"api/jobs/{shop.id}"
    for path in (
        f"{job}?a=1", f"{job}/tracks/vocals/peaks?levels=256", f"{job}/zip?stem=vocals", "api/history?page=x",
        f"{job}/tracks/vocals/file?gain_db=nan", f"{job}/tracks/vocals/file?gain_db=1e9",
        f"{job}/tracks/vocals/file?gain_db=25", f"{job}/zip?stems=vocals&gains=vocals", "api/compare?jobs=",
        f"{job}/zip?stems=vocals&gains=drums:-3", f"api/compare?jobs={shop.id}",
    ):  # fmt: skip
        assert shop.panel.get(path).status_code in {400, 404}, path


def test_favourites_are_kept(panel: Panel) -> None:
    """In the order in which they were marked; across a restart."""
    assert panel.post("api/favourites", {"model": "mvsep:40", "on": True}).json() == {"models": ["mvsep:40"]}
    panel.post("api/favourites", {"model": "offline:repet", "on": True})
    panel.post("api/favourites", {"model": "mvsep:40", "on": False})
    panel.stop()
    panel.start()
    assert panel.get("api/favourites").json() == {"models": ["offline:repet"]}


# Uploads ------------------------------------------------------------------------------------------------


def upload(panel: Panel, content: bytes, **query: str) -> httpx.Response:
    """Send bytes as a file."""
    return panel.post("api/files", content=content, params=query)


def kept(panel: Panel) -> list[str]:
    """Give what lies in the folder of uploads."""
    folder = panel.home / "panel" / "uploads"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../../evil.wav", "evil.wav"), ("C:\\Users\\a\\song.wav", "song.wav"), ("con.wav", "_con.wav"),
        ("a/../b.wav", "b.wav"), ("Lied 日本.wav", "Lied 日本.wav"), ("x.wav\0.txt", "x.wav_.txt"),
        ("noending", "noending"), ("a" * 500 + ".wav", "a" * 160 + ".wav"), ("..", "audio"), ("a.w/v", "v"),
        ("?", "_"),
    ],
)  # fmt: skip
def test_a_name_never_becomes_a_path(shop: Shop, name: str, file: str) -> None:
    """The file lies in a folder of ours, under a name that every system takes."""
    answer = upload(shop.panel, shop.song.read_bytes(), name=name)
    assert answer.status_code == 200, answer.text
    row = answer.json()
    (found,) = [
        path for path in kept(shop.panel) if path.startswith(row["file"]) and "upload.json" not in path
    ]
    assert found == f"{row['file']}/{file}"
    assert (row["frames"], row["rate"], row["channels"]) == (3 * 44_100 + 77, 44_100, 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no audio"),
        (b"hello, this is text", "no audio file"),
        (b"RIFF\0\0\0\0WAVEfmt ", ""),
        (b"\0" * 4096, ""),
    ],
)
def test_what_is_no_audio_is_refused_and_not_kept(panel: Panel, content: bytes, says: str) -> None:
    """In a sentence."""
    answer = upload(panel, content, name="a.wav")
    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]
    assert kept(panel) == []
    assert not list((panel.home / "panel" / "uploads").iterdir())


def test_an_upload_needs_one_name_and_nothing_else(shop: Shop) -> None:
    """No second name, no folder to put it into."""
    for query in ({}, {"name": ""}, {"name": "a.wav", "folder": "/tmp"}):
        assert upload(shop.panel, b"x", **query).status_code == 400
    answer = shop.panel.post("api/files?name=a&name=b", content=b"x")
    assert answer.status_code == 400


def test_too_much_is_refused_before_it_is_read(shop: Shop) -> None:
    """By what the request itself says of its length."""
    head = {
        "Origin": shop.panel.origin,
        "X-Stembridge": "panel",
        "Content-Length": str(uploads.MOST_BYTES + 1),
    }
    connection = http.client.HTTPConnection("127.0.0.1", shop.panel.port, timeout=10)
    path = shop.panel.link.split("/", 3)[3]
    connection.request("POST", f"/{path}api/files?name=a.wav", headers=head)
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"too large" in answer.read()
    connection.close()


def test_too_much_is_noticed_while_it_comes(tmp_path: Path) -> None:
    """A sender that doesn't say its length is stopped at the limit, and nothing stays."""
    import asyncio

    from stembridge.model.errors import StoreError

    async def chunks() -> Any:
        for _ in range(100):
            yield b"x" * 1000

    with pytest.raises(StoreError, match="too large") as caught:
        asyncio.run(uploads._written(chunks(), tmp_path / "a.wav", 50_000))
    assert caught.value.context["status"] == 413
    assert (tmp_path / "a.wav").stat().st_size <= 50_000


def test_an_upload_that_is_broken_off_leaves_nothing(panel: Panel) -> None:
    """The browser was closed in the middle."""
    path = panel.link.split("/", 3)[3]
    head = (
        f"POST /{path}api/files?name=a.wav HTTP/1.1\r\nHost: 127.0.0.1:{panel.port}\r\n"
        f"Origin: {panel.origin}\r\nX-Stembridge: panel\r\nContent-Length: 10000000\r\n\r\n"
    )
    folder = panel.home / "panel" / "uploads"
    with socket.create_connection(("127.0.0.1", panel.port), 10) as line:
        line.sendall(head.encode() + b"RIFF" + b"x" * 3_000_000)
        until(lambda: folder.is_dir() and any(folder.iterdir()), 10)
    until(lambda: not any(folder.iterdir()), 10)
    assert panel.get("api/state").status_code == 200


def test_a_song_can_be_heard_before_it_is_separated(shop: Shop) -> None:
    """By range, as a job's tracks."""
    file = upload(shop.panel, shop.song.read_bytes(), name="a.wav").json()["file"]
    answer = shop.panel.get(f"api/files/{file}/audio", headers={"Range": "bytes=72-79"})
    assert answer.status_code == 206
    assert answer.content == music(3 * 44_100 + 77)[0].tobytes()


def test_old_uploads_go_and_those_of_jobs_stay(panel: Panel, tmp_path: Path) -> None:
    """When the panel starts anew."""
    import os

    song = write(tmp_path / "s.wav", music(44_100))
    job = panel.order(song)
    panel.finished(job)
    used = json.loads((panel.home / "jobs" / job / "request.json").read_text())["source"]["path"]
    old = panel.upload(write(tmp_path / "old.wav", music(44_100)))["file"]
    young = panel.upload(write(tmp_path / "young.wav", music(44_100)))["file"]
    folder = panel.home / "panel" / "uploads"
    for name in (old, Path(used).parent.name):
        os.utime(folder / name, (1_000_000, 1_000_000))
    panel.stop()
    panel.start()
    until(lambda: not (folder / old).exists(), 20)
    assert (folder / young).exists()
    assert Path(used).exists()


def test_the_same_file_again_is_the_same_source(panel: Panel, tmp_path: Path) -> None:
    """By its bytes and its name; one that was changed on the disk isn't trusted."""
    song = write(tmp_path / "s.wav", music(44_100))
    first = panel.upload(song)["file"]
    assert panel.upload(song)["file"] == first
    other = write(tmp_path / "t.wav", music(44_100))
    assert panel.upload(other)["file"] != first
    assert panel.upload(write(song, music(44_100, seed=4)))["file"] != first
    assert len(kept(panel)) == 6
    (file,) = (panel.home / "panel" / "uploads" / first).glob("*.wav")
    file.write_bytes(file.read_bytes())
    assert panel.upload(write(song, music(44_100)))["file"] != first


def test_what_was_worked_out_for_a_job_goes_with_it(panel: Panel, tmp_path: Path) -> None:
    """Whoever removed it: the panel at once, the command line by the panel's next start."""
    song = write(tmp_path / "s.wav", music(44_100))
    jobs = [panel.order(song), panel.order(song, residual=True)]
    cache = panel.home / "panel" / "cache"
    for job in jobs:
        assert panel.finished(job)["state"] == "ready"
        panel.get(f"api/jobs/{job}/tracks/vocals/peaks?level=256").raise_for_status()
        until(lambda job=job: len(list((cache / job).glob("*.peaks"))) == 4, 30)  # type: ignore[misc]
    panel.post(f"api/jobs/{jobs[0]}/remove").raise_for_status()
    assert not (cache / jobs[0]).exists()
    panel.stop()
    shutil.rmtree(panel.home / "jobs" / jobs[1])
    panel.start()
    until(lambda: not (cache / jobs[1]).exists(), 20)
