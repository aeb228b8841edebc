"""The audit log for other systems: JSON lines, OCSF and CloudEvents, one object a record. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from bot import __version__
from bot.flows.audit_fields import fields_of, kind_of, payload_of, uid_of
from bot.flows.audit_views import readable
from safety.audit import AuditRecord

# OCSF 1.6.0, class API Activity: what a type of record does to the object it is about.
_OCSF_VERSION, _API_ACTIVITY, _APPLICATION_ACTIVITY = "1.6.0", 6003, 6
_CREATE, _READ, _UPDATE, _OTHER = 1, 2, 3, 99
_ACTIVITIES = {
    "proposal.created": _CREATE,
    "execution.intent": _UPDATE,
    "execution.sent": _UPDATE,
    "execution.result": _UPDATE,
    "execution.verified": _READ,
    "hook.allowed": _UPDATE,
}
_NAMES = {_CREATE: "Create", _READ: "Read", _UPDATE: "Update"}
_INFORMATIONAL, _MEDIUM, _HIGH = 1, 3, 4
_SUCCESS, _FAILURE = 1, 2
_BAD_ENDS = {"FAILED", "UNKNOWN", "STALE", "BLOCKED"}
# The user object's ``type_id``; where no account acted, OCSF has "Other" and the kind in words.
_USER, _SYSTEM, _SERVICE, _ELSE = 1, 3, 4, 99
_USER_TYPES = {"person": _USER, "bot": _SERVICE, "agent": _SERVICE, "policy": _SYSTEM}


def as_json(record: AuditRecord) -> dict[str, Any]:
    """The record itself: with the ones before it enough to check the chain again; and its fields, parsed."""
    return {
        "v": 1,
        "seq": record.seq,
        "id": uid_of(record),
        "time": _time(record),
        "type": record.type,
        **fields_of(record),
        "payload": record.payload,
        "prev": record.prev,
        "hash": record.hash,
    }


def as_cloud_event(record: AuditRecord) -> dict[str, Any]:
    """A CloudEvents 1.0 envelope in JSON. Source and id together name the record for ever."""
    payload = payload_of(record)
    told = {**payload, **fields_of(record), "seq": record.seq, "prev": record.prev, "hash": record.hash}
    event = {
        "specversion": "1.0",
        "id": uid_of(record),
        "source": "/ask-claude/audit",
        "type": f"io.ask-claude.{record.type}",
        "time": _time(record),
        "datacontenttype": "application/json",
        "data": told,
    }
    return event | ({"subject": str(payload["proposal"])} if payload.get("proposal") else {})


def as_ocsf(record: AuditRecord) -> dict[str, Any]:
    """An OCSF event of class API Activity; what has no place in the class is under ``unmapped``."""
    payload, told = payload_of(record), fields_of(record)
    activity = _ACTIVITIES.get(record.type, _OTHER)
    return {
        "class_uid": _API_ACTIVITY,
        "category_uid": _APPLICATION_ACTIVITY,
        "activity_id": activity,
        "activity_name": _NAMES.get(activity, record.type),
        "type_uid": _API_ACTIVITY * 100 + activity,
        "severity_id": _severity(record, payload),
        "status_id": _FAILURE if _is_no(record, payload) else _SUCCESS,
        "time": int(record.at.timestamp() * 1000),
        "message": readable(record),
        "metadata": _metadata(record, told),
        "actor": _actor(told),
        "api": _api(record, payload, told),
        "src_endpoint": {"name": "ask-claude"},
        "resources": list(_resources(told)),
        "unmapped": {"prev": record.prev, "hash": record.hash, **told, "payload": payload},
    }


def _metadata(record: AuditRecord, told: Mapping[str, Any]) -> dict[str, Any]:
    version = (told["app"] or {}).get("version") or __version__
    metadata = {
        "version": _OCSF_VERSION,
        "product": {"name": "Ask Claude", "vendor_name": "Ask Claude", "version": version},
        "uid": uid_of(record),
        "event_code": record.type,
        "sequence": record.seq,
        "original_time": _time(record),
    }
    # What belongs to one proposal belongs together.
    return metadata | ({"correlation_uid": str(told["proposal"])} if told["proposal"] else {})


def _actor(told: Mapping[str, Any]) -> dict[str, Any]:
    actor = told["actor"]
    type_id = _USER_TYPES.get(actor["kind"], _ELSE)
    user = {"uid": str(actor["id"]), "type_id": type_id, "type": str(actor["kind"])}
    user |= {"name": str(actor["name"])} if actor.get("name") else {}
    user |= {"org": {"uid": str(actor["team"])}} if actor.get("team") else {}
    return {"app_name": "ask-claude", "user": user}


def _api(record: AuditRecord, payload: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    kind = kind_of(payload)
    api: dict[str, Any] = {
        "operation": f"{record.type}:{kind}" if kind else record.type,
        "service": {"name": "kubernetes"},
    }
    return api | ({"request": {"uid": str(told["k8s_audit_id"])}} if told["k8s_audit_id"] else {})


def _severity(record: AuditRecord, payload: Mapping[str, Any]) -> int:
    if payload.get("state") == "UNKNOWN":
        return _HIGH
    return _MEDIUM if record.type.startswith(("execution.", "mode.", "hook.")) else _INFORMATIONAL


def _is_no(record: AuditRecord, payload: Mapping[str, Any]) -> bool:
    return record.type.endswith((".rejected", ".refused")) or payload.get("state") in _BAD_ENDS


def _resources(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    target = told["target"]
    if target is not None:
        named = {name: target.get(name) for name in ("name", "namespace", "uid")}
        yield {"type": target.get("kind") or "object", **{name: str(value) for name, value in named.items() if value}}


FORMATS = {"jsonl": as_json, "ocsf": as_ocsf, "cloudevents": as_cloud_event}


def exported(records: Iterable[AuditRecord], format_: str) -> Iterator[str]:
    """One JSON object a line."""
    shape = FORMATS[format_]
    for record in records:
        yield json.dumps(shape(record), ensure_ascii=True, separators=(",", ":"))


def _time(record: AuditRecord) -> str:
    return record.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
