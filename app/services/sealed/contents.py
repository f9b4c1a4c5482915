"""What a sealed package is made of: its parts, their names, its seal.

manifest.json        what is in it, with the SHA-256 of every part
seal.json            the manifest's SHA-256, and the issuer's seal on it
forms/<code> ….xlsx  a workbook a form, for people
data/<code>.jsonl    the same rows, one a line, as content hashes are made of them
files/<sha256>       files that rows name by their digest
decisions.json       who decided what when, and what was asked and answered
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

FORMAT = "tianbao-sealed-1"
MANIFEST, SEAL, DECISIONS = "manifest.json", "seal.json", "decisions.json"

#: Signs of the code that people compare over the telephone.
_CODE_SIGNS = 16


def write_json(value: object) -> bytes:
    """JSON as packages hold it: readable, in one spelling."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def write_line(cells: Mapping[str, object]) -> bytes:
    """A row as a line of a data part; empty cells are left out, as its hash has it."""
    filled = {name: value for name, value in cells.items() if value is not None}
    return json.dumps(filled, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def hash_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def seal_manifest(key: bytes, manifest: bytes) -> str:
    """The seal that only the issuing installation can make and judge."""
    return hmac.new(key, b"sealed package\n" + manifest, "sha256").hexdigest()


def name_issuer(key: bytes) -> str:
    """Tells one installation from another without telling its key."""
    return hmac.new(key, b"issuer of sealed packages", "sha256").hexdigest()[:16]


def make_code(manifest_hash: str) -> str:
    """A short form of the manifest's hash, to be compared by people."""
    signs = manifest_hash[:_CODE_SIGNS].upper()
    return "-".join(signs[at : at + 4] for at in range(0, _CODE_SIGNS, 4))
