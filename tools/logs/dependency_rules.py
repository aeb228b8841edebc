"""The rules for signs of what a program depends on: addresses, names, credentials, certificates, databases."""

from tools.logs.reading import Level, SignKind
from tools.logs.rules import HOST, rule

# Where the line goes on with one of these, the program did not get as far as calling anybody.
_OWN_REASON = (
    r"[^\n]{0,200}(?:\binvalid (?!response|reply)|\bmalformed|\bpars(?:e|ing)\b|\bunsupported|"
    r"\bunknown (?:driver|scheme|dialect|adapter|protocol|option)|"
    r"\bnot (?:set|defined|configured|provided)\b|\bmissing|\bunset\b|\bundefined\b|\brequired\b|cannot find module|"
    r"no module named|no such file|NullPointer|because \"\w{1,60}\" is null|nil pointer|no suitable driver)"
)

REACH = (
    rule(
        SignKind.CONNECTION_REFUSED,
        "refused|econnrefused|can't connect to|errno 111|couldn't connect|can't reach|connect error: 111|"
        "novalidconnections|could not be established",
        r"connection (?:was )?refused|ECONNREFUSED|actively refused|connect call failed|connect\(\) failed \(111|"
        r"\(111\)|errno 111\b|couldn't connect to server|can't reach database server|delayed connect error: 111|"
        r"refused the connection|refused: connect|connection to \S{1,255} refused|NoValidConnectionsError|"
        r"connection to node -?\d{1,9} \(\S{1,255}\) could not be established",
    ),
    rule(
        SignKind.CONNECTION_TIMEOUT,
        "timed out|etimedout|timeout|no route to host|unreach|deadline exceeded|noroutetohost|link failure|connect to",
        # A pool that holds no connection at all is not used up: none could be opened.
        r"Connection is not available, request timed out after \d{1,9} ?ms \(total=0\b|"
        r"connect(?:ion)?(?: attempt)? timed out|ETIMEDOUT|dial (?:tcp|udp)\S{0,4} [^\s]{1,255}: i/o timeout|"
        r"ConnectTimeout|"
        r"connect timeout(?! (?:set|is|of|=|:)|[=:] ?\d)|timed out (?:while )?(?:connecting|waiting for (?:a "
        r")?connection)|"
        r"(?:connecting|connection|connect) to \S{1,255} (?:has )?timed out|no route to host|EHOSTUNREACH|"
        r"ENETUNREACH|can't connect to MySQL server on '[^']{1,255}' \(timed out\)|communications link failure|"
        r"reset reason: connection (?:timeout|failure)|time-?out connecting to|"
        rf"(?:fail(?:ed|ure|s)?|unable|could not|couldn't|cannot|can not) (?:to )?connect to (?!{_OWN_REASON})|"
        r"network is unreachable|upstream timed out \(110: [^)]{1,60}\) while connecting|"
        r"could not connect[^:]{0,80}: timeout|dial (?:tcp|udp)\S{0,4} [^\s]{1,255}: (?:connect: )?(?:operation|"
        r"connection) timed out|"
        r"connection is timed out|server selection (?:timed out|timeout)|ServerSelectionTimeoutError",
    ),
    rule(
        SignKind.CONNECTION_RESET,
        "reset|broken pipe|econnreset|epipe|closed|hang up|gone away|lost connection|eof|terminat",
        r"connection (?:was )?reset|ECONNRESET|broken pipe|EPIPE\b|socket hang up|server (?:has gone away|closed the "
        r"connection)|"
        r"lost connection to (?:mysql|the|server|\S{1,80} server)|connection (?:was |is )?(?:unexpectedly |"
        r"prematurely |forcibly )?closed (?:by|unexpectedly|before|while)|"
        r"prematurely closed connection|unexpected EOF|remote end closed connection|connection terminated "
        r"unexpectedly|"
        r"terminating connection due to|connection aborted|server closed the connection unexpectedly",
    ),
    rule(
        SignKind.DNS_FAILURE,
        "enotfound|no such host|not known|nxdomain|unknownhost|could not resolve|cannot resolve|can't resolve|"
        "unknown host|"
        "not resolve|no address associated|name resolution|bad address|unknown server host|host not found|unresolved|"
        "failed to resolve|getaddrinfo",
        rf"(?:ENOTFOUND (?P<target>{HOST})|lookup (?P<target2>{HOST})\.?(?: on \S{{1,80}})?: no such host|"
        rf"UnknownHostException:? (?:Failed to resolve ')?(?P<target3>{HOST})|could not resolve host(?:name)?:? "
        rf"['\"]?(?P<target4>{HOST})|"
        rf"could not translate host name \"(?P<target5>{HOST})\" to address: Name or service not known|host not "
        rf"found in upstream \"(?P<target6>{HOST})|"
        rf"NXDOMAIN|name or service not known|no address associated with hostname|nodename nor servname provided|"
        rf"bad address '(?P<target10>{HOST})'|unknown server host '(?P<target11>{HOST})'|"
        rf"unknown host:? '?(?P<target7>{HOST})?|"
        rf"(?:failed to|cannot|can't|could not|couldn't) resolve(?: (?:DNS|host) ?name| host| hostname| name| "
        rf"address)?:? "
        rf"(?:['\"](?P<target8>{HOST})['\"]|(?P<target9>{HOST}\.{HOST})))|"
        r"name does not resolve",
        cause="unknown",
    ),
    rule(
        SignKind.DNS_FAILURE,
        "eai_again|temporary failure|servfail|server misbehaving|lookup|name resolution|resolver|dns|try again",
        rf"could not translate host name \"(?P<target3>{HOST})\" to address: (?:temporary|try)|"
        rf"EAI_AGAIN (?P<target>{HOST})|EAI_AGAIN|temporary failure in name resolution|SERVFAIL|"
        rf"lookup (?!failed|failure|error|request)(?P<target2>{HOST})\.?(?: on \S{{1,80}})?: (?:server misbehaving|"
        rf"(?:(?:read|write|dial) \S{{0,4}}.{{0,110}})?(?:i/o timeout|connection refused|try again))|"
        r"(?:DNS|name) (?:lookup|resolution|query) (?:failed|timed out|timeout|error)|resolver timed out|could not "
        r"be resolved \(\d{1,3}: (?:Operation timed out|Server failure|Host not found)",
        cause="unanswered",
    ),
    rule(
        SignKind.PROTOCOL_MISMATCH,
        "wrong_version|"
        "http response|plain http|wrong version number|tls handshake|malformed http|unsupported protocol|preface|"
        "startup packet|"
        "http/1|http1|http2|ssl/tls record|http request|bad request version|not support ssl|ssl is not enabled|"
        "x16\\x03|"
        "plaintext",
        r"trying to connect an http1\.x server|server gave HTTP response to HTTPS client|"
        r"plain HTTP request was sent to HTTPS port|wrong[ _]version[ _]number|"
        r"first record does not look like a TLS handshake|malformed HTTP (?:response|request|version)? ?\"?\\x1|"
        r"malformed HTTP response|"
        r"unsupported protocol(?: scheme)?\b|(?:bogus|invalid|bad|unexpected).{0,30}preface|error reading server "
        r"preface|"
        r"invalid length of startup packet|unrecognized SSL message|not an SSL/TLS record|"
        r"(?:received|got|unexpected) HTTP/1\.\d? ?(?:response|when|frame)|frame too large, note that the frame "
        r"header looked like an HTTP/1|"
        r"invalid HTTP request received|bad request (?:version|syntax) \(.{0,20}\\x16\\x03|client sent an HTTP "
        r"request to an HTTPS server|"
        r"server does not support SSL|SSL is not enabled on the server|http2: .{0,60}HTTP/1|invalid method "
        r".{0,20}\\x16\\x03",
    ),
    rule(
        SignKind.UPSTREAM_ERROR,
        "500|502|503|504|bad gateway|service unavailable|gateway timeout|5xx|no live upstreams|internal server error|"
        "unavailable|no healthy upstream",
        r"(?:status(?:[ _-]?code)?|response|returned|responded(?: with)?|received|got|HTTP(?:/\d(?:\.\d)?)?|"
        r"answered)(?: an?)?(?: status)?(?: code)?(?: error)?[ =:\"]{1,3}(?:HTTP )?(?P<status>5\d\d)\b(?!ms|\d)|"
        r"\b(?P<status2>50[0-4]):? (?:Server Error|Internal Server Error|Bad Gateway|Service (?:Temporarily "
        r")?Unavailable|Gateway Time-?out)|"
        r"no live upstreams|no healthy upstream|code ?= ?Unavailable|StatusCode\.UNAVAILABLE|UNAVAILABLE: (?!io "
        r"exception)",
    ),
    rule(
        SignKind.RATE_LIMITED,
        "429|too many requests|rate limit|ratelimit|throttl|slowdown|quota exceeded|toomanyrequests",
        r"(?:status(?:[ _-]?code)?|HTTP(?:/\d(?:\.\d)?)?|returned|response|code)[ =:\"]{1,3}429\b|429:? (?:Client "
        r"Error|Too Many)|too many requests|TooManyRequests|"
        r"rate[ -]?limit(?:ed| exceeded| reached| hit)|RateLimitError|ThrottlingException|request was throttled|"
        r"Throttling: Rate exceeded|SlowDown\b|RequestLimitExceeded|"
        r"quota exceeded for (?:quota )?metric",
    ),
    rule(
        SignKind.SLOW,
        "took |deadline exceeded|read timed out|timed out|slow|timeout|duration|exceeded",
        r"\btook (?P<duration>(?:\d{5,9}|[3-9]\d{3}) ?ms|(?:\d{2,6}|[3-9])(?:\.\d{1,9})? ?s(?:ec(?:onds?)?)?\b|"
        r"\d{1,4}m\d{1,2}(?:\.\d{1,6})?s)|"
        r"context deadline exceeded|DeadlineExceeded|read(?:ing)? timed out|ReadTimeout(?:Error|Exception)?|"
        r"SocketTimeoutException: (?:Read timed out|timeout)|"
        r"timeout of (?P<duration2>\d{1,9} ?ms) exceeded|slow (?:sql|query|request|operation|"
        r"response)\b.{0,60}?(?P<duration3>\d{1,9}(?:\.\d{1,6})? ?m?s\b)|"
        r"upstream timed out \(110: [^)]{1,60}\) while reading|canceling statement due to statement timeout|query "
        r"execution was interrupted, maximum|"
        r"(?:request|operation|query|call|response|task|transaction|poll|command) (?:has )?timed out(?: after "
        r"(?P<duration4>\d{1,9}(?:\.\d{1,6})? ?(?:ms|s|seconds)))?|"
        r"timed out after (?P<duration5>\d{1,9}(?:\.\d{1,6})? ?(?:ms|s|seconds))|WORKER TIMEOUT|command timed out|"
        r"statement timeout|"
        r"^duration: (?P<duration6>\d{4,9}(?:\.\d{1,6})? ms)",
        Level.WARN,
    ),
)

TRUST = (
    rule(
        SignKind.AUTHENTICATION_FAILED,
        "authentication|pg_hba|password|access denied|wrongpass|noauth|access_refused|sasl|401|unauthorized|"
        "invalidclienttokenid|"
        "expiredtoken|signaturedoesnotmatch|credential|api key|api_key|login failed|login was refused|28p01|"
        "unrecognizedclient|username-password|unable to authenticate|authenticationexception|authenticationerror|"
        "ora-01017|logon denied|login to |does not exist|bad credentials|username or password|"
        "username/password|user name or password|authorization violation|"
        "invalid_grant|invalid_client|token|accesskey",
        r"(?:password |)authentication failed(?: for user \"(?P<user>[^\"]{1,80})\"| for '(?P<user4>[^']{1,80})')?|"
        r"no password supplied|28P01|no pg_hba\.conf entry for|(?:^|: )unauthorized$|"
        r"access denied for user '(?P<user2>[^']{1,80})'|"
        r"(?:invalid|bad|wrong) user ?name[ /-](?:or |and )?password|authorization violation|ORA-01017|"
        r"logon denied|unable to authenticate|bad credentials|"
        r"\bAuthentication(?:Exception|Error)\b|login to \w{1,40} (?:has )?failed|"
        r"WRONGPASS|NOAUTH|ACCESS_REFUSED|SaslAuthenticationException|SASL (?:authentication|handshake) (?:failed|"
        r"error)|AuthenticationFailed\b|"
        r"(?:status(?:[ _-]?code)?|HTTP(?:/\d(?:\.\d)?)?|returned|response|responded(?: with)?|got|received)(?: "
        r"an?)?(?: status)?(?: code)?[ =:\"]{1,3}401\b|401:? (?:Client Error|Unauthorized)|"
        r"InvalidClientTokenId|ExpiredToken|InvalidAccessKeyId|UnrecognizedClientException|SignatureDoesNotMatch|"
        r"NoCredentialProviders|Unable to locate credentials|NoCredentialsError|"
        r"(?:invalid|incorrect|wrong|bad|expired) (?:credentials|password|api[ _-]?key|token|username or password)|"
        r"login failed for user '(?P<user3>[^']{1,80})'|login was refused|invalid_grant|invalid_client|"
        r"authentication (?:error|required)|"
        r"(?:token|jwt|credentials?) (?:has |have |is |are )?(?:expired|invalid)|could not load credentials|role "
        r"\"(?P<user5>[^\"]{1,80})\" does not exist|"
        r"code ?= ?Unauthenticated|StatusCode\.UNAUTHENTICATED|security token included in the request is (?:invalid|"
        r"expired)",
    ),
    rule(
        SignKind.ACCESS_FORBIDDEN,
        "system:serviceaccount:",
        r"User \\?\"system:serviceaccount:(?P<account>[a-z0-9.:-]{1,200})\\?\" cannot (?P<verb>[a-z]{1,30}) resource "
        r"\\?\"(?P<target>[a-z0-9./]{1,120})\\?\""
        r"(?: in API group \\?\"(?P<group>[a-z0-9.]{0,120})\\?\")?(?: in the namespace "
        r"\\?\"(?P<namespace>[a-z0-9-]{1,63})\\?\")?",
    ),
    rule(
        SignKind.ACCESS_FORBIDDEN,
        "403|accessdenied|access denied|forbidden|permission denied for|not authorized|permission_denied|"
        "permissiondenied|command denied|noperm|notauthorized|authorizationexception",
        r"(?:status(?:[ _-]?code)?|HTTP(?:/\d(?:\.\d)?)?|returned|response|responded(?: with)?|got|received)(?: "
        r"an?)?(?: status)?(?: code)?[ =:\"]{1,3}403\b|403:? (?:Client Error|Forbidden)|AccessDenied(?:Exception)?\b|"
        r"permission denied for (?:table|relation|schema|database|sequence|function|view) "
        r"(?P<target>[\w.\"-]{1,120})|is not authorized to perform:? (?P<target2>[\w:*]{1,80})|"
        r"command denied to user|NOPERM|code ?= ?PermissionDenied|not authorized on (?P<target3>\w{1,60})|(?:Topic|"
        r"Group|Cluster)AuthorizationException|not authorized to access (?:topics|group)",
    ),
    rule(
        SignKind.CERTIFICATE_EXPIRED,
        "expired|not yet valid|notafter|cert_has_expired|certificateexpired",
        r"certificate has expired(?: or is not yet valid)?(?:: current time \S{1,40} is after "
        r"(?P<expired_at>[\dT:Z+-]{10,30}))?|CERT_HAS_EXPIRED|certificate (?:is )?expired|"
        r"CertificateExpiredException|NotAfter: (?P<expired_at2>\w{3} \w{3} {1,2}\d{1,2} [\d:]{8} \w{1,5} \d{4})|"
        r"certificate is not yet valid|CertificateNotYetValid|"
        r"alert certificate expired|SSL certificate.{0,40}expired|certificate .{0,80}expired on "
        r"(?P<expired_at3>[\d-]{10})",
    ),
    rule(
        SignKind.CERTIFICATE_INVALID,
        "x509|pkix|certificate|cert_|self signed|self-signed|sslhandshake",
        r"x509: (?:certificate signed by unknown authority|certificate is (?:valid for|not valid for)|cannot "
        r"validate certificate|certificate relies on legacy|certificate is not authorized|.{0,60}not trusted)|"
        r"PKIX path (?:building|validation) failed|certificate verify failed(?!: certificate has expired)|unable to "
        r"get local issuer certificate|self[- ]signed certificate|"
        r"UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|"
        r"SELF_SIGNED_CERT_IN_CHAIN|ERR_TLS_CERT_ALTNAME_INVALID|SSL certificate problem(?!: certificate has "
        r"expired)|"
        r"No subject alternative (?:DNS )?names? (?:matching|present)|Hostname .{1,255} doesn't match|remote error: "
        r"tls: (?:bad|unknown) certificate|unknown ca\b|certificate signed by unknown authority|unable to verify the "
        r"first certificate",
    ),
)

DATABASES = (
    rule(
        SignKind.TOO_MANY_CONNECTIONS,
        "too many|connection slots|connection is not available|queuepool|no more connections|max number of clients|"
        "53300|pool|connection limit|max_client_conn|maxclients|user_connections",
        r"too many (?:clients|connections)|remaining connection slots|53300|Connection is not available, request "
        r"timed out(?! after \d{1,9} ?ms \(total=0\b)|QueuePool limit of size|no more connections allowed|"
        r"max number of clients reached|connection pool (?:has been |is )?(?:exhausted|full|timeout)|PoolExhausted|"
        r"pool (?:is |has been )?exhausted|pool timed out while waiting for|(?:acquir|get)\w{0,4} (?:a )?(?:database )?"
        r"connection(?: from (?:the )?pool)?: (?:timeout|timed out|context deadline)|max_user_connections|"
        r"timeout (?:exceeded when trying to connect|waiting for (?:idle object|connection from pool))|"
        r"could not obtain (?:a database )?connection(?: from the pool)? within|Timed out fetching a new connection "
        r"from the connection pool|too many active connections|"
        r"ConnectionPoolTimeout|timed out waiting for (?:a )?connection from (?:the )?pool|the timeout period "
        r"elapsed prior to obtaining a connection from the pool|"
        r"Timeout acquiring a connection|Knex: Timeout|waiting for a pool(?:ed)? connection",
    ),
    rule(
        SignKind.READ_ONLY,
        "read-only|readonly|notwritableprimary|not master|notprimary|not primary|read only|super-read-only|25006",
        r"cannot execute (?P<target>[A-Z]{2,20}(?: [A-Z]{2,20}){0,2}) in a read-only transaction|"
        r"(?:super-)?read-only option|(?:^|[^A-Za-z])READONLY You can't write|You can't write against a read only "
        r"replica|NotWritablePrimary|NotPrimaryNoSecondaryOk|not (?:the )?(?:master|primary)\b|"
        r"database is (?:in )?read[- ]only(?: mode)?|attempt to write a readonly database|index \[?[\w.-]{1,80}\]? "
        r"blocked by: .{0,60}read[- ]only|index read-only",
    ),
    rule(
        SignKind.LOCK_TIMEOUT,
        "deadlock|lock wait timeout|lock timeout|database is locked|could not obtain lock|locknottimeout|locktimeout|"
        "cannotacquirelock|lock request time",
        r"deadlock (?:detected|found)|Lock wait timeout exceeded|canceling statement due to lock timeout|database is "
        r"locked|could not obtain lock on|LockTimeout|CannotAcquireLockException|Lock request time out|all "
        r"goroutines are asleep - deadlock",
    ),
    rule(
        SignKind.SCHEMA_MISMATCH,
        "does not exist|unknown column|doesn't exist|no such table|no such column|invalid column|unknown table|"
        "invalid object name|undefinedtable|undefinedcolumn",
        r"(?:relation|table) ['\"](?P<target>[\w.]{1,120})['\"] does ?n.t exist|relation "
        r"\"(?P<target2>[\w.]{1,120})\" does not exist|column ['\"]?(?P<target3>[\w.]{1,120})['\"]?(?: of relation "
        r"\"[\w.]{1,120}\")? does not exist|"
        r"Unknown column '(?P<target4>[\w.]{1,120})'|no such (?:table|column): (?P<target5>[\w.]{1,120})|Invalid "
        r"(?:column|object) name '(?P<target6>[\w.]{1,120})'|Unknown table '(?P<target7>[\w.]{1,120})'|"
        r"type \"(?P<target8>[\w.]{1,120})\" does not exist|database \"(?P<target9>[\w.-]{1,120})\" does not exist|"
        r"Unknown database '(?P<target10>[\w.-]{1,120})'",
    ),
    rule(
        SignKind.LEADERSHIP_LOST,
        "leader|lease",
        r"leader ?election lost|lost (?:the )?(?:leader(?:ship| election| lease)|lease)|failed to renew lease(?: "
        r"(?P<target>[\w./-]{1,120}))?|no longer (?:the )?leader|leadership (?:was )?lost|stopped leading",
    ),
)
