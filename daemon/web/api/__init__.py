"""Door 3 for programs: one file of routes for each topic, all of them listed here."""

from fastapi import APIRouter

from daemon.web.api import (
    costs,
    daemon,
    doubts,
    engine,
    graph,
    health,
    lineage,
    memories,
    metrics,
    packages,
    picture,
    review,
    shelf,
)

ROUTERS: tuple[APIRouter, ...] = (
    costs.router,
    daemon.router,
    doubts.router,
    engine.router,
    graph.router,
    health.router,
    lineage.router,
    memories.router,
    metrics.router,
    packages.router,
    picture.router,
    review.router,
    shelf.router,
)
