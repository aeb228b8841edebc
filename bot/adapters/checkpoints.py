"""Signed checkpoints of the audit log in a file of their own: Ed25519, one signed note a line.

The key and the file lie beside the database unless the settings say otherwise. Whoever owns all three can forge all
three, so keep the file, or copies of its lines, on another machine.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bot.adapters.store.database import sync_url
from bot.config import Settings
from bot.stores import LedgerUnusable
from safety.checkpoint import ORIGIN, Checkpoint, NotACheckpoint, read_checkpoint

_ED25519 = b"\x01"
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def verifier_key(public: Ed25519PublicKey) -> str:
    """The public key as a line that others can check notes with: name, key id, base64 of type and key."""
    raw = _ED25519 + public.public_bytes(*_RAW)
    return f"{ORIGIN}+{_key_id(public).hex()}+{base64.b64encode(raw).decode()}"


def read_verifier_key(line: str) -> Ed25519PublicKey:
    """The other way round; ``LedgerUnusable`` when the line is not such a key."""
    try:
        # The base64 may hold a plus sign itself.
        name, key_id, encoded = line.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        public = Ed25519PublicKey.from_public_bytes(raw[1:])
    except ValueError:
        raise LedgerUnusable("this is not a verifier key: it looks like NAME+ID+BASE64") from None
    if name != ORIGIN or raw[:1] != _ED25519 or key_id != _key_id(public).hex():
        raise LedgerUnusable("this verifier key is for another log or of another kind")
    return public


def open_note(note: str, public: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint of a note that this key signed; ``NotACheckpoint`` otherwise."""
    text, gap, signatures = note.rpartition("\n\n")
    if not gap:
        raise NotACheckpoint("a note ends in a blank line and its signatures")
    for line in signatures.splitlines():
        signature = _signature(line, public)
        if signature is None:
            continue
        try:
            public.verify(signature, (text + "\n").encode())
        except InvalidSignature:
            raise NotACheckpoint("the signature does not fit the text") from None
        return read_checkpoint(text + "\n")
    raise NotACheckpoint("no signature is of this key")


def _signature(line: str, public: Ed25519PublicKey) -> bytes | None:
    try:
        dash, name, encoded = line.split(" ")
        signed = base64.b64decode(encoded, validate=True)
    except ValueError:
        return None
    is_ours = dash == "—" and name == ORIGIN and signed[:4] == _key_id(public)
    return signed[4:] if is_ours else None


def _key_id(public: Ed25519PublicKey) -> bytes:
    return hashlib.sha256(ORIGIN.encode() + b"\n" + _ED25519 + public.public_bytes(*_RAW)).digest()[:4]


class CheckpointFile:
    """``CheckpointLedger`` in a file: what was signed, in the order in which it was."""

    def __init__(self, notes: Path, key: Ed25519PrivateKey | None, public: Ed25519PublicKey) -> None:
        self._notes, self._key, self._public = notes, key, public

    @classmethod
    def to_sign(cls, notes: Path, key_file: Path) -> "CheckpointFile":
        """With the private key; a missing one is made, with its public half beside it."""
        key = _read_key(key_file) if key_file.exists() else _make_key(key_file)
        return cls(notes, key, key.public_key())

    @classmethod
    def to_check(cls, notes: Path, public: Ed25519PublicKey) -> "CheckpointFile":
        """With the public key alone."""
        return cls(notes, None, public)

    def append(self, checkpoint: Checkpoint) -> str:
        """Sign it and write it, durable when this returns. Answers the note."""
        if self._key is None:
            raise LedgerUnusable("only the private key can sign a checkpoint")
        text = checkpoint.text()
        signature = base64.b64encode(_key_id(self._public) + self._key.sign(text.encode())).decode()
        note = f"{text}\n— {ORIGIN} {signature}\n"
        line = json.dumps({"size": checkpoint.size, "head": checkpoint.head, "note": note}) + "\n"
        try:
            self._notes.parent.mkdir(parents=True, exist_ok=True)
            with self._notes.open("ab+") as file:
                # A line that was cut short by a crash was never said to be durable.
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LedgerUnusable(f"{self._notes} cannot be written: {error.strerror}") from None
        return note

    def read(self) -> Sequence[Checkpoint]:
        """All of them, each with its signature checked; ``LedgerUnusable`` names the first line that does not hold."""
        try:
            lines = self._notes.read_bytes().split(b"\n")[:-1] if self._notes.exists() else []
        except OSError as error:
            raise LedgerUnusable(f"{self._notes} cannot be read: {error.strerror}") from None
        found = []
        for number, line in enumerate(lines, 1):
            try:
                found.append(open_note(json.loads(line)["note"], self._public))
            except (ValueError, KeyError, TypeError) as error:
                raise LedgerUnusable(f"{self._notes}, line {number}: {error}") from None
        return found


def _read_key(file: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise LedgerUnusable(f"{file} is not a key that can be used: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerUnusable(f"{file} holds a key of another kind; an Ed25519 key is needed")
    return key


def _make_key(file: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(pem)
        file.with_suffix(file.suffix + ".pub").write_text(verifier_key(key.public_key()) + "\n", encoding="utf-8")
    except OSError as error:
        raise LedgerUnusable(f"{file} cannot be made: {error.strerror}") from None
    return key


def audit_files(settings: Settings) -> tuple[Path, Path]:
    """Where the signed checkpoints lie, and the key that signs them."""
    database = Path(str(sync_url(settings.database_url).database))
    return (
        settings.audit_checkpoints or database.with_name(f"{database.name}.checkpoints"),
        settings.audit_key_file or database.with_name(f"{database.name}.audit-key"),
    )


def ledger_to_check(settings: Settings, notes: Path | None, pubkey: Path | None) -> CheckpointFile | None:
    """The checkpoints with the public key alone; None where nothing was ever signed and nobody asked for it."""
    known_notes, key = audit_files(settings)
    public = pubkey or key.with_name(f"{key.name}.pub")
    if not public.exists() or not (notes or known_notes).exists():
        if notes is None and pubkey is None:
            return None
        raise LedgerUnusable(f"there is no file {public if not public.exists() else notes or known_notes}")
    return CheckpointFile.to_check(notes or known_notes, read_verifier_key(public.read_text(encoding="utf-8")))
