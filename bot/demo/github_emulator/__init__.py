"""A stand-in for GitHub's REST API: repositories from a file, read in the published shapes, with faults on request."""

from bot.demo.github_emulator.data import BadData, Repository, read_data
from bot.demo.github_emulator.server import GitHubEmulator

__all__ = ["BadData", "GitHubEmulator", "Repository", "read_data"]
