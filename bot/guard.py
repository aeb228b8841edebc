"""Asks the policy about one change outside Slack, for the hook and ``policy explain``; builds only what that takes."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

import yaml
from pydantic import ValidationError

from bot.changes import About, AuditEntry, Tally
from bot.config import BadSetting, Settings, read_policy, read_settings
from bot.domain import ProposalId, ThreadId
from bot.entrypoints.hook import Caller
from bot.flows import pictures
from bot.flows.ruling import Change, Ruling, facts_as_rows, rule_on
from bot.provenance import Actor
from bot.records import Recorder, decided
from safety.actions import ACTION_KINDS, AnyAction, ScaleDeployment, canonical_json, digest, same_change
from safety.commands.verdict import Place, Wanted
from safety.facts import Circumstances, Refusal
from safety.policy import Policy, protected_because
from safety.redaction import Redactor
from safety.validator import clear
from tools.adapters.cluster_dump import DumpReader
from tools.adapters.kubernetes_api import KubernetesApi
from tools.world import ClusterReader, NotFound, Reader, WorldError

SECONDS = 30.0


class BadChange(Exception):
    """What was typed names no change; the message says what to write instead."""


def reasons_against(wanted: Wanted, caller: Caller) -> tuple[str, ...]:
    """Why the policy does not allow this change now; nothing if it does, and it is recorded. Any error is a reason."""
    own = os.environ.get("KUBECONFIG") or _usual_kubeconfig()
    try:
        return asyncio.run(reasons(wanted, read_settings(), own, caller))
    except (BadSetting, BadChange, WorldError, TimeoutError) as fault:
        return (str(fault) or "the cluster did not answer in time",)


async def reasons(
    wanted: Wanted, settings: Settings, kubeconfig: str | None, caller: Caller, now: datetime | None = None
) -> tuple[str, ...]:
    """The same with what it depends on. ``kubeconfig`` is what a command uses that names none."""
    now = now or datetime.now(UTC)
    policy = read_policy(settings.policy_file)
    change = _change({"action": wanted.kind, "namespace": wanted.namespace, "name": wanted.name, **wanted.details})
    protected = protected_because(policy, change.namespace)
    try:
        async with asyncio.timeout(SECONDS):
            cluster = await _connect(settings, wanted.place, kubeconfig)
            try:
                ruling = await _ruled(change, cluster, policy, settings, now)
            finally:
                await cluster.close()
    except (WorldError, TimeoutError) as fault:
        unread = f"what is true now cannot be read ({fault or 'no answer in time'}), so it cannot be allowed"
        return (*([protected] if protected else []), unread)
    if not ruling.allowed:
        return ruling.against or ("no rule allowed it",)
    return await _recorded(ruling, caller, policy, settings, now)


async def explain(text: str, dump: Path | None, settings: Settings, *, as_json: bool = False) -> str:
    """The ruling on a change spelled as JSON, on the cluster of the settings or on one from files, to be printed."""
    change = _change(_parsed(text))
    policy = read_policy(settings.policy_file)
    cluster = _Dump(dump, settings.cluster_name) if dump is not None else await _connect(settings, None, None)
    try:
        ruling = await _ruled(change, cluster, policy, settings, datetime.now(UTC))
    finally:
        await cluster.close()
    return json.dumps(as_record(ruling, policy), indent=2) if as_json else in_words(ruling, policy)


class _Dump(DumpReader):
    """A dump need not hold what identifies its cluster, and is called as the settings call the cluster."""

    def __init__(self, folder: Path, name: str | None) -> None:
        super().__init__(folder)
        self._name = name

    @property
    def name(self) -> str:
        return self._name or super().name

    async def uid(self) -> str:
        with contextlib.suppress(NotFound):
            return await super().uid() or super().name
        return super().name


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadChange(f"that is not JSON; write it as {_EXAMPLE}") from None


_EXAMPLE = '\'{"action": "restart_deployment", "namespace": "…", "name": "…"}\''


def _change(told: Any) -> Change:
    try:
        return Change.model_validate(told)
    except ValidationError as fault:
        said = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in fault.errors())
        raise BadChange(f"{said}; write it as {_EXAMPLE}; the actions are {', '.join(ACTION_KINDS)}") from None


async def _ruled(change: Change, cluster: ClusterReader, policy: Policy, settings: Settings, now: datetime) -> Ruling:
    async def circumstances(action: AnyAction) -> Circumstances:
        return _circumstances(await _counted(_about("-", action, policy), settings, now), action, policy, settings, now)

    return await rule_on(change, Reader(cluster, Redactor(settings.secrets())), policy, circumstances, now)


def _circumstances(tally: Tally, action: AnyAction, policy: Policy, settings: Settings, now: datetime) -> Circumstances:
    return Circumstances(
        now=now,
        mode_switch=settings.mode_switch,
        paused_by=tally.paused.by if tally.paused else None,
        in_flight=tally.in_flight,
        recent_on_target=tally.on_target,
        recent_in_namespace=tally.in_namespace,
        in_incident=0,
        pending=tally.waiting,
        recent_failures=sum(each >= now - policy.limits.breaker.cooldown for each in tally.failures),
        drift_24h=sum(each.to_replicas - each.from_replicas for each in tally.sent if _is_scaling(each)),
        denied_recently=any(same_change(each, action) for each in tally.denied),
    )


def _is_scaling(action: AnyAction) -> TypeGuard[ScaleDeployment]:
    return isinstance(action, ScaleDeployment)


# ---- the bot's database ---------------------------------------------------------------------------------------------


def _about(id_: str, action: AnyAction, policy: Policy) -> About:
    target = action.target
    key = f"{target.cluster}/{target.namespace}/{target.kind}/{target.name}"
    return About(ProposalId(id_), ThreadId("-", "-", "-"), key, action.kind, digest(action, policy.sha256))


def _is_there(settings: Settings) -> bool:
    """Whether the bot has a database here. Where it never ran there is no log to write to, and nothing to count."""
    from bot.adapters.store.database import StoreUnusable, must_exist

    try:
        must_exist(settings.database_url)
    except StoreUnusable:
        return False
    return True


async def _counted(about: About, settings: Settings, now: datetime) -> Tally:
    """What the bot has paused, sent and been denied of late, and what passed the hook, if it has a database here."""
    from bot.adapters.store.hook_changes import Busy, HookChanges, StoreUnusable

    if not _is_there(settings):
        return Tally(None, False, 0, 0, 0, 0)
    try:
        async with HookChanges.opened(settings.database_url) as changes:
            return await changes.tally(about, now)
    except (StoreUnusable, Busy) as fault:
        raise BadChange(f"what limits changes cannot be counted ({fault}), so none is allowed") from None


async def _recorded(
    ruling: Ruling, caller: Caller, policy: Policy, settings: Settings, now: datetime
) -> tuple[str, ...]:
    """Write down that it passes before it does; what cannot be written down does not pass."""
    from bot.adapters.store.hook_changes import Busy, HookChanges, Passing, StoreUnusable

    if not _is_there(settings):
        sys.stderr.write(f"ask-claude: this passes unrecorded, because there is no database ({_MAKE_ONE})\n")
        return ()
    action, facts = ruling.action, ruling.facts
    assert action is not None, "what is allowed was judged as an action"
    assert facts is not None, "what is allowed was judged on facts"

    def guard(tally: Tally) -> Refusal | None:
        verdict = clear(action, facts, policy, _circumstances(tally, action, policy, settings, now))
        return verdict if isinstance(verdict, Refusal) else None

    about, redactor = _about(f"h_{secrets.token_hex(8)}", action, policy), Redactor(settings.secrets())
    entry = _entry(ruling, caller, about, Recorder(redactor, policy.sha256))
    passing = Passing(about, redactor.json(action.model_dump(mode="json")), entry)
    try:
        async with HookChanges.opened(settings.database_url) as changes:
            refused = await changes.let_pass(passing, guard, now)
    except (StoreUnusable, Busy) as fault:
        return (f"the audit log cannot be written ({fault}), and what is not recorded does not run",)
    return tuple(each.text for each in refused.reasons) if refused is not None else ()


def _entry(ruling: Ruling, caller: Caller, about: About, recorder: Recorder) -> AuditEntry:
    """What passes, on which facts, and whose call it was. How it ends is not seen from here, so it says nothing."""
    action, facts, redactor = ruling.action, ruling.facts, recorder.redactor
    assert action is not None, "what is allowed was judged as an action"
    assert facts is not None, "what is allowed was judged on facts"
    command = caller.given.get("command")
    call = command if isinstance(command, str) else canonical_json(caller.given)
    told = {
        "proposal": about.id,
        "digest": about.digest,
        "action": action.model_dump(mode="json"),
        "decision": decided(True, ruling.judged),
        "before": pictures.of_facts(facts),
        "tool": redactor.text(caller.tool).clip(_LONGEST_NAME),
        "call": redactor.text(call).clip(_LONGEST_CALL),
    }
    by = Actor("agent", redactor.text(caller.session).clip(_LONGEST_NAME), "Claude Code")
    return replace(recorder.entry("hook.allowed", by, **told), proposal=about.id)


_LONGEST_NAME, _LONGEST_CALL = 120, 1_000
_MAKE_ONE = "`python -m bot db upgrade` makes one"


# ---- which cluster --------------------------------------------------------------------------------------------------


async def _connect(settings: Settings, place: Place | None, own: str | None) -> KubernetesApi:
    """The cluster that a command would reach, or for an operation of a server the one of the settings."""
    if place is None:
        return await KubernetesApi.connect(settings.kubeconfig, settings.kube_context, settings.cluster_name)
    kubeconfig = place.kubeconfig or own
    if place.kubeconfig is not None and place.kubeconfig != own:
        _must_start_nothing(place.kubeconfig)
    is_ours = place == Place() and settings.kube_context is None and settings.kubeconfig in (None, own)
    return await KubernetesApi.connect(kubeconfig, place.context, settings.cluster_name if is_ours else None)


def _usual_kubeconfig() -> str | None:
    path = Path("~/.kube/config").expanduser()
    return str(path) if path.exists() else None


def _must_start_nothing(kubeconfig: str) -> None:
    """A kubeconfig may name a program that gives credentials; of one that a command brings along none is started."""
    try:
        told = yaml.safe_load(Path(kubeconfig).expanduser().read_text(encoding="utf-8")) or {}
        users = [each.get("user") or {} for each in told.get("users") or ()]
    except (OSError, ValueError, yaml.YAMLError, AttributeError):
        raise BadChange(
            f"the kubeconfig {kubeconfig} cannot be read, so which cluster would change is not known"
        ) from None
    if any("exec" in each or "auth-provider" in each for each in users):
        raise BadChange(f"the kubeconfig {kubeconfig} starts a program; use the one that the bot uses")


# ---- in words -------------------------------------------------------------------------------------------------------


def in_words(ruling: Ruling, policy: Policy) -> str:
    """The ruling for a person: the decision, each rule with its reason, the facts."""
    change = ruling.change
    head = "ALLOWED" if ruling.allowed else "REFUSED"
    lines = [f"{head}  {change.action} of {change.name} in namespace {change.namespace}", ""]
    width = max((len(each.rule) for each in ruling.judged), default=0)
    lines += [f"{'ok' if each.passed else 'NO'}  {each.rule:<{width}}  {each.text}" for each in ruling.judged]
    if ruling.alone is not None:
        said = f"no: {'; '.join(ruling.alone)}" if ruling.alone else f"yes, rule auto, when {_RAISED}"
        lines += ["", f"without a person: {said}"]
    if ruling.facts is not None:
        lines += ["", f"as it was at {ruling.facts.observed_at:%Y-%m-%d %H:%M:%S} UTC:"]
        lines += [f"    {label:<16}  {value}" for label, value in facts_as_rows(ruling.facts)]
    return "\n".join([*lines, "", f"policy {policy.sha256}"])


_RAISED = "an alert raised it and its cause rests on no text"


def as_record(ruling: Ruling, policy: Policy) -> dict[str, Any]:
    """The same for a program."""
    return {
        "allowed": ruling.allowed,
        "change": ruling.change.model_dump(mode="json"),
        "action": ruling.action.model_dump(mode="json") if ruling.action else None,
        "rules": [{"rule": each.rule, "passed": each.passed, "reason": each.text} for each in ruling.judged],
        "auto": None if ruling.alone is None else {"allowed": not ruling.alone, "reasons": list(ruling.alone)},
        "facts": dict(facts_as_rows(ruling.facts)) if ruling.facts else None,
        "observed_at": ruling.facts.observed_at.isoformat() if ruling.facts else None,
        "policy": policy.sha256,
    }
