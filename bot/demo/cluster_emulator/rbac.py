"""Who may do what: users with tokens, and rules in the manner of roles that are bound to namespaces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.demo.cluster_emulator.objects import Obj

READ = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Rule:
    """Leave to do some things with some kinds; in all namespaces unless some are named."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ("*",)
    resources: tuple[str, ...] = ("*",)
    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def allows(self, ask: Ask) -> bool:
        """Whether this rule covers what is asked."""
        target = f"{ask.resource}/{ask.subresource}" if ask.subresource else ask.resource
        if target in self.excluded or ask.resource in self.excluded:
            return False
        return (
            _covers(self.verbs, ask.verb)
            and _covers(self.groups, ask.group)
            and (
                _covers(self.resources, target) or (ask.subresource != "" and f"*/{ask.subresource}" in self.resources)
            )
            and (not self.namespaces or ask.namespace in self.namespaces)
            and (not self.names or ask.name in self.names)
        )

    def as_resource_rule(self) -> Obj:
        """The rule as a rules review shows it."""
        shown: Obj = {"verbs": list(self.verbs), "apiGroups": list(self.groups), "resources": list(self.resources)}
        if self.names:
            shown["resourceNames"] = list(self.names)
        return shown


def _covers(allowed: tuple[str, ...], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that somebody wants to do."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who is known by a token."""

    name: str
    token: str
    rules: tuple[Rule, ...] = ()

    def may(self, ask: Ask) -> bool:
        """Whether any rule allows it. Asking what oneself may do is open to everybody who is known."""
        if ask.group == "authorization.k8s.io" and ask.resource.startswith("selfsubject"):
            return True
        return any(rule.allows(ask) for rule in self.rules)

    def rules_in(self, namespace: str) -> Iterable[Rule]:
        """The rules that count in a namespace."""
        return (rule for rule in self.rules if not rule.namespaces or namespace in rule.namespaces)


def refusal(user: User, ask: Ask) -> str:
    """The words of a 403."""
    target = f"{ask.resource}/{ask.subresource}" if ask.subresource else ask.resource
    scope = f'in the namespace "{ask.namespace}"' if ask.namespace else "at the cluster scope"
    return f'User "{user.name}" cannot {ask.verb} resource "{target}" in API group "{ask.group}" {scope}'


_LOOKS = Rule(READ, excluded=("secrets",))

DEFAULT_USERS = (
    User("admin", "demo-token-admin", (Rule(("*",)),)),
    User(
        "ask-claude",
        "demo-token-ask-claude",
        (
            _LOOKS,
            Rule(("patch",), ("apps",), ("deployments", "statefulsets", "daemonsets")),
            Rule(("delete",), ("",), ("pods",)),
            Rule(("create",), ("",), ("pods/eviction",)),
        ),
    ),
    User("ask-claude-reader", "demo-token-ask-claude-reader", (_LOOKS,)),
    User("nobody", "demo-token-nobody"),
)
