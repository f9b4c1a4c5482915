"""Blank forms in the manners of offices: built with openpyxl, one function a manner."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

#: label, kind, unit, required
Expected = Sequence[tuple[str, str, str, bool]]
RED = Font(color="FFFF0000")


def put(sheet: Worksheet, rows: Mapping[int, Sequence[object]]) -> None:
    """Put rows of values; None leaves a cell blank."""
    for row, values in rows.items():
        for column, value in enumerate(values, 1):
            if value is not None:
                sheet.cell(row, column, value)


def merge(sheet: Worksheet, *areas: str) -> None:
    for area in areas:
        sheet.merge_cells(area)


def allow(sheet: Worksheet, places: str, kind: str, first: object, **more: object):
    rule = DataValidation(kind, formula1=str(first), allow_blank=True, **more)
    rule.add(places)
    sheet.add_data_validation(rule)
    return rule


def two_rows(book: Workbook) -> None:
    """A title with the year, a line of who fills it in, bands over the columns."""
    sheet = book.active
    sheet.title = "附件1"
    put(
        sheet,
        {
            1: ["附件1"],
            2: ["2025年度职业学校校企合作项目情况统计表"],
            3: ["填报单位（盖章）：", None, None, None, None, None, "单位：万元"],
            4: ["序号", "*项目\n名称", "合作企业", None, "投入", None, "备注"],
            5: [
                None,
                None,
                "企业名称*",
                "统一社会信用代码",
                "企业投入经费",
                "学校投入经费（元）",
            ],
            6: [
                "例：",
                "数控实训基地",
                "云泽机床有限公司",
                "91320830MAN8LHN2X6",
                120.5,
                30000,
            ],
            10: ["填表人：", None, "审核人：", None, "填表日期：    年  月  日"],
        },
    )
    merge(sheet, "A1:B1", "A2:G2", "A4:A5", "B4:B5", "C4:D4", "E4:F4", "G4:G5")


TWO_ROWS: Expected = [
    ("项目名称", "text", "", True),
    ("企业名称", "text", "", True),
    ("统一社会信用代码", "uscc", "", False),
    ("企业投入经费", "money", "万元", False),
    ("学校投入经费", "money", "元", False),
    ("备注", "text", "", False),
]


def three_rows(book: Workbook) -> None:
    """Three rows of bands, parts, the same label twice, a row of column numbers."""
    sheet = book.active
    sheet.title = "专任教师"
    put(
        sheet,
        {
            1: ["专任教师学历情况表"],
            2: [
                "院系名称（必填）",
                "教师人数（人）",
                None,
                None,
                None,
                None,
                "女教师比例（%）",
            ],
            3: [None, "合计", "其中", None, "博士", None],
            4: [None, None, "专任教师数", "兼职教师数", "人数", "平均年龄（岁）"],
            5: ["甲", 1, 2, 3, 4, 5, 6],
            10: ["注：1.院系名称：填内设机构的全称。"],
            11: ["2.女教师比例：保留1位小数。"],
        },
    )
    merge(sheet, "A1:G1", "A2:A4", "B2:F2", "G2:G4", "B3:B4", "C3:D3", "E3:F3")


THREE_ROWS: Expected = [
    ("院系名称", "text", "", True),
    ("合计", "integer", "人", False),
    ("专任教师数", "integer", "人", False),
    ("兼职教师数", "integer", "人", False),
    ("人数", "integer", "人", False),
    ("平均年龄", "integer", "岁", False),
    ("女教师比例", "percent", "%", False),
]


def unit_row(book: Workbook) -> None:
    """Units in a row of their own, hints in the next, examples with codes and days."""
    sheet = book.active
    sheet.title = "Sheet1"
    put(
        sheet,
        {
            1: ["实训设备情况表（样表）"],
            2: [
                "设备编号",
                "设备名称",
                "单价",
                "数量",
                "占地面积",
                "购置日期",
                "是否共享",
            ],
            3: [None, None, "（万元）", "（台套）", "（平方米）"],
            4: [
                "必填",
                "必填",
                "保留两位小数",
                "填整数",
                "选填",
                "格式：2024-09-01",
                "下拉选择",
            ],
            5: ["0012", "数控车床", 12.5, 3, 20.25, "2020-09-01", "是"],
            6: ["0013", "加工中心", 80, 1, 35, "2021-03-15", "否"],
            7: ["0014", "三坐标", 66.8, 1, 18, "2022-10-08", "是"],
        },
    )
    merge(sheet, "A1:G1", "A2:A3", "B2:B3", "F2:F3", "G2:G3")


UNIT_ROW: Expected = [
    ("设备编号", "code", "", True),
    ("设备名称", "text", "", True),
    ("单价", "money", "万元", False),
    ("数量", "integer", "台（套）", False),
    ("占地面积", "decimal", "平方米", False),
    ("购置日期", "date", "", False),
    ("是否共享", "boolean", "", False),
]


def hidden_lists(book: Workbook) -> None:
    """Drop-downs out of hidden sheets, names and functions; bounds of all sorts."""
    sheet = book.active
    sheet.title = "培训项目"
    lists = book.create_sheet("数据字典")
    lists.sheet_state = "veryHidden"
    for row, (kind, level) in enumerate(
        [("国家级", "初级"), ("省级", "中级"), ("市级", "高级"), ("校级", None)], 1
    ):
        lists.cell(row, 1, kind)
        lists.cell(row, 2, level)
    book.defined_names["级别"] = DefinedName("级别", attr_text="数据字典!$A$1:$A$4")
    put(
        sheet,
        {
            1: [
                "*培训编号", "*培训名称", "级别", "层次", "对象", "方式", "培训人数",
                "课时费", "开始日期", "简要说明", "是否收费",
            ],
        },
    )  # fmt: skip
    sheet["B1"].comment = Comment("单位:\n填文件上的全称。", "单位")
    allow(sheet, "A2:A500", "textLength", 20, operator="lessThanOrEqual")
    allow(sheet, "B2:B500", "textLength", 1, operator="between", formula2="60")
    allow(sheet, "C2:C500", "list", "级别")
    allow(sheet, "D2:D500", "list", "'数据字典'!$B$1:$B$3")
    allow(sheet, "E2:E500", "list", '"教师,学生,社会人员"')
    allow(
        sheet, "F2:F500", "list", "OFFSET(数据字典!$A$1,0,0,COUNTA(数据字典!$A:$A),1)"
    )
    allow(sheet, "G2:G500", "whole", 1, operator="between", formula2="5000")
    allow(sheet, "H2:H500", "decimal", 0, operator="greaterThanOrEqual")
    allow(sheet, "I2:I500", "date", "DATE(2024,9,1)", operator="greaterThanOrEqual")
    allow(sheet, "J2:J500", "textLength", 800, operator="lessThanOrEqual")
    allow(sheet, "K2:K500", "list", '"是,否"')


HIDDEN_LISTS: Expected = [
    ("培训编号", "code", "", True),
    ("培训名称", "text", "", True),
    ("级别", "enum", "", False),
    ("层次", "enum", "", False),
    ("对象", "enum", "", False),
    ("方式", "enum", "", False),
    ("培训人数", "integer", "人", False),
    ("课时费", "money", "", False),
    ("开始日期", "date", "", False),
    ("简要说明", "long_text", "", False),
    ("是否收费", "boolean", "", False),
]


def vertical(book: Workbook) -> None:
    """One record a sheet: pairs of label and cell, bands at the left, signatures."""
    sheet = book.active
    sheet.title = "申报表"
    put(
        sheet,
        {
            1: ["产教融合基地申报表"],
            2: ["基本信息", "*基地名称", None, "*成立日期", None],
            3: [None, "负责人姓名", None, "联系电话", None],
            4: [None, "身份证号", None, "性别（男/女）", None],
            5: ["条件", "建筑面积（平方米）", None, "设备总值（万元）", None],
            6: [None, "工位数（个）", None, "是否对外开放", None],
            7: ["建设成效（500字以内）", None, None, None, None],
            9: ["负责人签字：", None, None, "单位盖章：", None],
        },
    )
    merge(sheet, "A1:E1", "A2:A4", "A5:A6", "B7:E7")
    sheet["E2"].number_format = "yyyy-mm-dd"
    allow(sheet, "E6", "list", '"是,否"')


VERTICAL: Expected = [
    ("基地名称", "text", "", True),
    ("成立日期", "date", "", True),
    ("负责人姓名", "text", "", False),
    ("联系电话", "phone", "", False),
    ("身份证号", "id_card", "", False),
    ("性别", "enum", "", False),
    ("建筑面积", "decimal", "平方米", False),
    ("设备总值", "money", "万元", False),
    ("工位数", "integer", "个", False),
    ("是否对外开放", "boolean", "", False),
    ("建设成效", "long_text", "", False),
]


def indicators(book: Workbook) -> None:
    """A list of indicators with their units, numbered, and a column for figures."""
    sheet = book.active
    sheet.title = "基1"
    put(
        sheet,
        {
            1: ["学校办学条件基本情况"],
            2: ["填报学校：", None, None, "表号：教基1", None],
            3: ["序号", "指标名称", "计量单位", "数值", "填报说明"],
            4: [1, "占地面积", "平方米", None, "产权属学校的土地面积。"],
            5: [2, "其中：绿化用地面积", "平方米", None, None],
            6: [3, "教学计算机数", "台", None, "能正常使用的。"],
            7: [4, "教育经费总额", "万元", None, "保留2位小数"],
            8: [5, "生师比", None, None, None],
            9: ["填表人：", None, None, "联系电话：", None],
        },
    )
    merge(sheet, "A1:E1")


INDICATORS: Expected = [
    ("占地面积", "decimal", "平方米", False),
    ("其中：绿化用地面积", "decimal", "平方米", False),
    ("教学计算机数", "integer", "台", False),
    ("教育经费总额", "money", "万元", False),
    ("生师比", "text", "", False),
]


def dictionary(book: Workbook) -> None:
    """A data dictionary: a field a row, with type, length and need."""
    sheet = book.active
    sheet.title = "数据项"
    put(
        sheet,
        {
            1: ["学生实习信息数据项"],
            2: ["序号", "字段名称", "英文名", "数据类型", "长度", "是否必填", "说明"],
            3: [
                1,
                "学籍号",
                "student_code",
                "字符型",
                20,
                "是",
                "全国学籍系统里的号码。",
            ],
            4: [2, "实习单位名称", "company", "字符型", 100, "是", None],
            5: [3, "实习天数", "days", "整数", None, "否", "单位：天"],
            6: [4, "实习补贴", "allowance", "decimal(10,2)", None, "否", "单位：元/月"],
            7: [5, "开始日期", "begin_date", "日期", None, "是", None],
            8: [
                6,
                "岗位类别",
                "post_kind",
                "枚举",
                None,
                "否",
                "选项：一线操作、服务、管理",
            ],
        },
    )


DICTIONARY: Expected = [
    ("学籍号", "text", "", True),
    ("实习单位名称", "text", "", True),
    ("实习天数", "integer", "天", False),
    ("实习补贴", "money", "元/月", False),
    ("开始日期", "date", "", True),
    ("岗位类别", "enum", "", False),
]


def several_sheets(book: Workbook) -> None:
    """Instructions first, two forms behind them, a hidden sheet of codes."""
    guide = book.active
    guide.title = "填表说明"
    put(
        guide,
        {
            1: ["填报说明"],
            2: ["本表统计2024-2025学年学校开展的技能竞赛，每项奖填一行。"],
            3: ["1.竞赛名称：填主办单位文件上的全称，不写简称。"],
            4: ["2.获奖级别：在国家级、省级、市级中选择。"],
            5: ["3.红色字的列必填。"],
            6: ["4.证书编号不得重复。"],
        },
    )
    sheet = book.create_sheet("附件2-1")
    put(
        sheet,
        {
            1: ["2.31.1 技能竞赛获奖情况表"],
            2: [
                "证书编号",
                "竞赛名称",
                "获奖级别",
                "获奖年月",
                "学生人数",
                "指导教师",
                "获奖证书照片",
            ],
        },
    )
    for column in (1, 2, 3):
        sheet.cell(2, column).font = RED
    sheet["D3"].number_format = "yyyy-mm"
    other = book.create_sheet("附件2-2")
    put(other, {1: ["竞赛承办情况表"], 2: ["赛项名称", "承办日期", "参赛人数"]})
    codes = book.create_sheet("代码")
    codes.sheet_state = "hidden"
    put(codes, {1: ["代码", "名称"], 2: ["01", "一等奖"]})


SEVERAL_SHEETS: Expected = [
    ("证书编号", "code", "", True),
    ("竞赛名称", "text", "", True),
    ("获奖级别", "enum", "", True),
    ("获奖年月", "year_month", "", False),
    ("学生人数", "integer", "人", False),
    ("指导教师", "text", "", False),
    ("获奖证书照片", "image", "", False),
]


def unmerged(book: Workbook) -> None:
    """Bands that nobody merged, remarks in the headings, dots for more rows."""
    sheet = book.active
    sheet.title = "毕业生"
    put(
        sheet,
        {
            1: ["毕业生就业情况"],
            2: ["专业", None, "就业", None, None, "升学"],
            3: [
                "专业代码（6位）", "专业名称", "就业人数(人)", "对口就业率（％）",
                "平均月薪（元，保留整数）", "升学去向（1.本科 2.专科 3.出国）",
            ],
            4: ["510201", "计算机应用技术", 52, 88.5, 4500, "本科"],
            5: ["……"],
            6: ["合计", None, 52],
            7: ["说明：就业人数按年底实际就业数填写，含自主创业，不含升学。"],
        },
    )  # fmt: skip


UNMERGED: Expected = [
    ("专业代码", "code", "", True),
    ("专业名称", "text", "", False),
    ("就业人数", "integer", "人", False),
    ("对口就业率", "percent", "%", False),
    ("平均月薪", "money", "元", False),
    ("升学去向", "enum", "", False),
]


def formats(book: Workbook) -> None:
    """No words but the labels: formats of the cells tell what goes in."""
    sheet = book.active
    sheet.title = "资产明细"
    put(sheet, {1: ["资产编号", "原值", "折旧率", "入账日", "使用月", "净值", "册数"]})
    sheet["A2"].number_format = "@"
    sheet["B2"].number_format = "#,##0.00"
    sheet["C2"].number_format = "0.0%"
    sheet["D2"].number_format = 'yyyy"年"m"月"d"日"'
    sheet["E2"].number_format = 'yyyy"年"m"月"'
    sheet["F2"] = "=B2*(1-C2)"
    sheet["F2"].number_format = "0.0000"
    sheet.column_dimensions["G"].number_format = "0"


FORMATS: Expected = [
    ("资产编号", "code", "", True),
    ("原值", "money", "", False),
    ("折旧率", "percent", "%", False),
    ("入账日", "date", "", False),
    ("使用月", "year_month", "", False),
    ("净值", "money", "", False),
    ("册数", "integer", "", False),
]


def fixed_rows(book: Workbook) -> None:
    """The first column has its rows written: they are the options of the key."""
    sheet = book.active
    sheet.title = "在校生分布"
    put(
        sheet,
        {
            1: ["在校生分布情况表（2024—2025学年）"],
            2: ["培养层次", "在校生数（人）", None, "毕业生数（人）"],
            3: [None, "计", "其中：女", None],
            4: ["中职"],
            5: ["高职专科"],
            6: ["职业本科"],
            7: ["合计"],
        },
    )
    merge(sheet, "A1:D1", "A2:A3", "B2:C2", "D2:D3")


FIXED_ROWS: Expected = [
    ("培养层次", "enum", "", True),
    ("计", "integer", "人", False),
    ("其中：女", "integer", "人", False),
    ("毕业生数", "integer", "人", False),
]


def filled_record(book: Workbook) -> None:
    """A record of two columns that somebody filled in as an example."""
    sheet = book.active
    sheet.title = "学校概况"
    put(
        sheet,
        {
            1: ["学校名称：", "云泽工匠职业技术学校"],
            2: ["统一社会信用代码：", "91320830MAN8LHN2X6"],
            3: ["建校年份：", 1958],
            4: ["成立日期：", date(1958, 9, 1)],
            5: ["办公电话：", "0512-65550001"],
            6: ["电子邮箱：", "office@example.edu.cn"],
            7: ["学校网址：", "https://www.example.edu.cn"],
            8: ["在校生数（人）：", 5230],
        },
    )


FILLED_RECORD: Expected = [
    ("学校名称", "text", "", False),
    ("统一社会信用代码", "uscc", "", False),
    ("建校年份", "year", "", False),
    ("成立日期", "date", "", False),
    ("办公电话", "phone", "", False),
    ("电子邮箱", "email", "", False),
    ("学校网址", "url", "", False),
    ("在校生数", "integer", "人", False),
]


#: name -> (builder, title, shape, what has to come)
MANNERS: Mapping[str, tuple[Callable[[Workbook], None], str, str, Expected]] = {
    "two_rows": (two_rows, "职业学校校企合作项目情况统计表", "rows", TWO_ROWS),
    "three_rows": (three_rows, "专任教师学历情况表", "rows", THREE_ROWS),
    "unit_row": (unit_row, "实训设备情况表", "rows", UNIT_ROW),
    "hidden_lists": (hidden_lists, "培训项目", "rows", HIDDEN_LISTS),
    "vertical": (vertical, "产教融合基地申报表", "record", VERTICAL),
    "indicators": (indicators, "学校办学条件基本情况", "record", INDICATORS),
    "dictionary": (dictionary, "学生实习信息数据项", "rows", DICTIONARY),
    "several_sheets": (several_sheets, "技能竞赛获奖情况表", "rows", SEVERAL_SHEETS),
    "unmerged": (unmerged, "毕业生就业情况", "rows", UNMERGED),
    "formats": (formats, "资产明细", "rows", FORMATS),
    "fixed_rows": (fixed_rows, "在校生分布情况表", "rows", FIXED_ROWS),
    "filled_record": (filled_record, "学校概况", "record", FILLED_RECORD),
}


def build(manner: str, path: Path) -> Path:
    """Write the blank form of a manner."""
    book = Workbook()
    MANNERS[manner][0](book)
    book.save(path)
    return path
