"""Why a file is refused as a whole, and the sentence its sender reads.

A refused file changes nothing. Every module of this layer raises `RefusedFile`; the
reader hands the `Refusal` to whoever asked for the import.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """The reasons, in the words that reports and the command line use."""

    NOT_XLSX = "not_xlsx"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    MACROS = "macros"
    CSV = "csv"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    ENCODING = "encoding"
    NO_SHEET = "no_sheet"
    EMPTY = "empty"
    NO_ROWS = "no_rows"
    NO_HEADER = "no_header"
    MISSING_COLUMN = "missing_column"
    DOUBLED_COLUMN = "doubled_column"
    OTHER_FORM = "other_form"
    OTHER_EDITION = "other_edition"


@dataclass(frozen=True)
class Refusal:
    """A reason with what the sentence about it names."""

    reason: Reason
    details: Mapping[str, object] = field(default_factory=dict)


class RefusedFile(Exception):  # noqa: N818 - a verdict on the file, not an error of ours
    """The file cannot be read as a whole."""

    def __init__(self, reason: Reason, **details: object) -> None:
        super().__init__(reason.value)
        self.refusal = Refusal(reason, details)


_SENTENCES: Mapping[Reason, str] = {
    Reason.NOT_XLSX: (
        "这不是 xlsx 工作簿（{found}）。请用 Excel 或 WPS 打开，"
        "另存为“Excel 工作簿（*.xlsx）”后再上传；只改扩展名不行。"
    ),
    Reason.DAMAGED: "文件已损坏或没有传完整（{found}）。请重新保存或重新下载后再上传。",
    Reason.ENCRYPTED: "文件设了打开密码，无法读取。请取消密码后另存，再上传。",
    Reason.MACROS: "文件带有宏，不接收。请另存为不带宏的 xlsx 工作簿后再上传。",
    Reason.CSV: (
        "csv 文件的{found}，无法可靠读取。请用 Excel 或 WPS 打开核对后，"
        "另存为 xlsx 工作簿再上传。"
    ),
    Reason.TOO_LARGE: (
        "文件太大（{found}，上限 {limit}）。请删去多余内容，或分成几份上传。"
    ),
    Reason.TOO_MANY_ROWS: "数据超过 {limit} 行。请分成几份上传。",
    Reason.ENCODING: (
        "工作簿里的文字用 {found} 编码保存，读不出来。请用 Excel 或 WPS 打开，"
        "另存为“Excel 工作簿（*.xlsx）”后再上传。"
    ),
    Reason.NO_SHEET: (
        "文件里没有可以填数据的工作表（{found}）。"
        "请把数据填在第一张工作表，最好用本表模板，再上传。"
    ),
    Reason.EMPTY: "第一张工作表是空的。请把数据填在第一张工作表后再上传。",
    Reason.NO_ROWS: (
        "找到了表头（第 {header_row} 行），但下面没有数据行。请填写后再上传。"
    ),
    Reason.NO_HEADER: (
        "没有找到“{form}”的表头：前 {searched} 行里认不出它的列名。"
        "请下载本表模板，把数据填进模板再上传。"
    ),
    Reason.MISSING_COLUMN: (
        "缺少“{form}”必须有的列：{columns}。请补上这些列（列名照模板），再上传。"
    ),
    Reason.DOUBLED_COLUMN: (
        "列名重复：{columns}，无法判断以哪一列为准。请只留一列，再上传。"
    ),
    Reason.OTHER_FORM: (
        "这份文件像是“{other}”，不是“{form}”。请换成正确的文件，或到那张表里上传。"
    ),
    Reason.OTHER_EDITION: (
        "这份文件用的是“{form}”{other}版的模板，本轮填报用{edition}版。"
        "请下载本轮模板，把数据填进去再上传。"
    ),
}


def describe_refusal(refusal: Refusal) -> str:
    """The Chinese sentence: what is wrong with the file and what to do."""
    return _SENTENCES[refusal.reason].format_map(_Details(refusal.details))


class _Details(dict[str, object]):
    """Details for `format_map`; lists are joined, what is unknown reads as such."""

    def __getitem__(self, name: str) -> object:
        value = self.get(name, "未知")
        if isinstance(value, tuple | list):
            return "、".join(f"“{item}”" for item in value)
        return value
