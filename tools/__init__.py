"""What can be looked at and changed: tools, evidence, analyzers and the clients behind them. Never imports bot."""
