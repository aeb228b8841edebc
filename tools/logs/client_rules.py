"""The rules for signs of what a program depends on, in the words of clients, drivers and pools of many languages."""

from tools.logs.reading import Level, SignKind
from tools.logs.rules import rule

_FILE = r"[^\s'\"`:;,()\[\]<>]{1,300}"

CLIENTS = (
    rule(
        SignKind.CONNECTION_REFUSED,
        "connect call failed",
        r"connect call failed",
    ),
    rule(
        SignKind.CONNECTION_TIMEOUT,
        "waiting for connection|handshake timeout|opentimeout|connection attempts failed|nobrokersavailable|"
        "brokers are down|"
        "amqpconnectionerror|could not establish|couldn't establish|did not properly respond|establishing a connection|"
        "connect_timeout|upstream connect error|unavailable: io exception|not reachable|unreachable|did not answer|"
        "did not respond|not responding|no answer from|does not answer|does not respond|connect error|be reached|"
        "not possible to connect|unable to reach",
        r"request canceled while waiting for connection|TLS handshake timeout|Net::OpenTimeout|all connection attempts "
        r"failed|NoBrokersAvailable|\d{1,3}/\d{1,3} brokers are down|AMQPConnectionError|"
        r"(?:could not|couldn't|unable to|failed to) establish (?:a )?(?:\w{1,20} )?connection|"
        r"connected party did not properly respond|error occurred while establishing a connection to|"
        r":connect_timeout|upstream connect error or disconnect|UNAVAILABLE: io exception|"
        r"\b(?:is |are |was )?(?:not reachable|unreachable|not responding)\b(?! (?:code|statement|block))|"
        r"not possible to connect to|(?:could not|cannot|can't|couldn't) be reached|unable to reach \S|"
        r"\b(?:did|does) not (?:answer|respond)\b|\bno answer from\b",
    ),
    rule(
        SignKind.SLOW,
        "httpclient.timeout|timedout",
        r"HttpClient\.Timeout of (?P<duration>\d{1,6} seconds) elapsing|source: TimedOut\b|"
        r"Client\.Timeout exceeded while (?:awaiting headers|reading body)",
        Level.WARN,
    ),
    rule(
        SignKind.TOO_MANY_CONNECTIONS,
        "dropped from queue|obtain a connection|pooled connections|resourcerequest|acquiretimeout|waitqueue|"
        "waiting for a connection|from pool|from the pool|in use",
        r"dropped from queue after \d|could not obtain a connection from the pool|all pooled connections were in use|"
        r"ResourceRequest timed out|AcquireTimeout(?:Error)?\b|WaitQueue(?:Full|Timeout)|"
        r"too many operations are already waiting for a connection|"
        r"(?:fail\w{0,3}|unable|could not|cannot) (?:to )?(?:acquire|obtain|get|borrow|check ?out) (?:a )?connection "
        r"from (?:the )?pool|"
        r"\b(?P<most>\d{1,5})/(?P=most) (?:connections )?in use",
    ),
    rule(
        SignKind.AUTHENTICATION_FAILED,
        "error code 49|result code 49|access key id",
        r"(?:error|result) code 49\b|access key id you provided does not exist",
    ),
    rule(
        SignKind.READ_ONLY,
        "read-only|misconf |recovery|ora-16000|read only|readonly|standby|write operations",
        r"read-only-allow-delete|MISCONF \w{1,20} is configured to|ORA-16000|"
        r"cannot execute [\w()]{1,40} (?:in a read-only transaction|during recovery)|"
        r"cannot set transaction read-write mode during recovery|no write operations are allowed|"
        r"because the database is (?:in )?read[- ]?only|"
        r"\b(?:server|node|instance|cluster|replica|table|store|shard|session|connection|member) is (?:currently )?"
        r"(?:in |running in |set to )?read[- ]?only|"
        r"\b(?:writes? (?:is |are |was |were )?(?:not (?:allowed|permitted|accepted|possible)|disabled|refused|"
        r"rejected|denied|blocked)|(?:refus|reject|cannot accept|not accept)\w{0,3} (?:all )?writes?)\b[^\n]{0,60}"
        r"(?:read[- ]?only|standby|replica|secondary|recovery)",
    ),
    rule(
        SignKind.PROTOCOL_MISMATCH,
        "ssl message|record_layer_failure|record_too_long|frame size|larger than max|invalidcontenttype|"
        "http/2 preface|looks like plain|plaintext connection",
        r"unsupported or unrecognized SSL message|RECORD_LAYER_FAILURE|RX_RECORD_TOO_LONG|"
        r"cannot determine the frame size|InvalidContentType|"
        # The first four letters of an answer or a request in HTTP, read as the length of a message.
        r"larger than max \((?:1347375956|1213486160|1195725856|1195725856|369295616)\b",
    ),
    rule(
        SignKind.CERTIFICATE_EXPIRED,
        "peer certificate: expired|nottimevalid|certificate_expired|certexpired|has expired",
        r"invalid peer certificate: (?:certificate )?expired|NotTimeValid|\bcertificate_expired\b|\bCertExpired\b|"
        r"\bcert(?:ificate)? [^\n]{1,80} has expired",
    ),
    rule(
        SignKind.PERMISSION_DENIED,
        "unauthorizedaccess|permission denied|permissiondenied|eacces|operation not permitted",
        rf"UnauthorizedAccessException: Access to the path '(?P<target>/{_FILE})'|"
        rf"\((?P<target2>/{_FILE})\): failed to open stream: permission denied|"
        rf"changing ownership of '(?P<target3>/{_FILE})': (?:operation not permitted|permission denied)|"
        rf"(?::eacces\b|\bPermissionDenied\b)[^\n]{{0,80}} (?P<target4>/{_FILE})|"
        rf"cannot \w{{1,12}} '?(?P<target5>/{_FILE})'?: permission denied",
    ),
    rule(
        SignKind.ADDRESS_IN_USE,
        "could not bind|cannot bind|another process",
        r"(?:could not|cannot|can't) bind (?:to )?(?:socket |port |address )?(?P<target>[\w.:\[\]]{0,40}:\d{1,5})"
        r"[^\n]{0,40}(?:another process|in use|taken)",
    ),
)
