"""What is taken from a container's log: its end, whole, and the line that tells why, as evidence."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from safety.redaction import Redactor
from tools.kubernetes.logs import FEWER_LINES, TAIL_BYTES, TAIL_LINES, Depth, read_logs
from tools.kubernetes.objects import pod_from
from tools.kubernetes.scan import AT_HAND
from tools.logs.reading import SignKind
from tools.snapshot import LogTail
from tools.world import LogOptions, Reader

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CRASHED = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-23T11:59:00Z"}}
POD = {
    "metadata": {"name": "app-1", "namespace": "ns"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {
                "name": "c",
                "restartCount": 9,
                "lastState": CRASHED,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            }
        ],
    },
}


class Written:
    """Cuts a log as the kubelet does: first the last lines, then the first bytes of those."""

    name = "written"

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[int] = []

    async def log(self, _namespace: str, _pod: str, _container: str, options: LogOptions) -> str:
        self.asked.append(options.tail_lines)
        kept = self.text.splitlines(keepends=True)[-options.tail_lines :]
        return "".join(kept).encode()[: options.limit_bytes].decode(errors="ignore")


async def tail_of(cluster: Any) -> LogTail:
    world = Reader(cluster, Redactor())
    ((pod,), untold) = await read_logs(world, [pod_from(POD, world.redactor)], Depth(4), NOW)
    assert untold is None
    (tail,) = pod.logs
    return tail


def stamped(line: Callable[[int], str], many: int) -> list[str]:
    return [f"2026-11-23T11:{each // 60:02}:{each % 60:02}Z {line(each)}" for each in range(many)]


async def test_the_evidence_of_a_crash_is_its_first_error_and_not_its_last_lines() -> None:
    before = stamped(lambda each: f"INFO served item {each}", 100)
    fault = "2026-11-23T11:58:00Z ERROR cannot open ledger: dial tcp 10.0.0.1:5432: connect: connection refused"
    after = [f"2026-11-23T11:58:01Z INFO closing part {each}" for each in range(20)]
    tail = await tail_of(Written("\n".join([*before, fault, *after, "2026-11-23T11:58:02Z FATAL exiting", ""])))
    assert tail.previous
    assert tail.evidence.text.splitlines() == [fault, "2026-11-23T11:58:02Z FATAL exiting"]
    assert tail.evidence.at == datetime(2026, 11, 23, 11, 58, tzinfo=UTC)
    (sign,) = tail.reading.standing()
    assert (sign.kind, sign.target) == (SignKind.CONNECTION_REFUSED, "10.0.0.1:5432")


async def test_a_tail_that_fills_its_bytes_is_read_again_so_that_its_end_is_seen() -> None:
    long = stamped(lambda each: f"INFO {each} " + "x" * 1_500, TAIL_LINES)
    cluster = Written("\n".join([*long, "fatal: LEDGER_URL is not set", ""]))
    assert len(cluster.text) > TAIL_BYTES
    tail = await tail_of(cluster)
    assert cluster.asked == [TAIL_LINES, FEWER_LINES]
    assert "LEDGER_URL" in tail.evidence.text


async def test_what_a_log_shows_is_redacted_before_it_is_read() -> None:
    word = "hunter" + "2secret"
    tail = await tail_of(Written("fatal: cannot log in with pass" + f"word={word}: authentication failed\n"))
    assert word not in tail.text
    assert word not in repr(tail.reading)
    assert [each.kind for each in tail.reading.standing()] == [SignKind.AUTHENTICATION_FAILED]


async def test_files_are_read_deeper_than_a_server_and_every_pod_that_runs() -> None:
    running = {"name": "c", "restartCount": 0, "ready": True, "state": {"running": {}}}
    owner = [{"kind": "ReplicaSet", "name": "app", "uid": "u", "controller": True}]
    world = Reader(Written("INFO fine\n" * 500), Redactor())  # type: ignore[arg-type]
    pods = [
        pod_from(
            {
                **POD,
                "metadata": {"name": f"app-{each}", "namespace": "ns", "ownerReferences": owner},
                "status": {"phase": "Running", "containerStatuses": [running]},
            },
            world.redactor,
        )
        for each in range(3)
    ]
    few, _ = await read_logs(world, pods, Depth(), NOW)
    many, _ = await read_logs(world, pods, AT_HAND.logs, NOW)
    assert [len(each.logs) for each in few] == [1, 0, 0]
    assert [len(each.logs) for each in many] == [1, 1, 1]
    assert (few[0].logs[0].reading.lines, many[0].logs[0].reading.lines) == (TAIL_LINES, 500)
