"""Plants every fault of the lists, one by one, and prints which test caught it."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutations.planting import LISTS, Fault, Misplanted, catchers, check_green, read_faults


def _verdict(fault: Fault) -> tuple[bool, str]:
    """Whether it was caught, and the lines that say so."""
    try:
        caught = catchers(fault)
    except Misplanted as why:
        return False, f"NO ANSWER  {fault.title}\n{why}"
    if not caught:
        return False, f"SURVIVED   {fault.title}\n           {' '.join(fault.tests)}"
    return True, f"caught     {fault.title}\n           {caught[0]}"


def main(arguments: list[str]) -> int:
    """0 when every fault was caught, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument(
        "lists", nargs="*", type=Path, help="lists of faults (default: all that lie in tests/mutations)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many faults at a time (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    faults = [fault for each in chosen.lists or LISTS for fault in read_faults(each)]
    try:
        check_green(faults)
    except Misplanted as why:
        print(why)
        return 1
    survived = 0
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for is_caught, lines in pool.map(_verdict, faults):
            survived += not is_caught
            print(lines, flush=True)
    print(f"{len(faults) - survived} caught, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
