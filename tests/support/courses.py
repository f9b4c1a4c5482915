"""A course and the textbook that it chooses, complete, as a clerk types them."""

DEPARTMENTS = "national/Z1.1.2"
BOOKS = "national/Z6.2.1"
COURSES = "national/Z6.2.3"

BOOK = {
    "textbook_code": "T-1",
    "textbook_name": "数学",
    "publish_status": "校本印刷",
    "chief_editor": "测试甲",
    "edition": "第1版",
    "publish_date": "2023-01-01",
    "price": "30.00",
    "textbook_type": "公共基础课教材",
    "textbook_form": "纸质教材",
    "textbook_tier": "中职",
    "selection_type": "校本教材",
    "is_school_enterprise": "否",
    "has_resource": "否",
}
COURSE = {
    "course_code": "C-1",
    "course_name": "数学",
    "course_category": "公共基础课",
    "course_theme": "一般",
    "course_type": "理论课（A类）",
    "course_nature": "必修",
    "credits": "4",
    "total_hours": "72",
    "theory_hours": "72",
    "practice_hours": "0",
    "other_hours": "0",
    "assess_mode": "考试",
    "teaching_mode": "面授",
    "department_code": "01",
    "textbook_codes": "T-1",
    "is_school_enterprise": "否",
    "quality_level": "否",
    "is_cert_linked": "否",
    "is_internship": "否",
}
