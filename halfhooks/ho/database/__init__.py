"""PostgreSQL: finding or starting a server, and making databases on it. The only importer of psycopg2."""
