"""Transcripts: from whatever shape a service writes to plain text, SRT, WebVTT and labels."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_ARROW = re.compile(
    r"\[?(?P<start>(?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,9})?)\s*-->\s*"
    r"(?P<end>(?:\d{1,3}:)?\d{1,3}:\d{1,2}(?:[.,]\d{1,9})?)(?P<rest>[^\n]*)"
)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,9})?)")
_MARKUP = re.compile(
    r"</?(?:[ibuc]|v|lang|ruby|rt|font)\b[^>\n]{0,200}>|<\d[\d:.,]{1,20}>|\{\\[^}\n]{1,40}\}"
)
_LISTS = (
    "segments",
    "chunks",
    "sentences",
    "utterances",
    "cues",
    "lines",
    "transcription",
    "results",
    "words",
)
_WHOLES = ("transcription", "transcript", "result", "results", "data", "output", "srt", "vtt")
_TEXTS = ("text", "sentence", "transcript", "word", "content")
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Label:
    """A line of a transcript; ``start`` and ``end`` in seconds from the region's first frame."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said. ``labels`` is empty where the service gave no times: none are made up."""

    text: str
    labels: tuple[Label, ...] = ()


def read_transcript(sources: Iterable[object]) -> Transcript:
    """Make one transcript of several accounts of it.

    Parameters
    ----------
    sources
        Texts (plain, SRT, WebVTT, JSON) or JSON values, in any order.

    Returns
    -------
    Transcript
        The times of the account with the most lines that have some; the words of the longest plain
        account, else of the lines.
    """
    accounts = [found for source in sources if (found := _read(source, 0)) is not None]
    labels = max((one.labels for one in accounts), key=len, default=())
    plain = [one.text for one in accounts if one.text and not one.labels]
    told = [one.text for one in accounts if one.text]
    text = max(plain or told, key=len, default="") or " ".join(label.text for label in labels)
    return Transcript(text.strip(), labels)


def _read(value: object, depth: int) -> Transcript | None:
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return _read_text(value, depth)
    if isinstance(value, list):
        return _read_lines(value, depth)
    if isinstance(value, dict):
        return _read_object(value, depth)
    return None


def _read_text(text: str, depth: int) -> Transcript | None:
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").strip()
    if text.startswith(('"{', '"[', "{", "[")) and not _ARROW.match(text):
        try:
            return _read(json.loads(text), depth + 1) or Transcript(text)
        except (ValueError, RecursionError):
            pass
    cues = list(_ARROW.finditer(text))
    if not cues:
        return Transcript(text) if text else None
    labels = []
    for number, cue in enumerate(cues):
        end = cues[number + 1].start() if number + 1 < len(cues) else len(text)
        # Whisper writes its words behind the bracket; SRT and WebVTT on the lines below (behind the
        # arrow WebVTT has its settings).
        behind = cue["rest"].strip()
        inline = behind[1:].strip() if behind.startswith("]") else ""
        block = text[cue.end() : end].split("\n\n")[0]
        labels.append(_label(_seconds(cue["start"]), _seconds(cue["end"]), f"{inline} {block}"))
    kept = _kept(labels)
    return Transcript(" ".join(label.text for label in kept), kept)


def _read_lines(rows: Sequence[object], depth: int) -> Transcript | None:
    if all(isinstance(row, str) for row in rows):
        return _read_text("\n".join(str(row) for row in rows), depth + 1) if rows else None
    labels: list[Label | None] = []
    words: list[str] = []
    for row in rows:
        start, end, text = _row(row)
        words.append(text)
        labels.append(_label(start, end, text))
    kept = _kept(labels)
    text = " ".join(word.strip() for word in words if word.strip())
    if text or kept:
        return Transcript(text, kept)
    inner = [found for row in rows if (found := _read(row, depth + 1)) is not None]
    return max(inner, key=lambda one: len(one.labels), default=None)


def _row(row: object) -> tuple[float | None, float | None, str]:
    if isinstance(row, dict):
        start, end = _times(row)
        text = next((row[name] for name in _TEXTS if isinstance(row.get(name), str)), "")
        return start, end, text
    if isinstance(row, list) and len(row) >= 3 and isinstance(row[2], str):
        return _seconds(row[0]), _seconds(row[1]), row[2]
    return None, None, ""


def _times(row: Mapping[str, object]) -> tuple[float | None, float | None]:
    for first, last, scale in (
        ("start", "end", 1.0),
        ("start_time", "end_time", 1.0),
        ("begin", "end", 1.0),
        ("start_ms", "end_ms", 0.001),
    ):
        if first in row and last in row:
            start, end = _seconds(row[first]), _seconds(row[last])
            return (None, None) if start is None or end is None else (start * scale, end * scale)
    pair = row.get("timestamp", row.get("timestamps"))
    if isinstance(pair, list) and len(pair) == 2:
        return _seconds(pair[0]), _seconds(pair[1])
    if isinstance(pair, dict):
        return _seconds(pair.get("from")), _seconds(pair.get("to"))
    return None, None


def _read_object(whole: Mapping[str, object], depth: int) -> Transcript | None:
    text = next((whole[name] for name in _TEXTS if isinstance(whole.get(name), str)), "")
    found: list[Transcript] = []
    for name in dict.fromkeys((*_LISTS, *_WHOLES)):
        if name in whole and (inner := _read(whole[name], depth + 1)) is not None:
            found.append(inner)
            if inner.labels:
                break
    best = max(found, key=lambda one: len(one.labels), default=None)
    if best is None:
        return Transcript(str(text).strip()) if str(text).strip() else None
    return Transcript(str(text).strip() or best.text, best.labels)


def _seconds(value: object) -> float | None:
    """Read seconds, or a time such as ``01:02:03,456``; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e9 and math.isfinite(value) else None
    if not isinstance(value, str):
        return None
    match = _CLOCK.fullmatch(value.strip())
    if match:
        return int(match[1] or 0) * 3600.0 + int(match[2]) * 60.0 + float(match[3].replace(",", "."))
    try:
        return _seconds(float(value))
    except ValueError:
        return None


def _label(start: float | None, end: float | None, text: str) -> Label | None:
    if start is None or start < 0:
        return None
    plain = " ".join("".join(c if c.isprintable() else " " for c in _MARKUP.sub("", text)).split())
    last = start if end is None or end < start else end
    return Label(round(start, 3), round(last, 3), plain) if plain else None


def _kept(labels: Iterable[Label | None]) -> tuple[Label, ...]:
    return tuple(sorted((one for one in labels if one is not None), key=lambda one: (one.start, one.end)))


def to_srt(labels: Sequence[Label]) -> str:
    """Write SubRip subtitles."""
    return "\n".join(
        f"{number}\n{_clock(label.start, ',')} --> {_clock(label.end, ',')}\n{_safe(label.text)}\n"
        for number, label in enumerate(labels, 1)
    )


def to_vtt(labels: Sequence[Label]) -> str:
    """Write WebVTT subtitles (W3C)."""
    cues = (
        f"{_clock(label.start, '.')} --> {_clock(label.end, '.')}\n{_escaped(label.text)}\n"
        for label in labels
    )
    return "WEBVTT\n\n" + "\n".join(cues)


def _safe(text: str) -> str:
    return text.replace("-->", "->")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    thousandths = round(seconds * 1000)
    minutes, thousandths = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{thousandths // 1000:02}{point}{thousandths % 1000:03}"
