"""Says what is left of time, as people say it."""

from datetime import datetime, timedelta

from app.storage.timetable import Timetable

_HOUR = timedelta(hours=1)


def say_left(timetable: Timetable) -> str:
    """Which phase runs, until when, and what is left of it; empty where none runs."""
    phase = timetable.current
    if phase is None:
        return ""
    end = say_end(phase.end, with_time=True)
    return f"{phase.title}，{end} 截止，还剩 {say_span(phase.end - timetable.now)}"


def say_span(span: timedelta) -> str:
    """Days and hours, or less than an hour in minutes."""
    if span < _HOUR:
        return f"{max(0, span // timedelta(minutes=1))} 分钟"
    days, rest = divmod(span, timedelta(days=1))
    hours = rest // _HOUR
    parts = [f"{days} 天" if days else "", f"{hours} 小时" if hours else ""]
    return " ".join(part for part in parts if part)


def say_day(moment: datetime) -> str:
    return moment.astimezone().strftime("%m-%d")


def say_end(end: datetime, *, with_time: bool = False) -> str:
    """The last moment of something: midnight is still the day before."""
    local = end.astimezone()
    if (local.hour, local.minute) != (0, 0):
        return local.strftime("%m-%d %H:%M")
    day = (local - timedelta(minutes=1)).strftime("%m-%d")
    return f"{day} 24:00" if with_time else day
