import io
import xml.etree.ElementTree as ET
from dataclasses import replace

from rich.console import Console

from seqnlp.cli.errors import excerpt, show_matrix, show_report, worst_labels
from seqnlp.plots.svg_matrices import confusion_svg
from seqnlp.results import Confusion, ErrorReport, Mistake

MISTAKE = Mistake([f"w{number}" for number in range(30)], 15, 0.75)
REPORT = ErrorReport(
    labels=["a<b", "N", "V"],
    rows=["a<b", "N", "V", "(not in train)"],
    matrix=[[8, 2, 0], [0, 4, 1], [0, 0, 1234], [0, 1, 0]],
    items=1250,
    accuracy=0.9968,
    words={"known": {"count": 1000, "accuracy": 0.99}, "unknown": {"count": 250, "accuracy": 0.5}},
    confusions=[Confusion("a<b", "N", 2, [MISTAKE])],
    calibration_error=0.0123,
    reliability=[{"low": 0.9, "high": 1.0, "count": 1250, "confidence": 0.98, "accuracy": 0.9968}],
)
NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=120, force_terminal=colour, color_system="truecolor" if colour else None
    )
    show_report(console, "test  upos", REPORT)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_everything_is_told() -> None:
    text = drawn()
    for expected in (
        "test  upos  accuracy 0.9968 (1,246 of 1,250)",
        "known words  accuracy 0.9900 (990 of 1,000)",
        "unknown words  accuracy 0.5000 (125 of 250)",
        "a<b predicted as N, 2 times",
        "[w15]",
        "expected calibration error 0.0123",
        "0.9 to 1.0",
    ):
        assert expected in text
    (row,) = [line for line in text.splitlines() if line.startswith("V ")]
    assert row.split() == ["V", "·", "·", "1,234"]


def test_cells_are_shaded_by_their_share_of_the_row() -> None:
    text = drawn(colour=True)
    assert "48;2;115;115;255" in text  # 8 of 10 right
    assert "48;2;255;205;205" in text  # 2 of 10 wrong


def test_of_many_labels_the_worst_are_shown() -> None:
    names = [f"L{n}" for n in range(6)]
    matrix = [[5 if row == column else 0 for column in range(6)] for row in range(6)]
    matrix[4][1] = 3
    many = replace(REPORT, labels=names, rows=names, matrix=matrix)
    assert worst_labels(many, 2) == ([1, 4], [1, 4])
    assert worst_labels(REPORT, 2)[0][-1] == 3
    console = Console(file=io.StringIO(), width=120)
    names = [f"L{n}" for n in range(30)]
    show_matrix(console, replace(many, labels=names, rows=names, matrix=[[1] * 30 for _ in names]))
    assert "the 20 of 30 labels with the most errors" in console.file.getvalue()  # type: ignore[attr-defined]


def test_only_the_words_around_a_mistake_are_shown() -> None:
    assert excerpt(MISTAKE).plain.split() == [
        "...",
        *(f"w{n}" for n in range(7, 15)),
        "[w15]",
        *(f"w{n}" for n in range(16, 24)),
        "...",
        "0.75",
    ]
    assert excerpt(Mistake(["a", "b"], None, 0.5)).plain == "a b  0.50"


def test_the_picture_has_every_cell_and_is_valid() -> None:
    root = ET.fromstring(confusion_svg("runs/x & y", {"upos": REPORT, "xpos": REPORT}))
    cells = root.findall(f"{NAMESPACE}g")
    assert len(cells) == 2 * 12
    numbers = [text.text for cell in cells for text in cell.findall(f"{NAMESPACE}text")]
    assert numbers == 2 * ["8", "2", "4", "1", "1234", "1"]
    texts = [text.text or "" for text in root.findall(f"{NAMESPACE}text")]
    assert any(text.startswith("runs/x & y: xpos") for text in texts)
    assert texts.count("a<b") == 4
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for rectangle in root.iter(f"{NAMESPACE}rect"):
        assert float(rectangle.get("x", 0)) + float(rectangle.get("width", 0)) <= width
        assert float(rectangle.get("y", 0)) + float(rectangle.get("height", 0)) <= height
