"""Changes from GitHub: PyGithub, which nobody here wrote, against the emulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo.github_emulator import GitHubEmulator, read_data
from bot.demo.github_emulator.server import Fault
from tools.adapters.github_api import GitHubChanges
from tools.adapters.github_client import GitHubAccess
from tools.adapters.service_map import Mapped, ServiceMap
from tools.world import Forbidden, NotFound, RecordedChange, Rejected, Unreachable, WorldError

ORDINARY = """
repositories:
  acme/shop:
    files: {charts/cart/values.yaml: "image:\\n  tag: v2\\n"}
    commits:
      - {ago: 3d, author: dan, message: "Fix the build", files: [{path: apps/web/x.js, patch: "@@ -1 +1 @@\\n-a\\n+b"}]}
    pulls:
      - number: 7
        title: Keep carts in memory
        author: carol
        merged: 40m
        branch: feature/cache
        labels: ["service: checkout"]
        files:
          - {path: charts/cart/values.yaml, patch: "@@ -1,2 +1,2 @@\\n image:\\n-  tag: v1\\n+  tag: v2"}
          - {path: assets/logo.png}
      - {number: 6, title: Given up, author: dan, closed: 1d}
      - {number: 8, title: Later, author: dan, merged: 5m}
      - {number: 9, title: Still open, author: dan, opened: 1h}
      - {number: 2, title: Long ago, author: dan, merged: 40d}
    releases:
      - {tag: v2, ago: 35m, author: carol, pull: 7}
      - {tag: v3, ago: 2m, author: carol, draft: true}
    deployments:
      - environment: production
        ref: v2
        ago: 34m
        pull: 7
        author: cd
        statuses: [{state: in_progress, ago: 34m}, {state: success, ago: 33m}]
      - {environment: staging, ago: 4m, pull: 8, author: cd, statuses: [{state: failure, ago: 3m}]}
"""


@asynccontextmanager
async def github(data: str = ORDINARY) -> AsyncIterator[GitHubEmulator]:
    emulator = GitHubEmulator(read_data(data))
    await emulator.start()
    try:
        yield emulator
    finally:
        await emulator.stop()


def source(emulator: GitHubEmulator, repository: str = "acme/shop", **access: float) -> GitHubChanges:
    return GitHubChanges(GitHubAccess(emulator.token, emulator.url, **access), repository)  # type: ignore[arg-type]


async def seen(changes: GitHubChanges, days: int = 14) -> dict[str, RecordedChange]:
    now = datetime.now(UTC)
    return {each.id: each for each in await changes.changes(now - timedelta(days=days), now)}


async def test_a_merged_pull_request_comes_with_its_author_files_services_patch_and_link() -> None:
    async with github() as emulator:
        found = await seen(source(emulator))
    pull = found["acme/shop#7"]
    assert (pull.kind, pull.title, pull.author) == ("pull_request", "Keep carts in memory", "carol")
    assert pull.files == ("charts/cart/values.yaml", "assets/logo.png")
    assert pull.services == ("checkout", "cart")
    assert "branch: feature/cache" in pull.diff
    assert "+++ b/charts/cart/values.yaml\n@@ -1,2 +1,2 @@" in pull.diff
    assert pull.url == f"{emulator.url}/acme/shop/pull/7"


async def test_only_what_was_merged_or_published_in_the_time_span_is_a_change() -> None:
    async with github() as emulator:
        found = await seen(source(emulator))
    kinds = {(each.kind, each.title) for each in found.values()}
    assert kinds == {
        ("pull_request", "Keep carts in memory"),
        ("pull_request", "Later"),
        ("commit", "Fix the build"),
        ("release", "v2"),
        ("deployment", "v2 to production"),
        ("deployment", "main to staging"),
    }
    assert [each.at for each in found.values()] == sorted((each.at for each in found.values()), reverse=True)


async def test_a_change_is_in_force_once_a_deployment_holds_it() -> None:
    async with github() as emulator:
        found = await seen(source(emulator))
    commit = next(each for each in found.values() if each.kind == "commit")
    assert found["acme/shop#7"].deployed_by == "failure in staging, success in production"
    assert found["acme/shop#8"].deployed_by == "failure in staging"
    assert commit.deployed_by == "failure in staging, success in production"
    assert found["acme/shop release v2"].deployed_by == "success in production"


async def test_only_the_environment_of_this_cluster_counts_where_it_is_named() -> None:
    async with github() as emulator:
        changes = source(emulator)
        changes.environment = "production"
        found = await seen(changes)
    assert found["acme/shop#7"].deployed_by == "success in production"
    assert found["acme/shop#8"].deployed_by == "not deployed yet"


async def test_a_deployment_that_was_followed_by_another_still_went_as_it_went() -> None:
    data = ORDINARY.replace("{state: success, ago: 33m}", "{state: success, ago: 33m}, {state: inactive, ago: 1m}")
    async with github(data) as emulator:
        found = await seen(source(emulator))
    assert found["acme/shop release v2"].deployed_by == "success in production"


async def test_without_recorded_deployments_nothing_is_said_of_them() -> None:
    async with github("{repositories: {a/b: {pulls: [{number: 1, title: x, author: y, merged: 1h}]}}}") as emulator:
        found = await seen(source(emulator, "a/b"))
    assert found["a/b#1"].deployed_by is None


async def test_an_empty_repository_has_no_changes() -> None:
    async with github("{repositories: {a/b: {}}}") as emulator:
        assert await seen(source(emulator, "a/b")) == {}


async def test_three_hundred_pull_requests_are_read_with_few_requests_and_their_files_once() -> None:
    pulls = "".join(f"      - {{number: {n}, title: t{n}, author: a, merged: {n}m}}\n" for n in range(1, 401))
    async with github(f"repositories:\n  a/b:\n    pulls:\n{pulls}") as emulator:
        changes = source(emulator, "a/b")
        found = await seen(changes)
        assert len(found) == 300
        assert len(emulator.requests) <= 3 + 4 + 2 + 30
        first = len(emulator.requests)
        await seen(changes)
        assert len(emulator.requests) - first <= 3 + 4 + 2
    assert not [each for each in emulator.requests if "page=5" in each]


RATE_LIMIT = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(403, RATE_LIMIT, {"Retry-After": "60"}), Unreachable, "rate limit"),
        (Fault(403, "API rate limit exceeded for user ID 1."), Unreachable, "rate limit"),
        (Fault(429, "Too many requests", {"Retry-After": "60"}), Unreachable, "rate limit"),
        (Fault(401, "Bad credentials"), Forbidden, "GITHUB_TOKEN"),
        (Fault(403, "Resource not accessible by personal access token"), Forbidden, "read access"),
        (Fault(404, "Not Found"), NotFound, "GITHUB_REPOSITORIES"),
        (Fault(422, "Validation Failed"), Rejected, "acme/shop"),
        (Fault(500, "Server Error"), Unreachable, "ask again later"),
        (Fault(503, "Unavailable"), Unreachable, "ask again later"),
    ],
)
async def test_a_refusal_says_what_to_do_about_it(fault: Fault, error: type[WorldError], words: str) -> None:
    async with github() as emulator:
        emulator.fail_always(fault)
        with pytest.raises(error, match=words) as caught:
            await seen(source(emulator))
        assert emulator.token not in str(caught.value)
        # One more try at most for each of the four lists: nobody waits for GitHub's own wishes.
        assert len(emulator.requests) <= 8


async def test_a_rate_limit_tells_how_long_to_wait() -> None:
    async with github() as emulator:
        emulator.fail_always(Fault(403, RATE_LIMIT, {"Retry-After": "60"}))
        with pytest.raises(Unreachable) as caught:
            await seen(source(emulator))
    assert caught.value.retry_after == timedelta(seconds=60)


async def test_a_wrong_token_is_refused() -> None:
    async with github() as emulator:
        changes = GitHubChanges(GitHubAccess("other", emulator.url), "acme/shop")
        with pytest.raises(Forbidden, match="401"):
            await seen(changes)
        with pytest.raises(Forbidden, match="401"):
            await changes.check()
        assert "default branch main" in await source(emulator).check()


async def test_a_repository_that_is_not_there_is_named() -> None:
    async with github() as emulator:
        with pytest.raises(NotFound, match="acme/other"):
            await seen(source(emulator, "acme/other"))


async def test_a_server_that_hangs_is_given_up_while_everything_else_goes_on() -> None:
    async with github() as emulator:
        emulator.hold()
        asking = asyncio.create_task(seen(source(emulator, deadline=0.5)))
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0.01)
        with pytest.raises(Unreachable, match=r"no answer about acme/shop in 0\.5 s"):
            await asking
        assert turns > 5


async def test_nobody_at_the_address_is_told_with_the_setting_to_look_at() -> None:
    with pytest.raises(Unreachable, match="GITHUB_URL"):
        await seen(GitHubChanges(GitHubAccess("t", "http://127.0.0.1:9"), "a/b"))


async def test_the_prefix_of_github_enterprise_works_as_well() -> None:
    async with github() as emulator:
        found = await seen(GitHubChanges(GitHubAccess(emulator.token, f"{emulator.url}/api/v3"), "acme/shop"))
    assert "acme/shop#7" in found
    assert all(each.startswith("/api/v3/repos/") for each in emulator.requests)


# ---- services -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "labels", "services"),
    [
        (("services/cart/main.go",), (), ("cart",)),
        (("apps/web/src/x.ts", "apps/web/y.ts"), (), ("web",)),
        (("k8s/cart.yaml",), (), ("cart",)),
        (("deploy/charts/cart/values.yaml",), (), ("cart",)),
        (("k8s/overlays/prod/x.yaml", "charts/common/_helpers.tpl"), (), ()),
        (("README.md",), ("service: Cart",), ("cart",)),
        (("README.md",), ("bug",), ()),
        (("src/pay/x.py",), (), ("payments",)),
        (("src/payroll/x.py",), (), ()),
        ((), ("payments",), ("payments",)),
    ],
)
def test_services_follow_from_the_file_the_labels_and_the_paths(
    files: tuple[str, ...], labels: tuple[str, ...], services: tuple[str, ...]
) -> None:
    mapping = ServiceMap((Mapped("payments", "acme/shop", ("src/pay",)),))
    assert mapping.services("Acme/Shop", files, labels) == services


def _written(folder: Path, text: str) -> Path:
    path = folder / "services.yaml"
    path.write_text(text)
    return path


def test_the_mapping_file_names_repositories(tmp_path: Path) -> None:
    path = _written(tmp_path, "cart: {repository: Acme/Shop, paths: [charts/cart/]}\nweb: acme/web\n")
    found = ServiceMap.read(path)
    assert found.repositories() == ("acme/shop", "acme/web")
    assert found.services("acme/web") == ("web",)
    assert found.services("acme/shop") == ()


@pytest.mark.parametrize("text", ["- a", "cart: 3", "cart: {paths: [x]}", "cart: {repository: a/b, paths: x}", "a: ["])
def test_a_mapping_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    path = _written(tmp_path, text)
    read: Callable[[Path], ServiceMap] = ServiceMap.read
    with pytest.raises(Rejected, match="SERVICE_MAP"):
        read(path)
