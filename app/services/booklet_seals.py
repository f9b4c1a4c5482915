"""Seals of a booklet's workbooks: what each was handed out for, and that it still is.

Anybody can take the protection off a sheet. So the stamp of each workbook says for
which unit, round, forms and member it was made, and a seal that only this installation
can make says that nobody changed that.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.errors import Refused
from exporters.member_book import Returned, ReturnedRow
from form_schemas.spec import FormSpec

_SEAL = "seal"
#: What a seal vouches for.
_FORM, _FORMS, _MEMBER = "form", "forms", "member"
_ORIGIN = ("unit", "round")
_REMEDY = (
    "请重新下载“成员表”，把填好的内容抄到新的那一份再传；"
    "也可以到那张名单里用“导入”，逐行核对。"
)
#: Rows that a refusal names.
_MOST_NAMED = 3


@dataclass(frozen=True)
class Sealer:
    """Seals workbooks of a unit and round, and knows them again."""

    secret: str
    unit_id: int
    round_id: int

    def seal_book(self, forms: Sequence[FormSpec]) -> dict[str, str]:
        """What the stamp of a workbook of several forms says."""
        names = json.dumps([form.full_name for form in forms])
        return self._seal({_FORMS: names, **self._origin})

    def seal_member(self, form: FormSpec, name: Sequence[str]) -> dict[str, str]:
        """What the stamp of a member's workbook says, its form among it."""
        told = {_FORM: form.full_name, _MEMBER: json.dumps([*name])}
        return self._seal({**told, **self._origin})

    def list_sealed(self, stamp: Mapping[str, str]) -> frozenset[str]:
        """Full names of the forms that a workbook of several was made for.

        Raises:
            Refused: it was not made here, or not for this unit and round.
        """
        if _SEAL not in stamp:
            raise Refused(
                "这份整份工作簿没有本系统的封签（较早下载的，或者自己拼成的），没有导入。"
                "请重新下载“整份工作簿”，把内容填进去再传；"
                "单张表也可以到那张表里用“导入”。"
            )
        if not self._is_sealed(stamp, (_FORMS, *_ORIGIN)):
            raise Refused(
                "这份整份工作簿的封签不对，它的标记被改过，没有导入。"
                "请重新下载“整份工作簿”，把内容填进去再传。"
            )
        self._require_origin(stamp)
        return frozenset(json.loads(stamp[_FORMS]))

    def require_seal(self, stamp: Mapping[str, str]) -> None:
        """Raise Refused where a member's workbook was not made here for this place."""
        if _SEAL not in stamp:
            raise Refused(
                "这份表没有本系统的封签（较早发出的成员表，或者不是成员表），"
                f"不能确认是发给谁的，没有并入。{_REMEDY}"
            )
        if not self._is_sealed(stamp, (_FORM, _MEMBER, *_ORIGIN)):
            raise Refused(f"这份成员表的封签不对，它的标记被改过，没有并入。{_REMEDY}")
        self._require_origin(stamp)

    @property
    def _origin(self) -> dict[str, str]:
        return dict(zip(_ORIGIN, (str(self.unit_id), str(self.round_id)), strict=True))

    def _require_origin(self, stamp: Mapping[str, str]) -> None:
        if any(stamp[name] != text for name, text in self._origin.items()):
            raise Refused(
                "这份是为别的单位或别的年度发的，没有收。请核对是不是传错了。"
            )

    def _seal(self, told: Mapping[str, str]) -> dict[str, str]:
        return {**told, _SEAL: self._sign(told)}

    def _is_sealed(self, stamp: Mapping[str, str], names: Sequence[str]) -> bool:
        told = {name: stamp[name] for name in names if name in stamp}
        given, expected = stamp[_SEAL].encode(), self._sign(told).encode()
        return len(told) == len(names) and hmac.compare_digest(given, expected)

    def _sign(self, told: Mapping[str, str]) -> str:
        key = f"booklet {self.secret}".encode()
        text = json.dumps(told, sort_keys=True).encode()
        return hmac.new(key, text, hashlib.sha256).hexdigest()


def is_member_book(stamp: Mapping[str, str]) -> bool:
    return _MEMBER in stamp


def require_own_row(found: Returned, stamp: Mapping[str, str]) -> None:
    """Raise Refused where a sealed workbook brings rows of other members."""
    name = tuple(json.loads(stamp[_MEMBER]))
    others = [row for row in found.rows if row.name != name]
    if not others:
        return
    told = "、".join(_describe(row) for row in others[:_MOST_NAMED])
    more = f"等 {len(others)} 行" if len(others) > _MOST_NAMED else ""
    raise Refused(
        f"工作表“{found.sheet}”{told}{more}不是这份表所发给的“{_join(name)}”，"
        "整份没有并入。一份成员表只填发给它的那一行：请删去别的行，"
        "名称、代码照发出时的样子，再传。别的成员填各自的那一份。"
    )


def _describe(row: ReturnedRow) -> str:
    return f"第 {row.number} 行“{_join(row.name) or '没有写名称'}”"


def _join(name: Sequence[str]) -> str:
    return "，".join(filter(None, name))
