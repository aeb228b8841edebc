"""Runbooks: which file fits an incident, what it changes, and what a faulty one says."""

from pathlib import Path

import pytest

from bot.adapters.claude_pack import PACK_LIMIT, pack
from bot.config import BadSetting
from bot.flows.investigate import Analysts, Investigator
from bot.runbooks import Runbooks, read_runbooks
from safety.redaction import Redactor
from tests.bot.flows.test_investigate import ScriptedModel, look, rules, said
from tests.bot.investigations import red, report, triaged
from tests.fakes import FixedClock
from tools.evidence import Category
from tools.kubernetes.catalogue import catalogue
from tools.tool import Catalogue
from tools.world import Reader

RED = Redactor()
TOOLS = [each.name for each in catalogue().reads()]
SHIPPED = Path(__file__).parents[2] / "runbooks"


def books(folder: Path, **files: str) -> Runbooks:
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return read_runbooks(folder, [*TOOLS, "look"], RED)


def file(head: str, body: str = "1. Look.") -> str:
    return f"---\n{head}\n---\n{body}\n"


def test_the_shipped_ones_are_ten_can_be_read_and_fit_common_causes() -> None:
    shipped = read_runbooks(SHIPPED, TOOLS, RED)
    assert len(shipped) == 10
    names = {category: shipped.fitting(report(category=category)) for category in Category}
    fitting = {category: book.name for category, book in names.items() if book is not None}
    assert fitting[Category.OOM_KILLED] == "out-of-memory"
    assert fitting[Category.IMAGE_NOT_FOUND] == "image-pull"
    assert set(fitting.values()) == {each.stem for each in SHIPPED.glob("*.md")} - {"README"}
    assert len(fitting) >= 38


def test_the_narrowest_that_fits_is_taken(tmp_path: Path) -> None:
    made = books(
        tmp_path,
        a=file("match: {category: [oom_killed, app_crash]}"),
        b=file("match: {category: oom_killed}"),
        c=file('match: {category: oom_killed, namespace: "or*"}'),
        d=file("match: {category: oom_killed, kind: StatefulSet, namespace: orchard}"),
        e=file('match: {category: app_crash, kind: [Deployment], namespace: "elsewhere"}'),
    )
    found = made.fitting(report())
    assert found is not None
    assert found.name == "c"
    other = made.fitting(report(category=Category.APP_CRASH))
    assert other is not None
    assert other.name == "a"
    assert made.fitting(report(root_cause=None)) is None


def test_no_folder_is_no_runbooks(tmp_path: Path) -> None:
    assert len(read_runbooks(tmp_path / "none", TOOLS, RED)) == 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no dashes", "bad.md:1: the first line has to be ---"),
        ("---\ntitle: x\n", "bad.md:2: a line --- has to end"),
        (file("title: [x"), "bad.md:"),
        (file("- a\n- b"), "bad.md:2: the settings have to be"),
        (file("title: x"), "bad.md:1: match: has to say"),
        (file("match: {colour: red}"), "bad.md:2: match: has to say"),
        (file("title: x\nmatch: {category: gremlins}"), "bad.md:3: match: gremlins is not a category; there are"),
        (file("match: {category: evicted}\ncolour: red"), "bad.md:3: colour: is not known here; there are allowed_act"),
        (file("match: {category: evicted}\nskip_tools: shell"), "bad.md:3: skip_tools: shell is not a read tool"),
        (
            file("match: {category: evicted}\nallowed_actions: [drain]"),
            "bad.md:3: allowed_actions: drain is not an act",
        ),
        (file("match: {category: evicted}\nskip_tools: {a: b}"), "bad.md:3: skip_tools: has to be a name or a list"),
        (file("match: {category: evicted}", ""), "bad.md: the steps are missing"),
    ],
)
def test_a_faulty_file_names_its_line_and_what_there_is(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(BadSetting) as raised:
        books(tmp_path, bad=text)
    assert fault in str(raised.value)


def test_a_secret_in_a_runbook_does_not_get_out(tmp_path: Path) -> None:
    password = "hunter" + "2" * 12
    made = books(tmp_path, a=file("match: {category: oom_killed}", f"1. Log in with password={password}"))
    found = made.fitting(report())
    assert found is not None
    assert password not in found.steps


def test_what_a_runbook_does_not_list_is_not_proposed(tmp_path: Path) -> None:
    made = books(
        tmp_path,
        a=file("title: Memory\nmatch: {category: oom_killed}\nallowed_actions: [rollback_deployment]"),
        b=file("match: {category: app_crash}\nallowed_actions: []"),
        c=file("match: {category: evicted}"),
    )
    memory, crash, evicted = (
        made.fitting(report(category=each)) for each in (Category.OOM_KILLED, Category.APP_CRASH, Category.EVICTED)
    )
    assert memory
    assert crash
    assert evicted
    assert memory.against("rollback_deployment") is None
    assert memory.against("restart_deployment") == "the runbook “Memory” allows only rollback_deployment here"
    assert "no change at all" in (crash.against("rollback_deployment") or "")
    assert evicted.against("evict_pod") is None


async def test_a_model_reads_the_runbook_and_is_not_offered_what_it_skips(tmp_path: Path) -> None:
    made = books(tmp_path, a=file("match: {category: oom_killed}\nskip_tools: look", "1. Compare usage and limit."))
    world = Reader(cluster=None, redactor=RED)  # type: ignore[arg-type]
    model = ScriptedModel([said("Memory [E1].")])
    flow = Investigator(Analysts(model, rules()), Catalogue(look), world, FixedClock(), runbooks=made)
    await flow.analyse(triaged(), red("what is wrong?"))
    await flow.follow_up(triaged(), red("and now?"))
    first, later = model.asked
    assert first.runbook is not None
    assert later.runbook is not None
    packed = pack(first.report, first.objects, first.runbook)
    assert packed["runbook"] == {"title": "a", "steps": "1. Compare usage and limit."}
    assert [each.name for each in later.tools] == ["propose_remediation"]


def test_a_long_runbook_leaves_room_for_the_evidence(tmp_path: Path) -> None:
    made = books(tmp_path, a=file("match: {category: oom_killed}", "1. Look again and again. " * 500))
    packed = pack(report(), (), made.fitting(report()))
    assert len(str(packed)) <= PACK_LIMIT
    assert len(packed["runbook"]["steps"]) < 600
    assert len(packed["evidence"]) == 3
