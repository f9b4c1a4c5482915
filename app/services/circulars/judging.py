"""Whether a draft can be sent: all that has to be mended first, said at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Row

from app.errors import Refused
from app.services.circulars.audience import Audience, read_audience
from app.services.circulars.drafts import Draft, read_draft
from app.services.circulars.pictures import list_pictures
from app.services.circulars.reach import (
    Sender,
    find_accounts,
    find_areas,
    find_units,
)
from app.services.portal.rich_text import strip
from app.storage.timetable import find_now, show_moment


class NotReady(Refused):
    """Something has to be mended before it can go out; the draft is saved."""

    status = 422

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("".join(problems))


@dataclass(frozen=True)
class Addressed:
    """To whom a circular goes."""

    unit_ids: tuple[int, ...]
    #: unit -> accounts that it is for
    accounts: dict[int, list[int]]
    #: names of the chosen areas
    areas: tuple[str, ...] = ()

    @property
    def user_ids(self) -> set[int]:
        return {one for unit in self.unit_ids for one in self.accounts.get(unit, ())}

    @property
    def deserted(self) -> int:
        """How many units have no account that could read it."""
        return sum(unit not in self.accounts for unit in self.unit_ids)


def address(connection: Connection, sender: Sender, row: Row) -> Addressed:
    """Whom a circular means, by what is there now."""
    addressed = address_units(connection, sender, row)
    accounts = _find_accounts(connection, addressed.unit_ids, row.audience)
    return replace(addressed, accounts=accounts)


def address_units(connection: Connection, sender: Sender, row: Row) -> Addressed:
    """As `address`, without the accounts."""
    draft = read_draft(row)
    areas = find_areas(connection, sender, draft.areas) if draft.areas else ()
    unit_ids = ()
    if draft.kinds and len(areas) == len(draft.areas):
        unit_ids = find_units(connection, sender, draft.kinds, areas)
    return Addressed(unit_ids, {}, tuple(one.name for one in areas))


def judge(connection: Connection, row: Row, addressed: Addressed) -> tuple[str, ...]:
    """What has to be mended before it can be sent."""
    draft, now = read_draft(row), find_now(connection)
    return (
        *_judge_words(draft, has_files=bool(row.files)),
        *_judge_recipients(draft, addressed),
        *_judge_receipt(draft, now),
    )


def _judge_words(draft: Draft, *, has_files: bool) -> Iterator[str]:
    if not draft.title:
        yield "没有标题。请写上标题。"
    has_text = strip(draft.text) or list_pictures(draft.text)
    if not has_text and not has_files:
        yield "没有正文，也没有附件。请写上正文，或放上附件。"


def _judge_recipients(draft: Draft, addressed: Addressed) -> Iterator[str]:
    if not draft.kinds:
        yield "没有选发给哪些单位。请在“发给哪些单位”里至少勾一种。"
    elif len(addressed.areas) != len(draft.areas):
        yield "所选的地区里有不在您范围内的。请重新勾选地区。"
    elif not addressed.unit_ids:
        yield "所选的地区里没有所选类型的在用单位，没有人会收到。请改选地区或单位类型。"
    elif not addressed.accounts:
        yield "所选的单位里没有所选类型的在用账号，没有人会收到。请改选账号。"


def _judge_receipt(draft: Draft, now: datetime) -> Iterator[str]:
    if not draft.wants_receipt:
        if draft.due_at or draft.question:
            yield (
                "写了签收的截止时间或要回复的问题，但没有勾“要求签收”。"
                "请勾上，或把它们清空。"
            )
        return
    if draft.due_at is not None and draft.due_at <= now:
        yield (
            f"截止时间 {show_moment(draft.due_at)} 已经过去。请改成以后的时间，或清空。"
        )
    if draft.remind_days is not None and draft.due_at is None:
        yield "选了到期前提醒，但没有写截止时间。请写上截止时间，或选“不自动提醒”。"


def _find_accounts(
    connection: Connection, unit_ids: tuple[int, ...], audience: str
) -> dict[int, list[int]]:
    if not unit_ids:
        return {}
    found: Audience = read_audience(audience)
    return find_accounts(connection, unit_ids, found)
