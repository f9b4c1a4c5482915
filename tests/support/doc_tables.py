"""The tables of the documentation that are made from the code.

Each stands in its page between `<!-- name -->` and `<!-- /name -->`; a test compares
them. `python -m tests.support.doc_tables` writes them anew.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

import click

from app.cli import main
from app.config import describe_settings
from app.services.policy_text import describe_policy
from exporters.refusals import Reason, Refusal, describe_refusal
from form_schemas.loading import load_catalogue
from tests.support.docs import ROOT, read_page
from validators.check import Context, Stage, check_rows
from validators.conversion import RawRow
from validators.converters import BadCell
from validators.messages import describe
from validators.report import Code

#: An invented pupil; nobody has a number that begins so.
_SOUND = {
    "student_no": "20210001",
    "student_name": "测试甲",
    "id_type": "居民身份证",
    "id_number": "000000200603070013",
    "gender": "男",
    "birth_date": "2006-03-07",
}
#: What is typed into a row of talent/0.1.5, for each sort of problem.
_MISTAKES: Mapping[Code, tuple[str, object, str]] = {
    Code.REQUIRED: ("student_name", "", "不填"),
    Code.TYPE: ("study_years", "三年", "三年"),
    Code.FORMAT: ("id_number", "000000200603070019", "末位抄错的证件号码"),
    Code.ENUM: ("gender", "男生", "男生"),
    Code.RANGE: ("study_years", "9", "9"),
    Code.LENGTH: ("student_name", "甲" * 40, "40 个字的姓名"),
    Code.DIGITS: ("study_years", "3.25", "3.25"),
    Code.DUPLICATE: ("student_no", "20210001", "与别的行相同的学号"),
    Code.REFERENCE: ("major_code", "460399", "专业表里没有的专业代码"),
    Code.FORMULA: ("student_no", BadCell(Code.FORMULA, "=A2&B2"), "没有结果的公式"),
    Code.PRECISION: (
        "id_number",
        BadCell(Code.PRECISION, "320100200603070000"),
        "当成数输入的证件号码",
    ),
    Code.DATE: ("birth_date", "2006-13-14", "2006-13-14"),
    Code.RULE: ("birth_date", "2006-03-08", "与证件号码不同的出生日期"),
}
_REFUSED: Mapping[str, object] = {
    "form": "在校生基础信息表",
    "edition": "2024",
    "limit": 200_000,
    "columns": ("学号",),
    "header_row": 1,
    "searched": 30,
}
_FOUND: Mapping[Reason, Mapping[str, object]] = {
    Reason.NOT_XLSX: {"found": "97-2003 格式的 xls 或其他旧格式"},
    Reason.DAMAGED: {"found": "压缩包读不出来"},
    Reason.CSV: {"found": "文字编码不明"},
    Reason.ENCODING: {"found": "UTF-16"},
    Reason.NO_SHEET: {"found": "只有图表或宏表"},
    Reason.TOO_LARGE: {"found": "68 MB", "limit": "50 MB"},
    Reason.OTHER_FORM: {"other": "校外教师基础信息表"},
    Reason.OTHER_EDITION: {"other": "2023"},
}


def make_settings() -> Iterable[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for setting in describe_settings():
        default = f"`{setting.default}`" if setting.default else ""
        yield f"| `{setting.variable}` | {default} | {setting.doc} |"


def make_roles() -> Iterable[str]:
    return describe_policy().splitlines()


def make_commands() -> Iterable[str]:
    yield "| 命令 | 做什么 |"
    yield "|---|---|"
    for path, command in iterate_commands():
        arguments = " ".join(
            parameter.make_metavar(click.Context(command))
            for parameter in command.params
            if isinstance(parameter, click.Argument)
        )
        told = (command.help or "").strip().split("\n\n")[0].replace("\n", "")
        yield f"| `{' '.join(filter(None, [*path, arguments]))}` | {told} |"


def make_problems() -> Iterable[str]:
    yield "| 种类 | 填了什么 | 系统怎样说 |"
    yield "|---|---|---|"
    for code, (field_id, cell, told) in _MISTAKES.items():
        name = "`rule:规则 id`" if code is Code.RULE else f"`{code.value}`"
        yield f"| {name} | {told} | {_judge(code, field_id, cell)} |"


def make_refusals() -> Iterable[str]:
    yield "| 原因 | 系统怎样说 |"
    yield "|---|---|"
    for reason in Reason:
        details = {**_REFUSED, **_FOUND.get(reason, {})}
        message = describe_refusal(Refusal(reason, details))
        yield f"| `{reason.value}` | {message} |"


def iterate_commands() -> Iterable[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    waiting: list[tuple[tuple[str, ...], click.Command]] = [(("tianbao",), main)]
    while waiting:
        path, command = waiting.pop(0)
        if isinstance(command, click.Group):
            inner = [((*path, name), c) for name, c in command.commands.items()]
            waiting = inner + waiting
        else:
            yield path, command


def _judge(code: Code, field_id: str, cell: object) -> str:
    """What the check says of a row with one mistake."""
    catalogue = load_catalogue()
    form = catalogue.get("talent/0.1.5")
    rows = [RawRow(12, {**_SOUND, field_id: cell})]
    if code is Code.DUPLICATE:
        rows.insert(0, RawRow(2, _SOUND))
    context = Context(
        date(2023, 9, 1),
        date(2024, 8, 31),
        date(2024, 9, 5),
        codelists=catalogue.codelists,
    )
    for checked in check_rows(form, rows, context, Stage.IMPORT):
        for problem in checked.problems:
            if problem.code is code and problem.field_id == field_id:
                return describe(form, problem)
    raise AssertionError(f"{field_id}={cell!r} makes no problem {code}")


#: Name -> page and maker.
TABLES: Mapping[str, tuple[str, Callable[[], Iterable[str]]]] = {
    "settings": ("deployment.md", make_settings),
    "commands": ("admin.zh.md", make_commands),
    "roles": ("admin.zh.md", make_roles),
    "problems": ("filling.zh.md", make_problems),
    "refusals": ("filling.zh.md", make_refusals),
}


def find_table(name: str) -> str:
    """The table as its page has it."""
    return _place(name).search(read_page(TABLES[name][0]))[2]


def make_table(name: str) -> str:
    """The table as it should be."""
    return "\n".join(TABLES[name][1]()) + "\n"


def write_tables() -> None:
    for name, (page, _) in TABLES.items():
        path = ROOT / "docs" / page
        text = path.read_text(encoding="utf-8")
        table = make_table(name)
        written = _place(name).sub(lambda m, t=table: m[1] + t + m[3], text)
        path.write_text(written, encoding="utf-8")


def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


if __name__ == "__main__":
    write_tables()
