"""Whatever stands in a message's head, it is answered, and what is told of it names nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.hl7v2.answers import answer
from connectors.hl7v2.frames import CR, FS, VT
from connectors.hl7v2.reading import erroneous, head_of, told_kind

_FIELD = st.one_of(
    st.sampled_from(["", "ADT^A01", "ADT^A01^ADT_A01", "2.5", "2.", "..", "9" * 30, "Phạm Thị Kín", "AL", "\u2460.5"]),
    st.text(st.characters(exclude_characters="\r\n|", exclude_categories=["Cs"]), max_size=12),
)


@given(fields=st.lists(_FIELD, min_size=1, max_size=20), encoding=st.sampled_from(["^~\\&", "^", "", "^~\\&#"]))
def test_any_head_is_answered(fields: list[str], encoding: str) -> None:
    head = head_of("|".join(["MSH", encoding, *fields]) + "\r")
    for refusal in (None, erroneous("101", "MSH-10 is empty", "MSH^1^10")):
        told = answer(head, "utf-8", refusal)
        assert told == b"" or (told.startswith(VT) and told.endswith(FS + CR))
    kind = told_kind(head)
    assert kind == "" or (kind.replace("^", "").isalnum() and kind.isascii() and len(kind) <= 7)
