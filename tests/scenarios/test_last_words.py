"""Crash logs in the words of many languages and servers, and the causes that may be told of them."""

import pytest

from tests.scenarios.kit import REGISTRY, Ended, cluster, container, crash_loop, template
from tests.tools.analyzers.picture import picture
from tools.analyzers import analyze

# Last words, and the categories that are right; where a driver only speaks of a server, the server is to be named.
TOLD: dict[str, tuple[str, str]] = {
    "go-own": ('ERROR failed to connect to the message bus: invalid DSN "amqp//x": missing scheme', "app_config_error"),
    "go-own2": (
        'FATAL unable to connect to database: sql: unknown driver "postgress" (forgotten import?)',
        "app_config_error|app_crash",
    ),
    "go-own3": (
        'panic: failed to connect to store: strconv.Atoi: parsing "63x9": invalid syntax',
        "app_config_error|app_crash",
    ),
    "node-own": ("Error: Could not connect to plugin host: Cannot find module './dist/plugin'", "app_crash"),
    "py-own": ("RuntimeError: cannot connect to broker: BROKER_URL is not set", "missing_env_var"),
    "java-own": (
        'ERROR Failed to connect to wallet: java.lang.NullPointerException: Cannot invoke "Config.url()" because "config" is null',
        "app_crash|app_config_error",
    ),
    "dep1": (
        "FATAL failed to connect to `host=pg user=app database=app`: server error",
        "dependency_unreachable|slow_dependency",
    ),
    "dep2": ("Error: cannot connect to redis://cache.shop.svc:6379", "dependency_unreachable"),
    "dep3": (
        "E failed to connect to all addresses; last error: UNKNOWN: ipv4:10.0.0.9:50051: Failed to connect",
        "dependency_unreachable",
    ),
    "dep4": (
        'could not connect to server: Connection refused. Is the server running on host "pg" (10.0.0.3) and accepting TCP/IP connections on port 5432?',
        "dependency_unreachable",
    ),
    "dep5": (
        "FATAL: unable to connect to mongodb: server selection error: server selection timeout, current topology: { Type: Unknown }",
        "dependency_unreachable",
    ),
    "rust1": (
        "thread 'main' panicked at src/main.rs:41:10:\ncalled `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }",
        "app_crash|app_config_error",
    ),
    "rust2": ('Error: Config(Missing("LEDGER_SIGNING_KEY"))', "missing_env_var"),
    "net1": (
        "Unhandled exception. System.InvalidOperationException: Section 'Kafka' not found in configuration.\n   at Program.Main(String[] args) in /src/Program.cs:line 22",
        "app_config_error|missing_env_var",
    ),
    "net2": (
        "Unhandled exception. System.FormatException: The input string '30s' was not in a correct format.\n   at System.Number.ThrowFormatException()",
        "app_config_error|app_crash",
    ),
    "php1": (
        "PHP Fatal error:  Uncaught TypeError: App\\\\Cart::total(): Return value must be of type int, null returned in /srv/app/Cart.php:88",
        "app_crash",
    ),
    "php2": (
        "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /srv/app/Report.php on line 12",
        "app_crash|oom_killed",
    ),
    "ruby1": ('/app/config/boot.rb:3:in `fetch\': key not found: "STRIPE_KEY" (KeyError)', "missing_env_var"),
    "ruby2": (
        "bundler: failed to load command: puma (/usr/local/bundle/bin/puma)\nBundler::GemNotFound: Could not find rack-3.0.8 in locally installed gems",
        "app_crash",
    ),
    "nginx1": (
        'nginx: [emerg] unknown directive "proxy_passs" in /etc/nginx/conf.d/default.conf:12',
        "app_config_error",
    ),
    "nginx2": (
        'nginx: [emerg] host not found in upstream "api-backend" in /etc/nginx/conf.d/default.conf:7',
        "dns_failure|wrong_dependency_address|app_config_error",
    ),
    "pg1": (
        "FATAL:  database files are incompatible with server\nDETAIL:  The data directory was initialized by PostgreSQL version 14, which is not compatible with this version 16.2.",
        "app_crash|app_config_error",
    ),
    "redis1": (
        "*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at line 8\n>>> 'maxmemory-polcy allkeys-lru'\nBad directive or wrong number of arguments",
        "app_config_error",
    ),
    "redis2": (
        "Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix",
        "app_crash",
    ),
    "kafka1": (
        "org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers",
        "app_config_error|wrong_dependency_address|dns_failure",
    ),
    "kafka2": (
        "org.apache.kafka.common.KafkaException: Failed to construct kafka consumer\nCaused by: org.apache.kafka.common.config.ConfigException: Invalid value earliestt for configuration auto.offset.reset",
        "app_config_error",
    ),
    "envoy1": (
        "[critical][main] error initializing config '/etc/envoy/envoy.yaml': Protobuf message (type envoy.config.bootstrap.v3.Bootstrap) has unknown fields",
        "app_config_error",
    ),
    "spring1": (
        "***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nParameter 0 of constructor in com.depot.Billing required a bean of type 'com.depot.Ledger' that could not be found.",
        "app_crash|app_config_error",
    ),
    "spring2": (
        "Error creating bean with name 'x': Could not resolve placeholder 'billing.url' in value \"${billing.url}\"",
        "missing_env_var|app_config_error",
    ),
    "spring3": ("Web server failed to start. Port 8080 was already in use.", "port_conflict"),
    "spring4": (
        "org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migration checksum mismatch for migration version 7",
        "app_crash",
    ),
    "py1": (
        "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    from depot.tools import ledger\nModuleNotFoundError: No module named 'depot.tools'",
        "app_crash",
    ),
    "py2": (
        "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nworkers\n  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='two', input_type=str]",
        "app_config_error",
    ),
    "py3": ("gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>", "app_crash"),
    "py4": (
        "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
        "missing_env_var|app_config_error",
    ),
    "node1": (
        "/app/server.js:14\n  const port = config.server.port;\n                             ^\nTypeError: Cannot read properties of undefined (reading 'port')\n    at Object.<anonymous> (/app/server.js:14:30)",
        "app_crash|app_config_error",
    ),
    "node2": (
        'SyntaxError: Unexpected token \'}\', "{\\"a\\":1,}" is not valid JSON\n    at JSON.parse (<anonymous>)\n    at loadConfig (/app/config.js:9:15)',
        "app_config_error",
    ),
    "node3": (
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "app_crash|oom_killed|memory_leak",
    ),
    "go1": (
        "panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\nmain.route(...)\n\t/src/route.go:31",
        "app_crash",
    ),
    "go2": ("fatal: license key has expired on 2026-05-01", "app_config_error|app_crash"),
    "go3": ('level=fatal msg="bad cron expression" expr="61 * * * *"', "app_config_error"),
    "go4": (
        "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n\t/src/main.go:19",
        "app_crash",
    ),
    "erl1": (
        '{"Kernel pid terminated",application_controller,"{application_start_failure,shop,{bad_return,{{\'Elixir.Shop\',start,[normal,[]]}}}}"}',
        "app_crash",
    ),
    "sh1": ("/entrypoint.sh: line 12: API_BASE: unbound variable", "missing_env_var"),
    "jvm1": (
        "Error: Could not find or load main class com.depot.Main\nCaused by: java.lang.ClassNotFoundException: com.depot.Main",
        "app_crash",
    ),
    "jvm2": (
        "Unrecognized VM option 'UseConcMarkSweepGC'\nError: Could not create the Java Virtual Machine.",
        "app_config_error",
    ),
}


@pytest.mark.parametrize("name", list(TOLD))
def test_the_last_words_of_a_program_tell_why_it_ended(name: str) -> None:
    words, right = TOLD[name]
    world = cluster("2026-06-25T16:18:00Z", "lab", "bench")
    body = template(container("api", f"{REGISTRY}/lab/api:1.4.0", port=8080))
    load = world.deployment("api", body, ages=("9d",), replicas=1, empty=True)
    (pod,) = load.pods(1, crash_loop("24m", 9, Ended(1, "2m", "4s")))
    world.log(pod, f"-2m4s|<t> INFO starting\n-2m|{words}", previous=True)
    found = next(each for each in analyze(picture(world)).roots if each.subject.name == "api")
    assert str(found.category) in right.split("|")
    assert found.confidence >= 0.5
    assert found.remedy is None
