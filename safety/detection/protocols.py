"""Credentials in the words of protocols and on command lines: what stands where FTP, IMAP, SNMP or a client has it."""

import re
from collections.abc import Iterator

from safety.detection.names import secret_noun
from safety.detection.rule import MARKS, Rule, Span, is_mixed
from safety.detection.values import is_code, is_path, is_placeholder, is_prose, is_telling

_REACH = 600
_V = rf"(?P<value>[^\s\"'|;&<>{MARKS}]{{3,256}})"
# Between the words of one command; another one begins behind a pipe.
_SO_FAR = r"[^\n|;&]{0,240}?"


def _placed(words: str, pattern: str, kind: str = "PASSWORD", back: int = 0) -> Rule:
    """What stands at a place that is a credential's; ``back`` is how far before its word the pattern may begin.

    In ``words``, which are separated by spaces, ``_`` is a space and ``~`` an underscore.
    """
    made = re.compile(pattern)

    def find(line: str, start: int, end: int) -> Iterator[Span]:
        match = made.search(line, max(0, start - back), end + _REACH) if back else made.match(line, start, end + _REACH)
        if match is None or match.start() > start:
            return
        text = match["value"]
        if not (is_placeholder(text) or is_path(text) or is_code(text) or is_prose(text)):
            yield Span(match.start("value"), match.end("value"), kind, 4)

    return Rule(kind, tuple(each.replace("_", " ").replace("~", "_") for each in words.split()), find)


def _drawn(words: str, pattern: str, back: int = 0) -> Rule:
    """The same where a plain word or a number could stand too: only what no sentence holds goes."""
    inner = _placed(words, pattern, back=back)

    def find(line: str, start: int, end: int) -> Iterator[Span]:
        for span in inner.find(line, start, end):
            text = line[span.start : span.end]
            if is_telling(text) and (is_mixed(text) or not text.isalnum() or len(text) >= 12):
                yield span

    return Rule(inner.kind, inner.words, find)


def _asked(line: str, _start: int, end: int) -> Iterator[Span]:
    """``334 UGFzc3dvcmQ6``: a server asks for the password, and the next line has it."""
    if not line[end : end + 20].strip():
        yield Span(len(line), len(line), "FORM", 9)


_COLUMNS = re.compile(r"\((?P<names>[^()\n]{1,600})\)[ ]{0,4}\Z")
_ROW = re.compile(r"(?i)values[ ]{0,4}\((?P<row>[^()\n]{1,2000})\)")
_CELL = re.compile(r"[ ]{0,4}(?:'(?P<value>(?:[^'\n]|'')*)'|[^,'\n]*)[ ]{0,4}(?:,|\Z)")


def _inserted(line: str, start: int, _end: int) -> Iterator[Span]:
    """``INSERT INTO users (name, password) VALUES ('joe', 'x')``: what stands where the secret's column is."""
    columns = _COLUMNS.search(line, max(0, start - 640), start)
    row = _ROW.match(line, start)
    if columns is None or row is None:
        return
    names = [each.strip(' `"[]') for each in columns["names"].split(",")]
    cells = list(_CELL.finditer(row["row"]))
    for name, cell in zip(names, cells, strict=False):
        if cell["value"] and secret_noun(name) and not is_placeholder(cell["value"]):
            low = row.start("row") + cell.start("value")
            yield Span(low, low + len(cell["value"]), "PASSWORD", 4)


PROTOCOLS: tuple[Rule, ...] = (
    # A session in the path or the query of an address, and a row of `kubeadm token list`.
    _placed(
        ";jsessionid= ?jsessionid= &jsessionid= ?phpsessid= &phpsessid= ?sessionid= &sessionid= ?session~id= &session~id=",
        r"(?i)[;?&]\w{9,10}=(?P<value>[A-Za-z0-9_!-]{16,256})",
        "COOKIE",
    ),
    _placed(
        "authentication,signing signing,authentication",
        r"(?<![\w.-])(?P<value>[a-z0-9]{6}\.[a-z0-9]{16})(?![\w.-])",
        "SECRET",
        back=160,
    ),
    Rule("FORM", ("334 ugfzc3dvcmq6",), _asked),
    # Calls that take a user and a password by their place.
    _placed(
        "pdo->~~construct( mysqli~connect( pdo( mysqli(",
        r"(?i)[\w>-]{3,24}\(['\"][^'\"\n]{0,200}['\"],[ ]?['\"][^'\"\n]{0,64}['\"],[ ]?['\"](?P<value>[^'\"\n]{1,128})['\"]",
    ),
    _placed(".auth( .authenticate( .login(", r"(?i)\.\w{4,12}\(['\"][^'\"\n]{0,64}['\"],[ ]?['\"](?P<value>[^'\"\n]{3,128})['\"]"),
    _placed("convertto-securestring", r"(?i)convertto-securestring[ ]{1,4}(?:-string[ ]{1,4})?['\"](?P<value>[^'\"\n]{1,128})['\"]"),
    _placed("securestring", r"(?i)securestring[\"'][^}\n]{0,200}?[\"']value[\"'][ ]?:[ ]?[\"'](?P<value>[^\"'\n]{1,512})[\"']"),
    _placed(
        "securestring",
        r"(?i)[\"']value[\"'][ ]?:[ ]?[\"'](?P<value>[^\"'\n]{1,512})[\"'][^}\n]{0,160}?[\"']type[\"'][ ]?:[ ]?[\"']securestring",
        back=600,
    ),
    Rule("PASSWORD", ("values (", "values("), _inserted),
    # Protocols.
    _placed('"auth"', r"(?i)\"auth\"[ ](?:\"[^\"\n]{0,64}\"[ ])?\"(?P<value>[^\"\n]{1,256})\""),
    _drawn("auth_default_", rf"(?i)auth[ ]default[ ]{_V}"),
    _placed("bindpw rootpw", rf"(?i)(?:bindpw|rootpw)[ \t]{{1,8}}{_V}"),
    _drawn("pass_", rf"(?:(?<=[>:][ ])|(?<=\A))PASS[ ]{_V}[ ]*\Z"),
    _drawn("_login_", rf"(?<=\d)[ ]LOGIN[ ]\"?[\w.@+-]{{1,64}}\"?[ ]\"?{_V}"),
    _placed("snmp-server_community", rf"(?i)snmp-server[ ]community[ ]{_V}", "SECRET"),
    _placed("radius-server_key tacacs-server_key", rf"(?i)(?:radius|tacacs)-server[ ]key[ ](?:\d[ ])?{_V}", "SECRET"),
    _drawn("identified_by", rf"(?i)(?:user|role)[ ]\S{{1,80}}[ ]identified[ ]by[ ]{_V}", back=120),
    # Command lines.
    _placed("--from-literal", rf"(?i)--from-literal[= ][\"']?[\w.-]{{1,64}}={_V}", "SECRET"),
    _drawn("az_login oc_login", rf"(?:az|oc)[ ]login[ ]{_SO_FAR}-p[ =]{{1,2}}[\"']?{_V}"),
    _drawn("htpasswd_-", rf"htpasswd[ ]-\w{{0,4}}b\w{{0,4}}[ ]\S{{1,200}}[ ]\S{{1,64}}[ ][\"']?{_V}"),
    _drawn("htpasswd_-", rf"htpasswd[ ](?:-\w[ ]){{1,4}}\S{{1,200}}[ ]\S{{1,64}}[ ][\"']?{_V}"),
    _drawn("mc_alias_set mc_config_host", rf"mc[ ](?:alias[ ]set|config[ ]host[ ]add)[ ]\S{{1,64}}[ ]\S{{1,200}}[ ]\S{{1,64}}[ ]{_V}"),
    _drawn("7z_ 7za_", rf"7za?[ ]{_SO_FAR}[ ]-p{_V}"),
    _drawn("zip_-p", rf"zip[ ]-P[ ]{_V}"),
    _drawn("net_use_", rf"(?i)net[ ]use[ ][^\n|;&]{{0,200}}?/user:\S{{1,80}}[ ]{_V}"),
    _drawn("net_use_", rf"(?i)net[ ]use[ ](?:\w:[ ])?\\\\\S{{1,120}}[ ](?!/){_V}"),
    _drawn("vault_login_", rf"vault[ ]login[ ](?:-no-print[ ])?(?!-){_V}"),
    _placed("snmpwalk snmpget snmpbulkwalk snmpset snmptrap", rf"snmp\w{{3,8}}[ ]{_SO_FAR}[ ]-A[ ]{_V}"),
    _placed("snmpwalk snmpget snmpbulkwalk snmpset snmptrap", rf"snmp\w{{3,8}}[ ]{_SO_FAR}[ ]-X[ ]{_V}"),
    _placed(
        "--password-stdin",
        rf"echo[ ](?:-n[ ])?[\"']?{_V}[\"']?[ ]{{0,3}}\|[^\n|]{{0,100}}--password-stdin",
        back=400,
    ),
    # Addresses.
    _drawn("?key= &key= ?auth= &auth=", r"(?i)[?&](?:key|auth)=(?P<value>[A-Za-z0-9._~-]{16,256})"),
)  # fmt: skip
