"""What a call of an agent's tool would do: a line of shell, a file written, or an operation of a server by its verb."""

from safety.calls.tools import judge_call

__all__ = ["judge_call"]
