"""People read a dossier's fields in the decree's order, however the store keeps them."""

from __future__ import annotations

from adapter.dossier.model import Dossier
from adapter.dossier.shown import laid_out
from adapter.standard.spec import written_as
from tests.support import made_up


def test_fields_are_shown_in_the_layouts_order_after_the_store() -> None:
    kept = Dossier.from_bytes(made_up.dossier().to_bytes())
    shown = laid_out(kept)
    assert shown == {table: [dict(row) for row in rows] for table, rows in kept.tables.items()}
    for table, rows in shown.items():
        names = written_as(kept.standard).tables[table].names
        for row in rows:
            assert list(row) == [name for name in names if name in row]


def test_a_field_the_layout_does_not_know_is_shown_last() -> None:
    kept = made_up.dossier()
    header = {"AAA": "x", **kept.header}
    shown = laid_out(
        Dossier(kept.facility, kept.ma_lk, kept.purpose, kept.standard, {"XML1": [header], "ABC": [{"A": ""}]})
    )
    assert list(shown["XML1"][0])[-1] == "AAA"
    assert shown["ABC"] == [{"A": ""}]
