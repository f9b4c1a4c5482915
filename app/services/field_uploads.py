"""Files that come in pieces for a field of a form, as `resuming` takes them."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.services.desks import Desk
from app.services.files import (
    Upload,
    check_announced,
    get_file_field,
    upload_file,
)
from app.storage.files import FileStore


@dataclass(frozen=True)
class FieldDestination:
    """The fields of a form that take files."""

    desk: Desk
    store: FileStore
    size_limit_mb: int

    @property
    def engine(self) -> Engine:
        return self.desk.engine

    @property
    def user_id(self) -> int:
        return self.desk.place.actor.user_id

    @property
    def unit_id(self) -> int:
        return self.desk.place.unit_id

    @property
    def form_name(self) -> str:
        return self.desk.form.full_name

    def check_announced(self, field_id: str, name: str, size: int) -> str:
        item = get_file_field(self.desk.place, self.desk.form, field_id)
        check_announced(item, name, size, self.size_limit_mb)
        return item.id

    def keep(self, field_id: str, source: Path, name: str) -> Upload:
        return upload_file(
            self.engine,
            self.store,
            self.desk.place,
            self.desk.form,
            field_id,
            source,
            name,
            size_limit_mb=self.size_limit_mb,
        )
