"""What routes are handed of the application they belong to."""

from typing import Annotated

from fastapi import Depends, Request

from daemon.app import Daemon
from daemon.web.events import EventFeed
from daemon.web.login import Logins


def _daemon(request: Request) -> Daemon:
    daemon: Daemon = request.app.state.daemon
    return daemon


def _logins(request: Request) -> Logins:
    logins: Logins = request.app.state.logins
    return logins


def _feed(request: Request) -> EventFeed:
    feed: EventFeed = request.app.state.feed
    return feed


TheDaemon = Annotated[Daemon, Depends(_daemon)]
TheLogins = Annotated[Logins, Depends(_logins)]
TheFeed = Annotated[EventFeed, Depends(_feed)]
