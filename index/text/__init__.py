"""From text to terms, and how alike words are."""
