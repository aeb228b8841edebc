"""A name that says "secret" and a value behind it: ``password=x``, JSON, YAML, XML, flags, columns, pairs."""

import re
import string
from collections.abc import Iterator

from safety.detection.encoded import is_user_and_password
from safety.detection.layouts import NEAR, by_column, by_field, by_markup, kind_of
from safety.detection.names import secret_noun
from safety.detection.rule import MARKS, SEEN, Rule, Span, has_digit, is_mixed
from safety.detection.values import (
    Value,
    is_amount,
    is_code,
    is_name,
    is_path,
    is_placeholder,
    is_prose,
    is_quantity,
    is_tag,
    is_telling,
    value_at,
)

_NAME_CHARACTERS = string.ascii_letters + string.digits + "_.$-" + "áéíóúñçãõöäüßøåłęż"
_AFTER = re.compile(r"[\w.-]{0,64}")
# What paints the next words on a terminal.
COLOUR = r"\x1b\[[\d;]{0,12}m"
_PAINTED = re.compile(r"\x1b\[[\d;]{0,12}m")
_SEPARATOR = re.compile(
    rf"(?P<close>(?:\\{{0,15}}[\"'`\])]|&quot;|%22|\\u0022|{COLOUR}){{0,3}})[ \t]{{0,24}}"
    rf"(?P<sign>:=|=>|->|={{1,3}}|:(?!:)|：|%3[AaDd]|\\u003[AaDd])(?P<gap>[ \t]{{0,24}}(?:{COLOUR}|%20|\+(?=%22))?)"
)
_TYPED = re.compile(
    r"(?:Optional\[)?[A-Za-z_][\w.]{0,30}\]?[ ]?=[ ]?(?=[\"'])"
    # A constructor or a conversion around a literal; what fetches a value by its name stays.
    r"|(?:(?!(?i:get|read|load|fetch|find|look|env|param|config|resolve|must|open|file|secret_|var))"
    r"(?:[A-Z][A-Za-z]{2,30}(?:(?:\.|::)(?:from|of|new|valueOf|ofNullable))?|to_?string|str|bytes|string|sensitive|strdup"
    r"|base64_?encode|b64encode|quote)\([ ]?){1,2}(?=[\"'])"
    r"|\([a-z]{1,12}\)[ ](?:\(len=\d{1,6}\)[ ])?(?=[\"'])|string\(\d{1,6}\)[ ](?=[\"'])"
)
# "old" -> "new", as the plan of a change shows it.
_CHANGED = re.compile(
    r"(?P<quote>[\"'])[^\"'\n]{0,256}(?P=quote)[ ]{0,4}[-=]>[ ]{0,4}(?P=quote)(?P<value>[^\"'\n]{1,256})(?P=quote)"
)
_CODED = re.compile(r"(?P<quote>%22|\\u0022|&quot;|&#34;|&#x27;|&#39;)(?P<value>.{1,512}?)(?P=quote)")
_OUTPUT = re.compile(r"\{[^{}\n]{0,200}?\"value\"[ ]?:[ ]?\"(?P<value>[^\"\n]{1,512})\"")
# After "token" without a sign between: nothing but what a generator makes.
_DRAWN = re.compile(r"[ ]{1,2}[\"'`]?(?P<value>[A-Za-z0-9_+/-]{20,512}={0,2})(?![\w.])")
_DEFAULT = re.compile(r":?[-=](?P<value>[^{}\s\"']{1,256})\}")
_OTHERWISE = re.compile(r"\|[ ]?default[ ][\"'](?P<value>[^\"'\n]{1,256})[\"']")
_SPACED = re.compile(
    r"[\"']?(?:[ \t]{1,8}|[\"'][ ]?,[ ]?[\"'])(?P<value>\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|(?:[^\s\"',;)\]]|(?<=\w)[',;](?=[\w!#$%])){1,512})"
)
_BRACKETED = re.compile(r"\[(?P<value>[^\s\[\]\"':]{5,128})\]")
_SQL = re.compile(r"[ ]{1,4}(?P<quote>['\"])(?P<value>[^'\"\n]{1,256})(?P=quote)")
_BARE = re.compile(rf"[ \t]{{1,4}}(?P<value>[^\s\"'`,;:()\[\]{{}}<>={MARKS}]{{4,128}})")
_LIST = re.compile(r"\[[ ]?[\"'][^\]\n]{1,2000}[\"'][ ]?\]")
_FAULTY = re.compile(
    r"(?i)\b(?:unexpected|invalid|illegal|missing|expected|reserved|unknown|syntax|no|bad|next|unrecognized|stray)[ ]\Z"
)
_SESSION = re.compile(r"(?=[^\s]*[A-Za-z])(?=[^\s]*\d)[\w%.:+/=-]{12,512}")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORDS = (
    "password|passwd|passphrase|passcode|passwort|kennwort|pwd|secret|token|credential|apikey|api_key|api-key|api.key|accesskey|access_key"
    "|access-key|access.key|privatekey|private_key|private-key|private.key|authkey|auth_key|auth-key|encryption_key|encryption-key|encryptionkey|encryption.key"
    "|signing_key|signing-key|signingkey|master_key|masterkey|master-key|shared_key|sharedkey|storage_key|account_key|accountkey|client_key"
    "|client-key|clientkey|certificate-key|certificate_key|certificatekey|deploy_key|deploykey|license_key|licensekey|license-key|app_key|appkey|application_key|service_key|admin_key|fastly-key"
    "|host_key|session_key|root_key|_key_base|jwt_key|hmac_key|webhook_key|ssh_key|ssl_key|tls_key|write_key|writekey|ingest_key|x-auth-key|consumer_key|global_key|fernet_key"
    "|subscription-key|subscription_key|subscriptionkey|functions-key|security_key|securitykey|cookie_key|dd_key|openai_key|stripe_key|presharedkey|datadog_key|sendgrid_key|integration_key|recovery_key|recovery-key"
    "|senha|contraseña|contrasena|motdepasse|wachtwoord|lösenord|hasło|пароль|şifre|clave|requirepass|masterauth|userpass"
    '|_pass|-pass|.pass|pass=|pass:|pass"|pass\'|pass =|pass :|passw|pw=|pw:|pw"|pw =|psw|_pw|psk=|psk:|_psk|psk"|"auth"|_auth|auth:|creds|cred=|cred:|cred"|_cred|jwt=|jwt:|jwt"'
    '|sessid|session_id|sessionid|session-id|connect.sid|sid=|identitytoken|"pin"|pin=|pin:|_pin|otp=|otp:|otp"|_otp|cvv|cvc'
)


def _name_around(line: str, start: int, end: int) -> tuple[int, int]:
    """Where the whole name begins and ends that the word is part of."""
    before = line[max(0, start - 64) : start]
    after = _AFTER.match(line, end)
    low = start - len(before) + len(before.rstrip(_NAME_CHARACTERS))
    high = after.end() if after else end
    while low < start and line[low] in "-.$":
        low += 1
    if low >= 2 and line[low - 1] == "\\" and line[low] in "nrt":
        low += 1  # the end of an escape, as in \nPASSWORD
    while high > end and line[high - 1] in ".-":
        high -= 1
    painted = _PAINTED.search(line, max(0, low - 12), high)
    if painted is not None and painted.end() <= start:
        low = max(low, painted.end())
    return low, high


def _assigned(line: str, start: int, end: int) -> Iterator[Span]:
    if line[start] in "_-." and end - start <= 6:
        start += 1
    end = start + len(line[start:end].rstrip("=: \"'"))
    low, high = _name_around(line, start, end)
    name = line[low:high]
    yield Span(high, high, SEEN, 9)
    noun = secret_noun(name)
    if noun is None:
        return
    if line[low - 2 : low] == "${":
        yield from _otherwise(line, _DEFAULT.match(line, high))
        return
    for look in (_by_separator, _by_flag, by_markup, by_field, by_column, _by_words):
        span = look(line, low, high, noun)
        if span is not None:
            yield span
            break
    yield from _changed(line, high)


def _otherwise(line: str, match: re.Match[str] | None) -> Iterator[Span]:
    """``${DB_PASSWORD:-x}``: what a variable or a template is without anything set."""
    if match is not None and is_telling(match["value"]) and is_mixed(match["value"]):
        yield Span(match.start("value"), match.end("value"), "SECRET", 6)


def _changed(line: str, high: int) -> Iterator[Span]:
    """The second of two values with an arrow between them."""
    sign = _SEPARATOR.match(line, high)
    both = _CHANGED.match(line, sign.end()) if sign else None
    if both is not None and not is_placeholder(both["value"]):
        yield Span(both.start("value"), both.end("value"), "SECRET", 6)


def _by_separator(line: str, low: int, high: int, noun: str) -> Span | None:
    sign = _SEPARATOR.match(line, high)
    if sign is None:
        return None
    at = sign.end()
    typed = _TYPED.match(line, at)
    value = value_at(line, typed.end() if typed else at)
    special = _in_code(line, at, value)
    if special is not None:
        return Span(*special, kind_of(noun), 6)
    if value is None:
        return (_listed(line, at) or _put_out(line, at) or _goes_on_below(line, sign)) if noun != "credential" else None
    if value.opens_block:
        return Span(value.end, value.end, "BLOCK", 9)
    if not value.is_quoted and sign["sign"] == ":" and sign["gap"]:
        value = _whole_line(line, low, value)
    if _is_harmless(line, (low, high), noun, sign, value):
        return None
    return Span(value.start, value.end, kind_of(noun), 6)


def _in_code(line: str, at: int, value: Value | None) -> tuple[int, int] | None:
    """Where the value stands in quotes of another encoding, or is what a template has otherwise."""
    coded = _CODED.match(line, at)
    if coded is not None:
        return None if is_placeholder(coded["value"]) else coded.span("value")
    otherwise = _OTHERWISE.search(value.text) if value is not None and value.text.startswith("{{") else None
    if value is None or otherwise is None or is_placeholder(otherwise["value"]):
        return None
    return value.start + otherwise.start("value"), value.start + otherwise.end("value")


def _goes_on_below(line: str, sign: re.Match[str]) -> Span | None:
    is_open = sign["sign"] == "=>" and not line[sign.end() : sign.end() + NEAR].strip()
    return Span(len(line), len(line), "FIELD", 9) if is_open else None


def _whole_line(line: str, low: int, value: Value) -> Value:
    """A password of several words is the rest of its line in YAML."""
    if low > NEAR or len(line) - value.start > 2 * NEAR:
        return value
    rest = line[value.start : value.start + 2 * NEAR].rstrip()
    if (
        line[:low].strip(" \t-\"'")
        or " #" in rest
        or not 2 <= len(rest.split()) <= 7
        or re.search(r"[\w.-][=:]|[\"'\\{}\[\](),;]", rest)
    ):
        return value
    return Value(value.start, value.start + len(rest), rest)


def _listed(line: str, at: int) -> Span | None:
    """All members of ``["a", "b"]``."""
    listed = _LIST.match(line, at)
    if listed is None or is_placeholder(listed[0].strip("[]\"' ")):
        return None
    return Span(listed.start() + 1, listed.end() - 1, "SECRET", 6)


def _put_out(line: str, at: int) -> Span | None:
    """``{"sensitive": true, "type": "string", "value": "x"}``, as ``terraform output -json`` has it."""
    match = _OUTPUT.match(line, at)
    if match is None or is_placeholder(match["value"]):
        return None
    return Span(match.start("value"), match.end("value"), "SECRET", 6)


def _is_harmless(line: str, name: tuple[int, int], noun: str, sign: re.Match[str], value: Value) -> bool:
    text = value.text
    if is_placeholder(text) or _is_looked_up(sign, value) or is_quantity(line, value.start):
        return True
    if noun in ("session", "auth", "pin"):
        return _is_no_credential(noun, text) and not ("auths" in line and is_mixed(text))
    if _is_sentence(line, name, sign, value) or _is_image(line, name, sign, text):
        return True
    written = line[name[0] : name[1]]
    if noun != "password" and (is_path(text) or _names_an_object(written, text)):
        return True
    if written == "PASS" and _TEST.fullmatch(text):
        return True
    if written.lower() in ("pwd", "oldpwd") and text.startswith(("/", "~")):
        return True
    if noun == "token" and re.fullmatch(r"[\d.,]{1,9}", text):
        return True
    return noun == "pass" and (is_amount(text) or is_path(text)) and not value.is_quoted


def _is_looked_up(sign: re.Match[str], value: Value) -> bool:
    """An expression that fetches it, a file beside, or another variable that it is compared with."""
    text = value.text
    if text.startswith(("./", "../")) and is_path(text):
        return True
    if value.is_quoted:
        return False
    is_compared = sign["sign"] in ("==", "===") and text.strip(":)").isidentifier() and not has_digit(text)
    return is_compared or is_code(text)


_OBJECTS = frozenset({"secret", "token", "credential", "credentials", "secrets"})
# Fields of charts and operators that take the name of a Secret, never what is in it.
_OBJECT_FIELDS = re.compile(r"(?i)(?:[\w.]*[._-])?(?:existing|credentials?|tls|pull|cert|certificate|ca)[_-]?secrets?")
_TEST = re.compile(r"(?:Test|Benchmark|Example|Fuzz)[A-Z_][\w/]*")


def _names_an_object(written: str, text: str) -> bool:
    if _OBJECT_FIELDS.fullmatch(written) or (written.lower().endswith("secret") and secret_noun(written[:-6])):
        return is_name(text) or (text.isalpha() and text.islower())
    return is_name(text) and written.lower() in _OBJECTS


def _is_no_credential(noun: str, text: str) -> bool:
    if noun == "auth":
        return not is_user_and_password(text)
    if noun == "pin":
        return re.fullmatch(r"\d{3,12}", text) is None
    return _SESSION.fullmatch(text) is None or text.lower().startswith("0x") or _UUID.fullmatch(text) is not None


def _is_sentence(line: str, name: tuple[int, int], sign: re.Match[str], value: Value) -> bool:
    if sign["sign"] not in (":", "：", "->") or not (sign["gap"] or value.is_quoted):
        return False
    text = value.text
    if is_prose(text) and not (value.is_quoted and has_digit(text)):
        return True
    before = line[max(0, name[0] - 16) : name[0]]
    if _FAULTY.search(before):
        return len(text) < 12 or not is_mixed(text)
    rest = line[value.end : value.end + NEAR].strip(" .,\"'`)")
    is_bare = not value.is_quoted and not sign["close"]
    return bool(is_bare and before.strip() and rest and not is_telling(text) and re.match(r"[A-Za-z]", rest))


def _is_image(line: str, name: tuple[int, int], sign: re.Match[str], text: str) -> bool:
    """``repo/auth-token:latest``, ``secret:prod/db`` in an ARN, or the last part of a path with a status behind it."""
    before = line[name[0] - 1 : name[0]]
    written = line[name[0] : name[1]]
    if sign["sign"] != ":" or sign["close"]:
        return False
    if before == "/" and (is_tag(text) or sign["gap"]):
        return True
    if not sign["gap"] and "-" in written and is_tag(text):
        return True
    return before == ":" and not sign["gap"]


def _by_flag(line: str, low: int, high: int, noun: str) -> Span | None:
    """``--password x`` and ``"--password", "x"``."""
    if line[max(0, low - 2) : low] != "--" and not (
        line[low - 1 : low] == "-" and line[low - 2 : low - 1] in (" ", "", '"')
    ):
        return None
    if _is_whole_item(line, low, high) and noun not in ("session", "auth"):
        return Span(len(line), len(line), "ITEM", 9)
    found = _SPACED.match(line, high)
    if found is None or noun in ("session", "auth"):
        return None
    text = found["value"].strip("\"'")
    if (
        text.startswith("-")
        or is_placeholder(text)
        or (is_prose(text) and text.islower())
        or (noun != "password" and is_path(text))
        or _is_metavariable(line[low:high], text)
    ):
        return None
    at = found.start("value") + found["value"].find(text)
    return Span(at, at + len(text), kind_of(noun), 6)


def _is_whole_item(line: str, low: int, high: int) -> bool:
    """``- --api-key`` or ``"--api-key",`` alone in a line: its value is the next item of the list."""
    before, after = line[:low].strip(" \t"), line[high:].strip(" \t\r")
    return (before in ("- --", "- -", '- "--', "- '--", '"--') or before == '- "-') and after in ("", '"', "'", '",')


def _is_metavariable(name: str, text: str) -> bool:
    """``--db-password PASSWORD``, as the usage of a program shows it."""
    return text.isupper() and name.upper().replace("-", "_").endswith(text)


def _by_words(line: str, low: int, high: int, noun: str) -> Span | None:
    """``PASSWORD 'x'`` of SQL, and ``password hunter2`` where nobody would write such a word in a sentence."""
    if noun in ("token", "key", "secret"):
        return _drawn(line, high)
    if noun != "password" or line[low - 1 : low] == "/":  # the last part of a path
        return None
    bracketed = _BRACKETED.match(line, high)
    if bracketed is not None and is_telling(bracketed["value"]) and not is_placeholder(bracketed["value"]):
        return Span(bracketed.start("value"), bracketed.end("value"), "PASSWORD", 6)
    sql = _SQL.match(line, high)
    if sql is not None:
        plain = is_placeholder(sql["value"]) or is_prose(sql["value"])
        return None if plain else Span(sql.start("value"), sql.end("value"), "PASSWORD", 6)
    word = _BARE.match(line, high)
    if word is None:
        return None
    text = word["value"].rstrip(".,;!")
    strong = is_mixed(text) and not is_name(text) and not is_path(text) and not is_amount(text) and not is_code(text)
    if (
        not strong
        or is_placeholder(text)
        or (re.fullmatch(r"[a-z]+[\d.]{1,3}|v[\d.]+|[\w.-]+\(\)|[A-Z_]+\d?", text) and not _netrc(line))
    ):
        return None
    return Span(word.start("value"), word.start("value") + len(text), "PASSWORD", 6)


def _drawn(line: str, high: int) -> Span | None:
    match = _DRAWN.match(line, high)
    if match is None:
        return None
    text = match["value"]
    is_random = has_digit(text) and text.lower() != text != text.upper() and not is_name(text) and not is_path(text)
    return Span(match.start("value"), match.end("value"), "SECRET", 7) if is_random else None


def _netrc(line: str) -> bool:
    return re.search(r"\b(?:machine|login|user|username|default)[ \t]+\S", line) is not None


ASSIGNMENTS: tuple[Rule, ...] = (Rule("SECRET", tuple(_WORDS.split("|")), _assigned),)
