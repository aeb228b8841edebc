"""Proposals and what belongs to them, for tests, with names that no scenario uses."""

from datetime import timedelta
from typing import Any

from bot.domain import Proposal, ProposalId, ProposalState, ThreadId
from bot.ports import Place, Rendered, Saying
from bot.stores import AuditEntry, CardPayload, Transition
from safety.actions import Action, Digest, RestartDeployment, RollbackDeployment, Target, digest
from safety.policy import Policy
from safety.redaction import Redacted, Redactor
from tests.fakes import START
from tests.fixtures import CHANNEL, TEAM

RED = Redactor()
THREAD = ThreadId(TEAM, CHANNEL, "1763800000.000100")
PLACE = Place(TEAM, CHANNEL, THREAD.thread_ts)
POLICY = Policy.model_validate(
    {
        "version": 1,
        "environments": {"dev": {"namespaces": ["orchard"]}},
        "actions": {
            "restart_deployment": {"environments": ["dev"]},
            "rollback_deployment": {"environments": ["dev"]},
        },
        "approvals": {"default": {"groups": ["S0ONCALL"], "users": ["U0CAROL"]}},
    }
)


def red(text: str) -> Redacted:
    return RED.text(text)


def target(name: str = "plum", namespace: str = "orchard") -> Target:
    return Target(cluster="uid-of-cluster", namespace=namespace, name=name, uid=f"uid-{name}", generation=4)


def restart(name: str = "plum") -> RestartDeployment:
    return RestartDeployment(target=target(name))


def rollback(name: str = "plum") -> RollbackDeployment:
    return RollbackDeployment(target=target(name), from_revision=4, to_revision=3, to_template_hash="6f7c9")


def proposal(id_: str = "p1", action: Action | None = None, **changed: Any) -> Proposal:
    wanted = action or restart()
    fields: dict[str, Any] = {
        "id": ProposalId(id_),
        "thread": THREAD,
        "action": wanted,
        "digest": digest(wanted, POLICY.sha256),
        "why": red("revision 3 had enough memory"),
        "before_after": ((red("revision"), red("4"), red("3")), (red("memory limit"), red("96Mi"), red("256Mi"))),
        "state": ProposalState.PENDING,
        "requested_by": "U0BOB",
        "created_at": START,
        "expires_at": START + timedelta(minutes=30),
    }
    return Proposal(**{**fields, **changed})


def payload(**changed: Any) -> CardPayload:
    fields: dict[str, Any] = {
        "cluster": "test-cluster",
        "environment": "dev",
        "risk": red("every pod is replaced"),
        "undo": red("a restart cannot be undone"),
        "users": ("U0CAROL",),
        "groups": ("S0ONCALL",),
    }
    return CardPayload(**{**fields, **changed})


def entry(type_: str = "t", id_: str = "p1", **more: Any) -> AuditEntry:
    return AuditEntry(type_, RED.json({"proposal": id_, **more}), ProposalId(id_))


def saying(key: str = "proposal:p1", text: str = "decided") -> Saying:
    return Saying(key, PLACE, Rendered(red(text)))


def transition(to: ProposalState, *sources: ProposalState, id_: str = "p1", **more: Any) -> Transition:
    fields: dict[str, Any] = {"fields": {}, "says": (), **more}
    return Transition(ProposalId(id_), sources, to, entry("state.changed", id_, to=to.value), **fields)


SOME_DIGEST = Digest("sha256:" + "0" * 64)
