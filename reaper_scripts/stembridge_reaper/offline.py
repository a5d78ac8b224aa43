"""A job's stems in a copy of a project file, without REAPER.

Every item of the project that plays the separated part of the job's source gets its counterpart: the
same position, length, play rate, pitch mode and fades, with the start in the stem moved by the region's
first frame. So the stems lie on the item's samples, wherever it was put and however it was trimmed.
"""

from __future__ import annotations

import math
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any

from stembridge.bridge import whereabouts
from stembridge.model.errors import InputError, StoreError, UsageError
from stembridge.model.names import safe
from stembridge_reaper.chunks import Block, insert_tracks, parse, quote

_COPIED = ("FADEIN", "FADEOUT", "VOLPAN", "CHANMODE")
_PLAIN_RATE = ("1", "1", "0", "-1", "0", "0.0025")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stem is played: seconds of project time, and of the stem's file.

    ``lines`` are the item's own lines that its counterpart shares; with ``natural`` each stem is played to
    its end.
    """

    position: float
    length: float
    offset: float
    lines: tuple[tuple[str, ...], ...] = ()
    rate: tuple[str, ...] = _PLAIN_RATE
    natural: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What was done: the new file, the places, and the tracks' names."""

    project: Path
    places: tuple[Place, ...]
    tracks: tuple[str, ...]


def add(result: Mapping[str, Any], project: Path, out: Path, *, at: float | None, overwrite: bool) -> Added:
    """Write a copy of a project with a job's stems in it.

    Parameters
    ----------
    result
        The job's result.json.
    project
        The project; it is only read.
    out
        Where the copy goes.
    at
        Project time in seconds for the region's first frame; None: where the project plays the source.
    overwrite
        True: a file of that name may be replaced.

    Raises
    ------
    UsageError
        The project doesn't play the source and ``at`` wasn't given, or the copy would replace the project.
    InputError
        The project can't be read.
    StoreError
        The copy can't be written, or a stem is gone.
    """
    if out.resolve() == project.resolve():
        raise UsageError("The project itself is never changed.", hint="Give another file with --out.")
    if out.exists() and not overwrite:
        raise StoreError(
            f"'{out}' is there already.",
            code="output_exists",
            hint="Allow it with --overwrite, or name another.",
        )
    text, tree = _read(project)
    rows = [row for row in result["stems"] if row["kind"] != "text"]
    region = result["region"]
    places = _places(tree, project, region) if at is None else [_fixed(at, rows)]
    if not places:
        raise UsageError(
            f"No item of '{project.name}' plays what was separated of '{Path(region['source']).name}'."
            if region
            else "This job was made without a region, so the project can't tell where its result belongs.",
            hint="Say where its first frame belongs, in seconds: --at 12.5",
        )
    name = Path(region["source"]).stem if region else "Stembridge"
    files = [_at_hand(row, project, result["job"], name) for row in rows]
    tracks = [f"{name} - {row['label']}" for row in rows]
    block = _folder(
        name, [_track(t, row, file, places) for t, row, file in zip(tracks, rows, files, strict=True)]
    )
    _write(out, insert_tracks(text, block))
    return Added(out, tuple(places), tuple(tracks))


def fresh(name: str, stems: Sequence[tuple[Mapping[str, Any], float]]) -> str:
    """Give a new project in which stems begin together at 0, each on a track with its colour and level.

    Parameters
    ----------
    stems
        Rows of a result.json, ``file`` relative to the project; with a gain in dB, which the track's fader
        gets.
    """
    place = _fixed(0.0, [row for row, _ in stems])
    tracks = []
    for row, gain in stems:
        head, title, *rest = _track(f"{name} - {row['label']}", row, Path(row["file"]), [place])
        tracks.append([head, title, f"  VOLPAN {10 ** (gain / 20)!r} 0 -1 -1 1", *rest])
    rate = max((int(row["rate"]) for row, _ in stems), default=44_100)
    head = f'<REAPER_PROJECT 0.1 "7.0" 0\n  TEMPO 120 4 4\n  SAMPLERATE {rate} 1 0\n>\n'
    return insert_tracks(head, _folder(name, tracks))


def _read(project: Path) -> tuple[str, Block]:
    try:
        text = project.read_bytes().decode("utf-8", errors="surrogateescape")
        return text, parse(text)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no project '{project}'.", code="source_missing", hint="Check the name."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"'{project}' is no REAPER project that can be read ({error}).",
            code="source_unreadable",
            hint="Save it anew from REAPER.",
        ) from error


def _write(out: Path, text: str) -> None:
    part = out.with_name(out.name + ".part")
    try:
        part.write_bytes(text.encode("utf-8", errors="surrogateescape"))
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"'{out}' can't be written ({error.strerror or error}).", hint="Choose another place with --out."
        ) from error


def _places(tree: Block, project: Path, region: Mapping[str, Any] | None) -> list[Place]:
    if region is None:
        return []
    source = whereabouts.source(region, project.absolute().parent)
    first = Fraction(region["first_frame"], region["rate"])
    end = first + Fraction(region["frames"], region["rate"])
    found = []
    for track in tree.inside("TRACK"):
        for item in track.inside("ITEM"):
            place = _place(item, project, source, first, end)
            if place is not None:
                found.append(place)
    return found


def _place(item: Block, project: Path, source: Path, first: Fraction, end: Fraction) -> Place | None:
    """Give the counterpart of an item's active take, as far as it plays the region; else None."""
    sources = list(item.inside("SOURCE"))
    takes = [line for line in item.lines if line[0] == "TAKE"]
    active = next((n for n, line in enumerate(takes, 1) if "SEL" in line), 0)
    if takes and active >= len(sources):
        return None
    block = sources[active] if sources else None
    if block is None or not _same_file(block.value("FILE"), project, source) or any(block.inside("SOURCE")):
        return None
    lines = _of_take(item, active)
    rate_line = next((line[1:] for line in lines if line[0] == "PLAYRATE"), list(_PLAIN_RATE))
    rate = Fraction(rate_line[0])
    offset = Fraction(next((line[1] for line in lines if line[0] == "SOFFS"), "0"))
    position, length = Fraction(item.value("POSITION", 0, "0")), Fraction(item.value("LENGTH", 0, "0"))
    if rate <= 0:
        return None
    begins = max(offset, first)
    ends = min(offset + length * rate, end)
    if ends - begins <= 0:
        return None
    whole = begins == offset and ends == offset + length * rate
    at = position if whole else position + (begins - offset) / rate
    shared = tuple(
        tuple(line)
        for name in _COPIED
        for line in lines
        if line[0] == name and (whole or not name.startswith("FADE"))
    )
    return Place(
        float(at),
        float(length if whole else (ends - begins) / rate),
        float(begins - first),
        shared,
        tuple(rate_line),
    )


def _of_take(item: Block, active: int) -> list[list[str]]:
    """Give an item's lines with those of its active take alone."""
    cuts = [index for index, line in enumerate(item.lines) if line[0] == "TAKE"]
    if not cuts:
        return item.lines
    head = [line for line in item.lines[: cuts[0]] if active == 0 or line[0] in {"FADEIN", "FADEOUT"}]
    if active == 0:
        return head
    return head + item.lines[cuts[active - 1] : cuts[active] if active < len(cuts) else None]


def _same_file(written: str, project: Path, source: Path) -> bool:
    """Say whether a project's FILE names the source; it may be relative, and of another system."""
    if not written:
        return False
    plain = Path(PureWindowsPath(written).as_posix()) if "\\" in written else Path(written)
    candidates = (project.parent / plain, project.parent / "Media" / plain)
    return any(_is(one, source) for one in candidates)


def _is(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return os.path.normcase(one.resolve()) == os.path.normcase(other.resolve())


def _fixed(at: float, rows: Sequence[Mapping[str, Any]]) -> Place:
    if not math.isfinite(at) or at < 0:
        raise UsageError("--at is a time in seconds, 0 or more.")
    longest = max((Fraction(row["frames"], row["rate"]) for row in rows), default=Fraction(0))
    return Place(at, float(longest), 0.0, natural=True)


def _at_hand(row: Mapping[str, Any], project: Path, job: str, name: str) -> Path:
    """Give a stem's file: where it was delivered, also if that moved with the project; else a copy there."""
    delivered = Path(row["delivered"]) if row["delivered"] else None
    if delivered is not None and delivered.is_file():
        return delivered
    for moved in whereabouts.moved(row["delivered"] or "", project.absolute().parent):
        if whereabouts.is_same(moved, row):
            return moved
    kept = Path(row["file"])
    folder = project.absolute().parent / "Stems" / f"{safe(name)} {job}"
    target = folder / kept.name
    if not kept.is_file() and not target.is_file():
        raise StoreError(
            f"The stem '{kept.name}' of job {job} is gone.",
            hint=f"Make it again: stembridge jobs retry {job}",
        )
    if not target.is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            shutil.copyfile(kept, part)
            part.replace(target)
        except OSError as error:
            raise StoreError(
                f"'{target}' can't be written ({error.strerror or error}).",
                hint="Check the project's folder.",
            ) from error
    return target


def _folder(name: str, tracks: Sequence[Sequence[str]]) -> str:
    """Give a folder track with the stems' tracks in it."""
    guid = _guid()
    head = [f"<TRACK {guid}", f"  NAME {quote(f'{name} - stems')}", "  BEAT 0", "  ISBUS 1 1", "  NCHAN 2"]
    lines = [*head, f"  TRACKID {guid}", ">"]
    for number, track in enumerate(tracks, 1):
        bus = "  ISBUS 2 -1" if number == len(tracks) else "  ISBUS 0 0"
        lines += [bus if line == "  ISBUS" else line for line in track]
    return "".join(f"  {line}\n" for line in lines)


def _track(name: str, row: Mapping[str, Any], file: Path, places: Sequence[Place]) -> list[str]:
    channels = row["channels"] + row["channels"] % 2
    guid = _guid()
    lines = [f"<TRACK {guid}", f"  NAME {quote(name)}"]
    if row.get("colour"):
        lines.append(f"  PEAKCOL {_colour(row['colour'])}")
    lines += ["  BEAT 0", "  ISBUS", f"  NCHAN {max(2, channels)}", f"  TRACKID {guid}"]
    for place in places:
        lines += [f"  {line}" for line in _item(name, row, file, place)]
    return [*lines, ">"]


def _item(name: str, row: Mapping[str, Any], file: Path, place: Place) -> Iterator[str]:
    length = row["frames"] / row["rate"] if place.natural else place.length
    kind = {".flac": "FLAC", ".mp3": "MP3"}.get(file.suffix.lower(), "WAVE")
    kind = "VIDEO" if file.suffix.lower() == ".m4a" else kind
    yield "<ITEM"
    yield f"  POSITION {place.position!r}"
    yield "  SNAPOFFS 0"
    yield f"  LENGTH {length!r}"
    yield "  LOOP 0"
    yield "  ALLTAKES 0"
    yield "  BEAT 0"
    written = {line[0] for line in place.lines}
    for line in (*_plain_fades(written), *place.lines):
        yield "  " + " ".join(quote(word) for word in line)
    yield "  MUTE 0 0"
    yield f"  IGUID {_guid()}"
    yield f"  NAME {quote(name)}"
    yield f"  SOFFS {place.offset!r}"
    yield "  PLAYRATE " + " ".join(place.rate)
    yield f"  GUID {_guid()}"
    yield f"  <SOURCE {kind}"
    yield f"    FILE {quote(str(file))}"
    yield "  >"
    yield ">"


def _plain_fades(written: set[str]) -> list[tuple[str, ...]]:
    """Give fades of no length where none are shared: REAPER's preference would add its own."""
    return [
        (name, "1", "0", "0", "1", "0", "0", "0") for name in ("FADEIN", "FADEOUT") if name not in written
    ]


def _colour(text: str) -> int:
    red, green, blue = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return red | green << 8 | blue << 16 | 0x1000000


def _guid() -> str:
    return "{" + str(uuid.uuid4()).upper() + "}"
