"""``python -m tests.scenarios list`` names the scenarios; ``… write DIR [NAME …]`` writes them out as dumps."""

import argparse
from pathlib import Path

from tests.scenarios.kit import all_scenarios, write


def _list() -> None:
    for each in all_scenarios():
        print(f"{each.name:36} {each.family:16} {each.truth.verdict:13} {each.truth.categories[0]}")  # noqa: T201


def _write(folder: Path, names: list[str]) -> None:
    found = {each.name: each for each in all_scenarios()}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise SystemExit(f"no such scenario: {', '.join(unknown)}")
    for name in names or found:
        write(found[name], folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the names, families and verdicts")
    writing = commands.add_parser("write", help="one folder for each scenario, in the dump format")
    writing.add_argument("folder", type=Path)
    writing.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    if given.command == "list":
        _list()
    else:
        _write(given.folder, given.names)


main()
