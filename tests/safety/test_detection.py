"""What rules find and what they leave: personal data, sentences, documents, masks. Nothing looks real until it runs."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.detection.names import names_a_secret
from safety.detection.passage import Open
from safety.redaction import Redactor

RED = Redactor()
PASSWORD = "Tr0ub4dor" + "-9x"
BLOB = base64.b64encode(b"some" + b"thing-12").decode()
KEY = "PRIVATE " + "KEY-----"

GOES = {
    "4111 1111 1111 " + "1111": "card {} declined",
    "378282246310" + "005": "amex={}",
    "219-09-" + "9999": "ssn: {}",
    "219 09 " + "9999": "social security number {}",
    "jane.doe+x@" + "example.com": "user {} not found",
    "eve%40" + "example.org": "GET /u?mail={}",
    "+1 415-555-" + "2671": "call me at {}",
    "(212) 555-" + "0187": "reach him at {} today",
    "+4915123" + "456789": "phone={}",
    "DE89 3704 0044 0532 " + "0130 00": "refund to {} failed",
    "GB82WEST123456" + "98765432": "iban {}.",
    "4821": "your PIN is {}",
    "573921": "OTP: {} valid for 5 minutes",
}


@pytest.mark.parametrize("value", GOES)
def test_personal_data_goes(value: str) -> None:
    line = GOES[value].format(value)
    assert value not in RED.text(line)
    assert RED.text(line).startswith(GOES[value].partition("{")[0])


SENTENCES = [
    "The temporary password is {}, please change it",
    "db password for staging: {}",
    "Das neue Passwort lautet {}",
    "le mot de passe est {}",
    "la contraseña es {}",
    "a senha do banco é {}",
    "пароль: {}",
    "密码是{}",
    "パスワードは{}です",
    "Login with admin / {}",
    "user 'bob' logged in using password '{}'",
    'passphrase "{}"',
    "machine api.example.com login bot password {}",
    "db.internal:5432:shop:app:{}",
    "CREATE USER app IDENTIFIED BY '{}'",
    "mysql -uroot -p{} -e 'show processlist'",
    "sshpass -p {} ssh deploy@10.0.0.4",
    "docker login -u ci -p {} registry.example.com",
    "redis-cli -a {} INFO",
    "ldapsearch -x -D cn=admin -w {} -b dc=x",
    "openssl rsa -in k.pem -passin pass:{}",
    "app:{}@tcp(db:3306)/shop",
    '<add key="DbPassword" value="{}"/>',
    '<wsse:Password Type="PasswordText">{}</wsse:Password>',
    '["--db-password", "{}"]',
    "password[{}]",
    "the password of user root was set to {}",
    "openssl enc -aes-256-cbc -k {} -in a",
    "jdbc:oracle:thin:scott/{}@//db:1521/ORCL",
    'aws_db_instance.main: password: "" => "{}"',
    '  ~ master_password = "x1" -> "{}"',
    '(*config.DB)(0xc0001){{Password: (string) (len=12) "{}"}}',
    'array(2) {{ ["password"]=> string(14) "{}" }}',
    '"db_password": {{"sensitive": false, "type": "string", "value": "{}"}}',
    "http --auth admin:{} GET https://x",
    "smbclient //s/x -U user%{}",
    "RABBITMQ_ERLANG_COOKIE={}",
    "* Server auth using Bearer with token {}aB3dE5gH7jK9",
    "ValueError: invalid api_key '{}aB3dE5gH7jK9'",
    'token "{}aB3dE5gH7jK9" is not valid',
    "Failed to refresh token {}aB3dE5gH7jK9: 401",
    '{{"op":"replace","path":"/data/password","value":"{}"}}',
    "x-functions-key: {}",
    "pulumi config set --secret dbPassword {}",
    "kubeadm join x --certificate-key {}",
    "Set-Cookie: JSESSIONID={}abcdefgh; Path=/; HttpOnly",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_password_goes_from_sentences_and_command_lines(sentence: str) -> None:
    redacted = RED.text(sentence.format(PASSWORD))
    assert PASSWORD not in redacted
    assert "WITHHELD" not in redacted, "a rule broke"


def test_only_the_password_goes_from_an_address_and_the_lines_around_it_stay() -> None:
    lone = "aB3dE5gH7jK9" + "mN1pQ2sT4v"
    shown = RED.text(f"started\npostgres://shop:{PASSWORD}@db:5432/x\nhttps://{lone}@h.io/x\ndone")
    assert re.fullmatch(
        r"started\npostgres://shop:\[URL_PASSWORD:\w{4}\]@db:5432/x\nhttps://\[URL_PASSWORD:\w{4}\]@h\.io/x\ndone",
        shown,
    )


def test_no_rule_breaks_on_what_it_is_for() -> None:
    mark = "aB3dE5_" + "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA" + "_mmk"
    assert re.fullmatch(r"key \[MAXMIND:\w{4}\] x", RED.text(f"key {mark} x"))


STAYS = [
    "invalid password for user app",
    "the password is too short",
    "Password must be at least 12 characters",
    "token is expired, tokens used 8234, max_tokens=4096",
    "password_min_length: 8",
    "Unexpected token u in JSON at position 0",
    "password:  16 bytes",
    "origin git@github.com:acme/token-service.git (fetch)",
    "Started getty@tty1.service, user@1000.service and lodash@4.17.21",
    "ssh://git@gitlab.example.com:2222/a/b.git https://bob@example.com/x",
    "UPDATE accounts SET password = $1 WHERE id = $2",
    "+ password = (sensitive value)",
    "AppWindowToken{a04b049 token=Token{80160803}}",
    "password=**** token: <redacted> api_key=xxxxxxxx Authorization: [REDACTED]",
    "order 4000123412341234 shipped",
    "offset=4111111111111111 id: 4111111111111111",
    "2026-01-02 10:11:12,345 081109 203518 143 INFO 1735812345678",
    "10.0.0.1:8080 200 612 1024 415.2 192.168.100.200",
    "session 0x14ed93111f20027 expired, session_id=8f14e45f-ceea-467f-9b0a-1c2d3e4f5a6b",
    "lodash integrity sha512-" + "aB3/" * 21 + "aB==",
    "db-credentials   Opaque   2   5d",
    "secret: db-credentials-v2",
    "abcdef.17f8a2b3c4d5e6f7 node01.17f8a2b3c4d5e6f7",
    "at com.acme.auth.TokenService.refresh(TokenService.java:88) Object@1b2c3d4",
    f"no -----BEGIN {KEY} found in file",
    "token_type=bearer expires_in=3600 scope=read",
    "const token = await getToken(req);",
    'token := r.Header.Get("Authorization")',
    "password = yield client.fetch_secret(name)",
    "this.token = new TokenStore(path).read()",
    "String secret = vault.read(key).unwrap();",
    "$password = Crypt::decrypt($row)",
    "let token = Token::from_env()?;",
    "WHERE password_hash = crypt($1, password_hash)",
    "password: z.string().min(12),",
    "existingSecret: postgres-auth",
    "credentialsSecret: aws-creds",
    "tlsSecret: regcred",
    "--- PASS: TestToken (0.00s)",
    "Usage: login [--user USER] [--password PASSWORD] [--api-token API_TOKEN]",
    "password = random_password.db.result",
    "+ token = (known after apply)",
    "GET /reset-password HTTP/2 200",
]


@pytest.mark.parametrize("line", STAYS)
def test_what_only_looks_like_it_stays_byte_for_byte(line: str) -> None:
    assert RED.text(line) == line


def test_equal_values_get_equal_masks_and_others_do_not() -> None:
    one, two, three = (RED.text(f"from {each}@example.com") for each in ("ann", "ann", "bob"))
    assert one == two != three
    assert re.fullmatch(r"from \[EMAIL:[0-9a-f]{4}\]", one)
    assert one[-5:] == RED.text("password=ann@example.com")[-5:], "whatever rule found it"


def test_masks_depend_on_a_key_that_outlives_a_restart_when_there_are_secrets() -> None:
    line = "mail to ann@" + "example.com"
    assert Redactor(["first-secret"]).text(line) == Redactor(["first-secret"]).text(line)
    masks = {Redactor(key=bytes([each]) * 16).text(line) for each in range(4)}
    assert len(masks) == 4


MANIFESTS = [
    "apiVersion: v1\nkind: Secret\ndata:\n  shape: {}\n",
    "apiVersion: v1\ndata:\n  shape: {}\nkind: Secret\n",
    "kind: Secret\nstringData:\n  note: |\n    {}\n  other: x\n",
    "items:\n- apiVersion: v1\n  data:\n    shape: {}\n  kind: Secret\n",
    '{{\n  "kind": "Secret",\n  "data": {{\n    "shape": "{}"\n  }}\n}}\n',
    '{{"kind":"Secret","data":{{"shape":"{}"}}}}',
    '{{"last":"{{\\"kind\\":\\"Secret\\",\\"data\\":{{\\"shape\\":\\"{}\\"}}}}"}}',
    '"apiVersion: v1\\nkind: Secret\\ndata:\\n  shape: {}\\n"',
]


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_values_of_a_secret_go_whatever_they_are_called_and_its_keys_stay(manifest: str) -> None:
    shown = RED.text(manifest.format(BLOB))
    assert BLOB not in shown
    assert "Secret" in shown
    assert "data" in shown.lower()


def test_a_config_map_keeps_its_values() -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\ndata:\n  shape: {BLOB}\n"
    assert RED.text(text) == text


def test_a_token_broken_over_two_lines_goes_in_both() -> None:
    token = "gh" + "p_" + "aB3dE5gH7jK9" * 3
    shown = RED.text(f"using {token[:20]}\n{token[20:]}\nnext line")
    assert token[20:] not in shown
    assert shown.endswith("\nnext line")


def test_an_unseen_character_does_not_hide_a_token() -> None:
    token = "gh" + "p_" + "aB3dE5gH7jK9" * 3
    assert token[-12:] not in RED.text(token[:10] + "\u200b" + token[10:])


def test_a_value_two_lines_below_its_name_goes() -> None:
    shown = RED.text(f"env:\n- name: DB_PASSWORD\n  value: {PASSWORD}\n- name: LEVEL\n  value: info")
    assert PASSWORD not in shown
    assert shown.endswith("- name: LEVEL\n  value: info")


@given(st.lists(st.text(max_size=30), max_size=8))
def test_as_many_lines_come_out_as_go_in(lines: list[str]) -> None:
    assert len(RED.lines(lines, Open())) == len(lines)


@pytest.mark.parametrize("name", ["DB_PASSWORD", "apiKey", "client-key-data", "refresh_token", "secret_id", "dbpass"])
def test_a_name_that_speaks_of_a_secret_is_known(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    ["secretName", "token_type", "passwordFile", "max_tokens", "key", "monkey", "imagePullSecrets", "next_page_token"],
)
def test_a_name_that_does_not_is_not(name: str) -> None:
    assert not names_a_secret(name)
