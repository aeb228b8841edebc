"""Prints the admission policy that belongs to a policy file: ``python -m bot.entrypoints.wall policy.yaml``."""

import argparse
import sys
from pathlib import Path

import yaml

from bot.config import BadSetting, read_policy
from safety.wall import ACCOUNT, admission_policy


def main(arguments: list[str]) -> int:
    """0 with the manifest on standard output; 1 with the fault of the file on standard error."""
    parser = argparse.ArgumentParser(prog="python -m bot.entrypoints.wall", description=__doc__)
    parser.add_argument("file", type=Path, help="the policy file, such as policy.yaml")
    parser.add_argument("--account", default=ACCOUNT, help="whose writes are held to it (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    if not chosen.file.exists():
        sys.stderr.write(f"there is no {chosen.file}\n")
        return 1
    try:
        made = admission_policy(read_policy(chosen.file), chosen.account)
    except BadSetting as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    sys.stdout.write(yaml.safe_dump_all(made, sort_keys=False, width=118, allow_unicode=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
