"""From a question and an index to the hits that answer it."""
