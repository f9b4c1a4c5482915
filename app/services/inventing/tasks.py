"""What an inventor is told: the field, the row so far, and when it is filled in.

Also says what follows from a form's words alone: whether its rows are pupils.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

_PUPILS = re.compile("学生|在校生|新生|毕业生")
_CLASSES = re.compile("班级(基本|基础)?信息")


@dataclass(frozen=True)
class Scene:
    """When demo rows are said to be filled in."""

    period_start: date
    period_end: date
    today: date


@dataclass(frozen=True)
class Task:
    """One value to invent."""

    catalogue: Catalogue
    form: FormSpec
    field: FieldSpec
    scene: Scene
    random: Random
    #: number of the row, so that codes and names differ
    serial: int
    #: what has been invented of the row so far
    row: Mapping[str, object]

    @property
    def is_about_pupils(self) -> bool:
        return is_about_pupils(self.form) or bool(_PUPILS.search(self.field.label))

    @property
    def siblings(self) -> tuple[FormSpec, ...]:
        """The forms of the same edition."""
        return self.catalogue.edition_of(self.form).forms


def is_about_pupils(form: FormSpec) -> bool:
    """Whether the form's title says that its rows are pupils."""
    return _PUPILS.search(form.title) is not None


def is_about_classes(form: FormSpec) -> bool:
    """Whether the form's title says that its rows are classes of pupils."""
    return _CLASSES.search(form.title) is not None
