"""A stand-in for Jira's REST API: tickets from a file, read in the published shapes, with faults on request."""

from bot.demo.jira_emulator.data import BadData, Ticket, read_data
from bot.demo.jira_emulator.server import JiraEmulator

__all__ = ["BadData", "JiraEmulator", "Ticket", "read_data"]
