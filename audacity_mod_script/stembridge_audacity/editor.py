"""The seam between a trip and an audio editor.

A trip knows an editor only by this: it gives what the user selected as files and frames, and takes
finished stems back. `pipe_editor` is Audacity 3 by its scripting pipe. Audacity 4 has no pipe; its
JavaScript extensions can read the selection and make tracks, so an extension that fills and empties the
same values docks here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from stembridge.bridge.hosting import SeparateRequest
from stembridge.model.errors import StoreError

ORIGINALS = ("leave", "mute", "replace")
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A track that was separated: what it is recognised by, and its rate.

    Attributes
    ----------
    index
        Place from the top, 0 first.
    start, end
        Where its audio starts and ends, in project seconds; Audacity may have told only six digits.
    solo
        True when it was soloed.
    """

    index: int
    name: str
    rate: int
    channels: int
    start: float
    end: float
    solo: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a region came from: all that is needed to put its stems back.

    Attributes
    ----------
    project
        The project's name; empty as long as it was never saved.
    project_rate
        Its rate in Hz, which is not always the region's.
    first_frame, frames, rate
        The region on the timeline, in frames of its own rate.
    tracks
        What was mixed into it.
    original
        What becomes of it: one of `ORIGINALS`.
    apart
        True when other tracks were separated with it, each on its own; then its name is added to the
        stems' names.
    mark
        What else is added to them, in brackets: the label of the part, or that it is a blend.
    part_of
        The job that brings this one's stems in together with others', to compare them; empty: it comes
        on its own.
    """

    project: str
    project_rate: int
    first_frame: int
    frames: int
    rate: int
    tracks: tuple[Source, ...]
    original: str = "mute"
    apart: bool = False
    mark: str = ""
    part_of: str = ""

    @property
    def start(self) -> float:
        """Project seconds; the one place where the region's frames become the editor's time."""
        return self.first_frame / self.rate

    @property
    def end(self) -> float:
        """Project seconds."""
        return (self.first_frame + self.frames) / self.rate

    @property
    def name(self) -> str:
        """What the source is called in file names."""
        if len(self.tracks) == 1:
            return self.tracks[0].name or "Audacity"
        return self.project or "mix"

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, for a request's ``host_context``."""
        return {"v": _VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, document: object) -> Origin:
        """Read what `to_dict` gave; what else stands there is somebody else's.

        Raises
        ------
        StoreError
            ``job_corrupt`` for anything else.
        """
        try:
            if not isinstance(document, Mapping) or document["v"] != _VERSION:
                raise TypeError
            values = {name: document[name] for name in cls.__slots__ if name in document}
            return cls(**{**values, "tracks": tuple(Source(**row) for row in values["tracks"])})
        except (KeyError, TypeError) as error:
            raise StoreError(
                "The job doesn't say where in Audacity its stems belong.",
                code="job_corrupt",
                hint="Drag its stems into the project; `stembridge jobs show` says where they lie.",
            ) from error


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants made of a region.

    Attributes
    ----------
    each
        True for every selected track on its own instead of their mix.
    original
        One of `ORIGINALS`.
    order
        Engine, model, stems and so on; without a source.
    """

    order: SeparateRequest
    original: str = "mute"
    each: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """A region in a file of ours: 32-bit float, at its tracks' own rate."""

    file: Path
    origin: Origin
    notes: tuple[str, ...] = ()

    def request(self, wish: Wish) -> SeparateRequest:
        """Make the order to separate it."""
        context = replace(self.origin, original=wish.original).to_dict()
        return replace(wish.order, name=self.origin.name, background=True, host_context=context)


@dataclass(frozen=True, slots=True)
class Placed:
    """What was put into the project.

    Attributes
    ----------
    tracks
        Names of the new tracks.
    undo_steps
        How often Ctrl+Z has to be pressed to be rid of it all.
    notes
        Sentences for the user.
    """

    tracks: tuple[str, ...]
    undo_steps: int
    notes: tuple[str, ...] = field(default=())


class Editor(Protocol):
    """An audio editor as a trip needs it. Every call is whole: it leaves the user's settings as they were."""

    def regions(self, folder: Path, *, each: bool, labels: bool = False) -> Sequence[Region]:
        """Export what is selected into `folder`: the mix of the tracks, or each on its own.

        With `labels`, each labelled part of it is a region.
        """
        ...

    def stretch(
        self, folder: Path, project: str, start: float, end: float, tracks: Sequence[tuple[int, str]]
    ) -> Region:
        """Export the mix of tracks (place from the top, name) that were named before, whatever is selected.

        ``start`` and ``end`` are project seconds.
        """
        ...

    def place(self, folder: Path, origin: Origin, result: Mapping[str, Any]) -> Placed:
        """Put a job's stems at the place they came from.

        Parameters
        ----------
        folder
            A folder of ours for what is needed on the way.
        result
            The job's result.json.

        Raises
        ------
        HostError
            `importing.Moved` when this isn't the project that the region came from, or not as it was.
        """
        ...

    def holds(self, origin: Origin, result: Mapping[str, Any]) -> bool:
        """Say whether a job's stems are in the project in front already."""
        ...
