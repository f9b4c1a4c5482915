"""The words by which people who send blank forms say what a column is.

Tables only; `labels`, `hints`, `tables`, `records` and `kinds` look things up here.
"""

import re

from form_schemas.kinds import FieldKind

REQUIRED = re.compile(
    r"^(?:必填|必填项|必须填写|必录|不能为空|不可为空|不为空|是|y|yes|√|m)$", re.I
)
OPTIONAL = re.compile(
    r"^(?:选填|选填项|非必填|非必填项|可不填|可为空|可选|否|n|no|×|o)$", re.I
)
#: A star or a word in brackets beside the label.
STARS = "*＊★☆※✱﹡"

#: Units as they stand beside numbers; longest first, so that 万元 is not 元.
UNITS = (
    "平方米", "立方米", "万平方米", "平方公里", "公顷", "亩", "㎡", "m²", "m2", "M2",
    "亿元", "万元", "千元", "百元", "元", "万美元", "美元", "元/月", "元/年", "元/生",
    "元/人", "元/学时", "元/学年", "元/生·年", "元/人·年", "人民币万元", "人民币元",
    "人次", "人天", "人时", "人年", "人学时", "人", "名", "位", "户", "家", "个", "所",
    "台（套）", "台(套)", "台套", "台/套", "台", "套", "件", "辆", "艘", "间", "处",
    "栋", "座", "幢", "层", "张", "把", "册", "万册", "册次", "种", "本", "部", "篇",
    "项", "门", "门次", "门数", "节", "次", "期", "份", "版", "条", "例", "批",
    "学时", "课时", "小时", "分钟", "秒", "天", "日", "周", "月", "个月", "年", "岁",
    "学分", "分", "学年", "学期", "字", "千字", "万字", "页", "米", "千米", "公里",
    "厘米", "毫米", "吨", "千克", "公斤", "克", "升", "千瓦", "千瓦时", "度",
    "GB", "TB", "MB", "Mbps", "Gbps", "M", "G", "%", "％", "‰", "百分比", "对", "班",
)  # fmt: skip
UNIT_NAMES = {
    "㎡": "平方米", "m²": "平方米", "m2": "平方米", "M2": "平方米", "％": "%",
    "百分比": "%", "台(套)": "台（套）", "台套": "台（套）", "台/套": "台（套）",
    "人民币万元": "万元", "人民币元": "元", "个月": "月",
}  # fmt: skip
MONEY_UNITS = re.compile(r"[亿百万千]{0,2}美?元(?:/.+)?$")
#: Units of what cannot be parted.
WHOLE_UNITS = frozenset(
    {
        "人", "人次", "名", "位", "户", "家", "个", "所", "台", "套", "台（套）", "件",
        "辆", "艘", "间", "处", "栋", "座", "幢", "层", "张", "把", "册", "册次", "种",
        "本", "部", "篇", "项", "门", "门次", "节", "次", "期", "份", "版", "条",
        "例", "批", "对", "班",
    }
)  # fmt: skip

#: What a label's end says: (pattern, kind, unit). The first that fits counts.
LABELS: tuple[tuple[re.Pattern[str], FieldKind, str], ...] = tuple(
    (re.compile(pattern), kind, unit)
    for pattern, kind, unit in (
        (r"统一社会信用代码|组织机构代码$", FieldKind.USCC, ""),
        (r"身份证号|身份证件号|证件号码$|证件号$|身份证$", FieldKind.ID_CARD, ""),
        (r"^(?:是否|有无|是不是|能否)|是否|（是/否）|\(是/否\)", FieldKind.BOOLEAN, ""),
        (r"电话|手机|联系方式$|传真", FieldKind.PHONE, ""),
        (r"邮箱|电子邮件|e-?mail", FieldKind.EMAIL, ""),
        (r"网址|网站地址|链接|^网站$|主页$|URL$", FieldKind.URL, ""),
        (r"照片$|图片$|校徽|logo$|影像$", FieldKind.IMAGE, ""),
        (r"附件$|佐证材料|证明材料|扫描件|支撑材料", FieldKind.FILE, ""),
        (r"年月$|年月（.+）$", FieldKind.YEAR_MONTH, ""),
        (r"日期$|日期至$|时间$|期至$", FieldKind.DATE, ""),
        (r"年份$|年度$|财年$|年级$", FieldKind.YEAR, ""),
        (r"率$|比例$|占比$|百分比$|比重$|覆盖面$", FieldKind.PERCENT, "%"),
        (r"代码$|编号$|编码$|学号|工号|证号$|书号|账号$|号码$", FieldKind.CODE, ""),
        (r"文号$|字号$", FieldKind.TEXT, ""),
        (r"人次$|人次数$", FieldKind.INTEGER, "人次"),
        (r"面积$|用地$|用房$", FieldKind.DECIMAL, "平方米"),
        (r"学时数?$|课时数?$", FieldKind.INTEGER, "学时"),
        (r"学分数?$", FieldKind.DECIMAL, "学分"),
        (r"成绩$|得分$|分数$|评分$", FieldKind.DECIMAL, "分"),
        (r"天数$", FieldKind.INTEGER, "天"),
        (r"次数$|场次$", FieldKind.INTEGER, "次"),
        (r"字数$", FieldKind.DECIMAL, "千字"),
        (r"时长$|工时$", FieldKind.DECIMAL, "小时"),
        (r"年限$|工龄$|教龄$", FieldKind.DECIMAL, "年"),
        (r"年龄$", FieldKind.INTEGER, "岁"),
        (r"(?:平均|折合|生均).*数$", FieldKind.DECIMAL, ""),
        (
            r"(?:人|生|员|师|工|教师|学生|专家|干部|男|女|女生|男生|博士|硕士)数$|人数"
            r"|^(?:男|女|女生|男生)$",
            FieldKind.INTEGER,
            "人",
        ),
        (
            r"金额$|经费$|收入$|支出$|资金$|投入$|产值$|总值$|费用$|报酬$|资产$|价格$"
            r"|单价$|总价$|拨款$|补助$|费$|款$|值$|预算$|决算$|利润$|税$|工资$|薪酬$",
            FieldKind.MONEY,
            "",
        ),
        (
            r"(?:总数|套数|台数|门数|个数|项数|册数|件数|数量|数目|数)$",
            FieldKind.INTEGER,
            "",
        ),
        (r"总量$|规模$|合计$|小计$|总计$|排名$|名次$", FieldKind.INTEGER, ""),
        (
            r"简介$|概况$|内容$|事迹$|成效$|措施$|意见$|情况说明$|情况简介$|摘要$|描述$"
            r"|经历$|简历$|总结$|职责$",
            FieldKind.LONG_TEXT,
            "",
        ),
    )
)
#: Labels of which the values come from a short list, whichever that is.
LISTED = re.compile(
    r"(?:类型|类别|性质|级别|等级|等次|层次|方式|形式|状态|来源|性别|面貌|学历|学位|"
    r"学期|角色|结论|民族|国籍|种类|属性|职称)$"
)
#: Lists that everybody means by a label.
COMMON_OPTIONS = {"性别": ("男", "女")}
#: Columns that tell rows apart, best first.
KEYS = re.compile(r"(?:代码|编号|编码|学号|工号|统一社会信用代码|证号|号)$")
TITLES = re.compile(r"(?:名称|姓名|题目|标题|项目)$")

#: Columns that number the rows, and marks of example rows.
INDEX = re.compile(r"^(?:序号|序|编号序|行号|行次|no\.?|№|#)$", re.I)
EXAMPLE = re.compile(
    r"^[（(【\[]?(?:例|例如|示例|样例|范例|填写示例|填报示例|样表)\d*[:：]?"
)
TOTAL = re.compile(r"^(?:合\s*计|总\s*计|小\s*计|本页小计|共\s*计)$")
MORE = re.compile(r"^(?:[.。…⋯]+|等)$")
PART = re.compile(r"^(?:其\s*中|#)\s*[:：]?\s*")

#: What stands around a table: who filled it in, for whom, when.
INFO = re.compile(
    r"^(?:填报|填表|制表|审核|复核|联系|报送|统计|表\s*号|制定|批准|备案|有效期|计量单位"
    r"|单位负责人|负责人|分管|校长|主管|经办|盖章|公章|单位[（(]|单位[:：]|学校[（(]"
    r"|学校名称[（(]?盖章|数据截止|截止|日期[:：]|年度[:：]|20\d\d\s*年(?:\s*\d{0,2}\s*月.*)?$)"
)
FOOTER = re.compile(
    r"^(?:填报人|填表人|制表人?|审核人?|复核人?|经办人|单位负责人|分管领导|统计负责人|"
    r"校长签字|负责人签|填表日期|填报日期|报送日期|报出日期|联系人?电话?[:：]|单位[（(]盖章|"
    r"盖章|公章|签字|签名|签章|注\s*[:：]|注\d|备注\s*[:：]|说明\s*[:：]|填表说明|填报说明|"
    r"填写说明|指标解释|指标说明|注意事项|填报要求|填写要求)"
)
#: Of a record form: cells for signatures and seals rather than for data.
SIGNED = re.compile(
    r"(?:签字|签名|签章|盖章|公章|填表人|填报人|审核人|填表日期|填报日期)"
)
GUIDE_TITLE = re.compile(
    r"说明|须知|要求|指标解释|解释|填写规范|字典|指南|备注|readme", re.I
)
NOT_TITLE = re.compile(
    r"^(?:附件|附表|附[:：]|表\s*[\d一二三四五六七八九十]|注[:：]|说明|填[报表写])"
)

#: Columns of a table that lists fields a row: role -> headings.
ROLES = {
    "index": re.compile(r"^(?:序号|序|行次|编号|no\.?)$", re.I),
    "label": re.compile(
        r"^(?:列名|字段名称?|字段中文名称?|中文名称?|数据项名?称?|指标名?称?|填报项目?|"
        r"项目名?称?|栏目|名称|字段|内容名称|填报内容|填报指标)$"
    ),
    "id": re.compile(
        r"^(?:英文名称?|字段代码|字段英文名|标识符?|字段标识|数据项代码|id)$", re.I
    ),
    "value": re.compile(
        r"^(?:数值|数量|数据|填报数据|填报值|内容|填写内容|值|本年|本年数|本期|实际数|填写|"
        r"填报|填写处|具体内容|填报情况|情况)$"
    ),
    "required": re.compile(
        r"^(?:必填|是否必填|必填项|约束|填报约束|是否为空|可否为空)$"
    ),
    "way": re.compile(
        r"^(?:填法|填写方式|数据格式|格式|类型|数据类型|字段类型|填写规范|取值范围|值域|"
        r"选项|可选值|取值|填写要求|填报要求|格式要求)$"
    ),
    "length": re.compile(r"^(?:长度|最大长度|字段长度|字数)$"),
    "unit": re.compile(r"^(?:单位|计量单位)$"),
    "text": re.compile(
        r"^(?:说明|填写说明|填报说明|字段说明|指标解释|指标说明|解释|备注|填表说明|要求|含义)$"
    ),
    "example": re.compile(r"^(?:示例|样例|举例|例)$"),
}
#: The types that data dictionaries name.
TYPES: tuple[tuple[re.Pattern[str], FieldKind], ...] = tuple(
    (re.compile(pattern, re.I), kind)
    for pattern, kind in (
        (r"^(?:整数|整型|整数型|int|integer|bigint|smallint)\b", FieldKind.INTEGER),
        (
            r"^(?:小数|浮点|数值|数字|数值型|decimal|number|numeric|float|double)",
            FieldKind.DECIMAL,
        ),
        (r"^(?:日期|日期型|date|datetime)$", FieldKind.DATE),
        (r"^(?:年月)$", FieldKind.YEAR_MONTH),
        (r"^(?:年份|year)$", FieldKind.YEAR),
        (r"^(?:布尔|是否|逻辑|bool|boolean|bit)", FieldKind.BOOLEAN),
        (
            r"^(?:文本|字符|字符型|字符串|文字|varchar2?|nvarchar|char|string|text)",
            FieldKind.TEXT,
        ),
        (r"^(?:长文本|多行文本|longtext|clob)", FieldKind.LONG_TEXT),
        (r"^(?:百分数|百分比|percent)", FieldKind.PERCENT),
        (r"^(?:金额|货币|money|currency)", FieldKind.MONEY),
        (r"^(?:枚举|单选|下拉|选择|代码表|字典)", FieldKind.ENUM),
        (r"^(?:多选|复选)", FieldKind.MULTI_ENUM),
    )
)
