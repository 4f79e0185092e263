import fnmatch
import re

import pytest

from seqnlp.readers import Reader
from seqnlp.readers.catalogue import CATALOGUE, PublicCorpus


@pytest.mark.parametrize("name", CATALOGUE)
def test_entries_hold_together(name: str) -> None:
    corpus: PublicCorpus = CATALOGUE[name]
    names = [file.name for file in corpus.files]
    assert len(set(names)) == len(names)
    for file in corpus.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 0
        assert re.fullmatch(r"https://[a-z.]+/[\w./-]+", file.url)
        assert file.url.endswith("/" + file.name)
    reader = Reader.parse(dict(corpus.reader))
    assert "train" in corpus.splits
    if corpus.archive is not None:
        assert re.fullmatch("[0-9a-f]{64}", corpus.archive.sha256)
        assert corpus.archive.url.startswith("https://")
        assert corpus.archive.files > 0
    if corpus.texts is not None:
        assert re.fullmatch("[0-9a-f]{64}", corpus.texts.archive.sha256)
        names = [table.name for table in corpus.texts.tables]
        assert [file.name for file in corpus.texts.ready] == names
    for place in corpus.splits.values() if corpus.archive is None else ():
        assert (
            fnmatch.filter(names, place) if "*" in place else {str(file) for file in reader.files(place)} <= set(names)
        )
    assert corpus.licence
    assert corpus.description


def test_the_size_is_that_of_all_files() -> None:
    assert CATALOGUE["tinyshakespeare"].size == 1_115_394
    assert CATALOGUE["ewt"].size == 14_203_025 + 1_805_545 + 1_804_515
