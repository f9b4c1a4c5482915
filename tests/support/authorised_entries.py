"""What an entry of the matrix of authorisation is: a route, what it needs, a sample.

The places that addresses name are scenes: a form in a state, a round in a state, a
thing of the own school or of another one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.permissions import Place, can
from app.policy import ACTION_NAMES, Action
from tests.support import authorised_schools as schools
from tests.support.authorised_people import Kind
from tests.support.authorised_schools import Things
from tests.support.chain import LEAD, SUPPLIER


@dataclass(frozen=True)
class Scene:
    """Where an address leads."""

    #: names it in the table
    sign: str
    title: str
    form: str = schools.OPEN
    round: str = "now"
    #: own, other: which of the schools
    unit: str = "own"
    #: name of an import
    thing: str = "lead"


PAST = Scene("关", "本期已关闭", round="past")
FAR = Scene("校", "外校的", unit="other")
FORM_SCENES = (
    Scene("开", "填报中，在阶段内"),
    Scene("外", "填报中，在阶段外", schools.OUTSIDE),
    Scene("交", "已提交，待部门负责人", schools.SUBMITTED),
    Scene("退", "部门负责人已退回", schools.RETURNED),
    Scene("过", "已审核通过", schools.APPROVED),
    PAST,
    FAR,
)
#: Reading does not depend on more.
READ_SCENES = tuple(scene for scene in FORM_SCENES if scene.sign in "开交关校")
ROUND_SCENES = (Scene("开", "填报中"), PAST, FAR)
WHOLE_SCENES = (
    Scene("开", "填报中"),
    Scene("齐", "各表都已完成，可以上报", round="ready"),
    Scene("领", "已上报，待学校领导", round="leadership"),
    Scene("市", "领导已通过，待市局", round="city"),
    PAST,
    Scene("校", "外校的，待学校领导", round="leadership", unit="other"),
)
IMPORT_SCENES = (
    Scene("牵", "牵头部门的导入"),
    Scene("供", "供数部门的导入", thing="supplier"),
    FAR,
)
PASSED_SCENES = tuple(replace(one, thing="passed") for one in (IMPORT_SCENES[0], FAR))
THING_SCENES = (Scene("本", "本校的"), FAR)
ONE_SCENE = (Scene("—", "不分状态"),)


@dataclass(frozen=True)
class Need:
    """What the policy asks for; without an action: only to be signed in."""

    action: Action | None = None
    #: anywhere, unit, city (the one above it), form, lead (the department that leads),
    #: part (the import's)
    at: str = "anywhere"
    #: who else is needed, where the policy alone does not say it
    also: str = ""
    #: nobody has to be signed in
    is_open: bool = False

    def grants(self, actor, things: Things, scene: Scene) -> bool:
        """The policy's own answer, computed apart from the pages."""
        if self.is_open or self.action is None:
            return self.is_open or actor is not None
        return actor is not None and can(actor, self.action, self.place(things, scene))

    def place(self, things: Things, scene: Scene) -> Place | None:
        school = things.school
        path = f"/{school.province_id}/{school.city_id}/{school.unit_id}/"
        whole = Place(school.unit_id, unit_path=path)
        if self.at == "anywhere":
            return None
        if self.at == "unit":
            return whole
        if self.at == "city":
            return Place(school.city_id)
        if self.at == "lead":
            return replace(whole, departments=(LEAD,))
        shared = scene.form in schools.IN_STATES
        names = (LEAD, SUPPLIER) if shared else (LEAD,)
        if self.at == "form":
            return replace(whole, departments=names)
        name = SUPPLIER if scene.thing == "supplier" else LEAD
        importer = school.supplier if scene.thing == "supplier" else school.filler
        return replace(
            whole,
            departments=names,
            department_id=school.departments[name],
            entered_by=frozenset({importer.user_id}),
        )

    def __str__(self) -> str:
        if self.is_open:
            return "不用登录"
        if self.action is None:
            words = "登录"
        else:
            words = f"{ACTION_NAMES[self.action]}，{_PLACES[self.at]}"
        return f"{words}；{self.also}" if self.also else words


_PLACES = {
    "anywhere": "任何一处",
    "unit": "本单位",
    "city": "本单位的市局",
    "form": "本表",
    "lead": "本表的牵头部门",
    "part": "这次导入",
}

Values = Callable[[Things, Scene], dict]


def nothing(_things: Things, _scene: Scene) -> dict:
    return {}


@dataclass(frozen=True)
class Entry:
    """A route and method, with a sample request for each scene."""

    endpoint: str
    method: str
    need: Need
    scenes: tuple[Scene, ...] = ONE_SCENE
    #: what the address holds
    values: Values = nothing
    #: fields of a form, or JSON
    body: Values = nothing
    is_json: bool = False
    #: which of several acts of the same route
    act: str = ""
    #: an act that is carried out changes the database
    changes: bool = True
    #: what surprises at first sight, explained
    note: str = ""
    #: needs more than the policy says, so that it may refuse what the policy grants
    is_finer: bool = False
    #: no sample of it can be carried out here
    is_never_done: bool = False
    #: where the route has several addresses
    path: str = ""

    @property
    def name(self) -> str:
        return f"{self.endpoint} {self.act}".strip()

    def scenes_for(self, kind: Kind) -> tuple[Scene, ...]:
        """Strangers to a school are strangers in every state of it."""
        if kind.only_reads and self.scenes == FORM_SCENES:
            return READ_SCENES
        if not kind.is_outside:
            return self.scenes
        far = tuple(scene for scene in self.scenes if scene.unit == "other")
        return (self.scenes[0], *far)
