"""The policy in words: who may do what where, and the rules that no table shows.

`tianbao roles` prints it, the page 管理 → 角色 and the handbook show it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import east_asian_width

from app.models import Role
from app.policy import ACTION_NAMES, POLICY, REACH_NAMES, ROLE_NAMES, Reach

#: What each role is for; what it may do, the policy says.
PURPOSES = {
    Role.ADMINISTRATOR: "管理整个系统：单位、账号、轮次和表格文件。不填报，也不审核。",
    Role.QUALITY_OFFICE: (
        "牵头本单位的填报：给账号、分工、定时间、催办，做合规性检查，整体上报。"
    ),
    Role.DEPARTMENT_HEAD: (
        "对本部门的数据负责：核对导入的数据，审核本部门的表。"
        "账号上没有选部门的，管整个单位。"
    ),
    Role.FILLER: (
        "录入本部门的数据，检查、改正，然后提交。账号上没有选部门的，管整个单位。"
    ),
    Role.LEADERSHIP: "审批校级关键数据，审议全校的数据后上报。",
    Role.AUTHORITY: (
        "市、省、国家的主管部门：看本级和下级各单位的进度和数据，审核、退回。"
    ),
    Role.ANALYST: "看本单位的数据和进度，导出来做统计。",
    Role.REPORTER: (
        "不分部门的单位（如职教集团）的账号：录入、导入、检查、提交，并整体上报。"
        "单位里没有别人，所以自己导入的数据由自己核对。"
    ),
    Role.VIEWER: (
        "主管部门的账号，只看下级各单位的进度和数据。"
        "“管理下级单位”“审核报表”可以由上级逐项打开。"
    ),
}

#: What holds beside the table.
RULES = (
    "表中没有写的，一律不许。一个人可以有几个角色，能做的事合在一起算；每个角色只在它的单位或部门里有效。",
    "谁录入、导入或修改过的数据，谁就不能核对、也不能审核它，不管有什么角色。",
    "导入要另外给：角色能导入，账号上还要勾选“可以导入”。",
    "新账号或重设过密码的账号，第一次登录要先设新密码，设好以前什么页面都打不开。",
    "自己的角色不能自己改，自己的账号不能自己停用；最后一个在用的系统管理员不能停用，也不能去掉角色。",
    "“系统管理员”和两种“主管部门”只能由系统管理员来设（按类型设的单位账号除外），“主管部门”只设在市、省、国家的单位里。",
    "账号、部门、单位只停用，不删除。停用、结束角色、换部门，从下一次点击起就没有原来的权限；"
    "以前录入、审核的记录仍是本人的名字。",
    "个人信息平时遮住。要看完整的，先写理由；谁看了什么，都有记录。",
    "“管理下级单位”和“审核报表”可以给主管部门的账号逐项打开，只对本级和下级有效；"
    "给的人自己要有这一项。上级单位停用时，它下面的单位都不能登录。",
    "表能不能改，还要看时间和状态：不在填报时间内、已经提交或通过的表，只能看。",
)

_SIGNS = {
    Reach.NONE: "",
    Reach.OWN_DEPARTMENT: "在本部门",
    Reach.OWN_UNIT: "在本单位",
    Reach.SUBTREE: "在本级和下级各单位",
    Reach.ALL: "在所有单位",
}


@dataclass(frozen=True)
class RoleText:
    """A role in plain words."""

    role: Role
    name: str
    purpose: str
    #: where -> what, joined: 在本单位 -> 查看数据、导出数据
    grants: tuple[tuple[str, str], ...]
    #: what it does not give, joined
    denied: str


def describe_roles() -> tuple[RoleText, ...]:
    """What each role may do, a sentence for each reach."""
    return tuple(_describe_role(role) for role in ROLE_NAMES)


def describe_policy() -> str:
    """The policy as a table to print, the roles' English names, and the rules."""
    return "\n".join(
        [
            *_table(),
            "",
            *(
                f"- {ROLE_NAMES[role]} `{role.value}`：{PURPOSES[role]}"
                for role in POLICY
            ),
            "",
            *(f"{number}. {rule}" for number, rule in enumerate(RULES, 1)),
        ]
    )


def _describe_role(role: Role) -> RoleText:
    by_reach: dict[Reach, list[str]] = {}
    for action, name in ACTION_NAMES.items():
        reach = POLICY[role].get(action, Reach.NONE)
        by_reach.setdefault(reach, []).append(name)
    denied = "、".join(by_reach.pop(Reach.NONE, []))
    grants = tuple(
        (_SIGNS[reach], "、".join(names)) for reach, names in by_reach.items()
    )
    return RoleText(role, ROLE_NAMES[role], PURPOSES[role], grants, denied)


def _table() -> Iterator[str]:
    """A line an action, a column a role: it fits a terminal."""
    lines = [["操作", *ROLE_NAMES.values()]]
    for action, name in ACTION_NAMES.items():
        reaches = (POLICY[role].get(action, Reach.NONE) for role in ROLE_NAMES)
        lines.append([name, *(REACH_NAMES[reach] for reach in reaches)])
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for number, cells in enumerate(lines):
        padded = (
            cell + " " * (width - _width(cell))
            for cell, width in zip(cells, widths, strict=True)
        )
        yield f"| {' | '.join(padded)} |"
        if not number:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _width(text: str) -> int:
    """Columns of a terminal."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
