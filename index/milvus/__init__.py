"""The store in a Milvus server."""
