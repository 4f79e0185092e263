"""Text encodings: their names, and the likeliest one of some bytes."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from encodings.aliases import aliases

from seqnlp.spelling import did_you_mean

UTF8 = "utf-8"
MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Encodings by the byte order marks at the beginning of a file."""
PLAUSIBLE = 0.9
"""Least share of letters of one script in text that is taken for UTF-16."""
EAST = {*range(0x30, 0xA0), *range(0xAC, 0xD8), 0xFF}
"""Blocks of 256 characters of Chinese, Japanese and Korean."""
SAMPLE = 200_000
"""Bytes that an encoding is told by, at most."""
ASCII_LETTER = re.compile("[A-Za-z]")
CONTROLS = re.compile("[\x80-\x9f]")
"""Characters that latin-1 has where Windows has quotes and the euro sign."""
TYPOGRAPHY = "«»„“”‚‘’–—…€§°©®·•№×² ¿¡"
"""Signs that stand beside words."""
ALPHABETS: tuple[tuple[str, str], ...] = (
    ("cp1252", "äöüß"),
    ("cp1252", "éèàùâêîôûëïüÿçœæ"),
    ("cp1252", "áéíóúüñ"),
    ("cp1252", "áâãàçéêíóôõú"),
    ("cp1252", "àèéìòùî"),
    ("cp1252", "åäöæøé"),
    ("cp1252", "áéíóúýðþæö"),
    ("cp1252", "éëïóöüèêá"),
    ("cp1250", "ąćęłńóśźż"),
    ("cp1250", "áčďéěíňóřšťúůýž"),
    ("cp1250", "áäčďéíĺľňóôŕšťúýž"),
    ("cp1250", "áéíóöőúüű"),
    ("cp1250", "čćđšž"),
    ("cp1250", "ăâîşţ"),
    ("cp1254", "çğıöşüâîû"),
    ("cp1257", "āčēģīķļņšūž"),
    ("cp1257", "ąčęėįšųūž"),
    ("cp1257", "äõöüšž"),
    ("iso8859_2", "ąćęłńóśźż"),
    ("iso8859_2", "áčďéěíňóřšťúůýž"),
    ("cp1255", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    ("cp1251", "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў"),
    ("koi8_r", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("koi8_u", "абвгдежзийклмнопрстуфхцчшщьюяіїєґ"),
    ("cp866", "абвгдежзийклмнопрстуфхцчшщъыьэюяё"),
    ("iso8859_5", "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїє"),
    ("cp1253", "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"),
    ("cp1256", "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأؤإئ"),
    ("mac_roman", "äöüßéèàùâêîôûëïçáíóúñåæøœ"),
    ("cp850", "äöüßéèàùâêîôûëïçáíóúñåæø"),
    ("cp874", "".join(map(chr, range(0x0E01, 0x0E5C)))),
)
"""Letters beyond ASCII of some languages in lower case, by their encoding; the likeliest first."""
WIDE: tuple[tuple[str, str], ...] = (
    ("cp932", "[\u3040-\u30ff]"),
    ("euc_jp", "[\u3040-\u30ff]"),
    ("gb18030", "[的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去]"),
    ("big5", "[的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年得就那要下以生會自著去]"),
    ("cp949", "[다는이가에을를의고하은지도로서기사한리나]"),
)
"""Encodings of several bytes a character, with characters that are frequent in them."""


def check_encoding(name: str) -> str:
    """Check the name of a text encoding of Python.

    Raises:
        ValueError: naming the nearest one.
    """
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        known = {*aliases, *aliases.values()}
        close = did_you_mean(name.lower(), {each.replace("_", "-") for each in known if not each.isdecimal()})
        raise ValueError(
            f"{name!r} is no encoding that Python knows; {close or 'for instance utf-8, cp1252, utf-16'}"
        ) from None
    if not getattr(found, "_is_text_encoding", True) or found.incrementaldecoder is None or found.name == "undefined":
        raise ValueError(f"{name!r} is no encoding of text; for instance utf-8, cp1252, utf-16")
    return name


def is_utf8(encoding: str) -> bool:
    """True for the names of UTF-8."""
    return codecs.lookup(encoding).name in (UTF8, "utf-8-sig")


def wide_encoding(beginning: bytes) -> str | None:
    """UTF-16 or UTF-32, by marks or zeros; None for other bytes."""
    for mark, name in MARKS.items():
        if beginning.startswith(mark):
            return None if name == "utf-8-sig" else name
    places = [beginning[place::4].count(0) for place in range(4)]
    quarter = max(len(beginning) // 4, 1)
    zeros = [2 * place > quarter for place in places]
    patterns = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    if found := patterns.get((zeros[0], zeros[1], zeros[2], zeros[3])):
        return found
    if beginning.count(0) < 2 or len(beginning) % 2:
        return None
    for name in ("utf-32-le", "utf-32-be"):
        with suppress(UnicodeDecodeError):
            if _plausible(beginning.decode(name)) > PLAUSIBLE:  # most numbers of 32 bits are no characters
                return name
    orders = {name: _plausible(beginning.decode(name, "replace")) for name in ("utf-16-le", "utf-16-be")}
    best = max(orders, key=lambda name: orders[name])
    return best if orders[best] > PLAUSIBLE else None


def _plausible(text: str) -> float:
    """Share of blanks and letters of the commonest script."""
    blocks = Counter(ord(letter) >> 8 for letter in text if letter.isalpha() and letter > "\xff")
    common = {block for block, _ in blocks.most_common(1)} | (
        EAST if sum(block in EAST for block in blocks) > 1 else set()
    )
    fitting = sum(
        letter in "\r\n\t" or " " <= letter < "\x7f" or (ord(letter) >> 8 in common and letter.isprintable())
        for letter in text
    )
    return fitting / max(len(text), 1)


def likely_encoding(blocks: Iterable[bytes]) -> str:
    """Likeliest encoding of a file.

    UTF-8 where that fits; else an old one, by the letters of the languages that it was made for.

    Args:
        blocks: Its bytes, from the beginning.
    """
    decoder = codecs.getincrementaldecoder(UTF8)()
    sample, size, fits, first = [], 0, True, b""
    for block in blocks:
        if not first:
            first = block
            if wide := wide_encoding(block):
                return wide
        if fits:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                fits = False
        if size < SAMPLE:
            lines = [line for line in block.splitlines() if not line.isascii()]
            sample += lines
            size += sum(map(len, lines))
        elif not fits:
            break
    if fits:
        return UTF8
    high = b"\n".join(sample)[: 2 * SAMPLE]
    return _wide_characters(high) or _single_bytes(high)


def _wide_characters(sample: bytes) -> str | None:
    """Encoding of several bytes a character, if its frequent characters are there."""
    found: dict[str, float] = {}
    for encoding, frequent in WIDE:
        text = sample.decode(encoding, "replace")
        letters = [letter for letter in text if letter > "\x7f"]
        wrong = text.count("\ufffd")
        if letters and wrong <= 0.01 * len(letters):  # the sample may be cut in a character
            found[encoding] = len(re.findall(frequent, text)) / len(letters)
    best = max(found, key=lambda encoding: found[encoding], default="")
    return best if best and found[best] > 0.1 else None


def _single_bytes(sample: bytes) -> str:
    """Encoding of a byte a character whose letters fit best."""
    best, most = "cp1252", -1e9
    for encoding, alphabet in ALPHABETS:
        text = sample.decode(encoding, "replace")
        if text.count("\ufffd") and encoding != "cp1252":
            continue
        score = _fit(text, alphabet) * (0.9 if encoding == "cp874" else 1)  # all letters of it are Thai
        if score > most + 1e-9:
            best, most = encoding, score
    if best == "cp1252" and "\ufffd" in sample.decode("cp1252", "replace"):
        return "latin-1"
    return best


def _fit(text: str, alphabet: str) -> float:
    """Mean score of the characters beyond ASCII, by an alphabet."""
    total, count = 0.0, 0
    latin = any(letter < "\u0250" for letter in alphabet)
    for place, letter in enumerate(text):
        if letter < "\x80":
            continue
        count += 1
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if not latin and letter.isalpha() and ASCII_LETTER.search(before + after):
            total -= 1  # two scripts in a word
        elif letter.lower() in alphabet:
            wrong_case = letter.isupper() and before.islower()  # "mÄrz"
            total += -1 if wrong_case else 0.95 if letter.isupper() else 1
        elif letter in TYPOGRAPHY:
            inside = before.isalpha() and after.isalpha() and letter not in "’–—·"
            total += -1 if inside else 0.5
        else:
            total -= 0.5 if letter.isalpha() else 1
    return total / max(count, 1)
