"""The pages as a folder of HTML: no scripts, nothing from elsewhere, readable from a disk."""

from __future__ import annotations

from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from seqnlp.errors import DataError
from seqnlp.pages import FOLDER, INDEX, Page, listed, slug
from seqnlp.version import VERSION

STYLE = """
:root { color-scheme: light dark; --line: #8884; --shade: #8881; }
body { margin: 0 auto; max-width: 78rem; padding: 0 1.5rem 4rem; font: 1rem/1.55 system-ui, sans-serif; }
header { padding: 1rem 0; border-bottom: 1px solid var(--line); }
nav a { margin-right: .9rem; white-space: nowrap; }
main { max-width: 48rem; }
h1, h2, h3 { line-height: 1.25; margin-top: 2em; } h1 { margin-top: 1em; }
h3 { font-size: 1rem; font-family: ui-monospace, monospace; }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--shade); border-radius: .4rem; line-height: 1.4; }
code { font-family: ui-monospace, monospace; font-size: .92em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
"""


def write_site(folder: Path) -> Path:
    """Write every page as HTML, and `index.html`; other files of the folder stay as they are.

    Returns:
        The first page.

    Raises:
        seqnlp.errors.DataError: the folder can't be written.
    """
    markdown = MarkdownIt("commonmark").enable("table")
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("link_open", _link)
    sources = [FOLDER / f"{INDEX}.md", *(page.path for page in listed())]
    try:
        for source in sources:
            target = folder / source.relative_to(FOLDER).parent / _html_name(source.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_page(markdown, source), encoding="utf-8")
    except OSError as error:
        raise DataError(f"can't write the site: {error.strerror or error}", error.filename or folder) from None
    return folder / _html_name(f"{INDEX}.md")


def _html_name(name: str) -> str:
    return name.replace(".md", ".html").replace(f"{INDEX}.html", "index.html")


def _page(markdown: MarkdownIt, source: Path) -> str:
    text = source.read_text(encoding="utf-8")
    title = text.split("\n", 1)[0].lstrip("# ")
    root = "../" if source.parent != FOLDER else ""
    links = "".join(f'<a href="{root}{_address(page)}">{escape(page.name)}</a>\n' for page in _by_hand())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} - seqnlp</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<nav>\n"
        f'<a href="{root}index.html"><strong>seqnlp {VERSION}</strong></a>\n{links}</nav>\n</header>\n'
        f"<main>\n{markdown.render(text)}</main>\n</body>\n</html>\n"
    )


def _by_hand() -> list[Page]:
    return [page for page in listed() if not page.is_reference or page.name == "keys"]


def _address(page: Page) -> str:
    path = page.path.relative_to(FOLDER)
    return path.with_name(_html_name(path.name)).as_posix()


def _heading(self: object, tokens: list[Token], place: int, options: object, env: object) -> str:
    """Opening tag of a heading, with the anchor that code hosts give it."""
    inline = tokens[place + 1].children or []
    text = "".join(child.content for child in inline if child.type in ("text", "code_inline"))
    return f'<{tokens[place].tag} id="{slug(text)}">'


def _link(self: object, tokens: list[Token], place: int, options: object, env: object) -> str:
    """Opening tag of a link; one to a page leads to its HTML."""
    path, mark, anchor = str(tokens[place].attrs["href"]).partition("#")
    if path.endswith(".md") and "://" not in path:
        path = _html_name(path)
    return f'<a href="{escape(path + mark + anchor)}">'
