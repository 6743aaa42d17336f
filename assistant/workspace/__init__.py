"""From a folder and its settings to a built and open index."""
