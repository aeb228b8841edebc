"""The REST side: requests in, objects, tables, streams and Status bodies out."""
