"""One account of every kind there is, for two schools and the authorities above."""

from dataclasses import dataclass

from sqlalchemy import insert, update

from app.models import Role, User
from app.models.base import now_utc
from app.permissions import Actor
from tests.support.chain import LEAD, SUPPLIER

OTHER = "财务处"


@dataclass(frozen=True)
class Kind:
    """A sort of person, as a column of the table."""

    key: str
    #: head of the column
    sign: str
    title: str
    role: Role | None = None
    department: str | None = None
    #: own, other: the schools; city, province: the authorities above the own school
    unit: str = "own"
    may_import: bool = True

    @property
    def is_outside(self) -> bool:
        """Whether the own school is none of this person's business."""
        return self.unit in ("other", "far_city") or self.key in _STRANGERS

    @property
    def only_reads(self) -> bool:
        """Whether no state of a form gives this person anything to do with it."""
        return self.key in _READERS


_STRANGERS = frozenset({"nobody", "gone", "new", "guest"})
_READERS = frozenset(
    {"admin", "other_head", "other_filler", "leader", "analyst", "city", "province"}
)

KINDS = (
    Kind("admin", "管", "系统管理员", Role.ADMINISTRATOR),
    Kind("office", "质", "质量监督处", Role.QUALITY_OFFICE),
    Kind("all_heads", "总", "部门负责人，全单位", Role.DEPARTMENT_HEAD),
    Kind("head", "负", "部门负责人，牵头部门", Role.DEPARTMENT_HEAD, LEAD),
    Kind("other_head", "负他", "部门负责人，别的部门", Role.DEPARTMENT_HEAD, OTHER),
    Kind("filler", "填", "填报员，牵头部门", Role.FILLER, LEAD),
    Kind("supplier", "供", "填报员，供数部门", Role.FILLER, SUPPLIER),
    Kind("other_filler", "填他", "填报员，别的部门", Role.FILLER, OTHER),
    Kind(
        "typist",
        "录",
        "填报员，牵头部门，没有导入权",
        Role.FILLER,
        LEAD,
        may_import=False,
    ),
    Kind("leader", "领", "学校领导", Role.LEADERSHIP),
    Kind("analyst", "统", "统计人员", Role.ANALYST),
    Kind("city", "市", "主管部门，本市", Role.AUTHORITY, unit="city"),
    Kind("province", "省", "主管部门，本省", Role.AUTHORITY, unit="province"),
    Kind("far_city", "市外", "主管部门，外市", Role.AUTHORITY, unit="far_city"),
    Kind("far_office", "质外", "外校质量监督处", Role.QUALITY_OFFICE, unit="other"),
    Kind("far_head", "负外", "外校部门负责人", Role.DEPARTMENT_HEAD, LEAD, "other"),
    Kind("far_filler", "填外", "外校填报员", Role.FILLER, LEAD, "other"),
    Kind("far_leader", "领外", "外校领导", Role.LEADERSHIP, unit="other"),
    Kind("far_analyst", "统外", "外校统计人员", Role.ANALYST, unit="other"),
    Kind("nobody", "无", "有账号，没有角色"),
    Kind("gone", "停", "已停用的填报员", Role.FILLER, LEAD),
    Kind("new", "新", "还没有设新密码的填报员", Role.FILLER, LEAD),
    Kind("guest", "客", "没有登录的人"),
)


def add_people(own, other):
    """Accounts of all kinds: key -> as the policy sees it; None: nobody signed in."""
    units = {
        "own": (own, own.unit_id),
        "city": (own, own.city_id),
        "province": (own, own.province_id),
        "other": (other, other.unit_id),
        "far_city": (other, other.city_id),
    }
    known = {
        "filler": own.filler,
        "supplier": own.supplier,
        "head": own.head,
        "office": own.office,
        "leader": own.leader,
        "city": own.city,
        "province": own.province,
        "far_filler": other.filler,
        "far_head": other.head,
        "far_office": other.office,
        "far_leader": other.leader,
        "far_city": other.city,
    }
    people = {}
    for kind in KINDS:
        school, unit_id = units[kind.unit]
        if kind.key == "guest":
            people[kind.key] = None
        elif kind.key in known:
            people[kind.key] = known[kind.key]
        elif kind.role is None:
            people[kind.key] = add_without_role(own, kind.key)
        else:
            people[kind.key] = school.add_person(
                kind.key,
                kind.role,
                kind.department,
                unit_id=unit_id,
                may_import=kind.may_import,
            )
    own.execute(update(User).values(must_change_password=False))
    _mark(own, "gone", is_active=False)
    _mark(own, "new", must_change_password=True)
    return people


def add_without_role(school, name):
    """An account that belongs nowhere."""
    username = f"{school.key}-{name}"
    with school.engine.begin() as connection:
        user_id = connection.execute(
            insert(User.__table__).values(
                username=username,
                name=name,
                password_hash="-",
                is_active=True,
                created_at=now_utc(),
            )
        ).inserted_primary_key[0]
    return Actor(user_id, username, name)


def _mark(school, name, **values):
    username = f"{school.key}-{name}"
    school.execute(update(User).where(User.username == username).values(**values))
