"""``python -m bench [NAME …] [--short] [--json]``: run the benches and print their figures. Always exits with 0."""

import argparse
import asyncio
import importlib
import json
import logging
import pkgutil
from collections.abc import Mapping

import bench
from bench.figures import Bench, Figure, table


def benches() -> Mapping[str, Bench]:
    """Every bench by the name of its module."""
    found = [each.name for each in pkgutil.iter_modules(bench.__path__)]
    names = sorted(each for each in found if not each.startswith("_") and each != "figures")
    return {name: importlib.import_module(f"bench.{name}").run for name in names}


async def measure(names: list[str], short: bool) -> list[Figure]:
    known = benches()
    return [figure for name in names or known for figure in await known[name](short)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and print figures beside baselines.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(benches())} (default: all)")
    parser.add_argument("--short", action="store_true", help="only show that it works; the figures mean little")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(benches()))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    logging.disable(logging.WARNING)
    figures = asyncio.run(measure(options.names, options.short))
    told = [each.as_json() for each in figures]
    print(json.dumps(told, ensure_ascii=False) if options.json else table(figures))


if __name__ == "__main__":
    main()
