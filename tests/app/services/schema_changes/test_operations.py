"""Operations as JSON holds them."""

import json

from app.services.schema_changes.operations import (
    Example,
    Operation,
    OperationKind,
    Risk,
    Touched,
    from_plain,
    to_plain,
)


def test_operations_come_back_from_json_as_they_were():
    kept = (
        Operation(OperationKind.ADD_FORM, "talent/2024/1.1.4", "", "增加表"),
        Operation(
            OperationKind.RECODE,
            "talent/2024/1.1.4",
            "level",
            "换选项",
            Risk.NEEDS_MAPPING,
            Touched(3, 2, 1),
            (Example("学校", "今年", "甲", "旧", "新"),),
            "请写 x-recode",
        ),
    )
    assert from_plain(json.loads(json.dumps(to_plain(kept)))) == kept
