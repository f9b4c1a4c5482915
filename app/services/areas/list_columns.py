"""The workbook of a list of units: its columns and what it says about itself."""

from app.models import UnitKind
from app.policy import ACTION_NAMES, Action
from app.services.account_kinds import list_types
from app.services.areas.list_lines import (
    CODE,
    DEED,
    EMAIL,
    KIND,
    NAME,
    PARENT,
    PERSON,
    PHONE,
    RIGHTS,
    Deed,
)
from exporters.entry_list import ListColumn
from form_schemas.catalogue import Catalogue

GUIDE = (
    "一行写一个单位。有一行不对，就一行也不办；改好以后再上传同一份文件。",
    "“办理”不填就是新增。改名、改权限、停用、启用，照编号找单位；没有填编号，照名称找。",
    "改名：编号照原来的写，单位名称写新的；账号的用户名跟着改。",
    "改权限：在“权限”里写全部要打开的，用顿号隔开；写“无”就是都关上。",
    "停用的单位不能登录，它下面的也不能；数据都在，可以再启用。",
)


def make_columns(
    catalogue: Catalogue,
    kinds: tuple[str, ...] = (),
    parents: tuple[str, ...] = (),
    *,
    takes_phones: bool,
) -> tuple[ListColumn, ...]:
    """The columns of the list.

    Args:
        kinds: to choose from in its drop-down.
        parents: the same of units that new ones may stand under.
        takes_phones: whether phone numbers make initial passwords here.
    """
    rights = "、".join(ACTION_NAMES[right] for right in _list_rights(catalogue))
    columns = [
        ListColumn(DEED, 10, "不填就是新增。", choices=tuple(Deed)),
        ListColumn(NAME, 36, "单位的全称，也是账号的用户名。", True),
        ListColumn(KIND, 10, "新增的要填。", choices=kinds),
        ListColumn(PARENT, 30, "新增的填；不填就是您的单位。", choices=parents),
        ListColumn(CODE, 16, "可以不填；改已有的单位时照原来的写。"),
        ListColumn(RIGHTS, 28, f"改权限时填：{rights or '没有可以打开的权限'}。"),
    ]
    for known in list_types(catalogue):
        columns.append(ListColumn(f"{known.title}{PERSON}", 16, "可以不填。"))
        if takes_phones:
            hint = "最后六位是初始密码；不填就给一次性密码。"
            columns.append(ListColumn(f"{known.title}{PHONE}", 16, hint))
        columns.append(ListColumn(f"{known.title}{EMAIL}", 24, "收通知，可以不填。"))
    return tuple(columns)


def _list_rights(catalogue: Catalogue) -> tuple[Action, ...]:
    """All rights that some account may be given."""
    found = (
        right
        for known in list_types(catalogue)
        for kind in UnitKind
        for right in known.may_grant_in(kind)
    )
    return tuple(dict.fromkeys(found))
