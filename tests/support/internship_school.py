"""A school with fifty students of one major and grade, and what it reports of their
internships: workbooks of destinations, situations and results."""

from datetime import date

from app.services.demo import find_people
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World, in_order

PROJECT, DESTINATIONS, SITUATIONS, REPORTS, RESULTS = (
    "Z7.2.1",
    "Z7.2.2",
    "Z7.3.1",
    "Z7.3.3",
    "Z7.4.1",
)
STUDENTS = 50
NUMBER = "SX-2024-01"
START, END = date(2024, 3, 1), date(2024, 6, 28)
_GRADE = 2022
_CHAIN = {PROJECT, DESTINATIONS, SITUATIONS, REPORTS, RESULTS}
#: What the chain's rules look into beside what its forms refer to.
_PLANNED, _ENROLLED = "Z6.3.3", "Z1.1.20"
_SEED = 2024


def invent_school(catalogue, edition):
    """Form code -> rows of what internships refer to; all students are in one class."""
    world = World(catalogue, edition)
    people = find_people(catalogue, edition)
    wanted = list_masters(edition)
    made = {}
    for form in in_order(catalogue, edition):
        if form.code in wanted:
            is_many = form is people or form.code == _ENROLLED
            count = STUDENTS if is_many else 2
            made[form.code] = demo_rows(catalogue, form, count, _SEED, world)
    (class_, *_), (planned, *_) = made["Z1.1.28"], made[_PLANNED]
    class_["class_status"], planned["is_internship"] = "在读", True
    major = {name: class_[name] for name in ("major_code", "major_name")}
    for program in made["Z6.1.1"]:
        if program["program_no"] == planned["program_no"]:
            program |= {**major, "grade": _GRADE}
    for row in made[_ENROLLED]:
        row |= {**major, "class_code": class_["class_code"], "grade": _GRADE}
        row |= {"class_name": class_["class_name"], "student_status": "正常"}
        row |= {"entry_month": f"{_GRADE}-09", "expected_graduate_month": "2025-06"}
        row |= {name: None for name in row if name.startswith("change_")}
    return made


def list_masters(edition):
    """Codes of all forms that those of the chain follow from."""
    found, fresh = set(), {*_CHAIN, _PLANNED, _ENROLLED}
    while fresh:
        found |= fresh
        fields = [spec for code in fresh for spec in edition.by_code[code].fields]
        fresh = {
            code
            for spec in fields
            if spec.reference is not None
            for code in spec.reference.tables
        } - found
    return found - _CHAIN


def describe_project(made):
    """The one project of the school."""
    planned = made[_PLANNED][0]
    return {
        "internship_no": NUMBER,
        "internship_name": "软件专业岗位实习",
        "academic_year": "2023-2024",
        "semester": "第二学期",
        "program_no": planned["program_no"],
        "course_code": planned["course_code"],
        "grade": _GRADE,
        "internship_type": "岗位实习",
        "org_form": "学校统一安排",
        "start_date": START,
        "end_date": END,
        "planned_weeks": 16,
        "planned_students": STUDENTS,
        "leader_no": _teacher(made),
        "objective": "在企业岗位上完成综合实习。",
        "has_plan": True,
        "is_filed": False,
        "is_insured": True,
    }


def list_destinations(made):
    return [
        {
            "internship_no": NUMBER,
            "student_no": number,
            "start_date": START,
            "end_date": END,
            "destination_type": "校外实习单位",
            "uscc": made["Z5.1.1"][0]["uscc"],
            "post_name": "测试员",
            "region_code": "330106",
            "teacher_no": _teacher(made),
            "mentor_name": "演示师傅",
            "mentor_phone": "0571-80000000",
            "is_major_matched": True,
            "is_cross_province": False,
            "has_tripartite_agreement": True,
            "has_consent": True,
            "is_insured": True,
        }
        for number in _students(made)
    ]


def list_situations(made):
    return [
        {
            "internship_no": NUMBER,
            "student_no": number,
            "start_date": START,
            "onboard_date": START,
            "left_date": END,
            "actual_days": 84,
            "content": "接口测试与缺陷跟踪。",
            "rotation_count": 1,
            "attended_days": 82,
            "leave_days": 2,
            "daily_hours": 8,
            "has_overtime": False,
            "monthly_pay": 2600,
            "pay_method": "直接发放本人",
            "safety_trained": True,
            "school_guidance_count": 6,
            "mentor_guidance_count": 20,
            "visit_count": 2,
            "has_accident": False,
            "has_complaint": False,
            "internship_status": "已结束",
        }
        for number in _students(made)
    ]


def describe_report(made):
    """What the reports of all students have in common."""
    return {
        "report_title": "岗位实习总结",
        "summary": "实习过程与收获。",
        "word_count": 3000,
        "submitted_date": END,
        "teacher_no": _teacher(made),
        "review_status": "未批阅",
    }


def list_results(made):
    return [
        {
            "internship_no": NUMBER,
            "student_no": number,
            "enterprise_score": 90,
            "school_score": 88,
            "enterprise_weight": 50,
            "result_grade": "优秀",
            "credits": 8,
            "enterprise_comment": "工作认真。",
            "school_comment": "表现良好。",
            "is_retained": False,
            "is_outstanding": False,
            "teacher_no": _teacher(made),
            "evaluated_date": END,
        }
        for number in _students(made)
    ]


def _students(made):
    return sorted(row["student_no"] for row in made[_ENROLLED])


def _teacher(made):
    return made["Z1.1.3"][0]["teacher_no"]
