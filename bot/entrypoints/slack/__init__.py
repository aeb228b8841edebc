"""The front door for Slack. The only room of slack_bolt."""
