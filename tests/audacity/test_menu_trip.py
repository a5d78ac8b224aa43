"""From the menu to the stems, with a watcher at work: by the pipe, and without it."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stembridge_audacity import manifest, notices
from tests.audacity.desk import Desk, write_config
from tests.audacity.menus import IMPORT, LAST, MenuUser, install, started, wait_for
from tests.e2e.command import Command

SETTINGS = '"preset":"vocals","engine":"offline","model":"repet","stems":[],"rest":false,"original":"mute"'


@contextlib.contextmanager
def watching(user: MenuUser) -> Iterator[subprocess.Popen[str]]:
    """A watcher that beats, as the user starts it."""
    command = Command(
        user.home, user.folder, {"HOME": str(user.running.home), "DISPLAY": user.running.display}
    )
    process = command.start("audacity", "watch")
    try:
        wait_for("a beat", lambda: notices.last_beat(user.home), 60)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def placed(user: MenuUser) -> bool | None:
    """True once the bridge has written down that its only job's stems are in the project."""
    for path in (user.home / "jobs").glob("*/host-audacity-*.json"):
        with contextlib.suppress(ValueError):
            if json.loads(path.read_bytes())["what"] == "placed":
                return True
    return None


def last_settings(user: MenuUser) -> None:
    notices.make_folders(user.home)
    (notices.folder(user.home) / "last-settings.txt").write_text(f"0{SETTINGS}\n")


def test_the_stems_come_by_the_pipe_and_go_with_one_undo(
    audacity_desk: Desk, tmp_path: Path, home: Path
) -> None:
    profile = audacity_desk.new_home()
    install(profile, home)
    user = MenuUser(started(audacity_desk, profile), home, tmp_path)
    user.track("Lied", seconds=6)
    client = user.running.client
    before = client.tracks()
    user.select(1.234567, 5.0, 0)
    last_settings(user)
    user.running.release()
    with watching(user):
        wait_for("the pipe", lambda: ((beat := notices.last_beat(home)) and beat.pipe) or None, 60)
        user.choose(LAST)
        wait_for("the stems", lambda: placed(user), 120)
    user.running.screenshot(tmp_path / "result.png")
    client = user.running.client
    tracks = client.tracks()
    assert [track.name for track in tracks[1:]] == ["Vocals", "Instrumental"]
    assert tracks[0].mute
    assert [track.start for track in tracks[1:]] == pytest.approx([1.234567] * 2, abs=2e-5)
    client.undo(client.undo_label())
    assert [(t.name, t.mute) for t in client.tracks()] == [(t.name, t.mute) for t in before]


def test_the_stems_come_by_the_menu_when_the_pipe_is_off(
    audacity_desk: Desk, tmp_path: Path, home: Path
) -> None:
    audacity_desk.clear()
    profile = audacity_desk.folder / "home-without-pipe"
    profile.mkdir()
    write_config(profile, module=False)
    install(profile, home)
    user = MenuUser(audacity_desk.start(profile, cured=False), home, tmp_path, title="Audacity")
    try:
        user.running.window("^Audacity$", 60)
        wait_for(
            "the list of plug-ins", lambda: (profile / ".config/audacity/pluginregistry.cfg").exists() or None
        )
        # Without a pipe the menu itself brings in the song, as it does with stems.
        song = user.song("Lied", seconds=6)
        folder = tmp_path / "song"
        folder.mkdir()
        path = manifest.write(folder, [manifest.AudioTrack("Lied", song, 6 * 44_100, 44_100, 2)], 0.0)
        notices.publish(
            home, [notices.Waiting("song", "", path, 44_100, 0, 6 * 44_100, "leave", (), (song,))]
        )
        user.choose(IMPORT)
        assert user.request().done == ("song",)
        last_settings(user)
        user.title = "stems"  # an empty project takes the name of what comes first
        with watching(user):
            beat = wait_for("a beat", lambda: notices.last_beat(home))
            assert not beat.pipe
            user.keys("ctrl+a")
            user.choose(LAST)
            wait_for("finished stems", lambda: _published(home), 120)
            user.choose(IMPORT)
            wait_for("the import", lambda: placed(user), 60)
        user.running.screenshot(tmp_path / "result.png")
    finally:
        audacity_desk.clear()


def _published(home: Path) -> str | None:
    with contextlib.suppress(OSError):
        text = (notices.folder(home) / "finished.lsp").read_text(encoding="utf-8")
        if "vocals" in text.casefold():
            return text
    return None
