"""The rules for signs of the program itself: its surroundings, its configuration, how it goes and how it ends."""

from tools.logs.reading import Level, SignKind
from tools.logs.rules import PATH, rule

_VARIABLE = r"[A-Za-z][A-Za-z0-9_.-]{1,80}"
_CODE = r"(?-i:[A-Z][A-Z0-9_]{2,80})"
_FILE = r"[^\s'\"`:;,()\[\]<>]{1,300}"

SURROUNDINGS = (
    rule(
        SignKind.DISK_FULL,
        "no space left|enospc|could not extend file|disk full|disk is full|disk quota|flood stage|not enough space|"
        "not enough disk",
        rf"(?:(?:open|write|mkdir|create)[a-z]{{0,8}} '?{PATH}'?.{{0,40}})?(?:no space left on device|ENOSPC)(?:,? "
        rf"(?:open|write|mkdir) '(?P<target2>{_FILE})'|: '(?P<target3>{_FILE})')?|"
        rf"could not extend file \"(?P<target4>{_FILE})\"|(?:database or )?disk (?:is )?full|disk quota exceeded|"
        rf"flood stage disk watermark|not enough (?:disk )?space",
    ),
    rule(
        SignKind.PERMISSION_DENIED,
        "permission denied|eacces|eperm|operation not permitted|read-only file system|erofs|accessdeniedexception|"
        "not writable|permissionerror|invalid permissions|wrong ownership|read-only directory",
        rf"(?:EACCES|EPERM|EROFS): [^,]{{1,60}}, \w{{1,20}} '(?P<target>{_FILE})'|Permission denied: "
        rf"'(?P<target2>{_FILE})'|Permission denied @ \w{{1,40}} - (?P<target3>{_FILE})|"
        rf"(?:open|mkdir|stat|exec|unlink|remove|chown|chmod|create|access|lock|write|opendir|"
        rf"bind)[a-z]{{0,8}}(?:\(\))? (?:file |directory )?['\"]?(?P<target4>[/.~]{_FILE})['\"]?(?: failed)?:? "
        rf"(?:\(13: )?(?:permission denied|operation not permitted|read-only file system)|"
        rf"['\"`](?P<target5>[/.~]{_FILE})['\"`]:? (?:\(?permission denied|is not writable)|AccessDeniedException: "
        rf"(?P<target6>/{_FILE})|(?<![\w.])(?P<target7>/{_FILE}):? ?(?:line \d{{1,5}}: )?(?:{_FILE})?:? "
        rf"\(?permission denied|in server root dir (?P<target8>/[^\s()]{{1,300}})\).{{0,60}}permission denied|"
        rf"read-only directory:? ['\"]?(?P<target10>/{_FILE})|"
        r"bind(?:\(\))?[^\n]{0,60}(?:permission denied)|(?<!: )\bEACCES\b|PermissionError\b|read-only file system|"
        rf"data directory \"(?P<target9>/{_FILE})\" has (?:invalid permissions|wrong ownership)|"
        r"initdb: error: could not change permissions",
    ),
    rule(
        SignKind.MISSING_FILE,
        "no such file|enoent|filenotfound|nosuchfile|cannot open|not found:",
        rf"ENOENT: no such file or directory, \w{{1,20}} '(?P<target>{_FILE})'|No such file or directory: "
        rf"b?'(?P<target2>{_FILE})'|No such file or directory @ \w{{1,40}} - (?P<target3>{_FILE})|"
        rf"(?:open|stat|read|lstat|chdir|cannot access|cannot stat|can't open|cannot open|load|BIO_new_file|fopen|"
        rf"access)[a-z]{{0,8}}(?:\(\))?(?: file)?[ :(]{{1,3}}['\"]?(?P<target4>[/.~\w]{_FILE})['\"]?\)?:? (?:failed "
        rf")?(?:\(2: )?(?:no such file or directory|\(No such file)|"
        rf"(?:FileNotFoundException|NoSuchFileException): (?P<target5>{_FILE})(?: \(No such file)?|"
        rf"(?<![\w.])(?P<target6>/{_FILE}):? (?:no such file or directory|\(No such file)|Could not find file "
        rf"'(?P<target7>{_FILE})'|"
        rf"(?:can't|cannot) open (?:file )?'(?P<target8>{_FILE})'|(?:config(?:uration)?) file (?:not found:? |"
        rf"'?(?P<target9>/{_FILE})'? (?:not found|does not exist))['\"]?(?P<target10>/{_FILE})?",
    ),
    rule(
        SignKind.ADDRESS_IN_USE,
        "already in use|eaddrinuse|address in use|connection in use|port in use|port is in use|address already|"
        "port is already|was already in use",
        r"EADDRINUSE(?:: address already in use)?,? (?P<target>[\w.:\[\]*]{0,60}:\d{1,5})|EADDRINUSE|listen tcp[46]? "
        r"(?P<target2>[\w.:\[\]]{0,60}:\d{1,5}): bind: address already in use|Port (?P<target3>\d{1,5}) (?:was|is) "
        r"already in use|"
        r"bind\(\) to (?P<target4>[\w.:\[\]]{1,60}) failed \(98|(?:Failed to bind to (?:address "
        r")?(?:https?://)?(?P<target5>[\w.:\[\]/]{1,60}): )?address (?:is )?already in use(?: - bind\(2\) for "
        r"\"?(?P<target6>[\w.:\" ]{1,40}port \d{1,5}))?|Address in use|"
        r"Connection in use: (?P<target8>\('[\w.:]{0,60}', \d{1,5}\))|"
        r"port (?P<target9>\d{1,5}) (?:is )?in use|"
        r"\('(?P<target7>[\w.:]{1,60})', \d{1,5}\)\): (?:\[errno 98\] )?address already in use",
    ),
    rule(
        SignKind.MISSING_VARIABLE,
        "keyerror|required key|is not set|not set|environment variable|required env|field required|placeholder|"
        "process.env|key "
        "not found|is required|"
        "is undefined|must be set|must be provided|missing required|missing env|must specify|missing setting|"
        "undefined variable|unbound variable|parameter not set|environment property|notpresent|"
        "is missing|requires|setting",
        rf"KeyError: ['\"](?P<target>{_CODE})['\"]|(?:environment|env|configuration|config)? ?(?:variable|var|"
        rf"setting|option)s? ['\"`$]?{{?(?P<target2>{_VARIABLE})}}?['\"`]? (?:is |was |are )?(?:not (?:set|defined|"
        rf"found|provided|present)|missing|required|undefined|unset|empty|must be)|"
        rf"(?<![\w.])['\"`$]?{{?(?P<target3>{_CODE})}}?['\"`]? (?:(?:environment|env) (?:variable|var) )?(?:is |are |"
        rf"was )?(?:not (?:set|defined|provided)|must be (?:set|provided|defined|specified)|required|missing|"
        rf"undefined|is required|is missing|(?:is )?(?:empty|unset))\b|"
        rf"(?:missing|required|undefined|unset|no|set the|provide the|requires the|requires)(?: required| "
        rf"mandatory)? (?:environment|env|config(?:uration)?)[ .](?:variables?|vars?|keys?|settings?|value)?:? "
        rf"?\[?['\"`$]?(?P<target4>{_VARIABLE})|"
        rf"required key (?P<target5>{_VARIABLE}) missing value|Could not resolve placeholder "
        rf"'(?P<target6>[^'\s]{{1,120}})'|process\.env\.(?P<target7>{_VARIABLE}) is (?:undefined|not)|key not found: "
        rf"\"(?P<target8>{_VARIABLE})\"|"
        rf"(?P<target9>{_CODE}): (?:unbound variable|parameter (?:not set|null or not set))|env: environment "
        rf"variable \"?(?P<target10>{_VARIABLE})\"? should not be empty|required environment variable "
        rf"\"?(?P<target11>{_VARIABLE})\"? is not set|"
        rf"(?P<target12>{_VARIABLE}) field required|field required "
        rf"\[type=missing|(?P<target13>{_VARIABLE})\s{{1,4}}Field required|"
        rf"(?P<target14>{_CODE}) (?:not found in|is not in) (?:the )?environment|"
        rf"missing field `(?P<target15>{_VARIABLE})`|"
        rf"environment variable not found|NotPresent\b|Set the (?P<target16>{_CODE}) environment variable|The "
        rf"(?P<target17>{_CODE}) setting must not be empty|\"(?P<target18>{_CODE})\" is required|"
        rf"\$(?P<target19>{_CODE}) (?:is )?not (?:set|defined)|You must specify one of (?P<target20>{_CODE})|"
        rf"could not find (?:env(?:ironment)? )?(?:var(?:iable)?|setting) ['\"]?(?P<target21>{_CODE})",
    ),
    rule(
        SignKind.BAD_CONFIG,
        "yaml|json|toml|[emerg]|invalid|unknown|unexpected|unrecognized|parse|unmarshal|syntax error|unsupported "
        "value|not a valid|configuration|config|flag provided|option",
        rf"(?:yaml|toml|json|ini|hcl|xml)\b.{{0,60}}(?:parse|parsing|unmarshal|decod|syntax|scan|invalid|unexpected|"
        rf"expected|error at|while|cannot|line \d).{{0,160}}|"
        rf"\[emerg\](?: \d{{1,9}}#\d{{1,9}}:)? (?!bind\(\)|host not found|open\(\)|mkdir\(\)|cannot load "
        rf"certificate)(?P<what>.{{1,160}})|unknown directive \"(?P<target>[^\"]{{1,80}})\"|"
        rf"(?:could not|cannot|can't|failed to|unable to|error|errors?|fail(?:ed|ure)?(?: while| when)?) (?:to "
        rf")?(?:load|loading|parse|parsing|read|reading|decode|decoding|unmarshal|process|processing|"
        rf"validat\w{{1,6}})(?: the)?(?: \w{{1,20}})?(?: config(?:uration)?| settings| flags?)(?: "
        rf"file)?(?:[: ]{{1,2}}\"?(?P<target2>/{_FILE}))?|"
        rf"(?:config(?:uration)?|settings)(?: file)?(?: {_FILE})? (?:is invalid|invalid|error|test failed|could not "
        rf"be|parse|validation (?:failed|error))|(?:invalid|bad|illegal) (?:config(?:uration)?|value|setting|port|"
        rf"option|argument|flag|url|dsn|duration|log level|literal for int)\b[^\n]{{0,120}}|"
        rf"(?:unknown|unrecognized|unsupported|unexpected|invalid|undefined)(?: command[- ]line)? (?:flag|option|"
        rf"argument|parameter|configuration|config|setting|key|field|directive|property|shorthand flag)s?:? "
        rf"?['\"`]?(?P<target3>-{{0,2}}[\w.-]{{1,80}})|"
        rf"flag provided but not defined: (?P<target4>-{{1,2}}[\w.-]{{1,80}})|(?P<target5>[\w.]{{1,80}}) is not a "
        rf"valid|not a valid port: |"
        rf"Failed to bind properties under '(?P<target6>[\w.\[\]-]{{1,120}})'|FATAL CONFIG FILE ERROR|Bad "
        rf"directive or wrong number of arguments|"
        rf"SyntaxError: Unexpected (?:token|end of JSON)|JSONDecodeError|YAMLException|yaml\.(?:scanner|"
        rf"parser)\.\w{{1,20}}Error|unrecognized configuration parameter \"(?P<target7>[\w.]{{1,80}})\"|"
        rf"ImproperlyConfigured|InvalidConfigurationException|ConfigException|ConfigurationError|"
        r"Error in config(?:uration)? file|parsing .{1,160}: (?:yaml|json|toml|invalid|unexpected)|error: unexpected "
        r"argument '(?P<target8>[^']{1,80})'",
    ),
    rule(
        SignKind.MISSING_MODULE,
        "no module named|cannot find module|classnotfound|noclassdeffound|cannot import name|cannot load such file|"
        "err_module_not_found|could not load file or assembly|"
        'cannot open shared object|importerror|unable to load|class "|cannot find package|gem |bundler|'
        "could not find or load main class|not found (required by|unable to resolve module",
        rf"No module named '?(?P<target>[\w.]{{1,120}})|Cannot find (?:module|package) '(?P<target2>{_FILE})'|"
        rf"(?:ClassNotFoundException|NoClassDefFoundError): (?P<target3>[\w.$/]{{1,200}})|cannot import name "
        rf"'(?P<target4>[\w.]{{1,120}})'|cannot load such file -- (?P<target5>{_FILE})|"
        rf"Could not load file or assembly '(?P<target6>[^',]{{1,200}})|(?P<target7>[\w.+-]{{1,80}}): cannot open "
        rf"shared object file|Could not find or load main class (?P<target8>[\w.$]{{1,200}})|Class "
        rf"\"(?P<target9>[\w\\]{{1,200}})\" not found|ERR_MODULE_NOT_FOUND|"
        rf"Could not find gem '(?P<target10>[\w-]{{1,80}})|version `(?P<target11>[\w.]{{1,40}})' not found",
    ),
    rule(
        SignKind.CANNOT_EXECUTE,
        "exec format error|executable file not found|exec:|exec /|not found|cannot execute|no such file|unable to "
        "access jarfile",
        rf"(?:exec (?P<target>{_FILE}): )?exec format error|exec: \"(?P<target2>[^\"]{{1,200}})\": "
        rf".{{0,40}}(?:executable file not found|no such file|permission denied)|"
        rf"^(?:standard_init_linux\.go:\d{{1,4}}: )?exec (?P<target3>{_FILE}): no such file or directory|"
        rf"^(?:/bin/)?(?:sh|bash|ash|dash|zsh|{_FILE}\.sh): (?:line )?(?:\d{{1,5}}: )?(?P<target4>{_FILE}): (?:not "
        rf"found|command not found|cannot execute.{{0,60}})|env: ['‘]?(?P<target5>[\w./-]{{1,80}})['’]?: No such "
        rf"file|Unable to access jarfile (?P<target6>{_FILE})|"
        rf"exec(?:ve|vp)?\(?['\"]?(?P<target7>/{_FILE})['\"]?\)? failed",
    ),
)

ENDS = (
    rule(
        SignKind.OUT_OF_MEMORY,
        "outofmemory|heap out of memory|memoryerror|cannot allocate memory|out of memory|allocation failed|bad_alloc|"
        "oom command not allowed|memory allocation of|enomem|unable to allocate|nomemoryerror|allowed memory size",
        r"OutOfMemoryError(?:: (?P<space>[A-Z][\w ]{1,60}))?|JavaScript heap out of memory|(?<![\w.])MemoryError\b|"
        r"cannot allocate memory|runtime: out of memory|(?<!not )\bout of memory\b|std::bad_alloc|OOM command not "
        r"allowed|memory allocation of \d{1,20} bytes failed|"
        r"\bENOMEM\b|OutOfMemoryException|Unable to allocate [\d.]{1,12} [KMG]i?B|NoMemoryError|Allowed memory size "
        r"of \d{1,20} bytes exhausted",
    ),
    rule(
        SignKind.KILLED_BY_SIGNAL,
        "segfault|segmentation|sigsegv|sigabrt|sigbus|sigill|signal|core dumped|killed",
        r"(?P<target>SIGSEGV|SIGABRT|SIGBUS|SIGILL|SIGFPE)\b|segmentation fault|segfault at|signal: "
        r"(?P<target2>killed|segmentation fault|aborted)|(?:terminated by|was sent|received|caught|killed by|exited "
        r"on) signal:? (?P<target3>SIGKILL|SIGSEGV|SIGABRT|SIGBUS|6|9|11)\b|\(core dumped\)|was sent SIGKILL! "
        r"Perhaps out of memory|^Killed$",
    ),
    rule(
        SignKind.PROBE_FAILED,
        "/health|/ready|/live|health check|healthcheck|/ping|/status|/actuator|/-/|readiness|liveness|/_health|"
        "/startup",
        r"\"?(?:GET|HEAD) (?P<target>/[\w./-]{0,60}(?:health|healthz|ready|readyz|readiness|live|livez|liveness|ping|"
        r"status|startup)[\w/-]{0,40})(?:\?\S{0,100})?(?: HTTP/\d(?:\.\d)?\"?)?\"?[^\w]{1,4}(?P<status>5\d\d|"
        r"4\d\d)\b|"
        r"(?:health ?check|readiness(?: probe| check)?|liveness(?: probe| check)?)s? (?:\w{1,40} )?(?:failed|failing|"
        r"unhealthy|returned (?:error|false|5\d\d))|(?P<target2>/(?:healthz|readyz|livez|health|ready))\S{0,60} "
        r"(?:check )?(?:failed|returned 5\d\d)",
        Level.WARN,
    ),
    rule(
        SignKind.SHUTDOWN,
        "sigterm|sigint|shutting down|graceful|shutdown|signal 15|terminating|stopping",
        r"SIGTERM|(?:received|caught|got) (?:signal )?(?:SIGINT|terminat\w{1,5}|interrupt|15)\b|signal 15|"
        r"gracefully? (?:shut(?:ting)? ?down|stopp?(?:ing)?|exit)|shutting down(?! due to)|graceful shutdown|"
        r"shutdown (?:requested|initiated|signal|complete)|received (?:a )?(?:fast|smart) shutdown",
        Level.INFO,
    ),
)
