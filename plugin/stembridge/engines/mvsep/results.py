"""A finished order becomes an answer: files fetched, named, told apart by kind."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from stembridge.audio.codecs.source import SourceInfo
from stembridge.audio.storage import storage_errors
from stembridge.engines.base import Asked, Report, Ticket
from stembridge.engines.mvsep.fetching import Fetcher, Wanted, fetch_input
from stembridge.engines.mvsep.naming import INPUT, Named, incomplete, missing, name_files
from stembridge.engines.mvsep.polling import Listed
from stembridge.engines.mvsep.text import Transcript, read_transcript, to_srt, to_vtt
from stembridge.model.errors import StembridgeError, TransferError, UnknownNameError
from stembridge.model.results import EngineFile, Separation
from stembridge.model.stems import ResultKind
from stembridge.mvsep.catalogue import Catalogue
from stembridge.mvsep.plans import FREE, OUTPUT_FORMATS
from stembridge.mvsep.redact import scrub
from stembridge.mvsep.replies import ResultFile
from stembridge.mvsep.transport import Transport

_TEXT_IDS = (
    ("transcript", "txt", "Transcript"),
    ("subtitles", "srt", "Subtitles"),
    ("captions", "vtt", "Captions"),
)
_AGAIN = "What came is kept at MVSEP for 72 hours: look again with `stembridge jobs resume`."


class Answer:
    """Makes the answer of one order.

    Parameters
    ----------
    listed
        The service's list.
    catalogue
        Tells a type's kind.
    """

    def __init__(self, ticket: Ticket, listed: Listed, catalogue: Catalogue, folder: Path) -> None:
        self._ticket = ticket
        self._listed = listed
        self._catalogue = catalogue
        self._folder = folder

    def fetch(self, transport: Transport, progress: Report, cancelled: Asked) -> Separation:
        """Fetch and verify every file, and say what each is."""
        promised = self._ticket.memo.get("stems", "").split()
        lacking = missing(self._listed.files, promised)
        if lacking:
            raise TransferError(incomplete(lacking), hint=_AGAIN, context={"missing": lacking})
        with storage_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        named = name_files(self._listed.files, promised)
        wanted = [self._wanted(one, number) for number, one in enumerate(named)]
        found = Fetcher(transport, progress, cancelled).run(wanted) if wanted else {}
        files = [
            self._row(one, found[file.target])
            for one, file in zip(named, wanted, strict=True)
            if not one.text
        ]
        details = self._details(named)
        texts = [file.target for one, file in zip(named, wanted, strict=True) if one.text]
        if texts or self._listed.transcription:
            transcript = self._transcript(texts)
            files += self._write(transcript)
            details["labels"] = [[label.start, label.end, label.text] for label in transcript.labels]
        if not files:
            raise TransferError("MVSEP's result holds nothing.", hint=_AGAIN)
        notes = self._notes(found)
        notes += self._input(transport, details, progress, cancelled)
        order = {stem: place for place, stem in enumerate(promised)}
        files.sort(key=lambda file: order.get(file.stem, len(order)))
        return Separation(tuple(files), complete=False, notes=tuple(notes), details=details)

    def _wanted(self, one: Named, number: int) -> Wanted:
        # A transcript as the service wrote it is only read; its own name is out of the way of ours.
        name = f"service-{number}.{one.extension}" if one.text else one.name
        return Wanted(one.row.url, self._folder / name, one.label, one.row.bytes, text=one.text)

    def _row(self, one: Named, info: SourceInfo | None) -> EngineFile:
        kind = self._kind()
        if kind is ResultKind.TEXT:
            kind = ResultKind.AUDIO
        return EngineFile(one.name, one.stem, one.label, kind, lossy=info is not None and info.lossy)

    def _kind(self) -> ResultKind:
        """Give the kind of the type that was ordered; by its name where the order doesn't say it."""
        for said in (self._ticket.memo.get("model", ""), self._listed.about.get("algorithm", "")):
            if said:
                with suppress(UnknownNameError):
                    return self._catalogue.find(said).kind
        return ResultKind.STEM

    def _transcript(self, texts: Sequence[Path]) -> Transcript:
        sources: list[object] = [self._listed.transcription]
        with storage_errors(self._folder):
            sources += [path.read_bytes().decode("utf-8", "replace") for path in texts]
            for path in texts:
                path.unlink()
        return read_transcript(sources)

    def _write(self, transcript: Transcript) -> list[EngineFile]:
        contents = {"txt": transcript.text + "\n"}
        if transcript.labels:
            contents |= {"srt": to_srt(transcript.labels), "vtt": to_vtt(transcript.labels)}
        files = []
        for stem, extension, label in _TEXT_IDS:
            if extension in contents:
                path = self._folder / f"transcript.{extension}"
                with storage_errors(path):
                    path.write_text(contents[extension], encoding="utf-8", newline="\n")
                files.append(EngineFile(path.name, stem, label, ResultKind.TEXT))
        return files

    def _details(self, named: Sequence[Named]) -> dict[str, Any]:
        about = self._listed.about
        details: dict[str, Any] = {
            "service": "MVSEP",
            "labels_of_the_service": {n.stem: n.label for n in named},
        }
        for name in ("algorithm", "algorithm_description", "output_format", "date"):
            if about.get(name):
                details[name] = scrub(about[name])
        return details

    def _notes(self, found: dict[Path, SourceInfo | None]) -> list[str]:
        notes = [self._listed.about["note"]] if self._listed.about.get("note") else []
        if self._ticket.memo.get("bits") == "16":
            notes.append(
                "The region was sent at 16 bit with dither, because at 24 bit it is larger than the "
                f"{FREE.megabytes} MB of your plan: the stems are exact down to -96 dBFS only."
            )
        sent = self._ticket.memo.get("format", "")
        lossy = sent.isdigit() and int(sent) in OUTPUT_FORMATS and not OUTPUT_FORMATS[int(sent)].lossless
        if lossy or any(info is not None and info.lossy for info in found.values()):
            notes.append(
                "The stems came in a lossy format, as was asked for: they can't sum to the region exactly."
            )
        return notes

    def _input(
        self, transport: Transport, details: dict[str, Any], progress: Report, cancelled: Asked
    ) -> list[str]:
        """Fetch what was separated, where it didn't come from here."""
        if self._ticket.memo.get("input") != "1":
            return []
        about = self._listed.about
        url, problem = about.get("input", ""), "it gave no address"
        if url:
            row = ResultFile(type=INPUT, url=url, download=about.get("input_name", ""))
            name = f"{INPUT}.{name_files([row])[0].extension}"
            got = fetch_input(
                Fetcher(transport, progress, cancelled), Wanted(url, self._folder / name, INPUT)
            )
            if not isinstance(got, StembridgeError):
                details[INPUT] = name
                return []
            problem = got.message.rstrip(".")
        return [
            f"What was separated couldn't be had from MVSEP ({problem}): the stems are placed as they came."
        ]
