"""One file that Audacity 3 imports as a whole: every stem on its track, in one undo step.

Audacity still reads the projects of its version 2, whose audio may lie in other files. Such a project,
written for the occasion, says all at once what single imports can't: names, pairs of channels, colours,
mute and solo, and each clip's place as a full-precision number. The audio is copied on import.

The format's demands, each learnt on the real program: a folder ``<name>_data`` beside the file; blocks
of at most `BLOCK` frames; a name of its own for every block of every channel, because blocks of one
name are taken for the same audio.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

BLOCK = 262144
"""Frames of a block at most."""
_FLOAT = 262159
"""Audacity's number for 32-bit float."""
_MONO = 2
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """A track to be made, with one clip.

    Attributes
    ----------
    file
        Absolute path of a WAV or FLAC file with one or two channels.
    frames, rate, channels
        The file's.
    colour
        0 to 3, Audacity's colours of clips.
    solo
        True where others are soloed, so that this one is heard.
    gain_db
        What its track is turned up or down by.
    mute
        True for one that is there to be compared, and silent at first.
    """

    name: str
    file: Path
    frames: int
    rate: int
    channels: int
    colour: int = 0
    solo: bool = False
    mute: bool = False
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class LabelTrack:
    """A track of labels, each with start and end in project seconds."""

    name: str
    labels: tuple[tuple[float, float, str], ...]


def write(folder: Path, audio: Sequence[AudioTrack], start: float, labels: Iterable[LabelTrack] = ()) -> Path:
    """Write the file and the folder it needs.

    Parameters
    ----------
    folder
        An existing folder; `stems.aup` and `stems_data` are made in it.
    audio
        Tracks of one sample rate.
    start
        Where every clip starts, in project seconds.

    Returns
    -------
    Path
        What `Import2` is to be given.
    """
    (folder / "stems_data").mkdir(exist_ok=True)
    path = folder / "stems.aup"
    path.write_text("".join(_lines(audio, start, labels)), encoding="utf-8", newline="\n")
    return path


def _lines(audio: Sequence[AudioTrack], start: float, labels: Iterable[LabelTrack]) -> Iterator[str]:
    rate = audio[0].rate if audio else 44100
    yield '<?xml version="1.0" standalone="no" ?>\n'
    yield '<project xmlns="http://audacity.sourceforge.net/xml/" projname="stems_data" version="1.3.0" '
    yield f'audacityversion="2.4.2" rate="{float(rate)!r}">\n'
    block = 0
    for track in audio:
        for channel in range(track.channels):
            yield from _channel(track, channel, start, block)
            block += -(-track.frames // BLOCK)
    for row in labels:
        yield f'<labeltrack name={_text(row.name)} numlabels="{len(row.labels)}" height="73" minimized="0">\n'
        for begins, ends, words in row.labels:
            yield f'<label t="{begins!r}" t1="{ends!r}" title={_text(words)}/>\n'
        yield "</labeltrack>\n"
    yield "</project>\n"


def _channel(track: AudioTrack, channel: int, start: float, block: int) -> Iterator[str]:
    """Give one channel: a stereo track is a linked left one and the right one after it."""
    name, place = _text(track.name), _MONO if track.channels == 1 else channel
    linked = int(track.channels == 2 and channel == 0)
    heard = f'mute="{int(track.mute)}" solo="{int(track.solo)}"'
    gain = 10 ** (track.gain_db / 20)
    yield f'<wavetrack name={name} channel="{place}" linked="{linked}" {heard} '
    yield f'height="150" minimized="0" isSelected="0" rate="{track.rate}" gain="{gain!r}" pan="0.0" '
    yield f'colorindex="{track.colour}" sampleformat="{_FLOAT}">\n'
    yield f'<waveclip offset="{start!r}" colorindex="{track.colour}" name={name}>\n'
    yield f'<sequence maxsamples="{BLOCK}" sampleformat="{_FLOAT}" numsamples="{track.frames}">\n'
    source = _text(str(track.file))
    for number, first in enumerate(range(0, track.frames, BLOCK), block):
        length = min(BLOCK, track.frames - first)
        yield f'<waveblock start="{first}"><pcmaliasblockfile summaryfile="e{number:07x}.auf" '
        yield f'aliasfile={source} aliasstart="{first}" aliaslen="{length}" aliaschannel="{channel}" '
        yield 'min="-1" max="1" rms="0"/></waveblock>\n'
    yield '</sequence><envelope numpoints="0"></envelope></waveclip></wavetrack>\n'


def _text(text: str) -> str:
    """Quote a text for an attribute; what XML can't hold at all becomes a question mark."""
    return quoteattr(_NOT_XML.sub("?", text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
