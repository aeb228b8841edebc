"""Tokens of code hosting, builds, package registries, AI and hashes of passwords, by their published formats."""

from safety.detection.encoded import decoded_text
from safety.detection.rule import Rule, has_capital, has_digit, is_mixed, shaped, token

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_U = r"[A-Za-z0-9_-]"


def _is_jwt(body: str) -> bool:
    """A JSON web token, whole or cut; other JSON in base64 is looked into, not taken for one."""
    head = "eyJ" + body.partition(".")[0]
    text = decoded_text(head[: len(head) // 4 * 4])
    if text is None:
        return is_mixed(body)
    return any(each in text for each in ('"alg"', '"typ"', '"kid"', '"enc"', '"jku"', '"x5t'))


def _is_mixed_case(body: str) -> bool:
    return sum(each.isupper() for each in body) > 5 and sum(each.islower() for each in body) > 5


def _is_drawn(body: str) -> bool:
    """Digits among letters, or letters of both kinds: with twenty characters some have no digit."""
    return is_mixed(body) or (body.lower() != body != body.upper())


PROGRAMS: tuple[Rule, ...] = (
    token("GITHUB", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{20,}"),
    token("GITHUB", "github_pat_", r"[A-Za-z0-9_]{22,}"),
    shaped("GITHUB", r"v1\.[0-9a-f]{40}\b"),
    token(
        "GITLAB",
        "glpat- glrt- gldt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct- glwt- glrtr- glpat_",
        r"[A-Za-z0-9_.=-]{16,}",
        _is_drawn,
    ),
    token("GITLAB", "GR1348941", rf"{_U}{{18,}}"),
    token("GITLAB", "_gitlab_session=", r"[0-9a-f]{32}"),
    token("BITBUCKET", "ATBB", r"[A-Za-z0-9]{28,36}\b", has_digit),
    token("ATLASSIAN", "ATATT3 ATCTT3 ATSTT3 ATOTT3", r"[A-Za-z0-9_=-]{20,}"),
    token("CIRCLECI", "CCIPAT_ CCIPRJ_", r"[A-Za-z0-9_]{20,}"),
    token("BUILDKITE", "bkua_ bkaj_ bkct_ bkpt_ bkar_ bkaa_ bkat_", r"[A-Za-z0-9_]{30,}"),
    token("JFROG", "AKCp", r"[A-Za-z0-9]{50,}"),
    token("JFROG", "cmVmdGtu", r"[A-Za-z0-9+/=]{40,}"),
    token("SONAR", "squ_ sqp_ sqa_", r"[0-9a-f]{40}"),
    token("SNYK", "snyk_uat. snyk_sat.", r"[0-9a-f]{8}\.[A-Za-z0-9_.-]{20,}"),
    token("SOURCEGRAPH", "sgp_ sgd_ slk_ sgs_ sgph_", r"[A-Za-z0-9_]{38,}", is_mixed),
    token("CODACY", "codacy_", r"[A-Za-z0-9]{30,}"),
    token("NPM", "npm_", r"[A-Za-z0-9]{36,}\b"),
    token("PYPI", "pypi-", r"[A-Za-z0-9_-]{50,}"),
    token("RUBYGEMS", "rubygems_", r"[0-9a-f]{40,}"),
    token("CRATES", "cio", r"[A-Za-z0-9]{32}\b", has_capital),
    token("NUGET", "oy2", r"[a-z0-9]{43}\b", has_digit),
    token("CLOJARS", "CLOJARS_", r"[a-zA-Z0-9]{40,}"),
    token("HEX", "hexpm_", r"[0-9a-f]{32}"),
    token("DOCKERHUB", "dckr_pat_ dckr_oat_", r"[A-Za-z0-9_-]{16,}"),
    token("CLOUDSMITH", "csa_", r"[0-9a-f]{40}\b"),
    token("SCALINGO", "tk-us- tk-eu-", r"[A-Za-z0-9_-]{40,}"),
    token("DEPLOY", "deploy_key_ appveyor_", r"[A-Za-z0-9]{20,}", is_mixed),
    token("APPVEYOR", "v2.", r"[a-z0-9]{20}\b", has_digit),
    token("POSTMAN", "PMAK-", r"[A-Za-z0-9-]{30,}"),
    token("LINEAR", "lin_api_ lin_oauth_ lin_wh_", r"[A-Za-z0-9]{20,}"),
    token("NOTION", "ntn_", r"[A-Za-z0-9]{20,}"),
    token("NOTION", "secret_", r"[A-Za-z0-9]{43}\b", has_capital),
    shaped("AIRTABLE", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b"),
    token("FIGMA", "figd_ figo_ figoh_ figor_ figu_ figuh_ figur_", r"[A-Za-z0-9_-]{20,}"),
    token("OPENAI", "sk-proj- sk-svcacct- sk-admin- sk-None-", rf"{_U}{{20,}}", has_capital),
    token("OPENAI", "sk-", r"[A-Za-z0-9_]{20,}", has_capital),
    token("OPENAI", "sess-", r"[A-Za-z0-9]{40}\b", has_capital),
    token("DEEPSEEK", "sk-", r"[0-9a-f]{32}\b"),
    token("ANTHROPIC", "sk-ant-", r"[A-Za-z0-9_-]{8,}"),
    token("OPENROUTER", "sk-or-v1- sk-or-", r"[0-9a-f]{40,}"),
    token("LANGFUSE", "sk-lf- pk-lf-", _UUID),
    token("AI_KEY", "r8_", r"[A-Za-z0-9]{30,}"),
    token("AI_KEY", "hf_ api_org_", r"[A-Za-z0-9]{20,}", has_capital),
    token("AI_KEY", "hf_", r"[A-Za-z]{34}\b", _is_mixed_case),
    token("AI_KEY", "gsk_", r"[A-Za-z0-9]{20,}", has_digit),
    token("AI_KEY", "xai- pplx-", r"[A-Za-z0-9]{20,}", has_capital),
    token("AI_KEY", "nvapi-", rf"{_U}{{40,}}"),
    token("AI_KEY", "csk-", r"[a-z0-9]{40,}\b", has_digit),
    token("AI_KEY", "fw_", r"[A-Za-z0-9]{22,26}\b", has_capital),
    token("AI_KEY", "tvly- fc- jina_ lmn- voy- pa- co_ eleven_ sk_", r"[A-Za-z0-9_-]{32,}", has_capital),
    token("JWT", "eyJ", r"[A-Za-z0-9_-]{13,}(?:\.[A-Za-z0-9_=-]+){0,4}", _is_jwt, joins=""),
    token("JWT", "eyJ", r"[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_=-]*)?", joins=""),
    token("BCRYPT", "$2a$ $2b$ $2y$ $2x$", r"\d\d\$[./A-Za-z0-9]{50,53}", joins=""),
    token("CRYPT", "$1$ $5$ $6$ $y$ $gy$ $7$ $apr1$ $sha1$", r"[A-Za-z0-9./=$]{20,}", joins=""),
    token("ARGON2", "$argon2id$ $argon2i$ $argon2d$ $scrypt$ $pbkdf2- $pbkdf2$", r"[A-Za-z0-9+/=,$._-]{20,}", joins=""),
    token("PBKDF2", "pbkdf2_sha256$ pbkdf2_sha1$ pbkdf2:sha256: scrypt: pbkdf2:sha512:", r"[A-Za-z0-9+/=$:.]{24,}"),
    token("SCRAM", "SCRAM-SHA-256$ SCRAM-SHA-1$ SCRAM-SHA-512$", r"[0-9]{3,7}:[A-Za-z0-9+/=:$]{20,}"),
    token("LDAP_HASH", "{SSHA} {SHA} {SMD5} {CRYPT} {SSHA256} {SSHA512} {PBKDF2}", r"[A-Za-z0-9+/=$.]{16,}", joins=""),
    token("MYSQL_HASH", "*", r"[0-9A-F]{40}\b", has_capital, joins=""),
    token("TELEGRAM", "bot", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    shaped("TELEGRAM", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    shaped("DISCORD", r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}\b", has_capital),
    shaped("VAULT", r"s\.[A-Za-z0-9]{24}\b", has_capital),
)
