"""What the bot calls: models, chats and stores. One vendor, one file."""
