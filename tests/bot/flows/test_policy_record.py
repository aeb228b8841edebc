"""The audit log says under which policy the bot runs, and says it again only when it is another."""

from bot.flows.audit_fields import payload_of
from bot.flows.policy_record import LOADED, record_policy
from bot.stores import Stores
from safety.policy import Policy
from safety.redaction import Redactor
from tests.fakes import FixedClock

LISTED = Policy.model_validate(
    {
        "version": 1,
        "environments": {"dev": {"clusters": ["eks-dev"], "namespaces": ["team-*"]}},
        "actions": {"restart_deployment": {"environments": ["dev"]}},
    }
)


async def test_it_is_said_once_and_again_when_the_policy_or_the_mode_is_another(
    stores: Stores, clock: FixedClock
) -> None:
    red = Redactor()
    for policy, mode, says in (
        (LISTED, "approve", True),
        (LISTED, "approve", False),
        (LISTED, "off", True),
        (Policy.nothing_allowed(), "off", True),
        (LISTED, "approve", True),
    ):
        made = await record_policy(stores, red, policy, mode, clock.now())  # type: ignore[arg-type]
        assert made is says
    records = await stores.audit.records()
    assert [each.type for each in records] == [LOADED] * 4
    first = payload_of(records[0])
    assert first["policy"] == LISTED.sha256
    assert first["mode"] == "approve"
    assert first["environments"] == {"dev": {"clusters": ["eks-dev"], "namespaces": ["team-*"]}}
    assert first["actions"] == ["restart_deployment"]
    assert (await stores.audit.verify()).fault is None
