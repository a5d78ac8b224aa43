"""`jobs clean` and the disk use of `jobs list`, with the real command."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.e2e.command import Command, music, names, write


def _age(folder: Path, days: float) -> None:
    then = time.time() - days * 86_400
    for path in folder.iterdir():
        os.utime(path, (then, then))


def test_old_jobs_go_and_what_they_delivered_stays(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20_000))
    for out in ("old", "imported", "young"):
        told = command("-q", "separate", song, "--model", "repet", "--out", out, "--again")
        assert told.code == 0
    young, imported, old = (row["id"] for row in command.jobs())
    for job in (old, imported):
        _age(command.folder(job), 31)
    (command.folder(imported) / "host-reaper-1.json").write_text("{}", encoding="utf-8")
    delivered = names(command.cwd / "old")

    command("jobs", "clean", "--older", "30 days").refused(2, "no age", "30d")
    command("jobs", "clean").refused(2, "--older")
    asked = command("jobs", "clean", "--older", "30d")
    assert asked.code == 17
    assert "2 jobs would go" in asked.err
    told = command("jobs", "clean", "--older", "30d", "--keep-imported", "--dry-run")
    assert f"{old}  goes" in told.out
    assert f"{imported}  stays: imported into a project" in told.out
    assert young not in told.out
    assert len(command.jobs()) == 3

    rows = {row["id"]: row for row in command.jobs()}
    told = command("jobs", "clean", "--older", "30d", "--keep-imported", "--yes", "--json")
    assert [row["id"] for row in told.document["removed"]] == [old]
    assert [row["id"] for row in told.document["kept"]] == [imported]
    # The delivered stems are the job's own files under another name: only the rest becomes free.
    assert told.document["freed"] == rows[old]["own_bytes"]
    assert 0 < rows[old]["own_bytes"] < rows[old]["bytes"] - 2 * 20_000 * 8
    assert [row["id"] for row in command.jobs()] == [young, imported]
    assert names(command.cwd / "old") == delivered
    assert "1 job is gone" in command("jobs", "clean", "--older", "4w", "--yes").out
    assert "No finished job" in command("jobs", "clean", "--older", "4w", "--yes").out


def test_the_list_counts_a_file_that_jobs_share_once(command: Command) -> None:
    song = write(command.cwd / "song.wav", music(20_000))
    for out in ("one", "two"):
        assert command("-q", "separate", song, "--model", "repet", "--out", out).code == 0
    rows = command.jobs()
    total = command("jobs", "list").out.splitlines()[-1]
    assert total.startswith("2 jobs, ")
    counted = float(total.split()[2])
    whole = sum(row["bytes"] for row in rows) / 1e6
    assert counted < whole - 0.3, "the second was answered from the first, with its files"
    assert counted >= max(row["bytes"] for row in rows) / 1e6 - 0.1
