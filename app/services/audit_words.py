"""How entries of the audit log are called and told in Chinese."""

from collections.abc import Mapping
from datetime import datetime

from app.models import AuditAction, ExportKind
from app.services.chain.views import KIND_NAMES

ACTIONS: Mapping[AuditAction, str] = {
    AuditAction.LOG_BEGUN: "开始记录",
    AuditAction.LOGIN: "登录",
    AuditAction.LOGIN_LOCKOUT: "多次登录失败",
    AuditAction.LOGOUT: "退出",
    AuditAction.PASSWORD_SET: "设新密码",
    AuditAction.PASSWORD_RESET: "重设密码",
    AuditAction.RESET_CODE_GIVEN: "给密码重置码",
    AuditAction.PASSWORD_RECOVERED: "找回密码",
    AuditAction.RECOVERY_FAILED: "找回密码不成",
    AuditAction.QUESTIONS_SET: "设密码问题",
    AuditAction.ACCOUNT_CREATED: "新增账号",
    AuditAction.ACCOUNT_CHANGED: "修改账号",
    AuditAction.ACCOUNT_DEACTIVATED: "停用账号",
    AuditAction.ACCOUNT_REACTIVATED: "启用账号",
    AuditAction.MEMBERSHIP_GIVEN: "给角色",
    AuditAction.MEMBERSHIP_ENDED: "收回角色",
    AuditAction.UNIT_CHANGED: "单位变动",
    AuditAction.DEPARTMENT_CHANGED: "部门变动",
    AuditAction.ROUND_OPENED: "打开轮次",
    AuditAction.ROUND_CHANGED: "修改轮次",
    AuditAction.ROUND_CLOSED: "关闭轮次",
    AuditAction.ASSIGNMENT_CHANGED: "修改分工",
    AuditAction.DEADLINE_EXTENDED: "延长时限",
    AuditAction.CARRIED_FORWARD: "沿用上期",
    AuditAction.ROWS_SAVED: "保存数据",
    AuditAction.ROWS_DELETED: "删除数据",
    AuditAction.ROWS_GENERATED: "由上一步生成",
    AuditAction.GENERATION_UNDONE: "撤销生成",
    AuditAction.WARNINGS_EXPLAINED: "说明警告",
    AuditAction.CHECK_RUN: "检查",
    AuditAction.IMPORT_STAGED: "导入到临时库",
    AuditAction.IMPORT_REFUSED: "导入未接收",
    AuditAction.IMPORT_MENDED: "修改待核对的行",
    AuditAction.IMPORT_PASSED: "通过导入的行",
    AuditAction.IMPORT_DELETED: "删除待核对的行",
    AuditAction.IMPORT_TAKEN_BACK: "撤回整批导入",
    AuditAction.FORM_VIEWED: "查看报表",
    AuditAction.PERSONAL_SHOWN: "看完整的个人信息",
    AuditAction.EXPORT_ORDERED: "导出",
    AuditAction.EXPORT_FETCHED: "下载导出的文件",
    AuditAction.DECISION: "审核",
    AuditAction.ROW_MOVED: "逐行办理",
    AuditAction.THREAD_CHANGED: "问答",
    AuditAction.NOTICE_SENT: "发通知",
    AuditAction.CIRCULAR_SENT: "发工作通知",
    AuditAction.CIRCULAR_WITHDRAWN: "撤回工作通知",
    AuditAction.CIRCULAR_CONFIRMED: "签收工作通知",
    AuditAction.SCHEMA_APPLIED: "更新表格文件",
    AuditAction.SCHEMA_PUBLISHED: "发布表单",
    AuditAction.SCHEMA_DRAFTED: "设计表单",
    AuditAction.PACKAGE_EXPORTED: "导出上报包",
    AuditAction.AUDIT_EXPORTED: "导出操作记录",
}

#: Details that are told, in this order; the others are for machines.
_DETAILS: Mapping[str, str] = {
    "reason": "理由",
    "remark": "意见",
    "kind": "种类",
    "step": "环节",
    "rows": "行数",
    "row_ids": "行号",
    "actions": "变动",
    "faulty": "有错",
    "row_number": "第几行",
    "row": "哪一行",
    "move": "办理",
    "state": "办后状态",
    "fields": "栏目",
    "personal": "含完整的个人信息",
    "withdrawn": "撤回",
    "forms": "报表",
    "memberships": "角色",
    "membership": "角色",
    "until": "延至",
    "told": "收件人数",
    "units": "收件单位数",
    "reply": "回复",
    "files": "文件",
    "by": "凭什么",
    "rights": "打开的权限",
    "address": "地址",
    "operations": "变更项数",
    "publication": "第几次发布",
    "reverts": "撤销第几次发布",
    "refusal": "原因",
    "code": "编号",
}
_WORDS: Mapping[str, str] = {
    "insert": "新增",
    "update": "修改",
    "delete": "删除",
    "new_edition": "建立新年度",
    "started": "新建草稿",
    "changed": "改文件",
    "dropped": "放弃一个文件的改动",
    "rebased": "核对磁盘上的改动",
    "renamed": "改草稿的名称",
    "taken_over": "接手草稿",
    "discarded": "放弃草稿",
    "reopened": "恢复草稿",
    "questions": "密码问题",
    "code": "重置码",
    ExportKind.EXPORT: "一张表",
    ExportKind.DATA_PACKAGE: "已填数据",
    ExportKind.TEMPLATE_PACKAGE: "全部模板",
    ExportKind.MARKED_WORKBOOK: "标注后的工作簿",
    ExportKind.SEALED_PACKAGE: "上报包",
    **{kind.value: name for kind, name in KIND_NAMES.items()},
}
#: So many of a list are told.
_MOST = 10


def describe_details(details: Mapping[str, object]) -> str:
    """What an entry's details say, in one line."""
    read = {**details, "until": _show_moment(details.get("until"))}
    told = ((label, read.get(name)) for name, label in _DETAILS.items())
    return "；".join(f"{label}：{_show(value)}" for label, value in told if value)


def _show(value: object) -> str:
    if isinstance(value, Mapping):
        return "、".join(f"{_WORDS.get(k, k)} {_show(v)}" for k, v in value.items())
    if isinstance(value, list):
        shown = "、".join(_show(one) for one in value[:_MOST])
        return f"{shown} 等 {len(value)} 项" if len(value) > _MOST else shown
    if isinstance(value, bool):
        return "是" if value else "否"
    return _WORDS.get(str(value), str(value))


def _show_moment(value: object) -> object:
    """A moment as people write it; what is no moment stays as it is."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return value
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"
