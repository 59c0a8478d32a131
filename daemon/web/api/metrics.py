"""The figures for Prometheus."""

from fastapi import APIRouter, Response

from daemon.web.wired import TheDaemon
from stages.contract import off_loop

router = APIRouter()

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(daemon: TheDaemon) -> Response:
    # While packages are repaired by other processes, this one must not open them.
    daemon.require_repaired()
    figures = await off_loop(daemon.metrics.render, daemon.watcher.counts())
    return Response(figures, headers={"Content-Type": _CONTENT_TYPE})
