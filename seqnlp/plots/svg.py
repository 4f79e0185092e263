"""SVG documents and text elements, written without any drawing library."""

from html import escape  # of xml.sax.saxutils it comes with http and ssl

DOCUMENT = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="12">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="white"/>
{body}
</svg>
"""
TEXT = '<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{text}</text>'


def svg_document(title: str, width: int, height: int, body: str) -> str:
    """SVG document on white; sizes are in pixels, and programs show its title as a tooltip."""
    return DOCUMENT.format(title=escaped(title), width=width, height=height, body=body)


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    """Text element of one line.

    Args:
        x: Pixels from the left, of the anchor.
        y: Pixels from the top, of the baseline.
        words: The text.
        anchor: `start`, `middle` or `end`.
        more: Further attributes, with a blank before each.
    """
    return TEXT.format(x=x, y=y, anchor=anchor, more=more, text=escaped(words))


def vertical_text(x: float, y: float, words: str) -> str:
    """Text element turned by 90 degrees, read upwards: for instance over a column."""
    return text(x, y, words, "start", f' transform="rotate(-90 {x} {y})"')


def escaped(words: str) -> str:
    """Escape text for XML; control characters, which it cannot hold, become replacement characters."""
    return escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words))
