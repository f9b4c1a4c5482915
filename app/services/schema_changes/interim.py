from app.errors import Refused
from app.services.schema_changes import (
    _find_gone,
    _make_plan,
    _retire,
    _save,
    grow,
)


def to_plain(operations):
    return [
        {"id": f"{c.kind.value}:{c.form_name}/{c.field_id}", "summary": c.detail}
        for c in operations
    ]


def apply_in(connection, catalogue, plan_hash, accept, actor_id, back=False):
    made, growth, applied = _make_plan(connection, catalogue)
    if made.hash != plan_hash:
        raise Refused("表单文件或数据库在计划之后又有变化，请重新执行 schemas plan。")
    if made.refused:
        raise Refused("计划中有目前还不能自动完成的变更")
    grow(connection, catalogue, growth)
    _save(connection, catalogue.all_forms, applied)
    _retire(connection, _find_gone(catalogue, applied))
    return made
