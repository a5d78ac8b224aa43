"""Tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tests.fakes.reaper.envelopes import Envelope
from tests.fakes.reaper.items import Item, Take, full_name
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.things import Fx, Thing

if TYPE_CHECKING:
    from tests.fakes.reaper.project import Project


class Send(Thing):
    """A send from one track to another."""

    numbers: ClassVar[dict[str, float]] = {
        "B_MUTE": 0, "B_PHASE": 0, "B_MONO": 0, "D_VOL": 1, "D_PAN": 0, "D_PANLAW": -1, "I_SENDMODE": 0,
        "I_AUTOMODE": -1, "I_SRCCHAN": 0, "I_DSTCHAN": 0, "I_SLOT_HINT": 0, "I_MIDIFLAGS": 0,
    }  # fmt: skip

    def __init__(self, source: Track, target: Track) -> None:
        super().__init__()
        self.source = source
        self.target = target


class Track(Thing):
    """A track, or the master track."""

    kind = "MediaTrack"
    numbers: ClassVar[dict[str, float]] = {
        "B_MUTE": 0, "B_PHASE": 0, "B_RECMON_IN_EFFECT": 0, "I_SOLO": 0, "B_SOLO_DEFEAT": 0, "I_FXEN": 1,
        "I_RECARM": 0, "I_RECINPUT": 0, "I_RECMODE": 0, "I_RECMODE_FLAGS": 0, "I_RECMON": 0,
        "I_RECMONITEMS": 0, "B_AUTO_RECARM": 0, "I_VUMODE": 0, "I_AUTOMODE": 0, "I_NCHAN": 2,
        "I_SELECTED": 0, "I_WNDH": 60,
        "I_TCPH": 60, "I_TCPY": 0, "I_TCPSCREENY": 0, "I_MCPW": 80, "I_MCPH": 300, "I_MCPX": 0, "I_MCPY": 0,
        "I_MCPSCREENX": 0, "I_FOLDERDEPTH": 0, "I_FOLDERCOMPACT": 0, "I_MIDIHWOUT": -1, "I_MIDIHWOUT_SLOT": 0,
        "I_MIDI_INPUT_CHANMAP": -1, "I_MIDI_CTL_CHAN": -1, "I_MIDI_TRACKSEL_FLAG": 0, "I_PERFFLAGS": 0,
        "I_CUSTOMCOLOR": 0, "I_HEIGHTOVERRIDE": 0, "I_SPACER": 0, "D_VOL": 1, "D_PAN": 0, "D_WIDTH": 1,
        "D_DUALPANL": -1, "D_DUALPANR": 1, "I_PANMODE": -1, "D_PANLAW": -1, "I_PANLAW_FLAGS": -1,
        "B_SHOWINMIXER": 1, "B_SHOWINTCP": 1, "B_TCPPIN": 0, "B_MAINSEND": 1, "C_MAINSEND_OFFS": 0,
        "C_MAINSEND_NCH": 0, "I_FREEZECOUNT": 0, "I_FREEMODE": 0, "I_NUMFIXEDLANES": 1, "C_LANESCOLLAPSED": 0,
        "C_LANESETTINGS": 0, "C_ALLLANESPLAY": 0, "C_BEATATTACHMODE": -1, "F_MCP_FXSEND_SCALE": 0,
        "F_MCP_FXPARM_SCALE": 0, "F_MCP_SENDRGN_SCALE": 0, "F_TCP_FXPARM_SCALE": 0, "I_PLAY_OFFSET_FLAG": 1,
        "D_PLAY_OFFSET": 0,
    }  # fmt: skip
    texts: ClassVar[dict[str, str]] = {
        "P_NAME": "", "P_ICON": "", "P_MCP_LAYOUT": "", "P_TCP_LAYOUT": "", "P_RAZOREDITS": "",
        "P_RAZOREDITS_EXT": "", "P_UI_RECT": "",
    }  # fmt: skip
    open_texts = ("P_EXT:", "P_LANENAME:")
    open_numbers = ("C_LANEPLAYS:",)

    def __init__(self, project: Project, name: str = "", *, master: bool = False) -> None:
        super().__init__()
        self.project = project
        self.master = master
        self.strings["P_NAME"] = name
        self.items: list[Item] = []
        self.envelopes: list[Envelope] = []
        self.fx: list[Fx] = []
        self.sends: list[Send] = []

    def number(self, name: str) -> float:
        """Read a number; IP_TRACKNUMBER counts from 1, -1 is the master."""
        if name == "IP_TRACKNUMBER":
            return -1.0 if self.master else float(self.index + 1)
        if name.startswith("C_LANEPLAYS:") and name not in self.values:
            return 1.0 if name == "C_LANEPLAYS:0" else 0.0
        return super().number(name)

    @property
    def index(self) -> int:
        """Which track of the project it is, from 0."""
        return self.project.tracks.index(self)

    @property
    def name(self) -> str:
        """Its name; empty when the user gave none."""
        return self.strings["P_NAME"]

    @name.setter
    def name(self, value: str) -> None:
        self.strings["P_NAME"] = value

    @property
    def depth(self) -> int:
        """How many folders are open above it."""
        level = 0
        for track in self.project.tracks[: self.index]:
            level = max(0, level + int(track.values["I_FOLDERDEPTH"]))
        return level

    @property
    def parent(self) -> Track | None:
        """The folder it lies in."""
        open_folders: list[Track] = []
        for track in self.project.tracks[: self.index]:
            change = int(track.values["I_FOLDERDEPTH"])
            if change > 0:
                open_folders.append(track)
            elif change < 0:
                del open_folders[max(0, len(open_folders) + change) :]
        return open_folders[-1] if open_folders else None

    @property
    def children(self) -> list[Track]:
        """The tracks directly in this folder."""
        return [track for track in self.project.tracks if track.parent is self]

    def add_item(
        self,
        path: Path | Source | None = None,
        *,
        position: float = 0.0,
        length: float | None = None,
        name: str | None = None,
        **values: float,
    ) -> Item:
        """Lay an item down as a careful user does: no fades, no loop, as long as its media.

        Further values belong to the take (`startoffs`, `playrate`, `pitch`, `ppitch`, `pan`, `chanmode`) or
        to the item (`fadeinlen`, `loopsrc`, `mute`, `lock`, `groupid`, `snapoffset`, ...); `vol` is the
        item's, `take_vol` the take's. Without a path the item is empty.
        """
        item = Item(self)
        item.values.update(
            {"B_LOOPSRC": 0.0, "D_FADEINLEN": 0.0, "D_FADEOUTLEN": 0.0, "D_POSITION": position}
        )
        item.values.update({"D_FADEINLEN_AUTO": -1.0, "D_FADEOUTLEN_AUTO": -1.0})
        take = item.add_take(path, name=name) if path is not None else None
        for key, value in values.items():
            if key.startswith("take_"):
                if take is None:
                    raise KeyError(key)
                take[full_name(Take, key.removeprefix("take_"))] = value
                continue
            try:
                item[full_name(Item, key)] = value
            except KeyError:
                if take is None:
                    raise
                take[full_name(Take, key)] = value
        if length is None:
            length = 1.0
            if take is not None and take.source is not None:
                length = (take.source.length - take.values["D_STARTOFFS"]) / take.values["D_PLAYRATE"]
        item.values["D_LENGTH"] = length
        self.items.append(item)
        self.sort_items()
        return item

    def sort_items(self) -> None:
        """Bring the items in order of position, as REAPER keeps them."""
        self.items.sort(key=lambda item: item.position)

    def envelope(self, name: str) -> Envelope:
        """Give an envelope (Volume, Pan, Mute, Volume (Pre-FX), ...); made when it isn't there yet."""
        for found in self.envelopes:
            if found.name == name:
                return found
        made = Envelope(name, track=self)
        self.envelopes.append(made)
        return made

    def add_fx(self, name: str, *, enabled: bool = True, offline: bool = False) -> Fx:
        """Add an effect."""
        fx = Fx(name, enabled=enabled, offline=offline)
        self.fx.append(fx)
        return fx

    def select(self, selected: bool = True) -> Track:
        """Select it as a click does, and give it back."""
        self.values["I_SELECTED"] = float(selected)
        return self
