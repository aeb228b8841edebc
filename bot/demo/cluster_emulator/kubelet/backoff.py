"""How long a kubelet waits before it tries again: 10 seconds, doubled up to 300, forgotten after good behaviour."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_SECONDS = 10.0
LONGEST_SECONDS = 300.0


@dataclass(slots=True)
class Backoff:
    """The waiting time of one container or one image."""

    seconds: float = 0.0
    updated_at: float = 0.0

    def remaining(self, failed_at: float, now: float) -> float:
        """How long still to wait after a failure; the first failure is not waited for."""
        if self.seconds == 0.0 or now - self.updated_at > 2 * LONGEST_SECONDS:
            return 0.0
        return max(0.0, failed_at + self.seconds - now)

    def note_attempt(self, now: float) -> None:
        """Another attempt is made now; the next wait is longer, unless the last attempt was long ago."""
        if self.seconds == 0.0 or now - self.updated_at > 2 * LONGEST_SECONDS:
            self.seconds = FIRST_SECONDS
        else:
            self.seconds = min(self.seconds * 2, LONGEST_SECONDS)
        self.updated_at = now
