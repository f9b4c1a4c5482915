"""How mails fare, for administrators: what was sent, what waits, what was given up."""

from flask import Blueprint, render_template

from app.services.mailing import report_mails
from app.web.server import get_server
from app.web.visit import get_visit

mails = Blueprint("mails", __name__, url_prefix="/admin/mails")


@mails.get("/")
def show() -> str:
    workshop = get_server().workshop
    return render_template(
        "admin_mails.html",
        found=report_mails(workshop, get_visit().actor),
        server=workshop.mail_server,
    )
