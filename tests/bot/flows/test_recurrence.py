"""Whether it has happened before: what counts as one incident, which rhythms are seen, and what stays unsaid."""

import random
from datetime import datetime, timedelta

import pytest

from bot.domain import Investigation, InvestigationId, InvestigationState, ProposalState, ReportedChange, Triaged
from bot.flows.recurrence import occurrences, recurrence, rhythm, started, with_series
from bot.stores import Seen, Stores
from safety.actions import ActionKind
from tests.bot.investigations import RED, red, report, triaged
from tests.fakes import START
from tests.proposals import THREAD, entry, payload, proposal, rollback, transition
from tests.safety.cases import action
from tools.evidence import Category

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


async def looked(stores: Stores, number: int, at: datetime, category: Category = Category.OOM_KILLED) -> Triaged:
    made = report(category=category)
    issue = made.issues_found[0].model_copy(update={"since": at - timedelta(minutes=10)})
    found = triaged(made.model_copy(update={"observed_at": at, "issues_found": (issue,)}))
    run = InvestigationId(f"inv_{number}")
    wanted = Investigation(run, THREAD, red("why?"), InvestigationState.RUNNING, at, 1)
    await stores.investigations.begin(wanted)
    await stores.investigations.triaged(run, found, started(found.report))
    return found


def seen(*hours: float) -> list[Seen]:
    return [
        Seen(InvestigationId(str(each)), START + each * HOUR - timedelta(minutes=10), START + each * HOUR)
        for each in hours
    ]


async def test_the_first_time_says_nothing_and_another_cause_does_not_count(stores: Stores) -> None:
    await looked(stores, 1, START, Category.APP_CRASH)
    last = await looked(stores, 2, START + DAY)
    assert await recurrence(stores.investigations, InvestigationId("inv_2"), last.report, RED.text) is None


async def test_each_incident_is_counted_once_with_the_last_one_before(stores: Stores) -> None:
    for number, at in enumerate((START, START + HOUR / 2, START + DAY, START + 3 * DAY + 2 * HOUR)):
        last = await looked(stores, number, at)
    found = await recurrence(stores.investigations, InvestigationId("inv_3"), last.report, RED.text)
    assert found is not None
    assert (found.count, found.pattern, found.last_fix) == (3, None, None)
    assert found.last_at == START + DAY - timedelta(minutes=10)
    assert (
        found.text == f"3rd OOM kill in plum within 7 days (the last at {START + DAY - HOUR / 6:%Y-%m-%d %H:%M} UTC)."
    )


async def test_older_ones_count_within_sixty_days_and_a_rhythm_is_named(stores: Stores) -> None:
    for number in range(4):
        last = await looked(stores, number, START + number * WEEK)
    found = await recurrence(stores.investigations, InvestigationId("inv_3"), last.report, RED.text)
    assert found is not None
    day = f"{START:%A}"
    assert found.text.startswith("4th OOM kill in plum within 60 days (the last at ")
    assert found.text.endswith(f"), every {day} at about {START - timedelta(minutes=10):%H:%M} UTC.")


async def test_those_of_this_week_are_counted_apart_from_older_ones(stores: Stores) -> None:
    for number, days in enumerate((0, 20, 23, 25)):
        last = await looked(stores, number, START + days * DAY)
    found = await recurrence(stores.investigations, InvestigationId("inv_3"), last.report, RED.text)
    assert found is not None
    assert found.text.startswith("3rd OOM kill in plum within 7 days (4 in 60 days, the last at ")


async def test_what_was_once_before_weeks_ago_is_the_second_within_sixty_days(stores: Stores) -> None:
    await looked(stores, 1, START)
    last = await looked(stores, 2, START + 3 * WEEK)
    found = await recurrence(stores.investigations, InvestigationId("inv_2"), last.report, RED.text)
    assert found is not None
    assert found.text.startswith("2nd OOM kill in plum within 60 days (the last at ")


async def test_what_helped_last_time_is_named_and_what_did_not_is_not(stores: Stores) -> None:
    await looked(stores, 1, START)
    last = await looked(stores, 2, START + DAY)
    for number, verdict in enumerate(("effective", "ineffective")):
        at = START + timedelta(minutes=5 + number)
        done = proposal(f"p{number}", rollback(), state=ProposalState.EXECUTING)
        await stores.proposals.create(done, payload(), entry("proposal.created", done.id))
        ran = transition(ProposalState.SUCCEEDED, ProposalState.EXECUTING, id_=done.id, fields={"decided_at": at})
        assert await stores.proposals.move(ran, at)
        await stores.proposals.set_verified(done.id, verdict, entry("execution.verified", done.id), at)
    found = await recurrence(stores.investigations, InvestigationId("inv_2"), last.report, RED.text)
    assert found is not None
    assert found.last_fix == f"a rollback of plum to revision {rollback().to_revision} ({START:%Y-%m-%d} 10:05 UTC)"
    assert found.text.endswith(f"What helped last time: {found.last_fix}.")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("scale_deployment", "a scaling of web from 3 to 5 replicas"),
        ("evict_pod", "the removal of pod web"),
        ("delete_failed_pod", "the removal of pod web"),
        ("restart_stateful_set", "a restart of web"),
        ("rollback_daemon_set", "a rollback of web to revision 3"),
    ],
)
async def test_what_helped_is_told_as_what_it_was(stores: Stores, kind: ActionKind, words: str) -> None:
    last = await looked(stores, 1, START)
    done = proposal("p1", action(kind), state=ProposalState.EXECUTING)
    await stores.proposals.create(done, payload(), entry("proposal.created", done.id))
    ran = transition(ProposalState.SUCCEEDED, ProposalState.EXECUTING, id_=done.id, fields={"decided_at": START})
    assert await stores.proposals.move(ran, START)
    await stores.proposals.set_verified(done.id, "effective", entry("execution.verified", done.id), START)
    found = await stores.investigations.last_fix(last.report, START - DAY)
    assert found == f"{words} ({START:%Y-%m-%d %H:%M} UTC)"


async def test_what_is_older_than_sixty_days_is_forgotten(stores: Stores) -> None:
    await looked(stores, 1, START)
    last = await looked(stores, 2, START + 61 * DAY)
    assert await recurrence(stores.investigations, InvestigationId("inv_2"), last.report, RED.text) is None


BRANCH = "branch feature/totals of acme/shop"


async def blamed(
    stores: Stores, number: int, deployment: str, change: str, series: tuple[str, ...] = (BRANCH,), cluster: str = "one"
) -> Triaged:
    """A run that blamed a change for what it found in a deployment, a day after the one before."""
    at = START + number * DAY
    culprit = ReportedChange(
        id=change, kind="commit", title=red("t"), at=at, by=None, suspected=True, why=red("tied"), series=series
    )
    made = report(deployment=deployment, changes=(culprit,), culprit_change=change, cluster=cluster, observed_at=at)
    run = InvestigationId(f"inv_{number}")
    await stores.investigations.begin(
        Investigation(run, THREAD, red("why?"), InvestigationState.RUNNING, at, 1),
    )
    await stores.investigations.triaged(run, triaged(made), at)
    return triaged(made)


async def why_of(stores: Stores, number: int, last: Triaged) -> str:
    told = await with_series(stores.investigations, InvestigationId(f"inv_{number}"), last.report, RED.text)
    return str(told.changes[0].why)


async def test_what_another_change_of_the_branch_brought_before_is_told_with_the_culprit(stores: Stores) -> None:
    await blamed(stores, 1, "fig", "acme/shop#7")
    last = await blamed(stores, 2, "plum", "acme/shop#9")
    day = f"{START + DAY:%Y-%m-%d %H:%M}"
    told = f"{BRANCH} brought OOM kill in fig before (acme/shop#7, seen {day} UTC); tied"
    assert await why_of(stores, 2, last) == told


async def test_the_same_incident_another_branch_and_another_cluster_are_not_told_of(stores: Stores) -> None:
    await blamed(stores, 1, "plum", "acme/shop#9")
    await blamed(stores, 2, "fig", "acme/shop#5", ("branch feature/menu of acme/shop",))
    await blamed(stores, 3, "fig", "acme/shop#7", cluster="two")
    await blamed(stores, 4, "fig", "acme/shop#6", ())
    last = await blamed(stores, 5, "plum", "acme/shop#9")
    assert await why_of(stores, 5, last) == "tied"


async def test_each_earlier_incident_of_the_branch_is_counted_once(stores: Stores) -> None:
    for number, deployment in enumerate(("fig", "fig", "pear")):
        await blamed(stores, number, deployment, "acme/shop#7")
    last = await blamed(stores, 3, "plum", "acme/shop#7")
    assert "brought OOM kill in pear before" in await why_of(stores, 3, last)
    assert "UTC, and 1 more)" in await why_of(stores, 3, last)


def test_asking_again_while_it_lasts_is_no_second_occurrence() -> None:
    assert len(occurrences(seen(0, 0.5, 1.2))) == 1
    assert len(occurrences(seen(0, 5))) == 2
    lasting = Seen(InvestigationId("x"), START - HOUR, START + 9 * HOUR)
    assert len(occurrences([*seen(0), lasting])) == 1


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([START, START + WEEK, START + 2 * WEEK + HOUR / 2], "every {day}"),
        ([START, START + 2 * WEEK, START + 3 * WEEK, START + 5 * WEEK], "every {day}"),
        ([START + n * DAY for n in range(5)], "every day"),
        ([START, START + 20 * DAY, START + 31 * DAY, START + 50 * DAY], None),
        ([START, START + WEEK], None),
        ([START, START + DAY, START + 2 * DAY], None),
        ([START, START + WEEK, START + 2 * WEEK, START + 2.3 * WEEK, START + 3 * WEEK, START + 3.6 * WEEK], None),
        ([START, START + 0.1 * WEEK, START + 2.4 * WEEK], None),
    ],
    ids=str,
)
def test_a_rhythm_is_said_only_where_nearly_all_keep_to_it(times: list[datetime], said: str | None) -> None:
    found = rhythm(times)
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(said.format(day=f"{times[-1]:%A}"))


def test_noise_has_no_rhythm() -> None:
    chance = random.Random(7)
    runs = [sorted(START + chance.random() * 60 * DAY for _ in range(chance.randint(3, 12))) for _ in range(300)]
    assert sum(rhythm(each) is not None for each in runs) <= 1
