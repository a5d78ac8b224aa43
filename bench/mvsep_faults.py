"""Which faults of the service each client gets over, and what it pays for it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from bench.mvsep_clients import Ours, Ran, Theirs, server
from numpy.typing import NDArray

Stems = Mapping[str, NDArray[np.float32]]
Fault = dict[str, Any]

RATE, FRAMES, MODEL = 44_100, 3 * 44_100, 40
AT_ONCE = 4
PATIENCE = 240.0
BUSY = "You already have unprocessed file in queue. Please wait before adding new file!"
NEAR = 0.97
"""Share of a stem's samples that have to be right: a fault may have cut some off its end."""


def _one(name: str, **rest: Any) -> tuple[Fault, ...]:
    return ({"name": name, **rest},)


def _file(name: str, **rest: Any) -> tuple[Fault, ...]:
    return _one(name, on="download", **rest)


CASES: Mapping[str, tuple[Fault, ...]] = {
    "nothing": (),
    "order: reset before the upload": _one("reset_before_upload"),
    "order: reset during the upload": _one("reset_during_upload"),
    "order: reset after the upload": _one("reset_after_upload"),
    "order: taken, answer lost": _one("answer_lost"),
    "order: taken, answer cut short": _one("truncated_json", on="create"),
    "order: success as a string": _one("success_string"),
    "order: slot busy (400)": _one("400_errors", text=BUSY),
    "order: 401 once": _one("401"),
    "order: 429, Retry-After 2": _one("429", on="create", retry_after=2),
    "order: 503 as a page": _one("503_html", on="create"),
    "poll: connection reset": _one("reset"),
    "poll: 408": _one("408"),
    "poll: 425": _one("425"),
    "poll: 429, Retry-After 2": _one("429", retry_after=2),
    "poll: 500 as a page": _one("500_html"),
    "poll: 502 as a page, 3 times": _one("502_html", times=3),
    "poll: 503 as a page": _one("503_html"),
    "poll: JSON cut short": _one("truncated_json"),
    "poll: status of the wrong type": _one("wrong_type", path="status", value=7),
    "poll: unknown status": _one("unknown_status"),
    "poll: `converting`": _one("converting"),
    "poll: not_found right after the order": _one("not_found"),
    "result: done without files": _one("done_without_files", times=2),
    "result: done with empty urls": _one("done_empty_urls", times=2),
    "result: a stem is missing at first": _one("missing_stem", times=2),
    "result: path tricks in names": _one(
        "names", times=2, names=["../../evil_vocals.wav", "/evil_other.wav"]
    ),
    "result: two files of one name": _one("one_name", times=2),
    "result: on another host": _one("moved", times=2, to="https://example.invalid"),
    "file: truncated at the service": _one("truncated_file"),
    "file: a page at the service": _one("html_file"),
    "file: says another rate": _one("wrong_rate"),
    "file: 1000 frames short": _one("other_length"),
    "file: starts 1105 frames late": _one("late_start", index="all"),
    "download: connection reset": _file("reset"),
    "download: cut in the middle": _one("download_cut"),
    "download: shorter length told": _one("short_length"),
    "download: cut, then Range ignored": (*_one("download_cut"), *_one("range_ignored")),
    "download: cut, then wrong range": (*_one("download_cut"), *_one("wrong_content_range")),
    "download: a page instead": _one("html_download"),
    "download: 503 as a page": _file("503_html"),
    "download: slow drip": _one("slow_drip", block=8000, pause=0.02),
}
"""Unless it says more, the fault happens once."""
HOPELESS = frozenset({"truncated_file", "html_file", "wrong_rate", "other_length"})
"""The service's own file is spoilt for good: who is told so, and gets no such stem, has come through."""


@dataclass(frozen=True)
class Row:
    """What came of a case: in words, after how many commands, for how many paid orders."""

    words: str
    commands: int
    paid: int
    lost: bool

    def __str__(self) -> str:
        again = "" if self.commands == 1 else f" at command {self.commands}"
        return f"{self.words + again:34s} paid {self.paid}"


def faults(python: Path) -> int:
    """Print the table; give the cases in which ours lost stems, gave wrong ones, or paid twice."""
    print("\nFaults: what the user has after one command, or after the natural second one")
    print("(stembridge: `jobs resume`, or the same order where there was none; mvsep-cli: the same order)")
    rng = np.random.default_rng(9)
    # On the steps of 16 bits, so that every way of sending it is exact.
    samples = (np.rint(rng.standard_normal((FRAMES, 2)) * 3000) / 32768).astype(np.float32)
    with tempfile.TemporaryDirectory(prefix="stembridge-bench-") as name:
        song = Path(name) / "song.wav"
        sf.write(song, samples, RATE, subtype="PCM_16")
        right = _right(python, song)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = list(pool.map(lambda case: _both(python, song, right, case), CASES.values()))
    print(f"  {'fault':40s} {'stembridge':42s} mvsep-cli")
    for what, (ours, theirs) in zip(CASES, rows, strict=True):
        print(f"  {what:40s} {ours!s:42s} {theirs}")
    for name, which in (("stembridge", 0), ("mvsep-cli", 1)):
        column = [pair[which] for pair in rows]
        print(
            f"  {name}: right at once in {sum(r.words == 'right' and r.commands == 1 for r in column)}, "
            f"at the second command in {sum(r.words == 'right' and r.commands == 2 for r in column)} "
            f"of {len(rows)}; paid twice in {sum(r.paid > 1 for r in column)}; "
            f"wrong stems without a word in {sum(r.words.startswith('WRONG') for r in column)}"
        )
    return sum(pair[0].lost or pair[0].paid > 1 for pair in rows)


def _right(python: Path, song: Path) -> Stems:
    """Give the stems of a trip without faults; both clients have to agree on them."""
    with tempfile.TemporaryDirectory(prefix="stembridge-bench-") as name, server(Path(name) / "s") as service:
        folder = Path(name)
        found = []
        for client in (Ours(service, folder / "a"), Theirs(service, folder / "b", python, interval="1")):
            client.folder.mkdir()
            out = folder / f"out-{client.name}"
            ran = client.run(song, MODEL, out)
            assert ran.code == 0, ran.words
            found.append(_read(client.stems(out)))
    assert _verdict(*found) == "right", "the clients don't agree without any fault"
    return found[0]


def _both(python: Path, song: Path, right: Stems, case: Sequence[Fault]) -> tuple[Row, Row]:
    return _ours(song, right, case), _theirs(python, song, right, case)


def _ours(song: Path, right: Stems, case: Sequence[Fault]) -> Row:
    with (
        tempfile.TemporaryDirectory(prefix="stembridge-bench-") as name,
        server(Path(name) / "s", faults=case) as service,
    ):
        folder = Path(name)
        client, out = Ours(service, folder / "ours"), folder / "out"
        ran, commands = client.run(song, MODEL, out, PATIENCE), 1
        if ran.code:
            commands = 2
            paid = service.facts()["paid"]
            ran = client.resume(PATIENCE) if paid else client.run(song, MODEL, out, PATIENCE)
        said = _verdict(right, _read(client.stems(out)))
        return _row(case, ran, commands, service.facts()["paid"], said)


def _theirs(python: Path, song: Path, right: Stems, case: Sequence[Fault]) -> Row:
    with (
        tempfile.TemporaryDirectory(prefix="stembridge-bench-") as name,
        server(Path(name) / "s", faults=case) as service,
    ):
        folder = Path(name)
        client, out = Theirs(service, folder / "theirs", python, interval="1"), folder / "out"
        ran, commands = client.run(song, MODEL, out, PATIENCE), 1
        if ran.code:
            ran, commands = client.run(song, MODEL, out, PATIENCE), 2
        said = _verdict(right, _read(client.stems(out)))
        return _row(case, ran, commands, service.facts()["paid"], said)


def _row(case: Sequence[Fault], ran: Ran, commands: int, paid: int, said: str) -> Row:
    if ran.code == -9:
        return Row("no end", commands, paid, lost=True)
    if ran.code:
        hopeless = any(fault["name"] in HOPELESS for fault in case)
        return Row("told" if hopeless else f"refused (exit {ran.code})", commands, paid, lost=not hopeless)
    return Row(said, commands, paid, lost=said != "right")


def _read(paths: Mapping[str, Path]) -> dict[str, NDArray[np.float32]]:
    found = {}
    for stem, path in paths.items():
        try:
            samples, rate = sf.read(path, dtype="float32", always_2d=True)
        except sf.LibsndfileError:
            samples, rate = np.zeros((0, 2), np.float32), 0
        found["other" if stem == "instrumental" else stem] = samples if rate == RATE else samples[:0]
    return found


def _verdict(right: Stems, found: Stems) -> str:
    if right.keys() - found.keys():
        return f"WRONG: {len(right.keys() & found.keys())} of {len(right)} stems"
    for stem, samples in right.items():
        got = found[stem]
        if got.shape != samples.shape:
            return "WRONG: length or rate"
        if np.mean(np.all(got == samples, axis=1)) < NEAR:
            return "WRONG: samples"
    return "right"
