"""What a plan consists of: typed operations, each with its risk and what it touches."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class OperationKind(StrEnum):
    """What a change of schema files does to forms and to what is stored."""

    ADD_FORM = "add_form"
    #: the table and its rows stay
    RETIRE_FORM = "retire_form"
    RENAME_FORM = "rename_form"
    ADD_FIELD = "add_field"
    #: the column and its values stay
    RETIRE_FIELD = "retire_field"
    RENAME_FIELD = "rename_field"
    MOVE_FIELD = "move_field"
    WIDEN = "widen"
    NARROW = "narrow"
    RETYPE = "retype"
    RECODE = "recode"
    #: by an expression over the row as it was: split, merged, in another unit
    COMPUTE = "compute"
    CHANGE_KEY = "change_key"
    CHANGE_REFERENCE = "change_reference"
    CHANGE_UNIQUE = "change_unique"
    ADD_INDEX = "add_index"
    #: what shows and judges rows: labels, hints, rules, conditions
    RELABEL = "relabel"


#: As people read it.
KIND_WORDS: Mapping[OperationKind, str] = {
    OperationKind.ADD_FORM: "加报表",
    OperationKind.RETIRE_FORM: "停用报表",
    OperationKind.RENAME_FORM: "改表号",
    OperationKind.ADD_FIELD: "加字段",
    OperationKind.RETIRE_FIELD: "停用字段",
    OperationKind.RENAME_FIELD: "改名",
    OperationKind.MOVE_FIELD: "移到别的表",
    OperationKind.WIDEN: "放宽",
    OperationKind.NARROW: "收紧",
    OperationKind.RETYPE: "换类型",
    OperationKind.RECODE: "换选项",
    OperationKind.COMPUTE: "换算",
    OperationKind.CHANGE_KEY: "换主键",
    OperationKind.CHANGE_REFERENCE: "换引用",
    OperationKind.CHANGE_UNIQUE: "换唯一",
    OperationKind.ADD_INDEX: "加索引",
    OperationKind.RELABEL: "改说明和规则",
}


class Risk(StrEnum):
    """What an operation may do to stored values."""

    #: every stored value stays, or is what the files say it becomes
    SAFE = "safe"
    #: values stay as they are, and are judged to be wrong from now on
    NEEDS_MAPPING = "needs_mapping"
    #: values are seen no more where they were; the database keeps them
    LOSSY = "lossy"


#: As people read it.
RISK_WORDS: Mapping[Risk, str] = {
    Risk.SAFE: "安全",
    Risk.NEEDS_MAPPING: "要对应",
    Risk.LOSSY: "会丢数据",
}


@dataclass(frozen=True, order=True)
class Example:
    """A cell that is touched, as it is and as it will be; personal data masked."""

    #: name of the unit
    unit: str
    #: title of the round
    round: str
    #: the row as people call it
    row: str
    before: str
    #: "": empty
    after: str


@dataclass(frozen=True, order=True)
class Touched:
    """Of how many rows, units and rounds values are concerned."""

    rows: int = 0
    units: int = 0
    rounds: int = 0


@dataclass(frozen=True)
class Operation:
    """One thing that applying the plan does."""

    kind: OperationKind
    #: full name of the form as it will be; of a retired one as it was
    form_name: str
    #: "": the form as a whole
    field_id: str
    #: in Chinese, for the administrator
    summary: str
    risk: Risk = Risk.SAFE
    touched: Touched = Touched()
    examples: tuple[Example, ...] = ()
    #: what to write into the file so that nothing is lost; "": nothing is
    demands: str = ""

    @property
    def id(self) -> str:
        """Names the operation on the command line: the same in every plan."""
        place = f"{self.form_name}/{self.field_id}".rstrip("/")
        return f"{self.kind.value}:{place}"

    @property
    def is_safe(self) -> bool:
        return self.risk is Risk.SAFE


@dataclass(frozen=True)
class Refusal:
    """What stands in the way of a plan: as long as there is any, nothing is done."""

    form_name: str
    field_id: str
    #: in Chinese: what is wrong, and what to do
    why: str
    kind: OperationKind | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What bringing the database to the schema files takes."""

    #: what `apply` does
    operations: tuple[Operation, ...]
    #: what it cannot do; as long as there is any, it does nothing
    refused: tuple[Refusal, ...]
    #: of the operations and of the state they start from
    hash: str
    #: id of an operation -> why its risk is taken
    accepted: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.operations and not self.refused

    @property
    def open(self) -> tuple[Operation, ...]:
        """Operations that lose or spoil something, and that nobody accepted."""
        return tuple(
            one
            for one in self.operations
            if not one.is_safe and one.id not in self.accepted
        )

    @property
    def form_names(self) -> tuple[str, ...]:
        """The forms concerned, each once."""
        return tuple(dict.fromkeys(one.form_name for one in self.operations))

    def count(self, risk: Risk) -> int:
        return sum(one.risk is risk for one in self.operations)


def to_plain(operations: Iterable[Operation]) -> list[dict[str, object]]:
    """Operations as JSON holds them."""
    return [{"id": one.id, **asdict(one)} for one in operations]


def from_plain(plain: Iterable[Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Operations that JSON held."""
    return tuple(_read_operation(one) for one in plain)


def _read_operation(plain: Mapping[str, Any]) -> Operation:
    return Operation(
        OperationKind(plain["kind"]),
        plain["form_name"],
        plain["field_id"],
        plain["summary"],
        Risk(plain["risk"]),
        Touched(**plain["touched"]),
        tuple(Example(**one) for one in plain["examples"]),
        plain["demands"],
    )


def write_plan(plan: Plan) -> dict[str, object]:
    """A plan as JSON: what `schemas plan --json` prints and publications keep."""
    return {
        "hash": plan.hash,
        "operations": to_plain(plan.operations),
        "refused": [asdict(one) for one in plan.refused],
        "accepted": dict(plan.accepted),
        "open": [one.id for one in plan.open],
    }
