"""A nation whose group reported last year; this year's round is yet to be opened."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import insert, select, update

from app.models import Base, Filing, FilingState, Round, RoundState, UnitRound, User
from app.models.base import now_utc
from app.services.areas.making import complete_accounts
from app.services.installation import get_console_actor
from app.services.passwords import hash_password
from app.services.standing_rounds import keep_standing_rounds
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.areas import GROUP, PASSWORD, make_nation

NATION = "全国职业教育管理部门"
LAST_YEAR = {
    "academic_year": ["2011-09-01", "2012-08-31"],
    "calendar_year": ["2012-01-01", "2012-12-31"],
    "snapshot": ["2012-01-01", "2012-12-31"],
    "none": ["2012-01-01", "2012-12-31"],
}
COLLEGE, YARD = "青屿航海职业技术学院", "青屿船舶修造有限公司"
_COLLEGE = {
    "member_name": COLLEGE,
    "organization_code": "U6BKJB2C3",
    "school_level": "其他",
    "is_lead_unit": True,
    "student_count": 8100,
}
_YARDS = [
    {"member_name": YARD, "organization_code": "6J75KJ730", "is_lead_unit": True},
    {
        "member_name": "青屿拖轮有限公司",
        "organization_code": "YT8184WM7",
        "is_lead_unit": False,
    },
]
_REPORT = {
    "G1": {
        "group_name": GROUP,
        "founded_month": "2009-05",
        "lead_units": f"{COLLEGE}；{YARD}",
        "is_approved": True,
        "is_filed": False,
        "is_registered": False,
        "approval_org": "青屿省教育厅",
    },
    "G2": {"industry_section": "D", "industry_divisions": ("44",)},
    "G3": {"employee_total": 5200, "coop_benefit": Decimal("9300.00")},
    "G4": {"higher_vocational_count": 1, "enterprise_count": 2, "member_count": 3},
    "G5.2": _COLLEGE,
    "G5.6": _YARDS,
    "G6": {"base_investment_total": Decimal("120.00")},
}


def make_reported_years(engine, catalogue):
    """Last year is over and was accepted; groups' administrators are new."""
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    nation = make_nation(engine, catalogue)
    console = get_console_actor(engine)
    complete_accounts(engine, catalogue, console, nation.units[NATION])
    with engine.begin() as connection:
        keep_standing_rounds(connection, catalogue)
        _report(connection, catalogue, nation.units[GROUP])
        is_group = User.account_type == "group_admin"
        digest = hash_password(PASSWORD)
        connection.execute(
            update(User)
            .where(User.account_type != "")
            .values(password_hash=digest, must_change_password=is_group)
        )


def _report(connection, catalogue, unit_id):
    edition, over = catalogue.newest["group"], now_utc() - timedelta(days=200)
    round_id = connection.scalar(
        insert(Round)
        .values(
            collection="group",
            edition=edition.year,
            title="职教集团（2012 年度）",
            periods=LAST_YEAR,
            state=RoundState.OPEN,
            by_unit=True,
            opens_at=over - timedelta(days=90),
        )
        .returning(Round.id)
    )
    store = RowStore(connection, catalogue, by_engine=True)
    scope = Scope(unit_id, round_id)
    for code, told in _REPORT.items():
        rows = told if isinstance(told, list) else [told]
        store.upsert_many(edition.by_code[code], scope, rows, None)
    _accept(connection, edition, {"unit_id": unit_id, "round_id": round_id})
    ended = update(Round).where(Round.id == round_id)
    connection.execute(ended.values(state=RoundState.CLOSED, closes_at=over))


def _accept(connection, edition, place):
    done = {**place, "state": FilingState.APPROVED}
    connection.execute(insert(UnitRound).values(**done, phases=[]))
    begun = [getattr(Filing, name) == value for name, value in place.items()]
    connection.execute(update(Filing).where(*begun).values(state=done["state"]))
    kept = set(connection.scalars(select(Filing.form_code).where(*begun)))
    empty = [
        {**done, "form_code": form.code, "is_empty": True}
        for form in edition.forms
        if form.is_filed and not form.is_standing and form.code not in kept
    ]
    connection.execute(insert(Filing), empty)
