"""What a draft could not know for sure, told to whoever mends it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One guess, or one thing that is missing."""

    #: 列 C, 单元格 B5; empty for the whole form
    place: str
    label: str
    text: str
    #: the field it is about, where it is about one
    field_id: str | None = None
    #: how the field is computed (x-computed), where a formula could be read for sure
    computed: str = ""

    def __str__(self) -> str:
        if not self.label:
            return f"{self.place or '全表'}：{self.text}"
        return f"{self.place}“{self.label}”：{self.text}"
