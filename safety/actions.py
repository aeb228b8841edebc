"""The words every floor speaks: an action, and the one object it is aimed at.

An action is a closed union of typed records. There is no shell line, selector or wildcard: what cannot be
spelled here cannot be approved and cannot run.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NewType

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Digest = NewType("Digest", str)

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def _dns_label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        raise ValueError("not an RFC 1123 label")
    return value


def _dns_subdomain(value: str) -> str:
    if not _SUBDOMAIN.fullmatch(value):
        raise ValueError("not an RFC 1123 subdomain")
    return value


NamespaceName = Annotated[str, AfterValidator(_dns_label)]
ObjectName = Annotated[str, AfterValidator(_dns_subdomain)]
TemplateHash = Annotated[str, Field(pattern=r"^[a-z0-9]{1,63}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Target(_Frozen):
    """One object as it was when the proposal was made.

    ``cluster`` is the uid of the cluster's ``kube-system`` namespace. ``uid`` and ``generation`` bind an approval to
    this object and this spec (the resourceVersion moves with every status write, so it cannot).
    """

    cluster: str = Field(min_length=1, max_length=64)
    namespace: NamespaceName
    kind: Literal["Deployment"] = "Deployment"
    name: ObjectName
    uid: str = Field(min_length=1, max_length=64)
    generation: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class RestartDeployment(_Frozen):
    """Replace every pod of a deployment, a few at a time, with the same template."""

    kind: Literal["restart_deployment"] = "restart_deployment"
    target: Target


class RollbackDeployment(_Frozen):
    """Give a deployment the pod template of one of its earlier revisions, named by number and template hash."""

    kind: Literal["rollback_deployment"] = "rollback_deployment"
    target: Target
    from_revision: int = Field(ge=1)
    to_revision: int = Field(ge=1)
    to_template_hash: TemplateHash


Action = Annotated[RestartDeployment | RollbackDeployment, Field(discriminator="kind")]
ActionKind = Literal["restart_deployment", "rollback_deployment"]
ACTION_KINDS: tuple[ActionKind, ...] = ("restart_deployment", "rollback_deployment")


def canonical_json(value: Mapping[str, Any]) -> str:
    """The one spelling of a JSON object that is hashed: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(action: RestartDeployment | RollbackDeployment, policy_sha256: str) -> Digest:
    """What a person approves: a hash over the whole action (its cluster included) and the policy it was shown under."""
    body = {"action": action.model_dump(mode="json"), "policy": policy_sha256}
    text = "ask-claude/action/v1\n" + canonical_json(body)
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())
