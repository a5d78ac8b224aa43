"""Short ways to order from the stand-in service, and to look at what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fakes.faulty_service import FaultyService
from tests.fakes.web import Answer, call


def create(service: FaultyService, song: Path | None, key: str | None = None, **fields: object) -> Answer:
    form = {
        "api_token": key or service.premium.key,
        "sep_type": 40,
        "output_format": 5,
        "is_demo": 0,
    } | fields
    files = {} if song is None else {"audiofile": song}
    return call(f"{service.url}/api/separation/create", form, files)


def get(service: FaultyService, hash_: str, **params: object) -> dict[str, Any]:
    answer = call(f"{service.url}/api/separation/get", params={"hash": hash_, **params})
    assert answer.status == 200, answer.body
    document: dict[str, Any] = answer.json
    return document


def hash_of(answer: Answer) -> str:
    assert answer.status == 200, answer.body
    return str(answer.json["data"]["hash"])


def words(answer: Answer) -> list[str]:
    assert answer.status == 400
    assert answer.json["success"] is False
    return list(answer.json["errors"])
