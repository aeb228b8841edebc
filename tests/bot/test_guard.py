"""The policy asked about one change: by ``policy explain`` and by the hook, on a live cluster and on one from files."""

import asyncio
import json
from pathlib import Path

import yaml

from bot.adapters.store.database import Database, migrate
from bot.adapters.store.flags import SqlFlags
from tests.bot.guarded import POLICY, RESTART, Here
from tests.bot.test_commands import type_in
from tests.bot.test_investigate_command import write_dump
from tests.fakes import START
from tests.proposals import entry


async def test_a_restart_of_three_ready_pods_goes_on_by_either_way_and_of_one_it_does_not(here: Here) -> None:
    namespace = "billing-dev"
    assert await here.hook("mcp__kubernetes__deployment_restart", namespace=namespace, deployment="billing-api") == ""
    assert await here.hook("Bash", command=f"kubectl rollout restart deployment/billing-api -n {namespace}") == ""
    assert await here.hook("Bash", command=f"kubectl scale deploy billing-api --replicas=4 -n {namespace}") == ""
    told = await here.hook("mcp__kubernetes__deployment_restart", namespace=namespace, deployment="mailer")
    assert "1 of 1" in told or "1 pod" in told
    told = await here.hook("Bash", command=f"kubectl scale deploy billing-api --replicas=9 -n {namespace}")
    assert told.startswith("BLOCKED: ")
    told = await here.hook("mcp__kubernetes__deployment_restart", namespace="kube-system", deployment="coredns")
    assert "protected" in told
    told = await here.hook("mcp__kubernetes__deployment_restart", namespace=namespace, deployment="nobody")
    assert "there is no Deployment nobody" in told
    assert not [each for each in here.emulator.requests if each.method not in ("GET", "HEAD")]


async def test_a_command_is_judged_by_the_cluster_that_it_names(here: Here) -> None:
    restart = "rollout restart deployment/billing-api -n billing-dev"
    assert await here.hook("Bash", command=f"kubectl --context demo {restart}") == ""
    assert "cannot be read" in await here.hook("Bash", command=f"kubectl --context other {restart}")
    assert "cannot be read" in await here.hook("Bash", command=f"KUBECONFIG={here.folder}/none kubectl {restart}")
    text = (here.folder / "kubeconfig").read_text(encoding="utf-8")
    (here.folder / "elsewhere").write_text(text.replace("dev-eks", "prod-eks"), encoding="utf-8")
    told = await here.hook("Bash", command=f"kubectl --kubeconfig {here.folder}/elsewhere {restart}")
    assert "cluster prod-eks is not on the policy's allow-list" in told
    starts = yaml.safe_load(text)
    starts["users"][0]["user"] = {"exec": {"command": "touch", "args": [str(here.folder / "started")]}}
    (here.folder / "starts").write_text(yaml.safe_dump(starts), encoding="utf-8")
    told = await here.hook("Bash", command=f"kubectl --kubeconfig {here.folder}/starts {restart}")
    assert "starts a program" in told
    assert not (here.folder / "started").exists()


async def test_a_pause_and_the_switch_stop_the_hook_as_well(here: Here) -> None:
    await asyncio.to_thread(migrate, here.settings.database_url)
    database = Database(here.settings.database_url)
    try:
        await SqlFlags(database).set("paused", "U0BOSS", START, entry("remediation.paused"))
    finally:
        await database.close()
    call = {"namespace": "billing-dev", "deployment": "billing-api"}
    assert "paused by U0BOSS" in await here.hook("mcp__kubernetes__deployment_restart", **call)
    off = here.but(database_url=f"sqlite:///{here.folder / 'other.db'}", remediation_mode="off")
    assert "switched off" in await off.hook("mcp__kubernetes__deployment_restart", **call)
    none = off.but(remediation_mode="approve", policy_file=here.folder / "none.yaml")
    assert "mode off" in await none.hook("mcp__kubernetes__deployment_restart", **call)


async def test_every_rule_is_told_with_its_reason_and_the_facts(here: Here) -> None:
    out = await here.explain(RESTART)
    assert out.splitlines()[0] == "ALLOWED  restart_deployment of billing-api in namespace billing-dev"
    assert "3 ready, 3 updated, 3 available of 3" in out
    assert "\nNO " not in out
    told = json.loads(await here.explain(RESTART.replace("billing-api", "mailer"), as_json=True))
    rules = {each["rule"]: each for each in told["rules"]}
    assert (told["allowed"], rules["protected"]["passed"], rules["ready"]["passed"]) == (False, True, False)
    assert all(each["reason"] for each in told["rules"])
    assert told["facts"]["replicas"].startswith("1 ready")
    out = await here.explain(RESTART.replace("billing-api", "nobody"))
    assert "there is no Deployment nobody in namespace billing-dev" in out


async def test_it_is_told_whether_the_policy_would_approve_it_alone_and_why_not(here: Here) -> None:
    assert "without a person: no: only people may approve here: the mode is not auto" in await here.explain(RESTART)
    text = POLICY.replace("version: 1", "version: 1\nmode: auto")
    more = "auto: {environments: [dev], actions: [restart_deployment]}\n"
    (here.folder / "policy.yaml").write_text(text + more)
    assert "without a person: no" in await here.but(remediation_mode="auto").explain(RESTART)
    both = here.but(remediation_mode="auto", auto_remediation_enabled=True)
    assert "without a person: yes" in await both.explain(RESTART)
    told = json.loads(await both.explain(RESTART.replace("restart_deployment", "delete_failed_pod"), as_json=True))
    assert told["auto"] is None
    told = json.loads(await both.explain(RESTART.replace("billing-api", "mailer"), as_json=True))
    assert (told["auto"]["allowed"], len(told["auto"]["reasons"]) >= 1) == (False, True)


async def test_a_cluster_from_files_is_judged_alike(here: Here) -> None:
    dump = write_dump(here.folder / "dump")
    change = '{"action": "restart_deployment", "namespace": "books-dev", "name": "ledger"}'
    out = await here.but(cluster_name="dev-eks").explain(change, dump=dump)
    assert out.startswith("REFUSED")
    assert "NO  ready" in out
    assert "ok  allow_list" in out
    assert not here.emulator.requests


def test_a_decision_is_exit_status_zero_and_what_is_no_change_one_clear_line_and_two(tmp_path: Path) -> None:
    spelled = [
        *("", "restart it", "[]", "{}", '{"action": "drop", "namespace": "a", "name": "b"}'),
        '{"action": "restart_deployment", "namespace": "a"}',
        '{"action": "restart_deployment", "namespace": "a", "name": "b", "selector": "c"}',
    ]
    dump = str(write_dump(tmp_path / "dump"))
    words = [["policy", "explain", each] for each in spelled]
    good, *bad = type_in(tmp_path, *((each, {}) for each in (["policy", "explain", RESTART, "--dump", dump], *words)))
    assert (good.code, good.out.startswith("REFUSED")) == (0, True)
    for told in bad:
        assert (told.code, told.out) == (2, "")
        assert "restart_deployment" in told.last_line
        assert "Traceback" not in told.err
