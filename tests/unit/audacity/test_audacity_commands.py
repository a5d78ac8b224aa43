"""`stembridge audacity` as far as it needs no Audacity: choices that can't be, jobs that aren't there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stembridge_audacity import notices
from tests.e2e.command import Command, music, write


@pytest.fixture
def command(home: Path, tmp_path: Path) -> Command:
    return Command(home, tmp_path)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("separate", "--preset", "vocls"), "no preset called 'vocls'"),
        (("separate", "--preset", "6stems", "--engine", "offline"), "embedded engine can't do"),
        (("separate", "--last"), "no settings of the time before"),
        (("separate", "--model", "repet", "--opt", "x"), "'x' is not an option"),
        (("separate", "--original", "delete"), "delete"),
        (("import", "nothing"), "no job called 'nothing'"),
        (("watch", "--at-login", "--not-at-login"), "exclude each other"),
    ],
)
def test_what_can_not_be_is_refused_before_audacity_is_asked(
    command: Command, words: tuple[str, ...], sentence: str
) -> None:
    command("audacity", *words).refused(2, sentence)


def test_status_knows_the_watcher_and_no_foreign_jobs(command: Command) -> None:
    told = command("audacity", "status")
    assert told.code == 0
    assert "No watcher runs" in told.out
    song = write(command.cwd / "song.wav", music(22_050))
    assert command("separate", song, "--model", "repet").code == 0
    job = command.jobs()[0]["id"]
    assert command("audacity", "status", "--json").document["jobs"] == []
    command("audacity", "import", job).refused(15, "doesn't say where in Audacity", "Drag its stems")
    import time

    notices.beat(command.home, pid=os.getpid(), pipe=True, now=time.time())
    document = command("audacity", "status", "--json").document
    assert document["watcher"] == {"pid": os.getpid(), "pipe": True}
    assert document["questions"] == []
    folder = notices.folder(command.home) / "sets" / "s1"
    folder.mkdir(parents=True)
    text = '{"kind": "batch", "state": "asked", "question": "For 6 credits?", "parts": []}'
    (folder / "set.json").write_text(text, encoding="utf-8")
    document = command("audacity", "status", "--json").document
    assert document["questions"] == [{"id": "s1", "message": "For 6 credits?"}]
    assert "Answer Question... asks: For 6 credits?" in command("audacity", "status").out


@pytest.mark.skipif(sys.platform != "linux", reason="the login's file is Linux's here")
def test_the_watcher_starts_at_login_if_the_user_wants(command: Command, tmp_path: Path) -> None:
    command.environ["XDG_CONFIG_HOME"] = str(tmp_path / "cfg")
    told = command("audacity", "watch", "--at-login")
    assert (told.code, "starts at every login" in told.err) == (0, True)
    assert command("audacity", "status", "--json").document["at_login"]
    assert "no more" in command("audacity", "watch", "--not-at-login").err
    assert "didn't" in command("audacity", "watch", "--not-at-login").err
    assert not list((tmp_path / "cfg" / "autostart").iterdir())
