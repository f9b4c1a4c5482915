"""Says whether a sealed package is as it was made: every part, every row, the seal.

No database is asked. Parts are read in pieces, so that a crafted file costs time at
most; who made the package can be told by the issuing installation alone.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any

from app.services.sealed.contents import (
    FORMAT,
    MANIFEST,
    SEAL,
    hash_bytes,
    make_code,
    name_issuer,
    seal_manifest,
)
from app.storage.content import combine, hash_row

_MIB = 1 << 20
_MOST_PARTS = 20_000
_MOST_BYTES = 8 * 1024 * _MIB
_LARGEST_TEXT = 64 * _MIB
_LONGEST_LINE = 4 * _MIB


class SealState(StrEnum):
    """What the seal tells."""

    #: this installation made the package, and nobody changed it
    GENUINE = "genuine"
    #: another installation made it; only that one can judge its seal
    FOREIGN = "foreign"
    BROKEN = "broken"


@dataclass(frozen=True)
class Verdict:
    """What came of verifying a package."""

    #: sentences: what is not as it was made
    faults: tuple[str, ...]
    seal: SealState = SealState.BROKEN
    #: what people compare with the issuer
    code: str = ""
    manifest: Mapping[str, Any] | None = None

    @property
    def is_intact(self) -> bool:
        return not self.faults and self.seal is not SealState.BROKEN


class _BadPackageError(Exception):
    """The file cannot be read any further."""


def verify_sealed(path: Path, key: bytes) -> Verdict:
    """Judge a package.

    Args:
        key: this installation's (`get_audit_key`).
    """
    try:
        with zipfile.ZipFile(path) as package:
            return _verify(package, key)
    except _BadPackageError as fault:
        return Verdict((str(fault),))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError):
        return Verdict(("文件不是完整的 zip，可能没有传完。请重新取一份。",))


def _verify(package: zipfile.ZipFile, key: bytes) -> Verdict:
    _refuse_hostile(package)
    manifest_text = _read_text(package, MANIFEST)
    manifest, seal = (
        _parse(MANIFEST, manifest_text),
        _parse(SEAL, _read_text(package, SEAL)),
    )
    if manifest.get("format") != FORMAT:
        raise _BadPackageError(
            "这不是上报包，或者由更新的版本生成。请用同一版本的系统核验。"
        )
    digest = hash_bytes(manifest_text)
    faults = []
    if seal.get("manifest") != digest:
        faults.append("目录 manifest.json 与封签不符：包的内容被改动过。")
    try:
        faults += _find_changed_parts(package, manifest)
        faults += _find_changed_rows(package, manifest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _BadPackageError(
            "目录 manifest.json 的写法不对，包的内容被改动过。"
        ) from error
    state = _judge_seal(key, manifest, manifest_text, seal)
    return Verdict(tuple(faults), state, make_code(digest), manifest)


def _refuse_hostile(package: zipfile.ZipFile) -> None:
    entries = package.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > _MOST_PARTS or sum(e.file_size for e in entries) > _MOST_BYTES:
        raise _BadPackageError("包里的文件太多或太大，不是系统生成的上报包。")
    if len(set(names)) != len(names):
        raise _BadPackageError("包里有同名的文件，不是系统生成的上报包。")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _BadPackageError("包里有加密的文件，不是系统生成的上报包。")
    if missing := {MANIFEST, SEAL} - {*names}:
        raise _BadPackageError(
            f"包里缺少 {'、'.join(sorted(missing))}，不是完整的上报包。"
        )


def _read_text(package: zipfile.ZipFile, name: str) -> bytes:
    with package.open(name) as part:
        text = part.read(_LARGEST_TEXT + 1)
    if len(text) > _LARGEST_TEXT:
        raise _BadPackageError(f"{name} 太大，不是系统生成的上报包。")
    return text


def _parse(name: str, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _BadPackageError(f"{name} 读不出来，包的内容被改动过。") from error
    if not isinstance(found, dict):
        raise _BadPackageError(f"{name} 的写法不对，包的内容被改动过。")
    return found


def _find_changed_parts(
    package: zipfile.ZipFile, manifest: Mapping[str, Any]
) -> Iterator[str]:
    listed = {part["name"]: part for part in manifest["parts"]}
    names = {*package.namelist()} - {MANIFEST, SEAL}
    for name in sorted(names - listed.keys()):
        yield f"多出了文件 {name}，目录里没有它。"
    for name, part in listed.items():
        if name not in names:
            yield f"缺少文件 {name}。"
        elif _hash_part(package, name) != (part["size"], part["sha256"]):
            yield f"文件 {name} 被改动过。"


def _hash_part(package: zipfile.ZipFile, name: str) -> tuple[int, str]:
    digest, size = sha256(), 0
    try:
        with package.open(name) as part:
            while piece := part.read(_MIB):
                digest.update(piece)
                size += len(piece)
    except zipfile.BadZipFile:
        # Its check sum does not fit: the part as it is tells so by its hash.
        return -1, ""
    return size, digest.hexdigest()


def _find_changed_rows(
    package: zipfile.ZipFile, manifest: Mapping[str, Any]
) -> Iterator[str]:
    """Whether the hash that approvals are bound to follows from the rows."""
    names = {*package.namelist()}
    for form in manifest["forms"]:
        if form["data"] not in names:
            continue
        title = f"{form['code']} {form['title']}"
        try:
            hashes = list(_hash_rows(package, form["data"]))
        except (ValueError, zipfile.BadZipFile, RecursionError):
            yield f"{title}的数据读不出来，被改动过。"
            continue
        sort = "empty" if form["is_empty"] else "rows"
        if len(hashes) != form["rows"] or combine(sort, hashes) != form["content_hash"]:
            yield f"{title}的数据与审核时的内容校验值不符，被改动过。"


def _hash_rows(package: zipfile.ZipFile, name: str) -> Iterator[str]:
    with package.open(name) as part:
        while line := part.readline(_LONGEST_LINE):
            yield hash_row(json.loads(line))


def _judge_seal(
    key: bytes, manifest: Mapping[str, Any], text: bytes, seal: Mapping[str, Any]
) -> SealState:
    if compare_digest(
        str(seal.get("seal")).encode(), seal_manifest(key, text).encode()
    ):
        return SealState.GENUINE
    same = manifest.get("issuer") == name_issuer(key)
    return SealState.BROKEN if same else SealState.FOREIGN
