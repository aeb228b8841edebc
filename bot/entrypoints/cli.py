"""The command line: what can be typed after ``python -m bot``. Imports nothing heavy, so that help is quick."""

import argparse
from pathlib import Path

from bot import __version__

_EPILOG = """examples:
  python -m bot demo                       a Slack-like page on this machine, with a broken cluster to ask about
  python -m bot demo cluster               that cluster alone, with a kubeconfig for it
  python -m bot check                      are the tokens, the cluster, the model and the database in order?
  python -m bot run                        connect to Slack and work
  python -m bot investigate "What is wrong with checkout-dev?"

Settings come from the environment or from .env; the README lists them."""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="python -m bot",
        description="Ask Claude: incident triage in Slack threads, with fixes behind an Approve button.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"Ask Claude {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("run", help="connect to Slack and work until stopped", description=_RUN)
    _demo(commands)
    commands.add_parser("check", help="check tokens, scopes, channels, cluster, model, database", description=_CHECK)
    _investigate(commands)
    commands.add_parser("redact", help="take secrets out of what comes in on standard input", description=_REDACT)
    commands.add_parser("schema", help="print the JSON Schema of a report", description=_SCHEMA)
    _database(commands)
    _audit(commands)
    _policy(commands)
    _hook(commands)
    return top


_RUN = (
    "Connects to Slack over Socket Mode and works until Ctrl-C or SIGTERM. Needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN."
)
_CHECK = "Checks every connection, one line each with what to do about it. Exit status 1 if something must be mended."


_REDACT = (
    "Copies standard input to standard output without secrets and personal data, one line for each line, as it comes "
    "in: `kubectl logs -f web | python -m bot redact`. What is masked, and what is kept: docs/redaction.md."
)
_SCHEMA = "Prints the JSON Schema of what `investigate --format json` prints: docs/incident-report.schema.json."


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="the whole story on this machine: no account, no cluster, no key",
        description="Starts a stand-in for Slack and for a cluster on 127.0.0.1, and the real bot between them.",
    )
    demo.add_argument("--headless", action="store_true", help="play the story here in the terminal instead of a page")
    demo.add_argument(
        "--json", action="store_true", help="with --headless: the last line is one machine-readable record"
    )
    demo.add_argument(
        "--scenario", default="oom-after-release", metavar="NAME", help="what is broken (default: %(default)s)"
    )
    demo.add_argument("--port", type=int, default=8400, help="port of the page; a busy one is replaced by a free one")
    _cluster(demo.add_subparsers(dest="alone", metavar="PART", help="run one part alone"))


def _cluster(parts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    cluster = parts.add_parser(
        "cluster",
        help="only the stand-in for a cluster, with a kubeconfig for it",
        description="Serves an emulated Kubernetes cluster on 127.0.0.1 until Ctrl-C, and writes a kubeconfig for it.",
    )
    cluster.add_argument(
        "--scenario", default="oom-after-release", metavar="NAME", help="a name or a file (default: %(default)s)"
    )
    cluster.add_argument("--port", type=int, default=0, help="where it listens; 0, the default, takes any free port")
    cluster.add_argument("--kubeconfig", default="", metavar="PATH", help="where to write it (default: a new folder)")
    cluster.add_argument("--user", default="ask-claude", help="whose token it carries (default: %(default)s)")
    cluster.add_argument(
        "--anonymous-as",
        default="",
        metavar="USER",
        help="who a request without a token is; kubectl sends none over plain http",
    )
    cluster.add_argument("--speed", type=float, default=1.0, help="virtual seconds for each real second")


def _investigate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    investigate = commands.add_parser(
        "investigate",
        help="answer one question about the current cluster, in the terminal",
        description=(
            "Looks at the cluster of the current kubeconfig, or at one from files, and answers. "
            "Changes nothing and needs no Slack."
        ),
    )
    investigate.add_argument("question", help='for example "What is wrong with checkout-dev?"')
    investigate.add_argument("--namespace", metavar="NS", help="look only there")
    investigate.add_argument(
        "--dump",
        metavar="DIR",
        type=Path,
        help="instead of a cluster: what `kubectl cluster-info dump --all-namespaces --output-directory=DIR` wrote, or "
        "cluster.json with logs/ beside it (see the README)",
    )
    investigate.add_argument("--format", choices=("text", "json"), default="text", help="json: the whole report")


def _database(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    database = commands.add_parser("db", help="look after the database", description="Looks after the database.")
    actions = database.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("upgrade", help="bring its schema up to date (`run` does this by itself)")


def _audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser("audit", help="look at the audit log", description="Looks at the audit log.")
    actions = audit.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser(
        "verify",
        help="recompute the hash chain and hold it against the signed checkpoints",
        description=(
            "Recomputes the hash chain and holds it against the signed checkpoints. Exit status 1 names the first "
            "record that was changed, removed, cut off or rewritten."
        ),
    )
    verify.add_argument("--json", action="store_true", help="print the result as JSON")
    verify.add_argument("--checkpoints", metavar="FILE", type=Path, help="default: AUDIT_CHECKPOINTS")
    verify.add_argument("--pubkey", metavar="FILE", type=Path, help="default: the .pub beside AUDIT_KEY_FILE")
    show = actions.add_parser(
        "show", help="one page about one proposal", description="Everything that was recorded about one proposal."
    )
    show.add_argument("proposal", help="its id, as on the card and in `audit log`: p_…")
    actions.add_parser("log", help="all of it, one line a record", description="Prints the log for people.")
    export = actions.add_parser(
        "export", help="all of it for other systems", description="Prints one JSON object a record, one a line."
    )
    export.add_argument("--format", choices=("jsonl", "ocsf", "cloudevents"), default="jsonl", help="(%(default)s)")


def _policy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    policy = commands.add_parser("policy", help="ask the policy", description="Asks the policy. Changes nothing.")
    actions = policy.add_subparsers(dest="action", metavar="ACTION", required=True)
    explain = actions.add_parser(
        "explain",
        help="say of one change whether it is allowed now, and why",
        description="Prints the decision on one change, every rule with its reason, and the facts it was judged by.",
    )
    explain.add_argument("change", help='such as \'{"action": "restart_deployment", "namespace": "…", "name": "…"}\'')
    explain.add_argument("--dump", metavar="DIR", type=Path, help="judge by a cluster from files instead of a live one")
    explain.add_argument("--format", choices=("text", "json"), default="text", help="json: one object")
    wall = actions.add_parser(
        "wall",
        help="print the admission policy that holds the bot to its policy file inside the cluster",
        description="Prints a ValidatingAdmissionPolicy and its binding for kubectl apply (docs/second-wall.md).",
    )
    wall.add_argument("--account", metavar="USER", help="whose writes are held to it (default: ask-claude-writer's)")


def _hook(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    hook = commands.add_parser(
        "hook", help="answer a hook of Claude Code (docs/hook.md)", description="Answers a hook of Claude Code."
    )
    events = hook.add_subparsers(dest="event", metavar="EVENT", required=True)
    events.add_parser(
        "pre-tool-use",
        help="may this tool be used so?",
        description="Reads the call as JSON on standard input, prints {} or a denial with its reason; exits 0.",
    )
