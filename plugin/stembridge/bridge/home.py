"""Where everything of Stembridge's lies, and the version of the protocol, for hosts."""

from __future__ import annotations

import os
from pathlib import Path

from stembridge.jobs.events import PROTOCOL

__all__ = ["PROTOCOL", "data_folder"]


def data_folder() -> Path:
    """Give STEMBRIDGE_HOME, or the platform's own place for an application's data."""
    named = os.environ.get("STEMBRIDGE_HOME")
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("stembridge", appauthor=False)
