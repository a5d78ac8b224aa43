"""A project of the stand-in host as the text of an .RPP file, as REAPER 7 writes one.

Enough is written for a reader to play the project without the host: positions, takes, sources, fades,
envelopes, effects, tracks, lanes, folders, tempo, markers and ext state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.fakes.reaper.envelopes import Envelope
from tests.fakes.reaper.items import Item, Take
from tests.fakes.reaper.project import Project
from tests.fakes.reaper.sources import Source
from tests.fakes.reaper.things import Fx
from tests.fakes.reaper.tracks import Track

Word = str | float
Lines = Iterator[str]


def quote(text: str) -> str:
    """Write a word as REAPER does: bare where possible, else in the first quote that it doesn't hold."""
    if any(sign in text for sign in "\r\n"):
        raise ValueError(f"a line break inside a word of a project file: {text!r}")
    if text and not any(sign.isspace() or sign in "\"'`<>" for sign in text):
        return text
    for sign in "\"'`":
        if sign not in text:
            return f"{sign}{text}{sign}"
    return "`" + text.replace("`", "'") + "`"


def number(value: float) -> str:
    """Write a number with up to fourteen decimals."""
    if value == int(value):
        return str(int(value))
    return f"{value:.14f}".rstrip("0")


def line(key: str, *words: Word) -> str:
    """Write a line."""
    return " ".join([key, *(quote(word) if isinstance(word, str) else number(word) for word in words)])


def chunk(tag: str, words: Iterable[Word], body: Iterable[str]) -> Lines:
    """Write a chunk around lines."""
    yield "<" + line(tag, *words)
    for inner in body:
        yield "  " + inner
    yield ">"


def dump(project: Project, folder: Path | None = None) -> str:
    """Give a project's state as text; media below ``folder`` (its own) are named relative to it."""
    if folder is None and project.path is not None:
        folder = project.path.parent
    body = chunk("REAPER_PROJECT", (0.1, "7.62/linux-x86_64", 1763830000), _project(project, folder))
    return "\n".join(body) + "\n"


def write(project: Project, path: Path) -> Path:
    """Save a project's state as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dump(project, path.parent), encoding="utf-8")
    return path


def _project(project: Project, folder: Path | None) -> Lines:
    numbers, texts = project.numbers, project.texts
    yield line("RIPPLE", 0, 0)
    yield from chunk("NOTES", (0, 2), (f"|{row}" for row in project.notes.splitlines()))
    yield line("CURSOR", project.cursor)
    yield line("TIMEMODE", numbers["PROJECT_TIMEBASE"], 5, -1, 30, 0, 0, -1)
    yield line("RECORD_PATH", texts["RECORD_PATH"], texts["RECORD_PATH_SECONDARY"])
    yield line("RENDER_FILE", texts["RENDER_FILE"])
    yield line("RENDER_PATTERN", texts["RENDER_PATTERN"])
    yield line("RENDER_FMT", 0, numbers["RENDER_CHANNELS"], numbers["RENDER_SRATE"])
    bounds = (
        numbers[f"RENDER_{name}"] for name in ("BOUNDSFLAG", "STARTPOS", "ENDPOS", "TAILFLAG", "TAILMS")
    )
    yield line("RENDER_RANGE", *bounds)
    yield line("RENDER_ADDTOPROJ", numbers["RENDER_ADDTOPROJ"])
    yield line("RENDER_STEMS", numbers["RENDER_SETTINGS"])
    yield line("RENDER_DITHER", numbers["RENDER_DITHER"])
    yield line("SAMPLERATE", project.rate, numbers["PROJECT_SRATE_USE"], 0)
    yield from chunk("RENDER_CFG", (), [texts["RENDER_FORMAT"]] if texts["RENDER_FORMAT"] else [])
    tempo = project.tempo
    yield line("TEMPO", tempo.bpm, tempo.numerator, tempo.denominator, 0)
    yield line("PLAYRATE", project.playrate, 0, 0.25, 4)
    yield line("SELECTION", *project.time_selection)
    yield line("SELECTION2", *project.loop)
    master = project.master
    yield line("MASTER_NCH", master.number("I_NCHAN"), 2)
    yield line("MASTER_VOLUME", master.number("D_VOL"), master.number("D_PAN"), -1, -1, 1)
    yield from chunk("TEMPOENVEX", (), _tempo(project))
    for marker in project.markers:
        shape = (marker.number, marker.position, marker.name, int(marker.region), marker.color, 1, "R")
        yield line("MARKER", *shape, marker.guid)
        if marker.end is not None:
            yield line("MARKER", marker.number, marker.end, "", 1)
    for track in project.tracks:
        yield from chunk("TRACK", (track.guid,), _track(track, folder))
    yield from chunk("EXTSTATE", (), _ext_state(project.ext_state))


def _tempo(project: Project) -> Lines:
    yield line("ACT", 1, -1)
    for marker in project.tempo.markers:
        signature = marker.numerator + 65536 * marker.denominator
        yield line("PT", marker.time, marker.bpm, 0 if marker.linear else 1, signature, 0, 1)


def _ext_state(sections: Mapping[str, Mapping[str, str]]) -> Lines:
    for section, values in sections.items():
        yield from chunk(section.upper(), (), (line(key, value) for key, value in values.items()))


def _track(track: Track, folder: Path | None) -> Lines:
    get = track.number
    yield line("NAME", track.name)
    yield line("PEAKCOL", get("I_CUSTOMCOLOR") or 16576)
    yield line("BEAT", get("C_BEATATTACHMODE"))
    yield line("AUTOMODE", get("I_AUTOMODE"))
    yield line("VOLPAN", get("D_VOL"), get("D_PAN"), get("D_PANLAW"), get("D_DUALPANL"), get("D_DUALPANR"))
    yield line("MUTESOLO", get("B_MUTE"), get("I_SOLO"), get("B_SOLO_DEFEAT"))
    yield line("IPHASE", get("B_PHASE"))
    yield line("PLAYOFFS", get("D_PLAY_OFFSET"), get("I_PLAY_OFFSET_FLAG"))
    depth = int(get("I_FOLDERDEPTH"))
    yield line("ISBUS", 1 if depth > 0 else 2 if depth < 0 else 0, depth)
    yield line("SEL", get("I_SELECTED"))
    yield line("NCHAN", get("I_NCHAN"))
    yield line("FX", get("I_FXEN"))
    yield line("FREEMODE", get("I_FREEMODE"))
    lanes = int(get("I_NUMFIXEDLANES"))
    if get("I_FREEMODE") == 2:
        yield line("ITEMLANES", lanes)
        yield line("LANESOLO", sum(1 << lane for lane in range(lanes) if get(f"C_LANEPLAYS:{lane}") > 0))
    yield line("TRACKID", track.guid)
    yield line("MAINSEND", get("B_MAINSEND"), 0)
    yield from _ext_texts(track.strings)
    for found in track.envelopes:
        yield from chunk(found.chunk_name, (), _envelope(found))
    yield from _effects("FXCHAIN", track.fx)
    for item in track.items:
        yield from chunk("ITEM", (), _item(item, lanes, folder))


def _ext_texts(strings: Mapping[str, str]) -> Lines:
    own = [(name.removeprefix("P_EXT:"), text) for name, text in strings.items() if name.startswith("P_EXT:")]
    if own:
        yield from chunk("EXT", (), (line(name, text) for name, text in own))


def _envelope(envelope: Envelope) -> Lines:
    yield line("EGUID", envelope.guid)
    yield line("ACT", int(envelope.active), -1)
    yield line("VIS", int(envelope.visible), 1, 1)
    yield line("LANEHEIGHT", 0, 0)
    yield line("ARM", int(envelope.armed))
    yield line("DEFSHAPE", 0, -1, -1)
    if envelope.chunk_name.startswith("VOLENV"):
        yield line("VOLTYPE", envelope.scaling)
    for point in envelope.points:
        bend = (0, 0, 0, point.tension) if point.tension else ()
        yield line("PT", point.time, point.value, point.shape, *bend)


def _effects(tag: str, effects: list[Fx]) -> Lines:
    if not effects:
        return

    def chain() -> Lines:
        yield line("SHOW", 0)
        yield line("LASTSEL", 0)
        yield line("DOCKED", 0)
        for fx in effects:
            yield line("BYPASS", int(not fx.enabled), int(fx.offline), 0)
            sliders = [*(number(value) for value in fx.parameters), *["-"] * (64 - len(fx.parameters))]
            yield from chunk("JS", (fx.name, ""), [" ".join(sliders)])
            yield line("FXID", fx.guid)
            yield line("WAK", 0, 0)

    yield from chunk(tag, (), chain())


def _item(item: Item, lanes: int, folder: Path | None) -> Lines:
    get = item.number
    yield line("POSITION", get("D_POSITION"))
    yield line("SNAPOFFS", get("D_SNAPOFFSET"))
    yield line("LENGTH", get("D_LENGTH"))
    yield line("LOOP", get("B_LOOPSRC"))
    yield line("ALLTAKES", get("B_ALLTAKESPLAY"))
    yield line("BEAT", get("C_BEATATTACHMODE"))
    for side in ("IN", "OUT"):
        shape = get(f"C_FADE{side}SHAPE")
        lengths = (get(f"D_FADE{side}LEN"), get(f"D_FADE{side}LEN_AUTO"))
        yield line(f"FADE{side}", shape, *lengths, shape, 0, get(f"D_FADE{side}DIR"), 0)
    yield line("MUTE", get("B_MUTE"), get("C_MUTE_SOLO"))
    yield line("SEL", get("B_UISEL"))
    if get("I_CUSTOMCOLOR"):
        yield line("COLOR", get("I_CUSTOMCOLOR"))
    if get("I_GROUPID"):
        yield line("GROUP", get("I_GROUPID"))
    if get("C_LOCK"):
        yield line("LOCK", get("C_LOCK"))
    if item.track.number("I_FREEMODE") == 2:
        yield line("YPOS", get("I_FIXEDLANE") / lanes, 1 / lanes, 0)
    yield line("IGUID", item.guid)
    yield line("IID", get("IP_ITEMNUMBER") + 1)
    yield from _ext_texts(item.strings)
    for index, take in enumerate(item.takes):
        if index:
            yield line("TAKE", *(["SEL"] if index == item.current else []))
        yield from _take(take, folder, first=index == 0)
    if not item.takes:
        yield line("NAME", "")
        yield line("VOLPAN", get("D_VOL"), 0, 1, -1)


def _take(take: Take, folder: Path | None, *, first: bool) -> Lines:
    get = take.number
    yield line("NAME", take.name)
    if first:
        yield line("VOLPAN", take.item.number("D_VOL"), get("D_PAN"), get("D_VOL"), get("D_PANLAW"))
    else:
        yield line("TAKEVOLPAN", get("D_PAN"), get("D_VOL"), get("D_PANLAW"))
    yield line("SOFFS", get("D_STARTOFFS"))
    modes = (get("I_PITCHMODE"), get("I_STRETCHFLAGS"), get("F_STRETCHFADESIZE"))
    yield line("PLAYRATE", get("D_PLAYRATE"), get("B_PPITCH"), get("D_PITCH"), *modes)
    yield line("CHANMODE", get("I_CHANMODE"))
    yield line("GUID", take.guid)
    yield from _ext_texts(take.strings)
    for marker in take.markers:
        yield line("TKM", marker.source, marker.name, marker.color)
    if take.stretch_markers:
        places = (f"{number(m.position)} {number(m.source)} {number(m.slope)}" for m in take.stretch_markers)
        yield "SM " + " + ".join(places)
    if take.source is not None:
        yield from _source(take.source, folder)
    for found in take.envelopes:
        yield from chunk(found.chunk_name, (), _envelope(found))
    yield from _effects("TAKEFX", take.fx)


def _source(source: Source, folder: Path | None) -> Lines:
    if source.parent is not None:
        body = [
            line("LENGTH", source.section_length),
            line("MODE", 2 * int(source.reverse)),
            line("STARTPOS", source.offset),
            line("OVERLAP", 0.01),
            *_source(source.parent, folder),
        ]
        yield from chunk("SOURCE", ("SECTION",), body)
        return
    lines = []
    if source.path is not None:
        lines.append(line("FILE", _named(source.path, folder)))
    elif source.type == "MIDI":
        lines = [line("HASDATA", 1, 960, "QN"), line("E", source.midi_length * 960, "b0", "7b", "00")]
    yield from chunk("SOURCE", (source.type,), lines)


def _named(path: Path, folder: Path | None) -> str:
    """Name a media file: relative below the project's folder, else in full."""
    if folder is not None and path.is_absolute() and path.is_relative_to(folder):
        return str(path.relative_to(folder))
    return str(path)
