"""Who may do what where: one table of role × action × scope.

`can` answers for one place, `filter_rows` says the same as a SQL condition; what the
table does not grant is denied. Services ask, pages only hide what would be refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true

from app.errors import Forbidden
from app.models import Membership, Role, Unit, User


class Action(StrEnum):
    """What a person may want to do."""

    VIEW_ROWS = "view_rows"
    ENTER_ROWS = "enter_rows"
    #: a right of its own: filling alone does not give it
    IMPORT_ROWS = "import_rows"
    #: let staged rows pass into the form's table, or delete them
    REVIEW_ROWS = "review_rows"
    #: undo an import as a whole
    TAKE_BACK_IMPORT = "take_back_import"
    EXPORT_ROWS = "export_rows"
    #: personal data in full on a page, with a written reason
    SEE_PERSONAL = "see_personal"
    #: personal data in full in an exported file, with a written reason
    EXPORT_PERSONAL = "export_personal"
    #: run all rules over a unit's round; the report is for whoever sees the rows
    CHECK_ROWS = "check_rows"
    #: hand a form in or over, declare it empty, answer questions about it
    SUBMIT_FORM = "submit_form"
    #: decide at the review step of one's role
    REVIEW_FORM = "review_form"
    #: approve key figures before the form is handed in
    APPROVE_FIGURES = "approve_figures"
    #: the matrix of forms and departments, or of the units below
    SEE_PROGRESS = "see_progress"
    #: what the rows of a unit's round add up to, beside the round before
    SEE_STATISTICS = "see_statistics"
    #: open and close a round; its phases, assignments and extensions; carry forward
    MANAGE_ROUND = "manage_round"
    #: hand in the unit's round as a whole, export it sealed
    REPORT_ROUND = "report_round"
    #: take away a link that freezes rows
    UNLINK_ROWS = "unlink_rows"
    SEND_NOTICES = "send_notices"
    #: write to units below, in the name of one's own
    SEND_CIRCULARS = "send_circulars"
    MANAGE_ACCOUNTS = "manage_accounts"
    #: units, their departments and aliases
    MANAGE_UNITS = "manage_units"
    #: authorities and units below one's own, with the accounts of their kinds
    MANAGE_AREA = "manage_area"
    READ_AUDIT = "read_audit"
    #: broken schema files, rules that do not run yet
    INSPECT_FORMS = "inspect_forms"
    #: change schema files: drafts of them, their plan, publishing
    DESIGN_FORMS = "design_forms"


class Reach(IntEnum):
    """How far a grant goes; a membership without a department is the whole unit's."""

    NONE = 0
    OWN_DEPARTMENT = 1
    OWN_UNIT = 2
    #: the unit and all that is below it in the tree
    SUBTREE = 3
    ALL = 4


def _reach(reach: Reach, *actions: Action) -> dict[Action, Reach]:
    return dict.fromkeys(actions, reach)


_READ = (Action.VIEW_ROWS, Action.EXPORT_ROWS)

POLICY: Mapping[Role, Mapping[Action, Reach]] = {
    Role.ADMINISTRATOR: _reach(
        Reach.ALL,
        *_READ,
        Action.CHECK_ROWS,
        Action.SEE_PROGRESS,
        Action.SEE_STATISTICS,
        Action.MANAGE_ROUND,
        Action.UNLINK_ROWS,
        Action.SEND_NOTICES,
        Action.MANAGE_ACCOUNTS,
        Action.MANAGE_UNITS,
        Action.MANAGE_AREA,
        Action.READ_AUDIT,
        Action.INSPECT_FORMS,
        Action.DESIGN_FORMS,
    ),
    Role.QUALITY_OFFICE: _reach(
        Reach.OWN_UNIT,
        *_READ,
        Action.SEE_PERSONAL,
        Action.EXPORT_PERSONAL,
        Action.CHECK_ROWS,
        Action.REVIEW_FORM,
        Action.SEE_PROGRESS,
        Action.SEE_STATISTICS,
        Action.MANAGE_ROUND,
        Action.REPORT_ROUND,
        Action.SEND_NOTICES,
        Action.MANAGE_ACCOUNTS,
        Action.MANAGE_UNITS,
        Action.READ_AUDIT,
    ),
    Role.DEPARTMENT_HEAD: _reach(
        Reach.OWN_DEPARTMENT,
        *_READ,
        Action.SEE_PERSONAL,
        Action.EXPORT_PERSONAL,
        Action.CHECK_ROWS,
        Action.REVIEW_ROWS,
        Action.TAKE_BACK_IMPORT,
        Action.REVIEW_FORM,
    ),
    Role.FILLER: _reach(
        Reach.OWN_DEPARTMENT,
        *_READ,
        Action.SEE_PERSONAL,
        Action.CHECK_ROWS,
        Action.ENTER_ROWS,
        Action.IMPORT_ROWS,
        Action.TAKE_BACK_IMPORT,
        Action.SUBMIT_FORM,
    ),
    Role.LEADERSHIP: _reach(
        Reach.OWN_UNIT,
        *_READ,
        Action.CHECK_ROWS,
        Action.REVIEW_FORM,
        Action.APPROVE_FIGURES,
        Action.SEE_PROGRESS,
        Action.SEE_STATISTICS,
    ),
    Role.AUTHORITY: _reach(
        Reach.SUBTREE,
        *_READ,
        Action.REVIEW_FORM,
        Action.SEE_PROGRESS,
        Action.SEE_STATISTICS,
        Action.SEND_CIRCULARS,
        Action.READ_AUDIT,
    ),
    Role.ANALYST: _reach(
        Reach.OWN_UNIT, *_READ, Action.SEE_PROGRESS, Action.SEE_STATISTICS
    ),
    Role.REPORTER: _reach(
        Reach.OWN_UNIT,
        *_READ,
        Action.SEE_PERSONAL,
        Action.CHECK_ROWS,
        Action.ENTER_ROWS,
        Action.IMPORT_ROWS,
        Action.REVIEW_ROWS,
        Action.TAKE_BACK_IMPORT,
        Action.SUBMIT_FORM,
        Action.SEE_PROGRESS,
        Action.SEE_STATISTICS,
        Action.REPORT_ROUND,
    ),
    Role.VIEWER: _reach(
        Reach.SUBTREE, *_READ, Action.SEE_PROGRESS, Action.SEE_STATISTICS
    ),
}

#: Nobody does this to what he entered himself.
_BY_OTHERS = frozenset({Action.REVIEW_ROWS, Action.REVIEW_FORM})
#: But where nobody else is there: these do it to their own entries, too.
_BY_ONESELF = frozenset({(Role.REPORTER, Action.REVIEW_ROWS)})
#: What may be switched on for a membership beyond its role, for its unit and below.
GRANTABLE = (
    Action.MANAGE_AREA,
    Action.MANAGE_ROUND,
    Action.REVIEW_FORM,
    Action.SEND_CIRCULARS,
)

ROLE_NAMES: Mapping[Role, str] = {
    Role.ADMINISTRATOR: "系统管理员",
    Role.QUALITY_OFFICE: "质量监督处",
    Role.DEPARTMENT_HEAD: "部门负责人",
    Role.FILLER: "填报员",
    Role.LEADERSHIP: "学校领导",
    Role.AUTHORITY: "主管部门",
    Role.ANALYST: "统计人员",
    Role.REPORTER: "填报单位",
    Role.VIEWER: "主管部门·查看",
}

ACTION_NAMES: Mapping[Action, str] = {
    Action.VIEW_ROWS: "查看数据",
    Action.ENTER_ROWS: "录入数据",
    Action.IMPORT_ROWS: "导入工作簿",
    Action.REVIEW_ROWS: "核对导入的数据",
    Action.TAKE_BACK_IMPORT: "撤回整批导入",
    Action.EXPORT_ROWS: "导出数据",
    Action.SEE_PERSONAL: "看完整的个人信息",
    Action.EXPORT_PERSONAL: "导出完整的个人信息",
    Action.CHECK_ROWS: "检查数据",
    Action.SUBMIT_FORM: "提交报表",
    Action.REVIEW_FORM: "审核报表",
    Action.APPROVE_FIGURES: "审批校级关键数据",
    Action.SEE_PROGRESS: "查看进度",
    Action.SEE_STATISTICS: "查看统计",
    Action.MANAGE_ROUND: "安排填报轮次",
    Action.REPORT_ROUND: "整体上报",
    Action.UNLINK_ROWS: "解除锁住数据的连接",
    Action.SEND_NOTICES: "发通知和催办",
    Action.SEND_CIRCULARS: "给下级单位发工作通知",
    Action.MANAGE_ACCOUNTS: "管理账号",
    Action.MANAGE_UNITS: "管理单位和部门",
    Action.MANAGE_AREA: "管理下级单位",
    Action.READ_AUDIT: "查看操作记录",
    Action.INSPECT_FORMS: "查看表格文件的状态",
    Action.DESIGN_FORMS: "设计表单",
}

REACH_NAMES: Mapping[Reach, str] = {
    Reach.NONE: "—",
    Reach.OWN_DEPARTMENT: "本部门",
    Reach.OWN_UNIT: "本单位",
    Reach.SUBTREE: "本级和下级",
    Reach.ALL: "全部",
}


@dataclass(frozen=True)
class Grant:
    """A membership, as the policy sees it."""

    role: Role
    unit_id: int
    #: None: the whole unit
    department_id: int | None = None
    #: name and aliases of the department, as forms name it
    department_names: frozenset[str] = frozenset()
    #: the unit's place in the tree
    unit_path: str = ""
    #: whether the right to import was given, where the role can have it
    may_import: bool = True
    #: what was switched on beyond the role
    granted: frozenset[Action] = frozenset()

    def reach(self, action: Action) -> Reach:
        if action is Action.IMPORT_ROWS and not self.may_import:
            return Reach.NONE
        own = POLICY.get(self.role, {}).get(action, Reach.NONE)
        return max(own, Reach.SUBTREE) if action in self.granted else own


@dataclass(frozen=True)
class Actor:
    """The person who acts, with all grants."""

    user_id: int
    username: str
    name: str
    grants: tuple[Grant, ...] = ()
    #: one of the `accountTypes`; empty: a person's own account
    account_type: str = ""

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(dict.fromkeys(grant.role for grant in self.grants))


@dataclass(frozen=True)
class Place:
    """What an action is about: a unit, a form's departments, whose entries."""

    unit_id: int | None = None
    #: names of the departments that supply the form; empty where nobody is named
    departments: tuple[str, ...] = ()
    #: a department's own thing, such as an import
    department_id: int | None = None
    #: who entered what is to be reviewed
    entered_by: frozenset[int] = field(default_factory=frozenset)
    #: the unit's place in the tree, for those who see what is below them
    unit_path: str = ""


def actor_of(user: User) -> Actor:
    """The account as the policy sees it; what is deactivated grants nothing."""
    held = user.memberships if user.is_active else ()
    grants = map(_grant_of, filter(_is_effective, held))
    return Actor(
        user.id, user.username, user.name, tuple(grants), user.account_type or ""
    )


def can(actor: Actor, action: Action, place: Place | None = None) -> bool:
    """Whether the policy grants the action there; without a place: anywhere at all."""
    if place is None:
        return any(grant.reach(action) for grant in actor.grants)
    grants = actor.grants
    if action in _BY_OTHERS and actor.user_id in place.entered_by:
        grants = tuple(g for g in grants if (g.role, action) in _BY_ONESELF)
    return any(_covers(grant, action, place) for grant in grants)


def require(actor: Actor, action: Action, place: Place | None = None) -> None:
    """Raise Forbidden where `can` says no."""
    if can(actor, action, place):
        return
    entered = place.entered_by if place is not None else ()
    if action in _BY_OTHERS and actor.user_id in entered:
        raise Forbidden("自己录入或导入的数据，要由别人审核。")
    raise Forbidden(f"您没有“{ACTION_NAMES[action]}”的权限。要办，请找本单位管理员。")


def filter_rows(
    actor: Actor,
    action: Action,
    unit_column: ColumnElement,
    department_column: ColumnElement | None = None,
) -> ColumnElement[bool]:
    """The policy as a SQL condition on a table's unit and department."""
    parts = [
        _condition(grant, grant.reach(action), unit_column, department_column)
        for grant in actor.grants
    ]
    return or_(false(), *parts)


def filter_units(
    actor: Actor, action: Action, unit_column: ColumnElement
) -> ColumnElement[bool]:
    """The units in which the policy grants the action, if only for a department."""
    whole = (replace(grant, department_id=None) for grant in actor.grants)
    parts = [
        _condition(grant, grant.reach(action), unit_column, None) for grant in whole
    ]
    return or_(false(), *parts)


def find_department(
    actor: Actor, action: Action, unit_id: int, departments: Iterable[str]
) -> int | None:
    """The department for which the actor acts on a form of a unit, if one."""
    names = set(departments)
    grants = [
        grant
        for grant in actor.grants
        if grant.unit_id == unit_id and grant.reach(action) and grant.department_id
    ]
    fitting = [grant for grant in grants if names & grant.department_names]
    return next((grant.department_id for grant in fitting or grants), None)


def _is_effective(membership: Membership) -> bool:
    department = membership.department
    return membership.unit.is_open and (department is None or department.is_active)


def _grant_of(membership: Membership) -> Grant:
    department = membership.department
    names = [] if department is None else [department.name, *department.aliases]
    return Grant(
        membership.role,
        membership.unit_id,
        membership.department_id,
        frozenset(names),
        membership.unit.path,
        membership.may_import,
        frozenset(map(Action, {*membership.granted} & {*GRANTABLE})),
    )


def _covers(grant: Grant, action: Action, place: Place) -> bool:
    reach = grant.reach(action)
    if reach is Reach.ALL:
        return True
    if reach is Reach.SUBTREE:
        return _is_below(place, grant)
    if reach is Reach.NONE or place.unit_id != grant.unit_id:
        return False
    if reach is Reach.OWN_UNIT or grant.department_id is None:
        return True
    if place.department_id is not None:
        return place.department_id == grant.department_id
    return not place.departments or bool(
        grant.department_names.intersection(place.departments)
    )


def _is_below(place: Place, grant: Grant) -> bool:
    if place.unit_id == grant.unit_id:
        return True
    return bool(grant.unit_path) and place.unit_path.startswith(grant.unit_path)


def _condition(
    grant: Grant,
    reach: Reach,
    unit_column: ColumnElement,
    department_column: ColumnElement | None,
) -> ColumnElement[bool]:
    if reach is Reach.NONE:
        return false()
    if reach is Reach.ALL:
        return true()
    if reach is Reach.SUBTREE:
        return or_(unit_column == grant.unit_id, unit_column.in_(_units_below(grant)))
    in_unit = unit_column == grant.unit_id
    if reach is Reach.OWN_UNIT or grant.department_id is None:
        return in_unit
    if department_column is None:
        return false()
    return and_(in_unit, department_column == grant.department_id)


def _units_below(grant: Grant) -> Select:
    if not grant.unit_path:
        return select(Unit.id).where(false())
    return select(Unit.id).where(Unit.path.startswith(grant.unit_path))
