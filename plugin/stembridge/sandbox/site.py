"""The calls about the site and the account: catalogue, news, queue, demos, login, profile, history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stembridge.sandbox.accounts import Account
from stembridge.sandbox.jobs import Stage
from stembridge.sandbox.remote import RemoteDesk
from stembridge.sandbox.service import Service
from stembridge.sandbox.wire import Refusal, Request, flag, megabytes, page, refused, stamp

Call = Callable[[Request], object]
Routes = Mapping[str, tuple[frozenset[str], Call]]

_GET, _POST = frozenset({"GET"}), frozenset({"POST"})
_NEWS = (
    ("Results are kept for 72 hours", "Результаты хранятся 72 часа", "After that their files are deleted."),
    ("Results up to 24 bit", "Результаты до 24 бит", "FLAC 24 and WAV 32 are there for premium users."),
    ("New karaoke models", "Новые модели караоке", "Lead and back vocals in one go."),
    ("The sandbox is open", "Песочница открыта", "This server runs on your own machine and costs nothing."),
)


class Site:
    """Everything but the quality checker, as calls by path.

    Parameters
    ----------
    service, remote
        What the calls ask.
    recent
        True: the shapes of the newer service (``current`` for ``plan``, ``bytes`` as a string).
    """

    def __init__(self, service: Service, remote: RemoteDesk, *, recent: bool = False) -> None:
        self._service = service
        self._remote = remote
        self._recent = recent
        self._opened = service.clock()

    def routes(self) -> Routes:
        """Give the calls by path, with the methods each allows."""
        return {
            "/api/separation/create": (_POST, self.create),
            "/api/separation/get": (_GET, self.get),
            "/api/separation/get-remote": (_GET, self.get_remote),
            "/api/separation/cancel": (_POST, self.cancel),
            "/api/app/algorithms": (_GET, lambda _request: self._service.catalogue.wire()),
            "/api/app/news": (_GET, self.news),
            "/api/app/queue": (_GET, self.queue),
            "/api/app/demo": (_GET, self.demo),
            "/api/app/login": (_POST, self.login),
            # The page's text says POST, its example sends the form with GET.
            "/api/app/register": (_GET | _POST, self.register),
            "/api/app/user": (_GET, self.user),
            "/api/app/separation_history": (_GET, self.history),
            "/api/app/enable_premium": (_POST, self._switch("premium", on=True)),
            "/api/app/disable_premium": (_POST, self._switch("premium", on=False)),
            "/api/app/enable_long_filenames": (_POST, self._switch("names", on=True)),
            "/api/app/disable_long_filenames": (_POST, self._switch("names", on=False)),
        }

    def create(self, request: Request) -> object:
        """Take an order with a file, with an address, or with neither for a prompt."""
        if "audiofile" not in request.form.uploads and request.params.get("url"):
            entry = self._remote.create(request)
            link = f"{request.base}/api/separation/get-remote?hash={entry.short}"
            return {"success": True, "data": {"link": link, "hash": entry.short}}
        job = self._service.create(request)
        link = f"{request.base}/api/separation/get?hash={job.hash}"
        return {"success": True, "data": {"link": link, "hash": job.hash}}

    def get(self, request: Request) -> object:
        """Tell where a job stands, and what came of it."""
        hash_ = self._hash(request)
        if flag(request.params.get("mirror")):
            self._service.mirror(request)
        answer = self._service.get(hash_, request.base)
        data = answer["data"]
        if self._recent and isinstance(data, dict):
            for file in data.get("files", ()):
                file["bytes"] = str(file["bytes"])
        return answer

    def get_remote(self, request: Request) -> object:
        """Tell where an order by address stands."""
        return self._remote.get(self._hash(request), request.base)

    def cancel(self, request: Request) -> object:
        """Cancel a job."""
        self._hash(request)
        return {"success": self._service.cancel(request)}

    def news(self, request: Request) -> object:
        """Give the news, newest first."""
        language = request.params.get("lang") or "en"
        rows = [
            {
                "title": russian if language == "ru" else english,
                "lang": language,
                "text": f"<p>{text}</p>",
                "created_at": stamp(self._opened - 86_400 * 7 * (len(_NEWS) - place)),
            }
            for place, (english, russian, text) in enumerate(_NEWS)
        ]
        return rows[::-1][page(request.params)] if language in {"en", "ru"} else []

    def queue(self, request: Request) -> object:
        """Give the lengths of the queues, and the one of the caller's plan."""
        service = self._service
        account = service.accounts.by_key(request.params.get("api_token", ""))
        with service.lock:
            service.advance()
            now = service.clock()
            waiting = [job for job in service.timeline.jobs if job.stage is Stage.WAITING and not job.removed]
            running = [
                job for job in service.timeline.jobs if job.stage is Stage.PROCESSING and not job.removed
            ]
            counts = {
                "premium": sum(job.plan.name == "premium" for job in waiting),
                "registered": sum(job.plan.name == "registered" for job in waiting),
                "unregistered": 0,
            }
            answer: dict[str, object] = {"queue": {"in_process": len(running), **counts}}
            plan = "unregistered" if account is None else service.plan_of(account).name
            answer["current" if self._recent else "plan"] = {"plan": plan, "queue": counts[plan]}
            if account is not None and service.free.per_day is not None:
                left = max(0, service.free.per_day - account.used_today(now))
                answer["free_separations"] = {"left": left, "max": service.free.per_day}
        return answer

    def demo(self, request: Request) -> object:
        """Give the jobs that were published, newest first."""
        service = self._service
        with service.lock:
            service.advance()
            jobs = [
                job
                for job in service.timeline.jobs
                if job.demo and job.stage is Stage.DONE and not job.removed
            ]
        rows: list[dict[str, object]] = []
        for job in jobs[::-1][page(request.params)]:
            algorithm = service.catalogue.get(job.sep_type)
            rows.append(
                {
                    "hash": job.hash,
                    "date": stamp(job.ended),
                    "input_audio": f"{request.base}/storage/{job.storage}/{job.slug}.{job.suffix}",
                    "size": megabytes(job.upload_size),
                    "algorithm": algorithm.brief() if algorithm else {},
                }
            )
        return rows

    def login(self, request: Request) -> object:
        """Give the account of an e-mail address and a password."""
        email, password = request.params.get("email", ""), request.params.get("password", "")
        account = self._service.accounts.by_login(email, password)
        if account is None:
            words = {"email": ["The e-mail address or the password is wrong."]}
            raise Refusal(400, {"success": False, "message": words})
        return {"success": True, "data": account.profile()}

    def register(self, request: Request) -> object:
        """Open an account."""
        words = [
            request.params.get(name, "") for name in ("name", "email", "password", "password_confirmation")
        ]
        with self._service.lock:
            wrong = self._service.accounts.register(words[0], words[1], words[2], words[3])
        if wrong:
            raise Refusal(400, {"success": False, "errors": wrong})
        return {"success": True, "message": "The account was opened. You can log in now."}

    def user(self, request: Request) -> object:
        """Give the account of a key, and what it has under way."""
        account = self._account(request)
        service = self._service
        with service.lock:
            service.advance()
            running = [job for job in service.timeline.jobs if job.owner is account and job.unprocessed]
            rows = [{"hash": job.hash, "status": job.stage.value} for job in running]
        return {"success": True, "data": account.profile() | {"current_queue": rows or None}}

    def history(self, request: Request) -> object:
        """Give the account's jobs, newest first."""
        rows = self._service.history(self._account(request))
        return {"success": True, "data": rows[page(request.params)]}

    def _switch(self, what: str, *, on: bool) -> Call:
        def call(request: Request) -> object:
            account = self._account(request)
            with self._service.lock:
                if what == "premium":
                    account.premium_enabled = on
                else:
                    account.long_names = on
            words = "Premium" if what == "premium" else "Long file names"
            return {"success": True, "message": f"{words} {'enabled' if on else 'disabled'}."}

        return call

    def _account(self, request: Request) -> Account:
        account = self._service.accounts.by_key(request.params.get("api_token", ""))
        if account is None:
            raise Refusal(400, {"success": False, "message": "The api_token is invalid."})
        return account

    def _hash(self, request: Request) -> str:
        hash_ = request.params.get("hash", "")
        if not hash_:
            raise refused("The hash field is required.")
        return hash_
