"""Loads every proof, and all that they load, once; the processes of the proofs are forked from it."""

from prove._catalogue import proofs

ALL = proofs()
