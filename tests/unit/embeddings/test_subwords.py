import numpy as np
import pytest
import torch

from seqnlp.embeddings.subwords import PieceMean, SubwordPieces

COUNTS = {"the": 30, "cat": 10, "sat": 10, "mat": 5, "Größe": 1}


@pytest.fixture(scope="module")
def section() -> SubwordPieces:
    return SubwordPieces(size=4, vocab_size=300)


def test_a_word_is_the_mean_of_its_pieces(section: SubwordPieces) -> None:
    codec = section.fit_words(COUNTS, lambda name: pytest.fail(name))
    module = section.build(codec)
    assert isinstance(module, PieceMean)
    words = ["the", "cats", "Größe", "", "漢"]
    rows = codec.encode(words)
    assert len({len(row) for row in rows}) > 2
    padded, _ = rows.pad(np.arange(len(words)))
    vectors = module.embed_words(torch.from_numpy(padded))
    assert vectors.shape == (5, module.width)
    for row, vector in zip(rows, vectors, strict=True):
        pieces = module.table.weight[torch.from_numpy(row)]
        torch.testing.assert_close(vector, pieces.mean(0) if len(row) else torch.zeros(4))


def test_frequent_words_become_pieces(section: SubwordPieces) -> None:
    codec = section.fit_words(COUNTS, lambda name: pytest.fail(name))
    assert codec.encode(["the"]).lengths.tolist() == [1]
    restored = section.restore(codec.to_json())
    assert restored.encode(list(COUNTS)).values.tolist() == codec.encode(list(COUNTS)).values.tolist()
