"""Puts the application together: settings, database, catalogue, pages."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Config, load_config, load_secret
from app.extensions import csrf, db
from app.services.installation import load_forms, open_database
from app.services.workshop import Workshop, open_workshop
from app.web import errors, security, visit
from app.web.account import account
from app.web.addresses import IdConverter
from app.web.admin import admin
from app.web.admin_departments import admin_departments
from app.web.admin_lists import admin_lists
from app.web.admin_units import admin_units
from app.web.admin_users import admin_users
from app.web.anthologies import anthologies
from app.web.api import api
from app.web.area_lists import area_lists
from app.web.areas import areas
from app.web.assets import assets
from app.web.auditing import auditing
from app.web.auth import auth
from app.web.booklet_books import booklet_books
from app.web.booklet_years import booklet_years
from app.web.booklets import booklets
from app.web.checks import checks
from app.web.choosing import choosing
from app.web.circular_uploads import circular_uploads
from app.web.circulars import circulars
from app.web.circulars_sent import circulars_sent
from app.web.designing import designing
from app.web.designing_acts import designing_acts
from app.web.designing_settings import designing_settings
from app.web.disclosing import disclosing
from app.web.edition_changes import edition_changes
from app.web.explaining import explaining
from app.web.exports import exports
from app.web.filings import filings
from app.web.forms import forms
from app.web.from_workbook import from_workbook
from app.web.generating import generating
from app.web.health import health
from app.web.imports import imports
from app.web.items import items
from app.web.letters import letters
from app.web.mails import mails
from app.web.new_editions import new_editions
from app.web.notices import notices
from app.web.own_questions import own_questions
from app.web.pieces import pieces
from app.web.places import places
from app.web.portal import portal
from app.web.previewing import previewing
from app.web.progress import progress
from app.web.publications import publications
from app.web.recovery import recovery
from app.web.reference import reference
from app.web.registered import registered
from app.web.reviews import reviews
from app.web.revision_notes import revision_notes
from app.web.revisions import revisions
from app.web.round_settings import round_settings
from app.web.rounds import rounds
from app.web.rows import rows
from app.web.schema_plans import schema_plans
from app.web.selection import selection
from app.web.server import Server, attach_server
from app.web.staged_rows import staged_rows
from app.web.statistics import statistics
from app.web.surveys import surveys
from app.web.templating import prepare_templates
from app.web.unlinking import unlinking
from app.web.whole_reviews import whole_reviews
from app.web.work_chains import work_chains
from app.web.workbench import workbench

_BLUEPRINTS = (
    account,
    admin,
    admin_departments,
    admin_lists,
    admin_units,
    admin_users,
    anthologies,
    api,
    area_lists,
    areas,
    assets,
    auditing,
    auth,
    booklet_books,
    booklet_years,
    booklets,
    checks,
    choosing,
    circulars,
    circulars_sent,
    circular_uploads,
    designing,
    designing_acts,
    designing_settings,
    disclosing,
    edition_changes,
    explaining,
    exports,
    filings,
    forms,
    from_workbook,
    generating,
    health,
    imports,
    items,
    letters,
    mails,
    new_editions,
    notices,
    own_questions,
    places,
    portal,
    previewing,
    progress,
    publications,
    recovery,
    reference,
    registered,
    reviews,
    revision_notes,
    revisions,
    round_settings,
    rounds,
    pieces,
    rows,
    schema_plans,
    selection,
    staged_rows,
    statistics,
    surveys,
    unlinking,
    whole_reviews,
    work_chains,
    workbench,
)


def create_app(
    config: Config | None = None, *, workshop: Workshop | None = None
) -> Flask:
    """Make the application; what is not given is opened as the settings say.

    The forms are those in use, which may be older than their files: rows of the
    database could be misread by the new ones. The database has to be prepared already;
    no worker is started here.
    """
    config = config or load_config()
    if workshop is None:
        engine = open_database(config)
        workshop = open_workshop(config, engine, load_forms(config))
    # Static files have views of their own, which know when a file changed.
    app = Flask("app", static_folder=None)
    secret = load_secret(config)
    _configure(app, config, secret)
    db.attach(app, workshop.engine)
    attach_server(app, Server(config, workshop, secret))
    # In this order: sizes and types before anybody reads a body, then the session,
    # then CSRF, so that whoever has to log in again hears of that first.
    security.protect(app)
    visit.guard(app)
    csrf.init_app(app)
    errors.handle_errors(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
    return app


def _configure(app: Flask, config: Config, secret: str) -> None:
    prefix = "__Host-" if config.is_production else ""
    app.config.update(
        SECRET_KEY=secret,
        SESSION_COOKIE_NAME=f"{prefix}tianbao-form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.is_production,
        # A page may stay open for a day; the login itself ends sooner.
        WTF_CSRF_TIME_LIMIT=None,
        TIANBAO_MAX_UPLOAD_MB=config.max_upload_mb,
    )
    prepare_templates(app)
    app.json.ensure_ascii = False
    app.url_map.converters["id"] = IdConverter
