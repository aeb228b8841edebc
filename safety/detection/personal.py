"""Personal data: card numbers, US social security numbers, e-mail, telephone numbers, IBANs."""

import re
import string
from collections.abc import Iterator

from safety.detection.rule import Rule, Span, compiled

_CARD = re.compile(
    r"(?<![\w.+/#-])(?P<plain>(?:[2-6]\d{12,18}))(?![\w-]|\.\d|/\d)"
    r"|(?<![\w.+/-])(?P<spaced>(?:3[47]\d\d(?P<a>[ -])\d{6}(?P=a)\d{5}|3[0689]\d\d(?P<b>[ -])\d{6}(?P=b)\d{4}"
    r"|[2-6]\d{3}(?P<c>[ .-])\d{4}(?P=c)\d{4}(?P=c)\d{1,4}(?:(?P=c)\d{1,3})?))(?![\w-]|\.\d|[ -]\d{4}\b)"
)
_ID_BEFORE = re.compile(
    r"(?i)(?:\b|_|\.)(?:\w*(?:id|ids|uid|seq|sequence|offset|version|rev|revision|generation|nonce|hash|trace|span|ts|time|timestamp|epoch|bytes|size|ns|nanos|count|total|snowflake|cursor|position|lsn|xid|txn|ref|inode|addr|ptr|block|blk|build|serial|digest|checksum|key|counter|value|len|length|limit|duration|elapsed|took|sum|max|min|lag|seed))[\"']?[ ]?[:=#][ ]?[\"']?\Z|\b(?:size|seed|seq|sequence|epoch|offset|position|cursor|bytes|lag|lsn|took)[ ]\Z|\b(?:order|invoice|ticket|job|build|run|batch|shipment|case|account|txn|transaction|message|event|id)[ ]\Z|0x\Z|blk_-?\Z|\#\Z"
)
_CARD_WORD = re.compile(r"(?i)card|visa|mastercard|amex|\bpan\b|\bcc\b|payment|debit|credit|carte|karte|tarjeta")
_SSN = re.compile(r"(?<![\w.+/-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-]|\.\d)")
_SSN_NAMED = re.compile(
    r"(?i)\b(?:ssn|social[ _-]?security(?:[ _-]?(?:number|no|num|#))?|tax[ _-]?id|itin|tin)[\"'\\]{0,4}[ ]{0,3}(?:[:=#]|is)?[ ]{0,3}[\"'\\]{0,4}(?P<value>(?!000|666|9)\d{3}[- ]?(?!00)\d\d[- ]?(?!0000)\d{4})(?!\d|[-.]\d)"
)
_USER = re.compile(r"[A-Za-z0-9À-ɏ][A-Za-z0-9À-ɏ._%+'-]{0,63}\Z")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9À-ɏ](?:[A-Za-z0-9À-ɏ-]{0,62}[A-Za-z0-9À-ɏ])?\.){1,6}(?P<top>[A-Za-zÀ-ɏ]{2,24})(?![\w@-]|\.[A-Za-z]|:[\w~/]*/|/)"
)
_USER_CHARACTERS = string.ascii_letters + string.digits + "._%+'-" + "".join(map(chr, range(0xC0, 0x250)))
_NO_TOPS = frozenset(
    """
    service socket timer target mount slice scope device path swap automount local internal localdomain svc cluster lan
    home corp intranet private test invalid localhost arpa js ts py go java rb rs json yaml yml xml html css png jpg svg
    gif md txt log conf so dll exe jar tgz gz zip tar sock pid lock git
    """.split()  # noqa: SIM905 - as words they can be read
)
_NO_USERS = frozenset({"git", "hg", "svn"})
_SEP = r"[ .\u00a0-]"
_PHONE = re.compile(
    rf"(?<![\w+./:#-])(?P<plus>\+[(]?[1-9]\d{{0,3}}+[)]?(?:{_SEP}?[(]?\d{{1,5}}+[)]?){{1,6}}+)(?![\w]|[.:,-]\d|/\d)"
    r"|(?<![\w+./#-])(?P<nanp>(?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4})(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?(?![\w]|[.:-]\d)"
    r"|(?<![\w+./=:#-])(?P<national>\(0\d{1,4}\)[ ]?\d{3,4}[ ]?\d{3,5}|0[1-9]\d{0,3}[ /]\d{3,4}[ ]\d{3,5}|0[1-9](?:[ .]\d\d){4})(?![\w]|[.:-]\d)"
)
_PHONE_NAMED = re.compile(
    r"(?i)(?<![a-z])(?:phone|mobile|mobil|tel|telephone|telefon|téléphone|telefono|teléfono|telefone|cell|cellphone|handy|whatsapp|sms|fax|msisdn|call(?:ed|er)?|contact|dial|text|ring|callback|reach \w+ (?:at|on))(?:[ _-]?(?:number|no|num|nr|nummer|to|from|at|on|is|me|him|her|them))?"
    r"[\"'.\\]{0,4}[ ]{0,3}(?:[:=#]|is|to|at|on)?[ ]{0,3}[\"'\\]{0,4}(?P<value>[+(]{0,2}\d[\d ().-]{5,18}\d)(?![\w]|[.:,-]\d|[ ]?(?:ms|s|times|bytes)\b)"
)
# Country codes of E.164; what begins with another one is an offset or a count.
_COUNTRIES = frozenset(
    """
    1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86
    90 91 92 93 94 95 98
    """.split()  # noqa: SIM905 - as words they can be read
)
_COUNTRIES_OF_THREE = ("21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "80", "85", "87", "88", "96", "97", "99")  # fmt: skip
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])(?P<all>[A-Z]{2}\d\d(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])"
)
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31,
    "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip

NUMBERS = (
    r"(?m:^|[^\w.+/#-])[2-6]\d{12,18}\b|\b[2-6]\d{3}[ .-]\d{4}[ .-]\d{4}[ .-]\d{1,4}|\b3\d{3}[ -]\d{6}[ -]\d{4,5}|\b\d{3}-\d\d-\d{4}\b|\+[(]?[1-9]\d{0,3}[)]?[ .(-]?\d[\d ().-]{5,}"
    r"|\([2-9]\d\d\) ?\d{3}[-.]\d{4}|\b[2-9]\d\d[-.]\d{3}[-.]\d{4}\b|\(0\d{1,4}\) ?\d{3}|\b0[1-9]\d{0,3}[ /]\d{3,4} \d{3,5}\b|\b0[1-9](?:[ .]\d\d){4}\b|\b[A-Z]{2}\d\d ?[A-Z0-9]{4} ?[A-Z0-9]{4}"
)
_NUMBERS = compiled(NUMBERS)


def passes_luhn(text: str) -> bool:
    digits = [int(each) for each in reversed(text) if each.isdigit()]
    doubled = sum(each if at % 2 == 0 else sum(divmod(each * 2, 10)) for at, each in enumerate(digits))
    return doubled % 10 == 0


_ISSUERS = (
    ("visa", r"4\d*", (13, 16, 19)),
    ("mastercard", r"(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d*", (16,)),
    ("amex", r"3[47]\d*", (15,)),
    ("discover", r"(?:6011|65|64[4-9])\d*", (16, 19)),
    ("jcb", r"35(?:2[89]|[3-8])\d*", (16,)),
    ("diners", r"3(?:0[0-5]|[689])\d*", (14,)),
    ("unionpay", r"(?:60|62|81)\d*", (16, 17, 18, 19)),
    ("maestro", r"(?:5018|5020|5038|5893|6304|6759|676[1-3]|220[0-4])\d*", (13, 14, 15, 16, 17, 18, 19)),
)
_RARE_ISSUERS = frozenset({"unionpay", "maestro", "diners"})


def _issuer(digits: str) -> str:
    """The issuer whose range and length the number fits, or an empty string."""
    fits = (name for name, form, sizes in _ISSUERS if len(digits) in sizes and re.fullmatch(form, digits))
    return next(fits, "")


def _cards(line: str) -> Iterator[Span]:
    for match in _CARD.finditer(line):
        digits = re.sub(r"\D", "", match[0])
        issuer = _issuer(digits)
        if not issuer or not passes_luhn(digits) or len(set(digits)) < 2:
            continue
        if match["plain"]:
            before = line[max(0, match.start() - 40) : match.start()]
            is_named = _CARD_WORD.search(line[max(0, match.start() - 60) : match.end() + 30]) is not None
            if not is_named and (_ID_BEFORE.search(before) or len(digits) in (13, 19) or issuer in _RARE_ISSUERS):
                continue
        yield Span(match.start(), match.end(), "CARD", 8)


def _ssns(line: str) -> Iterator[Span]:
    for match in _SSN.finditer(line):
        yield Span(match.start(), match.end(), "SSN", 8)
    for match in _SSN_NAMED.finditer(line):
        yield Span(match.start("value"), match.end("value"), "SSN", 8)


def _phones(line: str) -> Iterator[Span]:
    for match in _PHONE.finditer(line):
        text = match[0]
        digits = re.sub(r"\D", "", text)
        if match["plus"] and not (8 <= len(digits) <= 15 and _has_country(digits) and not text.startswith("+0")):
            continue
        if not match["plus"] and not 9 <= len(digits) <= 13:
            continue
        yield Span(match.start(), match.end(), "PHONE", 8)
    for match in _PHONE_NAMED.finditer(line):
        digits = re.sub(r"\D", "", match["value"])
        if 7 <= len(digits) <= 15 and not _is_moment(match["value"]):
            yield Span(match.start("value"), match.end("value"), "PHONE", 8)


def _has_country(digits: str) -> bool:
    return digits[0] in "17" or digits[:2] in _COUNTRIES or digits[:2] in _COUNTRIES_OF_THREE


def _is_moment(text: str) -> bool:
    """An epoch, a date, a version or an address."""
    return bool(
        re.fullmatch(
            r"1[5-9]\d{8}|1[5-9]\d{11}|(?:19|20)\d\d-\d\d-\d\d.*|(?:\d{1,3}\.){1,3}\d{1,3}|(?:\d+ ){3,}\d+|(?:19|20)\d{6}",
            text,
        )
    )


def _ibans(line: str) -> Iterator[Span]:
    for match in _IBAN.finditer(line):
        text = match["all"].replace(" ", "")
        size = _IBAN_LENGTHS.get(text[:2])
        if size is None or len(text) < size:
            continue
        end, seen = match.start("all"), 0
        while seen < size:
            seen += line[end] != " "
            end += 1
        text = text[:size]
        number = int("".join(str(int(each, 36)) for each in text[4:] + text[:4]))
        if number % 97 == 1:
            yield Span(match.start("all"), end, "IBAN", 8)


def numbers_in(line: str) -> list[Span]:
    """Cards, social security numbers, telephone numbers and IBANs of one line."""
    if _NUMBERS.search(line) is None:
        return []
    return [*_cards(line), *_ssns(line), *_phones(line), *_ibans(line)]


def _email(line: str, start: int, end: int) -> Iterator[Span]:
    domain = _DOMAIN.match(line, end)
    if domain is None or domain["top"].lower() in _NO_TOPS:
        return
    before = line[max(0, start - 65) : start]
    user = before[len(before.rstrip(_USER_CHARACTERS)) :].lstrip("._%+'-")
    if user.startswith(("22", "3D", "3A", "20", "2C")) and line[start - len(user) - 1 : start - len(user)] == "%":
        user = user[2:]
    ahead = line[max(0, start - len(user) - 7) : start - len(user)]
    is_inside = ahead[-1:] in ("/", ":", "@", "_") and not ahead.lower().endswith(
        ("mailto:", "email:", "mail:", "from:", "to:", "user:")
    )
    if (
        not user
        or len(user) > 64
        or ".." in user
        or user.lower() in _NO_USERS
        or (is_inside and not ahead.endswith("_"))
    ):
        return
    yield Span(start - len(user), domain.end(), "EMAIL", 8)


def _named_phone(line: str, start: int, end: int) -> Iterator[Span]:
    low = max(0, start - 8)
    for span in _phones(line[low : end + 80]):
        yield Span(low + span.start, low + span.end, span.kind, span.rank)


def _named_ssn(line: str, start: int, end: int) -> Iterator[Span]:
    low = max(0, start - 2)
    for span in _ssns(line[low : end + 60]):
        yield Span(low + span.start, low + span.end, span.kind, span.rank)


def _named_iban(line: str, _start: int, end: int) -> Iterator[Span]:
    """Where it is called one, in small letters too."""
    for span in _ibans(line[end : end + 60].upper()):
        yield Span(end + span.start, end + span.end, span.kind, span.rank)


PERSONAL: tuple[Rule, ...] = (
    Rule("EMAIL", ("@", "%40", "\\u0040", "&#64;", "\\x40"), _email),
    Rule("PHONE", ("phone", "mobil", "tel:", "tel.", "telefon", "téléfon", "cell:", "whatsapp", "sms ", "sms:", "msisdn", "call ", "contact:", "callback", "reach "), _named_phone),
    Rule("IBAN", ("iban",), _named_iban),
    Rule("SSN", ("ssn", "social", "tax id", "tax_id", "taxid", "itin"), _named_ssn),
)  # fmt: skip
