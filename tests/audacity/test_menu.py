"""The menu route on the real Audacity: menu, dialog, request, and the import without the pipe."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from stembridge_audacity import manifest, notices, plugins, requests, shelf
from tests.audacity.desk import Desk
from tests.audacity.menus import (
    ANSWER,
    BLEND,
    CANCEL,
    COMPARE,
    IMPORT,
    LAST,
    PRESET,
    SEPARATE,
    MenuUser,
    install,
    refresh,
    started,
)

WAV = "/FileFormats/ExportFormat_SF1_Type/WAV_10000"
_HOMES: dict[int, tuple[Path, Path]] = {}


@pytest.fixture
def user(audacity_desk: Desk, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MenuUser]:
    """A user with an empty project; the same Audacity as the test's before, if it still runs."""
    if id(audacity_desk) not in _HOMES:
        home = tmp_path_factory.mktemp("data") / 'Häuser "x; y'
        _HOMES[id(audacity_desk)] = (audacity_desk.new_home(), home)
        install(*_HOMES[id(audacity_desk)])
    profile, home = _HOMES[id(audacity_desk)]
    running = audacity_desk.running
    if running is not None and running.home == profile and running.sound():
        running.new_project()
    else:
        running = started(audacity_desk, profile)
    shutil.rmtree(notices.folder(home))
    notices.make_folders(home)
    it = MenuUser(running, home, tmp_path)
    yield it
    running.release()
    if not it.tidy:  # a test that failed in the middle: the next one gets another Audacity
        audacity_desk.clear()


def undo(user: MenuUser) -> list[str]:
    """Undo everything of this project, and give the names of the steps, the last one first."""
    steps = []
    client = user.running.client
    while client.tracks():
        label = client.undo_label()
        steps.append(label.removeprefix("Undo "))
        client.undo(label)
    return steps


def waiting_stems(user: MenuUser, original: str, *, rate: int = 44_100, job: str = "j1") -> notices.Waiting:
    """Finished stems of 1.2 s from 1.234567 s on, as the watcher would publish them."""
    first, frames = round(1.234567 * rate), round(1.2 * rate)
    rng = np.random.default_rng(3)
    rows = []
    for name in ("Vocals", "Drums"):
        path = user.folder / f"{job}-{name}.wav"
        sf.write(path, rng.uniform(-0.4, 0.4, (frames, 2)).astype(np.float32), rate, subtype="FLOAT")
        rows.append(manifest.AudioTrack(name, path, frames, rate, 2))
    folder = user.folder / job
    folder.mkdir()
    path = manifest.write(folder, rows, first / rate)
    tracks = ((0, "Lied"),)
    files = tuple(row.file for row in rows)
    return notices.Waiting(job, "Lied", path, rate, first, frames, original, tracks, files)


def test_a_request_from_the_dialog(user: MenuUser) -> None:
    song = user.track("Lied")
    user.select(1.2345678, 5.6789012, 0)
    client = user.running.client
    before = [client.preference(WAV), client.tracks()]
    user.choose(SEPARATE)
    dialog = user.running.window(f"^{SEPARATE}$")
    time.sleep(0.5)
    user.running.screenshot(user.folder / "dialog.png")
    assert dialog
    user.apply()
    user.reply(SEPARATE)  # no watcher: it says how to start one
    request = user.request()
    assert request.what == "separate"
    assert request.settings == requests.Settings("vocals", "auto", None, (), rest=False, original="mute")
    assert request.project == "Lied"
    assert (request.start, request.end) == pytest.approx((1.234568, 5.678901), abs=3e-5)
    (track,) = request.tracks
    assert (track.index, track.name, track.rate, track.channels) == (0, "Lied", 44100.0, 2)
    assert (track.start, track.end) == (0.0, 10.0)
    assert request.export is not None
    first, end = (int(np.floor(t * 44100 + 0.5)) for t in (request.start, request.end))
    source, _ = sf.read(song, dtype="float32")
    heard, rate = sf.read(request.export, dtype="float32")
    assert sf.info(request.export).subtype == "FLOAT"
    assert rate == 44100
    assert np.array_equal(heard, source[first:end])
    client = user.running.client
    assert client.preference(WAV) in {before[0], "2"}  # unset before is the default after
    assert [t.selected for t in client.tracks()] == [True]
    assert undo(user) == ["Import"], "an entry that ends in a message leaves no undo step"


def test_what_is_chosen_is_written(user: MenuUser) -> None:
    user.track("Lied")
    user.select(1.0, 2.0, 0)
    notices.beat(user.home, pid=1, pipe=True, now=time.time())
    user.choose(SEPARATE)
    user.fields(SEPARATE)
    user.keys("Down", "Tab")
    user.type("Vocals, drums")
    user.keys("Tab", "Down", "Tab", "Down", "Tab", "Tab", "Down", "Tab")
    user.type('Ens "x" 1\\2')
    user.running.screenshot(user.folder / "chosen.png")
    user.apply()
    request = user.request()
    assert request.settings == requests.Settings(
        "4stems", "offline", 'Ens "x" 1\\2', ("vocals", "drums"), rest=True, original="replace"
    )
    assert request.export is None, "a watcher with the pipe exports itself"
    time.sleep(0.5)
    with pytest.raises(TimeoutError):
        user.running.window(f"^{SEPARATE}$", timeout=0.5)  # nothing to say: no message


def test_the_last_settings_again_and_tracks_each_on_their_own(user: MenuUser) -> None:
    user.track("Lied")
    user.running.client.pipe.send("NewLabelTrack:", 10)
    user.track("Bass", rate=48_000, channels=1, seconds=8)
    user.select(1.0, 2.5, 0, 1, 2)
    user.choose(LAST)
    user.reply(LAST)  # nothing was chosen yet
    assert user.waiting() == ()
    (notices.folder(user.home) / "last-settings.txt").write_text(
        '0"preset":"vocals","engine":"mvsep","model":null,"stems":["vocals"],"rest":true,"original":"leave"\n'
    )
    user.choose(LAST)
    user.reply(LAST)  # different rates can't be mixed
    assert user.waiting() == ()
    line = (notices.folder(user.home) / "last-settings.txt").read_text()
    (notices.folder(user.home) / "last-settings.txt").write_text("1" + line[1:])
    user.choose(LAST)
    user.reply(LAST)
    one, two = user.waiting()
    assert (one.what, two.what) == ("last", "last")
    assert one.settings == two.settings
    assert one.settings == requests.Settings(
        "vocals", "mvsep", None, ("vocals",), rest=True, original="leave"
    )
    assert [(t.index, t.name, t.rate, t.channels) for t in one.tracks] == [(0, "Lied", 44100.0, 2)]
    assert [(t.index, t.name, t.rate, t.channels) for t in two.tracks] == [(2, "Bass", 48000.0, 1)]
    for request, rate, channels in ((one, 44100, 2), (two, 48000, 1)):
        assert request.export is not None
        info = sf.info(request.export)
        assert (info.samplerate, info.channels, info.frames) == (rate, channels, rate * 3 // 2)
        name = request.tracks[0].name
        source, _ = sf.read(user.folder / f"{name}.wav", dtype="float32")
        heard, _ = sf.read(request.export, dtype="float32")
        assert np.array_equal(heard, source[rate : rate * 5 // 2])
    assert [t.selected for t in user.running.client.tracks()] == [True, True, True]
    assert user.written(one)["project"]["rate"] == 44100


def test_each_label_is_a_request_and_all_are_one_group(user: MenuUser) -> None:
    song = user.track("Lied")
    client = user.running.client
    for text, start, end in (
        ("Strophe 1", 1.0, 2.0),
        ("", 2.5, 2.5),
        ("Refrain", 3.0, 3.5),
        ("x", 4.0, 6.0),
    ):
        client.add_label(text, start, end)
    user.select(0.5, 5.0, 0)
    (notices.folder(user.home) / "last-settings.txt").write_text(
        '2"preset":"vocals","engine":"auto","model":null,"stems":[],"rest":false,"original":"leave"\n'
    )
    user.choose(LAST)
    user.reply(LAST)
    one, two = user.waiting()
    assert [(row.label, row.start, row.end) for row in (one, two)] == [
        ("Strophe 1", 1.0, 2.0), ("Refrain", 3.0, 3.5),
    ]  # fmt: skip
    assert one.group
    assert [(row.group, row.count) for row in (one, two)] == [(one.group, 2)] * 2
    source, _ = sf.read(song, dtype="float32")
    for row in (one, two):
        assert row.export is not None
        heard, _ = sf.read(row.export, dtype="float32")
        assert np.array_equal(heard, source[round(row.start * 44100) : round(row.end * 44100)])
    user.select(6.5, 7.0, 0)
    user.choose(LAST)
    user.reply(LAST)  # no label there
    assert len(user.waiting()) == 2


def test_the_other_dialogs_write_what_is_chosen_and_show_what_is_new(user: MenuUser) -> None:
    user.track("Lied")
    user.select(1.0, 2.0, 0)
    notices.beat(user.home, pid=1, pipe=True, now=time.time())
    user.choose(COMPARE)
    user.fields(COMPARE)
    user.keys("Tab", "Tab", "Tab", "Tab")
    user.type("BS Roformer; 40")
    user.running.screenshot(user.folder / "compare.png")
    user.apply(COMPARE)
    request = user.request()
    assert request.choices == (
        requests.Settings("vocals", "auto", original="mute"),
        requests.Settings("vocals", "offline", original="mute"),
        requests.Settings("", "auto", "BS Roformer", original="mute"),
        requests.Settings("", "auto", "40", original="mute"),
    )
    assert (request.start, request.end, len(request.tracks)) == (1.0, 2.0, 1)
    requests.remove(user.home, request)
    user.choose(BLEND)
    user.running.window(f"^{BLEND}$")
    user.apply(BLEND)
    request = user.request()
    assert request.words == {"stem": "vocals", "method": "average", "original": "leave"}
    assert (request.start, request.end, request.models) == (1.0, 2.0, ())
    requests.remove(user.home, request)
    user.choose(PRESET)
    user.fields(PRESET)
    user.keys("Down", "Tab")
    user.type("mine.2")
    user.running.screenshot(user.folder / "preset.png")
    user.apply(PRESET)
    request = user.request()
    assert request.words == {"action": "replace", "name": "mine.2", "title": ""}
    requests.remove(user.home, request)
    # Both are in the dialogs at once, without a restart of Audacity.
    (user.home / "presets.toml").write_text('["mine.2"]\ntitle = "Mein \'Ä\'"\nstems = ["vocals"]\n')
    question = plugins.Question("j1q7", "12 credits?", (("agree", "Spend them"), ("decline", "Don't")))
    refresh(user.running.home, user.home, question)
    user.choose(ANSWER)
    user.fields(ANSWER)
    user.keys("Down", "Down")
    user.running.screenshot(user.folder / "answer.png")
    user.apply(ANSWER)
    request = user.request()
    assert request.words == {"question": "j1q7", "choice": "decline"}
    requests.remove(user.home, request)
    user.choose(SEPARATE)
    user.fields(SEPARATE)
    user.keys("End")
    user.running.screenshot(user.folder / "own.png")
    user.apply()
    request = user.request()
    assert request.settings is not None
    assert request.settings.preset == _last_preset(user)


def _last_preset(user: MenuUser) -> str:
    rows = shelf.offers(user.home)
    assert "mine.2" in [row.id for row in rows]
    return rows[-1].id


def test_what_cannot_be_heard_is_refused_at_once(user: MenuUser) -> None:
    (notices.folder(user.home) / "last-settings.txt").write_text(
        '0"preset":"vocals","engine":"auto","model":null,"stems":[],"rest":false,"original":"leave"\n'
    )
    user.track("Lied")
    user.select(1.0, 2.0, 0)
    user.running.client.set_track(mute=True)
    user.choose(LAST)
    user.reply(LAST)
    assert user.waiting() == ()
    user.running.client.set_track(mute=False)
    user.select(20.0, 21.0, 0)
    user.choose(LAST)
    user.reply(LAST)
    assert user.waiting() == ()
    assert list(requests.folder(user.home).iterdir()) == []


def test_cancelling_needs_no_selection(user: MenuUser) -> None:
    user.track("Lied")
    user.running.client.pipe.send("SelectNone:", 10)
    user.choose(CANCEL)
    user.reply(CANCEL)
    request = user.request()
    assert (request.what, request.project) == ("cancel", "Lied")


def state(user: MenuUser) -> list[tuple[str, float | None, float | None, bool | None]]:
    """The tracks; Audacity gives their times with six digits."""
    return [(track.name, track.start, track.end, track.mute) for track in user.running.client.tracks()]


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_importing_without_the_pipe_mutes_the_original(user: MenuUser, rate: int) -> None:
    user.track("Lied", rate=rate)
    before = state(user)
    user.select(3.0, 4.0, 0)
    row = waiting_stems(user, "mute", rate=rate)
    notices.publish(user.home, [row])
    user.choose(IMPORT)
    request = user.request()
    assert (request.what, request.project, request.done) == ("import", "Lied", ("j1",))
    assert notices.imported(user.home) == {"j1"}
    requests.remove(user.home, request)
    time.sleep(0.5)
    after = state(user)
    assert [name for name, *_ in after] == ["Lied", "Vocals", "Drums"]
    assert [mute for *_, mute in after] == [True, False, False]
    for _, start, end, _ in after[1:]:
        assert start == pytest.approx(row.first_frame / rate, abs=6e-6)
        assert end == pytest.approx((row.first_frame + row.frames) / rate, abs=6e-6)
    # What lies there is the very stem, on the very frame: hear it.
    client = user.running.client
    client.set_project_rate(rate)
    client.select_only([1])
    client.select_time(row.first_frame / rate, (row.first_frame + row.frames) / rate)
    client.set_preference(WAV, 6)
    client.export(user.folder / "heard.wav", channels=2)
    heard, _ = sf.read(user.folder / "heard.wav", dtype="float32")
    stem, _ = sf.read(row.files[0], dtype="float32")
    assert np.array_equal(heard, stem)
    user.running.screenshot(user.folder / "result.png")
    # A second time does nothing: it is in the project already.
    user.choose(IMPORT)
    user.reply(IMPORT)
    assert state(user) == after
    assert user.waiting() == ()
    client = user.running.client
    steps = []
    while state(user) != before:
        steps.append(client.undo_label())
        client.undo(steps[-1])
    assert steps == ["Undo Import Finished Stems", "Undo Import"]


def test_importing_without_the_pipe_replaces_the_region(user: MenuUser) -> None:
    user.track("Lied")
    before = state(user)
    row = waiting_stems(user, "replace")
    notices.publish(user.home, [row])
    user.choose(IMPORT)
    user.request()
    start, end = row.first_frame / 44100, (row.first_frame + row.frames) / 44100
    around = [
        time for clip in user.running.client.clips() if clip.track == 0 for time in (clip.start, clip.end)
    ]
    assert around == pytest.approx([0.0, start, end, 10.0], abs=6e-6)
    client = user.running.client
    steps = []
    while state(user) != before or len(client.clips()) != 1:
        steps.append(client.undo_label())
        client.undo(steps[-1])
    assert len(steps) <= 3, steps
    assert steps[-1] != "Undo Import"


def test_an_import_that_would_go_wrong_changes_nothing(user: MenuUser) -> None:
    user.track("Lied")
    before = state(user)
    row = waiting_stems(user, "mute")
    elsewhere = replace(row, job="j2", project="Another")
    gone = replace(row, job="j3", files=(user.folder / "gone.wav",))
    moved = replace(row, job="j4", tracks=((0, "Renamed"),))
    for rows in ([], [elsewhere], [gone], [moved]):
        notices.publish(user.home, rows)
        user.choose(IMPORT)
        user.reply(IMPORT)
        assert state(user) == before
        assert user.waiting() == ()
        assert notices.imported(user.home) == frozenset()
    notices.beat(user.home, pid=1, pipe=True, now=time.time())
    notices.publish(user.home, [row])
    user.choose(IMPORT)
    request = user.request()
    assert (request.what, request.done) == ("import", ())  # with the pipe, the watcher imports
    assert state(user) == before
