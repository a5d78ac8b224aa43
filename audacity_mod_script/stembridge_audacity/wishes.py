"""What becomes of the menu's requests: jobs, and sets of jobs.

Each is made under the request's id, so that a request that is taken twice makes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stembridge.bridge.hosting import BlendRequest, Job, read_json
from stembridge.model.errors import StembridgeError, UsageError
from stembridge_audacity import compared, last
from stembridge_audacity.choices import Choice
from stembridge_audacity.editor import Origin, Region, Source
from stembridge_audacity.export import frame_at, verified
from stembridge_audacity.pipe_editor import PipeEditor, spool
from stembridge_audacity.requests import MenuRequest
from stembridge_audacity.sets import BATCH, COMPARISON, Part, Sets
from stembridge_audacity.trip import Trips

_NEAR = 1e-3
"""Seconds: Audacity tells of a label with six digits."""
_NO_CHAIN = "A chain can't be saved as a preset: it is a recipe of its own."


@dataclass
class Wishes:
    """The requests of a data folder, carried out as far as jobs are made.

    Parameters
    ----------
    told
        Hears what the user has to know.
    """

    trips: Trips
    sets: Sets
    told: Callable[[Sequence[str]], None]

    def separate(self, request: MenuRequest) -> Job:
        """Make the job of one region."""
        choice = _choice(request)
        wish = choice.wish(self.trips.host.default_engine, self.trips.home)
        job = Job(self.trips.host.store.folder / request.id)
        if not job.request_file.exists():
            with spool(self.trips.folder) as spot:
                region = self._region(request, spot)
                job, claim = self.trips.begin(region, wish, request.id)
                claim.release()
        return job

    def gather(
        self, members: Sequence[MenuRequest], told: Callable[[Sequence[str]], None]
    ) -> list[MenuRequest]:
        """Make a set of several regions.

        Parameters
        ----------
        told
            Hears why regions are no part of it. What may go by itself is raised instead.

        Returns
        -------
        list of MenuRequest
            Those that came too late for the set, which is there already.
        """
        name = members[0].group
        if self.sets.exists(name):
            known = self.sets.jobs(name)
            return [request for request in members if request.id not in known]
        parts, wrong = [], {}
        with spool(self.trips.folder) as spot:
            for request in sorted(members, key=lambda one: (len(one.id), one.id)):
                try:
                    choice = _choice(request)
                    choice.wish(self.trips.host.default_engine, self.trips.home)
                    region = self._region(request, spot)
                except StembridgeError as error:
                    if error.retryable:
                        raise
                    wrong[f"{error.message} {error.hint}".strip()] = request
                    continue
                apart = len(request.tracks) == 1 and not request.label
                mark = region.origin.mark or request.label
                origin = replace(region.origin, mark=mark, apart=apart, original=choice.original)
                title = mark or origin.name
                parts.append(Part(request.id, title, replace(region, origin=origin), choice))
            if parts:
                self.sets.make(name, BATCH, parts)
        for sentence in wrong:
            told([sentence])
        return []

    def compare(self, request: MenuRequest) -> None:
        """Make a set of one region and several models."""
        if self.sets.exists(request.id) or Job(self.trips.host.store.folder / request.id).folder.exists():
            return
        choices = [Choice.from_settings(settings) for settings in request.choices]
        home, default = self.trips.home, self.trips.host.default_engine
        orders = [choice.wish(default, home).order for choice in choices]
        told = {repr((one.engine or default, one.model, dict(one.options), one.stems)) for one in orders}
        if len(told) < len(orders):
            raise UsageError(
                "The same model stands there twice.", hint="Choose other ones with Compare Models... again."
            )
        with spool(self.trips.folder) as spot:
            region = self._region(request, spot)
            origin = replace(region.origin, part_of=request.id, original=choices[0].original)
            parts = [
                Part(f"{request.id}m{place}", choice.title(home), replace(region, origin=origin), choice)
                for place, choice in enumerate(choices, 1)
            ]
            self.sets.make(request.id, COMPARISON, parts)

    def _region(self, request: MenuRequest, spot: Any) -> Region:
        if request.export is not None:
            return exported(request)
        with self.trips.connect(self.trips.folder) as editor:
            self.told(editor.mended)
            places = [(track.index, track.name) for track in request.tracks]
            region = editor.stretch(spot, request.project, request.start, request.end, places)
            text = _written(editor, request) if request.label else ""
        self.told(region.notes)
        return replace(region, origin=replace(region.origin, mark=text))

    def blend(self, request: MenuRequest) -> Job:
        """Make the job that blends a stem of what was made of the selected region.

        Raises
        ------
        UsageError
            When fewer than two separations of one region have it.
        """
        wanted, words = request.words["stem"].casefold(), [name.casefold() for name in request.models]
        found: dict[str, tuple[Job, Origin]] = {}
        stem = region = None
        for job, origin, result in self._finished(request):
            key = (origin.first_frame, origin.frames, origin.rate, origin.tracks)
            name = compared.title(job, result)
            row = next((row for row in result["stems"] if _called(row, wanted)), None)
            if row is None or key != (region or key) or name in found:
                continue
            if words and not any(word in name.casefold() for word in words):
                continue
            region, stem = key, str(row["id"])
            found[name] = job, origin
        if len(found) < 2 or stem is None:
            which = f"only of {next(iter(found))}" if found else "of none"
            raise UsageError(
                f"To blend '{request.words['stem']}' takes two models' stems of one region; there is one "
                f"{which}.",
                hint="Select the region and use Compare Models... first.",
            )
        origin = replace(
            next(iter(found.values()))[1], part_of="", mark="blend", original=request.words["original"]
        )
        jobs = tuple(job.id for job, _ in found.values())[::-1]
        order = BlendRequest(
            jobs, stem, name=origin.name, method=request.words["method"], host_context=origin.to_dict()
        )
        return self.trips.host.order(order, None, request.id)

    def _finished(self, request: MenuRequest) -> Iterator[tuple[Job, Origin, dict[str, Any]]]:
        """Give the project's separations that reach into the selection, newest first."""
        for job in self.trips.host.jobs():
            try:
                if job.request_document()["kind"] != "separate" or not job.result_file.exists():
                    continue
                origin = self.trips.origin(job)
                result = read_json(job.result_file)
            except (OSError, KeyError, StembridgeError):
                continue
            everywhere = request.end <= request.start
            reaches = origin.start < request.end and origin.end > request.start
            if origin.project == request.project and (everywhere or reaches):
                yield job, origin, result

    def preset(self, request: MenuRequest) -> str:
        """Save the last settings as a preset, or remove one; gives what was done, in a sentence."""
        host, name = self.trips.host, request.words["name"]
        if request.words["action"] == "remove":
            host.ask("remove_preset", {"name": name})
            return f"The preset '{name}' is removed."
        choice = last.recall(self.trips.home)
        order = choice.wish(host.default_engine, self.trips.home).order
        if order.chain is not None:
            raise UsageError(_NO_CHAIN, hint="Save what you chose beside a preset or a model.")
        (row,) = host.ask(
            "save_preset",
            {
                "name": name,
                "title": request.words["title"],
                "replace": request.words["action"] == "replace",
                "order": {
                    "engine": order.engine or (host.default_engine if choice.model is None else None),
                    "model": order.model,
                    "options": dict(order.options),
                    "stems": list(order.stems),
                    "rest": order.rest,
                    "residual": order.residual,
                },
            },
        )
        return f"Saved: {row['title']} ({row['gives']}). It is in the list of Separate Stems... from now on."


def _written(editor: PipeEditor, request: MenuRequest) -> str:
    """Give a label's text as it is: a menu entry may know no accents."""
    for label in editor.audacity.labels():
        if abs(label.start - request.start) < _NEAR and abs(label.end - request.end) < _NEAR:
            return label.text.strip()
    return ""


def _choice(request: MenuRequest) -> Choice:
    assert request.settings is not None  # noqa: S101 - the reader has checked it
    return Choice.from_settings(request.settings)


def _called(row: dict[str, Any], wanted: str) -> bool:
    return wanted in {str(row["id"]).casefold(), str(row["label"]).casefold()}


def exported(request: MenuRequest) -> Region:
    """Take over a region that the menu entry has exported itself.

    Raises
    ------
    HostError
        When the file isn't what it should be.
    """
    assert request.export is not None  # noqa: S101 - the caller has looked
    rate = round(request.tracks[0].rate)
    first, end = frame_at(request.start, rate), frame_at(request.end, rate)
    frames = verified(request.export, rate, None, end - first)
    sources = tuple(
        Source(track.index, track.name, round(track.rate), track.channels, track.start, track.end)
        for track in request.tracks
    )
    origin = Origin(request.project, round(request.project_rate), first, frames, rate, sources)
    return Region(request.export, origin)
