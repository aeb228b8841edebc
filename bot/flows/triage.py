"""Evidence first: collect in parallel, analyze, rank. No model."""

from datetime import datetime

from bot.domain import Triaged
from safety.redaction import Redacted
from tools.world import Reader


async def triage(
    question: Redacted,
    world: Reader,
    now: datetime,
    *,
    namespace: str | None = None,
    default_namespace: str | None = None,
) -> Triaged:
    """Look at what the question is about and say what is wrong there, with the evidence for each claim."""
    raise NotImplementedError
