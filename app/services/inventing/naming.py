"""Which name a label asks for, judged by what it ends with or says."""

import re
from collections.abc import Callable
from random import Random

from app.services.inventing.tasks import Task
from app.services.inventing.words import (
    CITIES,
    TRADES,
    name_activity,
    name_authority,
    name_base,
    name_book,
    name_building,
    name_campus,
    name_certificate,
    name_company,
    name_contest,
    name_course,
    name_faculty,
    name_foreign_school,
    name_group,
    name_industry,
    name_job,
    name_major,
    name_majors,
    name_medium,
    name_paper,
    name_partner_abroad,
    name_place,
    name_post,
    name_project,
    name_rule,
    name_school,
    name_theme,
)


def name_class(task: Task) -> str:
    year = (task.scene.period_end.year - task.random.randint(1, 3)) % 100
    return f"{name_major(task.random)}{year:02d}{task.random.randint(1, 6):02d}班"


def name_thing(task: Task) -> str:
    """`实训基地名称` → `智能装备实训基地`: what no list above has a word for."""
    thing = re.sub(r"（.*?）|\(.*?\)", "", task.field.label)
    thing = re.sub(r"^(其他|主要|所属|所在|对应|相关)|(名称|名|全称|简称)$", "", thing)
    return f"{task.random.choice(TRADES)}{thing or '项目'}"


def _of_random(draft: Callable[[Random], str]) -> Callable[[Task], str]:
    return lambda task: draft(task.random)


def name_department(task: Task) -> str:
    names = [name for form in task.siblings for name in form.departments]
    return task.random.choice(names) if names else name_faculty(task.random)


def name_member(task: Task) -> str:
    """A body whose label says no more than "name": the form's title says of what."""
    title = task.form.title
    if re.search("企业|公司", title):
        return name_company(task.random)
    if re.search("政府|部门|行政", title):
        return name_authority(task.random)
    if re.search("外|境", task.field.label + title):
        return name_partner_abroad(task.random)
    if "科研" in title:
        return f"{task.random.choice(CITIES)}{task.random.choice(TRADES)}研究所"
    if re.search("协会|社会|行业", title):
        return f"{task.random.choice(CITIES)}{task.random.choice(TRADES)}行业协会"
    return name_school(task.random)


#: What a label ends with, or says -> a name; the first that fits counts.
NAMES: tuple[tuple[re.Pattern[str], Callable[[Task], str]], ...] = tuple(
    (re.compile(words), draft)
    for words, draft in (
        (
            "(课程|标准|教材|项目).*英文名|课程.*外文|标准.*外文|教材.*外文",
            lambda task: f"Demo Programme {task.serial}",
        ),
        ("(学校|机构|院校).*英文", _of_random(name_foreign_school)),
        ("班级|教学班|行政班", name_class),
        ("基地", lambda task: name_base(task.random)),
        ("集团名称|职教集团", _of_random(name_group)),
        ("联合体|共同体|联盟", lambda task: f"{name_industry(task.random)}产教联合体"),
        ("出版|杂志社", lambda task: "演示教育出版社"),
        ("论文|论著|报告题目|著作|题目$|标题|案例", _of_random(name_paper)),
        ("刊物|媒体|平台名称|所在平台", _of_random(name_medium)),
        (
            "赛事|竞赛|比赛|赛项|获奖.*名称|奖项|奖励|荣誉|表彰",
            _of_random(name_contest),
        ),
        (
            "(批准|审批|认定|颁奖|授予|授权|主管|立项|发证|发文|评审|登记|审定|资助|举办者|表彰|下达|支持)"
            ".*(部门|单位|机构|机关|名称)|上级|派出所|审批机关|委托.*单位",
            _of_random(name_authority),
        ),
        ("外文|外方学校英文", _of_random(name_foreign_school)),
        ("外方|国（境）外|采用(机构|单位)|采用国", _of_random(name_partner_abroad)),
        ("部门|处室|科室|^机构名称", name_department),
        ("团组织", lambda task: f"{name_major(task.random)}专业团支部"),
        ("党组织", lambda task: f"{name_faculty(task.random)}党支部"),
        (
            "学校名称|(职业|高等|中职|牵头|升入|毕业|去向|帮扶).*(学校|院校|高校)|院校|办学点"
            "|普通高校|教学点|学位.*院校|^升入学校",
            _of_random(name_school),
        ),
        ("院（系|院系|系部|教学部|所属.*系", _of_random(name_faculty)),
        (
            "(企业|公司|单位|厂家|供应商|用人单位|运营机构|合作方|权利人|机构)"
            "(（.*）)?(名称|全称)?(（.*）)?$|园区|受让",
            _of_random(name_company),
        ),
        ("职务|干部任职", _of_random(name_post)),
        ("岗位|岗位群|工种|职业", _of_random(name_job)),
        ("专业类$|专业大类", lambda task: f"{task.random.choice(TRADES)}类"),
        (
            "专业群",
            lambda task: f"{name_major(task.random)}专业群",
        ),
        ("(涉及|面向|开设|需求|参与|接受).*专业", _of_random(name_majors)),
        (
            "人才培养方案|方案",
            lambda task: f"{name_major(task.random)}专业人才培养方案",
        ),
        ("教学标准|课程标准", lambda task: f"{name_course(task.random)}课程标准"),
        ("专业|研究方向|领域|学科", _of_random(name_major)),
        ("证书名称|证书$|险种", _of_random(name_certificate)),
        ("教材|读本|图书|书名", _of_random(name_book)),
        ("(课程|资源)(（.*）)?(名称)?$|开设.*课程|实训项目", _of_random(name_course)),
        ("论文|论著|报告题目|著作|题目$|标题|案例", _of_random(name_paper)),
        (
            "赛事|竞赛|比赛|赛项|获奖.*名称|奖项|奖励|荣誉|表彰",
            _of_random(name_contest),
        ),
        ("活动名称|讲座|社团", _of_random(name_activity)),
        ("主题", _of_random(name_theme)),
        ("制度|文件|依据", _of_random(name_rule)),
        ("产业|主营", _of_random(name_industry)),
        (
            "项目|课题|成果|专利|知识产权|合同|协议|品牌|规划|团队|技术|中心",
            _of_random(name_project),
        ),
        ("建筑|教学楼", _of_random(name_building)),
        ("校区", _of_random(name_campus)),
        ("场所|教室|场地", _of_random(name_place)),
    )
)
