"""A folder with a small edition of schema files, which a designer may change."""

import json

from form_schemas.writer import format_schema
from tests.support.forms import field_of, rule_of, schema_of

EDITION = "test/2024"
SETTINGS = {
    "collection": "test",
    "edition": "2024",
    "title": "测试",
    "unitKind": "school",
    "periods": {},
    "reviewSteps": [{"id": "first_check", "title": "初审", "role": "filler"}],
}


def list_schemas():
    """Courses, and the teaching that refers to them."""
    course = schema_of(
        "C1",
        code=field_of("code", "课程代码", maxLength=20),
        title=field_of("text", "课程名称", maxLength=60),
        hours=field_of("integer", "学时", minimum=0, unit="学时"),
    )
    course["title"] = "课程表"
    course["required"] = ["code", "title"]
    teaching = schema_of(
        "C2",
        number=field_of("code", "任务编号", maxLength=20),
        course=field_of("ref", "课程", ref={"table": "C1", "field": "code"}),
        course_title=field_of("text", "所选课程的名称", fill="course.title"),
        planned=field_of("integer", "计划学时", minimum=0, unit="学时"),
        given=field_of("integer", "实授学时", minimum=0, unit="学时"),
        open_hours=field_of(
            "integer", "未授学时", computed="planned - given", unit="学时"
        ),
    )
    teaching["title"] = "授课表"
    teaching["required"] = ["number", "planned"]
    teaching["x-layout"] = [
        {"title": "课程", "fields": ["number", "course", "course_title"]},
        {"title": "学时", "fields": ["planned", ["given", "open_hours"]]},
    ]
    teaching["x-rules"] = [
        rule_of(
            "given <= planned",
            "given_limit",
            message="实授学时不能多于计划学时",
            fields=["given", "planned"],
        ),
        rule_of(
            "planned <= ref(course).hours",
            "planned_limit",
            message="计划学时不能多于课程的学时",
            level="warning",
            fields=["planned"],
        ),
    ]
    teaching["x-tests"] = [
        {"name": "都符合", "row": {"planned": 10, "given": 8}, "breaks": []},
        {
            "name": "多于计划",
            "row": {"planned": 10, "given": 18},
            "breaks": ["given_limit"],
        },
    ]
    return course, teaching


def write_edition(root, schemas=None, edition=EDITION):
    """Write the files of an edition; gives its folder."""
    folder = root / edition
    folder.mkdir(parents=True, exist_ok=True)
    settings = json.dumps(SETTINGS, ensure_ascii=False)
    (folder / "collection.json").write_text(settings, "utf-8")
    for schema in schemas or list_schemas():
        path = folder / f"{schema['x-form']['code']}.json"
        path.write_text(format_schema(schema), "utf-8")
    return folder
