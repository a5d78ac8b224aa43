"""The engines that this installation has: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stembridge.engines.base import Engine, LocalEngine, RemoteEngine


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is made with.

    Attributes
    ----------
    home
        The data folder.
    threads
        Processors that a local engine may use; None leaves one to the programs beside it.
    """

    home: Path
    threads: int | None = None


def _offline(settings: Settings) -> LocalEngine:
    from stembridge.engines.offline import OfflineEngine

    return OfflineEngine(settings.home, threads=settings.threads)


def _mvsep(settings: Settings) -> RemoteEngine:
    from stembridge.engines.mvsep.engine import MvsepEngine

    return MvsepEngine(settings.home)


_ROWS: Mapping[str, Callable[[Settings], Engine]] = {"offline": _offline, "mvsep": _mvsep}


def build(settings: Settings) -> dict[str, Engine]:
    """Make every engine; cheap, nothing is loaded yet."""
    return {name: make(settings) for name, make in _ROWS.items()}


def default(home: Path) -> str:
    """Name what separates when nothing was asked for: the service when its key is stored, else offline."""
    from stembridge.engines.mvsep.keys import KeyStore
    from stembridge.engines.mvsep.service import base_url

    return "mvsep" if KeyStore(home, base_url()).stored() else "offline"
