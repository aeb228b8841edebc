"""Redaction: what goes, what stays, and how long it may take. Nothing here looks like a token until it runs."""

import base64
import copy
import json
import pickle
import re
import time
import urllib.parse
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from safety.redaction import Redacted, RedactedJson, Redactor, stored, stored_json

GENERAL = Redactor()
MIXED = "aB3dE5gH7jK9mN1pQ2sT4vW6xY8z"
HEX = "0123456789abcdef"
CANARY = "s3cr3t" + "Xy9"
OWN = "own-value+/of&ours"
KEY = "PRIVATE " + "KEY-----"
BODY = "\n".join(["MIIEabcd" * 8] * 4 + ["abcd=="])
PEM = f"-----BEGIN RSA {KEY}\n{BODY}\n-----END RSA {KEY}"


def shapes(text: str) -> str:
    """The text with its masks shortened to their kinds."""
    return re.sub(r"\[([A-Z0-9_]+):[0-9a-f]{4}\]", r"[\1]", text)


TOKENS = {
    "slack bot": "xox" + "b-" + "123456789012-" + MIXED,
    "slack app": "xap" + "p-1-" + MIXED,
    "anthropic": "sk-" + "ant-" + MIXED,
    "openai": "sk-" + "proj-" + MIXED,
    "stripe": "sk_" + "live_" + MIXED,
    "github": "gh" + "p_" + MIXED + "aB3dE5gH",
    "github fine": "github_" + "pat_" + MIXED,
    "gitlab": "gl" + "pat-" + MIXED,
    "aws": "AK" + "IA" + "ABCDEFGH12345678",
    "google": "AI" + "za" + (MIXED * 2)[:35],
    "google oauth": "ya" + "29." + MIXED,
    "npm": "np" + "m_" + (MIXED * 2)[:36],
    "pypi": "py" + "pi-" + MIXED * 2,
    "jwt": "ey" + "J" + MIXED + "." + MIXED + "." + MIXED,
    "jwt without its end": "ey" + "J" + MIXED,
    "docker": "dckr_" + "pat_" + MIXED,
    "digitalocean": "dop_" + "v1_" + HEX * 4,
    "sendgrid": "S" + "G." + MIXED + "." + MIXED,
    "vault": "hv" + "s." + MIXED,
    "databricks": "da" + "pi" + HEX * 2,
    "grafana": "gl" + "sa_" + MIXED,
    "telegram": "123456789" + ":A" + "A" + (MIXED * 2)[:33],
    "huggingface": "h" + "f_" + MIXED,
    "sentry": "sntr" + "ys_" + MIXED,
    "terraform": "aB3dE5gH7jK9mN" + ".atlas" + "v1." + MIXED * 2,
    "azure": "abc" + "8Q" + "~" + (MIXED * 2)[:34],
    "slack webhook": "T0AAAA/B0BBBB/" + MIXED,
}
LINES = {"slack webhook": "https://hooks.slack" + ".com/services/{}"}


@pytest.mark.parametrize("vendor", sorted(TOKENS))
def test_tokens_of_vendors_go_wherever_they_stand(vendor: str) -> None:
    token = TOKENS[vendor]
    wrapped = LINES.get(vendor, "{}").format(token)
    for line in (wrapped, f"using {wrapped}, retrying", f'{{"x":"{wrapped}"}}', f"a={wrapped}&b=1", f"[{wrapped}]"):
        redacted = GENERAL.text(line)
        assert token not in redacted
        assert token[-12:] not in redacted
        assert "WITHHELD" not in redacted, "a rule broke"


CONTEXTS = [
    "password={}",
    'password="{}"',
    "password: '{}'",
    "PASSWORD : {}",
    "spring.datasource.password={}",
    '{{"password":"{}"}}',
    '{{"password": "{}", "user": "bob"}}',
    '{{\\"password\\": \\"{}\\"}}',
    '{{\\\\\\"token\\\\\\":\\\\\\"{}\\\\\\"}}',
    'password="ab\\"{}"',
    'password="never closed {}',
    "DB_PASSWORD={}",
    "DB_PASSWORD_READONLY={}",
    "REDIS_PASS: {}",
    "api-key: {}",
    "apiKey={}",
    "X-Api-Key:{}",
    "X-Vault-Token: {}",
    "map[password:{} user:x]",
    "env['SECRET_KEY'] = '{}'",
    "client_secret => '{}'",
    'token := "{}"',
    "AWS_SECRET_ACCESS_KEY={}",
    "secret_id={}",
    "password=ab){}",
    "password=ab,{}",
    "password=ab;{}",
    "Server=x;Pwd={};Database=y",
    "Authorization: Bearer {}",
    '"Authorization": "Basic {}"',
    'authorization\\": \\"Bearer {}\\"',
    "Authorization:[Bearer {}]",
    "curl -H 'Authorization: token {}'",
    "sent Bearer {} upstream",
    "postgres://bob:{}@db:5432/x",
    "postgres://bob:ab@{}@db/x",
    "redis://:{}@cache",
    "amqp:\\/\\/bob:{}@mq",
    "https://example.com/cb?token={}&x=1",
    "- name: DB_PASSWORD\n  value: {}",
    '{{"name":"DB_PASSWORD","value":"{}"}}',
    "password: |\n  {0}\n  more-{0}\nname: x",
    "--password {}",
    "--token={}",
    "curl -u bob:{} http://x",
    "<password>{}</password>",
    "Set-Cookie: sid={}; Path=/",
    'Cookie: "a=1; sid={}"',
    "password=[SECRET:redacted]{}",
    "password=ab[SECRET:redacted]{}",
]


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_secret_goes_where_people_write_secrets(context: str) -> None:
    redacted = GENERAL.text(context.format(CANARY))
    assert CANARY not in redacted
    assert "WITHHELD" not in redacted, "a rule broke"


KEPT = [
    "secretName: foo",
    "secret: {secretName: tls-cert} credentials: [] tokens: {}",
    '{"credentials": {"user": "bob"}}',
    "secretKeyRef: {name: db, key: password}",
    "imagePullSecrets: [{name: regcred}]",
    "imagePullSecrets:\n  - name: regcred",
    "token expired",
    "error: token: expired",
    'cannot fetch token: Get "https://10.0.0.1/t": dial tcp 10.0.0.1:443: connect: connection refused',
    'MountVolume.SetUp failed for volume "db-credentials" : secret "db-credentials" not found',
    'Error: secret "db-password" not found',
    "couldn't find key DB_PASSWORD in Secret default/db",
    "DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false",
    "password=${DB_PASSWORD} token: $(cat /run/token) pwd={{ .Values.pwd }}",
    "Access denied for user 'x'@'10.0.0.1' (using password: YES)",
    'password authentication failed for user "postgres"',
    "PWD=/app HOME=/root",
    "max_tokens: 4096 input_tokens=512",
    "image ghcr.io/acme/token-service:v1.2.3",
    "registry.local:5000/auth-token:latest",
    "nginx@sha256:" + HEX * 4,
    "sha256:" + HEX * 4,
    "commit " + (HEX * 3)[:40],
    "8f14e45f-ceea-467f-9b0a-1c2d3e4f5a6b",
    "trace_id=" + HEX * 2 + " span_id=" + HEX,
    "pod/token-refresher-7d8f9c5b6d-x2x9z: CrashLoopBackOff",
    "pod sk-frontend-deployment-7d8f9c5b6d-x2x9z is ready",
    "default-token-x7k2p: not found",
    "10.42.0.17:8080 fe80::1 192.168.0.0/16",
    'WWW-Authenticate: Bearer realm="x",error="invalid_token"',
    "Bearer authentication failed",
    "basic authentication is disabled",
    "automountServiceAccountToken: false",
    "tokenExpirationSeconds: 3600 token_type: Bearer",
    "key=value user=bob level=info",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbC",
    "https://host:8080/path@x",
    "1700000000123 4111111111111112 started in 12.345 s",
    "--token-ttl=5m --token-auth-file=/etc/tokens.csv",
]


@pytest.mark.parametrize("line", KEPT)
def test_what_triage_needs_stays(line: str) -> None:
    assert GENERAL.text(line) == line


def test_a_private_key_goes_whole_across_lines_and_in_json() -> None:
    assert shapes(GENERAL.text(f"a {PEM} b")) == "a [PEM]\n[PEM] b"
    assert shapes(GENERAL.text("a " + PEM.replace("\n", "\\n") + " b")) == "a [PEM] b"


def test_a_private_key_cut_at_either_end_goes_too() -> None:
    assert "MII" not in GENERAL.text("first line\n" + PEM[40:] + "\nlast line")
    assert "last line" in GENERAL.text("first line\n" + PEM[40:] + "\nlast line")
    assert "first line" in GENERAL.text("first line\n" + PEM[40:] + "\nlast line")
    assert "MII" not in GENERAL.text("first line\n" + PEM[:180])


@pytest.mark.parametrize(
    "form",
    [
        OWN,
        urllib.parse.quote(OWN, safe=""),
        urllib.parse.quote(OWN, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
        urllib.parse.quote_plus(OWN),
        json.dumps(OWN),
        OWN.encode().hex(),
        base64.b64encode(OWN.encode()).decode(),
        base64.urlsafe_b64encode(OWN.encode()).decode(),
    ],
)
def test_the_bots_own_secrets_go_in_every_spelling(form: str) -> None:
    assert form.strip('"=') not in Redactor([OWN]).text(f"before {form} after")
    assert form in GENERAL.text(f"before {form} after")  # nothing else would have caught it


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_the_bots_own_secrets_go_from_the_middle_of_base64(before: bytes, after: bytes) -> None:
    whole = base64.b64encode(before + OWN.encode() + after).decode()
    assert "OWN_SECRET" in Redactor([OWN]).text(whole)


def test_text_that_another_redactor_made_loses_our_own_secrets_and_keeps_its_kind() -> None:
    first = GENERAL.json({"x": f"plain {OWN}"})
    second = Redactor([OWN]).text(first)
    assert OWN not in second
    assert isinstance(second, RedactedJson)


def test_base64_is_looked_into() -> None:
    inside = base64.b64encode(f"user: bob\npassword: {CANARY}\nhost: db.example".encode()).decode()
    assert shapes(GENERAL.text(f"config.yaml: {inside}")) == "config.yaml: [BASE64]"
    harmless = base64.b64encode(b"the quick brown fox jumps over the lazy dog").decode()
    assert GENERAL.text(harmless) == harmless


def test_a_card_number_goes_and_other_long_numbers_stay() -> None:
    assert shapes(GENERAL.text("card 4111-1111-" + "1111-1111 ok")) == "card [CARD] ok"
    assert "SSN" in GENERAL.text("ssn 123-45-" + "6789")


pieces = st.sampled_from(
    [
        *CONTEXTS,
        *KEPT,
        *TOKENS.values(),
        PEM,
        PEM[40:],
        "[SECRET:redacted]",
        "[PEM:redacted",
        ":redacted]",
        "\n",
        '"',
        "\\",
        "\U000f0001",
    ]
)
hostile = st.lists(pieces | st.text("ab=:\"'\\ \n[]{}<>,;&$-@/", max_size=12), max_size=6).map("".join)


@given(hostile)
@settings(max_examples=300)
def test_a_second_run_changes_nothing(text: str) -> None:
    once = GENERAL.text(text)
    assert GENERAL.text(str(once)) == once


@given(st.text())
def test_what_comes_out_can_always_be_stored(text: str) -> None:
    redacted = GENERAL.text(text)
    assert "\x00" not in redacted
    redacted.encode()


UNITS = [
    "a-",
    "a.",
    "eyJ-",
    "eyJ.",
    "token=",
    "token",
    "token_",
    "password:",
    "\\",
    "token=\\",
    "<",
    "<token>",
    "://a:",
    "a://",
    ")",
    "]",
    "password=)",
    "password=;",
    "aaaa=",
    "name: password ",
    "name: token_ value",
    "xox",
    "glpat-",
    "4",
    "4111 ",
    "cookie=a",
    "bearer ",
    "http://",
    "\n",
    "password: |\n ",
    "?sig=",
    "SG.",
    "\ud800",
    'password="',
    'password=\\"',
    "1-",
    f"-----BEGIN RSA {KEY}",
    f"a-----END RSA {KEY}\n",
    "[SECRET:redacted]",
]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_a_hostile_line_takes_time_in_proportion_to_its_length(unit: str) -> None:
    line = unit * (200_000 // len(unit))
    started_at = time.process_time()
    GENERAL.text(line)
    assert time.process_time() - started_at < 3


def test_a_line_of_one_megabyte_is_done_within_seconds() -> None:
    started_at = time.process_time()
    GENERAL.text("token_password-a." * (1_000_000 // 17))
    assert time.process_time() - started_at < 10


def test_a_tree_hides_what_stands_under_a_secrets_key_and_keeps_its_shape() -> None:
    tree = {
        "password": CANARY,
        "tokens": [CANARY, {"a": CANARY}],
        "apiKey": 12345678,
        "secretName": "db",
        "input_tokens": 512,
        "env": [{"name": "DB_PASSWORD", "value": CANARY}, {"name": "LEVEL", "value": "info"}],
        "text": f"password={CANARY}",
        "token": None,
        f"password={CANARY}": 1,
    }
    hidden = GENERAL.tree(tree)
    assert CANARY not in str(hidden)
    assert [shapes(hidden["tokens"][0]), shapes(hidden["tokens"][1]["a"])] == ["[SECRET]", "[SECRET]"]
    assert (shapes(hidden["apiKey"]), hidden["secretName"], hidden["input_tokens"]) == ("[SECRET]", "db", 512)
    assert hidden["env"][1] == {"name": "LEVEL", "value": "info"}
    assert hidden["token"] is None


def test_a_kubernetes_secret_keeps_its_keys_and_loses_its_values() -> None:
    hidden = GENERAL.tree(
        {"kind": "Secret", "metadata": {"name": "db", "annotations": {"last": CANARY}}, "data": {"anything": CANARY}}
    )
    assert CANARY not in str(hidden)
    assert shapes(hidden["data"]["anything"]) == "[SECRET]"
    assert hidden["metadata"]["name"] == "db"


def test_a_tree_turns_what_json_has_no_word_for_into_redacted_text() -> None:
    text = GENERAL.json(
        {"e": ValueError(f"password={CANARY}"), "b": f"token={CANARY}".encode(), "n": float("nan"), "s": {1}}
    )
    assert CANARY not in text
    assert json.loads(text)["s"] == [1]
    assert "2026" in GENERAL.json({"at": datetime(2026, 1, 1, tzinfo=UTC)})


def test_a_tree_without_end_is_cut() -> None:
    tree: Any = "x"
    for _ in range(500):
        tree = [tree]
    assert "WITHHELD" in GENERAL.json(tree)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
        max_leaves=10,
    )
)
def test_a_redacted_tree_is_always_json(tree: Any) -> None:
    json.loads(GENERAL.json(tree))


def test_only_a_redactor_makes_redacted_text() -> None:
    for make in (Redacted, RedactedJson):
        with pytest.raises(TypeError):
            make("raw")
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(GENERAL.text("x")))


def test_a_part_of_redacted_text_is_plain_text_again_except_for_clip() -> None:
    text = GENERAL.text("abcdef")
    for part in (text + "x", text[:2], f"{text}", text.upper(), str(text)):
        assert type(part) is str
    assert type(text.clip(3)) is Redacted
    assert text.clip(3) == "ab…"
    assert text.clip(6) is text
    assert text.clip(0) in ("", "…")


def test_copies_share_the_text() -> None:
    text = GENERAL.text("abc")
    assert copy.copy(text) is text
    assert copy.deepcopy(text) is text


def test_stored_text_comes_back_as_it_was() -> None:
    assert stored(f"x {CANARY}") == f"x {CANARY}"
    assert type(stored("x")) is Redacted
    assert type(stored_json("{}")) is RedactedJson


class Record(BaseModel):
    text: Redacted


def test_a_model_takes_redacted_text_from_python_and_redacts_what_comes_from_json() -> None:
    with pytest.raises(ValidationError):
        Record(text="raw")  # type: ignore[arg-type]
    read = Record.model_validate_json(json.dumps({"text": f"password={CANARY}"}))
    assert CANARY not in read.text
    assert isinstance(read.text, Redacted)
    assert Record.model_validate_json(read.model_dump_json()) == read


def test_masks_of_an_incident_are_equal_in_it_and_differ_between_incidents() -> None:
    text, own = "password=Tr0ub4dor9x", "-".join(("own", "secret", "value"))
    one, again = (Redactor([own]).within("thread-1") for _ in range(2))
    other = Redactor([own]).within("thread-2")
    assert one.text(text) == again.text(text), "also in another process that holds the same secrets"
    assert len({str(each.text(text)) for each in (one, other, Redactor([own]))}) == 3
    assert one.learning(["a-learned-value"]).text(text) == one.text(text)
    assert own not in one.text(f"it is {own}")
    assert one.within("thread-1").text(text) != one.text(text), "an incident within an incident is another one"
