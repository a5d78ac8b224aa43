"""The demo song "Every Part", as data: tempo, chords, melody, words, bass, drums, guitar, keys and the mix.

Times are in beats from the first beat of the song (4 beats a bar), pitches are MIDI note numbers
(60 = middle C), velocities 1..127. Nothing here makes sound: `render_song.py` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

TITLE = "Every Part"
RATE = 44_100
"""Frames a second of everything that is rendered."""
TEMPO = 104.0
"""Quarter notes a minute."""
BEATS_PER_BAR = 4
BARS = {"intro": (0, 2), "verse": (2, 10), "chorus": (10, 18), "ending": (18, 20)}
"""Section: first bar, and the bar after its last."""
TAIL_SECONDS = 1.6
"""What is left to ring after the last bar."""
MIX_PEAK_DBFS = 1.2
"""Peak of the sum of the stems: a hot mix, with a few overs above full scale."""


@dataclass(frozen=True)
class Note:
    """One played note."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Sung:
    """One syllable: where it starts, its pitch, its spelling and its sound in espeak-ng's phoneme letters."""

    start: float
    length: float
    pitch: int
    text: str
    phonemes: str


@dataclass(frozen=True)
class Channel:
    """One strip of the mixing desk. `pan` runs from -1 (left) to +1 (right), gains are in dB."""

    stem: str
    gain_db: float
    pan: float
    reverb_db: float


@dataclass(frozen=True)
class Instrument:
    """A part for the synthesiser. `program` is a General MIDI number from 0; None means the drum kit."""

    name: str
    program: int | None
    channel: Channel
    notes: tuple[Note, ...]
    drive: float = 0.0
    """How hard the part is pushed into a soft limiter (0 = not at all)."""


@dataclass(frozen=True)
class Voice:
    """A singer. `formants` stretches the vocal tract's resonances: above 1 is a smaller, brighter voice."""

    name: str
    formants: float
    detune_cents: float
    delay_ms: float
    channel: Channel
    syllables: tuple[Sung, ...]


@dataclass(frozen=True)
class Song:
    """The whole piece, ready to be rendered."""

    tempo: float
    bars: int
    instruments: tuple[Instrument, ...]
    voices: tuple[Voice, ...]
    tail_seconds: float = TAIL_SECONDS
    seed: int = field(default=20)

    @property
    def seconds(self) -> float:
        """Length with its tail."""
        return self.bars * BEATS_PER_BAR * 60.0 / self.tempo + self.tail_seconds

    def excerpt(self, first_bar: int, bars: int) -> Song:
        """Cut out some bars: the notes that start in them, moved to the front."""
        start, stop = first_bar * BEATS_PER_BAR, (first_bar + bars) * BEATS_PER_BAR
        instruments = tuple(
            replace(
                part,
                notes=tuple(replace(n, start=n.start - start) for n in part.notes if start <= n.start < stop),
            )
            for part in self.instruments
        )
        voices = tuple(
            replace(
                voice,
                syllables=tuple(
                    replace(s, start=s.start - start) for s in voice.syllables if start <= s.start < stop
                ),
            )
            for voice in self.voices
        )
        return replace(self, bars=bars, instruments=instruments, voices=voices)


_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch(name: str) -> int:
    """Give the MIDI number of a white key such as "C4" (60)."""
    return 12 * (int(name[1:]) + 1) + _STEPS[name[0]]


CHORDS: tuple[tuple[str, ...], ...] = (
    # One tuple a bar; two names share the bar.
    *(("Am",), ("F",)),
    *(("Am",), ("F",), ("C",), ("G",), ("Am",), ("F",), ("C",), ("G",)),
    *(("F",), ("G",), ("C",), ("Am",), ("F",), ("G",), ("F", "G"), ("C",)),
    *(("F", "G"), ("C",)),
)

VOICINGS = {
    "C": ("C3", "G3", "C4", "E4", "G4"),
    "F": ("F2", "C3", "A3", "C4", "F4"),
    "G": ("G2", "D3", "B3", "D4", "G4"),
    "Am": ("A2", "E3", "A3", "C4", "E4"),
}
"""Low to high; the first is the root that the bass plays an octave lower."""

# start, length, lead, harmony (or ""), syllable, phonemes
_VERSE = (
    (0.0, 0.5, "E4", "", "Mor-", "m'O@"), (0.5, 0.5, "E4", "", "ning", "n'IN"),
    (1.0, 1.5, "A4", "", "light", "l'aIt"), (2.5, 0.5, "G4", "", "on", "'A:n"),
    (3.0, 0.5, "E4", "", "the", "D'V"), (3.5, 1.0, "F4", "", "win-", "w'In"),
    (4.5, 0.5, "E4", "", "dow", "d'oU"), (5.0, 2.25, "C4", "", "line,", "l'aIn"),
    (8.0, 0.5, "E4", "", "ca-", "k'eI"), (8.5, 0.5, "E4", "", "ble", "b'@L"),
    (9.0, 1.5, "G4", "", "in", "'In"), (10.5, 0.5, "E4", "", "and", "'and"),
    (11.0, 0.5, "D4", "", "the", "D'V"), (11.5, 1.0, "D4", "", "wheels", "w'i:lz"),
    (12.5, 0.5, "B3", "", "un-", "'Vn"), (13.0, 2.25, "D4", "", "wind,", "w'aInd"),
    (16.0, 0.5, "E4", "", "ev-", "'Ev"), (16.5, 0.5, "E4", "", "ery", "r'i:"),
    (17.0, 1.5, "A4", "", "sound", "s'aUnd"), (18.5, 0.5, "B4", "", "that", "D'at"),
    (19.0, 0.5, "A4", "", "we", "w'i:"), (19.5, 1.0, "C5", "", "tied", "t'aId"),
    (20.5, 0.5, "A4", "", "to-", "t'u:"), (21.0, 1.0, "A4", "", "geth-", "g'ED"),
    (22.0, 1.4, "F4", "", "er", "'3:"),
    (24.0, 0.5, "G4", "", "falls", "f'O:lz"), (24.5, 0.5, "E4", "", "a-", "'V"),
    (25.0, 1.5, "G4", "", "part", "p'A@t"), (26.5, 0.5, "A4", "", "and", "'and"),
    (27.0, 0.5, "G4", "", "is", "'Iz"), (27.5, 1.0, "B4", "", "heard", "h'3:d"),
    (28.5, 0.5, "A4", "", "much", "m'VtS"), (29.0, 1.0, "G4", "", "bet-", "b'Et"),
    (30.0, 1.5, "B4", "", "ter.", "t'3:"),
)  # fmt: skip
_CHORUS = (
    (0.0, 1.0, "C5", "A4", "Take", "t'eIk"), (1.0, 0.5, "C5", "A4", "it", "'It"),
    (1.5, 0.5, "A4", "F4", "a-", "'V"), (2.0, 1.75, "C5", "A4", "part,", "p'A@t"),
    (4.0, 1.0, "D5", "B4", "hear", "h'i@"), (5.0, 0.5, "D5", "B4", "ev-", "'Ev"),
    (5.5, 0.5, "B4", "G4", "ery", "r'i:"), (6.0, 1.75, "D5", "B4", "line:", "l'aIn"),
    (8.0, 1.0, "E5", "C5", "voice", "v'OIs"), (9.0, 0.5, "D5", "B4", "in", "'In"),
    (9.5, 0.5, "C5", "G4", "the", "D'V"), (10.0, 1.75, "G4", "E4", "air,", "'e@"),
    (12.0, 1.0, "C5", "A4", "drums", "dr'Vmz"), (13.0, 0.5, "C5", "A4", "keep-", "k'i:p"),
    (13.5, 0.5, "B4", "G4", "ing", "'IN"), (14.0, 1.75, "A4", "E4", "time.", "t'aIm"),
    (16.0, 1.0, "A4", "F4", "Put", "p'Ut"), (17.0, 0.5, "A4", "F4", "it", "'It"),
    (17.5, 0.5, "C5", "A4", "a-", "'V"), (18.0, 1.75, "C5", "A4", "gain", "g'En"),
    (20.0, 1.0, "B4", "G4", "where", "w'e@"), (21.0, 0.5, "C5", "G4", "it", "'It"),
    (21.5, 0.5, "D5", "B4", "be-", "b'i:"), (22.0, 1.75, "D5", "B4", "longs:", "l'O:Nz"),
    (24.0, 0.5, "A4", "F4", "ev-", "'Ev"), (24.5, 0.5, "C5", "A4", "ery", "r'i:"),
    (25.0, 1.0, "C5", "A4", "part", "p'A@t"), (26.0, 0.5, "D5", "B4", "was", "w'Vz"),
    (26.5, 0.5, "D5", "B4", "al-", "'O:l"), (27.0, 0.5, "D5", "B4", "ways", "w'eIz"),
    (27.5, 0.5, "B4", "G4", "the", "D'V"), (28.0, 4.0, "C5", "G4", "song.", "s'O:N"),
)  # fmt: skip

_KIT = {"k": 36, "s": 38, "h": 42, "o": 46, "c": 49, "r": 51, "1": 48, "2": 45, "3": 41}
"""Letters of the drum lines: kick, snare, closed and open hat, crash, ride, three toms."""
_GROOVES = {
    # Sixteen steps a line; accents follow the beat.
    "count": ("h...h...h...h.h.",),
    "pickup": ("h...h...h...h.h.", "........s..s1122", "k...............",),
    "verse": ("h.h.h.h.h.h.h.o.", "....s.......s...", "k.....k.k.k....."),
    "fill": ("h.h.h.h.h.......", "....s.....s1.223", "k.....k.k......."),
    "first": ("c...r.r.r.r.r.r.", "....s.......s...", "k.....k.k.k...k."),
    "chorus": ("r...r.r.r.r.r.r.", "....s.......s..s", "k.....k.k.k...k."),
    "end": ("c...............", "k..............."),
}  # fmt: skip
_DRUM_BARS = (
    *("count", "pickup"),
    *("verse", "verse", "verse", "fill", "verse", "verse", "verse", "fill"),
    *("first", "chorus", "chorus", "fill", "first", "chorus", "chorus", "first"),
    *("fill", "end"),
)


def _sing(
    first_bar: int, lines: tuple[tuple[float, float, str, str, str, str], ...], column: int
) -> list[Sung]:
    offset = first_bar * BEATS_PER_BAR
    return [
        Sung(offset + row[0], row[1], pitch(str(row[column])), row[4], row[5])
        for row in lines
        if str(row[column])
    ]


def _bar_chords() -> list[tuple[float, float, tuple[int, ...], str]]:
    """Give start, length, voicing and section of every chord."""
    chords = []
    for bar, names in enumerate(CHORDS):
        section = next(name for name, (first, stop) in BARS.items() if first <= bar < stop)
        length = BEATS_PER_BAR / len(names)
        for place, name in enumerate(names):
            voicing = tuple(pitch(key) for key in VOICINGS[name])
            chords.append((bar * BEATS_PER_BAR + place * length, length, voicing, section))
    return chords


def _drums() -> tuple[Note, ...]:
    notes = []
    for bar, groove in enumerate(_DRUM_BARS):
        for line in _GROOVES[groove]:
            for step, letter in enumerate(line):
                if letter == ".":
                    continue
                accent = 12 if step % 4 == 0 else 0
                base = {"k": 104, "s": 100, "c": 96}.get(letter, 70)
                notes.append(Note(bar * BEATS_PER_BAR + step / 4, 0.2, _KIT[letter], base + accent))
    return tuple(notes)


def _bass() -> tuple[Note, ...]:
    notes = []
    for start, length, voicing, section in _bar_chords():
        root, fifth = voicing[0] - 12, voicing[1] - 12
        if start >= (len(CHORDS) - 1) * BEATS_PER_BAR:
            notes.append(Note(start, length, root, 100))
        elif section == "chorus":
            eighths = [root, root, root, root, fifth, root, root, fifth][: int(length * 2)]
            notes += [Note(start + n / 2, 0.45, key, 104 - 8 * (n % 2)) for n, key in enumerate(eighths)]
        else:
            figure = (
                (0.0, 1.4, root),
                (1.5, 0.45, root),
                (2.0, 0.9, root),
                (3.0, 0.45, fifth),
                (3.5, 0.4, root),
            )
            notes += [Note(start + at, long, key, 98) for at, long, key in figure if at < length]
    return tuple(notes)


def _guitar() -> tuple[Note, ...]:
    notes = []
    for start, length, voicing, section in _bar_chords():
        if section in {"intro", "verse"}:
            order = (0, 2, 3, 4, 3, 2, 3, 1)
            notes += [Note(start + n / 2, 0.9, voicing[i], 82 - 6 * (n % 2)) for n, i in enumerate(order)]
            continue
        last = start >= (len(CHORDS) - 1) * BEATS_PER_BAR
        strokes = (
            ((0.0, 4.0),)
            if last
            else ((0.0, 1.0), (1.0, 0.5), (1.5, 0.9), (2.5, 0.5), (3.0, 0.5), (3.5, 0.5))
        )
        for n, (at, long) in enumerate(strokes):
            if at >= length:
                continue
            strings = voicing if n % 2 == 0 else voicing[::-1][:4]
            spread = 0.028 if not last else 0.06
            notes += [
                Note(start + at + spread * k, long, key, 84 - 6 * (n % 2)) for k, key in enumerate(strings)
            ]
    return tuple(notes)


def _piano() -> tuple[Note, ...]:
    notes = []
    for start, length, voicing, section in _bar_chords():
        hits: tuple[tuple[float, float], ...] = (
            ((0.0, 1.4), (1.5, 1.9))
            if section in {"intro", "verse"}
            else ((0.0, 0.9), (1.0, 0.9), (2.0, 1.4), (3.5, 0.45))
        )
        if start >= (len(CHORDS) - 1) * BEATS_PER_BAR:
            hits = ((0.0, 4.0),)
        for at, long in hits:
            if at < length:
                notes += [Note(start + at, long, key, 76) for key in voicing[1:]]
    return tuple(notes)


def _strings() -> tuple[Note, ...]:
    return tuple(
        Note(start, length * 0.98, key, 70)
        for start, length, voicing, section in _bar_chords()
        if section in {"chorus", "ending"}
        for key in voicing[2:]
    )


def build() -> Song:
    """Put the song together."""
    lead = _sing(BARS["verse"][0], _VERSE, 2) + _sing(BARS["chorus"][0], _CHORUS, 2)
    harmony = tuple(_sing(BARS["chorus"][0], _CHORUS, 3))
    instruments = (
        Instrument("drums", None, Channel("drums", -2.5, 0.0, -20.0), _drums(), drive=1.2),
        Instrument("bass", 33, Channel("bass", -6.0, 0.0, -40.0), _bass(), drive=0.5),
        Instrument("guitar", 25, Channel("guitar", -7.0, 0.55, -15.0), _guitar()),
        Instrument("piano", 4, Channel("keys", -7.5, -0.45, -14.0), _piano()),
        Instrument("strings", 48, Channel("keys", -12.0, -0.15, -10.0), _strings()),
    )
    voices = (
        Voice("lead", 1.14, 0.0, 0.0, Channel("vocals", 9.5, 0.0, -13.0), tuple(lead)),
        Voice("harmony left", 1.10, -7.0, 11.0, Channel("vocals", -3.0, -0.6, -9.0), harmony),
        Voice("harmony right", 1.18, 6.0, 19.0, Channel("vocals", -3.0, 0.6, -9.0), harmony),
    )
    return Song(TEMPO, len(CHORDS), instruments, voices)
