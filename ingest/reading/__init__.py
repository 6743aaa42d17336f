"""From files to documents: a folder walked, formats read, damaged encodings repaired."""
