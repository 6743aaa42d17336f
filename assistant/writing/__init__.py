"""From hits to prose that a chat model writes, checked."""
