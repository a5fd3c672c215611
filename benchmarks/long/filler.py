"""A store with as many dossiers as wanted, laid down by the million: rows first, indexes after.

Rows are invented: most accepted, some blocked, few of everything else, with their search words and findings, and
without bodies, which no list reads.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Table, insert

from adapter.store.encounters.expected import MA_LK
from adapter.store.store import Store
from adapter.store.tables.schema import dossiers, encounters, findings, revisions, search_words
from adapter.vault import plain_words

CODE = "01999"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
_TABLES = (encounters, dossiers, revisions, search_words, findings)
_FAMILY = ["Nguyễn"] * 38 + ["Trần"] * 12 + ["Lê"] * 10 + ["Phạm"] * 7 + ["Hoàng"] * 5 + ["Đỗ", "Vũ", "Bùi", "Hồ"] * 6
_MIDDLE = ["Thị"] * 40 + ["Văn"] * 35 + ["Ngọc", "Minh", "Thu", "Đức", "Xuân"] * 5
_GIVEN = ["Anh", "Bình", "Chi", "Dũng", "Giang", "Hà", "Hải", "Hương", "Khoa", "Lan", "Linh", "Mai", "Nam", "Nga",
          "Phúc", "Quân", "Sơn", "Thảo", "Trang", "Tuấn", "Vân", "Yến"]  # fmt: skip
_STATES = [("accepted", 9500), ("blocked", 260), ("skipped", 180), ("translated", 30), ("signed", 15), ("refused", 10),
           ("unknown", 5)]  # fmt: skip
_EACH = [name for name, weight in _STATES for _ in range(weight)]
_RULES = ["X1-REQ-016", "X1-DATE-001", "X2-TIME-001", "X3-MONEY-001"]
_BATCH = 20_000
_SEALED = "sealed"


def fill(store: Store, rows: int) -> None:
    """Rows first, indexes after: it is the reading that is measured. The store must be empty."""
    chance = random.Random(7)
    kept = [index for table in _TABLES for index in sorted(table.indexes, key=lambda i: str(i.name))]
    with store.database.write() as connection:
        for index in kept:
            index.drop(connection)
        connection.execute(insert(encounters).values(_encounter()))
    blind: dict[tuple[str, str], bytes] = {}

    def hidden(text: str, kind: str) -> bytes:
        found = blind.get((kind, text))
        if found is None:
            # Sealing a million texts one by one would measure the cipher; a page opens fifty of them all the same.
            made = store.vault.seal_text(text, MA_LK) if kind == _SEALED else store.vault.blind(text, kind)
            found = blind[kind, text] = made
        return found

    for start in range(1, rows + 1, _BATCH):
        found: dict[Table, list[dict[str, Any]]] = {table: [] for table in _TABLES[1:]}
        for identity in range(start, min(start + _BATCH, rows + 1)):
            _one(store, chance, identity, hidden, found)
        with store.database.write() as connection:
            for table, batch in found.items():
                add_rows(connection, store, table, batch)
    with store.database.write() as connection:
        for index in kept:
            Index.create(index, connection)
    with store.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def add_rows(connection: Any, store: Store, table: Table, batch: list[dict[str, Any]]) -> None:
    """COPY on PostgreSQL, one prepared INSERT on SQLite; values as the columns' types write them."""
    if not batch:
        return
    names = list(batch[0])
    dialect = connection.dialect
    bind = [table.c[n].type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value) for n in names]
    rows = ([write(row[name]) for name, write in zip(names, bind, strict=True)] for row in batch)
    columns = ", ".join(names)
    driver = connection.connection.driver_connection
    if store.database.is_postgres:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(names))})", rows)


def _encounter() -> dict[str, Any]:
    return {
        "id": 1, "facility": CODE, "source": "bench", "key_blind": b"k", "key_sealed": b"k", "content_hash": "0" * 64,
        "first_day": NOW.date(), "first_read_at": NOW, "changed_at": NOW, "due": 1, "pending": False, "fence": 0,
    }  # fmt: skip


def _one(store: Store, chance: random.Random, identity: int, hidden: Any, found: Any) -> None:
    state = chance.choice(_EACH)
    purpose = "checkin" if identity % 5 in (1, 3) else "book" if identity % 33 == 0 else "claim"
    made = NOW - timedelta(minutes=chance.randrange(365 * 24 * 60))
    deadline = made + timedelta(days=9)
    ma_lk = f"{identity:012d}"
    held = state in {"blocked", "signed"} and chance.random() < 0.02
    verdict = None
    if state == "accepted":
        verdict = chance.choices(["good", "pending", "faulty", "replaced"], [900, 80, 4, 16])[0]
    found[dossiers].append({
        "id": identity, "facility": CODE, "encounter_id": 1, "ma_lk_blind": store.vault.blind(ma_lk, MA_LK),
        "ma_lk_sealed": hidden(f"{identity % 500:012d}", _SEALED), "purpose": purpose, "occasion": "",
        "first_day": made.date(), "revision_id": identity, "state": state, "held": held,
        "held_code": "person" if held else None, "held_reason": "chờ" if held else None,
        "held_by": "user:x" if held else None, "deadline": deadline, "verdict": verdict, "payment_requested": False,
        "created_at": made, "updated_at": made + timedelta(hours=3),
    })  # fmt: skip
    found[revisions].append({
        "id": identity, "dossier_id": identity, "number": 1, "facility": CODE, "purpose": purpose, "state": state,
        "content_hash": "0" * 64, "source_hash": "0" * 64, "mapping_hash": "0" * 64, "standard": "3176",
        "reason": "first", "state_reason": None, "amount_total": Decimal(250000), "amount_insurance": Decimal(200000),
        "ended_at": made, "created_at": made, "rank": 1, "deadline": deadline, "attempts": 1, "unknowns": 0,
        "fence": 1, "accepted_at": made + timedelta(hours=3) if state == "accepted" else None, "remark": False,
        "verdict": verdict,
    })  # fmt: skip
    name = f"{chance.choice(_FAMILY)} {chance.choice(_MIDDLE)} {chance.choice(_GIVEN)}"
    words = {("name", hidden(word, "name")) for word in plain_words(name)}
    words.add(("card", store.vault.blind(f"DN401{identity // 4:010d}", "card")))
    found[search_words].extend({"dossier_id": identity, "kind": k, "value": v} for k, v in sorted(words))
    if state == "blocked" or chance.random() < 0.1:
        severity = "error" if state == "blocked" else "warning"
        for rule in {chance.choice(_RULES), chance.choice(_RULES)}:
            found[findings].append({
                "revision_id": identity, "rule": rule, "severity": severity, "table_name": "XML1", "row_number": 1,
                "field": "NGAY_RA", "text_sealed": b"-",
            })  # fmt: skip
