"""The console's texts: both languages say everything, and no page asks for a text that is not there."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from adapter.console.core.page import environment, menu
from adapter.console.core.words import Words, texts
from adapter.store.states import State, Verdict
from adapter.store.views.worklist import PURPOSES

_HERE = Path(str(files("adapter.console")))
_ASKED = re.compile(r"\bt\(\s*'([a-z_.0-9]+)'\s*[,)]|\bt\(\s*\"([a-z_.0-9]+)\"\s*[,)]")
_PLACES = re.compile(r"\{(\w+)\}")


def _sources() -> list[Path]:
    return sorted([*_HERE.rglob("*.html"), *_HERE.rglob("*.py")])


def test_both_languages_have_the_same_keys_and_the_same_places() -> None:
    vi, en = texts("vi"), texts("en")
    assert vi.keys() == en.keys()
    assert [key for key in vi if set(_PLACES.findall(vi[key])) != set(_PLACES.findall(en[key]))] == []
    assert [key for key, text in {**vi, **en}.items() if not text.strip()] == []


@pytest.mark.parametrize("source", _sources(), ids=lambda path: path.name)
def test_every_text_a_page_asks_for_is_there(source: Path) -> None:
    asked = {one or other for one, other in _ASKED.findall(source.read_text("utf-8"))}
    assert asked - texts("vi").keys() == set()


def test_every_state_verdict_purpose_and_menu_entry_has_its_words() -> None:
    names = {f"state.{one.value}" for kind in (State, Verdict) for one in kind}
    names |= {f"state_help.{one.value}" for kind in (State, Verdict) for one in kind}
    names |= {f"next.{one.value}" for one in State if one is not State.SUPERSEDED} | {"next.held", "next.faulty"}
    names |= {f"purpose.{one}" for one in PURPOSES} | {f"menu.{one.name}" for one in menu()}
    assert names - texts("vi").keys() == set()


def test_every_template_compiles() -> None:
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)


def test_a_missing_text_is_an_error_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        Words("vi")("there.is.none")


def test_one_of_two_texts_is_chosen_and_the_other_stands_in() -> None:
    assert Words("en").of("một", "one") == "one"
    assert Words("en").of("một", "") == "một"
    assert Words("vi").of("", "one") == "one"


def test_the_log_has_words_for_what_the_program_writes_down_and_for_each_group() -> None:
    from adapter.console.pages.audit import KINDS

    source = "".join(path.read_text("utf-8") for path in sorted(_HERE.parent.rglob("*.py")))
    written = set(re.findall(r'\bEntry\(\s*"([a-z]+\.[a-z_]+)"', source))
    assert len(written) > 12
    assert {f"audit.did.{one}" for one in written} - texts("vi").keys() == set()
    assert {f"audit.kind.{one[:-1]}" for one in KINDS} - texts("vi").keys() == set()
