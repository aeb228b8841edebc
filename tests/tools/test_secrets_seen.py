"""Values that are secret by where they stand, and ordinary words that are not."""

import base64

from safety.redaction import Redactor
from tools.secrets_seen import seen_in, values_of

WORD = "-".join(("Qz8", "mmRota71"))


def pod(*env: dict[str, object]) -> dict[str, object]:
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "env": list(env)}]}}


def test_a_literal_under_a_secret_name_and_a_password_in_an_address_are_learned() -> None:
    named = {"name": "DB_PASSWORD", "value": WORD}
    address = {"name": "DATABASE_URL", "value": f"postgres://app:{WORD}x@db:5432/app"}
    assert seen_in([pod(named, address)]) == {WORD, f"{WORD}x"}


def test_ordinary_settings_references_and_short_words_are_not() -> None:
    ordinary = {"name": "LOG_LEVEL", "value": "debugging"}
    reference = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    expanded = {"name": "DB_PASSWORD", "value": "$(OTHER_VALUE)"}
    short = {"name": "DB_PASSWORD", "value": "abc"}
    assert seen_in([pod(ordinary, reference, expanded, short)]) == set()


def test_of_a_secret_that_was_written_down_users_and_hosts_stay_readable() -> None:
    plain = {"password": WORD, "username": "checkout", "host": "db.shop.svc", "extra": "aB3" * 6}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
    assert values_of({"kind": "Secret", "data": data}) == {WORD, "aB3" * 6}


def test_what_was_learned_goes_wherever_it_turns_up() -> None:
    before = Redactor()
    after = before.learning({WORD})
    line = f"login with {WORD} was refused"
    assert WORD in before.text(line)
    assert WORD not in after.text(line)
    assert WORD not in after.text(before.text(line))
