"""Door 3 for people: one file for each page, all of them listed here."""

from fastapi import APIRouter

from daemon.web.pages import costs, graph, memories, package, review, settings, shelf

ROUTERS: tuple[APIRouter, ...] = (
    shelf.router,
    settings.router,
    costs.router,
    review.router,
    memories.router,
    graph.router,
    package.router,
)
"""The package's own comes last: its `/actions/packages/{name}/{act}` would take the word of any other."""
