"""Several inputs in one command: side by side at the service, and nothing paid twice."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import soundfile as sf

from stembridge.sandbox.jobs import Pace
from stembridge.sandbox.server import Sandbox
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import Command, music, names, write
from tests.e2e.desk import KEY, POSIX, Desk


def test_inputs_are_separated_side_by_side_and_the_same_one_is_paid_once(desk: Desk) -> None:
    desk.login()
    songs = [write(desk.command.cwd / f"song {n}.wav", music(40_000 + n)) for n in range(4)]
    twin = desk.command.cwd / "other" / "song 0.wav"
    twin.parent.mkdir()
    shutil.copy2(songs[0], twin)
    wrong = desk.command.cwd / "notes.wav"
    wrong.write_text("no audio")
    again = songs[1]
    told = desk("separate", *songs, wrong, again, "--engine", "mvsep", "--yes", "--json", "--out", "stems")
    assert told.code == 11
    ends = [line for line in told.lines if line.get("type") == "finished"]
    assert len(ends) == 5
    assert len({line["job"] for line in ends}) == 5
    assert [line["input"] for line in told.lines if "error" in line] == [str(wrong)]
    assert len(desk.service.service.timeline.jobs) == 4
    reused = [line["result"]["reused_from"] for line in ends if line["result"]["reused_from"]]
    assert len(reused) == 1
    for number in range(4):
        folder = desk.command.cwd / "stems" / f"song {number} stems"
        assert {"vocals", "instrumental"} <= {Path(name).stem.rpartition(" - ")[2] for name in names(folder)}
        assert {sf.info(str(file)).frames for file in folder.glob("*.wav")} == {40_000 + number}


def test_the_places_are_kept_full_and_one_that_fails_there_leaves_the_others_alone(
    command: Command, tmp_path: Path
) -> None:
    places, count, bad = 10, 13, 4
    whole = splitter()

    def all_but_one(
        upload: Path | None, sep_type: int, options: Mapping[str, str], folder: Path
    ) -> list[tuple[str, str, Path]]:
        assert upload is not None
        if sf.info(str(upload)).frames == 20_000 + bad:
            raise OSError
        return whole(upload, sep_type, options, folder)

    pace = Pace(service_seconds=2.0, slots=20)
    with Sandbox(tmp_path / "service", all_but_one, premium_key=KEY, pace=pace) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        desk = Desk(command, service)
        desk.login()
        songs = [write(command.cwd / f"song {n}.wav", music(20_000 + n)) for n in range(count)]
        told = desk("separate", *songs, "--engine", "mvsep", "--yes", "--json", "--out", "stems")
        jobs = service.service.timeline.jobs
        assert len(jobs) == count
        busy = [sum(other.created <= job.created < other.ended for other in jobs) for job in jobs]
        assert max(busy) == places
    total = told.lines[-1]
    assert (total["jobs"], total["done"], total["failed"], total["waiting"]) == (count, count - 1, 1, 0)
    (failure,) = total["failures"]
    assert (failure["input"], failure["code"]) == (str(songs[bad]), "engine_failed")
    assert told.code != 0
    assert len(names(command.cwd / "stems")) == count - 1


def test_a_person_hears_which_input_a_word_is_about(desk: Desk) -> None:
    desk.login()
    songs = [write(desk.command.cwd / f"take {n}.wav", music(30_000)) for n in range(2)]
    told = desk("separate", *songs, "--engine", "mvsep", "--yes")
    assert told.code == 0
    assert all(f"{song}:" in told.err for song in songs)


@POSIX
def test_ctrl_c_cancels_all_of_them(command: Command, tmp_path: Path) -> None:
    slow = Pace(service_seconds=60.0)
    with Sandbox(tmp_path / "service", splitter(), premium_key=KEY, pace=slow) as service:
        command.environ["STEMBRIDGE_MVSEP_URL"] = service.url
        _cancel_three(Desk(command, service))


def _cancel_three(desk: Desk) -> None:
    desk.login()
    songs = [write(desk.command.cwd / f"take {n}.wav", music(30_000)) for n in range(3)]
    process = desk.command.start("separate", *songs, "--engine", "mvsep", "--yes", "--json")
    until = time.monotonic() + 60
    while len(desk.service.service.timeline.jobs) < 3:
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.count('"type": "cancelled"') == 3
    assert all(job.removed for job in desk.service.service.timeline.jobs)
    states = [row["state"] for row in desk("jobs", "list", "--json").document]
    assert states == ["cancelled"] * 3
