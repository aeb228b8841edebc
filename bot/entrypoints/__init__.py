"""What calls the bot: Slack and the command line."""
