"""What people call a row whose stored key is at hand, personal data masked."""

from app.storage.keys import SEPARATOR
from form_schemas.spec import FormSpec
from validators.messages import mask

_LONGEST = 60


def name_row(form: FormSpec, key: str) -> str:
    """A row by its stored key (`keys.key_text`): the values of its key fields."""
    parts = key.split(SEPARATOR)
    if len(parts) != len(form.key):
        # A long key is kept as its beginning and a digest.
        hidden = any(form.by_id[name].sensitive for name in form.key)
        return "" if hidden else key.replace(SEPARATOR, "，")[:_LONGEST]
    shown = [
        mask(part) if form.by_id[name].sensitive else part
        for name, part in zip(form.key, parts, strict=True)
    ]
    return "，".join(part for part in shown if part)
