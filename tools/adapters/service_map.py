"""Which services a change of a repository touches: by the mapping file, by labels, and by the paths it changed.

The mapping file is YAML, one entry a service::

    checkout-api:
      repository: example/shop
      paths: [src/checkout/, charts/checkout-api/]

Without ``paths`` every change of that repository is one of the service.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.world import Rejected

_FOLDERS = r"(?:services|apps|charts|helm|k8s|kubernetes|manifests|deploy|deployments|cmd)/"
_FOLDER = re.compile(rf"(?:^|/)(?:{_FOLDERS})+(?!{_FOLDERS})([a-z0-9][a-z0-9.-]*?)(?:/|\.ya?ml$)")
_LABEL = re.compile(r"(?i)^(?:service|app|component|workload)\s*[:/=]\s*([a-z0-9][a-z0-9.-]*)$")
# Folders of these names hold what belongs to no service, or to all.
_NO_SERVICE = frozenset(
    {"base", "bases", "overlays", "common", "shared", "templates", "lib", "libs", "values", "kustomization", "config"}
    | {"dev", "development", "test", "staging", "stage", "prod", "production", "qa", "environments", "envs"}
    | {"clusters", "components", "crds", "namespaces"}
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One entry of the file; ``repository`` is owner/name in small letters."""

    service: str
    repository: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """The entries of the mapping file; none without a file."""

    entries: tuple[Mapped, ...] = ()

    @classmethod
    def read(cls, path: Path | None) -> "ServiceMap":
        """Raises ``Rejected``, which says what to write instead."""
        if path is None:
            return cls()
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
            raise Rejected(f"SERVICE_MAP: {path} cannot be read as YAML: {fault}") from None
        if not isinstance(found, Mapping):
            raise Rejected(f"SERVICE_MAP: {path} must map services to repositories")
        return cls(tuple(_entry(path, str(name), held) for name, held in found.items()))

    def repositories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.repository for each in self.entries))

    def of(self, repository: str) -> frozenset[str]:
        """The services that a repository is mapped to, in small letters."""
        return frozenset(each.service.lower() for each in self.entries if each.repository == repository.lower())

    def services(self, repository: str, files: Iterable[str] = (), labels: Iterable[str] = ()) -> tuple[str, ...]:
        """Those that a change touches; without ``files`` those that the whole repository is mapped to."""
        return tuple(dict.fromkeys(self._services(repository.lower(), tuple(files), tuple(labels))))

    def _services(self, repository: str, files: tuple[str, ...], labels: tuple[str, ...]) -> Iterator[str]:
        names = {each.service.lower() for each in self.entries}
        for each in self.entries:
            if each.repository == repository and (not each.paths or _under(files, each.paths)):
                yield each.service
        for label in labels:
            named = _LABEL.match(label)
            if named or label.lower() in names:
                yield named[1].lower() if named else label.lower()
        for file in files:
            yield from (each for each in _FOLDER.findall(file.lower()) if each not in _NO_SERVICE)


def _under(files: Iterable[str], paths: tuple[str, ...]) -> bool:
    return any(file == path or file.startswith(f"{path.rstrip('/')}/") for file in files for path in paths)


def _entry(path: Path, name: str, held: Any) -> Mapped:
    repository = held.get("repository") if isinstance(held, Mapping) else held
    paths = held.get("paths") if isinstance(held, Mapping) else None
    if not isinstance(repository, str) or repository.count("/") != 1 or not isinstance(paths, list | None):
        raise Rejected(f"SERVICE_MAP: {path}, {name}: write repository: owner/name and paths: [folder/, …]")
    return Mapped(name, repository.lower(), tuple(str(each).lstrip("/") for each in paths or ()))
