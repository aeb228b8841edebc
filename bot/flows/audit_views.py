"""The audit log as others read it: exports for machines, readable lines, and one page about one proposal. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from bot import __version__
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
}
_INFORMATIONAL, _MEDIUM, _HIGH = 1, 3, 4
_BAD_ENDS = {"FAILED", "UNKNOWN", "STALE", "BLOCKED"}

# The lines that people know from tailing a log of actions.
_LABELS = {
    "proposal.created": "PROPOSED",
    "proposal.rejected": "SAFETY_VALIDATOR: DENY",
    "vote.cast": "VOTE",
    "vote.refused": "VOTE_REFUSED",
    "execution.intent": "SAFETY_VALIDATOR: ALLOW",
    "execution.sent": "TOOL_CALL",
    "execution.result": "RESULT",
    "execution.verified": "VERIFIED",
    "mode.changed": "MODE_CHANGED",
    "state.changed": "STATE_CHANGED",
}
_SHOWN = ("by", "approved_by", "verdict", "to", "state", "requested_by", "attempt", "audit_id", "reason", "why", "seen")


def payload_of(record: AuditRecord) -> dict[str, Any]:
    """What was recorded, parsed; it was redacted before it was sealed."""
    parsed = json.loads(record.payload)
    return parsed if isinstance(parsed, dict) else {"value": parsed}


def as_json(record: AuditRecord) -> dict[str, Any]:
    """The record itself: with the ones before it enough to check the chain again."""
    return {
        "v": 1,
        "seq": record.seq,
        "time": _time(record),
        "type": record.type,
        "payload": record.payload,
        "prev": record.prev,
        "hash": record.hash,
    }


def as_cloud_event(record: AuditRecord) -> dict[str, Any]:
    """A CloudEvents 1.0 envelope in JSON. Source and id together name the record for ever."""
    payload = payload_of(record)
    event = {
        "specversion": "1.0",
        "id": f"{record.seq}-{record.hash[:16]}",
        "source": "/ask-claude/audit",
        "type": f"io.ask-claude.{record.type}",
        "time": _time(record),
        "datacontenttype": "application/json",
        "data": {"seq": record.seq, "prev": record.prev, "hash": record.hash, **payload},
    }
    return event | ({"subject": str(payload["proposal"])} if payload.get("proposal") else {})


def as_ocsf(record: AuditRecord) -> dict[str, Any]:
    """An OCSF event of class API Activity; what has no place in the class is under ``unmapped``."""
    payload = payload_of(record)
    activity = _ACTIVITIES.get(record.type, _OTHER)
    failed = record.type.endswith((".rejected", ".refused")) or payload.get("state") in _BAD_ENDS
    return {
        "class_uid": _API_ACTIVITY,
        "category_uid": _APPLICATION_ACTIVITY,
        "activity_id": activity,
        "type_uid": _API_ACTIVITY * 100 + activity,
        "severity_id": _severity(record, payload),
        "status_id": 2 if failed else 1,
        "time": int(record.at.timestamp() * 1000),
        "message": readable(record),
        "metadata": {
            "version": _OCSF_VERSION,
            "product": {"name": "Ask Claude", "vendor_name": "Ask Claude", "version": __version__},
            "uid": f"{record.seq}-{record.hash[:16]}",
            "event_code": record.type,
            "sequence": record.seq,
            "original_time": _time(record),
        },
        "actor": _actor(payload),
        "api": {"operation": _operation(record, payload), "service": {"name": "kubernetes"}},
        "src_endpoint": {"name": "ask-claude"},
        "resources": list(_resources(payload)),
        "unmapped": {"prev": record.prev, "hash": record.hash, "payload": payload},
    }


def _severity(record: AuditRecord, payload: Mapping[str, Any]) -> int:
    if payload.get("state") == "UNKNOWN":
        return _HIGH
    return _MEDIUM if record.type.startswith(("execution.", "mode.")) else _INFORMATIONAL


def _actor(payload: Mapping[str, Any]) -> dict[str, Any]:
    by = payload.get("by") or payload.get("approved_by") or payload.get("requested_by")
    if isinstance(by, list):
        by = ", ".join(map(str, by))
    if by:
        return {"user": {"uid": str(by), "type_id": 1}}
    return {"app_name": "ask-claude", "user": {"name": "ask-claude", "type_id": 3}}


def _operation(record: AuditRecord, payload: Mapping[str, Any]) -> str:
    kind = (payload.get("action") or {}).get("kind") or payload.get("kind")
    return f"{record.type}:{kind}" if kind else record.type


def _resources(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    target = (payload.get("action") or {}).get("target")
    if isinstance(target, dict):
        yield {
            "type": target.get("kind"),
            "name": target.get("name"),
            "namespace": target.get("namespace"),
            "uid": target.get("uid"),
        }
    elif payload.get("target"):
        yield {"type": "object", "name": str(payload["target"])}


FORMATS = {"jsonl": as_json, "ocsf": as_ocsf, "cloudevents": as_cloud_event}


def readable(record: AuditRecord) -> str:
    """One line for people: when, what, on which object, by whom, and why."""
    payload = payload_of(record)
    label = _LABELS.get(record.type, record.type.upper())
    parts = [label, _operation_words(payload), _target_words(payload), *_details(payload)]
    at = record.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"[{at}] " + "  ".join(each for each in parts if each)


def _operation_words(payload: Mapping[str, Any]) -> str:
    return str((payload.get("action") or {}).get("kind") or payload.get("kind") or "")


def _target_words(payload: Mapping[str, Any]) -> str:
    target = (payload.get("action") or {}).get("target")
    if isinstance(target, dict):
        return f"{target.get('kind')}/{target.get('namespace')}/{target.get('name')}"
    return str(payload.get("target") or payload.get("proposal") or "")


def _details(payload: Mapping[str, Any]) -> Iterator[str]:
    for name in _SHOWN:
        value = payload.get(name)
        if value not in (None, "", []):
            yield f"{name}: {_words(value)}"
    for reason in payload.get("reasons") or ():
        yield f"because: {_words(reason)}"


def _words(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(text.split())


def short_head(count: int, head: str) -> str | None:
    """The newest record in short, to stand under a report; None while nothing was recorded."""
    return f"audit {count}:{head[:8]}" if count else None


def page(records: Sequence[AuditRecord]) -> str:
    """One proposal from the question to its effect, on one page. ``records`` are those of one proposal."""
    first = payload_of(records[0])
    head = f"{first.get('proposal', '')}  {_operation_words(first)}  {_target_words(first)}".strip()
    lines = [head, ""]
    for record in records:
        payload = payload_of(record)
        lines.append(f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {record.type}")
        lines += [f"    {text}" for text in _details(payload)]
        if record.type == "execution.sent":
            lines.append(f"    the cluster's own audit log has it under {payload.get('audit_id')}")
    lines += [
        "",
        f"digest  {first.get('digest', 'none: it was never shown')}",
        f"policy  {first.get('policy', 'not recorded')}",
        f"records {records[0].seq} to {records[-1].seq}, the last sealed as {records[-1].hash}",
    ]
    return "\n".join(lines)


def exported(records: Iterable[AuditRecord], format_: str) -> Iterator[str]:
    """One JSON object a line."""
    shape = FORMATS[format_]
    for record in records:
        yield json.dumps(shape(record), ensure_ascii=True, separators=(",", ":"))


def _time(record: AuditRecord) -> str:
    return record.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
