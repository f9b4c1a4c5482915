"""Read `x-freeze`: which links of a form freeze both ends, and what is wrong there."""

from collections.abc import Iterable, Iterator, Mapping

from form_schemas.drafts import Draft, Json
from form_schemas.faults import ask_nearest, point
from form_schemas.freezes import Freeze, LinkUse


def read_freezes(draft: Draft, drafts: Mapping[str, Draft]) -> tuple[Freeze, ...]:
    """The freezing links of a form; faults go to its draft.

    Args:
        drafts: all files of the edition, by code of form.
    """
    return tuple(_read_all(draft, drafts))


def _read_all(draft: Draft, drafts: Mapping[str, Draft]) -> Iterator[Freeze]:
    seen: set[str] = set()
    for index, declared in enumerate(draft.schema.get("x-freeze", ())):
        pointer = point("x-freeze", index)
        if declared["field"] in seen:
            draft.complain(pointer, f"“{declared['field']}”写了两次，请删去一个。")
        seen.add(declared["field"])
        if draft.check_field_id(f"{pointer}/field", declared["field"]):
            _check(draft, drafts, pointer, declared)
        yield Freeze(
            field=declared["field"],
            editable=frozenset(declared.get("editable", ())),
            target_editable=frozenset(declared.get("targetEditable", ())),
            can_unlink="unlinkRole" in declared,
            used_by=tuple(
                LinkUse(use["table"], use["field"])
                for use in declared.get("usedBy", ())
            ),
        )


def _check(
    draft: Draft, drafts: Mapping[str, Draft], pointer: str, declared: Json
) -> None:
    reference = draft.fields[declared["field"]].get("x-ref")
    if reference is None:
        message = f"“{declared['field']}”不是引用字段，连不到别的行。请换成引用字段。"
        draft.complain(f"{pointer}/field", message)
        return
    if "x-derive" in draft.schema:
        draft.complain(pointer, "由系统汇总的表没有人改，锁不住别的行。请删去。")
    if "usedBy" in declared and "unlinkRole" not in declared:
        message = "没有 unlinkRole 就谁也不能解除连接，usedBy 没有用处。请补上或删去。"
        draft.complain(f"{pointer}/usedBy", message)
    for field_id in declared.get("editable", ()):
        draft.check_field_id(f"{pointer}/editable", field_id)
    if declared["field"] in declared.get("editable", ()):
        message = "连接字段本身不能列为可以改，否则锁不住。请从 editable 里删去。"
        draft.complain(f"{pointer}/editable", message)
    targets = [reference["table"], *reference.get("also", ())]
    linked = [drafts[table] for table in targets if table in drafts]
    _check_linked(draft, linked, pointer, declared.get("targetEditable", ()))
    for index, use in enumerate(declared.get("usedBy", ())):
        _check_use(draft, drafts, f"{pointer}/usedBy/{index}", use)


def _check_linked(
    draft: Draft, linked: Iterable[Draft], pointer: str, editable: Iterable[str]
) -> None:
    for target in linked:
        for field_id in editable:
            if field_id not in target.fields:
                advice = ask_nearest(field_id, target.fields)
                message = f"表 {target.code} 没有字段“{field_id}”。{advice}请改正。"
                draft.complain(f"{pointer}/targetEditable", message)


def _check_use(
    draft: Draft, drafts: Mapping[str, Draft], pointer: str, use: Json
) -> None:
    user = drafts.get(use["table"])
    if user is None:
        advice = ask_nearest(use["table"], drafts)
        draft.complain(f"{pointer}/table", f"没有表“{use['table']}”。{advice}请改正。")
    elif use["field"] not in user.fields:
        advice = ask_nearest(use["field"], user.fields)
        message = f"表 {user.code} 没有字段“{use['field']}”。{advice}请改正。"
        draft.complain(f"{pointer}/field", message)
    elif not _refers_to(user.fields[use["field"]], draft.code):
        message = f"表 {user.code} 的“{use['field']}”不引用本表，谈不上使用。请改正。"
        draft.complain(f"{pointer}/field", message)


def _refers_to(declared: Json, code: str) -> bool:
    reference = declared.get("x-ref", {})
    return code in (reference.get("table"), *reference.get("also", ()))
