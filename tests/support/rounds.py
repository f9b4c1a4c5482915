"""Phases of rounds that tests open."""

from datetime import UTC, datetime, timedelta

from app.storage.timetable import PhaseTask, RoundPhase

NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)
ALL_FORMS = (PhaseTask("填", ("*",)),)


def phase_of(days, length=2, title="填报", tasks=ALL_FORMS, start=NOON):
    """A phase that begins so many days after the first of September 2025."""
    first = start + timedelta(days=days)
    return RoundPhase(
        f"p{days}", title, first, first + timedelta(days=length), tuple(tasks)
    )
