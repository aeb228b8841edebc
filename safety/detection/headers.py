"""Credentials on the wire and on command lines: headers, cookies, addresses with passwords, signed links, flags."""

import re
from collections.abc import Iterable, Iterator

from safety.detection.encoded import is_user_and_password
from safety.detection.rule import SEEN, Rule, Span, compiled, has_digit, is_mixed, run_on
from safety.detection.values import is_code, is_path, is_placeholder, is_prose

_REACH = 640
# "token_type=bearer expires_in=3600": the next field of a line, not a token.
_NEXT_FIELD = re.compile(r"[a-z]{2,12}(?:_[a-z]{2,12})*=[^=]")


def _rule(kind: str, words: str, pattern: str, back: int = 0, spares: str = "") -> Rule:
    """Every group that took part goes, unless it is a placeholder or a check of this name spares it."""
    made = compiled(pattern)

    def find(line: str, start: int, end: int) -> Iterator[Span]:
        low = max(0, start - back)
        window = line[low : end + _REACH]
        match = made.search(window) if back else made.match(window)
        if match is None or not match.start() <= end - low:
            return
        for at in range(1, made.groups + 1):
            text = match[at]
            if text and not is_placeholder(text) and not (spares and _SPARES[spares](text)):
                yield Span(low + match.start(at), run_on(line, low + match.end(at), low + len(window)), kind, 4)

    return Rule(kind, tuple(each.replace("\t", " ") for each in words.split(" ")), find)


def _is_short_word(text: str) -> bool:
    return (len(text) < 24 and not has_digit(text)) or len(text) < 8 or _NEXT_FIELD.match(text) is not None


def _is_not_basic(text: str) -> bool:
    return not is_user_and_password(text)


def _is_no_password(text: str) -> bool:
    return is_placeholder(text) or is_path(text) or is_code(text)


def _is_plain_user(text: str) -> bool:
    """In front of ``@`` alone: a user's name stays, what looks like a token goes."""
    return len(text) < 20 or not is_mixed(text)


def _is_no_code(text: str) -> bool:
    return not is_mixed(text)


def _is_scheme_word(text: str) -> bool:
    return is_prose(text) or (len(text) < 16 and not has_digit(text)) or text.lower().startswith(("realm", "error"))


_SPARES = {
    "word": _is_short_word,
    "basic": _is_not_basic,
    "password": _is_no_password,
    "user": _is_plain_user,
    "code": _is_no_code,
    "scheme": _is_scheme_word,
}

_ATTRIBUTES = frozenset(
    [
        "path",
        "domain",
        "expires",
        "max-age",
        "samesite",
        "secure",
        "httponly",
        "version",
        "comment",
        "priority",
        "partitioned",
    ]
)
_COOKIE = re.compile(
    r"(?i)(?:set-)?cookie2?s?[\"'\\\]]{0,4}[ \t]{0,8}[:=][ \t\"'\\\[]{0,8}(?P<all>[\w.%-]{1,128}=[^\r\n\"'\\\]]{2,4096})"
)
_CRUMB = re.compile(r"(?P<name>[^=;,\s]{1,128})=(?P<value>[^;\s]{1,4096})")


def _cookies(line: str, start: int, _end: int) -> Iterator[Span]:
    """Values of cookies; of Set-Cookie the attributes stay."""
    low = start - 4 if line[max(0, start - 4) : start].lower() == "set-" else start
    match = _COOKIE.match(line, low, start + 4256)
    if match is None:
        return
    yield Span(match.end(), match.end(), SEEN, 9)
    for crumb in _CRUMB.finditer(match["all"]):
        name, value = crumb["name"].strip().lower(), crumb["value"]
        if name not in _ATTRIBUTES and not is_placeholder(value) and not _is_taste(name, value):
            at = match.start("all") + crumb.start("value")
            yield Span(at, at + len(crumb["value"].rstrip(",;")), "COOKIE", 4)


_LETS_IN = re.compile(r"sess|sid|auth|tok|pass|secret|jwt|csrf|xsrf|login|user|remember")


def _is_taste(name: str, value: str) -> bool:
    """What a visitor chose, such as ``dark`` or ``en``: too short and too plain to let anybody in."""
    if _LETS_IN.search(name):
        return False
    return len(value) <= 6 and ((value.isalpha() and value.islower()) or (value.isdigit() and len(value) <= 2))


_USERINFO = compiled(
    r"(?i)^:(?:\\?/){2}(?:[^\s/:@\"'<>,;(){}?#\[\]]{0,128}:([^\s\"'<>`]{1,256})|([A-Za-z0-9_.~%-]{16,256}))@[A-Za-z0-9\[_$%{(.-]"
)
_USERINFO_PLAIN = compiled(
    r"(?i)^:(?:\\?/){2}[^\s/:@\"'<>]{0,128}:((?:[^\s/\"'<>@`]|'[A-Za-z0-9!#$%^&*._~-]){1,256}(?:@[^\s/\"'<>@`?&=,]{1,128}){0,4})@"
)


def _userinfo(line: str, start: int, _end: int) -> Iterator[Span]:
    """``scheme://user:password@host``; a lone user stays unless it looks like a token."""
    behind = line[max(0, start - 400) : start]
    scheme = max(behind.rfind("://"), behind.rfind(":\\/\\/"))
    if scheme < 0 or any(each.isspace() for each in behind[scheme:]):
        return
    start += scheme - len(behind)
    window = line[start : start + 800]
    plain = _USERINFO_PLAIN.match(window)
    match = plain or _USERINFO.match(window)
    if match is None:
        return
    # The first group is the password, the second a user who stands alone.
    if plain is None and match[2]:
        if not _is_plain_user(match[2]):
            yield Span(start + match.start(2), start + match.end(2), "URL_PASSWORD", 5)
        return
    text = match[1]
    if not text or is_placeholder(text) or is_code(text) or _is_port_and_path(text):
        return
    # With further passwords behind it the greedy match may hold several addresses: then only the first is taken.
    yield Span(start + match.start(1), start + match.end(1), "URL_PASSWORD", 5)


def _is_port_and_path(text: str) -> bool:
    return re.match(r"\d{1,5}(?:[/?#,]|$)", text) is not None


_USER_FLAG = re.compile(
    r"(?:(?<![\w-])(?:-u|--user|--proxy-user|-U|--basic|--creds|--auth|-auth)[ =]{0,8}[\"']?[\w.@\\+-]{1,64}:)(?P<value>[^\s\"']{1,256})"
)
_CLIENTS = re.compile(
    r"(?:^|[\s/\"'`;|&(])(?:mysql|mysqldump|mysqladmin|mysqlimport|mysqlcheck|mariadb|mariadb-dump|mongo|mongosh|mongodump|mongorestore|cypher-shell|vsql|isql|bcp|cqlsh|influx|ldapsearch|ldapmodify|ldapadd|smbclient|sshpass|sqlcmd|docker|podman|helm|nerdctl|skopeo|az|redis-cli|keydb-cli|valkey-cli|htpasswd|zip|unzip|7z|rar|pdftk|net|winexe|impacket-\w+|kinit|ansible-playbook|mosquitto_pub|mosquitto_sub|psql|exp|imp|sqlplus|rclone|curl|wget|snmpwalk|ipmitool|xfreerdp|rdesktop|vncviewer|openssl|mount\.cifs)\b"
)
_SHORT = {
    "mysql": r"-p(?P<value>[^\s\"']{1,128}|\"[^\"\n]{1,128}\"|'[^'\n]{1,128}')",
    "spaced": r"-[pP][ ]+[\"']?(?P<value>[^\s\"'-][^\s\"']{0,127})",
    "ldap": r"-w[ ]+[\"']?(?P<value>[^\s\"'-][^\s\"']{0,127})",
    "redis": r"(?:-a|--pass)[ =]+[\"']?(?P<value>[^\s\"'-][^\s\"']{0,127})",
    "sshpass": r"-p[ ]?[\"']?(?P<value>[^\s\"'-][^\s\"']{0,127})",
    "openssl": r"-[kK][ ]+[\"']?(?P<value>[^\s\"'-][^\s\"']{0,127})",
    "smb": r"-U[ ]?[\"']?[\w.@\\/-]{1,64}%(?P<value>[^\s\"']{1,128})",
    "oracle": r"[\w$]{1,30}/[\"']?(?P<value>[^\s/@\"']{3,64})[\"']?@",
}
_FLAGS_OF = {
    "mysql": "mysql", "mysqldump": "mysql", "mysqladmin": "mysql", "mysqlimport": "mysql", "mysqlcheck": "mysql",
    "mariadb": "mysql", "mariadb-dump": "mysql", "mongo": "spaced", "mongosh": "spaced", "mongodump": "spaced",
    "mongorestore": "spaced", "cypher-shell": "spaced", "isql": "spaced", "bcp": "spaced", "sqlcmd": "spaced", "cqlsh": "spaced",
    "docker": "spaced", "podman": "spaced", "helm": "spaced", "nerdctl": "spaced", "az": "spaced", "ipmitool": "spaced", "mosquitto_pub": "spaced",
    "mosquitto_sub": "spaced", "unzip": "spaced", "zip": "spaced", "7z": "mysql", "rar": "mysql", "ldapsearch": "ldap", "ldapmodify": "ldap", "ldapadd": "ldap", "vsql": "ldap",
    "redis-cli": "redis", "keydb-cli": "redis", "valkey-cli": "redis", "sshpass": "sshpass", "sqlplus": "oracle", "exp": "oracle", "imp": "oracle", "snmpwalk": "spaced", "openssl": "openssl", "smbclient": "smb",
}  # fmt: skip
_SHORT_FLAGS = {name: re.compile(rf"(?<![\w-]){pattern}") for name, pattern in _SHORT.items()}
_LOGIN_ONLY = frozenset({"docker", "podman", "helm", "nerdctl", "az"})


def _short_flags(line: str, start: int, end: int) -> Iterator[Span]:
    """``mysql -psecret``, ``redis-cli -a secret``, ``sshpass -p secret``: what ``-p`` means depends on the program."""
    program = _CLIENTS.match(line, max(0, start - 1)) or _CLIENTS.match(line, start)
    name = line[start:end].strip().lower() if program is None else program[0].strip(" \t/\"'`;|&(")
    form = _FLAGS_OF.get(name)
    if form is None or (name in _LOGIN_ONLY and " login" not in line[end : end + 60]):
        return
    stretch = line[end : end + 600]
    cut = re.search(r"[|;&\n](?=\s|$)", stretch)
    for match in _SHORT_FLAGS[form].finditer(stretch[: cut.start()] if cut else stretch):
        text = match["value"].strip("\"'")
        is_port = form in ("spaced", "mysql") and (
            (text.isdigit() and name not in ("mysql", "mariadb")) or text in ("ort", "ath")
        )
        if not is_placeholder(text) and not is_port and not is_code(text):
            at = end + match.start("value") + match["value"].find(text)
            yield Span(at, at + len(text), "PASSWORD", 4)


def _user_flag(line: str, start: int, _end: int) -> Iterator[Span]:
    match = _USER_FLAG.search(line, max(0, start - 1), start + 400)
    if match is None or match.start() > start + 1 or is_placeholder(match["value"]):
        return
    if not re.fullmatch(r"\d{1,5}", match["value"]):  # two numbers are a user and a group
        yield Span(match.start("value"), match.end("value"), "PASSWORD", 4)


def _programs() -> Iterable[str]:
    return [each for each in _FLAGS_OF if len(each) >= 5] + ["imp ", "exp "]


HEADERS: tuple[Rule, ...] = (
    _rule(
        "AUTHORIZATION",
        "authorization",
        r"(?i)authorization[\"'\\\]\s]{0,8}(?:[:=,]|\\u003[ad])[\s\"'\\\[]{0,8}"
        r"(?:bearer|basic|token|digest|negotiate|ntlm|api-?key|bot|key|ssws|splunk|geniekey|apitoken|jwt|oauth|hmac|sso-key|privatetoken|x-api-key)[: \t]{1,8}"
        r"(?:token=|key=)?[\"'\\]{0,4}([^\s\"'\\,\]}]+)",
        spares="scheme",
    ),
    _rule("AUTHORIZATION", "authorization", r"(?i)authorization[\"'\\\]]{0,8}[ \t]{0,4}[:=][ \t\"'\\\[]{0,8}([A-Za-z0-9+/_.=~-]{16,})", spares="code"),
    _rule("AUTHORIZATION", "aws4-hmac-sha256", r"(?i)aws4-hmac-sha256[, ]{1,4}credential=([A-Z0-9]{16,24})/[^\s]{1,200}?[, ]{1,4}signature=([0-9a-f]{32,})"),
    _rule("DIGEST", "digest", r"(?i)digest[ ]{1,4}[a-z]{2,12}=[^\n]{1,560}?response=[\"\\]{0,4}([0-9a-z]{16,})"),
    _rule("BEARER", "bearer", r"(?i)bearer(?:[ \t]{1,8}|%20|\\u0020|\+)[\"'<]{0,2}([A-Za-z0-9._~+/=|:-]{8,})", spares="word"),
    _rule("BASIC", "basic", r"(?i)basic(?:[ \t]{1,8}|%20)([A-Za-z0-9+/_-]{6,}={0,2})", spares="basic"),
    _rule("SIGNED_URL", "sig= signature=", r"(?i)(?:signature|sig)=([^&\s\"'<>\\;]{16,})", spares="code"),
    _rule("SIGNED_URL", "x-amz-credential=", r"(?i)x-amz-credential=([A-Za-z0-9]{16,})"),
    _rule("OAUTH_CODE", "code=", r"(?i)code=([A-Za-z0-9._~%/-]{16,})", spares="code"),
    _rule("SAML", "samlresponse samlrequest samlart assertion=", r"(?i)(?:samlresponse|samlrequest|samlart|assertion)[\"']{0,2}[=:][ \"']{0,3}([A-Za-z0-9+/=%_.-]{24,})"),
    _rule("OAUTH_CODE", "code_verifier device_code user_code auth_code authorization_code", r"(?i)(?:code_verifier|device_code|user_code|auth_code|authorization_code)[\"']{0,2}[=:][ \"']{0,3}([A-Za-z0-9._~-]{8,})", spares="code"),
    _rule("OTP_SEED", "otpauth://", r"(?i)otpauth://[^\s?]{1,200}\?[^\s]{0,200}?secret=([A-Z2-7]{8,})"),
    _rule("PASSWORD", "identified", r"(?i)identified[ ]{1,4}(?:with[ ]{1,4}['\"\w]{1,40}[ ]{1,4})?(?:by|as)[ ]{1,4}(?:password[ ]{1,4})?['\"]([^'\"\n]{1,256})['\"]"),
    _rule("PASSWORD", "pass:", r"(?i)pass:([^\s\"':,]{4,128})", spares="password"),
    _rule("PASSWORD", "storepass keypass", r"(?i)(?:storepass|keypass)(?::env)?[ =]{1,4}[\"']?([^\s\"'-][^\s\"']{2,127})", spares="password"),
    _rule("PASSWORD", "requirepass masterauth", r"(?i)(?:requirepass|masterauth)[ =\"']{1,4}([^\s\"']{3,256})", spares="password"),
    _rule("PASSWORD", "chpasswd", r"(?i)[\w-]{1,32}:([^\s:|\"']{4,128})[\"']?[ ]?\|[ ]?(?:sudo )?chpasswd", back=200),
    _rule("URL_PASSWORD", "@tcp( @unix( @udp( @tcp6(", r"[\w.$-]{1,64}:([^\s:@/]{1,128}(?:@[^\s:@/(]{1,64})?)@(?:tcp6?|unix|udp)\(", back=180),
    _rule("PASSWORD", "auth\tplain auth=plain auth\tlogin", r"(?i)auth[= ](?:plain|login)[ ]{1,4}([A-Za-z0-9+/]{8,}={0,2})"),
    _rule("SECRET", "connection_string connectionstring", r"(?i);[ ]?(?:accountkey|sharedaccesskey|password|pwd)=([^;\s\"']{4,})", back=0),
    _rule("URL_PASSWORD", "oracle:thin: oracle:oci:", r"(?i)oracle:(?:thin|oci):[\w$#]{1,30}/([^\s@\"']{1,128})@"),
    _rule("SECRET", "pulumi", r"pulumi config set[^\n]{0,60}? --secret [\w:.-]{1,64} [\"']?([^\s\"']{4,256})"),
    _rule("SECRET", "erlang_cookie erlangcookie erlang.cookie", r"(?i)erlang[._]?cookie[\"']?[ ]?[:=][ ]?[\"']?([A-Za-z0-9_-]{8,255})"),
    Rule("COOKIE", ("cookie",), _cookies),
    Rule("URL_PASSWORD", ("@",), _userinfo),
    Rule("PASSWORD", (" -u", "--user", "--auth", "--proxy-user", "--creds", "\"-u"), _user_flag),
    Rule("PASSWORD", tuple(_programs()), _short_flags),
)  # fmt: skip
