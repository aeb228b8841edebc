"""Clients of data stores: questions pass, statements that change or delete do not, nor what cannot be read here."""

import re
from collections.abc import Callable

from safety.commands.call import Call
from safety.commands.flags import Grammar, is_known, take_apart
from safety.commands.table import Tool, by_table, words
from safety.commands.verdict import READS, Verdict, refused

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
# A comment that MySQL runs.
_RUN_COMMENT = re.compile(r"/\*[!+M](.*?)\*/", re.DOTALL)
_CHANGES = re.compile(
    r"\b(?:drop|delete|truncate|alter|update|insert|create|grant|revoke|replace|merge|upsert|rename|vacuum|reindex|cluster"
    r"|copy|call|do|execute|exec|into|lock|shutdown|kill|load|import|restore|backup|attach|detach|reset|flush|purge"
    r"|optimize|repair|install|change|start|stop|comment|refresh|discard|notify|prepare|handler|system|source"
    r"|pg_\w*(?:terminate|cancel|drop|reload|promote|rotate|switch|advance|create|write|unlink|import)\w*|lo_\w+"
    r"|dblink\w*|setval|nextval|set_config|pg_read_\w+|pg_ls_\w+|xp_\w+|sp_\w+|sys_exec|sys_eval|load_file|load_extension"
    r"|writefile|edit|fts3_tokenizer|nuke|remove|downgrade|undrop|unset|put)\b"
)
_ASKS = re.compile(
    r"\s*(?:select|show|explain|describe|desc|with|values|table|pragma\s+\w+(?:\(\w+\))?|use\s+\w+|set\s+\w*timeout\w*"
    r"|\\(?:d\S*|l\+?|dt\+?|du|dn|df|x|timing|conninfo|c\s+\w+|pset\s.*|q|z|sf.*|sv.*|echo.*)|\.(?:tables|schema|indexes"
    r"|databases|headers?|mode|width|show|dbinfo|timeout|quit|exit|help|stats?)\b.*|status|help|begin|commit|rollback"
    r"|analyze|list|match|return|keys|count|from)\b.*|\s*",
    re.DOTALL,
)


def changed_by_sql(text: str) -> str | None:
    """The word of a statement that does more than ask; ``None`` if all of them only ask."""
    text = _RUN_COMMENT.sub(r" \1 ", text)
    if not is_known(_QUOTED.sub(" ", text)):
        text = text.replace("\0", "x") if text.strip("\0 \n;") else "unknown"
    if re.search(
        r"\\(?:!|copy|g\w*\s|gexec|i\b|ir\b|o\b|w\b|watch)|^\s*\.(?:shell|system|read|import|output|once|load|restore|save|backup|excel|archive|log|cd)\b",
        text,
        re.MULTILINE,
    ):
        return "a command of the client"
    bare = _QUOTED.sub(" x ", text).lower()
    found = _CHANGES.search(bare)
    if found:
        return found[0].upper()
    for statement in bare.split(";"):
        if not _ASKS.fullmatch(statement.strip()):
            return (statement.split() or ["?"])[0].upper()
    return None


_SQL_VALUED: dict[str, frozenset[str]] = {
    "psql": words(
        "-c --command -f --file -d --dbname -h --host -p --port -U --username -v --set -o --output -F -R -P -T -L"
    ),
    "mysql": words(
        "-e --execute -h --host -P -u --user -D --database -S --socket --defaults-file --init-command --delimiter"
    ),
    "sqlite3": words("-cmd -init -separator -nullvalue -newline"),
    "clickhouse-client": words(
        "-q --query -h --host --port -u --user --password -d --database --queries-file --multiquery"
    ),
    "cqlsh": words("-e --execute -f --file -u --username -p --password -k --keyspace --request-timeout"),
    "bq": words("--project_id --location --format --max_rows"),
    "snowsql": words("-q --query -f --filename -a -u -d -s -w -r -c -o"),
    "duckdb": words("-c -s -cmd -init -f"),
    "sqlcmd": words("-Q -q -i -S -U -P -d -o"),
    "usql": words("-c --command -f --file"),
    "trino": words("--execute -f --file --server --catalog --schema --user"),
    "influx": words("-execute -database -host -port -username -password -c -o --org -f"),
    "cockroach": words("-e --execute --url --host --certs-dir -d --database -f --file"),
}
_STATEMENTS = ("-c", "--command", "-e", "--execute", "-q", "--query", "-Q", "-cmd", "--init-command", "-execute", "-s")
_FROM_FILES = ("-f", "--file", "--queries-file", "-init", "--filename", "-i")
_TAKES_SQL_AS_WORD = frozenset({"sqlite3", "duckdb", "bq"})


def _sql(call: Call) -> Verdict:
    name = "mysql" if call.name == "mariadb" else call.name
    single = call.name in ("sqlite3", "influx", "duckdb")
    parsed = take_apart(call.args, Grammar(_SQL_VALUED[name], single_dash_long=single))
    statements = [value for flag, value in parsed.flags if flag in _STATEMENTS and flag in _SQL_VALUED[name]]
    for path in [value for flag, value in parsed.flags if flag in _FROM_FILES and flag in _SQL_VALUED[name]]:
        statements.append(call.around.text_of(path) or "unknown statements of a file")
    if call.name in _TAKES_SQL_AS_WORD:
        statements += list(parsed.words[1:])
    if call.stdin is not None and not statements:
        statements.append(call.stdin)
    for each in statements:
        if word := changed_by_sql(each):
            return refused(f"{call.name}: {word} may change or delete what the store holds")
    return READS


def _bq(call: Call) -> Verdict:
    told = [each for each in call.args if not each.startswith("-")]
    if told[:1] in (["ls"], ["show"], ["head"], ["version"], ["help"]):
        return READS
    word = changed_by_sql(" ".join(told[1:])) if told[:1] == ["query"] else "this"
    return refused(f"bq: {word} may change or delete what the store holds") if word else READS


def _cockroach(call: Call) -> Verdict:
    if call.args[:1] == ("sql",):
        return _sql(Call("cockroach", call.args[1:], call.around, call.stdin, call.assigned))
    return by_table(call, Tool("a store", words("version node_status node_ls help gen"), bare=True))


_REDIS_READS = words(
    "get mget strlen exists type ttl pttl keys scan sscan hscan zscan hget"
    " hgetall hmget hkeys hvals hlen hexists llen"
    " lrange lindex smembers sismember scard srandmember zrange"
    " zrangebyscore zrevrange zcard zscore zrank zcount info"
    " ping dbsize time lastsave slowlog_get slowlog_len client_list"
    " client_info client_getname config_get monitor memory"
    " object command role pubsub_channels latency cluster_info cluster_nodes cluster_slots xlen xrange xinfo xpending"
    " acl_whoami acl_list echo bitcount getrange randomkey module_list"
)


def _redis(call: Call) -> Verdict:
    valued = words(
        "-h -p -s -a --user --pass -u -n -r -i -d -x --cacert --cert --key --sni --eval --rdb -D --pipe-timeout"
    )
    parsed = take_apart(call.args, Grammar(valued, stops_early=True))
    if parsed.has("--eval", "--rdb", "--pipe", "--functions-rdb", "--cluster"):
        return refused("redis-cli with these flags may change what the store holds")
    told = " ".join(parsed.rest).lower()
    lines = [told] if told else (call.stdin or "").lower().splitlines()
    for line in lines:
        parts = line.split()
        if parts and not any(" ".join(parts[:count]) in _REDIS_READS for count in (1, 2)):
            return refused(f"redis-cli {' '.join(parts[:2])} may change what the store holds".replace("\0", "…"))
    return READS


_MONGO_CHANGES = re.compile(
    r"drop|delete|remove|update|insert|replace|save|create|shutdown|rename|eval|bulk|kill|fsync|compact|write|copy|clone"
    r"|convert|repair|reindex|set[A-Z]|add[A-Z]|grant|revoke|\$out|\$merge|\$where|load\(|run|adminCommand|getSiblingDB\("
    r"|findAnd|modify|initiate|reconfig|stepDown|freeze|enable|disable|shard[CD]|move|split|merge[A-Z]|require|process|child"
)


def _mongo(call: Call) -> Verdict:
    parsed = take_apart(call.args, Grammar(words("--eval -h --host --port -u --username -p --password --file -f")))
    scripts = [each for each in parsed.words if each.endswith(".js")] + parsed.values("-f", "--file")
    told = parsed.values("--eval") + ([call.stdin] if call.stdin is not None else [])
    reads_stats = re.compile(r"getSiblingDB\(\s*['\"]\w+['\"]\s*\)")
    bad = [each for each in told if not is_known(each) or _MONGO_CHANGES.search(reads_stats.sub("", each))]
    return refused(f"{call.name} may change what the store holds") if bad or scripts else READS


def _kafka(call: Call) -> Verdict:
    looks = {"--list", "--describe", "--help", "--version", "--state", "--members"}
    changes = {
        "--delete",
        "--create",
        "--alter",
        "--reset-offsets",
        "--execute",
        "--add",
        "--remove",
        "--delete-offsets",
    }
    if (looks & set(call.args) or "consumer" in call.name.split("-")[-2:][-1].split(".")[0]) and not changes & set(
        call.args
    ):
        return READS
    return refused(f"{call.name} may change what the store holds")


def _kcat(call: Call) -> Verdict:
    return (
        READS if set(call.args) & {"-L", "-C", "-Q"} and "-P" not in call.args else refused("kcat would write messages")
    )


def _admin(call: Call) -> Verdict:
    looks = words("status ping processlist variables version extended-status proc")
    told = [each for each in call.args if not each.startswith("-")]
    return READS if told and told[-1] in looks else refused(f"{call.name} would change the store")


_RABBIT = re.compile(
    r"list_\w+|status|cluster_status|environment|report|ping|version|eval_\0|help|check_\w+|node_health_check"
)
_NODETOOL = words(
    "status info tpstats compactionstats netstats ring describecluster"
    " tablestats cfstats gossipinfo version proxyhistograms"
    " tablehistograms getendpoints describering gcstats"
    " getcompactionthroughput listsnapshots statusgossip statusbinary"
)


def _by_words(call: Call) -> Verdict:
    told = [each for each in call.args if not each.startswith("-")]
    for each in told[:4]:
        if (call.name == "nodetool" and each in _NODETOOL) or (
            call.name.startswith("rabbit") and _RABBIT.fullmatch(each)
        ):
            return READS
    return READS if not told else refused(f"{call.name} {told[0]} would change the store")


def _never(call: Call) -> Verdict:
    if set(call.args) & {"--help", "--version"}:
        return READS
    return refused(f"{call.name} would change or delete what a store holds")


STORES: dict[str, Callable[[Call], Verdict]] = {
    **dict.fromkeys(_SQL_VALUED, _sql),
    "bq": _bq,
    "cockroach": _cockroach,
    "redis-cli": _redis,
    "valkey-cli": _redis,
    "keydb-cli": _redis,
    **dict.fromkeys(("mongosh", "mongo"), _mongo),
    **dict.fromkeys(
        (
            *("kafka-topics", "kafka-topics.sh", "kafka-consumer-groups", "kafka-consumer-groups.sh", "kafka-configs"),
            *(
                "kafka-configs.sh",
                "kafka-acls",
                "kafka-acls.sh",
                "kafka-reassign-partitions.sh",
                "kafka-delete-records.sh",
            ),
            *("kafka-console-consumer.sh", "kafka-console-consumer", "kafka-log-dirs.sh", "kafka-leader-election.sh"),
        ),
        _kafka,
    ),
    **dict.fromkeys(("kcat", "kafkacat"), _kcat),
    "mysqladmin": _admin,
    "mariadb-admin": _admin,
    **dict.fromkeys(("rabbitmqctl", "rabbitmqadmin", "nodetool", "rabbitmq-diagnostics"), _by_words),
    **dict.fromkeys(
        (
            *("dropdb", "createdb", "dropuser", "createuser", "pg_restore", "mongorestore", "mysqlimport", "vacuumdb"),
            *("pg_resetwal", "initdb", "reindexdb", "mongoimport", "rdb", "elasticdump", "kafka-console-producer.sh"),
        ),
        _never,
    ),
}
STORES |= {"mariadb": STORES["mysql"]}
