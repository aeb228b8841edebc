"""The clients behind the tools: one vendor, one file."""
