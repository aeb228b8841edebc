"""Reads a line of bash: which programs it would start, with which words, and what it feeds them.

It reads as bash does, or not at all: what it does not understand is ``Unreadable``, for the caller to refuse.
What only the running shell knows (a variable from outside, the output of a program) is ``UNKNOWN`` in a word.
"""

from safety.shell.reading import Command, Redirect, read
from safety.shell.tree import UNKNOWN, Unreadable

__all__ = ["UNKNOWN", "Command", "Redirect", "Unreadable", "read"]
