"""``python -m bot audit …``: check the log against its checkpoints, show it, and hand it to others."""

import argparse
import json
from datetime import UTC, datetime

from bot.domain import ProposalId
from bot.entrypoints import terminal
from bot.flows.audit_exports import exported
from bot.flows.audit_views import page, readable
from bot.stores import AuditStore, CheckpointLedger
from safety.checkpoint import Sealed, verify_sealed


async def verify(store: AuditStore, ledger: CheckpointLedger | None, *, as_json: bool) -> tuple[int, str]:
    """The exit status (1: the log does not hold) and what to print."""
    checkpoints = list(ledger.read()) if ledger else []
    found = verify_sealed(await store.records(), checkpoints)
    status = 1 if found.fault else 0
    if as_json:
        return status, json.dumps(_as_json(found, len(checkpoints)))
    return status, _in_words(found, len(checkpoints))


def _as_json(found: Sealed, checkpoints: int) -> dict[str, object]:
    fault = {"seq": found.fault.seq, "why": found.fault.why} if found.fault else None
    return {
        "records": found.chain.count,
        "head": found.chain.head,
        "fault": fault,
        "checkpoints": checkpoints,
        "signed": found.signed,
        "unsigned": found.unsigned,
        "checked_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _in_words(found: Sealed, checkpoints: int) -> str:
    if found.fault:
        return f"BROKEN at record {found.fault.seq}: {found.fault.why}"
    lines = [f"{found.chain.count} records, each sealed to the one before it; head {found.chain.head}"]
    if checkpoints:
        lines.append(
            f"{checkpoints} signed checkpoints agree; the newest covers {found.signed} records, {found.unsigned} came "
            "after it and could be cut off unseen"
        )
    else:
        lines.append(
            "No signed checkpoint was found: the chain alone cannot show a tail that was cut off. Compare count and "
            "head with your last note of them, or give --checkpoints and --pubkey."
        )
    return "\n".join(lines)


async def show(store: AuditStore, proposal: str) -> tuple[int, str]:
    """One page about one proposal; 2 when there is no record of it."""
    records = await store.records(ProposalId(proposal))
    if not records:
        return 2, f"there is no record of a proposal {proposal}: `audit log` lists what there is"
    return 0, page(records)


async def log(store: AuditStore) -> tuple[int, str]:
    """All of it as lines for people."""
    return 0, "\n".join(readable(each) for each in await store.records())


async def export(store: AuditStore, format_: str) -> tuple[int, str]:
    """All of it as one JSON object a line."""
    return 0, "\n".join(exported(await store.records(), format_))


async def answer(arguments: argparse.Namespace, store: AuditStore, ledger: CheckpointLedger | None) -> tuple[int, str]:
    """What one of the four commands answers."""
    match arguments.action:
        case "verify":
            return await verify(store, ledger, as_json=arguments.json)
        case "show":
            return await show(store, arguments.proposal)
        case "log":
            return await log(store)
        case _:
            return await export(store, arguments.format)


def printed(status: int, text: str) -> int:
    """Answers go to standard output, what could not be done to standard error."""
    if text:
        (terminal.complain if status == 2 else terminal.show)(text)
    return status
