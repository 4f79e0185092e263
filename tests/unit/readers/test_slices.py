from pathlib import Path

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.readers import Parallel, Text
from seqnlp.readers.slices import rows_of, split_slice

TOTAL = 37
TABLE = datasets.Dataset.from_dict({"row": list(range(TOTAL))})
ROWS = st.none() | st.integers(-TOTAL, TOTAL).map(str)
PERCENT = st.none() | st.integers(-100, 100).map("{}%".format)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"line {number}\n" for number in range(10)))
    return path


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("a/train.txt[:95%]", ("a/train.txt", "[:95%]")),
        ("train.txt[-5:]", ("train.txt", "[-5:]")),
        ("train.txt[5:10%]", ("train.txt", "[5:10%]")),
        ("train[1].txt", ("train[1].txt", "")),
        ("train.txt[3]", ("train.txt[3]", "")),
        ("train.txt", ("train.txt", "")),
    ],
)
def test_a_slice_stands_at_the_end(source: str, parts: tuple[str, str]) -> None:
    assert split_slice(source) == parts


@given(st.tuples(ROWS, ROWS) | st.tuples(PERCENT, PERCENT))
def test_rows_are_those_that_datasets_takes(bounds: tuple[str | None, str | None]) -> None:
    start, stop = (bound or "" for bound in bounds)
    instruction = datasets.ReadInstruction.from_spec(f"train[{start}:{stop}]")
    (expected,) = instruction.to_absolute({"train": TOTAL})
    assert list(rows_of(f"[{start}:{stop}]", TOTAL)) == list(range(expected.from_, expected.to))


def test_a_file_and_its_slices(lines: Path) -> None:
    texts = [row["text"] for row in Text().load(lines)]
    for part, expected in (("[:80%]", texts[:8]), ("[80%:]", texts[8:]), ("[-3:]", texts[-3:]), ("[2:4]", texts[2:4])):
        place = Text().locate(f"lines.txt{part}", lines.parent.joinpath)
        assert [row["text"] for row in Text().load(place)] == expected
        assert Text().files(place) == [lines]


def test_a_slice_of_two_parallel_files(tmp_path: Path) -> None:
    for ending in ("en", "fr"):
        (tmp_path / f"train.{ending}").write_text("".join(f"{ending} {number}\n" for number in range(4)))
    reader = Parallel(suffixes=["en", "fr"])
    place = reader.locate("train[50%:]", tmp_path.joinpath)
    assert [row["target"] for row in reader.load(place)] == ["fr 2", "fr 3"]
    assert reader.files(place) == [tmp_path / "train.en", tmp_path / "train.fr"]


def test_an_empty_slice_is_refused(lines: Path) -> None:
    with pytest.raises(DataError) as caught:
        Text().load(f"{lines}[10:]")
    assert str(caught.value) == f"{lines}: no sequences in the slice [10:] of 10"
