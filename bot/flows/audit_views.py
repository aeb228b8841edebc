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
        if value not in (None, "", []) and not (name == "requested_by" and value == by):
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
    plain = actor["kind"] in ("person", actor["id"])
    said = str(actor["id"]) if plain else f"{actor['kind']} {actor['id']}"
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
        lines += [f"    {text}" for text in (*_details(payload), *_states(payload), *_decision(payload))]
        # Version 1 kept only what the request asked to be called; since then the server's own answer counts.
        audit_id = payload.get("k8s_audit_id") if record.type == "execution.result" else payload.get("audit_id")
        if audit_id:
            lines.append(f"    the cluster's own audit log has it under {audit_id}")
    model = f"{told['model']}, prompt {told['prompt_sha256']}" if told["model"] else "none raised it"
    lines += [
        *_rules(records),
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
            told = [f"{key} {_words(each)}" for key, each in value.items() if each not in (None, "")]
            yield f"{name}: {_words(told)}"


def _decision(payload: Mapping[str, Any]) -> Iterator[str]:
    """What was decided, and every reason against; what passed is told once, at the end of the page."""
    decision = payload.get("decision")
    if isinstance(decision, dict):
        rules = decision["rules"]
        passed = sum(bool(each["allow"]) for each in rules)
        yield f"decision: {'allowed' if decision['allow'] else 'refused'}, {passed} of {len(rules)} rules passed"
        for each in rules:
            if not each["allow"]:
                yield f"    NO  {each['rule']}: {_words(each['reason'])}"


def _rules(records: Sequence[AuditRecord]) -> Iterator[str]:
    """Every rule with its reason, as they were asked last."""
    decided = [(each, payload_of(each).get("decision")) for each in records]
    asked = [(each, told["rules"]) for each, told in decided if isinstance(told, dict) and len(told["rules"]) > 1]
    if asked:
        record, rules = asked[-1]
        yield from ("", f"rules, as asked for {record.type} at {record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
        for each in rules:
            yield f"    {'ok' if each['allow'] else 'NO'}  {each['rule']}: {_words(each['reason'])}"
