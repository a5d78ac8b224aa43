"""ReaPack's side: the head of the package is checked, and ``index.xml`` is made from it.

Source of the rules: the ReaPack wiki and reapack-index (tags, ``@provides`` and its options, versions,
the index's elements).

``python -m stembridge_reaper.reapack DIST --base-url URL`` writes the scripts and the index into a folder
as they have to lie at URL.
"""

from __future__ import annotations

import argparse
import datetime as dt
import fnmatch
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from stembridge_reaper import package

_TAG = re.compile(r"@(\w+)(?:\s+(.*))?$")
_SINGLE = ("description", "author", "version", "donation", "metapackage", "noindex")
_MANY = ("changelog", "about", "provides", "link", "screenshot")
_PLATFORMS = ("windows", "win32", "win64", "darwin", "darwin32", "darwin64", "darwin-arm64", "linux")
_LINUX = ("linux32", "linux64", "linux-armv7l", "linux-aarch64")
_MAIN_SECTIONS = (
    "main",
    "midi_editor",
    "midi_inlineeditor",
    "midi_eventlisteditor",
    "mediaexplorer",
    "crossfade_editor",
)
_MOST_SEGMENT = 65_535
_PROVIDED = re.compile(r"(?:\[(?P<options>[^\]]*)\]\s*)?(?P<pattern>[^>]+?)(?:\s*>\s*(?P<target>.+))?$")


class HeadError(ValueError):
    """What is wrong with a package's head, one sentence."""


@dataclass(frozen=True, slots=True)
class Provided:
    """A line of ``@provides``: which files, and in which of REAPER's action lists they appear."""

    pattern: str
    sections: tuple[str, ...]
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """A package's head."""

    description: str
    author: str
    version: str
    about: str
    changelog: str
    links: tuple[str, ...]
    provides: tuple[Provided, ...]


def read_head(text: str) -> Head:
    """Read and check the head of a package's main file: the comment lines at its very top.

    Raises
    ------
    HeadError
        At the first thing that ReaPack's indexer would refuse or not understand.
    """
    tags = _tags(text)
    version = " ".join(tags.get("version", [])).strip()
    _check_version(version)
    for name in ("description", "author"):
        if not " ".join(tags.get(name, [])).strip():
            raise HeadError(f"@{name} is missing.")
    if "noindex" in tags:
        raise HeadError("@noindex keeps the package out of the index.")
    provides = tuple(_provided(line) for line in tags.get("provides", []) if line.strip())
    return Head(
        description=" ".join(tags["description"]).strip(),
        author=" ".join(tags["author"]).strip(),
        version=version,
        about=_paragraphs(tags.get("about", [])),
        changelog=_paragraphs(tags.get("changelog", [])),
        links=tuple(line.strip() for line in tags.get("link", []) if line.strip()),
        provides=provides,
    )


def sources(head: Head, files: Sequence[str]) -> Mapping[str, Provided]:
    """Give every file of the package with the line that provides it.

    Raises
    ------
    HeadError
        When a line provides nothing, or a file is provided by no line.
    """
    found: dict[str, Provided] = {}
    for line in head.provides:
        hits = [name for name in files if _matches(name, line.pattern)]
        if not hits:
            raise HeadError(f"@provides names '{line.pattern}', and there is no such file.")
        for name in hits:
            found[name] = line
    left = sorted(set(files) - set(found))
    if left:
        raise HeadError(f"@provides doesn't name '{left[0]}'.")
    return found


def index(head: Head, files: Mapping[str, Provided], *, base_url: str, time: dt.datetime) -> bytes:
    """Make ``index.xml``.

    Parameters
    ----------
    base_url
        Where the folder of the package will lie; https, or a test's own http on this machine.
    time
        When the version was made.
    """
    where = urlsplit(base_url)
    if where.scheme not in {"http", "https"} or not where.netloc:
        raise HeadError(f"'{base_url}' is no address that ReaPack could fetch from.")
    root = ET.Element("index", version="1", name=package.FOLDER)
    category = ET.SubElement(root, "category", name=package.FOLDER)
    pack = ET.SubElement(category, "reapack", name=package.MAIN, type="script", desc=head.description)
    if head.about or head.links:
        meta = ET.SubElement(pack, "metadata")
        if head.about:
            ET.SubElement(meta, "description").text = _rtf(head.about)
        for link in head.links:
            ET.SubElement(meta, "link", rel="website").text = link
    version = ET.SubElement(
        pack, "version", name=head.version, author=head.author, time=time.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    if head.changelog:
        ET.SubElement(version, "changelog").text = head.changelog
    for name, line in sorted(files.items(), key=lambda item: (item[0] != package.MAIN, item[0])):
        source = ET.SubElement(version, "source")
        if name != package.MAIN:
            source.set("file", name)
        if line.platform:
            source.set("platform", line.platform)
        if line.sections:
            source.set("main", " ".join(line.sections))
        source.text = f"{base_url.rstrip('/')}/{package.FOLDER}/{quote(name)}"
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def build(dist: Path, *, base_url: str, time: dt.datetime) -> Path:
    """Write the scripts and the index into ``dist``; give the index's path."""
    head = read_head((package.SCRIPTS / package.MAIN).read_text(encoding="utf-8"))
    files = sources(head, package.files())
    folder = dist / package.FOLDER
    if folder.exists():
        shutil.rmtree(folder)
    for name in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package.SCRIPTS / name, target)
    made = dist / "index.xml"
    made.write_bytes(index(head, files, base_url=base_url, time=time))
    return made


def _tags(text: str) -> dict[str, list[str]]:
    """Give the lines of each tag; further lines of one are indented under it."""
    tags: dict[str, list[str]] = {}
    current = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        body = line[2:].removeprefix(" ")
        match = _TAG.match(body)
        if match is None:
            if body.strip() and not current:
                raise HeadError(f"'{body.strip()}' stands before the first tag.")
            if current:
                tags[current].append(body)
            continue
        current = match[1]
        if current not in (*_SINGLE, *_MANY):
            raise HeadError(f"ReaPack knows no tag @{current}.")
        if current in tags:
            raise HeadError(f"@{current} stands there twice.")
        tags[current] = [match[2] or ""]
    return tags


def _check_version(version: str) -> None:
    segments = re.findall(r"\d+|[a-zA-Z]+", version)
    if not version or not version[0].isdigit():
        raise HeadError(f"@version has to begin with a digit, and is '{version}'.")
    if any(segment.isdigit() and int(segment) > _MOST_SEGMENT for segment in segments):
        raise HeadError(f"A part of @version {version} is over {_MOST_SEGMENT}.")


def _provided(line: str) -> Provided:
    match = _PROVIDED.match(line.strip())
    if match is None or match["target"]:
        raise HeadError(f"'{line.strip()}' is no line of @provides that this tool makes an index for.")
    sections: tuple[str, ...] = ()
    platform = ""
    for option in (match["options"] or "").split():
        name, _, value = option.partition("=")
        if name == "main":
            sections = tuple(value.split(",")) if value else ("main",)
            unknown = [section for section in sections if section not in _MAIN_SECTIONS]
            if unknown:
                raise HeadError(f"REAPER has no action list '{unknown[0]}'.")
        elif name in (*_PLATFORMS, *_LINUX):
            platform = name
        elif name != "nomain":
            raise HeadError(f"ReaPack knows no option '{option}' of @provides.")
    return Provided(match["pattern"].strip(), sections, platform)


def _matches(name: str, pattern: str) -> bool:
    """Match like a shell: a star doesn't cross a slash."""
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _paragraphs(lines: Sequence[str]) -> str:
    first, *rest = [*lines, ""][: max(1, len(lines))]
    depth = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first.strip(), *(line[depth:].rstrip() for line in rest)]).strip()


def _rtf(text: str) -> str:
    """Write plain text as RTF, which is what ReaPack shows as a package's description."""
    lines = []
    for line in text.splitlines():
        plain = line.lstrip("# ") if line.startswith("#") else line.replace("*", "")
        escaped = plain.replace("\\", r"\\").replace("{", r"\{").replace("}", r"\}")
        coded = "".join(
            c if ord(c) < 128 else "".join(rf"\u{_signed(u)}?" for u in _utf16(c)) for c in escaped
        )
        lines.append(rf"{{\b {coded}}}" if line.startswith("#") else coded)
    return r"{\rtf1\ansi " + "\\par\n".join(lines) + "}"


def _utf16(character: str) -> list[int]:
    raw = character.encode("utf-16-le")
    return [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]


def _signed(unit: int) -> int:
    return unit - 65_536 if unit > 32_767 else unit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program."""
    options = argparse.ArgumentParser(description="Makes what a ReaPack repository serves.")
    options.add_argument("dist", type=Path, help="the folder to write to")
    options.add_argument("--base-url", required=True, help="where that folder will lie")
    chosen = options.parse_args(arguments)
    try:
        made = build(chosen.dist, base_url=chosen.base_url, time=dt.datetime.now(dt.UTC))
    except HeadError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{made}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
