"""Recognition of the files that commands are given."""

from pathlib import Path

import pytest

from seqnlp.cli.inputs import RunData, is_headless

NAMED = {"kind": "csv", "names": ["label", "text"], "delimiter": "\t"}


@pytest.mark.parametrize(
    ("name", "text", "reader", "found"),
    [
        ("my.txt", "good\tIt is fine.\n", NAMED, True),
        ("my.dat", "good\tIt is fine.\n", NAMED, True),
        ("my.txt", "It is fine.\n", NAMED, False),
        ("my.txt", "good\tIt is fine.\tCC-BY\n", NAMED, False),
        ("my.jsonl", "good\tIt is fine.\n", NAMED, False),
        ("my.txt", "good,It is fine.\n", {**NAMED, "delimiter": ","}, False),
        ("my.txt", "good\tIt is fine.\n", {"kind": "csv", "delimiter": "\t"}, False),
        ("my.txt", "good\tIt is fine.\n", {"kind": "parallel", "names": ["label", "text"]}, False),
    ],
)
def test_a_file_without_names_has_the_columns_of_the_corpus(
    tmp_path: Path, name: str, text: str, reader: dict[str, object], found: bool
) -> None:
    (tmp_path / name).write_text(text)
    assert is_headless(tmp_path / name, RunData(reader, "text")) is found
