"""The quality checker of the stand-in: entries, their queue and the leaderboards.

The sandbox has no reference recordings, so it measures nothing: the first entries carry made-up figures and
say so, and an entry that is added is "processed" with a message instead of figures.
"""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock

from stembridge.sandbox.service import Service
from stembridge.sandbox.wire import Refusal, Request, flag, page, refused, stamp

DATASETS = (
    "Synth",
    "Multi",
    "Piano",
    "Lead/Back Vocals",
    "Guitar",
    "Medley Vox",
    "Strings",
    "Wind",
    "DNR v3 Test",
    "Super Resolution Checker for Music",
    "Drums Separation (5 stems)",
    "Male/Female vocals separation",
)
_STEMS = (
    "vocals instrum",
    "bass drums other vocals instrum",
    "piano other",
    "lead back instrum",
    "guitar other",
    "voice1 voice2",
    "strings other",
    "wind other",
    "speech music sfx",
    "restored",
    "kick snare toms hh cymbals",
    "male female",
)
UNMEASURED = "The sandbox has no reference recordings: nothing was measured."
FIRST = 7660
PROCESS_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Entry:
    """One entry. ``sdr`` is by stem; empty when nothing was measured."""

    number: int
    dataset: int
    created: float
    algo_name: str
    main_text: str
    ensemble: bool
    password: str = field(repr=False)
    sdr: dict[str, float] = field(default_factory=dict)

    def row(self, now: float) -> dict[str, object]:
        """Give the entry as the queue, the leaderboard and ``entry`` show it."""
        done = bool(self.sdr) or now >= self.created + PROCESS_SECONDS
        row: dict[str, object] = {
            "id": self.number,
            "dataset_type": self.dataset,
            "date": stamp(self.created),
            "algo_name": self.algo_name,
            "main_text": self.main_text,
            "ensemble": int(self.ensemble),
            "proc": int(done),
            "proc_remote_date": stamp(self.created + PROCESS_SECONDS) if done else None,
            "msg": ("OK" if self.sdr else UNMEASURED) if done else "",
            "metrics": {"sdr": self.sdr} if self.sdr else None,
            "dataset_name": DATASETS[self.dataset],
        }
        return row | {f"sdr_{stem}": self.sdr.get(stem) for stem in _STEMS[self.dataset].split()}


class QualityChecker:
    """All entries, newest first."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = RLock()
        now = service.clock()
        self._entries = [
            Entry(
                number=FIRST + 5 * dataset + place,
                dataset=dataset,
                created=now - 86_400 * (100 - 5 * dataset - place),
                algo_name=f"{'MVSep' if place else 'Sample'} {DATASETS[dataset]} {place + 1}",
                main_text="A sample entry of the sandbox: the figures are made up.",
                ensemble=place == 2,
                password=secrets.token_hex(8),
                sdr={stem: round(6 + place + n / 2, 2) for n, stem in enumerate(_STEMS[dataset].split())},
            )
            for dataset in range(len(DATASETS))
            for place in range(4)
        ]

    def routes(self) -> Mapping[str, tuple[frozenset[str], Callable[[Request], object]]]:
        """Give the calls by path, with the methods each allows."""
        get, post = frozenset({"GET"}), frozenset({"POST"})
        return {
            "/api/quality_checker/queue": (get, self.queue),
            "/api/quality_checker/leaderboard": (get, self.leaderboard),
            "/api/quality_checker/add": (post, self.add),
            "/api/quality_checker/entry": (get, self.entry),
            # The page's text says GET, its example posts a form.
            "/api/quality_checker/delete": (get | post, self.delete),
        }

    def queue(self, request: Request) -> object:
        """Give the entries, newest first."""
        now = self._service.clock()
        with self._lock:
            return [entry.row(now) for entry in self._entries[::-1][page(request.params)]]

    def leaderboard(self, request: Request) -> object:
        """Give the measured entries of one dataset, the best first."""
        dataset = self._dataset(request)
        sortables = [f"sdr_{stem}" for stem in _STEMS[dataset].split()]
        sort = request.params.get("sort") or sortables[0]
        if sort not in sortables:
            raise refused("The selected sort is invalid.")
        wanted = request.params.get("algo_name_filter", "").casefold()
        stem = sort.removeprefix("sdr_")
        with self._lock:
            rows = [
                entry
                for entry in self._entries
                if entry.dataset == dataset and entry.sdr and wanted in entry.algo_name.casefold()
            ]
        rows.sort(key=lambda entry: -entry.sdr[stem])
        now = self._service.clock()
        return {
            "data": [entry.row(now) for entry in rows[page(request.params)]],
            "dataset_type": dataset,
            "sortables": sortables,
            "sort": sort,
        }

    def add(self, request: Request) -> object:
        """Take an entry in: its zip is looked at and not kept."""
        self._service.caller(request)
        upload = request.form.uploads.get("zipfile")
        missing = [name for name in ("algo_name", "main_text", "password") if not request.params.get(name)]
        if missing or upload is None:
            names = [*missing, *([] if upload else ["zipfile"])]
            raise refused(*(f"The {name} field is required." for name in names))
        if not zipfile.is_zipfile(upload.path):
            raise refused("The zipfile must be a file of type: zip.")
        dataset = self._dataset(request)
        with self._lock:
            number = max(entry.number for entry in self._entries) + 1
            self._entries.append(
                Entry(
                    number=number,
                    dataset=dataset,
                    created=self._service.clock(),
                    algo_name=request.params["algo_name"],
                    main_text=request.params["main_text"],
                    ensemble=flag(request.params.get("ensemble")),
                    password=request.params["password"],
                )
            )
        return {
            "success": True,
            "data": {"id": number, "link": f"{request.base}/quality_checker/entry/{number}"},
        }

    def entry(self, request: Request) -> object:
        """Give one entry."""
        with self._lock:
            entry = self._find(request)
        if entry is None:
            raise Refusal(404, {"success": False, "data": {"message": "The entry was not found."}})
        return entry.row(self._service.clock())

    def delete(self, request: Request) -> object:
        """Delete an entry that the password belongs to."""
        with self._lock:
            entry = self._find(request)
            if entry is None or entry.password != request.params.get("password", ""):
                return {"success": False, "data": {"message": "The id or the password is wrong."}}
            self._entries.remove(entry)
        return {"success": True, "data": {"message": "The entry was deleted."}}

    def _find(self, request: Request) -> Entry | None:
        number = request.params.get("id", "")
        return next((entry for entry in self._entries if str(entry.number) == number), None)

    def _dataset(self, request: Request) -> int:
        text = request.params.get("dataset_type") or "0"
        if not text.isascii() or not text.isdigit() or int(text) >= len(DATASETS):
            raise refused("The selected dataset type is invalid.")
        return int(text)
