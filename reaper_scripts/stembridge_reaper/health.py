"""What `stembridge doctor` says about REAPER."""

from __future__ import annotations

from collections.abc import Iterable

from stembridge.bridge.doctor import Readiness
from stembridge.bridge.home import data_folder
from stembridge.model.errors import HostError
from stembridge_reaper import installing, places


def rows() -> Iterable[Readiness]:
    """Say whether REAPER is there, and whether its scripts fit this program."""
    try:
        resource = places.resource_folder()
    except HostError as missing:
        return [Readiness("reaper", ready=False, text=missing.message, remedy=missing.hint, needed=False)]
    return installing.check(resource, data_folder())
