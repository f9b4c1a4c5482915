"""The command `tianbao`: serve, work, and everything the pages do, from a terminal."""

from app.cli.accounts import roles, user
from app.cli.audit import audit
from app.cli.checks import check
from app.cli.console import group
from app.cli.data import demo, export, import_, template
from app.cli.documenting import document
from app.cli.drafting import from_workbook
from app.cli.editions import diff, new_edition
from app.cli.generating import generate_
from app.cli.linting import lint
from app.cli.organisation import round_, unit
from app.cli.packages import package
from app.cli.publishing import history, revert_
from app.cli.schemas import schemas
from app.cli.serving import serve, worker
from app.cli.watching import watch


@group()
def main() -> None:
    """填报：由表单文件驱动的数据填报平台。

    退出码：0 成功；1 数据有问题；2 用法不对；3 被拒绝或无法进行。
    设置取自 TIANBAO_ 开头的环境变量。
    """


for command in (
    lint,
    watch,
    new_edition,
    diff,
    document,
    from_workbook,
    history,
    revert_,
):
    schemas.add_command(command)

for command in (
    serve,
    worker,
    schemas,
    unit,
    round_,
    user,
    roles,
    template,
    import_,
    generate_,
    export,
    check,
    audit,
    package,
    demo,
):
    main.add_command(command)
