"""Functions on effects of tracks and takes: the same list, found in two ways."""
# ruff: noqa: N802

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.fakes.reaper.group import Group
from tests.fakes.reaper.items import Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.strict import Refused
from tests.fakes.reaper.things import Fx, new_guid
from tests.fakes.reaper.tracks import Track

Chain = Track | Take


def project_of(chain: Chain) -> Project:
    """Give the project of an effect chain."""
    return chain.project if isinstance(chain, Track) else chain.item.project


class Effects(Group):
    """TrackFX_* and TakeFX_*."""

    def functions(self) -> dict[str, Any]:
        """Give each function under both prefixes, so far as both exist."""
        found = super().functions()
        own: dict[str, Callable[..., Any]] = {
            name: getattr(self, name)
            for name in dir(self)
            if name.startswith(("Get", "Set", "Delete", "CopyTo"))
        }
        from tests.fakes.reaper import facts

        for prefix in ("TrackFX_", "TakeFX_"):
            found |= {prefix + name: body for name, body in own.items() if prefix + name in facts.functions()}
        return found

    def _fx(self, chain: Chain, index: int) -> Fx | None:
        return self.at(chain.fx, index)

    def TrackFX_AddByName(self, track: Track, name: str, record: bool, instantiate: int) -> int:
        if record:
            raise Refused("TrackFX_AddByName: the record chain is not modelled")
        return self._add(track, name, instantiate)

    def TakeFX_AddByName(self, take: Take, name: str, instantiate: int) -> int:
        return self._add(take, name, instantiate)

    def _add(self, chain: Chain, name: str, instantiate: int) -> int:
        if instantiate >= 0:
            for index, fx in enumerate(chain.fx):
                if name.lower() in fx.name.lower():
                    return index
            if instantiate == 0:
                return -1
        if name not in self.host.installed_fx:
            return -1
        chain.fx.append(Fx(name))
        self.changed(project_of(chain), "FX_AddByName")
        return len(chain.fx) - 1

    def CopyToTrack(self, chain: Chain, index: int, target: Track, where: int, move: bool) -> None:
        self._copy(chain, index, target, where, move=move)

    def CopyToTake(self, chain: Chain, index: int, target: Take, where: int, move: bool) -> None:
        self._copy(chain, index, target, where, move=move)

    def _copy(self, chain: Chain, index: int, target: Chain, where: int, *, move: bool) -> None:
        fx = self._fx(chain, index)
        if fx is None:
            raise Refused(f"FX_Copy: there is no effect {index}")
        if move:
            chain.fx.remove(fx)
        else:
            fx = copy.deepcopy(fx)
            fx.guid = new_guid()
        target.fx.insert(max(0, min(where, len(target.fx))), fx)
        self.changed(project_of(target), "FX_Copy")

    def Delete(self, chain: Chain, index: int) -> bool:
        if self._fx(chain, index) is None:
            return False
        del chain.fx[index]
        self.changed(project_of(chain), "FX_Delete")
        return True

    def GetCount(self, chain: Chain) -> int:
        return len(chain.fx)

    def GetRecCount(self, chain: Chain) -> int:
        return 0

    def GetInstrument(self, track: Track) -> int:
        return next((index for index, fx in enumerate(track.fx) if fx.name.startswith(("VSTi", "AUi"))), -1)

    def GetEnabled(self, chain: Chain, index: int) -> bool:
        fx = self._fx(chain, index)
        return fx is not None and fx.enabled

    def SetEnabled(self, chain: Chain, index: int, enabled: bool) -> None:
        fx = self._fx(chain, index)
        if fx is not None:
            fx.enabled = enabled
            self.changed(project_of(chain), "FX_SetEnabled")

    def GetOffline(self, chain: Chain, index: int) -> bool:
        fx = self._fx(chain, index)
        return fx is not None and fx.offline

    def SetOffline(self, chain: Chain, index: int, offline: bool) -> None:
        fx = self._fx(chain, index)
        if fx is not None:
            fx.offline = offline
            self.changed(project_of(chain), "FX_SetOffline")

    def GetFXName(self, chain: Chain, index: int) -> tuple[bool, str]:
        fx = self._fx(chain, index)
        return fx is not None, fx.name if fx else ""

    def GetFXGUID(self, chain: Chain, index: int) -> str | None:
        fx = self._fx(chain, index)
        return fx.guid if fx else None

    def GetNumParams(self, chain: Chain, index: int) -> int:
        fx = self._fx(chain, index)
        return len(fx.parameters) if fx else 0

    def GetParam(self, chain: Chain, index: int, parameter: int) -> tuple[float, float, float]:
        fx = self._fx(chain, index)
        value = self.at(fx.parameters, parameter) if fx else None
        return (-1.0, 0.0, 0.0) if value is None else (value, 0.0, 1.0)

    def GetParamNormalized(self, chain: Chain, index: int, parameter: int) -> float:
        return self.GetParam(chain, index, parameter)[0]

    def SetParam(self, chain: Chain, index: int, parameter: int, value: float) -> bool:
        fx = self._fx(chain, index)
        if fx is None or self.at(fx.parameters, parameter) is None:
            return False
        fx.parameters[parameter] = value
        self.changed(project_of(chain), "FX_SetParam")
        return True

    def SetParamNormalized(self, chain: Chain, index: int, parameter: int, value: float) -> bool:
        return self.SetParam(chain, index, parameter, value)

    def GetNamedConfigParm(self, chain: Chain, index: int, name: str) -> tuple[bool, str]:
        fx = self._fx(chain, index)
        if fx is None:
            return False, ""
        known = {
            "fx_name": fx.name,
            "fx_type": fx.name.partition(":")[0],
            "original_name": fx.name,
        } | fx.config
        return name in known, known.get(name, "")

    def SetNamedConfigParm(self, chain: Chain, index: int, name: str, value: str) -> bool:
        fx = self._fx(chain, index)
        if fx is None:
            return False
        fx.config[name] = value
        self.changed(project_of(chain), "FX_SetNamedConfigParm")
        return True
