"""The proofs: each runs the real code many times over and counts what held. ``python -m prove`` runs them all.

Every module here (but those that begin with ``_``, and ``figure``) is one proof: it has ``PROOF``, a
``prove.figure.Proof``. A proof asserts counts, bytes and orders; how long it took is printed, never judged.
"""
