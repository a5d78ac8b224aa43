"""Orders: created, asked about, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from stembridge.model.errors import (
    KeyNeededError,
    ProtocolError,
    StembridgeError,
    UnavailableError,
    UsageError,
)
from stembridge.mvsep import replies
from stembridge.mvsep.attend import never
from stembridge.mvsep.calls import Calls, clearly_refused, refused, success_of
from stembridge.mvsep.faults import MaybeSentError
from stembridge.mvsep.form import Upload
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.wire import Asked, Params, Reply, Sent

T = TypeVar("T")

REMOTE_TYPES = ("direct", "mega", "drive", "dropbox")
"""Kinds of link that the service can fetch from."""


class Separations(Calls):
    """Endpoints under ``/api/separation``."""

    def create(
        self,
        upload: Path | None,
        upload_name: str,
        *,
        sep_type: int,
        options: Mapping[str, str],
        output_format: int,
        publish_demo: bool = False,
        progress: Sent | None = None,
        cancelled: Asked = never,
    ) -> replies.Created:
        """Order a separation of a file. It may cost; it is never repeated.

        Parameters
        ----------
        upload
            The file; None for a type that takes none.
        upload_name
            The name it gets at the service; plain ASCII.
        sep_type, options
            The separation type, and its options by field name.
        output_format
            0 to 5.
        publish_demo
            True to publish it on the service's demo page.
        progress
            Gets the file's bytes sent and in all.

        Raises
        ------
        MaybeSentError
            The order may have arrived.
        StembridgeError
            Any other: it certainly wasn't taken.
        Cancelled
            Likewise.
        """
        fields = self._order(sep_type, options, output_format, publish_demo=publish_demo)
        file = None if upload is None else Upload("audiofile", upload, upload_name)
        return self._create(fields, file, progress, cancelled)

    def create_from_url(
        self,
        url: str,
        *,
        remote_type: str = "direct",
        sep_type: int,
        options: Mapping[str, str],
        output_format: int,
        publish_demo: bool = False,
        cancelled: Asked = never,
    ) -> replies.Created:
        """Order a separation of a file that the service fetches itself: see `create`.

        ``remote_type`` is one of `REMOTE_TYPES`. The hash is the short one: `get_remote` tells the
        real one.
        """
        if remote_type not in REMOTE_TYPES:
            raise UsageError(
                f"'{remote_type}' is no kind of link that MVSEP can fetch.",
                hint=f"Choose one of: {', '.join(REMOTE_TYPES)}.",
            )
        fields = self._order(sep_type, options, output_format, publish_demo=publish_demo)
        return self._create({**fields, "url": url, "remote_type": remote_type}, None, None, cancelled)

    def _order(
        self, sep_type: int, options: Mapping[str, str], output_format: int, *, publish_demo: bool
    ) -> dict[str, str | int | Secret]:
        if not 0 <= output_format <= 5:
            raise UsageError(f"MVSEP has no output format {output_format}.", hint="Choose 0 to 5.")
        # All of them, always: the service's own defaults are another model and a lossy format.
        return {
            "api_token": self._needed_key(),
            "sep_type": sep_type,
            **options,
            "output_format": output_format,
            "is_demo": int(publish_demo),
        }

    def _create(
        self, fields: Params, upload: Upload | None, progress: Sent | None, cancelled: Asked
    ) -> replies.Created:
        what = "the order"
        reply = self.transport.post(
            "/api/separation/create", fields, upload=upload, progress=progress, cancelled=cancelled
        )
        good = 200 <= reply.status < 300
        if good and success_of(reply) is not False:
            try:
                return self._read(reply, replies.parse_created, what)
            except ProtocolError as problem:
                unclear: StembridgeError = problem
        else:
            error = self._refused(reply)
            if clearly_refused(reply):
                raise error
            unclear = error
        if not reply.whole:
            raise UnavailableError(
                unclear.message, hint=unclear.hint, retryable=True, context=unclear.context
            )
        raise MaybeSentError(
            f"Whether MVSEP took the order is unknown. {unclear.message}",
            hint="It isn't sent again by itself. Look into the account's history before you repeat it.",
            context=unclear.context,
        )

    def get(
        self, job: str, *, node: str | None = None, attempts: int | None = None, cancelled: Asked = never
    ) -> replies.Status:
        """Ask how a job stands, on the host (``node``, a base address) that has it."""
        reply = self.transport.get(
            "/api/separation/get", {"hash": Secret(job)}, node=node, attempts=attempts, cancelled=cancelled
        )
        return self._status(reply, replies.parse_status, job)

    def get_mirrored(self, job: str, *, node: str | None = None) -> replies.Status:
        """Ask for a job's files on another mirror. Costs 1 credit: it is asked once.

        Raises
        ------
        MaybeSentError
            When no clear answer came: the credit may be gone.
        """
        fields: Params = {"hash": Secret(job), "mirror": 1, "api_token": self._needed_key()}
        try:
            reply = self.transport.get("/api/separation/get", fields, node=node, attempts=1)
            if reply.status < 500:
                return self._status(reply, replies.parse_status, job)
            problem: StembridgeError = refused(reply, self._secrets())
        except UnavailableError as unavailable:
            problem = unavailable
        raise MaybeSentError(
            f"Whether MVSEP took the credit for the mirror is unknown. {problem.message}",
            hint="Look at the credits with `stembridge account show` before you ask again.",
        )

    def get_remote(
        self, job: str, *, node: str | None = None, attempts: int | None = None, cancelled: Asked = never
    ) -> replies.RemoteStatus:
        """Ask how the fetching of a url job stands, by its short hash."""
        reply = self.transport.get(
            "/api/separation/get-remote",
            {"hash": Secret(job)},
            node=node,
            attempts=attempts,
            cancelled=cancelled,
        )
        return self._status(reply, replies.parse_remote_status, job)

    def _status(self, reply: Reply, parse: Callable[[object], T], job: str) -> T:
        what = "the job"
        if reply.status < 500 and reply.status not in {401, 408, 425, 429}:
            try:
                return self._read(reply, parse, what, Secret(job))
            except ProtocolError:
                if 200 <= reply.status < 300 and success_of(reply) is not False:
                    raise
        raise self._refused(reply, Secret(job))

    def cancel(self, job: str, *, node: str | None = None) -> bool:
        """Cancel a job on the host that has it; credits come back only while it waits.

        Returns
        -------
        bool
            False when the service doesn't know the job, or no longer.
        """
        fields: Params = {"api_token": self._needed_key(), "hash": Secret(job)}
        reply = self.transport.post("/api/separation/cancel", fields, node=node)
        what = "the cancelling"
        if success_of(reply) is False and reply.status in {200, 400, 404, 422}:
            error = self._refused(reply, Secret(job))
            if not isinstance(error, KeyNeededError):
                return False
            raise error
        return self._judged(reply, replies.parse_cancelled, what, Secret(job))
