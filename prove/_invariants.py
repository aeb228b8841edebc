"""What must never be otherwise, and which proofs and tests would say so. Goes into the paper."""

from dataclasses import dataclass

_APPROVALS, _STORE = "tests/bot/flows/test_approvals.py", "tests/bot/adapters/store/test_proposals.py"
_HOUSE, _INJECTED = "tests/journeys/test_changes_and_the_house_rules.py", "tests/journeys/test_injected_orders.py"
_ALONE = "tests/journeys/test_without_a_person.py"


@dataclass(frozen=True, slots=True)
class Invariant:
    """``tests`` are written as file::name. ``gap`` says what of it nothing here asserts."""

    id: str
    claim: str
    proofs: tuple[str, ...]
    tests: tuple[str, ...] = ()
    gap: str = ""


INVARIANTS = (
    Invariant("I1", "no effect without an earlier approval of the same digest", ("F1", "F2", "F4", "F21")),
    Invariant("I2", "at most one effect for each proposal", ("F1", "F2", "F4", "F8", "F22")),
    Invariant(
        "I3",
        "what is carried out is what was approved, on the object, generation and policy it was approved for",
        ("F2", "F4"),
        (
            f"{_APPROVALS}::test_an_object_that_somebody_changed_is_left_alone",
            f"{_HOUSE}::test_a_policy_that_changed_since_the_card_makes_the_click_void",
            f"{_STORE}::test_a_tampered_action_no_longer_fits_its_digest",
        ),
    ),
    Invariant(
        "I4",
        "approvers are different, active, listed people at the vote and at the execution, never who asked",
        ("F1", "F6"),
        (
            f"{_APPROVALS}::test_before_it_is_sent_all_who_approved_are_asked_for_again",
            "tests/journeys/test_people_from_outside.py::"
            "test_a_vote_from_outside_is_refused_to_the_person_alone_and_recorded",
        ),
    ),
    Invariant(
        "I5",
        "the validator allowed it on what was read last, and an error of it is a no",
        ("F2", "F12"),
        (
            "tests/safety/test_validator.py::test_nonsense_is_refused_as_an_internal_fault",
            f"{_APPROVALS}::test_a_pause_between_the_check_and_the_send_stops_it",
        ),
        "what lies in other objects (a label of the namespace, a budget) can change between the read and the write",
    ),
    Invariant(
        "I6",
        "an end stays an end, and what ended without an effect has none later",
        ("F1", "F2", "F4", "F8"),
        (f"{_APPROVALS}::test_no_move_is_made_that_the_table_does_not_have",),
    ),
    Invariant("I7", "SUCCEEDED is said only of an effect that is there", ("F1", "F4", "F8")),
    Invariant(
        "I8",
        "whatever was approved comes to an end or UNKNOWN, and people are told",
        ("F1", "F4", "F7"),
        (),
        "the real time it takes",
    ),
    Invariant(
        "I9",
        "state, audit record and message commit together, and the intent is on the disk before a write",
        ("F4", "F21"),
        (
            f"{_STORE}::test_state_audit_row_and_message_commit_together",
            f"{_STORE}::test_a_message_that_cannot_be_stored_takes_the_whole_change_back",
        ),
        "a disk that loses what it said it has",
    ),
    Invariant(
        "I10",
        "in a protected namespace nothing is changed, whatever the file says",
        ("F11", "F12"),
        ("tests/safety/test_validator.py::test_a_protected_namespace_is_refused_even_when_the_file_lists_it",),
    ),
    Invariant(
        "I11",
        "with REMEDIATION_MODE=off nothing that writes is built",
        ("F24",),
        ("tests/bot/test_wiring.py::test_the_stricter_of_the_policy_and_the_setting_holds_and_off_makes_no_writer",),
    ),
    Invariant(
        "I12",
        "what a model or a text says makes proposals at most, and none that starts by itself",
        ("F13",),
        (
            f"{_INJECTED}::test_orders_in_an_alert_change_nothing_outside_what_the_policy_lists",
            f"{_ALONE}::test_what_a_model_wants_by_order_of_a_text_waits_for_a_person",
        ),
    ),
    Invariant(
        "I13",
        "no raw secret in a prompt, the database, the log, Slack or the audit log",
        ("F14", "F16"),
        (
            "tests/journeys/test_secrets.py::test_secrets_in_the_logs_of_a_failing_pod_are_neither_shown_nor_stored",
            f"{_STORE}::test_secrets_in_what_people_wrote_are_gone_in_the_store",
        ),
        "no proof sends many secrets through all five at once; F16 counts what redaction itself takes out",
    ),
    Invariant("I14", "text from outside gives no live link, mention or preview", ("F13", "F14")),
    Invariant(
        "I15",
        "limits of rate and reach hold in whatever order things happen, restarts included",
        ("F1",),
        (f"{_STORE}::test_recent_changes_are_counted_by_object_and_namespace_and_only_if_they_were_sent",),
        "F1 plays two engines in one process; the limits were not raced by two processes",
    ),
    Invariant(
        "I16",
        "no vote counts after the time to vote, and nothing starts after the time to start",
        ("F1",),
        (
            f"{_STORE}::test_a_vote_at_the_last_moment_and_one_too_late",
            f"{_STORE}::test_an_approval_that_waited_too_long_is_not_claimed_and_is_due_to_expire",
        ),
        "a clock of the machine that jumps",
    ),
    Invariant("I17", "a change of the audit log before the newest checkpoint is found", ("F19",)),
)


def as_rows() -> list[str]:
    """The table of the paper."""
    lines = ["| | what must hold | proofs | tests | what nothing here asserts |", "| --- | --- | --- | --- | --- |"]
    for each in INVARIANTS:
        tests = "; ".join(f"`{one.rpartition('::')[2].removeprefix('test_')}`" for one in each.tests)
        lines.append(f"| {each.id} | {each.claim} | {', '.join(each.proofs)} | {tests} | {each.gap} |")
    return lines
