"""Bytes of tokens as the text that they spell."""

import random

import pytest

from seqnlp.tasks.lm.text_stream import Pieces, TextStream

PIECES = Pieces([b"a", b" the", "é".encode(), b"\xc3", b"\xa9", b"\xe2\x82", b"\xac", b"\xff", b"x\xc3", b"\xa9y"])


@pytest.mark.parametrize("seed", range(20))
def test_tokens_are_decoded_as_their_bytes_are_together(seed: int) -> None:
    drawn = random.Random(seed).choices(range(len(PIECES.spelled)), k=200)
    stream = TextStream(PIECES)
    text = "".join(map(stream.decode, drawn)) + "".join(token.text for token in stream.end())
    assert text == b"".join(PIECES.spelled[token] for token in drawn).decode("utf-8", "replace")
