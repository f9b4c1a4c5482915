"""What may differ between two editions of a collection, as people are told of it.

`edition_diff` finds the differences; pages, workbooks and commands show them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import Node
from form_schemas.spec import FormSpec
from form_schemas.wording import Names, describe, describe_condition


class DifferenceKind(StrEnum):
    """What sort of thing differs."""

    FORM_ADDED = "form_added"
    FORM_REMOVED = "form_removed"
    #: it has another code
    FORM_RENAMED = "form_renamed"
    FORM_TITLE = "form_title"
    FORM_DEPARTMENTS = "form_departments"
    FORM_SECTION = "form_section"
    FORM_HINT = "form_hint"
    FORM_PERIOD = "form_period"
    FORM_NATURE = "form_nature"
    FORM_KEY = "form_key"
    FORM_CARRYING = "form_carrying"
    FORM_DERIVATION = "form_derivation"
    FORM_LAYOUT = "form_layout"
    FIELD_ADDED = "field_added"
    FIELD_REMOVED = "field_removed"
    #: it has another id
    FIELD_RENAMED = "field_renamed"
    FIELD_MOVED = "field_moved"
    #: earlier values are computed from other fields: split, merged, another unit
    FIELD_MADE = "field_made"
    FIELD_LABEL = "field_label"
    FIELD_REQUIRED = "field_required"
    FIELD_OPTIONS = "field_options"
    FIELD_UNIT = "field_unit"
    FIELD_KIND = "field_kind"
    FIELD_BOUNDS = "field_bounds"
    FIELD_VISIBLE = "field_visible"
    FIELD_GIVEN = "field_given"
    FIELD_REFERENCE = "field_reference"
    FIELD_HINT = "field_hint"
    FIELD_DEFAULT = "field_default"
    FIELD_FILES = "field_files"
    FIELD_PRIVACY = "field_privacy"
    FIELD_ORDER = "field_order"
    RULE_ADDED = "rule_added"
    RULE_REMOVED = "rule_removed"
    RULE_CHANGED = "rule_changed"
    COLLECTION_TITLE = "collection_title"
    COLLECTION_PERIOD = "collection_period"
    COLLECTION_PHASE = "collection_phase"
    COLLECTION_STEP = "collection_step"
    COLLECTION_DEPARTMENT = "collection_department"

    @property
    def word(self) -> str:
        return KIND_WORDS[self]

    @property
    def is_internal(self) -> bool:
        """Whether nobody who fills can see it."""
        return self is DifferenceKind.FIELD_RENAMED


KIND_WORDS: Mapping[DifferenceKind, str] = {
    DifferenceKind.FORM_ADDED: "新增的表",
    DifferenceKind.FORM_REMOVED: "停用的表",
    DifferenceKind.FORM_RENAMED: "表号",
    DifferenceKind.FORM_TITLE: "表的名称",
    DifferenceKind.FORM_DEPARTMENTS: "填报部门",
    DifferenceKind.FORM_SECTION: "目录位置",
    DifferenceKind.FORM_HINT: "表的说明",
    DifferenceKind.FORM_PERIOD: "表的统计时间",
    DifferenceKind.FORM_NATURE: "表的种类",
    DifferenceKind.FORM_KEY: "认定一行的字段",
    DifferenceKind.FORM_CARRYING: "沿用和关闭",
    DifferenceKind.FORM_DERIVATION: "汇总的办法",
    DifferenceKind.FORM_LAYOUT: "字段分组",
    DifferenceKind.FIELD_ADDED: "新增的字段",
    DifferenceKind.FIELD_REMOVED: "停用的字段",
    DifferenceKind.FIELD_RENAMED: "字段的 id",
    DifferenceKind.FIELD_MOVED: "移到别的表的字段",
    DifferenceKind.FIELD_MADE: "拆分、合并、换算",
    DifferenceKind.FIELD_LABEL: "字段名称",
    DifferenceKind.FIELD_REQUIRED: "必填",
    DifferenceKind.FIELD_OPTIONS: "选项和代码",
    DifferenceKind.FIELD_UNIT: "计量单位",
    DifferenceKind.FIELD_KIND: "字段的种类",
    DifferenceKind.FIELD_BOUNDS: "范围、长短和格式",
    DifferenceKind.FIELD_VISIBLE: "显示条件",
    DifferenceKind.FIELD_GIVEN: "算出和带出",
    DifferenceKind.FIELD_REFERENCE: "从哪张表选",
    DifferenceKind.FIELD_HINT: "填报提示",
    DifferenceKind.FIELD_DEFAULT: "预填的值",
    DifferenceKind.FIELD_FILES: "文件要求",
    DifferenceKind.FIELD_PRIVACY: "个人信息和关键数据",
    DifferenceKind.FIELD_ORDER: "字段次序",
    DifferenceKind.RULE_ADDED: "新增的规则",
    DifferenceKind.RULE_REMOVED: "取消的规则",
    DifferenceKind.RULE_CHANGED: "规则",
    DifferenceKind.COLLECTION_TITLE: "系列的名称",
    DifferenceKind.COLLECTION_PERIOD: "统计时间",
    DifferenceKind.COLLECTION_PHASE: "填报阶段",
    DifferenceKind.COLLECTION_STEP: "审核步骤",
    DifferenceKind.COLLECTION_DEPARTMENT: "部门",
}


@dataclass(frozen=True)
class FormDifference:
    """One thing that differs between two editions."""

    kind: DifferenceKind
    #: as it is; as it was where it differs or the form is gone; "" = the whole edition
    before: str
    after: str
    #: the whole of it, for people
    sentence: str
    #: code of the form since, or of the one that is gone; "" = the whole edition
    code: str = ""
    title: str = ""
    #: all whom it concerns: those that supplied the form, and those that supply it
    departments: tuple[str, ...] = ()
    #: "" = the form as a whole
    field_id: str = ""
    label: str = ""

    @property
    def concerns_all(self) -> bool:
        """Whether it is of the edition, so that every department should read it."""
        return not self.code


@dataclass(frozen=True)
class Side:
    """A form as one of the two editions has it, with the forms around it."""

    form: FormSpec
    forms: Mapping[str, FormSpec]

    def label(self, field_id: str) -> str:
        known = self.form.by_id.get(field_id)
        return field_id if known is None else known.label

    def list_labels(self, field_ids: tuple[str, ...]) -> str:
        return "、".join(map(self.label, field_ids))

    def say_condition(self, expression: Expression | None) -> str:
        return self._say(expression, describe_condition)

    def say_value(self, expression: Expression | None) -> str:
        return self._say(expression, describe)

    def say_filter(self, field: FieldSpec) -> str:
        """Which rows of the target a reference lets one choose."""
        reference = field.reference
        if reference is None or reference.table not in self.forms:
            return ""
        target = self.forms[reference.table]
        return self._say(reference.filter, describe_condition, target)

    def _say(
        self,
        expression: Expression | None,
        describe_node: Callable[[Node, Names], str],
        target: FormSpec | None = None,
    ) -> str:
        if expression is None:
            return ""
        names = Names(self.forms, self.form)
        try:
            return describe_node(
                expression.root, names if target is None else names.within(target)
            )
        except LookupError:
            # It reads a form whose file has a fault: nobody knows its labels.
            return expression.text


def tell_change(what: str, before: str, after: str) -> str:
    """The sentence of a value that became another one."""
    if not before:
        return f"{what}：现在是“{after}”，原来没有。"
    if not after:
        return f"{what}：不再有，原来是“{before}”。"
    return f"{what}由“{before}”改为“{after}”。"
