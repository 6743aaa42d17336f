"""From text to unit vectors: every embedding model behind one protocol."""
