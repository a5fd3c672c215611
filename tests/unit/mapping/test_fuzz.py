"""Whatever stands in a mapping file, the answer is a mapping or one error with a place in the file."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import MappingError
from adapter.mapping.extending import Resolved
from adapter.mapping.loading import compile_mapping
from adapter.mapping.yamltree import parse_tree
from tests.support.mapping import HEAD

TEXT = (
    HEAD
    + """\
lookups: {sex: {1: '2'}}
with:
  last: {last: items, order_by: AT}
let:
  share: {expr: round(A * 100)}
tables:
  XML1:
    MA_LK: ID
    GIOI_TINH: {lookup: sex, from: SEX, default: '3'}
    T_THUOC: {sum: XML2.THANH_TIEN_BV}
  XML2:
    each: items
    when: KIND in (1, 3)
    group_by: [CODE]
    rows:
      MA_THUOC: [CODE, OTHER]
      THANH_TIEN_BV: {expr: "round(field('SO_LUONG') * 2, 2)"}
      SO_LUONG: {sum: group, value: QTY}
"""
)
WORDS = """{ } [ ] : null '' each when lookup XML1 items {const: - 1 true {} [] {from: A} join count
    &a *a !x field inner:
    let with # é"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\n  ", "\t", "inner: {each: items}", ": ", "- "])


@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 8), PIECES), min_size=1, max_size=4))
def test_a_spoiled_file_is_refused_with_a_place_or_still_a_mapping(changes: list[tuple[int, int, str]]) -> None:
    text = TEXT
    for at, cut, piece in changes:
        text = text[:at] + piece + text[at + cut :]
    try:
        compile_mapping(Resolved(parse_tree(text, "mapping.yaml")), Path("mapping.yaml"))
    except MappingError as error:
        place = error.where
        if place is None or place.line is None or not error.code.startswith("MAP-"):
            raise AssertionError(f"no place: {error!r}") from error
