"""What the command line gets from this host: `stembridge audacity` and `stembridge setup audacity`."""

from __future__ import annotations

from stembridge_audacity.commands.audacity import audacity
from stembridge_audacity.commands.setup import setup

__all__ = ["audacity", "setup"]
