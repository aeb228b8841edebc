"""A cluster from files: what ``kubectl cluster-info dump`` writes, or one list of objects with logs beside it."""

from tools.adapters.cluster_dump.files import BadDump
from tools.adapters.cluster_dump.reader import DumpReader

__all__ = ["BadDump", "DumpReader"]
