"""Choices: which option, code or truth is likely, judged by its words and its place."""

import re
from bisect import bisect
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from random import Random

from app.services.inventing.tasks import Task
from form_schemas.booklets import list_below
from form_schemas.codelists import CodeEntry, CodeList, offered
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec
from validators.formats import RESIDENT_CARD

_ORDINARY_DOCUMENT = 0.99
_ORDINARY_ENTRY = 0.93
_HOME_SHARE = 0.85
_SHORT_LIST = 400

#: Words of an option -> how much likelier it is than its place in the list says; the
#: first that occurs counts.
_FACTORS = tuple(
    (re.compile(words), factor)
    for words, factor in (
        (f"^{RESIDENT_CARD}$", 400.0),
        ("^女$", 1.6),
        ("^群众$", 8.0),
        ("^中共预备党员$|^共青团员$", 0.3),
        ("^(民革|民盟|民建|民进|农工|致公|九三|台盟|无党派)", 0.05),
        ("^(国际|国家|世界)级|^国家$|^全国", 0.15),
        ("^省级", 1.0),
        ("^(市级|校级)", 3.0),
        ("^未婚$|^未评", 2.0),
        (
            "^(正常|在|招生|有效|合格|通过|良好|健康|公办|全日制|现行|已|无$|否$|非)",
            5.0,
        ),
        (
            "其他|不合格|不通过|暂缓|不适用|未|撤|停|废|终止|开除|退学|肄业|死亡|丧偶|离婚"
            "|残|病|孤|军|士兵|烈士|境外|外籍|香港|澳门|台湾|华侨|博士|特等|延期|劳务派遣",
            0.12,
        ),
    )
)
_OF_PUPILS = tuple(
    (re.compile(words), factor)
    for words, factor in (
        ("^共青团员$", 12.0),
        ("^中共(预备)?党员$", 0.02),
        ("^未婚$", 60.0),
        ("^已婚$", 0.02),
    )
)
#: Nearly everybody's entry of the lists that hold it.
_ORDINARY_NAMES = ("汉族", "中国")
#: A country is ours where it is a person's or a degree's, else a partner's.
_ABROAD = re.compile("国家|国别|外方")
_AT_HOME = re.compile("国籍|学历|学位")
_SELDOM = re.compile(
    "牵头单位|残疾|孤|低保|脱贫|留守|随迁|退役|军人|事故|投诉|停用|夜班|匿名|跨省|海外|外籍"
    "|置顶|滚动|启动|兼任|转化|一带一路|东盟|获得优秀|停招|并购|国际|表彰"
)
_MOSTLY = re.compile(
    "有效|合格|正常|签订|对口|对应|符合|法人|章程|接通|备案|公布|多媒体|配套|实体"
    "|聘任|方案|同意|统一|设置?理事会|食宿|保险|协议|标准|报警|防冲撞|完好|开设|培训$"
)


def invent_option(task: Task) -> str:
    """An option of the field's own list, or an entry of its code list."""
    if task.field.codes:
        return invent_entry(task).code
    if _is_document_type(task) and RESIDENT_CARD in task.field.options:
        if task.random.random() < _ORDINARY_DOCUMENT:
            return RESIDENT_CARD
        return task.random.choice(task.field.options)
    return choose_option(task, task.field.options)


def choose_option(task: Task, options: tuple[str, ...]) -> str:
    """The first options are the usual cases in most lists; words correct that."""
    return _draw(options, _weigh(options, task.is_about_pupils), task.random)


def invent_boolean(task: Task) -> bool:
    label = task.field.label
    likely = 0.04 if _SELDOM.search(label) else 0.85 if _MOSTLY.search(label) else 0.3
    return task.random.random() < likely


def invent_entry(task: Task) -> CodeEntry:
    """An entry of the field's code list."""
    codelist = task.catalogue.codelist_for(task.field)
    above = task.row.get(task.field.codes_below or "")
    if above is not None:
        below = list_below(codelist, task.field, str(above))
        return task.random.choice(below) if below else codelist.by_code[str(above)]
    return choose_entry(task, codelist, task.field.pattern)


def choose_entry(
    task: Task, codelist: CodeList, pattern: str | None = None
) -> CodeEntry:
    """An ordinary entry, else mostly one of the neighbourhood of the school."""
    entries, home, ordinary = _entries_of(codelist, pattern)
    label = task.field.label
    is_abroad = _ABROAD.search(label) and not _AT_HOME.search(label)
    if ordinary and not is_abroad and task.random.random() < _ORDINARY_ENTRY:
        return ordinary[0]
    pool = home if task.random.random() < _HOME_SHARE else entries
    return task.random.choice([e for e in pool if e not in ordinary] or list(pool))


def find_kin_list(task: Task) -> CodeList | None:
    """The code list of a field that is about the same thing: 专业代码 and 专业名称."""
    slug = _kin_lists(task.siblings).get(_thing(task.field.label))
    return task.catalogue.codelists.get(slug) if slug else None


def find_kin_options(task: Task) -> tuple[str, ...]:
    """The options of a field of the same label in another form."""
    return _kin_options(task.siblings).get(task.field.label, ())


@cache
def _entries_of(
    codelist: CodeList, pattern: str | None
) -> tuple[tuple[CodeEntry, ...], tuple[CodeEntry, ...], tuple[CodeEntry, ...]]:
    """Entries without any below them, a run of neighbours, and the ordinary ones."""
    entries = tuple(
        entry for entry in offered(codelist, pattern) if entry.valid_to is None
    )
    parents = {entry.parent for entry in entries}
    # A list may say the order by its codes alone.
    prefixes = {entry.code[:length] for entry in entries for length in (1, 2, 4)}
    lowest = tuple(
        entry
        for entry in entries
        if entry.code not in parents
        and (entry.code not in prefixes or len(entry.code) > 4)
    )
    leaves = lowest or entries
    size = max(12, len(leaves) // 40)
    # Short lists begin with what is usual; long ones are the whole country's.
    start = 0
    if len(leaves) > _SHORT_LIST:
        start = Random(codelist.slug).randrange(len(leaves) - size)
    ordinary = tuple(entry for entry in leaves if entry.name in _ORDINARY_NAMES)
    return leaves, leaves[start : start + size], ordinary


@cache
def _kin_lists(forms: tuple[FormSpec, ...]) -> dict[str, str]:
    return {
        _thing(spec.label): spec.codes
        for form in forms
        for spec in form.fields
        if spec.codes
    }


@cache
def _kin_options(forms: tuple[FormSpec, ...]) -> dict[str, tuple[str, ...]]:
    return {
        spec.label: spec.options
        for form in forms
        for spec in form.fields
        if spec.options and spec.kind is FieldKind.ENUM
    }


def _thing(label: str) -> str:
    return re.sub("(目录)?(代码|编码|名称|码)$", "", label)


def _is_document_type(task: Task) -> bool:
    return any(spec.id_type == task.field.id for spec in task.form.fields)


@cache
def _weigh(options: tuple[str, ...], of_pupils: bool) -> tuple[float, ...]:
    """Running sums of the weights."""
    factors = _OF_PUPILS + _FACTORS if of_pupils else _FACTORS

    def weigh(rank: int, option: str) -> float:
        factor = next((f for words, f in factors if words.search(option)), 1.0)
        return factor / (rank + 1)

    return tuple(accumulate(weigh(rank, option) for rank, option in enumerate(options)))


def _draw(options: tuple[str, ...], sums: tuple[float, ...], random: Random) -> str:
    return options[bisect(sums, random.random() * sums[-1], 0, len(options) - 1)]


def rank_of(options: tuple[str, ...]) -> Callable[[object], object]:
    """Sorts several values into the order of the list."""
    ranks = {option: rank for rank, option in enumerate(options)}
    return lambda value: (ranks.get(str(value), 0), str(value))
