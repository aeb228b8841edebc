"""Programs that send requests: asking passes, except for Secrets; anything that may change what answers does not."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from safety.commands.call import Call
from safety.commands.files import matters
from safety.commands.flags import Grammar, Parsed, is_known, take_apart
from safety.commands.secrets import holds_credentials, printed_by_path
from safety.commands.table import words
from safety.commands.verdict import READS, Verdict, refused

_CURL = Grammar(
    words(
        "-X --request -d --data --data-raw --data-binary --data-urlencode"
        " --data-ascii --json -F --form --form-string -T"
        " --upload-file -H --header -o --output -u --user -A --user-agent -e --referer -b --cookie -c --cookie-jar -K"
        " --config -m --max-time --connect-timeout -w --write-out -x --proxy --cacert --cert -E --key --capath --url"
        " --resolve --retry --retry-delay --retry-max-time --unix-socket --abstract-unix-socket -r --range -z"
        " --time-cond -D --dump-header --limit-rate --max-redirs --interface --connect-to --url-query --oauth2-bearer"
        " --aws-sigv4 -Q --quote --ciphers --tls-max --dns-servers --output-dir --pass --cert-type --key-type --proto"
        " --noproxy --stderr --trace --trace-ascii -C --continue-at -Y -y -P -t --telnet-option --variable --libcurl"
    )
)
_DATA = (
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--data-ascii",
    "--json",
    "-F",
    "--form",
    "--form-string",
    "-T",
    "--upload-file",
)
_WRITING = ("-o", "--output", "-D", "--dump-header", "-c", "--cookie-jar", "--trace", "--trace-ascii", "--stderr")
# Switches that begin like a flag with a value.
_CURL_SWITCHES = words("--head --get --crlf --tcp-fastopen --trace-time --retry-all-errors --proxy-insecure")
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# Questions that are too long for a URL are sent with POST.
_ASKED_BY_POST = re.compile(
    r"/(?:api/v1|loki/api/v1|prometheus/api/v1)/(?:query|query_range|series|labels|query_exemplars|format_query)/?"
    r"|(?:/[^/]*)?/(?:_search|_msearch|_count|_field_caps|_sql|_mget)/?|/api/(?:v2/)?(?:search|ds/query)/?"
)
# Where a message is left for people.
_TELLS_PEOPLE = re.compile(
    r"hooks\.slack(?:-gov)?\.com|events\.(?:eu\.)?pagerduty\.com|[\w.-]+\.webhook\.office\.com|discord(?:app)?\.com"
    r"|api\.telegram\.org|ntfy\.sh|chat\.googleapis\.com"
)
_HERE = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0")
# Ports of API servers, kubelets, etcd, container engines and stores.
_PORTS_THAT_CHANGE = frozenset(
    {
        443,
        6443,
        8443,
        16443,
        8001,
        8081,
        2375,
        2376,
        2379,
        2380,
        4001,
        4646,
        8200,
        8500,
        9093,
        9200,
        10250,
        10255,
        10256,
        10257,
        10259,
        5984,
        15672,
        9090,
        9091,
        6666,
        9443,
        2019,
        8008,
    }
)
_PATHS_THAT_CHANGE = re.compile(
    r"/(?:api/v\d|apis?/|v\d(?:\.\d+)?/|run/|exec/|containers/|images/|services/|admin|-/|k8s/|clusters?/|_|shutdown"
    r"|restart|delete|drain|actuator|quit|stop|kill|flush|reset|reload)",
    re.IGNORECASE,
)


def _request(call: Call, method: str, urls: list[str]) -> Verdict:
    """One request, or several alike."""
    if not is_known(method):
        return refused(f"{call.name}: the method of the request is not known before it runs")
    for url in urls:
        if url.split("://")[0].lower() in ("gopher", "telnet", "dict", "smtp", "ldap") and "://" in url:
            return refused(
                f"{call.name} would speak to a server in a way that cannot be judged ({url.split('://')[0]})"
            )
        if why := printed_by_path(_path_of(url)) if _is_whole(url) else None:
            return refused(f"{call.name} {url}: {why}".replace("\0", "…"))
        if holds_credentials(_path_of(url)) and url.startswith("file:"):
            return refused(f"{call.name} would print credentials")
    if method.upper() in _READING_METHODS:
        return READS
    bad = [each for each in urls or ["\0"] if not _is_harmless_to_send(method.upper(), each)]
    if not bad:
        return READS
    shown = bad[0].replace("\0", "…")[:120]
    return refused(f"{call.name} {method.upper()} {shown} may change a cluster, an account or another system")


def _is_whole(url: str) -> bool:
    """Whether the path can be told; of a URL that is all variable nothing can."""
    return is_known(_path_of(url)) or "/api/v1" in url or "secret" in url.lower()


def _path_of(url: str) -> str:
    return (
        urlsplit(url if "://" in url else f"http://{url}").path if "[" not in url else re.sub(r"^\w+://[^/]*", "", url)
    )


def _is_harmless_to_send(method: str, url: str) -> bool:
    if not is_known(url):
        return False
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    if method == "POST" and (_ASKED_BY_POST.fullmatch(parts.path) or _TELLS_PEOPLE.fullmatch(host)):
        return True
    here = bool(_HERE.fullmatch(host)) and port not in _PORTS_THAT_CHANGE
    return here and method == "POST" and not _PATHS_THAT_CHANGE.match(parts.path)


def _curl(call: Call) -> Verdict:
    args = tuple(part for each in call.args for part in (_split_long(each)))
    parsed = take_apart(args, _CURL)
    long = [flag for flag, _ in parsed.flags if flag.startswith("--") and flag not in _CURL_SWITCHES]
    # curl takes any beginning of a long flag that only one flag has.
    short_forms = [
        each for each in long if each not in _CURL.valued and any(one.startswith(each) for one in _CURL.valued)
    ]
    if parsed.has("-K", "--config", "-Q", "--quote", "--libcurl") or short_forms:
        return refused(f"{call.name}: what it would send stands in another place; write the request out")
    if any("method" in value.lower() for value in parsed.values("-H", "--header")):
        return refused(f"{call.name} with a header that overrides the method may change what answers")
    for path in parsed.values(*_WRITING):
        if matters(path, call.around.files):
            return refused(f"{call.name} would write to {path}, a place that matters")
    if parsed.has("--unix-socket", "--abstract-unix-socket") and _method_of_curl(parsed) not in _READING_METHODS:
        return refused(f"{call.name} would change what listens on that socket")
    urls = [*parsed.words, *parsed.rest, *parsed.values("--url")]
    return _request(call, _method_of_curl(parsed), urls)


def _split_long(word: str) -> tuple[str, ...]:
    name, equals, value = word.partition("=")
    return (name, value) if equals and name in _CURL.valued and name.startswith("--") else (word,)


def _method_of_curl(parsed: Parsed) -> str:
    named = parsed.value("-X", "--request")
    if named is not None:
        return named.upper()
    if parsed.has("-T", "--upload-file"):
        return "PUT"
    if parsed.has("-I", "--head"):
        return "HEAD"
    has_data = parsed.has(*_DATA)
    return "POST" if has_data and not parsed.has("-G", "--get") else "GET"


_WGET = Grammar(
    words(
        "-O --output-document -o --output-file -P --directory-prefix --method --body-data --body-file --post-data"
        " --post-file --header -U --user-agent -t --tries -T --timeout --user"
        " --password -i --input-file -e --execute -a"
        " --ca-certificate --certificate --private-key -w --wait -Q -l --level -A -R -D -I -X --load-cookies"
    )
)


def _wget(call: Call) -> Verdict:
    parsed = take_apart(call.args, _WGET)
    if parsed.has("-e", "--execute", "-i", "--input-file", "--use-askpass"):
        return refused("wget: what it would send stands in another place; write the request out")
    if any("method" in value.lower() for value in parsed.values("--header")):
        return refused("wget with a header that overrides the method may change what answers")
    if any(
        flag.startswith("--")
        and flag not in _WGET.valued
        and any(v.startswith(flag) for v in ("--method", "--body-data", "--body-file", "--post-data", "--post-file"))
        for flag, _ in parsed.flags
    ):
        return refused("wget: write its flags out in full")
    for path in parsed.values("-O", "--output-document", "-o", "--output-file", "-P", "--directory-prefix", "-a"):
        if matters(path, call.around.files):
            return refused(f"wget would write to {path}, a place that matters")
    sends = parsed.has("--body-data", "--body-file", "--post-data", "--post-file")
    return _request(call, (parsed.value("--method") or ("POST" if sends else "GET")).upper(), list(parsed.words))


def _httpie(call: Call) -> Verdict:
    valued = words("-a --auth -A --auth-type -o --output -p --print -s --style --timeout --verify --cert --session -b")
    parsed = take_apart(call.args, Grammar(valued))
    told = list(parsed.words)
    if not told:
        return READS
    method = told.pop(0).upper() if re.fullmatch(r"[A-Za-z]+|\0+", told[0]) and len(told) > 1 else ""
    has_data = any(re.search(r"(?<!=)=(?!=)|:=|@", each) for each in told[1:]) or parsed.has("--raw", "-f", "--form")
    if call.stdin is not None and "--ignore-stdin" not in call.args and "-I" not in call.args:
        has_data = has_data or bool(call.stdin)
    return _request(call, method or ("POST" if has_data else "GET"), told[:1])


def _grpcurl(call: Call) -> Verdict:
    if set(call.args) & {"list", "describe", "-help", "-version"}:
        return READS
    return refused("grpcurl would call a method of which nothing is known; list and describe pass")


def _raw_socket(call: Call) -> Verdict:
    """nc and its kin pass when they only knock, or send what is plainly no request to change."""
    runs = {"-e", "-c", "--exec", "--sh-exec", "--lua-exec", "-k", "-l", "-L"}
    if runs & set(call.args) or (
        call.name == "socat" and re.search(r"EXEC|SYSTEM|OPEN|CREATE", " ".join(call.args), re.I)
    ):
        return refused(f"{call.name} would listen or run a program")
    sent = call.stdin or ""
    if not is_known(sent) or re.search(
        r"\b(?:POST|PUT|PATCH|DELETE|CONNECT)\b|flush|shutdown|kill|del\b|set\b", sent, re.I
    ):
        return refused(f"{call.name} would send something that may change what answers")
    return READS


def _openssl(call: Call) -> Verdict:
    return _raw_socket(call) if call.args[:1] == ("s_client",) else READS


def _remote_copy(call: Call) -> Verdict:
    valued = Grammar(words("-i -F -o -P -c -S -J -l -X -D"))
    parsed = take_apart(call.args, valued)
    if call.name == "sftp" or not parsed.words or ":" in parsed.words[-1] or parsed.has("-o", "-S", "-F", "-D"):
        return refused(f"{call.name} would write to another machine or cannot be judged")
    return refused(f"{call.name} would write to a place that matters") if matters(parsed.words[-1]) else READS


WEB: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(("curl", "curlie"), _curl),
    "wget": _wget,
    **dict.fromkeys(("http", "https", "xh", "xhs", "httpie"), _httpie),
    **dict.fromkeys(("grpcurl", "grpc_cli", "evans"), _grpcurl),
    **dict.fromkeys(("nc", "ncat", "netcat", "socat", "telnet", "websocat", "wscat"), _raw_socket),
    "openssl": _openssl,
    **dict.fromkeys(("scp", "sftp"), _remote_copy),
    "aria2c": lambda call: READS,
}
