"""What compiles expressions, as those who look things up for it need it."""

from collections.abc import Sequence
from typing import Protocol

from app.storage.expression_rows import RowsOf
from app.storage.sql_values import Sql, Value
from form_schemas.kinds import ValueType
from form_schemas.nodes import Node


class Compiler(Protocol):
    """What `expressions` does, for those it asks."""

    def value(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value: ...
    def read(self, rows: RowsOf, field_id: str, kind: ValueType) -> Value: ...
    def condition(self, node: Node, rows: RowsOf) -> Sql: ...
    def argument(self, node: Node, rows: RowsOf, wanted: ValueType) -> Value: ...
    def comparable(
        self, sides: Sequence[Node], rows: Sequence[RowsOf]
    ) -> list[Value]: ...
