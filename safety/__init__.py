"""The ground floor: actions, policy, validation, redaction and the audit chain. Pure: no clock, network or disk."""
