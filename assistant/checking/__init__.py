"""From a sentence and hits to whether they say it."""
