"""The site and the account: news, queues, demos; log-in, the user, the history, two switches."""

from __future__ import annotations

from stembridge.model.errors import RemoteFailedError, UsageError
from stembridge.mvsep import replies_site
from stembridge.mvsep.attend import never
from stembridge.mvsep.calls import PAGE, Calls, bad_key, page, success_of
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.wire import Asked, Params, Reply


class Site(Calls):
    """Endpoints under ``/api/app``."""

    def algorithms(self, *, cancelled: Asked = never) -> Reply:
        """Fetch the live list of separation types, unread: `catalogue_live` reads it."""
        reply = self.transport.get("/api/app/algorithms", cancelled=cancelled)
        if not 200 <= reply.status < 300:
            raise self._refused(reply)
        return reply

    def news(self, *, lang: str = "en", start: int = 0, limit: int = 10) -> tuple[replies_site.News, ...]:
        """Fetch the site's news, newest first. ``lang`` has two letters: en, ru."""
        return self._get(
            "/api/app/news", {"lang": lang, **page(start, limit)}, replies_site.parse_news, "the news"
        )

    def queue(self) -> replies_site.Queue:
        """Fetch the lengths of the queues; with a key also the account's own."""
        fields: Params = {"api_token": self._key} if self._key else {}
        return self._get("/api/app/queue", fields, replies_site.parse_queue, "the queues")

    def demo(self, *, start: int = 0, limit: int = 10) -> tuple[replies_site.Demo, ...]:
        """Fetch published separations, newest first."""
        return self._get("/api/app/demo", page(start, limit), replies_site.parse_demos, "the demos")

    def login(self, email: str, password: Secret) -> replies_site.Account:
        """Exchange e-mail address and password for the account with its key."""
        reply = self.transport.post("/api/app/login", {"email": email, "password": password})
        if reply.status == 400 or (reply.status == 200 and success_of(reply) is False):
            raise bad_key(
                reply,
                self._secrets(password),
                hint="Check the e-mail address and the password, and try again.",
            )
        return self._judged(reply, replies_site.parse_account, "the log-in", password)

    def register(self, name: str, email: str, password: Secret, confirmation: Secret) -> replies_site.Notice:
        """Create an account; `UsageError` with the service's words for a form that it refuses."""
        fields: Params = {
            "name": name,
            "email": email,
            "password": password,
            "password_confirmation": confirmation,
        }
        what = "the registration"
        reply = self.transport.post("/api/app/register", fields)
        try:
            return self._judged(reply, replies_site.parse_notice, what, password, confirmation)
        except RemoteFailedError as refusal:
            if reply.status != 400 or refusal.code != "engine_refused":
                raise
            # Whatever its words are: on this page a 400 means the form.
            raise UsageError(
                refusal.message,
                hint="Correct what MVSEP names, and send the form again.",
                context=refusal.context,
            ) from None

    def user(self) -> replies_site.Account:
        """Fetch the account: credits, leave to spend them, jobs under way."""
        reply = self.transport.get("/api/app/user", {"api_token": self._needed_key()})
        if reply.status in {400, 401} or (reply.status == 200 and success_of(reply) is False):
            raise bad_key(reply, self._secrets())
        return self._judged(reply, replies_site.parse_account, "the account")

    def separation_history(self, *, start: int = 0, limit: int = PAGE) -> tuple[replies_site.HistoryRow, ...]:
        """Fetch a page of the account's earlier separations, newest first."""
        fields: Params = {"api_token": self._needed_key(), **page(start, limit)}
        reply = self.transport.get("/api/app/separation_history", fields)
        if reply.status == 400 or (reply.status == 200 and success_of(reply) is False):
            raise bad_key(reply, self._secrets())
        return self._judged(reply, replies_site.parse_history, "the history")

    def set_premium(self, *, enabled: bool) -> replies_site.Notice:
        """Give or take the leave to spend credits."""
        return self._switch("premium", enabled=enabled)

    def set_long_filenames(self, *, enabled: bool) -> replies_site.Notice:
        """Ask for long or short names of result files."""
        return self._switch("long_filenames", enabled=enabled)

    def _switch(self, name: str, *, enabled: bool) -> replies_site.Notice:
        path = f"/api/app/{'enable' if enabled else 'disable'}_{name}"
        reply = self.transport.post(path, {"api_token": self._needed_key()})
        if reply.status == 400:
            raise bad_key(reply, self._secrets())
        return self._judged(reply, replies_site.parse_notice, "the setting")
