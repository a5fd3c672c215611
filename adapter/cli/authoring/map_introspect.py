"""Reading the structure of a HIS database, nothing of its content."""

from __future__ import annotations

from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from adapter.errors import SourceUnreachable
from adapter.mapping.tools.skeleton import SourceTable
from adapter.settings import SourceSettings
from connectors.sql.engine import source_url


def source_tables(url: str, schema: str | None) -> list[SourceTable]:
    """Tables and views with their columns. Raises ConfigError or SourceUnreachable, without the URL's password."""
    engine = create_engine(source_url(SourceSettings(url=url)))
    try:
        inspector = inspect(engine)
        names = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        return [
            SourceTable(
                name if schema is None else f"{schema}.{name}",
                {str(c["name"]): str(c["type"]) for c in inspector.get_columns(name, schema)},
                tuple(inspector.get_pk_constraint(name, schema).get("constrained_columns") or ()),
            )
            for name in names
        ]
    except SQLAlchemyError as error:
        raise SourceUnreachable(
            "Không đọc được cấu trúc của nguồn",
            "The source's structure cannot be read",
            hint_vi="kiểm tra địa chỉ, tài khoản và quyền đọc",
            hint_en="check the address, the account and its rights",
        ) from error
    finally:
        engine.dispose()
