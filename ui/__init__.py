"""From answers to people and programs: the command line and the web chat."""
