"""Reads the value that stands behind a name, and tells a secret from a placeholder, a word of a sentence or a path."""

import re
from dataclasses import dataclass

from safety.detection.rule import MARKS, compiled, has_digit

PLACEHOLDER = re.compile(
    rf"(?:\*{{2,}}[\w*]{{0,4}}|(?i:x{{3,}})(?:-(?i:x)+)*|[•●…]+|-{{2,}}|_{{3,}}|\.{{3,}}|\?+|#{{3,}}|[{MARKS}]|<[^<>\n]{{1,60}}>|<set to the key [^<>]*>"
    r"|\$\{[^}]*\}+|\$\([^)]*\)|\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+\d{0,2}(?:\.[a-z_.]+)?|[A-Za-z]?[a-z]*(?:[A-Z][a-z]+)+\d{0,2})|\$\d{1,3}|\$__\w+\{[^}]*\}|@\.{0,2}/[\w./-]+|:[a-z_]\w*|@p?\d{1,2}|%[A-Za-z_]+%|%\([A-Za-z_.]+\)s|%[svdrq]|%\+?v|@[A-Z_]+@|\{\{.*?\}\}|\{[a-z_]*\}|#\{.*?\}#?|!(?:vault|env|secret)\b.*"
    r"|(?i:none|null|nil|true|false|yes|no|on|off|undefined|nan|n/a|unset|\(?not set\)?|empty|blank|default|required|optional|todo|tbd|fixme|include|omit|same-origin|deleted|present|absent|provided|set"
    r"|\(?(?:redacted|hidden|masked|filtered|scrubbed|removed|omitted|sanitized|suppressed|sensitive|secret|private|empty|none|unset|sensitive value)\)?"
    r"|\[(?:redacted|hidden|masked|filtered|scrubbed|removed|omitted|sanitized|suppressed|sensitive|secret|protected|[a-z ]{0,20}redacted)\]"
    r"|\[[A-Z_ ]{0,20}REDACTED[A-Z_ ]{0,20}\]|your[-_ ][\w-]{1,40}|change-?me-please|placeholder|string|str|text|bool|int|integer|bytes|object|function|array|number|any)"
    r"|\(known(?: after apply\))?|ENC\[[^\]]*\]|(?:vault|ref\+\w+|secretref|env|awssm|gcpsm|op|ssm|keyring|file|https?)://?.*|(?:env|vault|ssm):[\w/.#-]+)"
)

# What follows "token: " or "password is " in a sentence, not in a configuration.
PROSE = frozenset(
    """
    a an the is are was were has have had been being be not no must cannot can could couldnt could_not can't couldn't won't
    wasn't isn't doesn't didn't don't hasn't unable failed failure failing error errors invalid expired expires expiring
    revoked missing malformed unexpected unauthorized unauthenticated denied rejected refused incorrect wrong required
    unknown empty mismatch mismatched signature token tokens get post put patch delete head options dial rpc http https
    x509 tls oauth2 context connection request response server timeout eof read write open lookup it its this that these
    please check exceeded too already does did should shall may might used reuse reused verification authentication
    authorization authenticating authorizing for from to of in on at by with without and or but if when while because
    as after before during until since than then only also both either neither nor so yet more less most least all some
    any each every other another same such own very just still even now never always
    ok okay success successful successfully accepted valid validated verified refreshed issued created updated changed
    reset rotated generated removed deleted stored saved loaded found matched set unset cleared disabled enabled skipped
    using use uses user users account client admin operator service system policy rule login logon signin sign-in
    mounted secret secrets password passwords credential credentials key keys value values field name names file path
    needed optional provided supplied given present absent available unavailable supported unsupported allowed
    forbidden blocked locked limited bad good weak strong short long old new same different near about over under
    must_change does_not_match reached needs need has_expired cancelled canceled aborted pending waiting retry retrying
    strength length complexity history rotation expiry expiration sent received returned requested entered typed
    contains contain containing consists starts ends lacks fails passes matches differs null none undefined nil
    encrypted hashed base64 plain plaintext hidden masked redacted stale rate limit quota remaining
    falsch ungültig abgelaufen erforderlich fehlt nicht ist war wurde incorrecta inválida incorrect(e) invalide expiré
    requis incorrecto inválido requerida obligatoria erronée muss geändert werden
    """.split()  # noqa: SIM905 - as words they can be read
)
_TAG = re.compile(r"v?\d{1,5}(?:\.[\w.-]{1,40})?|latest|stable|main|master|edge|dev|staging|canary|nightly")
_ENDS = r"[)}\]>]{1,8}[,;.:]{0,2}(?:\s|$|\\[nrt\"'])"
_CHARACTER = (
    r"(?:[^\s,;&\"'`\\)}\]<>|\x1b\ufffd]"
    r"|(?<=[\w!#$%^*+~@.-])[\"'](?=[\w!#$%^*+~@.-])"
    r"|[,;&|](?![\w.%-]{1,64}[\"']?[ ]?[=:]|\s|$|[\"'\\|])"
    rf"|(?!{_ENDS})[)}}\]<>](?![\"'\\])"
    r"|\\(?![nrtu\"'\\]))"
)
_UNQUOTED = re.compile(
    r"<set to the key [^<>\n]{1,200}>|<[^<>\s][^<>\n]{0,58}>|\$\{[^}\n]{0,200}\}\}?|\$\([^)\n]{0,200}\)|\$__\w{1,20}\{[^}\n]{0,200}\}|\#\{[^}\n]{0,200}\}\#?|%\([A-Za-z_.]{1,64}\)s"
    rf"|\{{\{{[^{{}}\n]{{0,200}}\}}\}}|\[[A-Za-z_ *]{{2,30}}\]|ENC\[[^\]\n]{{1,4000}}\]|{_CHARACTER}+"
)
_OPENING = re.compile(r"(?:[bBrRuUfFnNL@$]{1,2}(?=[\"']))?(\\{0,15})(\"\"\"|'''|[\"'`“”«])")
_STRUCTURE = re.compile(
    r"(?:map\[|[{\[(])(?:[\s\"'\\\]})]|[\w.-]{1,64}:[ ]|$)|\S{0,40}(?:\{$|\[$)|[A-Z][A-Za-z]{2,40}\{"
)
_CLOSES = {"“": "”", "”": "”", "«": "»"}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?)?(?::[\w.-]+)?")
_PART_OF_NAME = re.compile(r"[a-z]+\d{0,2}|v?\d{1,2}|[a-z0-9]{5}|[0-9a-f]{8,10}")
_PATH = compiled(
    r"(?:file:)?(?:~|\.{1,2})?/(?:[\w.@%+-]+/?)+|[A-Za-z]:\\[\w\\. -]+|[\w-]+(?:/[\w.-]+)*"
    r"\.(?:pem|key|json|ya?ml|txt|env|crt|p12|jks|toml|ini|conf|properties|gpg|enc|go|py|js|ts|java|rb)(?::\d+)*"
)
_CODE = re.compile(
    r"(?:os|process|System|env|self|this|config|cfg|conf|settings|request|req|ctx|args|options|opts|params|app|props|data|user|"
    r"credentials|secrets|vars|var|local|module|each|input|params|event|context|Rails|ENV|getenv|getpass|input|get_\w+|Values|github|inputs|steps)[.\[(][\w.\[\]()'\":-]*"
    r"|(?:random|aws|google|azurerm|azuread|kubernetes|vault|tls|github|hcloud)_[a-z_]+\.[a-z_]+\.[a-z_]+"
)
# A call: names joined by dots and a bracket, without a digit in them, which few passwords are.
_CALL = re.compile(
    r"[A-Za-z_]+(?:(?:\.|->|::)[A-Za-z_]+|\([A-Za-z0-9_.$]{0,60}\))*(?:\.|->|::)[A-Za-z_]+(?:\([A-Za-z0-9_.$]{0,60}\)?[;?]{0,2})"
    r"|[a-z_]+\(\$\d{1,2}|[A-Za-z_]+(?:(?:\.|::)[A-Za-z_]+)*\(|(?:await|yield|new|typeof|sizeof|lambda|func|return)"
)
_AMOUNT = re.compile(r"\d{1,9}(?:\.\d+)?(?:ms|s|m|h|d|w|[KMG]i?B?|%)?|\d+(?:h\d+m?\d*s?)?")
_QUANTITY = re.compile(r"\d{1,9}[ ](?:bytes?|chars?|characters?|tokens?|seconds?|minutes?|hours?|days?|attempts?)\b")


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value stands in its line, and how it was written there."""

    start: int
    end: int
    text: str
    is_quoted: bool = False
    opens_block: bool = False


def value_at(line: str, at: int) -> Value | None:
    """The value that begins at ``at``; None where nothing or a structure (whose members have names) begins."""
    if at >= len(line):
        return None
    opening = _OPENING.match(line, at)
    if opening is not None:
        return _quoted(line, opening)
    if line[at] in "|>" and re.fullmatch(r"[|>][+-]?\d?[ \t]*\r?", line[at : at + 12]) and len(line) - at < 12:
        return Value(at, len(line), "", opens_block=True)
    if _STRUCTURE.match(line, at):
        return None
    plain = _UNQUOTED.match(line, at)
    if plain is None:
        return None
    text = plain[0]
    shorter = (
        text.rstrip(".,:;!") if text[-1] in ".,:;!" and not line[plain.end() : plain.end() + 200].strip() else text
    )
    return Value(at, at + len(shorter), shorter) if shorter else None


def _quoted(line: str, opening: re.Match[str]) -> Value | None:
    escape, quote = opening[1], opening[2]
    close, at = escape + _CLOSES.get(quote, quote), opening.end()
    while True:
        end = line.find(close, at)
        if end < 0:
            end = len(line)
            break
        if end == 0 or line[end - 1] != "\\" or _even_before(line, end, opening.end()):
            break
        at = end + 1
    text = line[opening.end() : end]
    return Value(opening.end(), end, text, is_quoted=True) if text else None


def _even_before(line: str, end: int, low: int) -> bool:
    """Whether the backslashes just before a quote escape each other and not the quote."""
    at = end
    while at > low and line[at - 1] == "\\":
        at -= 1
    return (end - at) % 2 == 0


def is_placeholder(text: str) -> bool:
    """Nothing to hide: masked already, a variable, a template, or a word such as ``null``."""
    return PLACEHOLDER.fullmatch(text.strip()) is not None


def is_prose(text: str) -> bool:
    """Whether a sentence goes on here: its first word is one that follows "password" when people write."""
    words = text.strip().split(None, 1)
    if not words:
        return True
    return words[0].strip(".,:;!?()'\"").lower() in PROSE


def is_name(text: str) -> bool:
    """A name of an object in a cluster, such as ``db-credentials-v2`` or ``default/regcred``."""
    if not _NAME.fullmatch(text) or not ("-" in text or "/" in text):
        return False
    parts = re.split(r"[-./:]", text)
    return all(_PART_OF_NAME.fullmatch(each) for each in parts) and any(
        each.isalpha() and len(each) > 2 for each in parts
    )


def is_path(text: str) -> bool:
    """A file; what a generator drew may begin with a slash too, and no folder is named so wildly."""
    return _PATH.fullmatch(text) is not None and not any(
        len(_SWITCHES.findall(part)) >= 5 for part in text.split("/") if "." not in part and "-" not in part
    )


_SWITCHES = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[0-9]|(?<=[A-Z][A-Z])[a-z]|(?<=[0-9])[A-Za-z]")


def is_code(text: str) -> bool:
    """An expression that fetches the secret, as in a stack trace or a template."""
    return _CODE.match(text) is not None or _CALL.fullmatch(text) is not None


def is_amount(text: str) -> bool:
    return _AMOUNT.fullmatch(text) is not None


def is_quantity(line: str, at: int) -> bool:
    """``16 bytes``, as kubectl shows instead of a value."""
    return _QUANTITY.match(line, at) is not None


def is_tag(text: str) -> bool:
    """A tag of an image, as in ``auth-token:latest``."""
    return _TAG.fullmatch(text) is not None


def is_telling(text: str) -> bool:
    """A value that no sentence would hold: digits or marks among its letters."""
    inner = text.strip(".,:;!?\"'()")
    if len(inner) < 3:
        return False
    if has_digit(inner) and (any(each.isalpha() for each in inner) or len(inner) >= 4):
        return True
    if any(each in "!@#$%^&*+=~" for each in inner):
        return True
    return inner[1:] != inner[1:].lower() and inner != inner.upper()
