"""F16: how much of what has to go does go: tokens of vendors, secrets by name and place, personal data."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

from prove._vendor_tokens import Planted, drawn, planted
from prove.figure import Figure, Proof
from safety.redaction import Redactor

LEAST = {"vendors": 0.97, "own": 0.995, "personal": 0.99}

_OWN = {
    "equals": "password=%",
    "yaml": "  dbPassword: %",
    "json": '{"user":"svc","password":"%","tries":3}',
    "escaped json": '{"msg":"{\\"client_secret\\":\\"%\\"}"}',
    "environment": "DB_PASSWORD=%",
    "bearer": "Authorization: Bearer %",
    "header": "X-Api-Key: %",
    "cookie": "Cookie: theme=dark; session=%",
    "set-cookie": "Set-Cookie: JSESSIONID=%; Path=/; HttpOnly",
    "address": "postgres://svc:%@db.internal:5432/app",
    "query": "GET /cb?state=1&access_token=% HTTP/1.1",
    "flag": "helm upgrade app ./chart --password %",
    "curl": "curl -u svc:% https://nexus.internal/",
    "mysql": "mysql -h db -u root -p% shop",
    "xml": "<property><password>%</password></property>",
    "properties": "spring.datasource.password=%",
    "go map": "map[user:svc password:%]",
    "ruby": "{:api_key=>\"%\"}",
    "connection string": "Server=sql;Uid=svc;Pwd=%;Encrypt=true",
    "env list": '{"name":"API_TOKEN","value":"%"}',
    "sentence": "the temporary password is %",
    "german": "Das Passwort lautet %",
    "sql": "ALTER USER svc WITH PASSWORD '%'",
    "netrc": "machine nexus.internal login svc password %",
    "redis": "redis-cli -h cache -a % ping",
    "docker": "docker login -u svc -p % registry.internal",
}  # fmt: skip


def _luhn(digits: str) -> str:
    """The digits with the one that makes them pass."""
    total = sum(sum(divmod(int(each) * (2 - at % 2), 10)) for at, each in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _card(chance: random.Random) -> str:
    prefix, size = chance.choice((("4", 16), ("52", 16), ("2345", 16), ("37", 15), ("6011", 16), ("3530", 16)))
    number = _luhn(prefix + "".join(chance.choice("0123456789") for _ in range(size - len(prefix) - 1)))
    spacer = chance.choice(("", " ", "-"))
    if size == 15:
        return spacer.join((number[:4], number[4:10], number[10:]))
    return spacer.join(number[at : at + 4] for at in range(0, 16, 4))


def _ssn(chance: random.Random) -> str:
    area = chance.choice([each for each in range(1, 900) if each != 666])
    return f"{area:03}-{chance.randint(1, 99):02}-{chance.randint(1, 9999):04}"


def _email(chance: random.Random) -> str:
    user = chance.choice(("anna.schmidt", "j.doe+test", "o_brien", "x1", "maria-luisa"))
    return f"{user}{chance.randint(1, 99)}@{chance.choice(('example.com', 'mail.acme.co.uk', 'uni-x.de', 'acme.io'))}"


def _phone(chance: random.Random) -> str:
    n = chance.randint
    return chance.choice(
        (
            f"+1 {n(201, 989)} {n(200, 999)} {n(0, 9999):04}",
            f"+49 30 {n(1000000, 9999999)}",
            f"+44 20 {n(1000, 9999)} {n(1000, 9999)}",
            f"+91{n(7000000000, 9999999999)}",
            f"({n(201, 989)}) {n(200, 999)}-{n(0, 9999):04}",
            f"{n(201, 989)}-{n(200, 999)}-{n(0, 9999):04}",
            f"+33 6 {n(10, 99)} {n(10, 99)} {n(10, 99)} {n(10, 99)}",
        )
    )


def _iban(chance: random.Random) -> str:
    country, size = chance.choice((("DE", 22), ("FR", 27), ("GB", 22), ("NL", 18)))
    letters = "ABCD" if country in ("GB", "NL") else ""
    bban = letters + "".join(chance.choice("0123456789") for _ in range(size - 4 - len(letters)))
    number = int("".join(str(int(each, 36)) for each in f"{bban}{country}00"))
    whole = f"{country}{98 - number % 97:02}{bban}"
    return whole if chance.random() < 0.5 else " ".join(whole[at : at + 4] for at in range(0, size, 4))


_PERSONAL: dict[str, Callable[[random.Random], str]] = {
    "card": _card, "ssn": _ssn, "email": _email, "phone": _phone, "iban": _iban,
}  # fmt: skip
_LINES = (
    "customer % called twice",
    "INFO o.a.Shop - checkout for % failed",
    '{"level":"info","contact":"%","ok":true}',
    "user=%, attempt=2",
    "order 17: payer is %",
    "sent receipt to %.",
    "value (%) rejected by validation",
)


def _own(chance: random.Random, size: int) -> Iterator[Planted]:
    for at in range(size):
        kind = list(_OWN)[at % len(_OWN)]
        secret = drawn(chance.choice(("{an14}", "{l5}{d3}!{an4}", "{an8}-{an8}", "{u64_32}")), chance).strip("-_")
        yield Planted(kind, _OWN[kind].replace("%", secret), secret)


def _personal(chance: random.Random, size: int) -> Iterator[Planted]:
    for at in range(size):
        kind = list(_PERSONAL)[at % len(_PERSONAL)]
        secret = _PERSONAL[kind](chance)
        yield Planted(kind, chance.choice(_LINES).replace("%", secret), secret)


def _leaks(each: Planted, redactor: Redactor) -> bool:
    out = redactor.text(each.line)
    if "[WITHHELD:" in out:
        return True  # a rule broke: nothing leaks, and nothing was found either
    plain, left = re.sub(r"[ -]", "", each.secret), re.sub(r"[ -]", "", out)
    return each.secret in out or (len(plain) >= 12 and plain[-10:] in left)


def run(seed: int, cases: int) -> Figure:
    """``cases`` tokens of vendors, as many secrets by name and place, and as many pieces of personal data."""
    chance, redactor = random.Random(seed), Redactor()
    told, failures = [], []
    for kind, made in (
        ("vendors", planted(chance, cases)),
        ("own", _own(chance, cases)),
        ("personal", _personal(chance, cases)),
    ):
        missed = Counter(each.vendor for each in made if _leaks(each, redactor))
        share = 1 - missed.total() / cases
        told.append(f"{kind} {share:.4f}")
        if share < LEAST[kind]:
            failures.append(f"{kind}: {share:.4f} is less than {LEAST[kind]}: {dict(missed.most_common(8))}")
    return Figure(3 * cases, f"recall of {cases} each: {', '.join(told)}", tuple(failures))


PROOF = Proof(
    id="F16",
    claim="secrets and personal data go",
    cases=(480, 1200, 6000),
    run=run,
    not_covered="Formats that are not published, and names or words that no rule knows.",
)
