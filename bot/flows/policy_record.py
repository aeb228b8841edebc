"""Under which policy the bot runs, in the audit log: once at the first start, and again whenever it is another."""

from datetime import datetime

from bot.flows.audit_fields import payload_of
from bot.provenance import BOT
from bot.records import Recorder
from bot.stores import Stores
from safety.policy import Mode, Policy
from safety.redaction import Redactor

LOADED = "policy.loaded"


async def record_policy(stores: Stores, redactor: Redactor, policy: Policy, mode: Mode, now: datetime) -> bool:
    """Whether the policy or the mode in force differs from what the log said last; then the log says it anew."""
    told = {
        "mode": mode,
        "environments": {
            name: {"clusters": list(each.clusters), "namespaces": list(each.namespaces)}
            for name, each in sorted(policy.environments.items())
        },
        "actions": sorted(policy.actions.written()),
    }
    last = await stores.audit.latest(LOADED)
    said = payload_of(last) if last is not None else {}
    if all(said.get(name) == value for name, value in {**told, "policy": policy.sha256}.items()):
        return False
    await stores.audit.append(Recorder(redactor, policy.sha256).entry(LOADED, BOT, **told), now)
    return True
