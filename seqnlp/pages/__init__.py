"""Pages for people: Markdown files, and how a topic is found in them.

*.md          written by hand, a page a subject
keys/*.md     reference of all keys of recipes, written by `python -m seqnlp.pages` from the specs
keys.py       the specs as Markdown
site.py       all pages as a folder of HTML

A topic is the name of a page, such as `tag`, or the first word of a heading: `encoder.lstm`, `encoder.lstm.size`.
Nothing here imports torch or pydantic but `keys`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import final

from seqnlp.errors import UsageError
from seqnlp.spelling import did_you_mean

FOLDER = Path(__file__).parent
INDEX = "README"
"""Name of the page that lists the others, as code hosts know it."""
ANY_NAME = "NAME"
"""Segment of a dotted key that stands for a name of the user's choice: `embedding.columns.NAME.size`."""
SHOWN = 6
"""Sections of the same short name that are shown; of more only the names."""

_HEADING = re.compile(r"(#{1,6}) +(.+)")
_BY_NAME = re.compile(r"(?m)^- type: table by name: kind")
_KINDS = re.compile(r"(?m)^- kinds: \[(\w+)\]")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


@final
@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    name: str
    """Topic: its path below the folder, without `keys/` and the ending."""
    path: Path
    text: str

    @property
    def title(self) -> str:
        """First heading."""
        return self.text.split("\n", 1)[0].lstrip("# ")

    @property
    def is_reference(self) -> bool:
        """True for a page of the key reference."""
        return self.path.parent != FOLDER


@final
@dataclass(frozen=True)
class Section:
    """Heading of a page and its text; it ends at the next heading of this level."""

    topic: str
    """First word of the heading."""
    level: int
    text: str
    page: Page


@cache
def pages() -> tuple[Page, ...]:
    """All pages but the index: those written by hand, then the key reference."""
    files = [*sorted(FOLDER.glob("*.md")), *sorted((FOLDER / "keys").glob("*.md"))]
    index = FOLDER / f"{INDEX}.md"
    return tuple(Page(_name(path), path, path.read_text(encoding="utf-8")) for path in files if path != index)


def _name(path: Path) -> str:
    return path.parent.name if path.stem == INDEX else path.stem


@cache
def sections() -> tuple[Section, ...]:
    """Sections of all pages, in their order."""
    return tuple(section for page in pages() for section in _sections(page))


def _sections(page: Page) -> Iterator[Section]:
    lines = page.text.splitlines(keepends=True)
    heads, fenced = [], False
    for number, line in enumerate(lines):
        fenced ^= line.startswith("```")
        if not fenced and (found := _HEADING.match(line)):
            heads.append((number, len(found[1]), found[2].split()[0].strip("`:")))
    for place, (number, level, topic) in enumerate(heads):
        ends = (later for later, other, _ in heads[place + 1 :] if other <= level)
        yield Section(topic, level, "".join(lines[number : next(ends, len(lines))]), page)


def listed() -> tuple[Page, ...]:
    """All pages in the order of the index; the key reference comes last."""
    places = {_name(FOLDER / link[2]): place for place, link in enumerate(_LINK.finditer(_index()))}
    return tuple(sorted(pages(), key=lambda page: (page.is_reference, page.name != "keys", places.get(page.name, 0))))


def _index() -> str:
    return (FOLDER / f"{INDEX}.md").read_text(encoding="utf-8")


def topics() -> list[str]:
    """Names of all pages, sections and keys."""
    return list(dict.fromkeys([page.name for page in listed()] + [section.topic for section in _keys()]))


def find(topic: str) -> str:
    """Markdown of a topic: a page, a section of the key reference, or a key.

    Raises:
        seqnlp.errors.UsageError: there is none; names the nearest.
    """
    topic = topic.strip().lower().removesuffix(".md").strip(".")
    found = [page.text for page in pages() if page.name == topic] or _sections_of(topic)
    if not found and (same := [each for each in _keys() if _last(each.topic) == topic]):
        found = [each.text for each in same] if len(same) <= SHOWN else [_list(topic, same)]
    if not found:
        hint = did_you_mean(topic, topics(), "'") or "`seqnlp help` lists the topics"
        raise UsageError(f"no page about {topic!r}; {hint}")
    return "\n".join(dict.fromkeys(found))


def nearest_to_command(command: str) -> list[Page]:
    """Pages with the most uses of a command: two at most, none if it is nowhere used."""
    use = re.compile(rf"\bseqnlp {re.escape(command)}(?![\w-])")
    counts = {page: len(use.findall(page.text)) for page in listed() if not page.is_reference}
    return sorted((page for page in counts if counts[page]), key=lambda page: -counts[page])[:2]


def _keys() -> Iterator[Section]:
    return (
        section for section in sections() if section.level > 1 and (section.page.is_reference or "." in section.topic)
    )


def _last(topic: str) -> str:
    return topic.rpartition(".")[2]


def _list(topic: str, found: list[Section]) -> str:
    names = "".join(f"- `{name}`\n" for name in dict.fromkeys(section.topic for section in found))
    return f"# {topic}\n\nSeveral keys have this name; `seqnlp help` and one of these shows it.\n\n{names}"


def _sections_of(topic: str) -> list[str]:
    """Sections with this heading, or else those that its parts lead to."""
    parts = topic.split(".")
    found = [each.text for each in _keys() if _matches(each.topic.split("."), parts)]
    if found or len(parts) == 1:
        return found
    for length in range(len(parts) - 1, 0, -1):  # a key whose kinds are described elsewhere: decoder.cell.lstm
        for section in _keys():
            kinds = _KINDS.search(section.text)
            own = section.topic.split(".")
            if section.level == 3 and kinds and _matches(own, parts[:length]) and own != [kinds[1]]:
                return _sections_of(".".join([kinds[1], *parts[length:]]))
            if section.level == 3 and _BY_NAME.search(section.text) and _matches(own, parts[:length]):
                below = [*own, *parts[length + 1 :]]  # without the user's name of the entry
                if found := [each.text for each in _keys() if each.topic.split(".") == below and below != own]:
                    return found
    if parts[-1] == "kind" and len(parts) > 2:
        return _sections_of(".".join([*parts[:-2], "kind"]))
    # as recipes write it, without the kind: encoder.size
    return [each.text for each in _keys() if each.level == 3 and _without_kind(each.topic.split("."), parts)]


def _matches(heading: list[str], parts: list[str]) -> bool:
    return len(heading) == len(parts) and all(own in (part, ANY_NAME) for own, part in zip(heading, parts, strict=True))


def _without_kind(heading: list[str], parts: list[str]) -> bool:
    return any(_matches(heading[:place] + heading[place + 1 :], parts) for place in range(1, len(heading) - 1))


def in_terminal(text: str) -> str:
    """Markdown whose links to pages are commands: `[taggers](tag.md)` becomes "taggers (`seqnlp help tag`)"."""
    fenced, lines = False, []
    for line in text.splitlines(keepends=True):
        fenced ^= line.startswith("```")
        lines.append(line if fenced else _LINK.sub(_as_command, line))
    return "".join(lines)


def _as_command(link: re.Match[str]) -> str:
    label, target = link[1], link[2].partition("#")[0]
    if not target.endswith(".md") or "://" in target:
        return f"{label} ({target})" if target else label
    name = label.strip("`") if "." in label else _name(FOLDER / target)
    return f"{label} (`{f'seqnlp help {name}' if name != FOLDER.name else 'seqnlp help'}`)"


def slug(heading: str) -> str:
    """Anchor of a heading, as code hosts form it."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")
