"""Commands for accounts and their roles, and for the table of permissions."""

import click

from app.cli.console import fail, group, open_console, tell
from app.models import Role
from app.policy import ROLE_NAMES
from app.services.account_kinds import normalise_login
from app.services.account_search import HeldRole, get_account, list_accounts
from app.services.accounts import (
    create_user,
    find_user_id,
    reset_password,
    set_active,
)
from app.services.installation import get_console_actor
from app.services.memberships import NewMembership, end_membership, give_membership
from app.services.naming import fold
from app.services.policy_text import describe_policy

_ROLES = click.Choice([role.value for role in Role])


@group()
def user() -> None:
    """管理账号：新增、列出、给角色、重设密码、停用。"""


@user.command("add")
@click.argument("username")
@click.option("--name", required=True, help="姓名。")
@click.option("--role", type=_ROLES, required=True, help="角色，见 tianbao roles。")
@click.option("--unit", required=True, help="单位编号。")
@click.option("--department", help="部门名称；不写表示整个单位。")
@click.option("--may-import", is_flag=True, help="可以导入工作簿。")
@click.option("--email", default="", help="收通知的邮箱。")
def add_user(
    username: str,
    name: str,
    role: str,
    unit: str,
    department: str | None,
    may_import: bool,
    email: str,
) -> None:
    """新增账号 USERNAME，打印一次性密码；首次登录须改密码。"""
    _, workshop = open_console()
    membership = NewMembership(Role(role), unit, department, may_import)
    password = create_user(
        workshop.engine,
        username=username,
        name=name,
        memberships=[membership],
        email=email,
    )
    tell(f"已新增账号 {username}（{ROLE_NAMES[Role(role)]}），一次性密码：")
    click.echo(password)


@user.command("list")
def list_users() -> None:
    """列出所有账号：用户名、姓名、状态、角色。"""
    _, workshop = open_console()
    actor = get_console_actor(workshop.engine)
    page, done = 1, 0
    while True:
        found = list_accounts(workshop.engine, actor=actor, page=page, size=200)
        for line in found.lines:
            held = "；".join(map(_describe, line.roles))
            state = "启用" if line.is_active else "停用"
            click.echo(f"{line.username}\t{line.name}\t{state}\t{held}")
        done += len(found.lines)
        if not found.lines or done >= found.total:
            return
        page += 1


@user.command("grant")
@click.argument("username")
@click.option("--role", type=_ROLES, required=True, help="角色，见 tianbao roles。")
@click.option("--unit", required=True, help="单位编号。")
@click.option("--department", help="部门名称；不写表示整个单位。")
@click.option("--may-import", is_flag=True, help="可以导入工作簿。")
def grant(
    username: str, role: str, unit: str, department: str | None, may_import: bool
) -> None:
    """给 USERNAME 再加一个角色。"""
    _, workshop = open_console()
    new = NewMembership(Role(role), unit, department, may_import)
    give_membership(workshop.engine, _get_id(workshop.engine, username), new)
    tell(f"账号 {username} 已有角色“{ROLE_NAMES[new.role]}”。")


@user.command("revoke")
@click.argument("username")
@click.option("--role", type=_ROLES, required=True, help="要去掉的角色。")
@click.option("--unit", help="只去掉在这个单位的（名称）。")
@click.option("--department", help="只去掉在这个部门的（名称）。")
def revoke(username: str, role: str, unit: str | None, department: str | None) -> None:
    """去掉 USERNAME 的一个角色，马上生效；以前的记录不变。"""
    _, workshop = open_console()
    engine = workshop.engine
    account = get_account(
        engine, _get_id(engine, username), actor=get_console_actor(engine)
    )
    wanted = [
        held
        for held in account.roles
        if held.role == role
        and (unit is None or fold(unit) == fold(held.unit_name))
        and (department is None or fold(department) == fold(held.department_name))
    ]
    if len(wanted) != 1:
        known = "；".join(map(_describe, account.roles)) or "没有"
        what = (
            "有几个这样的角色，请加 --unit、--department" if wanted else "没有这个角色"
        )
        fail(f"账号 {username} {what}。现有：{known}。")
    end_membership(engine, wanted[0].id)
    tell(f"账号 {username} 的角色已去掉：{_describe(wanted[0])}。")


@user.command("password")
@click.argument("username")
def set_password(username: str) -> None:
    """给 USERNAME 换一个一次性密码并打印；其登录全部失效。"""
    _, workshop = open_console()
    password = reset_password(workshop.engine, _get_id(workshop.engine, username))
    tell(f"账号 {username} 的一次性密码：")
    click.echo(password)


@user.command("deactivate")
@click.argument("username")
def deactivate_user(username: str) -> None:
    """停用 USERNAME；其登录全部失效，数据不变。"""
    _, workshop = open_console()
    set_active(workshop.engine, _get_id(workshop.engine, username), False)
    tell(f"账号 {username} 已停用。")


@user.command("activate")
@click.argument("username")
def activate_user(username: str) -> None:
    """重新启用 USERNAME。"""
    _, workshop = open_console()
    set_active(workshop.engine, _get_id(workshop.engine, username), True)
    tell(f"账号 {username} 已启用。")


@click.command()
def roles() -> None:
    """打印权限表：操作 × 角色 × 范围，以及表外的规则。"""
    click.echo(describe_policy())


def _describe(held: HeldRole) -> str:
    place = f"/{held.department_name}" if held.department_name else ""
    importing = "，可以导入" if held.may_import else ""
    return f"{ROLE_NAMES[held.role]}@{held.unit_name}{place}{importing}"


def _get_id(engine, username: str) -> int:
    found = find_user_id(engine, username)
    if found is None and "/" in username:
        # The account of a unit: its kind and name, as the log writes it.
        account_type, _, name = username.partition("/")
        found = find_user_id(engine, normalise_login(name, account_type), account_type)
    if found is None:
        fail(f"没有账号“{username}”。")
    return found
