"""Time that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A wall clock and a monotonic one that advance together, and only when told to."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.now = start
        self.seconds = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds
