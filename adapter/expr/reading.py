"""Reading an expression's text: Python's own parser, size limits, and positions in the file."""

from __future__ import annotations

import ast
import warnings

from adapter.errors import ExpressionError, Where

MAX_SOURCE = 4_000
MAX_NODES = 400
MAX_DEPTH = 40


class Reading:
    """The text of one expression and where it stands."""

    def __init__(self, source: str, where: Where) -> None:
        self.source, self.where = source, where
        self.flat = source.replace("\r", " ").replace("\n", " ").replace("\t", " ")
        self.lead = len(self.flat) - len(self.flat.lstrip())

    def parse(self) -> ast.Expression:
        if len(self.source) > MAX_SOURCE:
            raise self.error(
                None, f"biểu thức dài quá {MAX_SOURCE} ký tự", f"the expression exceeds {MAX_SOURCE} characters"
            )
        if not self.flat.strip():
            raise self.error(None, "biểu thức trống", "the expression is empty")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.flat.strip(), mode="eval")
        except SyntaxError as error:
            offset = min(max((error.offset or 1) - 1, 0), len(self.flat.strip()))
            raise self.error(offset, f"cú pháp sai: {error.msg}", f"syntax error: {error.msg}") from None
        except (ValueError, MemoryError, RecursionError):
            raise self.error(
                None, "biểu thức không đọc được hoặc lồng quá sâu", "the expression is unreadable or too deep"
            ) from None

    def measure(self, tree: ast.Expression) -> None:
        count, level = 0, [tree.body]
        depth = 0
        while level:
            depth += 1
            deeper: list[ast.expr] = []
            for node in level:
                count += 1
                deeper.extend(c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr))
            if depth > MAX_DEPTH or count > MAX_NODES:
                raise self.error(
                    None,
                    f"biểu thức quá phức tạp (tối đa {MAX_NODES} phần tử, {MAX_DEPTH} tầng)",
                    f"the expression is too complex (at most {MAX_NODES} nodes, {MAX_DEPTH} levels)",
                )
            level = deeper

    def place(self, offset: int | None) -> Where:
        """The position in the file of a character offset into the stripped source."""
        if offset is None or self.where.line is None:
            return self.where
        at = self.lead + offset
        line = self.source.count("\n", 0, at)
        start = self.source.rfind("\n", 0, at) + 1
        column = (self.where.column or 1) + at if line == 0 else at - start + 1
        return Where(
            self.where.file, self.where.line + line, column, self.where.table, self.where.row, self.where.field
        )

    def offset(self, node: ast.expr) -> int:
        return len(self.flat.strip().encode("utf-8")[: node.col_offset].decode("utf-8", "ignore"))

    def error(
        self, place: ast.expr | int | None, vi: str, en: str, hint: tuple[str, str] = ("", "")
    ) -> ExpressionError:
        offset = self.offset(place) if isinstance(place, ast.expr) else place
        return ExpressionError(
            f"Biểu thức sai: {vi}",
            f"Bad expression: {en}",
            hint_vi=hint[0],
            hint_en=hint[1],
            where=self.place(offset),
        )
