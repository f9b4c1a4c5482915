"""The rules of a careful administrator: what is legal in a schema file, but unwise.

`lint_folder` gives these together with everything the reader finds; `tianbao schemas
lint` and the administrators' pages print it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from form_schemas.anthology_reader import read_anthologies
from form_schemas.booklets import find_misplaced_blocks
from form_schemas.derivation_lint import find_derivation_faults
from form_schemas.faults import Fault, point
from form_schemas.field_spec import FieldSpec
from form_schemas.flow_lint import find_flow_faults
from form_schemas.folder_reading import read_folder
from form_schemas.folders import SCHEMAS_FOLDER, edition_folders
from form_schemas.kinds import PERSONAL_KINDS, FieldKind
from form_schemas.measure_reader import read_measures
from form_schemas.portal_reader import read_portal
from form_schemas.settings import COLLECTION_FILE, Settings, read_settings
from form_schemas.spec import FormSpec, Shape
from form_schemas.standing_lint import find_standing_faults
from form_schemas.surveys_reader import read_surveys
from form_schemas.work_chains import find_faulty_gaps


def lint_folder(folder: Path = SCHEMAS_FOLDER) -> tuple[Fault, ...]:
    """Find all faults of all editions below a folder."""
    return tuple(
        fault for path in edition_folders(folder) for fault in lint_edition(path)
    )


def lint_edition(path: Path) -> tuple[Fault, ...]:
    """Find all faults of one edition's folder, `…/<collection>/<year>`."""
    found = read_folder(path)
    reading, settings = found.reading, read_settings(path)
    faults = [*settings.faults, *reading.faults]
    faults += lint_forms(found.files, reading.forms)
    faults += find_settings_faults(
        f"{path.parent.name}/{path.name}", settings, reading.forms
    )
    return tuple(faults)


def find_settings_faults(
    edition: str, settings: Settings, forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """Find what the settings of an edition, `talent/2024`, say of its forms wrongly.

    What is wrong with them alone is told by reading them.
    """
    file = f"{edition}/{COLLECTION_FILE}"
    by_code = {form.code: form for form in forms}
    # Gap lists that are none.
    for place, message in find_faulty_gaps(settings.values.get("chains", ()), by_code):
        yield Fault(file, place, message)
    # Blocks of booklets that cannot be drawn as they say.
    booklets = settings.values.get("booklets", ())
    for place, message in find_misplaced_blocks(booklets, by_code):
        yield Fault(file, place, message)
    # Measures that nothing can be counted by.
    measures = read_measures(settings.values, forms)
    for place, message in measures.faults:
        yield Fault(file, place, message)
    # What a portal shows, and nobody has.
    portal = read_portal(settings.values, forms, measures.groups)
    for place, message in portal.faults:
        yield Fault(file, place, message)
    # Books that nobody could choose rows for.
    for place, message in read_anthologies(settings.values, forms, portal).faults:
        yield Fault(file, place, message)
    # Surveys that could not be answered.
    for place, message in read_surveys(settings.values, forms).faults:
        yield Fault(file, place, message)


def lint_forms(files: Mapping[str, str], forms: Sequence[FormSpec]) -> Iterator[Fault]:
    """Find what is unwise about forms of one edition, which the reader took.

    Args:
        files: the file of each form, by its code.
    """
    for form in forms:
        yield from _form_faults(files[form.code], form)
    yield from _circle_faults(files, forms)
    yield from _target_faults(files, forms)
    yield from find_derivation_faults(files, forms)
    yield from find_flow_faults(files, forms)
    yield from find_standing_faults(files, forms)


# Rules about one field: each says what is wrong with it, or nothing.


def _hidden_though_required(form: FormSpec, field: FieldSpec) -> str | None:
    if field.required and field.visible_when is not None:
        return "既总是必填又有显示条件，隐藏时就交不上来。请改用 x-required-when。"
    return None


def _required_though_given(form: FormSpec, field: FieldSpec) -> str | None:
    if field.is_given and (field.required or field.required_when is not None):
        return "由系统算出或带出的字段没有人能填，不能必填。请删去必填。"
    return None


def _given_twice(form: FormSpec, field: FieldSpec) -> str | None:
    if field.computed is not None and field.fill is not None:
        return "x-computed 和 x-fill 只能有一个，请删去一个。"
    return None


def _rich_without_room(form: FormSpec, field: FieldSpec) -> str | None:
    if field.is_rich and field.kind is not FieldKind.LONG_TEXT:
        return "只有 long_text 能写 x-rich。请删去它，或改 x-kind。"
    return None


def _open_personal_data(form: FormSpec, field: FieldSpec) -> str | None:
    declared = form.schema["properties"][field.id]
    if field.kind in PERSONAL_KINDS and "x-sensitive" not in declared:
        return "证件号码和电话要写明 x-sensitive（确是公开的写 false）。"
    return None


def _bounds_crossed(form: FormSpec, field: FieldSpec) -> str | None:
    if (
        field.minimum is not None
        and field.maximum is not None
        and field.minimum > field.maximum
    ):
        return f"minimum {field.minimum} 大于 maximum {field.maximum}，请改正。"
    return None


def _bad_default(form: FormSpec, field: FieldSpec) -> str | None:
    is_preset = field.options and field.default is not None
    if is_preset and field.default not in field.options:
        return f"预填的“{field.default}”不在选项里，请改正。"
    return None


def _choice_twice(form: FormSpec, field: FieldSpec) -> str | None:
    if field.options and field.codes is not None:
        return "enum 和 x-codes 只能有一个，请删去一个。"
    return None


def _figure_without_submission(form: FormSpec, field: FieldSpec) -> str | None:
    if field.is_key_figure and form.is_derived:
        return "由系统汇总的表没有人提交，也就没有关键数据要批准。请删去这个词。"
    return None


_FIELD_RULES: Sequence[Callable[[FormSpec, FieldSpec], str | None]] = (
    _hidden_though_required,
    _required_though_given,
    _given_twice,
    _open_personal_data,
    _rich_without_room,
    _bounds_crossed,
    _bad_default,
    _choice_twice,
    _figure_without_submission,
)


def _form_faults(file: str, form: FormSpec) -> Iterator[Fault]:
    for field in form.fields:
        for rule in _FIELD_RULES:
            message = rule(form, field)
            if message:
                yield Fault(file, point("properties", field.id), message)
    for label, count in Counter(field.label for field in form.fields).items():
        if count > 1:
            message = f"有 {count} 个字段都叫“{label}”，工作簿分不清，请改名。"
            yield Fault(file, "/properties", message)
    for field_id in form.key:
        if form.get_field(field_id).is_list:
            message = f"关键字段“{field_id}”有多个值，认定不了一行。请换一个字段。"
            yield Fault(file, "/x-form/key", message)
    yield from _carrying_faults(file, form)
    is_computed = form.kind in ("auto", "derived_list")
    if is_computed != form.is_derived:
        message = (
            "kind 是 auto 或 derived_list 的表要有 x-derive，别的表不能有。请改正。"
        )
        yield Fault(file, "/x-form/kind", message)


def _carrying_faults(file: str, form: FormSpec) -> Iterator[Fault]:
    pointer = point("x-form", "carryWithout")
    for field_id in form.carry_without:
        if field_id in form.key:
            message = f"关键字段“{field_id}”不带来就认不出是哪一行，请删去。"
            yield Fault(file, pointer, message)
        elif form.get_field(field_id).is_given:
            message = f"“{field_id}”由系统算出或带出，本来就不带来，请删去。"
            yield Fault(file, pointer, message)
    if form.carry_without and not form.is_carried:
        message = "这张表不从上一轮带来，请删去 carryWithout，或写上 carry: always。"
        yield Fault(file, pointer, message)
    if form.carry is not None and form.is_derived:
        message = "由系统汇总的表不从上一轮带来，请删去 carry。"
        yield Fault(file, point("x-form", "carry"), message)


# Rules about several forms.


def _circle_faults(
    files: Mapping[str, str], forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """Forms that need rows of each other: nobody could enter the first row."""
    waits = {
        form.code: {
            field.reference.table
            for field in form.fields
            if field.required
            and field.reference is not None
            and field.reference.table != form.code
        }
        for form in forms
    }
    done: set[str] = set()

    def visit(code: str, path: tuple[str, ...]) -> Iterator[Fault]:
        if code in path:
            circle = " → ".join((*path[path.index(code) :], code))
            message = (
                f"这些表必填的引用成了一个圈：{circle}，第一行谁也填不进。"
                "请把其中一个改成非必填。"
            )
            yield Fault(files[code], "", message)
        elif code not in done:
            for other in sorted(waits.get(code, ())):
                yield from visit(other, (*path, code))
            done.add(code)

    for code in waits:
        yield from visit(code, ())


def _target_faults(
    files: Mapping[str, str], forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """References whose stored value does not tell the target's rows apart."""
    by_code = {form.code: form for form in forms}
    for form in forms:
        for field in form.fields:
            if field.reference is None or field.reference.filter is not None:
                continue
            for table in field.reference.tables:
                target = by_code.get(table)
                if target is None or _tells_apart(target, field.reference.field):
                    continue
                message = (
                    f"表 {table} 的“{field.reference.field}”不是它唯一的关键字段，"
                    "也不在它的 x-unique 里，认定不了一行。请换一列，或补上 x-unique。"
                )
                yield Fault(files[form.code], point("properties", field.id), message)


def _tells_apart(target: FormSpec, field_id: str) -> bool:
    is_record = target.shape is Shape.RECORD
    return is_record or target.key == (field_id,) or (field_id,) in target.unique
