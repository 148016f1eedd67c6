"""Code from the schema: the catalog becomes values, a target turns them into texts, and `write` puts those in place."""
