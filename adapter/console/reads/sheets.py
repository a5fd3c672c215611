"""The workbench as a spreadsheet, to be worked through away from the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from adapter.console.core.shown import when
from adapter.console.core.words import Words
from adapter.later import later

if TYPE_CHECKING:
    import openpyxl
    from openpyxl import styles
    from openpyxl.cell import cell as cells
else:
    openpyxl, styles, cells = map(later, ("openpyxl", "openpyxl.styles", "openpyxl.cell.cell"))

_LONGEST = 32_000


def workbook(groups: Sequence[Mapping[str, Any]], places: Iterable[Mapping[str, Any]], t: Words) -> bytes:
    """What to correct first, and every place. Texts stay texts: a value that begins with ``=`` is no formula."""
    book = openpyxl.Workbook(write_only=True)
    first = book.create_sheet(t("findings.sheet_what"))
    for index, width in enumerate((10, 14, 60, 60, 26, 30, 20), 1):
        first.column_dimensions["ABCDEFG"[index - 1]].width = width
    heads = ("findings.count", "findings.rule", "findings.what", "finding.fix", "finding.place", "finding.where")
    _row(first, [t(key) for key in (*heads, "findings.soonest")], bold=True)
    for one in groups:
        _row(
            first,
            [
                one["dossiers"],
                one["rule"],
                t.of(one["title_vi"], one["title_en"]),
                t.of(one["fix_vi"], one["fix_en"]),
                f"{one['table']}.{one['field']}",
                one["column"],
                when(one["soonest"]),
            ],
        )
    second = book.create_sheet(t("findings.sheet_where"))
    for index, width in enumerate((18, 18, 20, 14, 8, 24, 24, 60, 60), 1):
        second.column_dimensions["ABCDEFGHI"[index - 1]].width = width
    _row(
        second,
        ["MA_LK", t("list.purpose"), t("list.deadline"), t("findings.rule"), t("findings.row"), t("finding.place"),
         t("finding.where"), t("findings.what"), t("finding.fix")],
        bold=True,
    )  # fmt: skip
    for one in places:
        _row(
            second,
            [
                one["ma_lk"],
                t(f"purpose.{one['purpose']}"),
                when(one["deadline"]),
                one["rule"],
                one["row"],
                f"{one['table']}.{one['field']}",
                one["column"],
                t.of(one["message_vi"], one["message_en"]),
                one["fix"],
            ],
        )
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _row(sheet: Any, values: Sequence[Any], *, bold: bool = False) -> None:
    row = []
    for value in values:
        text = cells.ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST] if isinstance(value, str) else value
        cell = cells.WriteOnlyCell(sheet, value=text)
        if isinstance(text, str):
            cell.data_type = "s"
        if bold:
            cell.font = styles.Font(bold=True)
        row.append(cell)
    sheet.append(row)
