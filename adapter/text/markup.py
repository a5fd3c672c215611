"""RTF and HTML reports to plain text.

HIS keep result texts as the editor left them: RTF from desktop editors, HTML from web ones. The
decree's fields are plain. Layout is not kept, words and line breaks are. HTML goes through
lxml's tolerant parser; RTF through a small reader of the control words that carry text, because
Vietnamese RTF mixes code pages and ``\\u`` escapes that simple strippers lose.
"""

from __future__ import annotations

import re

from lxml import etree, html

from adapter.text.clean import strip_illegal, tidy

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "div",
        "dd",
        "dl",
        "dt",
        "fieldset",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
_SILENT = frozenset({"script", "style", "head", "title", "meta", "link", "template", "noscript"})
_TAG = re.compile(
    r"<(?:!doctype|html|body|/?(?:p|br|div|span|b|i|u|strong|em|table|tr|td|ul|ol|li|font|h[1-6])\b)", re.I
)
_INLINE_SPACE = re.compile(r"[ \t\r\n\f\u00a0]+")


def plain(text: str) -> str:
    """Plain text from RTF, HTML or plain text, found out by its beginning and tags."""
    if text.lstrip().startswith("{\\rtf"):
        return rtf_to_plain(text)
    if _TAG.search(text):
        return html_to_plain(text)
    return tidy(text)


def html_to_plain(text: str) -> str:
    """The words of an HTML fragment or page, one line for each block; scripts and styles fall away."""
    legal, _ = strip_illegal(text)
    if not legal.strip():
        return ""
    parser = html.HTMLParser(no_network=True, huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(legal.encode("utf-8"), parser=parser)
    except etree.ParserError:
        return ""  # markup without any text, such as a lone comment
    parts: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        _html_event(str(event), element, parts)
    lines = "".join(parts).split("\n")
    return tidy("\n".join(line.strip() for line in lines))


def _html_event(event: str, element: etree._Element, parts: list[str]) -> None:
    tag = element.tag if isinstance(element.tag, str) else ""
    if any(a.tag in _SILENT for a in element.iterancestors()):
        return
    if event == "start":
        if tag in _BLOCKS:
            _newline(parts)
        if element.text and tag not in _SILENT:
            parts.append(_INLINE_SPACE.sub(" ", element.text))
        return
    if tag in _BLOCKS:
        _newline(parts)
    elif tag in ("td", "th"):
        parts.append(" ")
    if element.tail:
        parts.append(_INLINE_SPACE.sub(" ", element.tail))


def _newline(parts: list[str]) -> None:
    if parts and not parts[-1].endswith("\n"):
        parts.append("\n")


# ---- RTF ------------------------------------------------------------------------------------

_RTF = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z'])"
    r"|(?P<brace>[{}])|(?P<newline>[\r\n]+)|(?P<char>[^\\{}\r\n]+)",
    re.S,
)
_DESTINATIONS = frozenset(
    [
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "object",
        "header",
        "footer",
        "headerl",
        "headerr",
        "headerf",
        "footerl",
        "footerr",
        "footerf",
        "footnote",
        "themedata",
        "colorschememapping",
        "latentstyles",
        "datastore",
        "xmlnstbl",
        "listtable",
        "listoverridetable",
        "rsidtbl",
        "generator",
        "filetbl",
        "revtbl",
        "fldinst",
        "bkmkstart",
        "bkmkend",
        "nonshppict",
        "shppict",
    ]
)
_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "sect": "\n", "page": "\n", "tab": " ", "cell": " "}
_SIGNS = {
    "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "emspace": " ", "enspace": " ",
}  # fmt: skip
# \ansicpg numbers Python knows under another name or not at all
_CODE_PAGE_OF_CHARSET = {163: "cp1258", 0: "cp1252", 1: "cp1252", 238: "cp1250", 204: "cp1251", 128: "cp932"}
_FONT = re.compile(r"\\f(\d+)[^{};]*?\\fcharset(\d+)")


def rtf_to_plain(text: str) -> str:
    """The words of an RTF document; ``\\u`` escapes, ``\\'hh`` bytes by code page and font charset, line breaks."""
    return tidy(strip_illegal(_RtfReader(text).read())[0])


class _RtfReader:
    """One pass over the tokens with a stack of group states."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.out: list[str] = []
        self.pending = bytearray()  # \'hh bytes waiting: some letters take two
        self.code_page = "cp1252"
        self.fonts = {int(n): _CODE_PAGE_OF_CHARSET.get(int(c), "") for n, c in _FONT.findall(text)}
        self.font_page = ""
        self.skip_after_u = 1
        self.to_skip = 0
        self.silent = False
        self.high = 0  # first half of a surrogate pair
        self.stack: list[tuple[bool, int, str]] = []

    def read(self) -> str:
        group_start = False
        for token in _RTF.finditer(self.text):
            if token["hex"] is None:
                self._flush()
            if token["brace"]:
                group_start = self._brace(token["brace"])
                continue
            if token["word"]:
                self._word(token["word"], int(token["number"]) if token["number"] else None, group_start=group_start)
            elif token["hex"] is not None:
                if not self._skipped():
                    self.pending.append(int(token["hex"], 16))
            elif token["sign"]:
                self._sign(token["sign"])
                if token["sign"] == "*":
                    continue  # the control word that follows names the destination
            elif token["char"]:
                self._emit(token["char"])
            group_start = False
        self._flush()
        return "".join(self.out)

    def _brace(self, brace: str) -> bool:
        self.to_skip = 0
        if brace == "{":
            self.stack.append((self.silent, self.skip_after_u, self.font_page))
            return True
        if self.stack:
            self.silent, self.skip_after_u, self.font_page = self.stack.pop()
        return False

    def _word(self, word: str, number: int | None, *, group_start: bool) -> None:
        if word == "u" and number is not None:
            self._unicode(number & 0xFFFF)
            self.to_skip = self.skip_after_u
        elif word == "uc" and number is not None:
            self.skip_after_u = max(0, number)
        elif word == "ansicpg" and number is not None:
            self.code_page = f"cp{number}"
        elif word == "f" and number is not None:
            self.font_page = self.fonts.get(number, "")
        elif word in _DESTINATIONS and (group_start or word in ("pict", "object")):
            self.silent = True
        elif word in _BREAKS:
            self._emit(_BREAKS[word])
        elif word in _SIGNS:
            self._emit(_SIGNS[word])
        elif word == "bin" and number:
            self.silent = True  # raw picture bytes follow; nothing readable is left in this group

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self.silent = True
        elif sign in "\\{}":
            self._emit(sign)
        elif sign == "~":
            self._emit(" ")
        elif sign == "_":
            self._emit("-")
        elif sign in "\r\n":
            self._emit("\n")

    def _unicode(self, unit: int) -> None:
        if 0xD800 <= unit < 0xDC00:
            self.high = unit
            return
        if 0xDC00 <= unit < 0xE000 and self.high:
            unit = 0x10000 + ((self.high - 0xD800) << 10) + (unit - 0xDC00)
        self.high = 0
        if not self.silent:
            self.out.append(chr(unit))

    def _skipped(self) -> bool:
        if self.to_skip:
            self.to_skip -= 1
            return True
        return False

    def _emit(self, text: str) -> None:
        if self.to_skip:
            taken = min(self.to_skip, len(text))
            self.to_skip -= taken
            text = text[taken:]
        if text and not self.silent:
            self.out.append(text)

    def _flush(self) -> None:
        if not self.pending:
            return
        data, self.pending = bytes(self.pending), bytearray()
        if self.silent:
            return
        page = self.font_page or self.code_page
        try:
            self.out.append(data.decode(page, "replace"))
        except LookupError:
            self.out.append(data.decode("cp1252", "replace"))
