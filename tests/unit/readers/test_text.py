import os
from pathlib import Path

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import Text

PLAY = "First:\nSpeak, speak.\n\n  \nAll:\nAy.\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "play.txt"
    path.write_bytes(PLAY.replace("\n", "\r\n").encode())
    return path


def test_lines_that_are_not_empty(path: Path) -> None:
    assert Text().load(path)["text"] == ["First:", "Speak, speak.", "All:", "Ay."]


def test_paragraphs_keep_their_line_breaks(path: Path) -> None:
    assert Text(sample_by="paragraph").load(path)["text"] == ["First:\nSpeak, speak.", "All:\nAy."]


def test_a_document_is_the_file_as_it_stands(path: Path) -> None:
    assert Text(sample_by="document").load(path)["text"] == [PLAY]


def test_a_document_has_a_largest_size(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.touch()
    os.truncate(path, 2**31)
    with pytest.raises(DataError, match="over 2 GB, too much for one text"):
        Text(sample_by="document").load(path)
