"""The plan of an account as it was last seen: for what has to be said without the network."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from stembridge.mvsep.plans import FREE, PREMIUM, Plan


class Seen:
    """What the service last said of an account.

    Parameters
    ----------
    path
        A file that holds the plan's name, and nothing of the key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def plan(self) -> Plan:
        """Give the plan that was last seen; the free one, which allows least, when none was."""
        try:
            name = json.loads(self._path.read_text(encoding="utf-8"))["plan"]
        except (OSError, ValueError, KeyError, TypeError):
            return FREE
        return PREMIUM if name == PREMIUM.name else FREE

    def remember(self, plan: Plan) -> None:
        """Keep a plan. A folder that can't be written to only costs the memory of it."""
        part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps({"plan": plan.name}), encoding="utf-8")
            os.replace(part, self._path)  # noqa: PTH105 - the atomic one, on every system
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
