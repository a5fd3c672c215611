from tests.support.postgres import migrated_postgres, migrated_sqlite, postgres_server, postgres_url, store_url

__all__ = ["migrated_postgres", "migrated_sqlite", "postgres_server", "postgres_url", "store_url"]
