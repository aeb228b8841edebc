"""Finds the proofs: every module of this package that has one."""

import importlib
import logging
import pkgutil
from collections.abc import Mapping

import structlog

import prove
from prove.figure import Proof


def proofs() -> Mapping[str, Proof]:
    """Every proof by its number, in the order of the numbers."""
    names = sorted(each.name for each in pkgutil.iter_modules(prove.__path__))
    modules = [importlib.import_module(f"prove.{name}") for name in names if name[0] != "_" and name != "figure"]
    found: dict[str, Proof] = {module.PROOF.id: module.PROOF for module in modules}
    return dict(sorted(found.items(), key=lambda item: int(item[0].removeprefix("F"))))


def quiet() -> None:
    """What the bot logs is not what a proof says."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
