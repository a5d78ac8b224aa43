"""The application: which path is answered by what."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

import stembridge
from stembridge.panel import account, beside, choosing, helping, orders, pages, uploads
from stembridge.panel import jobs as acts
from stembridge.panel.answers import Asked, Work, endpoint
from stembridge.panel.desk import Desk
from stembridge.panel.listening import Listening
from stembridge.panel.live import Live
from stembridge.panel.sending import Sending


def state(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Say who serves, and give all jobs."""
    return {
        "version": stembridge.__version__,
        "start": desk.start,
        "default_engine": desk.tools.default_engine,
        "jobs": desk.board.rows(),
        "upload_most": uploads.most(desk),
    }


def ticket(desk: Desk, _asked: Asked) -> dict[str, Any]:
    """Give the path of a ticket, for whoever has the link already."""
    return {"path": desk.tickets.issue()}


def make(desk: Desk) -> Starlette:
    """Make the application, and begin to look at the jobs."""
    listening = Listening(desk)
    sending = Sending(desk, listening)
    live = Live(desk, sending.watched, listening.warm)
    live.start()
    desk.hands.submit(uploads.tidy, desk)

    def route(path: str, work: Work, *, method: str = "GET", fields: str = "", query: str = "") -> Route:
        names = frozenset(fields.split()), frozenset(query.split())
        return Route(f"/api/{path}", endpoint(desk, work, fields=names[0], query=names[1]), methods=[method])

    async def receive(request: Request) -> Response:
        return await uploads.receive(desk, request)

    routes: list[BaseRoute] = [
        route("state", state),
        route("ticket", ticket, method="POST"),
        Route("/api/events", live.endpoint),
        Route("/api/files", receive, methods=["POST"]),
        route("files/{file}/audio", listening.audio),
        route("files/{file}/peaks", listening.peaks, query="level"),
        route("jobs/{id}", listening.show),
        route("jobs/{id}/picture", listening.picture),
        route("jobs/{id}/tracks/{track}/audio", listening.audio),
        route("jobs/{id}/tracks/{track}/peaks", listening.peaks, query="level"),
        route("files/{file}/spectrogram", listening.spectrogram, query="tile"),
        route("jobs/{id}/tracks/{track}/spectrogram", listening.spectrogram, query="tile"),
        route("jobs/{id}/tracks/{track}/file", sending.file, query="gain_db"),
        route("jobs/{id}/zip", sending.zip, query="stems gains"),
        route("jobs/{id}/rpp", sending.project, query="stems gains"),
        route("jobs/{id}/place", sending.place, method="POST", fields="destination stems"),
        route("destinations", sending.destinations),
        route("compare", beside.compare, query="jobs"),
        route("compare/picture", beside.picture, query="jobs"),
        route("account", account.show),
        route("key", account.save_key, method="POST", fields="key"),
        route("key", account.forget_key, method="DELETE"),
        route("history", account.history, query="page"),
        route("history/{id}/adopt", account.bring_back, method="POST"),
        route("news", account.news),
        route("doctor", helping.doctor),
        route("report", helping.report),
        route("jobs", orders.make, method="POST", fields=" ".join(orders.FIELDS)),
        route("quote", orders.quote, method="POST", fields=" ".join(orders.QUOTE_FIELDS)),
        route("adopt", orders.adopt, method="POST", fields="link"),
        route("catalogue", choosing.catalogue),
        route("presets", choosing.presets),
        route("presets", choosing.save_preset, method="POST", fields="name title order replace"),
        route("presets/{id}", choosing.remove_preset, method="DELETE"),
        route("favourites", choosing.favourites),
        route("favourites", choosing.mark, method="POST", fields="model on"),
        *(
            route(f"jobs/{{id}}/{name}", work, method="POST", fields=fields)
            for name, (work, fields) in acts.ACTS.items()
        ),
        Route("/{name:path}", pages.page()),
    ]
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_found})


async def _not_found(_request: Request, _fault: Exception) -> Response:
    return PlainTextResponse("Not found.", 404)
