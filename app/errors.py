"""Refused acts: what nobody can mend by typing another value.

Every one has its HTTP status and a Chinese sentence for the person; pages, the API and
the command line show them alike. What a person can mend by typing is a Problem.
"""

# ruff: noqa: N818 - these name refused acts, as people speak of them.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


class AppError(Exception):
    """An act was refused."""

    status: ClassVar[int] = 400
    default: ClassVar[str] = "请求无法处理，请检查后重试。"

    def __init__(self, message: str = "") -> None:
        self.message = message or self.default
        super().__init__(self.message)


class BadRequest(AppError):
    """The request itself is malformed; a page of ours never sends such a one."""

    default = "请求的内容不正确，请刷新页面后重试。"


class NotSignedIn(AppError):
    status = 401
    default = "登录已失效，请重新登录。"


class Forbidden(AppError):
    status = 403
    default = "您没有进行这项操作的权限。"


class NotFound(AppError):
    status = 404
    default = "没有找到所要的内容，可能已被删除。"


class UnknownName(NotFound):
    """Nothing has the name that was asked for."""

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        #: the nearest names there are
        self.suggestions = suggestions
        super().__init__(message)


class Refused(AppError):
    """The state of things forbids the act."""

    status = 409
    default = "当前状态下不能进行这项操作。"


class LockedForm(Refused):
    """The form is not to be changed now: where it stands in the round forbids it."""

    default = "本表现在只能查看。"


class StaleForms(Refused):
    """The forms changed since they were loaded: what would be written is outdated."""

    default = (
        "表单刚刚更新过，这次没有保存；您输入的内容还在页面上。"
        "请先复制要紧的内容，再重新打开本页。"
    )


class TooLarge(AppError):
    status = 413
    default = "内容太大，请缩小后重试。"


class WrongFile(BadRequest):
    """The file is not one that the field takes."""

    status = 422


class CoarsePicture(WrongFile):
    """A picture has the pixels, and says a resolution that is too low."""

    def __init__(self, message: str, dpi: int) -> None:
        #: what it would have to say
        self.dpi = dpi
        super().__init__(message)


class TooManyRequests(AppError):
    status = 429
    default = "操作太频繁，请稍后再试。"


class StaleRow(Refused):
    """Somebody else changed the row since it was read."""

    default = "这一行刚刚被他人修改过，请核对两边的内容后再保存。"

    def __init__(self, current: object) -> None:
        #: the StoredRow as it is now
        self.current = current
        super().__init__()


@dataclass(frozen=True)
class RowUser:
    """A form and field whose rows refer to the row in question."""

    form_code: str
    form_title: str
    field_id: str
    field_label: str
    count: int


class RowInUse(Refused):
    """Other rows refer to this one, so that it can neither go nor change its key."""

    def __init__(self, users: tuple[RowUser, ...]) -> None:
        self.users = users
        shown = "；".join(
            f"{user.form_code} {user.form_title}的“{user.field_label}”"
            f"（{user.count} 行）"
            for user in users
        )
        super().__init__(
            f"这一行正被其他表引用，不能删除，也不能改动被引用的值：{shown}。"
            "请先修改这些行。"
        )


class RowFrozen(Refused):
    """A stored link keeps the row as it is."""

    default = "这一行已经与别的行连上，不能再修改或删除。"


class RowLocked(Refused):
    """Where the row stands on its way forbids to change it."""

    default = "这一行已经交出去办理，现在不能修改或删除。"


class DuplicateKey(Refused):
    """Another row of the unit and round has the same key."""

    def __init__(self, form: object, fields: Mapping[str, str]) -> None:
        self.form = form
        #: label -> value as text, of the fields that together are unique
        self.fields = fields
        shown = "、".join(
            f"{label}“{value or '（空）'}”" for label, value in fields.items()
        )
        super().__init__(
            f"已经有{shown}的行，不能重复。" if fields else "本表只能有一行，已经填过。"
        )


class UnknownReference(Refused):
    """A value refers to a row that is not there (or no longer)."""

    def __init__(self, form: object, values: Mapping[str, tuple[str, ...]]) -> None:
        self.form = form
        #: label -> values without a row in the form referred to
        self.values = values
        shown = "；".join(
            f"“{label}”的值{'、'.join(found[:5])}" for label, found in values.items()
        )
        super().__init__(f"引用的行不存在或已被删除：{shown}。请重新选择后再保存。")


class ValueTooLarge(Refused):
    """A number has more digits than the database keeps."""

    default = "有数值超出了系统可以保存的范围，请核对位数和单位。"
