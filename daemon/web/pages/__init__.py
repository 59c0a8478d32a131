"""Door 3 for people: one file for each page, all of them listed here."""

from fastapi import APIRouter

from daemon.web.pages import shelf

ROUTERS: tuple[APIRouter, ...] = (shelf.router,)
