"""What the menu entries are told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stembridge_audacity import notices

NOW = 1_800_000_000.0


def test_a_watcher_lives_until_its_beat_is_old(home: Path) -> None:
    assert notices.last_beat(home) is None
    notices.beat(home, pid=17, pipe=True, now=NOW)
    beat = notices.last_beat(home)
    assert beat == notices.Beat(17, NOW, pipe=True)
    assert beat.alive(NOW + notices.STALE_SECONDS - 1)
    assert not beat.alive(NOW + notices.STALE_SECONDS)
    assert not beat.alive(NOW - notices.STALE_SECONDS)  # the clock was set back


def test_the_lisp_has_local_time_in_whole_numbers(home: Path) -> None:
    notices.beat(home, pid=17, pipe=False, now=NOW)
    local = time.localtime(NOW)
    text = (notices.folder(home) / "watch.lsp").read_text()
    year, day, second, pipe = text.strip().strip("()").split()
    assert (int(year), int(day), pipe) == (local.tm_year, local.tm_yday, "nil")
    assert divmod(int(second), 3600)[0] == local.tm_hour
    assert int(second) % 3600 == local.tm_min * 60 + local.tm_sec


def test_a_watcher_that_ends_leaves_no_sign(home: Path) -> None:
    notices.beat(home, pid=17, pipe=True, now=NOW)
    for _ in range(2):
        notices.rest(home)
        assert notices.last_beat(home) is None
        assert list(notices.folder(home).iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": null, "beat": 1, "pipe": true}', "\xff"])
def test_a_sign_that_cannot_be_read_is_none(home: Path, text: str) -> None:
    notices.make_folders(home)
    (notices.folder(home) / "watch.json").write_text(text, encoding="latin-1")
    assert notices.last_beat(home) is None


def test_what_waits_is_a_list_with_quoted_texts(home: Path) -> None:
    row = notices.Waiting(
        job="j1",
        project='Lied "Ä"\\',
        manifest=home / "stems.aup",
        rate=48000,
        first_frame=1,
        frames=48000,
        original="mute",
        tracks=((2, "Git\narre"),),
        files=(home / "a.wav", home / "b.wav"),
    )
    notices.publish(home, [row])
    text = (notices.folder(home) / "finished.lsp").read_text(encoding="utf-8")
    folder = home.as_posix()
    assert text == (
        '(\n("j1" "Lied \\"Ä\\"\\\\" '
        f'"{folder}/stems.aup" "48000" "{1 / 48000!r}" "{48001 / 48000!r}" "mute" '
        f'((2 "Git\\narre")) ("{folder}/a.wav" "{folder}/b.wav"))\n)\n'
    )
    notices.publish(home, [])
    assert (notices.folder(home) / "finished.lsp").read_text() == "(\n\n)\n"


def test_marks_of_the_menu_are_seen_and_forgotten(home: Path) -> None:
    assert notices.imported(home) == frozenset()
    notices.make_folders(home)
    (notices.folder(home) / "finished" / "j1.done").write_text("imported\n")
    assert notices.imported(home) == {"j1"}
    notices.forget(home, "j1")
    notices.forget(home, "j1")
    assert notices.imported(home) == frozenset()
