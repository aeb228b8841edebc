"""How much may be asked in a minute, told in the headers of every answer as the API does."""

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.demo.messages_emulator.cache import Clock
from bot.demo.messages_emulator.turns import HttpError, rate_limited

_WINDOW = 60.0


@dataclass(slots=True)
class _Kind:
    """One thing that is counted."""

    limit: int
    left: int


class RateLimits:
    """Counts requests and tokens by the minute. Tokens read from the cache are not counted."""

    def __init__(
        self, clock: Clock, requests: int = 4_000, input_tokens: int = 4_000_000, output_tokens: int = 800_000
    ) -> None:
        self._clock = clock
        self._ends = clock() + _WINDOW
        most = {"requests": requests, "input-tokens": input_tokens, "output-tokens": output_tokens}
        self._kinds = {name: _Kind(limit, limit) for name, limit in most.items()}

    def refusal(self) -> HttpError | None:
        """The 429 for a request too many, or None and it is counted."""
        self._turn()
        if any(each.left <= 0 for each in self._kinds.values()):
            return rate_limited(str(max(1, round(self._ends - self._clock()))))
        self._kinds["requests"].left -= 1
        return None

    def spend(self, input_tokens: int, output_tokens: int) -> None:
        """Count what an answer used."""
        for name, used in (("input-tokens", input_tokens), ("output-tokens", output_tokens)):
            self._kinds[name].left = max(0, self._kinds[name].left - used)

    def headers(self) -> dict[str, str]:
        """What every answer says about the limits."""
        reset = datetime.fromtimestamp(self._ends, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        told = {}
        for name, kind in self._kinds.items():
            told[f"anthropic-ratelimit-{name}-limit"] = str(kind.limit)
            told[f"anthropic-ratelimit-{name}-remaining"] = str(kind.left)
            told[f"anthropic-ratelimit-{name}-reset"] = reset
        return told

    def _turn(self) -> None:
        if self._clock() >= self._ends:
            self._ends = self._clock() + _WINDOW
            for each in self._kinds.values():
                each.left = each.limit
