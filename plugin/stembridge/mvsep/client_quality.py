"""The Quality Checker: its queue, its leaderboards, entries."""

from __future__ import annotations

from pathlib import Path

from stembridge.model.errors import UsageError
from stembridge.mvsep import replies_quality
from stembridge.mvsep.attend import never
from stembridge.mvsep.calls import Calls, page
from stembridge.mvsep.form import Upload
from stembridge.mvsep.redact import Secret
from stembridge.mvsep.replies_quality import DATASETS
from stembridge.mvsep.wire import Asked, Params, Sent


class Quality(Calls):
    """Endpoints under ``/api/quality_checker``."""

    def quality_queue(self, *, start: int = 0, limit: int = 10) -> tuple[replies_quality.QualityEntry, ...]:
        """Fetch entries, newest first."""
        what = "the quality checker"
        return self._get(
            "/api/quality_checker/queue", page(start, limit), replies_quality.parse_quality_queue, what
        )

    def quality_leaderboard(
        self,
        *,
        dataset_type: int = 0,
        start: int = 0,
        limit: int = 10,
        name_filter: str = "",
        sort: str = "",
    ) -> replies_quality.Leaderboard:
        """Fetch a page of a leaderboard.

        ``dataset_type`` is a key of `DATASETS`; ``sort`` one of an earlier reply's sortables.
        """
        fields: dict[str, str | int | Secret] = {"dataset_type": _dataset(dataset_type), **page(start, limit)}
        if name_filter:
            fields["algo_name_filter"] = name_filter
        if sort:
            fields["sort"] = sort
        what = "the leaderboard"
        return self._get("/api/quality_checker/leaderboard", fields, replies_quality.parse_leaderboard, what)

    def quality_add(
        self,
        zipfile: Path,
        *,
        algo_name: str,
        main_text: str,
        password: Secret,
        dataset_type: int = 0,
        ensemble: bool = False,
        progress: Sent | None = None,
        cancelled: Asked = never,
    ) -> replies_quality.QualityAdded:
        """Send an entry. The password deletes it later."""
        fields: Params = {
            "api_token": self._needed_key(),
            "algo_name": algo_name,
            "main_text": main_text,
            "dataset_type": _dataset(dataset_type),
            "ensemble": int(ensemble),
            "password": password,
        }
        reply = self.transport.post(
            "/api/quality_checker/add",
            fields,
            upload=Upload("zipfile", zipfile, "entry.zip"),
            progress=progress,
            cancelled=cancelled,
        )
        return self._judged(reply, replies_quality.parse_quality_added, "the new entry", password)

    def quality_entry(self, entry: int) -> replies_quality.QualityEntry:
        """Fetch one entry."""
        what = f"entry {entry}"
        return self._get(
            "/api/quality_checker/entry", {"id": entry}, replies_quality.parse_quality_entry, what
        )

    def quality_delete(self, entry: int, password: Secret) -> str:
        """Delete an entry; gives the service's sentence about it."""
        fields: Params = {"id": entry, "password": password}
        what = "the deletion"
        return self._post(
            "/api/quality_checker/delete", fields, replies_quality.parse_quality_deleted, what, password
        )


def _dataset(dataset_type: int) -> int:
    if dataset_type not in DATASETS:
        raise UsageError(
            f"There is no data set {dataset_type}.",
            hint="Choose one of: " + ", ".join(f"{k} ({v})" for k, v in DATASETS.items()) + ".",
        )
    return dataset_type
