"""Texts and codes by the words of a label, fitted to length and pattern."""

import re
from collections.abc import Callable

from app.services.inventing.identity import (
    invent_isbn,
    invent_organisation_code,
    invent_uscc,
)
from app.services.inventing.matching import invent_matching
from app.services.inventing.naming import NAMES, name_member, name_thing
from app.services.inventing.options import (
    choose_entry,
    choose_option,
    find_kin_list,
    find_kin_options,
    invent_entry,
)
from app.services.inventing.tasks import Task
from app.services.inventing.words import (
    invent_person,
    name_address,
    name_major,
    name_people,
    name_place,
    name_post,
    name_theme,
)
from form_schemas.codelists import CodeList

_TRIES = 8

_LETTERS = (
    ("项目|课题", "XM"),
    ("课程", "KC"),
    ("教材|资源", "ZY"),
    ("基地", "JD"),
    ("设备|资产", "SB"),
    ("合同|协议", "XY"),
    ("证书|资格", "ZS"),
    ("场所|校区|教室", "CS"),
    ("机构|部门|组织|社团", "JG"),
    ("班", "BJ"),
)


def invent_text(task: Task) -> str:
    if task.field.codes:
        return _name_entry(task, task.catalogue.codelist_for(task.field))
    options = find_kin_options(task)
    if options:
        return _fit(task, (choose_option(task, options),))
    for words, draft in (*_TEXTS, *NAMES):
        if words.search(task.field.label):
            return _fit(task, (draft(task),))
    return _fit(task, (name_thing(task),))


def invent_long_text(task: Task) -> str:
    for words, sentences in _SENTENCES:
        if words.search(task.field.label):
            text = task.random.choice(sentences)
            return _fit(task, (text.format(name_major(task.random)),))
    return _fit(task, (f"围绕{name_major(task.random)}专业开展，按计划完成。",))


def invent_code(task: Task) -> str:
    """An entry of a code list, or a number that tells rows apart."""
    if task.field.codes:
        return invent_entry(task).code
    kin = find_kin_list(task)
    if kin is not None:
        for _ in range(_TRIES):
            code = choose_entry(task, kin).code
            if _is_fine(task, code):
                return code
    return _fit(task, _code_drafts(task))


def invent_phone(task: Task) -> str:
    """Numbers nobody has: 194 is given to no network, 000 to no town."""
    if re.search("办公|传真|单位|学校|值守|咨询|监督", task.field.label):
        return f"000-8{task.random.randint(0, 9_999_999):07d}"
    return f"19400{task.random.randint(0, 999_999):06d}"


def invent_email(task: Task) -> str:
    return f"yanshi{task.serial:03d}{task.random.randint(10, 99)}@example.edu.cn"


def invent_url(task: Task) -> str:
    return f"https://www.example.com/{task.form.code.lower()}/{task.serial}"


def _name_entry(task: Task, codelist: CodeList) -> str:
    """The name of an entry: of the code the row holds already, where there is one."""
    for value in task.row.values():
        found = codelist.by_code.get(value) if isinstance(value, str) else None
        if found is not None and len(found.code) > 3 and _is_fine(task, found.name):
            return found.name
    drafts = [choose_entry(task, codelist).name for _ in range(_TRIES)]
    return _fit(task, tuple(drafts))


def _code_drafts(task: Task) -> tuple[str, ...]:
    digits = re.sub(r"\D", "", task.form.code)
    label, year = task.field.label, task.scene.period_end.year
    letters = next((short for word, short in _LETTERS if re.search(word, label)), "BH")
    serial = task.serial
    drafts = (
        f"{letters}{year}{digits[-3:]}{serial:04d}",
        f"{year}{digits[-3:]}{serial:05d}",
        f"{digits}{serial:05d}",
        f"{year}{serial:06d}",
        f"{letters}{digits[-3:]}{serial:03d}",
        f"{letters}{serial:02d}",
        invent_organisation_code(task.random),
        invent_isbn(task.random),
    )
    if re.search("学号|学籍号|考生号|准考证号", label):
        return (f"{year - 1}{digits[-3:]}{serial:05d}", *drafts)
    if re.search("教师编号|工号", label):
        return (f"{task.random.randint(1998, year)}{digits[-2:]}{serial:03d}", *drafts)
    if re.search("ISBN|书号", label):
        return (invent_isbn(task.random), *drafts)
    if "邮政" in label:
        return (f"99{task.random.randint(0, 9999):04d}", *drafts)
    return drafts


def _fit(task: Task, drafts: tuple[str, ...]) -> str:
    for draft in drafts:
        if _is_fine(task, draft):
            return draft
    if task.field.pattern:
        return invent_matching(task.field.pattern, task.random, task.field.max_length)
    return _cut(task, drafts[-1])


def _cut(task: Task, text: str) -> str:
    """Codes keep their end, where the number stands that tells rows apart."""
    length = task.field.max_length
    if length is None:
        return text
    return text[-length:] if text[-1:].isdigit() else text[:length]


def _is_fine(task: Task, text: str) -> bool:
    field = task.field
    if field.max_length is not None and len(text) > field.max_length:
        return False
    return field.pattern is None or re.search(field.pattern, text) is not None


def _invent_years(task: Task) -> str:
    start = task.scene.period_start
    year = start.year if start.month > 6 else start.year - 1
    return f"{year}-{year + 1}"


def _invent_document(task: Task) -> str:
    year = task.scene.period_end.year - task.random.randint(0, 2)
    return f"演教〔{year}〕{task.random.randint(1, 90)}号"


def _invent_certificate(task: Task) -> str:
    return f"YS{task.scene.period_end.year}{task.random.randint(0, 999_999):06d}"


#: Words of a label -> a text; the first that occurs counts, before any name.
_TEXTS: tuple[tuple[re.Pattern[str], Callable[[Task], str]], ...] = tuple(
    (re.compile(words), draft)
    for words, draft in (
        ("^学年$|报告时段", _invent_years),
        ("职务$", lambda task: name_post(task.random)),
        ("^(成员|单位|采用机构)?名称$", name_member),
        ("年级$", lambda task: f"{task.scene.period_end.year - 1}级"),
        ("学制", lambda task: "三年"),
        ("籍贯|市县|所在市", lambda task: "演示省示例市"),
        ("备注", lambda task: task.random.choice(("已核对。", "以纸质档案为准。"))),
        ("省份|所在省", lambda task: "演示省"),
        ("城市", lambda task: task.random.choice(("示例市", "样本市"))),
        ("语种", lambda task: task.random.choice(("英语", "法语", "中英双语"))),
        ("星期", lambda task: f"星期{task.random.choice('一二三四五')}"),
        ("校庆日", lambda task: f"{task.random.randint(3, 11)}月18日"),
        ("批次|届次", lambda task: f"第{task.random.choice('一二三')}批"),
        ("周次", lambda task: f"第{task.random.randint(1, 18)}周"),
        ("版次|版本", lambda task: f"第{task.random.choice('一二三')}版"),
        ("^卷|卷号|期号|印次", lambda task: f"{task.random.randint(1, 12)}"),
        ("页码", lambda task: f"{task.random.randint(1, 60)}-{_last_page(task)}"),
        ("房间号", lambda task: f"{task.random.randint(1, 5)}{_room(task)}"),
        ("型号|规格", lambda task: f"YS-{task.random.randint(100, 990)}"),
        ("拼音|英文姓名", lambda task: "Yan Shi"),
        ("曾用名", lambda task: invent_person(task.random)),
        ("电话|手机|传真", invent_phone),
        ("邮箱|信箱|E-?mail", invent_email),
        ("邮编|邮政编码", lambda task: f"99{task.random.randint(0, 9999):04d}"),
        ("网址|链接|地址（URL）|账号", invent_url),
        ("地址|住址|位置", lambda task: name_address(task.random)),
        ("地点|活动场所", lambda task: name_place(task.random)),
        ("证书编号|证书号|专利号|登记号|授权号|资助卡号", _invent_certificate),
        ("文号|批号|批准书|许可证", _invent_document),
        ("ISBN|书号|刊号", lambda task: invent_isbn(task.random)),
        ("信用代码", lambda task: invent_uscc(task.random)),
        ("组织机构代码", lambda task: invent_organisation_code(task.random)),
        ("(编号|编码|代码|号码|号|码)$", lambda task: _code_drafts(task)[0]),
        (
            "(成员|人员|作者|编者|完成人|队员|参与人).*$",
            lambda task: (
                name_people(task.random)
                if re.search("其他|名单|成员$|人员$|组成员", task.field.label)
                and not task.field.label.endswith("名称")
                else invent_person(task.random)
            ),
        ),
        (
            "姓名|负责人$|联系人$|主持人|法定代表人|校长$|书记$|主编$|监护人$|指导教师$"
            "|发明人|（负责人）$",
            lambda task: invent_person(task.random),
        ),
        ("原因", lambda task: task.random.choice(("个人原因", "家庭原因", "身体原因"))),
        (
            "形式|模式",
            lambda task: task.random.choice(("校企联合", "工学交替", "订单式")),
        ),
        ("版面|栏目", lambda task: task.random.choice(("教育版", "职教周刊"))),
        ("^来源$|数据来源", lambda task: "学校统计"),
        ("问卷", lambda task: f"{name_theme(task.random)}满意度调查"),
        ("^题目$", lambda task: f"您对{name_major(task.random)}教学是否满意？"),
        ("说明", lambda task: f"{name_major(task.random)}实训现场"),
        ("校训", lambda task: "明德 精技 笃行 致远"),
        ("简称", lambda task: task.random.choice(("教务", "学工", "机电", "信息"))),
        ("状态", lambda task: "正常"),
    )
)


def _last_page(task: Task) -> int:
    return task.random.randint(61, 90)


def _room(task: Task) -> str:
    return f"{task.random.randint(1, 24):02d}"


#: Words of a label -> sentences, `{}` being a field of study.
_SENTENCES = tuple(
    (re.compile(words), sentences)
    for words, sentences in (
        ("备注", ("已与档案核对。", "数据由二级学院提供。")),
        ("选项", ("满意、基本满意、不满意",)),
        ("回答", ("满意", "基本满意")),
        (
            "名称|名单",
            ("示例市星帆智能装备有限公司",),
        ),
        (
            "简介|概况|沿革|摘要|内容|经过|情况",
            (
                "面向{}领域，组织师生参与方案设计、操作训练与成果展示，按计划完成各项任务。",
                "结合{}岗位要求开展理论学习与现场实践，过程记录完整，参与面广。",
            ),
        ),
        (
            "成效|成果|业绩|荣誉|作用|贡献",
            (
                "形成{}教学案例一套，学生技能水平明显提高，合作企业评价良好。",
                "推动{}课程资源更新，带动校内同类专业共同发展。",
            ),
        ),
        (
            "职责|任务|职能|分管",
            (
                "负责{}教学组织、过程管理与质量评价。",
                "承担{}方向的实训安排与校企联络。",
            ),
        ),
        (
            "目标|定位|特色|逻辑|理念",
            ("立足区域产业，培养掌握{}知识与技能的高素质技术技能人才。",),
        ),
        (
            "意见|评语|批阅|鉴定",
            ("工作认真，掌握{}岗位基本技能，同意通过。", "态度端正，任务完成较好。"),
        ),
        (
            "措施|整改|计划|办法|处置|改进|安置",
            ("明确责任人与时限，完善{}管理制度，按期完成并复查。",),
        ),
        ("描述|隐患|事故|原因", ("个别{}设备标识不清，已通知责任部门处理。",)),
    )
)
