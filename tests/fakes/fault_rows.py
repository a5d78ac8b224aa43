"""The faults that a job at the service must survive: one row each, with the way it ends.

A row's first end is what happens without anybody's help; `again` is where the job stands once the
cause is gone and the user has resumed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stembridge.model.states import State

READY, FAILED, ASKS = State.READY, State.FAILED, State.NEEDS_DECISION
Fault = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes
    ----------
    faults
        What is armed at the service, in order.
    ends
        How the first shift ends.
    says
        What its message (a failure's, a question's, or a waiting event's) has to hold.
    code
        The error's code.
    posts
        How many orders are sent in the first shift, refused ones included.
    again
        Where it ends after a resume.
    mend
        True when the service's files are made good before the resume.
    same
        False when the stems can't be those of an undisturbed run.
    free
        True for the free account.
    frames
        Of the region; where there are many, the upload is longer than what the sockets hold.
    """

    faults: tuple[Fault, ...] = ()
    ends: State = READY
    says: str = ""
    code: str = ""
    posts: int = 1
    again: State = READY
    mend: bool = False
    same: bool = True
    free: bool = False
    frames: int = 20_000
    model: str = "40"


def f(name: str, **args: Any) -> Fault:
    """Arm a fault."""
    return name, MappingProxyType(args)


def refused(shape: str) -> Row:
    """A refusal for good, in one of the service's shapes; its own words are kept."""
    return Row((f(shape, text="The sandbox has no mood"),), FAILED, r"The sandbox has no mood\.")


def passing(name: str, **args: Any) -> Row:
    """A fault of the polls that goes away while the worker waits."""
    return Row((f(name, times=3, **args),))


LONG = 150_000
PAGE = {"type": "text/html", "body": b"<html>no</html>"}
HTTP_DATE = 1_800_000_030.0
EVIL = ("../../evil_vocals.wav", "C:\\con.flac")

ROWS: dict[str, Row] = {
    # The order, on its way there and back
    "reset before upload": Row((f("reset_before_upload", times=2),), posts=3, frames=LONG),
    "reset during upload": Row((f("reset_during_upload", times=2, after=5000),), posts=3, frames=LONG),
    "reset after upload": Row((f("reset_after_upload"),), ASKS, "line broke", "needs_decision"),
    "answer to create lost": Row((f("answer_lost"),)),
    "answer to create lost, history too": Row(
        (f("answer_lost"), f("500_html", on="separation_history", times=40)), FAILED, "MVSEP", "unavailable"
    ),
    "answer to create late": Row((f("late_answer", seconds=0.6),)),
    "answer to create cut": Row((f("truncated_json", on="create"),)),
    "answer to create of a wrong type": Row((f("wrong_type", on="create", path="data", value=[1]),)),
    "answer to create without a hash": Row((f("wrong_type", on="create", path="data.hash", value=None),)),
    "answer to create that is no JSON object": Row((f("wrong_type", on="create", path="-", value="yes"),)),
    "upload slow": Row((f("slow_upload", pause=0.01, block=4096),)),
    # Refusals
    **{
        f"400 as {shape}": refused(f"400_{shape}")
        for shape in ("errors", "data_message", "message", "field_message", "field_errors", "error")
    },
    "400 as html": Row((f("400_html"),), ASKS, "line broke", "needs_decision"),
    "200 success false": refused("200_success_false"),
    "401 once": Row((f("401"),), says="Unauthenticated", posts=2),
    "401 three times": Row((f("401", times=3),), says="Unauthenticated", posts=4),
    "401 at the account": Row(
        (f("401", on="user", times=9),), FAILED, "Unauthenticated", "key_refused", posts=0
    ),
    "401 of a poll": Row((f("401", on="get", times=2),)),
    "402": Row((f("402", text="Payment please"),), FAILED, r"Payment please\.", "limit"),
    "403": Row((f("403", text="For premium users only"),), FAILED, "premium users only", "limit"),
    "404 of a poll": passing("404"),
    "404 of create": Row((f("404", on="create"),), FAILED, "Not Found"),
    "408 of a poll": passing("408"),
    "408 of create": Row((f("408", on="create"),), ASKS, "line broke"),
    "413": Row((f("413_html"),), FAILED, "(?i)too (large|big)", "limit"),
    "425 of a poll": passing("425"),
    "425 of create": Row((f("425", on="create"),), posts=2),
    "429 with a number": passing("429", retry_after=7),
    "429 with a date": passing("429", date=HTTP_DATE),
    "429 of create with a number": Row((f("429", on="create", retry_after=40),), says="Too Many", posts=2),
    "429 of create with a date": Row((f("429", on="create", date=HTTP_DATE),), says="Too Many", posts=2),
    "429 at the account": Row((f("429", on="user", retry_after=3),)),
    "429 of a download": Row((f("429", on="download", retry_after=3),)),
    **{
        f"{status} of {where}": Row(
            (f(f"{status}_html", on=route, times=1 if route == "create" else 3),),
            *((ASKS, "line broke") if route == "create" else ()),
        )
        for status in (500, 502, 503)
        for where, route in (("a poll", "get"), ("create", "create"), ("a download", "download"))
    },
    "503 at the account": Row((f("503_html", on="user", times=9),), FAILED, "503|isn't", "unavailable", 0),
    # Shapes
    "success as a string": Row((f("success_string"),)),
    "success as a string in a poll": Row((f("success_string", on="get", times=3),)),
    "truncated JSON": passing("truncated_json"),
    "wrong type of the status": passing("wrong_type", path="status", value={"what": 1}),
    "wrong type of the data": Row((f("wrong_type", path="data", value="text", times=3),)),
    "wrong type of the files": Row((f("wrong_type", path="data.files", value={"a": 1}, times=3),)),
    "wrong type of a url": passing("wrong_type", path="data.files.0.url", value=17),
    "no JSON at all": passing("raw", **PAGE),
    "an empty answer": passing("raw", body=b""),
    # States
    "unknown status": passing("unknown_status", word="polishing"),
    "converting": passing("converting"),
    "not_found right after create": passing("not_found"),
    "done without files": passing("done_without_files"),
    "done without files for good": Row(
        (f("done_without_files", times=200),), FAILED, "done, but gives no files|.", "engine_failed"
    ),
    "done with empty urls": passing("done_empty_urls"),
    "failed with a reason": Row(
        (f("failed", reason="GPU on fire", times=9),), FAILED, "GPU on fire", "engine_failed"
    ),
    "failed without a reason": Row((f("failed", times=9),), FAILED, "gave no reason", "engine_failed"),
    "failed for good": Row(
        (f("failed", reason="GPU on fire", times=999),), FAILED, "GPU on fire", "engine_failed", again=FAILED
    ),
    "job expired": Row((f("expired", times=200),), FAILED, "not found", "engine_failed"),
    "one stem missing": passing("missing_stem"),
    "one stem missing for good": Row(
        (f("missing_stem", times=200),), FAILED, r"incomplete: \w+ missing", "engine_failed"
    ),
    # Downloads
    "download cut": Row((f("download_cut", times=3, after=9000),)),
    "download cut with a reset": Row((f("download_cut", times=3, after=9000, reset=True),)),
    "download cut for good": Row((f("download_cut", times=40, after=0),), FAILED, "broke off", "unavailable"),
    "wrong length": Row((f("short_length", times=2),)),
    "wrong bytes in the list": Row((f("wrong_bytes"),), FAILED, "another size", "transfer"),
    "wrong Content-Range": Row((f("download_cut", times=2), f("wrong_content_range", times=2))),
    "Range ignored": Row((f("download_cut", times=2), f("range_ignored", times=2))),
    "HTML instead of audio": Row((f("html_download", times=2),)),
    "HTML instead of audio for good": Row(
        (f("html_download", times=40),), FAILED, "web page instead of the audio", "transfer"
    ),
    "HTML file": Row((f("html_file"),), FAILED, "web page", "transfer", mend=True),
    "truncated FLAC": Row((f("truncated_file"),), FAILED, "damaged or cut short", "transfer", mend=True),
    "wrong sample rate": Row((f("wrong_rate"),), FAILED, "rate|Hz|long", "alignment", again=FAILED),
    "shorter": Row((f("other_length", by=-1000),), FAILED, "length|long|short", "alignment", again=FAILED),
    "longer": Row((f("other_length", by=5000),), FAILED, "length|long|short", "alignment", again=FAILED),
    "two files of one name": Row((f("one_name"),), model="47", same=False),
    "path tricks in names": Row((f("names", names=EVIL),), same=True),
    "result url on another host": passing("moved", to="https://example.org"),
    "result url on another host for good": Row(
        (f("moved", to="https://example.org", times=9999),), FAILED, "isn't its own"
    ),
    "result url on another port": passing("moved", to="http://127.0.0.1:9"),
    "result url of another scheme": passing("moved", to="file://127.0.0.1"),
    "redirect of a poll elsewhere": passing("redirect", to="https://example.org/"),
    "redirect of a download elsewhere": Row(
        (f("redirect", on="download", to="https://example.org/a.flac"),), FAILED, "another address"
    ),
    "redirect of create elsewhere": Row(
        (f("redirect", on="create", to="https://example.org/"),), ASKS, "line broke"
    ),
    "slow drip": Row((f("slow_drip", times=2, block=20_000, pause=0.01),)),
    "download gone": Row((f("404", on="download", times=9),), FAILED, "no longer", "engine_failed"),
    # Connections of the polls
    "reset of a poll": passing("reset"),
    "hang of a poll": Row((f("hang", seconds=0.3),)),
    # The account's means
    "out of credits at create": Row(
        (f("400_errors", text="You don't have enough credits for this separation"),),
        FAILED, "enough credits", "limit",
    ),
    "plan too small at create": Row(
        (f("400_errors", text="Seperation type is unavailable until you purchase premium membership"),),
        FAILED, "purchase premium", "limit",
    ),
    "daily limit at create": Row(
        (f("400_errors", text="You have reached the limit of separations for today.", times=3),),
        says="limit of separations", posts=4, free=True,
    ),
    "slot busy": Row(
        (
            f(
                "400_errors",
                text="You already have unprocessed file in queue. Please wait before adding new file!",
                times=3,
            ),
        ),
        says="unprocessed file", posts=4, free=True,
    ),
}  # fmt: skip
