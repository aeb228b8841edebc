"""The audit log as people read it: lines, one page about one proposal, and the head in short. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from bot.flows.audit_fields import actor_of, fields_of, kind_of, payload_of, target_of
from safety.audit import AuditRecord

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
    "hook.allowed": "HOOK: ALLOW",
    "policy.loaded": "POLICY_LOADED",
}
_SHOWN = ("approved_by", "verdict", "to", "state", "requested_by", "attempt", "tool", "call", "reason", "why", "seen")


def readable(record: AuditRecord) -> str:
    """One line for people: when, what, on which object, by whom, and why."""
    payload = payload_of(record)
    label = _LABELS.get(record.type, record.type.upper())
    parts = [label, kind_of(payload), _target_words(payload), *_details(payload)]
    at = record.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"[{at}] " + "  ".join(each for each in parts if each)


def _target_words(payload: Mapping[str, Any]) -> str:
    target = target_of(payload)
    if target is None:
        return str(payload.get("proposal") or "")
    return "/".join(str(target[name]) for name in ("kind", "namespace", "name") if target.get(name))


def _details(payload: Mapping[str, Any]) -> Iterator[str]:
    by = _actor_words(payload)
    if by:
        yield f"by: {by}"
    for name in _SHOWN:
        value = payload.get(name)
        if value not in (None, "", []):
            yield f"{name}: {_words(value)}"
    audit_id = payload.get("k8s_audit_id") or payload.get("audit_id")
    if audit_id:
        yield f"audit_id: {_words(audit_id)}"
    for reason in payload.get("reasons") or ():
        yield f"because: {_words(reason)}"


def _actor_words(payload: Mapping[str, Any]) -> str:
    """A line names whoever is not the bot itself: all the others are the exception."""
    actor = actor_of(payload)
    if actor["kind"] == "bot":
        return ""
    said = str(actor["id"]) if actor["kind"] == "person" else f"{actor['kind']} {actor['id']}"
    name = actor.get("name")
    return _words(f"{said} ({name})" if name and name != actor["id"] else said)


def _words(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join(text.split())


def page(records: Sequence[AuditRecord]) -> str:
    """One proposal from the question to its effect, on one page. ``records`` are those of one proposal."""
    first, told = payload_of(records[0]), fields_of(records[0])
    head = f"{first.get('proposal', '')}  {kind_of(first)}  {_target_words(first)}".strip()
    lines = [head, ""]
    for record in records:
        payload = payload_of(record)
        lines.append(f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {record.type}")
        lines += [f"    {text}" for text in (*_details(payload), *_states(payload), *_rules(payload))]
        if record.type == "execution.sent":
            audit_id = payload.get("k8s_audit_id") or payload.get("audit_id")
            lines.append(f"    the cluster's own audit log has it under {audit_id}")
    model = f"{told['model']}, prompt {told['prompt_sha256']}" if told["model"] else "none raised it"
    lines += [
        "",
        f"digest  {told['digest'] or 'none: it was never shown'}",
        f"policy  {told['policy'] or 'not recorded'}",
        f"model   {model if 'v' in first else 'not recorded'}",
        f"app     {_app(told['app'])}",
        f"records {records[0].seq} to {records[-1].seq}, the last sealed as {records[-1].hash}",
    ]
    return "\n".join(lines)


def _app(app: Mapping[str, Any] | None) -> str:
    return f"{app['name']} {app['version']}" if app else "not recorded"


def _states(payload: Mapping[str, Any]) -> Iterator[str]:
    for name in ("before", "after"):
        value = payload.get(name)
        if isinstance(value, dict) and value:
            yield f"{name}: {_words([f'{key} {each}' for key, each in value.items() if each is not None])}"


def _rules(payload: Mapping[str, Any]) -> Iterator[str]:
    """Every rule that was asked, with its reason."""
    decision = payload.get("decision")
    if isinstance(decision, dict):
        yield "decision: allowed" if decision["allow"] else "decision: refused"
        for each in decision["rules"]:
            yield f"    {'ok' if each['allow'] else 'NO'}  {each['rule']}: {_words(each['reason'])}"
