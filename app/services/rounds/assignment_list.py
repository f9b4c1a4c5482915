"""The assignment of forms as a workbook: taken home, changed, and sent back."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.services.rounds.drafts import Assigned, RefusedRound, RoundFault, list_forms
from app.storage.assignments import Assignments, Supplier
from exporters.entry_list import ListColumn, ListRow, read_list, write_list
from exporters.gate import Limits
from exporters.refusals import RefusedFile, describe_refusal
from form_schemas.catalogue import Edition
from form_schemas.faults import ask_nearest

_CODE, _TITLE, _LEAD, _OTHERS = "表号", "表名", "牵头部门", "协助部门"
_MOST = 2000
_SEPARATORS = str.maketrans(dict.fromkeys(",，;；/\n", "、"))
_GUIDE = (
    "每张表一行：牵头部门写一个，负责提交；协助部门可以写几个，用顿号“、”隔开。",
    "只留要改的行也可以，没有写到的表不变。表名只供对照，不读。",
)


def write_assignments(
    path: Path,
    edition: Edition,
    suppliers: Mapping[str, Sequence[Supplier]],
    department_names: Sequence[str],
) -> None:
    """Write who supplies which form."""
    rows = []
    for form in list_forms(edition):
        names = [one.name for one in suppliers[form.code]]
        rows.append((form.code, form.title, *names[:1], "、".join(names[1:])))
    with path.open("wb") as stream:
        write_list(stream, "填报分工", _columns(department_names), rows, _GUIDE)


def read_assignments(
    path: Path, edition: Edition, assignments: Assignments, limits: Limits
) -> Assigned:
    """Read who shall supply which form; forms that are left out are absent.

    Raises:
        RefusedRound: it is no such workbook, or names or leads in it are wrong.
    """
    try:
        rows = read_list(path, _columns(()), limits, _MOST)
    except RefusedFile as refused:
        message = describe_refusal(refused.refusal)
        raise RefusedRound((RoundFault("workbook", message),)) from refused
    faults = tuple(_find_faults(rows, edition, assignments))
    if faults:
        raise RefusedRound(faults)
    by_name = assignments.departments
    return {
        row.cells[_CODE]: tuple(
            dict.fromkeys(by_name[name][0] for name in _list_names(row))
        )
        for row in rows
    }


def _columns(department_names: Sequence[str]) -> tuple[ListColumn, ...]:
    return (
        ListColumn(_CODE, 12, "报表的编号，如 1.1.4。", required=True),
        ListColumn(_TITLE, 40, "只供对照。"),
        ListColumn(
            _LEAD,
            24,
            "一个部门，收齐各部门的数据并提交。",
            required=True,
            choices=tuple(department_names),
        ),
        ListColumn(_OTHERS, 48, "几个部门用顿号隔开；没有就空着。"),
    )


def _find_faults(
    rows: Sequence[ListRow], edition: Edition, assignments: Assignments
) -> Iterator[RoundFault]:
    codes = {form.code for form in list_forms(edition)}
    seen: dict[str, int] = {}
    for row in rows:
        code = row.cells[_CODE]
        if code not in codes:
            yield _fault(row, _CODE, f"没有表“{code}”。{ask_nearest(code, codes)}")
        elif code in seen:
            message = f"表 {code} 在第 {seen[code]} 行已经有了，一张表只写一行。"
            yield _fault(row, _CODE, message)
        seen.setdefault(code, row.number)
        leads = _split(row.cells[_LEAD])
        if not leads:
            yield _fault(row, _LEAD, f"表 {code} 没有牵头部门，请写上一个。")
        if len(leads) > 1:
            message = (
                f"表 {code} 有 {len(leads)} 个牵头部门，只能有一个，"
                f"其余请写在“{_OTHERS}”。"
            )
            yield _fault(row, _LEAD, message)
        for column in (_LEAD, _OTHERS):
            for name in _split(row.cells.get(column, "")):
                if name not in assignments.departments:
                    near = ask_nearest(name, assignments.departments)
                    yield _fault(row, column, f"本单位没有部门“{name}”。{near}")


def _fault(row: ListRow, column: str, message: str) -> RoundFault:
    place = f"第 {row.number} 行 {row.letters[column]} 列“{column}”"
    return RoundFault("workbook", f"{place}：{message}请改正后重新上传。")


def _list_names(row: ListRow) -> list[str]:
    return [*_split(row.cells[_LEAD]), *_split(row.cells.get(_OTHERS, ""))]


def _split(text: str) -> list[str]:
    parts = text.translate(_SEPARATORS).split("、")
    return [part.strip() for part in parts if part.strip()]
