"""The engines that this installation has: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stembridge.engines.base import Engine, LocalEngine, RemoteEngine
from stembridge.model.errors import UnknownNameError


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


def choose(engines: Mapping[str, Engine], default_name: str, engine: str | None, model: str | None) -> Engine:
    """Give the engine of an order.

    Parameters
    ----------
    default_name
        What separates when nothing was asked for.
    engine, model
        What was asked for; a model without an engine names its engine, too.

    Raises
    ------
    UnknownNameError
        For an engine that isn't there.
    """
    if engine is not None:
        if engine not in engines:
            raise UnknownNameError("engine", engine, engines)
        return engines[engine]
    wanted = (model or "").strip().casefold()
    for name in sorted(engines, key=lambda name: name != default_name):
        if wanted and any(wanted in {m.id.casefold(), m.name.casefold()} for m in engines[name].models()):
            return engines[name]
    return engines[default_name]
