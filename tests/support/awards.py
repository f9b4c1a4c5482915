"""A small table, as people send it in files of all sorts."""

from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of

HEADING = ["*编号", "名称", "人数", "开始日期"]


def award_schema(code="T1", **more):
    return schema_of(
        code,
        number=field_of("code", "编号"),
        name=field_of("text", "名称"),
        people=field_of("integer", "人数"),
        start=field_of("date", "开始日期"),
        **more,
    )


def make_catalogue():
    """The table, and another one whose files come instead of its own."""
    other = schema_of(
        "T2",
        room=field_of("code", "教室"),
        seats=field_of("integer", "座位数"),
        building=field_of("text", "教学楼"),
    )
    return catalogue_of(award_schema(), other)
