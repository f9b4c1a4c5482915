"""Seals of workbooks: nobody else makes them, and they cover all that counts."""

import pytest

from app.errors import Refused
from app.services.booklet_seals import Sealer, is_member_book, require_own_row
from exporters.member_book import Returned, ReturnedRow
from tests.support.catalogues import get_catalogue

SEALER = Sealer("a secret of tests", 7, 3)
NAME = ("砚溪机电职业技术学院", "U6BKJB2C3")


@pytest.fixture(scope="module")
def form():
    return next(form for form in get_catalogue().forms if form.key)


def refuse(act, *given):
    with pytest.raises(Refused) as refused:
        act(*given)
    return refused.value.message


def test_a_seal_is_known_again(form):
    member, book = SEALER.seal_member(form, NAME), SEALER.seal_book([form])
    SEALER.require_seal(member)
    assert SEALER.list_sealed(book) == {form.full_name}
    assert (is_member_book(member), is_member_book(book)) == (True, False)


@pytest.mark.parametrize("other", [Sealer("another", 7, 3), Sealer("", 7, 3)])
def test_a_seal_of_another_installation_is_none(form, other):
    assert "封签不对" in refuse(SEALER.require_seal, other.seal_member(form, NAME))
    assert "封签不对" in refuse(SEALER.list_sealed, other.seal_book([form]))


@pytest.mark.parametrize(("unit", "round_id"), [(8, 3), (7, 4)])
def test_workbooks_of_other_units_and_years_are_told(form, unit, round_id):
    other = Sealer(SEALER.secret, unit, round_id)
    assert "别的单位" in refuse(SEALER.require_seal, other.seal_member(form, NAME))
    assert "别的单位" in refuse(SEALER.list_sealed, other.seal_book([form]))


@pytest.mark.parametrize("name", ["form", "member", "unit", "round", "seal"])
def test_each_line_of_a_members_stamp_counts(form, name):
    stamp = SEALER.seal_member(form, NAME)
    for changed in (stamp | {name: "é"}, {k: v for k, v in stamp.items() if k != name}):
        assert "封签" in refuse(SEALER.require_seal, changed)


def test_a_members_seal_serves_no_whole_workbook(form):
    member, book = SEALER.seal_member(form, NAME), SEALER.seal_book([form])
    assert "封签不对" in refuse(SEALER.list_sealed, member | {"forms": book["forms"]})
    assert "没有本系统的封签" in refuse(SEALER.list_sealed, {})
    assert "没有本系统的封签" in refuse(SEALER.require_seal, {"form": form.full_name})


def test_rows_of_others_are_told_by_sheet_and_row(form):
    stamp = SEALER.seal_member(form, NAME)
    own = ReturnedRow(3, {}, NAME)
    require_own_row(Returned("学校", (own,)), stamp)
    others = [ReturnedRow(n, {}, ("", "")) for n in range(4, 9)]
    told = refuse(require_own_row, Returned("学校", (own, *others)), stamp)
    assert told.startswith("工作表“学校”第 4 行“没有写名称”、第 5 行")
    assert "第 6 行“没有写名称”等 5 行不是这份表所发给的“砚溪机电" in told
