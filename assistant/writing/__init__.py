"""A question and hits in, checked prose of a chat model out. A changed prompt is a new version of it."""
