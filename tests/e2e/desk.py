"""A user at the command line before a real stand-in service; all that the commands say is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stembridge.sandbox.server import Sandbox
from tests.e2e.command import Command, Told

PASSWORD = "Pa55-of-the-test"  # noqa: S105
KEY = "k3y-of-the-premium-account-0123456789"
POSIX = pytest.mark.skipif(os.name == "nt", reason="needs signals and terminals as POSIX has them")


@dataclass
class Desk:
    """A user at the command line, and the service."""

    command: Command
    service: Sandbox
    heard: list[str] = field(default_factory=list)

    def __call__(self, *arguments: object, typed: str = "") -> Told:
        """Run a command with lines on stdin; all that it says is kept."""
        told = subprocess.run(
            [sys.executable, "-m", "stembridge", *map(str, arguments)],
            cwd=self.command.cwd, env=self.environ, input=typed,
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in told.stdout + told.stderr or "-v" in arguments, told.stderr
        self.heard += [told.stdout, told.stderr]
        return Told(told.returncode, told.stdout, told.stderr)

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "STEMBRIDGE_HOME": str(self.command.home), **self.command.environ}

    def login(self) -> None:
        assert self("account", "login", "--key", typed=KEY + "\n").code == 0

    @property
    def key_file(self) -> Path:
        (found,) = self.command.home.glob("key-*.json")
        return found
