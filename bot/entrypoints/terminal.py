"""What commands print: without characters that a terminal obeys, whoever wrote the text."""

import sys

from safety.untrusted import legible


def show(text: str) -> None:
    """To standard output, at once."""
    print(legible(text), flush=True)


def complain(text: str) -> None:
    """To standard error."""
    print(legible(text), file=sys.stderr, flush=True)
