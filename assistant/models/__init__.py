"""From messages to what a chat model writes."""
