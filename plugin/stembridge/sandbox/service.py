"""The rules of the stand-in service: who may do what, what it costs, and what each call answers."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stembridge.sandbox.accounts import PREMIUM, REGISTERED, Account, Accounts, Plan
from stembridge.sandbox.catalogue import DEFAULT_TYPE, Algorithm, Catalogue
from stembridge.sandbox.encode import FORMATS, m4a_available, probe
from stembridge.sandbox.forms import Upload, slug_and_suffix
from stembridge.sandbox.jobs import Job, Pace, Stage, Stored, Timeline
from stembridge.sandbox.splitters import Separator
from stembridge.sandbox.wire import Refusal, Request, flag, iso, megabytes, refused, stamp
from stembridge.sandbox.workshop import Workshop

log = logging.getLogger(__name__)

BUSY = "You already have unprocessed file in queue. Please wait before adding new file!"
QUOTA = "You have reached the limit of separations for today. Please come back tomorrow."
PREMIUM_ONLY = "Seperation type is unavailable until you purchase premium membership"
NO_TYPE = "Seperation type is not set"
GONE: Mapping[str, object] = {
    "success": False,
    "status": "not_found",
    "data": {"message": "The separation was not found, or its files were deleted."},
}
_MESSAGES = {
    "waiting": "Your file waits in the queue.",
    "processing": "Your file is being processed.",
    "distributing": "The parts of your file are being processed.",
    "merging": "The parts of your file are being put together.",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for, checked but for the audio."""

    account: Account
    algorithm: Algorithm
    chosen: dict[str, str]
    output_format: int
    demo: bool


class Service:
    """The state of the stand-in, behind one lock.

    Parameters
    ----------
    folder
        Where uploads and results lie; made when missing.
    separator
        What separates.
    accounts, catalogue
        Who is known, and which separation types there are.
    clock
        Unix seconds; a test gives its own.
    pace
        How long everything takes.
    workers
        Separations at a time.
    free, premium
        The two plans.
    patient
        True: a status that only lacks the separation's own end waits for it, so that a run with a false
        clock is the same every time.
    """

    def __init__(
        self,
        folder: Path,
        separator: Separator,
        *,
        accounts: Accounts,
        catalogue: Catalogue,
        clock: Callable[[], float],
        pace: Pace,
        workers: int = 1,
        free: Plan = REGISTERED,
        premium: Plan = PREMIUM,
        patient: bool = False,
    ) -> None:
        self.lock = threading.RLock()
        self.accounts = accounts
        self.catalogue = catalogue
        self.clock = clock
        self.free, self.premium = free, premium
        self.uploads = folder / "uploads"
        self.results = folder / "results"
        self.uploads.mkdir(parents=True, exist_ok=True)
        self.results.mkdir(parents=True, exist_ok=True)
        self.workshop = Workshop(self.results, separator, clock, workers=workers)
        self.timeline = Timeline(pace, self.workshop.submit, exact=patient)
        self.ended: list[Job] = []
        """Jobs that came to an end and nobody was told of yet: the webhook's list."""
        self.patient = patient
        self.reserved: Callable[[Account], int] = lambda _account: 0
        """Slots of an account that are filled by more than jobs: files that are still being fetched."""

    # Who asks

    def caller(self, request: Request) -> Account:
        """Find the account behind a request that costs something; refuses with 400 or 401."""
        key = request.params.get("api_token", "")
        if not key:
            raise refused("The api_token field is required.")
        account = self.accounts.by_key(key)
        if account is None:
            raise Refusal(401, {"success": False, "message": "Unauthenticated."})
        return account

    def plan_of(self, account: Account) -> Plan:
        """Give the plan that counts for an account now."""
        return self.premium if account.premium else self.free

    # Create

    def create(self, request: Request) -> Job:
        """Take an order in; raises Refusal with the service's words."""
        order = self.order(request)
        upload = request.form.uploads.get("audiofile")
        if upload is None and not order.algorithm.prompt:
            raise refused("The audiofile field is required when url is not present.")
        return self.accept(order, upload)

    def order(self, request: Request) -> Order:
        """Check everything of an order but its audio."""
        account = self.caller(request)
        params = request.params
        try:
            sep_type = int(params.get("sep_type") or DEFAULT_TYPE)
            output_format = int(params.get("output_format") or 0)
        except ValueError:
            raise refused("sep_type and output_format are whole numbers.") from None
        algorithm = self.catalogue.get(sep_type)
        if algorithm is None:
            raise refused(NO_TYPE)
        if not 0 <= output_format < len(FORMATS):
            raise refused("The selected output format is invalid.")
        plan = self.plan_of(account)
        if algorithm.orientation == 2 and plan is not self.premium:
            raise refused(PREMIUM_ONLY)
        if FORMATS[output_format].premium and plan is not self.premium:
            raise refused("The selected output format is for premium users.")
        if not FORMATS[output_format].subtype and not m4a_available():
            raise refused("This sandbox can't make m4a: ffmpeg isn't installed here.")
        try:
            chosen = algorithm.choose(params)
        except KeyError as error:
            raise refused(f"The selected {error.args[0]} is invalid.") from None
        if algorithm.prompt and not chosen.get("add_opt1", "").strip():
            raise refused("The add_opt1 field is required.")
        return Order(account, algorithm, chosen, output_format, flag(params.get("is_demo")))

    def accept(self, order: Order, upload: Upload | None, *, counted: bool = False) -> Job:
        """Check the audio, the slot, the quota and the credits; take the upload over and queue the job.

        ``counted`` says that the order fills its slot already (a file that was fetched).
        """
        now = self.clock()
        account, algorithm = order.account, order.algorithm
        facts = None if upload is None else probe(upload.path)
        plan = self.plan_of(account)
        if upload is not None and upload.size > plan.upload_bytes:
            raise refused(f"The file is larger than {plan.upload_bytes >> 20} MB.")
        if upload is not None and facts is None:
            raise refused("The file is not an audio file.")
        seconds = facts.seconds if facts else float(order.chosen.get("add_opt2") or 47)
        if seconds > plan.seconds:
            raise refused(f"The audio is longer than {plan.seconds / 60:.0f} minutes.")
        slug, suffix = slug_and_suffix(upload.filename if upload else "prompt.txt")
        with self.lock:
            self.advance(now)
            if not counted:
                self.take_slot(account, plan, now)
            cost = algorithm.credits(seconds, order.chosen) if plan is self.premium else 0
            if cost > account.credits:
                raise refused("You don't have enough credits for this separation.")
            account.credits -= cost
            account.created.append(now)
            when = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d%H%M%S")
            storage = secrets.token_hex(16)
            job = Job(
                number=len(self.timeline.jobs) + 1,
                hash=f"{when}-{secrets.token_hex(5)}-{slug}.{suffix}",
                storage=storage,
                owner=account,
                plan=plan,
                sep_type=algorithm.sep_type,
                name=algorithm.name,
                options=order.chosen,
                output_format=order.output_format,
                demo=order.demo,
                slug=slug,
                suffix=suffix,
                upload=upload.path.rename(self.uploads / f"{storage}.{suffix}") if upload else None,
                upload_size=upload.size if upload else 0,
                seconds=seconds,
                cost=cost,
                long_names=account.long_names,
                created=now,
            )
            self.timeline.jobs.append(job)
            self.advance(now)
            return job

    def take_slot(self, account: Account, plan: Plan, now: float) -> None:
        """Refuse when all slots are filled, or the day's attempts are used up."""
        if self.timeline.unprocessed(account) + self.reserved(account) >= plan.jobs:
            raise refused(BUSY)
        if plan.per_day is not None and account.used_today(now) >= plan.per_day:
            raise refused(QUOTA)

    # The clock

    def advance(self, now: float | None = None) -> None:
        """Carry everything on to now: starts, ends, refunds, and what is kept no longer."""
        with self.lock:
            now = self.clock() if now is None else now
            self.timeline.advance(now)
            for job in self.timeline.jobs:
                if job.stage in {Stage.DONE, Stage.FAILED} and not job.told:
                    job.told = True
                    if job.stage is Stage.FAILED:
                        job.owner.credits += job.cost
                        job.cost = 0
                    self.ended.append(job)
                over = job.stage in {Stage.DONE, Stage.FAILED} and not job.removed
                if over and now >= job.ended + self.timeline.pace.keep_seconds:
                    self._forget(job, now)

    def catch_up(self, timeout: float = 60.0) -> None:
        """Wait for every separation that should be over by now, and for those that follow from it."""
        while True:
            with self.lock:
                now = self.clock()
                self.advance(now)
                job = self.timeline.overdue(now)
            if job is None or not job.work.finished.wait(timeout):
                return

    def _forget(self, job: Job, now: float) -> None:
        self.timeline.remove(job, now)
        shutil.rmtree(self.results / job.storage, ignore_errors=True)
        if job.upload is not None and (job.stage is Stage.WAITING or job.work.finished.is_set()):
            job.upload.unlink(missing_ok=True)

    # Get, cancel

    def get(self, hash_: str, base: str) -> dict[str, object]:
        """Answer ``separation/get``."""
        if self.patient:
            self.catch_up()
        with self.lock:
            now = self.clock()
            self.advance(now)
            job = self.timeline.find(hash_)
            if job is None:
                return dict(GONE)
            status, numbers = self.timeline.status(job, now)
            if job.stage is Stage.FAILED:
                data: dict[str, object] = {"message": job.work.error}
            elif job.stage is Stage.DONE:
                data = self.result(job, base)
            else:
                data = {"message": _MESSAGES[status], **numbers}
            return {"success": True, "status": status, "data": data}

    def result(self, job: Job, base: str) -> dict[str, object]:
        """Give the ``data`` of a job that is done."""
        top = f"{base}/storage/{job.storage}"
        source: dict[str, object] = {"url": "", "size": megabytes(job.upload_size), "download": ""}
        if job.upload is not None:
            name = f"{job.slug}.{job.suffix}"
            source |= {"url": f"{top}/{name}", "download": name}
        return {
            "message": "The separation is done.",
            "hash": job.hash,
            "algorithm": job.name,
            "algorithm_description": ", ".join(f"{key}: {value}" for key, value in job.options.items()),
            "output_format": FORMATS[job.output_format].label,
            "size": megabytes(sum(file.size for file in job.work.files)),
            "tags": job.work.tags,
            "input_file": source,
            "files": [
                {
                    "type": file.label,
                    "url": f"{top}/{file.name}",
                    "size": megabytes(file.size),
                    "bytes": file.size,
                    "download": file.name,
                    "name": None,
                    "peaks": list(file.peaks),
                    "image": "",
                }
                for file in job.work.files
            ],
            "date": stamp(job.ended),
            "transcription": job.work.transcription,
        }

    def cancel(self, request: Request) -> bool:
        """Answer ``separation/cancel``: credits come back only while the job waits."""
        account = self.caller(request)
        with self.lock:
            now = self.clock()
            self.advance(now)
            job = self.timeline.find(request.params.get("hash", ""))
            if job is None or job.owner is not account:
                return False
            if job.stage is Stage.WAITING:
                account.credits += job.cost
                job.cost = 0
            self._forget(job, now)
            return True

    def mirror(self, request: Request) -> None:
        """Charge the credit that a download from the mirror costs."""
        account = self.caller(request)
        with self.lock:
            if self.plan_of(account) is not self.premium:
                raise refused("The mirror costs 1 credit.")
            account.credits -= 1

    def stored(self, storage: str, name: str) -> Stored | None:
        """Find a file for download by the two names in its address; neither is ever used as a path."""
        with self.lock:
            self.advance()
            job = next((j for j in self.timeline.jobs if j.storage == storage and not j.removed), None)
            if job is None or job.stage is not Stage.DONE:
                return None
            if job.upload is not None and name == f"{job.slug}.{job.suffix}":
                return Stored("Input", name, job.upload, job.upload_size, f'"{job.storage[:16]}"')
            return next((file for file in job.work.files if file.name == name), None)

    def history(self, account: Account) -> list[dict[str, object]]:
        """Give an account's jobs, the newest first."""
        with self.lock:
            now = self.clock()
            self.advance(now)
            rows: list[dict[str, object]] = []
            for job in reversed(self.timeline.jobs):
                if job.owner is not account:
                    continue
                algorithm = self.catalogue.get(job.sep_type)
                end = (job.ended or job.created) + self.timeline.pace.keep_seconds
                rows.append(
                    {
                        "id": job.number,
                        "hash": job.hash,
                        "created_at": iso(job.created),
                        "updated_at": iso(max(job.created, job.started, job.ended)),
                        "job_exists": not job.removed,
                        "credits": job.cost or None,
                        "time_left": round((end - now) / 3600, 1),
                        "algorithm": algorithm.brief() if algorithm else {},
                    }
                )
            return rows
