"""From a document to chunks, cut along its structure."""
