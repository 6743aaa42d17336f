"""From what a person typed to questions that stand alone."""
