"""Finds secrets and personal data in text: the rules behind ``safety.redaction``."""
