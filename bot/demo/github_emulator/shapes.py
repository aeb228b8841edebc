"""The JSON of GitHub's REST API, version 2022-11-28: the fields that its reference lists for each object."""

import base64
from datetime import datetime
from typing import Any

from bot.demo.github_emulator.data import Commit, Repository, sha

JsonObject = dict[str, Any]


def time(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


class Shapes:
    """Objects of one server; ``api`` is the address of its API and ``web`` that of its pages."""

    def __init__(self, api: str, web: str) -> None:
        self._api, self._web = api, web

    def user(self, login: str) -> JsonObject:
        return {
            "login": login,
            "id": int(sha(login)[:6], 16),
            "node_id": sha(login)[:12],
            "url": f"{self._api}/users/{login}",
            "html_url": f"{self._web}/{login}",
            "type": "User",
            "site_admin": False,
        }

    def repository(self, held: Repository) -> JsonObject:
        owner, _, name = held.name.partition("/")
        return {
            "id": int(sha(held.name)[:6], 16),
            "node_id": sha(held.name)[:12],
            "name": name,
            "full_name": held.name,
            "private": True,
            "owner": self.user(owner),
            "html_url": f"{self._web}/{held.name}",
            "url": f"{self._api}/repos/{held.name}",
            "default_branch": held.default_branch,
            "permissions": {"admin": False, "push": False, "pull": True},
        }

    def pull(self, held: Repository, told: JsonObject, *, full: bool = False) -> JsonObject:
        """``full``: as one is answered alone; lists leave the counts and ``merged`` out."""
        number, repo = told["number"], held.name
        shown = {
            "url": f"{self._api}/repos/{repo}/pulls/{number}",
            "id": int(sha(f"{repo}#{number}")[:7], 16),
            "node_id": sha(f"{repo}#{number}")[:12],
            "html_url": f"{self._web}/{repo}/pull/{number}",
            "number": number,
            "state": "closed" if told["closed_at"] else "open",
            "locked": False,
            "title": told["title"],
            "user": self.user(str(told["author"])),
            "body": told.get("body"),
            "labels": [self.label(repo, str(each)) for each in told.get("labels") or ()],
            "milestone": None,
            "draft": False,
            "created_at": time(told["opened_at"]),
            "updated_at": time(told["updated_at"]),
            "closed_at": time(told["closed_at"]),
            "merged_at": time(told["merged_at"]),
            "merge_commit_sha": told["sha"] if told["merged_at"] else None,
            "assignees": [],
            "requested_reviewers": [],
            "head": self._end(held, told["branch"], told["head_sha"]),
            "base": self._end(held, held.default_branch, held.commits[-1].sha if held.commits else sha("base")),
            "author_association": "MEMBER",
            "auto_merge": None,
        }
        if not full:
            return shown
        return shown | {
            "merged": told["merged_at"] is not None,
            "merged_by": self.user(str(told.get("merged_by") or told["author"])) if told["merged_at"] else None,
            "mergeable": None,
            "commits": 1,
            "additions": sum(map(_added, told["files"])),
            "deletions": sum(map(_deleted, told["files"])),
            "changed_files": len(told["files"]),
            "comments": 0,
        }

    def _end(self, held: Repository, ref: str, commit: str) -> JsonObject:
        owner = held.name.partition("/")[0]
        repository = self.repository(held)
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": commit, "user": self.user(owner), "repo": repository}

    def label(self, repo: str, name: str) -> JsonObject:
        shown = {"id": int(sha(name)[:6], 16), "node_id": sha(name)[:12], "name": name, "color": "ededed"}
        return shown | {"url": f"{self._api}/repos/{repo}/labels/{name}", "default": False, "description": None}

    def file(self, held: Repository, told: JsonObject, commit: str) -> JsonObject:
        """One changed file; like GitHub it leaves ``patch`` out where there is none."""
        path = told["path"]
        shown = {
            "sha": sha(f"{path}{told.get('patch')}"),
            "filename": path,
            "status": told.get("status", "modified"),
            "additions": _added(told),
            "deletions": _deleted(told),
            "changes": _added(told) + _deleted(told),
            "blob_url": f"{self._web}/{held.name}/blob/{commit}/{path}",
            "raw_url": f"{self._web}/{held.name}/raw/{commit}/{path}",
            "contents_url": f"{self._api}/repos/{held.name}/contents/{path}?ref={commit}",
        }
        return shown | ({"patch": str(told["patch"]).rstrip("\n")} if "patch" in told else {})

    def commit(self, held: Repository, each: Commit, *, full: bool = False) -> JsonObject:
        """``full``: with the files, as one is answered alone."""
        url = f"{self._api}/repos/{held.name}/commits/{each.sha}"
        person = {"name": each.author, "email": f"{each.author}@example.com", "date": time(each.at)}
        parents = [each.parent] if each.parent else []
        shown = {
            "sha": each.sha,
            "node_id": each.sha[:12],
            "url": url,
            "html_url": f"{self._web}/{held.name}/commit/{each.sha}",
            "commit": {
                "author": person,
                "committer": person,
                "message": each.message,
                "tree": {"sha": sha(each.sha), "url": f"{self._api}/repos/{held.name}/git/trees/{sha(each.sha)}"},
                "url": f"{self._api}/repos/{held.name}/git/commits/{each.sha}",
                "comment_count": 0,
            },
            "author": self.user(each.author),
            "committer": self.user(each.author),
            "parents": [{"sha": one, "url": f"{self._api}/repos/{held.name}/commits/{one}"} for one in parents],
        }
        if not full:
            return shown
        stats = {"additions": sum(map(_added, each.files)), "deletions": sum(map(_deleted, each.files))}
        files = [self.file(held, one, each.sha) for one in each.files]
        return shown | {"stats": stats | {"total": sum(stats.values())}, "files": files}

    def release(self, held: Repository, told: JsonObject) -> JsonObject:
        return {
            "url": f"{self._api}/repos/{held.name}/releases/{told['id']}",
            "html_url": f"{self._web}/{held.name}/releases/tag/{told['tag']}",
            "id": told["id"],
            "node_id": sha(str(told["tag"]))[:12],
            "tag_name": told["tag"],
            "target_commitish": told["sha"],
            "name": told.get("name") or told["tag"],
            "body": told.get("body"),
            "draft": bool(told.get("draft")),
            "prerelease": bool(told.get("prerelease")),
            "created_at": time(told["at"]),
            "published_at": None if told.get("draft") else time(told["at"]),
            "author": self.user(str(told["author"])),
            "assets": [],
        }

    def deployment(self, held: Repository, told: JsonObject) -> JsonObject:
        url = f"{self._api}/repos/{held.name}/deployments/{told['id']}"
        return {
            "url": url,
            "id": told["id"],
            "node_id": sha(url)[:12],
            "task": "deploy",
            "original_environment": told["environment"],
            "environment": told["environment"],
            "description": told.get("description"),
            "created_at": time(told["at"]),
            "updated_at": time(told["at"]),
            "statuses_url": f"{url}/statuses",
            "repository_url": f"{self._api}/repos/{held.name}",
            "creator": self.user(str(told["author"])),
            "sha": told["sha"],
            "ref": told.get("ref") or held.default_branch,
            "payload": {},
            "transient_environment": False,
            "production_environment": str(told["environment"]).startswith("prod"),
        }

    def status(self, held: Repository, deployment: JsonObject, index: int) -> JsonObject:
        told = deployment["statuses"][index]
        url = f"{self._api}/repos/{held.name}/deployments/{deployment['id']}"
        return {
            "url": f"{url}/statuses/{index + 1}",
            "id": deployment["id"] * 100 + index,
            "node_id": sha(f"{url}{index}")[:12],
            "state": told["state"],
            "creator": self.user(str(deployment["author"])),
            "description": str(told.get("description") or ""),
            "environment": deployment["environment"],
            "target_url": "",
            "log_url": "",
            "environment_url": "",
            "created_at": time(told["at"]),
            "updated_at": time(told["at"]),
            "deployment_url": url,
            "repository_url": f"{self._api}/repos/{held.name}",
        }

    def content(self, held: Repository, path: str, ref: str) -> JsonObject:
        raw = held.files[path].encode()
        return self._entry(held, path, ref, "file") | {
            "size": len(raw),
            "encoding": "base64",
            "content": base64.encodebytes(raw).decode(),
        }

    def folder(self, held: Repository, path: str, ref: str) -> list[JsonObject]:
        """What a folder holds; empty where there is none."""
        start = f"{path}/" if path else ""
        inside = {each.removeprefix(start) for each in held.files if each.startswith(start)}
        files = [each for each in inside if "/" not in each]
        folders = {each.partition("/")[0] for each in inside if "/" in each}
        listed = [(name, "dir") for name in folders] + [(name, "file") for name in files]
        return [self._entry(held, f"{start}{name}", ref, kind) for name, kind in sorted(listed)]

    def _entry(self, held: Repository, path: str, ref: str, kind: str) -> JsonObject:
        text = held.files.get(path, path)
        return {
            "type": kind,
            "size": len(text.encode()) if kind == "file" else 0,
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha(text),
            "url": f"{self._api}/repos/{held.name}/contents/{path}?ref={ref}",
            "html_url": f"{self._web}/{held.name}/{'blob' if kind == 'file' else 'tree'}/{ref}/{path}",
            "git_url": f"{self._api}/repos/{held.name}/git/blobs/{sha(text)}",
            "download_url": f"{self._web}/{held.name}/raw/{ref}/{path}" if kind == "file" else None,
        }


def _lines(told: JsonObject, sign: str) -> int:
    return sum(each.startswith(sign) for each in str(told.get("patch") or "").splitlines())


def _added(told: JsonObject) -> int:
    return _lines(told, "+")


def _deleted(told: JsonObject) -> int:
    return _lines(told, "-")
