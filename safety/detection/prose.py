"""Passwords that people write into sentences: "the temporary password is …", in several languages."""

import re
from collections.abc import Iterator

from safety.detection.rule import Rule, Span
from safety.detection.values import is_amount, is_code, is_name, is_path, is_placeholder, is_prose, is_telling

_NOUN = (
    r"(?:password|\bpw\b|passwd|passphrase|passcode|passwort|kennwort|pass[ ]?word|pwd|senha|contrase(?:ñ|n)a|clave|mot[ ]de[ ]passe|wachtwoord"
    r"|l(?:ö|o)senord|has(?:ł|l)o|пароль|parola|şifre|パスワード|密码|密碼|암호|비밀번호|"
    r"api[ -]?key|secret[ ]key|access[ ]key|access[ ]token|auth[ ]token|api[ ]token|client[ ]secret|secret[ ]token|security[ ]code|token|secret|credentials?|creds|login)"
)
_LINK = (
    r"(?:[ ](?:was[ ]|is[ ]|has[ ]been[ ])(?:changed|reset|set|updated|rotated|switched)[ ]to[:]?[ ]"
    r"|[ ]?(?:[:=：]|->)[ ]{0,3}(?:is[ ])?|[ ]{1,2}(?:is|was|are|will[ ]be|ist|lautet|war|est|era|es|é|будет|это|jest|är)(?:[ ](?:now|currently|still|jetzt|ahora|agora))?[ ]?[:=]?[ ]"
    r"|[ ](?:was[ ])?(?:changed|reset|set|updated|rotated|switched)[ ](?:from[ ]\S{1,64}[ ])?to[:]?[ ]|[ ]to[ ]|は[、 ]?|是|为|為|는[ ]?|은[ ]?)"
)
_BETWEEN = r"(?:[ ](?:for|of|to|für|von|pour|para|do|da|de|del|til|для)[ ](?:the[ ]|our[ ]|my[ ])?[^\s,;:]{1,48}(?:[ ](?!is\b|was\b|est\b|ist\b|es\b)[^\s,;:]{1,32}){0,2})?"
_VALUE = r"(?P<quote>[\"'`“«「]?)(?P<value>(?(quote)[^\"'`”»」\n]{1,128}|[^\s\"'`“”«»,;、。]{2,128}))"
_SAID = re.compile(rf"(?i)(?P<noun>{_NOUN}){_BETWEEN}{_LINK}(?P<rest>.{{1,160}})")
_FIRST = re.compile(
    r"[\"'`“«「*_]{1,2}(?P<quoted>[^\"'`”»」*\n]{2,128})[\"'`”»」*_]{1,2}|(?P<plain>[^\s\"'`“”«»,;、。「」]{2,128})"
)
_STRONG = re.compile(
    r"(?i)pass|^pw$|kennwort|senha|contrase|clave|wachtwoord|senord|has|пароль|parola|şifre|パス|密|암호|비밀"
)
_PIN = re.compile(
    r"(?i)\b(?:pin(?:[ ]?(?:code|number))?|otp|passcode|(?:one[- ]?time|verification|security|authentication|auth|2fa|mfa|login|access|confirmation|sms|unlock|door|card|cvv|cvc|bestätigungs|sicherheits)[ -]?"
    r"(?:pass)?(?:code|pin|number)|cvv2?|cvc2?|tan)(?:[ ](?:code|number))?(?:[ ](?:for|of)[ ][^\s:]{1,40})?[ ]?(?:is|was|ist|lautet|[:=#])?[ ]{0,3}[\"'`]?(?P<value>\d{3,10}|\d{3}[- ]\d{3})\b(?![.:]\d|[ ]?(?:ms|s|times|bytes|errors?|attempts?|failed)\b)"
)
_PAIR = re.compile(
    r"(?i)\b(?:log(?:[- ]?in|on)?|creds?|credentials|user(?:name)?[ ]?/[ ]?pass(?:word)?|sign[- ]?in|ssh in|connect|log in)\b[^\n]{0,40}?(?::|[ ](?:with|as|using|is|are))[ ]{0,3}[\"'`]?"
    r"(?P<user>[\w.@-]{2,48})[ ]?(?:/|:|[ ]and[ ])[ ]?(?P<value>[^\s\"'`,;]{3,128})"
)
_WITH = re.compile(
    rf"(?i)\b(?:use|using|with|try|enter|type|typed|mit|avec|con|com|send|sent)[ ](?:the[ ]|this[ ]|das[ ]|le[ ]|la[ ])?(?:following[ ]|new[ ]|old[ ]|default[ ]|root[ ]|admin[ ])?(?P<noun>{_NOUN})[ ]{{1,2}}(?P<rest>.{{1,140}})"
)
_WORD_BEGINS = re.compile(r"(?<![^\W\d_])[^\W\d_]")
_NAMES_PARENS = re.compile(
    r"(?i)(?P<noun>pass(?:word|phrase|code)|pwd|kennwort|passwort)[ ]?\([ ]?[\"']?(?P<value>[^\s\"')]{4,64})[\"']?[ ]?\)"
)


def _said(line: str, start: int, end: int) -> Iterator[Span]:
    """Looks only at what follows the noun at ``start``; anything that a sentence could go on with stays."""
    for pattern in (_SAID, _WITH):
        low = max(0, start - (24 if pattern is _WITH else 14))
        # What begins after the noun is of another one: a search to the end of the window would only cost time.
        places = [each.start() for each in _WORD_BEGINS.finditer(line, low, start)]
        match = next(
            (each for at in (*places, start) if (each := pattern.match(line, at, start + 320)) is not None), None
        )
        begins = match.start() if match is not None and pattern is _WITH else match and match.start("noun")
        if match is None or begins is None or not begins <= start <= match.end("noun"):
            continue
        if (
            pattern is _SAID
            and line[match.end("noun") : match.end("noun") + 1] in ("=", ":")
            and " " not in match["noun"]
        ):
            return  # an assignment, which has been judged as such
        span = _first_word(line, match, is_weak=pattern is _WITH)
        if span is not None:
            yield span
            return


def _first_word(line: str, match: re.Match[str], is_weak: bool) -> Span | None:
    first = _FIRST.match(line, match.start("rest"))
    if first is None:
        return None
    group = "quoted" if first["quoted"] else "plain"
    text = first[group]
    if is_placeholder(text):
        return None
    text = text.rstrip(".,:;!?)]}")
    if not text or is_placeholder(text) or is_path(text) or is_code(text):
        return None
    is_strong = _STRONG.search(match["noun"]) is not None
    if group == "quoted":
        if is_prose(text) or (not is_strong and (is_name(text) or not is_telling(text))):
            return None
        if " " in text and not is_strong:
            return None
    elif is_prose(text) or not _stands_out(line, first.end(), text, is_strong and not is_weak):
        return None
    at = first.start(group)
    return Span(at, at + len(text), "PASSWORD" if is_strong else "SECRET", 7)


def _stands_out(line: str, end: int, text: str, is_strong: bool) -> bool:
    if is_name(text) or (is_amount(text) and not (is_strong and text.isdigit() and len(text) >= 4)):
        return False
    if is_telling(text) and not _WORDY.fullmatch(text):
        return True
    # A plain word is a password only where the sentence ends with it.
    return (
        is_strong
        and len(text) >= 5
        and not line[end : end + 200].strip(" .!)\"'*")
        and not text.endswith(("ed", "ing"))
    )


_WORDY = re.compile(
    r"(?i)[a-z]+(?:'[a-z]{1,2})|[A-Z][a-z]+|[\w.-]+\(\)|\S+://\S*|[\w.-]+:\d+|\d+(?:\.\d+)+|[A-Z]+_[A-Z_]+|[a-z]+(?:[._/][a-z]+)+"
)


def _pin(line: str, start: int, _end: int) -> Iterator[Span]:
    match = _PIN.search(line, max(0, start - 16), start + 120)
    if match is not None and match.start() <= start + 2:
        yield Span(match.start("value"), match.end("value"), "PIN", 7)


def _pair(line: str, start: int, _end: int) -> Iterator[Span]:
    """``login: bob / hunter2``."""
    match = _PAIR.search(line, max(0, start - 1), start + 260)
    if match is None or match.start() > start + 1:
        return
    text = match["value"].rstrip(".,;!?)")
    if (
        is_telling(text)
        and not is_placeholder(text)
        and not is_path(text)
        and not is_amount(text)
        and not _WORDY.fullmatch(text)
    ):
        yield Span(match.start("value"), match.start("value") + len(text), "PASSWORD", 7)


def _in_parentheses(line: str, start: int, _end: int) -> Iterator[Span]:
    match = _NAMES_PARENS.match(line, start)
    if (
        match is not None
        and is_telling(match["value"])
        and not is_placeholder(match["value"])
        and not is_amount(match["value"])
    ):
        yield Span(match.start("value"), match.end("value"), "PASSWORD", 7)


PROSE_RULES: tuple[Rule, ...] = (
    Rule(
        "PASSWORD",
        tuple(
            ["password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "pass word", "senha", "contraseña", "contrasena", "clave ", "clave:", "mot de passe", "wachtwoord", "lösenord", "hasło", "пароль", "parola", "şifre", "パスワード", "密码", "密碼", "암호", "비밀번호", "api key", "api-key", "secret key", "access key", "access token", "auth token", "api token", "client secret", "security code", "secret token", "token is", "token was", "token to", "token:", "secret is", "creds", "pwd is", "pwd to", "pw is", "use token", "using token", "with token", "use key"]
        ),
        _said,
    ),
    Rule("PIN", tuple([" pin", "pin:", "pin=", "pin ", "otp", "passcode", "verification code", "one-time", "security code", "confirmation code", "2fa", "mfa code", "cvv", "cvc", "access code", "login code", "auth code", "unlock code", "door code", "sms code"]), _pin),
    Rule("PASSWORD", ("login", "creds", "credentials", "log in", "user/pass", "username/password", "ssh in", "sign in"), _pair),
    Rule("PASSWORD", ("password(", "password (", "passwd(", "passphrase(", "kennwort (", "passwort ("), _in_parentheses),
)  # fmt: skip
