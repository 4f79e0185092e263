"""What all SVG pictures have in common: the frame, and text."""

from xml.sax.saxutils import escape

PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="12">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="white"/>
{body}
</svg>
"""
TEXT = '<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{text}</text>'


def picture(title: str, width: int, height: int, body: str) -> str:
    """A white sheet with a title, which programs show when asked what the picture is of; sizes in pixels."""
    return PICTURE.format(title=escaped(title), width=width, height=height, body=body)


def text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    """A line of text.

    Args:
        x: Pixels from the left, of the place that `anchor` names.
        y: Pixels from the top, of the line that the letters stand on.
        words: What it says.
        anchor: `start`, `middle` or `end`.
        more: Further attributes, with a blank before each.
    """
    return TEXT.format(x=x, y=y, anchor=anchor, more=more, text=escaped(words))


def upwards(x: float, y: float, words: str) -> str:
    """A line of text that is read from below, over a column."""
    return text(x, y, words, "start", f' transform="rotate(-90 {x} {y})"')


def escaped(words: str) -> str:
    """Text as XML holds it; control characters, which it cannot hold, become a sign for what is not known."""
    return escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words))
