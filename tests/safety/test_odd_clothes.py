"""Secrets in the clothes that programs and people put them into, and lines beside them that only look alike."""

import random
import string
from pathlib import Path

import pytest

from safety.redaction import Redactor

RED = Redactor(key=b"0" * 16)
CHANCE = random.Random(7)
SAMPLES = Path(__file__).parents[1] / "samples" / "redaction"
ALNUM = string.ascii_letters + string.digits


def drawn(size: int, letters: str = ALNUM) -> str:
    """Letters of both kinds and digits, drawn anew in every run of the tests but always the same."""
    while True:
        made = "".join(CHANCE.choice(letters) for _ in range(size))
        if any(each.isdigit() for each in made) and made.lower() != made != made.upper():
            return made


SECRETS = (
    # wrapped in a call or a literal's prefix
    "secret_key=SecretStr('%')",
    'admin_password = tostring("%")',
    "CREATE LOGIN app WITH PASSWORD = N'%', CHECK_POLICY = ON",
    'Config { host: "h", api_key: Some("%"), port: 80 }',
    'password: Optional("%")',
    'let password = String::from("%");',
    "password = b'%'",
    "api_token = '''%'''",
    'password = """%"""',
    'password: {{ .Values.pw | default "%" }}',
    "DB_PASSWORD: ${DB_PASSWORD:-%}",
    # coloured, encoded, in pages
    "\x1b[33mpassword\x1b[0m=\x1b[36m%\x1b[0m",
    "\x1b[36mDB_PASSWORD\x1b[0m: \x1b[32m%\x1b[0m done",
    "payload=%7B%22user%22%3A%22joe%22%2C%22password%22%3A%22SECRET%22%7D",
    "{\\u0022password\\u0022:\\u0022SECRET\\u0022}",
    '<tr><td>DATABASE_PASSWORD</td><td class="code"><pre>&#x27;%&#x27;</pre></td></tr>',
    '<property name="password"><value>%</value></property>',
    '<property name="hibernate.connection.password">%</property>',
    '{"Name":"/prod/db/password","Type":"SecureString","Value":"%"}',
    '{"Value": "%", "Type": "SecureString"}',
    '["password","%"]',
    '{password,"%"}',
    "password,%",
    # over lines
    '  ["password"]=>\n  string(16) "%"',
    "<key>ApiSecret</key>\n<string>%</string>",
    'Content-Disposition: form-data; name="password"\n\n%',
    "S: 334 UGFzc3dvcmQ6\nC: %",
    # traces, protocols, command lines
    "PDO->__construct('mysql:host=db;dbname...', 'root', '%')",
    "db.auth('app','%')",
    '1764412345.123 [0 10.2.3.4:5555] "AUTH" "default" "%"',
    '1764412345.123 [0 10.2.3.4:5555] "AUTH" "%"',
    "AUTH default %",
    "bindpw %",
    "snmp-server community % RO",
    "snmpwalk -v3 -l authPriv -u joe -a SHA -A % -x AES 10.1.1.1",
    "snmpwalk -v3 -l authPriv -u joe -x AES -X % 10.1.1.1",
    "kubectl create secret generic db --from-literal=uri=% -n shop",
    "$p = ConvertTo-SecureString '%' -AsPlainText -Force",
    'Authorization: Digest username="joe", realm="x", nonce="abc", response="%"',
    "> PASS %",
    "a001 LOGIN joe %",
    "ALTER USER scott IDENTIFIED BY %;",
    "az login --service-principal -u app -p % --tenant t",
    "oc login -u admin -p % https://api.example.com",
    "htpasswd -bc auth admin %",
    "mc alias set minio https://minio.example.com admin %",
    "7z x a.7z -p%",
    "zip -P % a.zip b",
    "net use Z: \\\\nas\\x /user:corp\\joe %",
    "vault login %",
    "radius-server key %",
    "echo % | docker login --password-stdin -u ci registry.example.com",
    "INSERT INTO users (name, password, age) VALUES ('joe', '%', 3)",
    # sentences
    "pw is %",
    "use token % to log in",
    "contraseña: %",
    # addresses
    "GET /cb?state=1&key=% HTTP/1.1",
    "GET /cb?auth=%&x=1 HTTP/1.1",
)


@pytest.mark.parametrize("template", SECRETS)
def test_what_is_secret_goes_whatever_it_wears(template: str) -> None:
    for size in (16, 24, 32):
        secret = drawn(size)
        text = template.replace("SECRET", secret) if "SECRET" in template else template.replace("%", secret)
        out = RED.text(text)
        assert secret not in out, out
        assert out.count("\n") == text.count("\n")
        assert RED.text(str(out)) == out


def test_a_key_that_begins_with_a_slash_is_no_path() -> None:
    for size in (39, 31, 11):
        for template in ("aws_secret_access_key = /%", '"SecretAccessKey":"/%"', "API_TOKEN=/%", "clientSecret: /%"):
            secret = drawn(size)
            assert secret not in RED.text(template.replace("%", secret))


@pytest.mark.parametrize("prefix", ["glpat-", "gldt-", "glrt-", "glsoat-", "glft-"])
def test_a_token_of_gitlab_needs_no_digit(prefix: str) -> None:
    secret = "".join(CHANCE.choice(string.ascii_letters) for _ in range(18)) + "aB"
    assert secret not in RED.text(f"runner registration {prefix}{secret} accepted")


MARKED = ("DB_PASSWORD=%", "password: %", "tool --password %", "tool --password=%", "API_TOKEN=%", "clientSecret: %")


@pytest.mark.parametrize("template", [*MARKED, "postgres://app:%@pg/db"])
@pytest.mark.parametrize("mark", ["'", "$", "!", "#", "%", "*"])
def test_marks_inside_a_value_do_not_end_it(template: str, mark: str) -> None:
    head, tail = drawn(6), drawn(7)
    out = RED.text(template.replace("%", f"{head}{mark}{tail}"))
    assert tail not in out, out
    assert head not in out


@pytest.mark.parametrize("template", ['{"password":"%"}', "postgres://app:%@pg", "password: %"])
def test_a_value_that_begins_with_a_dollar_is_a_variable_only_if_it_is_named_like_one(template: str) -> None:
    secret = drawn(12)
    assert secret not in RED.text(template.replace("%", f"${secret}"))
    for name in ("DB_PASSWORD", "db_password", "dbPassword"):
        text = template.replace("%", f"${name}")
        assert RED.text(text) == text


def test_an_account_in_small_letters_is_an_account() -> None:
    digits = "".join(CHANCE.choice(string.digits) for _ in range(16))
    number = int("".join(str(int(each, 36)) for each in f"{digits}AT00"))
    account = f"at{98 - number % 97:02}{digits}"
    assert account not in RED.text(f"IBAN: {account}")


def test_what_ends_a_field_of_an_environment_ends_the_value() -> None:
    secret = drawn(14)
    out = RED.text(f"HOME=/root\0DB_PASSWORD={secret}\0LANG=C")
    assert secret not in out
    assert out.endswith("LANG=C")


def test_a_key_of_putty_goes() -> None:
    body = [drawn(64, ALNUM + "+/") for _ in range(2)]
    head = ["PuTTY-User-Key-File-3: ssh-ed25519", "Encryption: none", "Comment: k", "Public-Lines: 1", drawn(64)]
    out = RED.text("\n".join([*head, "Private-Lines: 2", *body, f"Private-MAC: {'0a' * 32}", "after it"]))
    assert not [each for each in body if each in out]
    assert out.endswith("after it")


HARMLESS = (
    "LOG_LEVEL=debug SECRET_BACKEND=vault",
    "PASSWORD_HASHER=argon2id",
    "DB_PASSWORD_SECRET=web-db",
    "credentials: include",
    "fetch(url, {credentials: 'same-origin'})",
    "password=@/run/secrets/pw",
    "password: $__file{/etc/secrets/pw}",
    "password=%(DB_PASSWORD)s",
    "password: #{db_password}#",
    "if password == expected:",
    "password: TODO",
    "size 4111111111111111 bytes",
    "seed=4242424242424242",
    "seq 5500000000000004",
    "epoch 378282246310005",
    "lag=4000123412341234",
    "kubectl create secret generic db --from-file=password=./password.txt",
    "Set-Cookie: theme=dark; Path=/; SameSite=Lax",
    "Cookie: lang=en; theme=dark; consent=1",
    "Set-Cookie: session=deleted; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "password = os.getenv('DB_PASSWORD')",
    "password = lookup('env', 'DB_PASSWORD')",
    "password: Config.get('db.password')",
    "token = GetSecret('db-credentials')",
    '["password","username","email"]',
    "fields: password,username,email",
    "INSERT INTO users (name, password) VALUES ($1, $2)",
    "INSERT INTO audit (id, text) VALUES (1, 'a1B2c3D4e5')",
    "PASS src/app/login2.test.ts",
    "--- PASS: TestLogin2 (0.01s)",
    "the outage was identified by Alice2 at 10:15",
    "kubectl create configmap x --from-literal=uri=http://a1b2C3d4",
    "snmp-server location Rack12B",
    "\x1b[32mINFO\x1b[0m started in 2.3s",
    "<td>password</td><td>text</td>",
    "GET /search?key=orders&page=2 HTTP/1.1",
    "password: ${DB_PASSWORD:-}",
    "password: ${DB_PASSWORD:?must be set}",
    'password: {{ .Values.pw | default "" }}',
    "mc alias list",
    "vault login failed: permission denied",
    "vault login -method=kubernetes role=web",
)


@pytest.mark.parametrize("line", HARMLESS)
def test_what_only_looks_like_a_secret_stays(line: str) -> None:
    assert RED.text(line) == line


def test_what_clusters_write_every_day_stays_byte_for_byte() -> None:
    lines = (SAMPLES / "stays.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 300
    assert [(line, out) for line in lines if (out := RED.text(line)) != line] == []
    whole = "\n".join(lines)
    assert RED.text(whole).split("\n") == lines


def test_a_flag_that_is_an_item_of_a_list_has_its_value_in_the_next_item() -> None:
    value = "kD8sk2Lm" + "Qz91xPq0vWn4"
    lines = ["args:", "  - --api-key", f"  - {value}", "  - --verbose", '  "--db-password",', f'  "{value}",', "  - ok"]
    shown = Redactor().text("\n".join(lines)).split("\n")
    assert value not in "\n".join(shown)
    assert len(shown) == len(lines)
    assert [shown[at] for at in (0, 1, 3, 4, 6)] == [lines[at] for at in (0, 1, 3, 4, 6)]


@pytest.mark.parametrize(
    "lines",
    [
        ["  - --token", "  - $(TOKEN)"],
        ["  - --secret-name", "  - web-tls"],
        ["  - --password-file", "  - /run/secrets/db"],
        ["  - --token-ttl", "  - 24h"],
        ["  --password", "        The password of the user."],
        ["  - --password", "  - --verbose"],
    ],
)
def test_what_follows_a_flag_and_is_no_value_stays(lines: list[str]) -> None:
    assert Redactor().text("\n".join(lines)) == "\n".join(lines)


def test_a_session_in_an_address_and_a_row_of_bootstrap_tokens_go() -> None:
    session = "AB12CD34" * 4
    assert session not in Redactor().text(f"GET /cart;jsessionid={session}.node1?step=2 302")
    token = "abcde1." + "abcdef12abcdef34"
    row = f"{token}   23h   2026-11-30T11:04:05Z   authentication,signing   The default bootstrap token"
    assert token not in Redactor().text(row)
    assert Redactor().text("host abcdef.internalcluster1 uses signing") == "host abcdef.internalcluster1 uses signing"
