"""Door 3 for programs: one file of routes for each topic, all of them listed here."""

from fastapi import APIRouter

from daemon.web.api import daemon, packages

ROUTERS: tuple[APIRouter, ...] = (daemon.router, packages.router)
