"""Commands for accounts and for the table of permissions."""

import click

from app.cli.console import fail, group, open_console, tell
from app.models import Role
from app.permissions import ROLE_NAMES, describe_policy
from app.services.accounts import (
    NewMembership,
    create_user,
    find_user_id,
    list_accounts,
    reset_password,
    set_active,
)
from app.services.installation import get_console_actor

_ROLES = click.Choice([role.value for role in Role])


@group()
def user() -> None:
    """管理账号：新增、列出、重设密码、停用。"""


@user.command("add")
@click.argument("username")
@click.option("--name", required=True, help="姓名。")
@click.option("--role", type=_ROLES, required=True, help="角色，见 tianbao roles。")
@click.option("--unit", required=True, help="单位编号。")
@click.option("--department", help="部门名称；不写表示整个单位。")
def add_user(
    username: str, name: str, role: str, unit: str, department: str | None
) -> None:
    """新增账号 USERNAME，打印一次性密码；首次登录须改密码。"""
    _, workshop = open_console()
    membership = NewMembership(Role(role), unit, department)
    password = create_user(
        workshop.engine, username=username, name=name, memberships=[membership]
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
            roles_held = "；".join(
                f"{ROLE_NAMES[role]}@{unit}{f'/{place}' if place else ''}"
                for role, unit, place in line.memberships
            )
            state = "启用" if line.is_active else "停用"
            click.echo(f"{line.username}\t{line.name}\t{state}\t{roles_held}")
        done += len(found.lines)
        if not found.lines or done >= found.total:
            return
        page += 1


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
    """打印权限表：角色 × 操作 × 范围。"""
    click.echo(describe_policy())


def _get_id(engine, username: str) -> int:
    found = find_user_id(engine, username)
    if found is None:
        fail(f"没有账号“{username}”。")
    return found
