"""Whether a name, such as ``DB_PASSWORD`` or ``tokenCount``, says that what stands under it is secret."""

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![^\W\d_A-Z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W\d_]+")

NOUNS = (
    "password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "pwd", "secret", "token", "credential",
    "apikey", "authkey", "accesskey", "secretkey", "privatekey", "appkey", "authtoken", "senha", "contraseña",
    "contrasena", "motdepasse", "wachtwoord", "lösenord", "hasło", "пароль", "парол", "şifre",
)  # fmt: skip
# A "key" is a secret only with one of these before it; there are also primary keys, keys of a map and routing keys.
_KEYS = frozenset(
    """
    api app application certificate access account auth authentication authorization encryption master private shared signing
    signature storage deploy client security license service admin function functions subscription crypto cipher aes hmac ssh
    webhook write ingest server sdk host hostkey bot rsa ecdsa ed25519 ec tls ssl jwt session cookie decrypt decryption
    encrypt symmetric secret pre psk wifi wpa data gcp aws azure openai stripe datadog dd sendgrid mailgun algolia
    newrelic cloudflare fastly twilio pagerduty ops sentry github gitlab anthropic consumer merchant root global fernet
    preshared personal user team org live rest x integration recovery seed
    """.split()  # noqa: SIM905 - as words they can be read
)
_HARMLESS = frozenset(
    """
    name names ref refs keyref file files filename path paths dir directory type types count counts limit limits len
    length size min max expir expire expires expired expiry expiration expiring ttl seconds secs sec ms millis minutes
    backend backends hasher hashers engine driver algorithm algo scheme validator validators encoder manager class
    hours days age policy policies rotation rotated version versions store provider endpoint url uri urls usage used
    budget source mount mounts namespace manager enabled disabled required status valid validity validation error errors
    per in out bucket issuer audience review reviews id ids format field fields label labels header column prompt hint
    strength attempts attempt retries changed updated created at timeout interval class engine scope scopes lifetime
    duration algorithm algo method kind mode rate cost total remaining estimate window buffer cache request requests
    response service server controller operator exchange service_account serviceaccount account_name arn template
    projection annotation selector syncer reflector sync synced recovery_window reset resets based auth_enabled grant
    flow hashed_with index map mapping list group owner project volume generator getter handler factory util utils test
    tests spec specs config configs settings options option params docs page login form input validator requirements
    requirement rule rules needed missing invalid stream counter metric metrics bytes chars characters budget_tokens
    replica sources lookup provided supplied set present exists configured loaded found
    """.split()  # noqa: SIM905 - as words they can be read
)
# After "-", "." or in camelCase only these go on naming a secret: token-service and passwordPolicy do not.
_TAILS = frozenset(
    """
    value val values hash hashes key keys text plain plaintext string base64 b64 data old new current previous next hex
    raw salt base encoded digest s primary secondary prod production dev staging live test readonly rw ro admin root
    user confirm confirmation again repeat hint1 v1 v2 id2 access refresh auth pair
    """.split()  # noqa: SIM905 - as words they can be read
)
_COUNTED = frozenset(
    """
    max min num number total input output prompt completion used remaining cached per count n bytes reasoning context
    """.split()  # noqa: SIM905 - as words they can be read
)
# What is called a token and opens nothing: places in a list, words of a parser, turns in a protocol.
_OTHER_TOKENS = frozenset(
    """
    page next continue continuation pagination sync cursor resume fencing lock unexpected invalid illegal eos bos pad
    special stop design syntax cancellation cancel watch progress ring start end
    """.split()  # noqa: SIM905 - as words they can be read
)
_SINGLE = {"pass": "pass", "pw": "pass", "passw": "pass", "psw": "pass", "pin": "pin", "otp": "pin", "cvv": "pin", "cvc": "pin",
           "auth": "auth", "creds": "secret", "cred": "secret", "psk": "secret", "jwt": "token", "sid": "session",
           "sessid": "session", "jsessionid": "session", "phpsessid": "session", "sessionid": "session", "identitytoken": "token",
           "requirepass": "password", "bindpw": "password", "rootpw": "password", "masterauth": "password", "userpass": "password", "clave": "password", "mdp": "password"}  # fmt: skip


@lru_cache(maxsize=8192)
def secret_noun(name: str) -> str | None:
    """What kind of secret the name speaks of (``password``, ``token``, ``key``, ``pin`` …), or None if of none."""
    words = [(match[0].lower(), name[match.start() - 1 : match.start()]) for match in _WORDS.finditer(name)]
    for at in range(len(words) - 1, -1, -1):
        found = _noun_of(words, at)
        if found is None:
            continue
        noun, rest = found
        heads = [word for word, _ in words[:at]]
        tails = ([(rest, "")] if rest else []) + words[at + 1 :]
        return noun if _goes_on(noun, tails) and not _other(noun, heads, rest) else None
    return None


def _noun_of(words: list[tuple[str, str]], at: int) -> tuple[str, str] | None:
    """The noun that this word holds, and what of the word comes after it."""
    word = words[at][0]
    before = words[at - 1][0] if at else ""
    if word in ("key", "keys") and at and before in _KEYS:
        return "key", word[3:]
    if word in _SINGLE and (len(words) == at + 1 or _SINGLE[word] not in ("auth", "session")):
        return _SINGLE[word], ""
    if word in ("id", "sid") and before in ("session", "sess", "connect"):
        return "session", ""
    for noun in NOUNS:
        start = word.find(noun)
        if start >= 0:
            return _plain_noun(noun), word[start + len(noun) :]
    if word.endswith(("pass", "passw", "passwrd")) and word not in (
        "bypass",
        "compass",
        "trespass",
        "encompass",
        "surpass",
    ):
        return ("pass", "") if len(word) <= 10 else None
    return None


def _plain_noun(noun: str) -> str:
    if noun.endswith("key"):
        return "key"
    if noun.endswith("token"):
        return "token"
    return noun if noun in ("secret", "credential") else "password"


def _goes_on(noun: str, tails: list[tuple[str, str]]) -> bool:
    """Whether the words after the noun leave it a secret."""
    words = [word for word, _ in tails]
    if noun == "secret" and words[:1] == ["id"]:
        return True
    if noun in ("password", "pass", "key") and words[:1] == ["id"]:
        return False
    if any(word in _HARMLESS for word in words if word not in ("s", "for")):
        return False
    return all(
        word in _TAILS or word.isdigit() or joined == "_" or (joined == "-" and word in _TAILS)
        for word, joined in tails
    )


def _other(noun: str, heads: list[str], rest: str) -> bool:
    if noun == "secret" and rest == "s":
        return True  # imagePullSecrets and its like name objects
    if noun != "token" or not heads:
        return False
    if rest == "s" and any(word in _COUNTED for word in heads):
        return True
    return heads[-1] in _OTHER_TOKENS or heads[0] in _OTHER_TOKENS


def names_a_secret(name: str) -> bool:
    """Whether what stands under this name is to be kept secret, such as ``DB_PASSWORD``."""
    return secret_noun(name) in ("password", "pass", "secret", "token", "credential", "key")
