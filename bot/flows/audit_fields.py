"""The fields of an audit record under the same names whatever version wrote it; old ones are read, never rewritten."""

import json
from collections.abc import Mapping
from typing import Any

from safety.audit import AuditRecord

# What every record is told with, in this order; what it does not say is null.
FIELDS = (
    *("actor", "proposal", "incident", "digest", "policy", "decision", "target", "before", "after", "attempt", "fence"),
    *("k8s_audit_id", "model", "prompt_sha256", "app"),
)
_MACHINES = {"policy": "policy", "the audit log's check": "bot"}


def payload_of(record: AuditRecord) -> dict[str, Any]:
    """What was recorded, parsed; it was redacted before it was sealed."""
    parsed = json.loads(record.payload)
    return parsed if isinstance(parsed, dict) else {"value": parsed}


def uid_of(record: AuditRecord) -> str:
    """Names a record for ever, also beside those of other logs."""
    return f"{record.seq}-{record.hash[:16]}"


def fields_of(record: AuditRecord) -> dict[str, Any]:
    """``FIELDS`` of a record of any version."""
    payload = payload_of(record)
    told = {name: payload.get(name) for name in FIELDS}
    told["actor"] = actor_of(payload)
    told["target"] = target_of(payload)
    if "v" not in payload:
        told["incident"] = payload.get("thread")
        told["k8s_audit_id"] = payload.get("audit_id")
    return told


def actor_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Who did it. Records of version 1 name people by id alone, and mostly say nothing where it was the bot."""
    told = payload.get("actor")
    if isinstance(told, dict):
        return told
    by = payload.get("by") or (payload.get("requested_by") if "approved_by" not in payload else None)
    if not by:
        return {"kind": "bot", "id": "ask-claude", "name": None, "team": None}
    return {"kind": _MACHINES.get(str(by), "person"), "id": str(by), "name": None, "team": payload.get("team")}


def target_of(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """The object it is about, as far as the record names it."""
    target = (payload.get("action") or {}).get("target") or payload.get("target")
    if isinstance(target, str):
        return {"kind": None, "namespace": None, "name": target}
    if not isinstance(target, dict):
        return None
    before = payload.get("before")
    version = before.get("resource_version") if isinstance(before, dict) else payload.get("resource_version")
    return {**target, "resource_version": version}


def kind_of(payload: Mapping[str, Any]) -> str:
    """What kind of change it is about, or nothing."""
    return str((payload.get("action") or {}).get("kind") or payload.get("kind") or "")
