"""Where a repository sets a value: PyGithub, which nobody here wrote, against the emulator."""

from collections.abc import Sequence

import pytest

from bot.demo.github_emulator.server import Fault
from tests.tools.adapters.test_github_api import github, source
from tools.adapters.service_map import Mapped, ServiceMap
from tools.settings import SetAt, Setting
from tools.world import Forbidden, NotFound, Unreachable

LIMIT = Setting("memory limit", "96Mi", ("memory",), ("limits",))
TAG = Setting("image tag", "v2", ("tag", "image"))
VALUES = "image:\n  tag: v2\nresources:\n  limits:\n    memory: 96Mi\n"
DATA = f"""
repositories:
  acme/shop:
    files:
      charts/cart/values.yaml: {VALUES!r}
      charts/web/values.yaml: "image:\\n  tag: v9\\n"
      README.md: "memory: 96Mi"
    pulls: [{{number: 7, title: x, author: carol, merged: 40m, files: [{{path: charts/cart/values.yaml}}]}}]
    deployments:
      - {{environment: production, ref: v2, ago: 4m, pull: 7, author: cd, statuses: [{{state: failure, ago: 3m}}]}}
      - {{environment: production, ref: v2, ago: 34m, pull: 7, author: cd, statuses: [{{state: success, ago: 33m}}]}}
""".replace("'", '"')


async def looked(data: str, settings: Sequence[Setting], service: str, *files: str) -> tuple[SetAt | None, list[str]]:
    async with github(data) as emulator:
        found = await source(emulator).where_set(settings, service, files)
        return found, [each.partition("?")[0].removeprefix("/repos/acme/shop") for each in emulator.requests]


async def test_a_file_that_the_change_touched_is_read_as_it_was_deployed_and_linked_for_good() -> None:
    found, requests = await looked(DATA, (LIMIT, TAG), "cart", "charts/cart/values.yaml", "assets/logo.png")
    assert found is not None
    assert (found.path, found.line, found.text) == ("charts/cart/values.yaml", 5, "memory: 96Mi")
    assert found.ref is not None
    assert len(found.ref) == 40
    assert found.url is not None
    assert found.url.endswith(f"/acme/shop/blob/{found.ref}/charts/cart/values.yaml#L5")
    assert "/contents/assets/logo.png" not in requests
    assert "/search/code" not in requests
    assert len(requests) <= 5


async def test_without_a_change_it_is_searched_and_only_in_files_that_bear_the_services_name() -> None:
    found, requests = await looked(DATA, (LIMIT,), "cart")
    assert found is not None
    assert (found.path, found.line) == ("charts/cart/values.yaml", 5)
    assert "/search/code" in requests
    nothing, _ = await looked(DATA, (LIMIT,), "web")
    assert nothing is None


async def test_a_repository_that_is_the_services_own_may_set_it_anywhere() -> None:
    async with github(DATA) as emulator:
        changes = source(emulator)
        changes.services = ServiceMap((Mapped("web", "acme/shop"),))
        assert changes.concerns("Web")
        found = await changes.where_set((LIMIT,), "web", ())
    assert found is not None
    assert found.path == "charts/cart/values.yaml"


async def test_of_two_files_that_set_it_none_is_named() -> None:
    twice = DATA.replace("charts/web/values.yaml", "charts/cart/values-prod.yaml").replace("tag: v9", "tag: v2")
    found, _ = await looked(twice, (TAG,), "cart")
    assert found is None


async def test_without_a_deployment_the_default_branch_is_read() -> None:
    found, _ = await looked(DATA.partition("    deployments:")[0], (LIMIT,), "cart", "charts/cart/values.yaml")
    assert found is not None
    assert found.ref == "main"


async def test_without_search_what_the_change_touched_is_enough_and_the_rest_is_not_named() -> None:
    async with github(DATA) as emulator:
        changes = source(emulator)
        assert await changes.where_set((LIMIT,), "cart", ("charts/cart/values.yaml",)) is not None
        emulator.requests.clear()
    async with github(DATA) as emulator:
        emulator.fail_search(Fault(403, "API rate limit exceeded for search"))
        assert await source(emulator).where_set((LIMIT,), "cart", ()) is None


async def test_many_files_are_not_read_beyond_the_bound() -> None:
    many = "".join(f'      charts/cart/v{n}.yaml: "x: 1"\n' for n in range(40))
    files = tuple(f"charts/cart/v{n}.yaml" for n in range(40))
    found, requests = await looked(DATA.replace("    files:\n", f"    files:\n{many}"), (LIMIT, TAG), "cart", *files)
    assert found is None
    assert sum(each.startswith("/contents/") for each in requests) <= 6
    assert len(requests) <= 12


@pytest.mark.parametrize(("status", "fault"), [(401, Forbidden), (404, NotFound), (502, Unreachable)])
async def test_a_refusal_is_told_in_our_words(status: int, fault: type[Exception]) -> None:
    async with github(DATA) as emulator:
        emulator.fail_always(Fault(status, "no"))
        with pytest.raises(fault):
            await source(emulator).where_set((LIMIT,), "cart", ())
