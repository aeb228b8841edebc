"""Who did something, and what made it: people, the policy, monitors, agents, the bot itself, and calls of a model."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "policy", "monitor", "agent", "bot"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something.

    ``id`` is a person's in Slack, a monitor's name, or an agent's session; ``team`` is a person's workspace. ``name``
    is what people call it, ``None`` where nobody said.
    """

    kind: ActorKind
    id: str
    name: str | None = None
    team: str | None = None


BOT = Actor("bot", "ask-claude", "Ask Claude")
THE_POLICY = Actor("policy", "policy", "policy.yaml")


@dataclass(frozen=True, slots=True)
class Prompted:
    """The model that asked for a change, and the hash of the whole request that it answered (``sha256:`` and hex)."""

    model: str
    prompt_sha256: str | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who brought a proposal about, the hash of the policy it was judged by, and the model that raised it, if any."""

    by: Actor
    policy: str | None = None
    prompted: Prompted | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more model calls; ``input_tokens`` is the whole prompt, cached parts included."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    calls: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.calls + other.calls,
        )
