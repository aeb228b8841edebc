"""Reads logs without a model: entries, templates, what happened first, and typed signs. Pure functions over text."""
