"""`stembridge run`: the worker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from stembridge.jobs import disk, lock
from stembridge.jobs.clock import SystemClock
from stembridge.jobs.store import Job, let_go
from stembridge.model.errors import StoreError


@click.command()
@click.argument("jobdir", type=click.Path(path_type=Path))
@click.option("--foreground", is_flag=True, help="Work here instead of in a process of its own.")
@click.option("--json", "as_json", is_flag=True, help="Work here, and print the events as JSON lines.")
@click.pass_obj
def run(settings: dict[str, Any], jobdir: Path, *, foreground: bool, as_json: bool) -> int:
    """Work on the job folder JOBDIR, from whatever state it is in.

    The worker detaches itself: the command returns at once and the job goes on when the host that
    started it ends. What happens stands in the folder's events.jsonl; see PROTOCOL.md.
    """
    job = Job(jobdir.absolute())
    if not job.request_file.exists():
        raise StoreError(
            f"'{jobdir}' holds no request.json.",
            code="job_corrupt",
            hint="Give a job folder that a host or `stembridge separate` has made.",
        )
    if foreground or as_json:
        from stembridge.cli import conclude
        from stembridge.cli.compose import Tools

        return conclude.drive(job, Tools(), settings, as_json=as_json)
    if not let_go(job, SystemClock()):
        raise lock.busy()
    detach(job)
    return 0


def detach(job: Job) -> None:
    """Start the worker in a process that outlives this one, without a terminal or a console window."""
    command = [sys.executable, "-P", "-m", "stembridge", "--quiet", "run", "--foreground", str(job.folder)]
    with disk.mapped(job.log_file), job.log_file.open("ab") as log:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=job.folder,
            close_fds=True,
            **detached(os.name),
        )


def detached(system: str) -> dict[str, Any]:
    """Give what Popen needs to let a child go, by the name of the system's family."""
    if system == "nt":
        no_console, own_group = 0x08000000, 0x00000200
        return {"creationflags": no_console | own_group}
    return {"start_new_session": True}
