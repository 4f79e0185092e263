"""No file whatever gets a traceback out of a reader."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.readers import Columns, Conllu, Csv, Jsonl, Parallel, Reader, Text

READERS: list[Reader] = [
    Conllu(),
    Columns(names=["word", "tag"]),
    Csv(),
    Csv(names=["text", "label"], delimiter="\t"),
    Jsonl(),
    Text(),
    Text(sample_by="paragraph"),
    Text(sample_by="document"),
    Parallel(),
]
KINDS = [f"{type(reader).__name__}{number}" for number, reader in enumerate(READERS)]


@pytest.mark.parametrize("reader", READERS, ids=KINDS)
@pytest.mark.parametrize(
    "data",
    [b"", b"\xef\xbb\xbf", b"\n\n", b"\r\n", b"\0\1\2", b"\xff\n", gzip.compress(b"", mtime=0), b"\x1f\x8b"],
    ids=repr,
)
def test_files_without_text_are_named(tmp_path: Path, reader: Reader, data: bytes) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(data)
    if data.strip() == b"" and data and reader == Text(sample_by="document"):
        assert reader.load(path)["text"] == ["\n" * data.count(b"\n")]
        return
    with pytest.raises(DataError) as caught:
        reader.load(path)
    assert str(caught.value).startswith(f"{path}:")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reader", READERS, ids=KINDS)
def test_missing_files_and_folders_are_named(tmp_path: Path, reader: Reader) -> None:
    with pytest.raises(DataError, match="no such file"):
        reader.load(tmp_path / "nothing")
    with pytest.raises(DataError, match="this is a folder"):
        reader.load(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text('\t ,"#-.{}[]:1a\n\r', max_size=60).map(str.encode),
        st.text().map(repr).map(str.encode),
    )
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    for reader in READERS:
        try:
            assert len(reader.load(path)) > 0
        except DataError as error:
            assert error.path == path  # noqa: PT017
