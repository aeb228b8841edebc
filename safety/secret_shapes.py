"""What secrets look like: the shapes vendors publish for their tokens, and the contexts in which people write secrets.

Every pattern runs in time linear in the text, whatever the text: it starts at a word that has to be there, repeats are
bounded, and an unbounded repeat comes last, so that it cannot fail after it ran. A marker that stands for something
already redacted is one character (see ``redaction``), which keeps repeated runs from seeing their own work as new.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """One rule. ``keywords`` (lower case) say cheaply that it cannot match; ``spares`` keeps what only looks like one.

    The part of the match that goes is the first group of ``PARTS`` that took part, or else all of it.
    """

    kind: str
    keywords: tuple[str, ...]
    pattern: re.Pattern[str]
    spares: Callable[[re.Match[str], str], bool] | None = None


PARTS = ("secret", "quoted", "block")

# Characters that stand for a mask while rules run; nothing in the outside world means anything by them.
MARK_FIRST, MARK_LAST = 0xF0000, 0xF00FF
MARKS = f"{chr(MARK_FIRST)}-{chr(MARK_LAST)}"

PLACEHOLDER = re.compile(
    rf"(?:\*+|x{{3,}}|\.{{3,}}|[{MARKS}]|<[a-z _-]{{1,40}}>|<set to the key [^<>]*>|\$\{{[^}}]*\}}|\$\([^)]*\)"
    r"|\$[A-Z_]+|%[A-Z_]+%|\{\{[^{}\n]*\}\}|(?i:none|null|nil|true|false|yes|no|redacted|\[redacted\]|\(redacted\)))"
)

# What follows "token: " in an error message, not in a configuration.
_PROSE = re.compile(
    r"(?i:a|an|the|is|are|was|has|not|no|must|cannot|could|could_not|can't|couldn't|unable|failed|failure|error|invalid"
    r"|expired|revoked|missing|malformed|unexpected|unauthorized|unauthenticated|denied|rejected|refused|incorrect|wrong"
    r"|required|unknown|empty|mismatch|signature|token|tokens|get|post|put|patch|delete|head|dial|rpc|http|https|x509|tls"
    r"|oauth2|context|connection|request|response|server|timeout|eof|read|write|open|lookup|it|this|that|please|check"
    r"|exceeded|too|already|does|did|should|used|reuse|reused|verification|authentication)[.:!,]?"
)
_TAG = re.compile(r"v?\d{1,5}(?:\.[\w.-]{1,40})?|latest|stable|main|master|edge|dev|staging|canary|nightly")

_TAIL_WORDS = (
    r"value|val|hash|key|text|plain|plaintext|string|base64|b64|data|old|new|current|previous|next|hex|raw|salt|\d{1,4}"
)
_HARMLESS = (
    r"names?|refs?|keyref|key_name|key_ref|file|path|dir|type|count|limit|len|length|size|expir\w*|ttl|seconds|secs|age"
    r"|minutes|policy|rotation|version|store|provider|endpoint|url|uri|usage|used|budget|source|mount|namespace|manager"
    r"|enabled|required|status|valid|validity|error|errors|per_\w+|in|out|bucket|issuer|audience|review|id"
)
_KEY_WORD = (
    r"(?:password|passwd|passphrase|passcode|pwd|(?<=[_-])pass|(?<!:\d{12}:)secret(?!s)|credential|(?P<token>token)"
    r"|(?:api|app|application|access|account|auth|encryption|master|private|shared|signing|storage|deploy|client)[-_]?key)"
)
# Kubernetes names have no underscores: after "-" only words that belong to a secret count, so token-service is a name.
_KEY_TAIL = (
    rf"(?P<plural>s)?(?:(?<=secret)_id|(?!_(?:{_HARMLESS})(?![a-z0-9]))_\w{{1,40}}|[-.]?(?:{_TAIL_WORDS})(?![a-z]))?"
)
_SEPARATOR = r"[\"'\\\]]{0,6}[ \t]{0,8}(?::=|=>|={1,2}|:(?!:))[ \t]{0,8}"
_ENDS = r"[)}\]>]{1,8}[,;.:]{0,2}(?:\s|$|\\[nrt\"'])"
_CHARACTER = (
    r"(?:[^\s,;&\"'`\\)}\]<>]"
    r"|[,;&](?![\w.%-]{1,64}[\"']?[ ]?[=:]|\s|$|[\"'\\])"
    rf"|(?!{_ENDS})[)}}\]<>](?![\"'\\])"
    r"|\\(?![nrtu\"'\\]))"
)
_VALUE = (
    r"(?:(?P<escape>\\{0,15})(?P<quote>[\"'`])(?P<quoted>(?:(?!(?<!\\)(?P=escape)(?P=quote))[^\r\n])+)"
    r"|[|>][+-]?[ \t]{0,8}\r?\n(?P<indent>[ \t]+)(?P<block>[^\n]*(?:\n(?P=indent)[^\n]*)*)"
    # Not the beginning of a structure: what is inside has keys of its own.
    r"|(?!(?:secret|configmap)[ ][\"']|[{\[](?:[\s\"'\\\]}]|[\w.-]{1,64}:[ ]))"
    r"(?P<secret><set to the key [^<>\n]{1,200}>"
    rf"|<[a-z _-]{{1,40}}>|\$\{{[^}}\n]{{0,200}}\}}|\$\([^)\n]{{0,200}}\)"
    rf"|\{{\{{[^{{}}\n]{{0,200}}\}}\}}|{_CHARACTER}+))"
)


def _is_no_assignment(match: re.Match[str], value: str) -> bool:
    """An error in words, an image with its tag, a count of tokens, or the working directory."""
    if PLACEHOLDER.fullmatch(value):
        return True
    if match["secret"] is None:
        return False
    before = match.string[match.start() - 1 : match.start()]
    tight = match.string[match.start("secret") - 1] == ":"
    return bool(
        (tight and before in ("/", "-") and _TAG.fullmatch(value))
        or (match.string[match.start("secret") - 1].isspace() and _PROSE.fullmatch(value))
        or (match["token"] and match["plural"] and re.fullmatch(r"[\d.,]{1,12}", value))
        or (match[0][:3].lower() == "pwd" and value.startswith(("/", "~")))
    )


def _is_placeholder(_match: re.Match[str], value: str) -> bool:
    return PLACEHOLDER.fullmatch(value) is not None


def _is_not_user_and_password(_match: re.Match[str], value: str) -> bool:
    decoded = decoded_text(value)
    return decoded is None or ":" not in decoded


def _is_short_word(_match: re.Match[str], value: str) -> bool:
    return len(value) < 24 and not any(each.isdigit() for each in value)


def _fails_luhn(_match: re.Match[str], value: str) -> bool:
    digits = [int(each) for each in reversed(value) if each.isdigit()]
    doubled = sum(each if at % 2 == 0 else sum(divmod(each * 2, 10)) for at, each in enumerate(digits))
    return doubled % 10 != 0


def decoded_text(blob: str) -> str | None:
    """What a piece of base64 says, if it says anything in plain characters."""
    plain = blob.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if all(each.isprintable() or each in "\r\n\t" for each in text) else None


def _shape(kind: str, keywords: str, pattern: str, spares: Callable[[re.Match[str], str], bool] | None = None) -> Shape:
    return Shape(kind, tuple(keywords.split("|")), re.compile(pattern), spares)


_MIXED = r"(?=[a-z0-9_-]{0,60}[A-Z])"  # Kubernetes names have no capitals, so a name is never taken for a token.

SHAPES: tuple[Shape, ...] = (
    _shape(
        "PEM",
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,60}-----|\Z)",
    ),
    _shape("SLACK", "xox|xapp-|xwfp-", r"\b(?:xox[a-z](?:\.xox[a-z])?|xapp|xwfp)-[A-Za-z0-9-]{8,}"),
    _shape("SLACK_WEBHOOK", "hooks.slack.com", r"hooks\.slack\.com\\?/(?P<secret>[A-Za-z]+(?:\\?/[A-Za-z0-9_-]+)+)"),
    _shape(
        "WEBHOOK",
        "/webhook",
        r"(?:discord(?:app)?\.com/api/webhooks/\d{1,24}|webhook\.office\.com/webhookb2)/(?P<secret>[\w@/-]{16,})",
    ),
    _shape("ANTHROPIC", "sk-ant-", r"\bsk-ant-[A-Za-z0-9_-]{8,}"),
    _shape(
        "API_KEY",
        "sk-|sk_|rk_|whsec_|gsk_|xai-|pplx-|r8_|hf_",
        rf"\b(?:sk-(?:proj-|svcacct-|admin-)?{_MIXED}[A-Za-z0-9_-]{{20,}}|sk-[0-9a-f]{{32}}\b"
        rf"|[sr]k_(?:live|test|prod)_[A-Za-z0-9]{{10,}}|whsec_[A-Za-z0-9+/=]{{16,}}|(?:gsk|r8|hf)_[A-Za-z0-9]{{20,}}"
        rf"|(?:xai|pplx)-{_MIXED}[A-Za-z0-9]{{20,}})",
    ),
    _shape("GITHUB", "gh|github_pat_", r"\b(?:gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,})"),
    _shape("GITLAB", "gl", rf"\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-{_MIXED}[A-Za-z0-9_.-]{{16,}}"),
    _shape("AWS_KEY", "akia|asia|abia|acca", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    _shape(
        "GOOGLE",
        "aiza|ya29.|gocspx-",
        r"\b(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,})",
    ),
    _shape(
        "AZURE", "q~|acdb", r"(?:[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{30,}|\b[A-Za-z0-9/+]{76}(?:ACDb|AStD)\S{4,8}==)"
    ),
    _shape("NPM", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _shape("PYPI", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    _shape("JWT", "eyj", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]+){0,4}"),
    _shape(
        "TOKEN",
        "dckr_|dop_v1|doo_v1|dor_v1|shp|sg.|nrak-|nrii-|glc_|glsa_|hvs.|hvb.|hvr.|dp.|lin_api_|ntn_|atatt3|atctt3|pmak-"
        "|pscale_|dapi|dt0|sntry|sq0|hrku-|rubygems_|age-secret|sbp_|ccipat_|bkua_|figd_|tskey-|sq|pul-|lsv2_|.atlasv1."
        "|akcp|cmvmdgtu|nfp_|fm2_|ops_|key-|ltai|flwseck|shippo_|tfp_|pnu_|rdme_",
        r"\b(?:dckr_(?:pat|oat)_[\w-]{16,}|do[opr]_v1_[0-9a-f]{32,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
        r"|SG\.[\w-]{16,}\.[\w-]{20,}|NR(?:AK|II|JS|SP|IQ)-[A-Za-z0-9_-]{20,}|gl(?:c|sa)_[\w+/=]{20,}"
        r"|hv[sbr]\.[\w-]{20,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}|lin_api_\w{20,}|ntn_\w{20,}"
        r"|AT[AC]TT3[\w=-]{20,}|PMAK-[\w-]{30,}|pscale_(?:tkn|pw|oauth)_[\w.-]{20,}|dapi[0-9a-f]{32}|dt0[a-z]\d\d\.[\w.]{24,}"
        r"|sntry[su]_[\w+/=]{20,}|sq0(?:atp|csp)-[\w-]{20,}|HRKU-[\w-]{20,}|rubygems_[0-9a-f]{40,}|AGE-SECRET-KEY-1\w{20,}"
        r"|sbp_[0-9a-f]{40}|CCIPAT_\w{20,}|bkua_[0-9a-f]{40}|figd_[\w-]{20,}|tskey-[a-z]{2,12}-[\w-]{16,}|sq[apu]_[0-9a-f]{40}"
        r"|pul-[0-9a-f]{40}|lsv2_(?:pt|sk)_[\w-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}|AKCp[\w]{20,}|cmVmdGtu\w{20,}"
        r"|nfp_\w{20,}|fm2_[\w+/=]{20,}|ops_eyJ[\w-]{20,}|key-[0-9a-f]{32}\b|LTAI[A-Za-z0-9]{12,}|FLWSECK[_-][\w-]{12,}"
        r"|shippo_(?:live|test)_[0-9a-f]{20,}|tfp_[\w-]{20,}|pnu_\w{20,}|rdme_\w{20,}|[0-9a-f]{32}-us\d{1,2}\b)",
    ),
    _shape("TELEGRAM", ":aa", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    _shape(
        "SIGNED_URL",
        "sig",
        r"(?i)(?:[?&]|\\u0026|&amp;)(?:sig|signature|x-amz-signature|x-goog-signature)=(?P<secret>[^&\s\"'<>\\]{16,})",
        _is_placeholder,
    ),
    _shape(
        "URL_PASSWORD",
        "://|:\\/\\/",
        r"(?i)\b[a-z][a-z0-9+.-]{1,20}:(?:\\?/){2}(?:[^\s/:@\"']{0,128}:(?P<secret>[^\s/\"'<>]{1,256})"
        r"|(?P<quoted>[A-Za-z0-9_-]{20,128}))@",
        _is_placeholder,
    ),
    _shape(
        "AUTHORIZATION",
        "authorization",
        r"(?i)authorization[\"'\\\]\s]{0,8}[:=][\s\"'\\\[]{0,8}"
        r"(?:bearer|basic|token|digest|negotiate|api-?key|bot|key|ssws|splunk)[ \t]{1,8}(?P<secret>[^\s\"'\\,\]]+)",
        _is_placeholder,
    ),
    _shape("BEARER", "bearer", r"(?i)\bbearer[ \t]{1,8}(?P<secret>[A-Za-z0-9._~+/=-]{8,})", _is_short_word),
    _shape("BASIC", "basic", r"(?i)\bbasic[ \t]{1,8}(?P<secret>[A-Za-z0-9+/]{8,}={0,2})", _is_not_user_and_password),
    _shape(
        "COOKIE",
        "cookie",
        r"(?i)\b(?:set-)?cookie[\"'\\\]]{0,4}[ \t]{0,8}[:=][ \t\"'\\\[]{0,8}(?P<secret>[\w.-]{1,128}=[^\r\n\"'\\]{4,})",
        _is_placeholder,
    ),
    _shape(
        "FLAG",
        "--pass|--token|--secret|--api|--user|-u |sshpass",
        r"(?i)(?:(?<![\w-])--(?:password|passwd|pass|passphrase|token|secret|secret-key|api-?key|api-?token)[ \t]{1,8}"
        r"|(?<![\w-])(?:-u|--user)[ =]{1,8}[\"']?[\w.@-]{1,64}:|\bsshpass -p[ ]{0,4})"
        r"[\"']?(?P<secret>[^\s\"'-][^\s\"']*)",
        _is_placeholder,
    ),
    _shape(
        "XML",
        "</",
        r"(?i)<[\w:.-]{0,40}(?:password|passwd|secret|token|api_?key|passphrase)[\w:.-]{0,40}>(?P<secret>[^<]{1,512})</",
        _is_placeholder,
    ),
    _shape(
        "SECRET",
        "value",
        rf"(?i)\bname[\"'\\]{{0,6}}[ \t]{{0,8}}[:=][ \t\"'\\]{{0,8}}[\w.-]{{0,64}}?{_KEY_WORD}{_KEY_TAIL}"
        rf"[\"'\\]{{0,6}}[\s,]{{1,64}}(?:\\n[ ]{{0,32}})?"
        rf"[\"'\\]{{0,6}}value[\"'\\]{{0,6}}[ \t]{{0,8}}[:=][ \t]{{0,8}}{_VALUE}",
        _is_placeholder,
    ),
    _shape(
        "SECRET",
        "pass|pwd|secret|key|token|credential",
        rf"(?i){_KEY_WORD}{_KEY_TAIL}{_SEPARATOR}{_VALUE}",
        _is_no_assignment,
    ),
    _shape(
        "CARD",
        "3|4|5|6",
        r"(?<![\w.-])(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|3[47]\d\d|6011|65\d\d)(?:[ -]?\d{4}){2}[ -]?\d{3,4}(?![\w-]|\.\d)",
        _fails_luhn,
    ),
    _shape("SSN", "-", r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-]|\.\d)"),
)  # fmt: skip

SECRET_KEY = re.compile(rf"(?i)[\w.-]{{0,128}}?{_KEY_WORD}{_KEY_TAIL}")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
