"""The stand-in service in a process of its own, for the benches of the trip.

    python bench/mvsep_server.py '{"folder": "...", "service_seconds": 30, "line": 0, "faults": []}'

Its first line on stdout names the address and the key. Every line on stdin is answered by one line of
facts; the end of stdin ends it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fakes.faulty_service import FaultyService

from stembridge.sandbox.jobs import Pace, Stage

BLOCK = 1 << 16


class Line:
    """A connection with a limit: so many bytes a second down, and as many up, for each connection."""

    speed = 0.0
    connection: Any

    def send_file(self, file: Any, start: int, count: int) -> None:
        if not self.speed:
            super().send_file(file, start, count)  # type: ignore[misc]
            return
        began, sent = time.monotonic(), 0
        file.seek(start)
        while sent < count and (data := file.read(min(BLOCK, count - sent))):
            self.connection.sendall(data)
            sent += len(data)
            _keep_to(self.speed, began, sent)

    def body(self, **lengths: Any) -> Any:
        body = super().body(**lengths)  # type: ignore[misc]
        if self.speed and lengths.get("length"):
            began = time.monotonic()
            body.pause = lambda: _keep_to(self.speed, began, body.received)
            body.block = BLOCK
        return body


def _keep_to(speed: float, began: float, moved: int) -> None:
    time.sleep(max(0.0, began + moved / speed - time.monotonic()))


def main() -> None:
    """Serve until stdin ends."""
    asked = json.loads(sys.argv[1])
    pace = Pace(service_seconds=asked["service_seconds"])
    service = FaultyService(
        Path(asked["folder"]),
        clock=time.time,
        pace=pace,
        patient=False,
        rate_limit=120,
        workers=2,
        credits=100_000,
    )
    server = service.sandbox.server
    plain: Any = server.RequestHandlerClass
    server.RequestHandlerClass = type("Bound", (Line, plain), {"speed": float(asked["line"])})
    with service:
        for fault in asked["faults"]:
            service.fault(fault.pop("name"), **fault)
        _say({"url": service.url, "key": str(service.premium.key)})
        for _ in sys.stdin:
            _say(_facts(service))


def _say(document: object) -> None:
    print(json.dumps(document), flush=True)


def _facts(service: FaultyService) -> dict[str, Any]:
    wall = time.time() - time.monotonic()
    routes: dict[str, int] = {}
    for seen in service.log:
        routes[seen.route] = routes.get(seen.route, 0) + 1
    jobs = []
    for job in service.jobs:
        # Of the requests for this job, the first that was answered with `done`.
        after = [
            seen.at + wall
            for seen in service.seen("get")
            if seen.params.get("hash") == job.hash and seen.at + wall >= job.ended
        ]
        done = job.stage is Stage.DONE
        jobs.append(
            {
                "created": job.created,
                "ended": job.ended if done else None,
                "worked": job.work.ended_at - job.started,
                "noticed": min(after) - job.ended if done and after else None,
                "upload": job.upload_size,
                "polls": sum(seen.params.get("hash") == job.hash for seen in service.seen("get")),
                "files": {file.name.rpartition("_")[2]: str(file.path) for file in job.work.files},
            }
        )
    return {"paid": service.paid, "requests": len(service.log), "routes": routes, "jobs": jobs}


if __name__ == "__main__":
    main()
