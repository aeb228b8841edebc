"""The scenario library from the command line: its names, its dumps, and how the engine does on it."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.scenarios.exam.scoring import Score, ask
from tests.scenarios.exam.showing import page, table
from tests.scenarios.kit import Scenario, all_scenarios, write


def _list() -> None:
    for each in all_scenarios():
        print(f"{each.name:36} {each.family:16} {each.truth.verdict:13} {each.truth.categories[0]}")  # noqa: T201


def _chosen(names: list[str]) -> list[Scenario]:
    """The scenarios with these names or of these families; all where none is named."""
    found = all_scenarios()
    unknown = [each for each in names if each not in {one.name for one in found} | {one.family for one in found}]
    if unknown:
        raise SystemExit(f"no such scenario or family: {', '.join(unknown)}")
    return [each for each in found if not names or each.name in names or each.family in names]


def _write(folder: Path, names: list[str]) -> None:
    for each in _chosen(names):
        write(each, folder / each.name)


async def _asked(chosen: list[Scenario]) -> list[Score]:
    with tempfile.TemporaryDirectory() as folder:
        return [await ask(each, Path(folder) / each.name) for each in chosen]


def _eval(names: list[str], html: Path | None, shows_reports: bool) -> None:
    scores = asyncio.run(_asked(_chosen(names)))
    print("\n".join(table(scores)))  # noqa: T201
    if shows_reports:
        print("\n".join(each.report.model_dump_json(by_alias=True, indent=1) for each in scores))  # noqa: T201
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page(scores), encoding="utf-8")
        print(f"the same with a chart: {html}")  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the names, families and verdicts")
    writing = commands.add_parser("write", help="one folder for each scenario, in the dump format")
    writing.add_argument("folder", type=Path)
    writing.add_argument("names", nargs="*", metavar="NAME")
    scoring = commands.add_parser("eval", help="ask the engine about each and compare with the truth")
    scoring.add_argument("names", nargs="*", metavar="NAME", help="scenarios or families; all when none is named")
    scoring.add_argument("--html", type=Path, metavar="FILE", help="write a page with a chart as well")
    scoring.add_argument("--reports", action="store_true", help="print the whole reports too")
    given = parser.parse_args()
    match given.command:
        case "list":
            _list()
        case "write":
            _write(given.folder, given.names)
        case _:
            _eval(given.names, given.html, given.reports)


main()
