"""Media items and their takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tests.fakes.reaper.envelopes import Envelope
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.things import Fx, Thing

if TYPE_CHECKING:
    from tests.fakes.reaper.project import Project
    from tests.fakes.reaper.tracks import Track

AUTO_FADE = 0.01
"""What REAPER's "fade in/out new media items" preference gives an item that a script adds."""


@dataclass(slots=True)
class StretchMarker:
    """Position in the take (seconds at the take's playrate), in the source (seconds), and slope."""

    position: float
    source: float
    slope: float = 0.0


@dataclass(slots=True)
class TakeMarker:
    """A name at a time of the source (seconds)."""

    source: float
    name: str
    color: int = 0


class Take(Thing):
    """A take of an item."""

    kind = "MediaItem_Take"
    numbers: ClassVar[dict[str, float]] = {
        "D_STARTOFFS": 0, "D_VOL": 1, "D_PAN": 0, "D_PANLAW": -1, "D_PLAYRATE": 1, "D_PITCH": 0,
        "B_PPITCH": 0, "I_LASTY": 0, "I_LASTH": 0, "I_CHANMODE": 0, "I_PITCHMODE": -1, "I_STRETCHFLAGS": 0,
        "F_STRETCHFADESIZE": 0.0025, "I_RECPASSID": 0, "I_TAKEFX_NCH": 2, "I_CUSTOMCOLOR": 0,
    }  # fmt: skip
    texts: ClassVar[dict[str, str]] = {"P_NAME": ""}

    def __init__(self, item: Item, source: Source | None = None, name: str = "") -> None:
        super().__init__()
        self.item = item
        self.source = source
        self.strings["P_NAME"] = name
        self.envelopes: list[Envelope] = []
        self.fx: list[Fx] = []
        self.stretch_markers: list[StretchMarker] = []
        self.markers: list[TakeMarker] = []

    def number(self, name: str) -> float:
        """Read a number; IP_TAKENUMBER is where it lies."""
        if name == "IP_TAKENUMBER":
            return float(self.item.takes.index(self))
        return super().number(name)

    @property
    def name(self) -> str:
        """Its name."""
        return self.strings["P_NAME"]

    @name.setter
    def name(self, value: str) -> None:
        self.strings["P_NAME"] = value

    @property
    def midi(self) -> bool:
        """Whether it plays MIDI."""
        return self.source is not None and self.source.root.type == "MIDI"

    def envelope(self, name: str) -> Envelope:
        """Give an envelope (Volume, Pan, Mute, Pitch); made when it isn't there yet."""
        for found in self.envelopes:
            if found.name == name:
                return found
        made = Envelope(name, take=self)
        self.envelopes.append(made)
        return made

    def add_fx(self, name: str, *, enabled: bool = True, offline: bool = False) -> Fx:
        """Add an effect."""
        fx = Fx(name, enabled=enabled, offline=offline)
        self.fx.append(fx)
        return fx

    def stretch(self, *pairs: tuple[float, float]) -> None:
        """Set the stretch markers from pairs (position in the take, position in the source)."""
        self.stretch_markers = [StretchMarker(position, source) for position, source in sorted(pairs)]


class Item(Thing):
    """A media item of a track."""

    kind = "MediaItem"
    numbers: ClassVar[dict[str, float]] = {
        "B_MUTE": 0, "C_LANEPLAYS": 1, "C_MUTE_SOLO": 0, "B_LOOPSRC": 1, "B_ALLTAKESPLAY": 0, "B_UISEL": 0,
        "C_BEATATTACHMODE": -1, "C_AUTOSTRETCH": 0, "C_LOCK": 0, "D_VOL": 1, "D_POSITION": 0, "D_LENGTH": 0,
        "D_SNAPOFFSET": 0, "D_FADEINLEN": AUTO_FADE, "D_FADEOUTLEN": AUTO_FADE, "D_FADEINDIR": 0,
        "D_FADEOUTDIR": 0, "D_FADEINLEN_AUTO": 0, "D_FADEOUTLEN_AUTO": 0, "C_FADEINSHAPE": 0,
        "C_FADEOUTSHAPE": 0, "I_FADELPF": 0, "I_GROUPID": 0, "I_LASTY": 0, "I_LASTH": 0, "I_CUSTOMCOLOR": 0,
        "F_FREEMODE_Y": 0, "F_FREEMODE_H": 1, "I_FIXEDLANE": 0, "B_FIXEDLANE_HIDDEN": 0,
    }  # fmt: skip
    texts: ClassVar[dict[str, str]] = {"P_NOTES": ""}
    aliases: ClassVar[dict[str, str]] = {"B_MUTE_ACTUAL": "B_MUTE"}

    def __init__(self, track: Track) -> None:
        super().__init__()
        self.track = track
        self.takes: list[Take] = []
        self.current = 0

    def number(self, name: str) -> float:
        """Read a number; I_CURTAKE and IP_ITEMNUMBER follow the lists."""
        if name == "I_CURTAKE":
            return float(self.current)
        if name == "IP_ITEMNUMBER":
            return float(self.track.items.index(self))
        return super().number(name)

    def set_number(self, name: str, value: float) -> None:
        """Write a number."""
        if name == "I_CURTAKE":
            if not 0 <= int(value) < max(len(self.takes), 1):
                raise ValueError(f"the item has no take {int(value)}")
            self.current = int(value)
            return
        super().set_number(name, value)
        if name == "B_MUTE":
            self.values["C_MUTE_SOLO"] = 0.0

    @property
    def project(self) -> Project:
        """The project it lies in."""
        return self.track.project

    @property
    def take(self) -> Take | None:
        """The active take."""
        return self.takes[self.current] if self.takes else None

    @property
    def position(self) -> float:
        """Start in project time (seconds)."""
        return self.values["D_POSITION"]

    @property
    def length(self) -> float:
        """Length in project time (seconds)."""
        return self.values["D_LENGTH"]

    @property
    def end(self) -> float:
        """End in project time (seconds)."""
        return self.position + self.length

    def add_take(
        self, path: Path | Source | None = None, *, name: str | None = None, **values: float
    ) -> Take:
        """Add a take that plays a file (values by their lower-case name without prefix, e.g. `playrate=`)."""
        source = Source.from_file(path) if isinstance(path, Path) else path
        if isinstance(path, Path) and source is None:
            raise ValueError(f"no media file: {path}")
        if name is None:
            name = path.name if isinstance(path, Path) else ""
        take = Take(self, source, name)
        self.takes.append(take)
        for key, value in values.items():
            take[full_name(Take, key)] = value
        return take

    def select(self, selected: bool = True) -> Item:
        """Select it as a click does, and give it back."""
        self.values["B_UISEL"] = float(selected)
        return self


def full_name(thing: type[Thing], short: str) -> str:
    """Give the parameter name for `position`, `playrate`, `pan`, ... of a kind of thing."""
    wanted = short.upper()
    for name in thing.numbers:
        if name == wanted or name.split("_", 1)[1] == wanted:
            return name
    raise KeyError(short)
