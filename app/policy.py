"""The policy: one table of role × action × scope, and what people call its parts.

Nothing judges by it but `permissions`.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from app.models import Role


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
BY_OTHERS = frozenset({Action.REVIEW_ROWS, Action.REVIEW_FORM})
#: But where nobody else is there: these do it to their own entries, too.
BY_ONESELF = frozenset({(Role.REPORTER, Action.REVIEW_ROWS)})
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
