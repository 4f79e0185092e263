"""Pieces of sentences, and the words that they stand for."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from seqnlp.codecs import Column
from seqnlp.codecs.pieces import FIRST, IDS, LAST, PieceTokenizer
from seqnlp.errors import RunError

VOCAB = {name: number for number, name in enumerate(["[UNK]", "<s>", "</s>", "un", "##known", "a", "b", "new", "##s"])}


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(VOCAB, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = [("<s>", VOCAB["<s>"]), ("</s>", VOCAB["</s>"])]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> <s> $A </s>", special_tokens=special)
    tokenizer.enable_padding(length=50)
    tokenizer.enable_truncation(3)
    return tokenizer


def spans(tokenizer: PieceTokenizer, sentences: list[list[str]]) -> list[list[tuple[int, int]]]:
    found = tokenizer.encode(Column.from_rows(sentences))
    assert found[FIRST].offsets.tolist() == found[LAST].offsets.tolist()
    rows = range(len(sentences))
    return [list(zip(found[FIRST][row].tolist(), found[LAST][row].tolist(), strict=True)) for row in rows]


def test_pieces_are_numbered_without_special_ones_cuts_or_padding() -> None:
    tokenizer = PieceTokenizer(wordpiece())
    assert (tokenizer.prefix, tokenizer.suffix) == ([1, 1], [2])
    assert len(tokenizer) == len(VOCAB)
    found = tokenizer.encode(Column.from_rows([["A", "unknown", "b", "news", "b"], [], ["b"]]))
    assert [row.tolist() for row in found[IDS]] == [[6, 4, 5, 7, 8, 9, 7], [], [7]]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (["a", "unknown", "b"], [(1, 1), (2, 3), (4, 4)]),
        (["new b", "a"], [(1, 2), (3, 3)]),  # a word with a blank in it
        (["a", "\u200d", "b"], [(1, 1), (0, 0), (2, 2)]),  # of this the tokenizer leaves nothing
        (["\u200d"], [(0, 0)]),
        (["Ä", "你好"], [(1, 1), (2, 3)]),  # the normalizer takes marks off, and parts signs
        (["a\u0308b", "b"], [(1, 1), (2, 2)]),
        ([], []),
    ],
)
def test_a_word_has_the_pieces_that_overlap_it(sentence: list[str], expected: list[tuple[int, int]]) -> None:
    tokenizer = PieceTokenizer(wordpiece())
    assert spans(tokenizer, [["b"], sentence, ["b", "b"]]) == [[(1, 1)], expected, [(1, 1), (2, 2)]]


def test_words_share_a_piece_that_reaches_over_both() -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0, " ": 1, "b": 2, "a ": 3, "a b": 4}, [("a", " "), ("a ", "b")]))
    assert spans(PieceTokenizer(tokenizer), [["a", "b"], ["b", "a"]]) == [[(1, 1), (1, 1)], [(1, 1), (3, 3)]]


def test_pieces_of_bytes_belong_to_their_character() -> None:
    tokenizer = Tokenizer(models.BPE(dict(zip(pre_tokenizers.ByteLevel.alphabet(), range(256), strict=True)), []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert spans(PieceTokenizer(tokenizer), [["ab", "😀", "é"]]) == [[(1, 2), (4, 7), (9, 10)]]


def test_a_saved_tokenizer_gives_the_same() -> None:
    tokenizer = PieceTokenizer(wordpiece())
    again = PieceTokenizer.from_json(json.loads(json.dumps(tokenizer.to_json())), {})
    words = Column.from_rows([["unknown", "new", "x"]])
    assert (again.prefix, again.suffix) == (tokenizer.prefix, tokenizer.suffix)
    np.testing.assert_array_equal(again.encode(words)[IDS].values, tokenizer.encode(words)[IDS].values)
    with pytest.raises(RunError, match="damaged: tokenizer"):
        PieceTokenizer.from_json({"version": "1.0"}, {})
