"""The page's own files: those that lie in the package, under their names, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
    ".woff2": "font/woff2",
}  # fmt: skip


def files(folder: Path = FOLDER) -> dict[str, Path]:
    """Give every file that may be served, by its path below the folder."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TYPES and path.is_file()
    }


def page(folder: Path = FOLDER) -> Callable[[Request], Awaitable[Response]]:
    """Make the endpoint that serves them; the empty name is index.html."""

    async def answer(request: Request) -> Response:
        name = request.path_params.get("name", "") or "index.html"
        path = (await run_in_threadpool(files, folder)).get(name)
        if path is None:
            return PlainTextResponse("Not found.", 404)
        return Response(await run_in_threadpool(path.read_bytes), media_type=_TYPES[path.suffix])

    return answer
