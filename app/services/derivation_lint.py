"""Tells which derivations of schema files no database can answer.

`form_schemas.lint` knows no databases; `tianbao schemas lint` asks here beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.storage.derivation_checks import find_unsayable
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.derivation_order import find_circle
from form_schemas.faults import Fault, point
from form_schemas.folder_reading import read_folder
from form_schemas.folders import edition_folders
from form_schemas.spec import FormSpec

#: How a reason begins -> what people are told.
_REASONS = {
    "picks the first": "first 只能取由等式对上的一行，如 b.a == no。请把 on 改成等式。",
    "looks into too many tables": (
        "要查的表太多，数据库一次查不了。请去掉几处 ref() 或统计，或先汇总成另一张表。"
    ),
}
_OTHERWISE = "系统没有办法用数据库算出来。请换一种写法。"


def lint_derivations(path: Path) -> tuple[Fault, ...]:
    """What SQL cannot say of one edition's folder; broken forms are passed over."""
    found = read_folder(path)
    return tuple(find_derivation_faults(found.files, found.reading.forms))


def lint_all_derivations(folder: Path) -> tuple[Fault, ...]:
    """The same of all editions below a folder."""
    return tuple(
        fault for path in edition_folders(folder) for fault in lint_derivations(path)
    )


def find_derivation_faults(
    files: Mapping[str, str],
    forms: Sequence[FormSpec],
    only: FormSpec | None = None,
) -> Iterator[Fault]:
    """What SQL cannot say of the derivations of an edition.

    Args:
        files: the file of each form, by its code.
        only: the one form to look at.
    """
    if not forms or find_circle(forms):
        return
    first = forms[0]
    edition = Edition(first.collection, first.edition, {}, tuple(forms))
    # One for all: its tables are made once.
    catalogue = Catalogue((edition,), {})
    for form in forms if only is None else (only,):
        told = (("x-derive", form.derive), ("x-generate", form.generate))
        for word, derivation in told:
            if derivation is None:
                continue
            found = find_unsayable(catalogue, form, derivation)
            if found is not None:
                at, reason = found
                yield Fault(files[form.code], point(word, *at), _explain(reason))


def _explain(reason: str) -> str:
    told = (_REASONS[begin] for begin in _REASONS if reason.startswith(begin))
    return next(told, _OTHERWISE)
