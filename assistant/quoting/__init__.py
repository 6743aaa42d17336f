"""From hits to an answer that quotes them."""
