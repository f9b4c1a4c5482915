"""Names of persons, bodies and things, put together from word lists.

They read as names, and nobody bears them: surnames that are none, places that no map
has, firms and schools of such places.
"""

from random import Random

_SURNAMES = "云禾岚竹桐枫溪荷菱橙霁麦帆桥杉柏"
_FIRST = "知晓嘉明思雨子若清景书语安亦承泽"
_SECOND = "行宁远然诺言涵轩航妍琪辰宜和悦彤"
CITIES = ("示例市", "样本市", "演示市")
_DISTRICTS = ("示范区", "演示区", "样例县")
_STREETS = ("新风路", "学府路", "工匠街", "启明路", "百工路", "求实街")
_BRANDS = ("禾云", "星帆", "竹溪", "启桥", "麦岚", "橙杉", "霁桐", "青菱")
TRADES = (
    "智能装备",
    "精密机械",
    "信息技术",
    "新能源汽车",
    "现代物流",
    "电子商务",
    "建筑工程",
    "健康养老",
    "食品加工",
    "数字传媒",
    "轨道交通",
    "化工材料",
)
_FIELDS = (
    "机电一体化",
    "工业机器人",
    "数控技术",
    "电子商务",
    "物流管理",
    "汽车检测与维修",
    "护理",
    "学前教育",
    "建筑工程",
    "计算机网络",
    "大数据",
    "旅游管理",
    "食品检验",
    "视觉传达",
    "会计事务",
    "园林技术",
)
_COURSES = (
    "基础",
    "技术应用",
    "综合实训",
    "原理与实务",
    "项目实践",
    "操作规范",
    "设备维护",
    "案例分析",
)
_THEMES = (
    "匠心筑梦",
    "安全生产",
    "技能成才",
    "诚信做人",
    "绿色校园",
    "劳动光荣",
    "创新创业",
    "文明礼仪",
    "法治进校园",
    "心理健康",
)
_ACTS = ("建设", "改革", "提升", "研究", "实践", "推广", "培育", "优化")
_POSTS = ("主任", "副主任", "科长", "专员", "经理", "部门主管", "技术总监")
_JOBS = (
    "设备操作员",
    "质检员",
    "装配技术员",
    "客服专员",
    "仓储管理员",
    "维修技师",
    "护理员",
    "网络运维员",
)
_FACULTIES = ("智能制造学院", "数字商务学院", "康养护理系", "信息工程系", "绿色能源系")
_AUTHORITIES = (
    "演示省教育厅",
    "示例市教育局",
    "示例市人力资源和社会保障局",
    "演示省人力资源和社会保障厅",
    "示例市工业和信息化局",
)


def invent_person(random: Random) -> str:
    """A name of syllables; no list of real names is behind it."""
    given = random.choice(_FIRST) + random.choice(_SECOND)
    return random.choice(_SURNAMES) + (
        given if random.random() < 0.9 else random.choice("宁然言辰妍")
    )


def name_people(random: Random) -> str:
    return "、".join(invent_person(random) for _ in range(random.randint(2, 4)))


def name_company(random: Random) -> str:
    name = random.choice(_BRANDS) + random.choice(TRADES)
    return f"{random.choice(CITIES)}{name}有限公司"


def name_school(random: Random) -> str:
    kind = random.choice(("职业技术学院", "中等专业学校", "职业教育中心", "技师学院"))
    place = random.choice(("", "第一", "第二", "工业", "商贸", "建设", "交通"))
    return f"{random.choice(CITIES)}{place}{kind}"


def name_foreign_school(random: Random) -> str:
    return f"Demo {random.choice(('Polytechnic', 'College', 'Institute'))} of " + (
        random.choice(("Greenfield", "Riverton", "Northvale", "Lakeside"))
    )


def name_partner_abroad(random: Random) -> str:
    place = random.choice(("格林菲尔德", "里弗顿", "诺斯维尔", "莱克塞德"))
    return f"{place}演示{random.choice(('学院', '理工学院', '职业学校'))}"


def name_authority(random: Random) -> str:
    return random.choice(_AUTHORITIES)


def name_address(random: Random) -> str:
    place = random.choice(CITIES) + random.choice(_DISTRICTS)
    return f"{place}{random.choice(_STREETS)}{random.randint(1, 300)}号"


def name_place(random: Random) -> str:
    return random.choice(
        ("报告厅", "学术交流中心", "实训楼{}室", "教学楼{}室", "体育馆", "图书馆{}室")
    ).format(random.randint(1, 5) * 100 + random.randint(1, 20))


def name_major(random: Random) -> str:
    return random.choice(_FIELDS)


def name_majors(random: Random) -> str:
    return "、".join(random.sample(_FIELDS, random.randint(1, 3)))


def name_course(random: Random) -> str:
    return name_major(random) + random.choice(_COURSES)


def name_book(random: Random) -> str:
    return f"{name_course(random)}（{random.choice(('第一版', '第二版', '活页式'))}）"


def name_project(random: Random) -> str:
    middle = random.choice(("专业", "课程", "实训基地", "教学团队", "人才培养模式"))
    return f"{name_major(random)}{middle}{random.choice(_ACTS)}项目"


def name_paper(random: Random) -> str:
    return (
        f"{name_major(random)}专业{random.choice(_COURSES)}教学的{random.choice(_ACTS)}"
    )


def name_theme(random: Random) -> str:
    return f"“{random.choice(_THEMES)}”"


def name_activity(random: Random) -> str:
    kind = random.choice(("主题教育", "专题讲座", "技能展示", "志愿服务", "交流研讨"))
    return f"{name_theme(random)}{kind}"


def name_contest(random: Random) -> str:
    return f"{random.choice(CITIES)}{name_major(random)}技能大赛"


def name_certificate(random: Random) -> str:
    return f"{name_major(random)}职业技能等级证书"


def name_industry(random: Random) -> str:
    return f"{random.choice(TRADES)}产业"


def name_job(random: Random) -> str:
    return random.choice(_JOBS)


def name_campus(random: Random) -> str:
    return random.choice(("东", "西", "南", "北", "新城", "湖滨", "学府", "滨河")) + (
        "校区"
    )


def name_medium(random: Random) -> str:
    kind = random.choice(("职教在线", "教育周刊", "技能云平台", "学习频道"))
    return f"{random.choice(('演示', '示例', '样本'))}{kind}"


def name_post(random: Random) -> str:
    return random.choice(_POSTS)


def name_faculty(random: Random) -> str:
    return random.choice(_FACULTIES)


def name_group(random: Random) -> str:
    return f"演示{random.choice(TRADES)}职业教育集团"


def name_rule(random: Random) -> str:
    about = random.choice(("教学", "实习", "安全", "学生", "资产", "科研", "考试"))
    return f"{about}管理{random.choice(('办法', '规定', '实施细则'))}"


def name_building(random: Random) -> str:
    return random.choice(("求实楼", "明德楼", "工匠楼", "启智楼", "百工楼")) + (
        f"{random.choice('ABCD')}座"
    )


def name_base(random: Random) -> str:
    return (
        f"{name_major(random)}{random.choice(('生产性', '校企共建', '综合'))}实训基地"
    )
