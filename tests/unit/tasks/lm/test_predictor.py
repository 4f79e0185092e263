from collections.abc import Callable
from itertools import islice, product
from typing import Any

import numpy as np
import pytest
import torch

from seqnlp.codecs.running_text import UNKNOWN
from seqnlp.embeddings import TokenBatch
from seqnlp.errors import UsageError
from seqnlp.results import Token
from seqnlp.tasks.lm.predictor import Generator

Make = Callable[..., Generator]
MODELS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "min_gru, three layers": {"encoder": {"kind": "min_gru", "layers": 3, "residual": True}},
    "mogrifier": {"encoder": {"kind": "mogrifier", "rank": 2}},
    "gru with layer norm": {"encoder": {"kind": "gru", "layer_norm": True}},
    "gru, tied, two layers": {"encoder": {"kind": "gru", "layers": 2}, "decoder": {"tied": True}},
    "words": {"data": {"tokenizer": "words"}},
    "subwords": {"data": {"tokenizer": "subwords"}, "encoder": {"kind": "rnn"}},
}


def text_of(tokens: Any) -> str:
    return "".join(token.text for token in tokens)


def logs_after(generator: Generator, numbers: list[int]) -> torch.Tensor:
    """The log-probabilities of what comes after a text, by the fused layers, without the unknown."""
    tokens = torch.tensor([numbers])
    with torch.no_grad():
        logits: torch.Tensor = (
            generator.model.decoders["next"].predict(generator.model.encode(TokenBatch(tokens)))[0, -1].clone()
        )
    logits[UNKNOWN] = -torch.inf
    return logits.log_softmax(0)


@pytest.mark.parametrize("sections", MODELS.values(), ids=MODELS)
def test_the_likeliest_token_and_its_odds_are_those_of_the_fused_layers(
    generator: Make, sections: dict[str, Any]
) -> None:
    made = generator(**sections)
    text = "3 green bottles"
    numbers = made.codec.encode(text).tolist()
    for token in made.generate(text, length=12, temperature=0, alternatives=2):
        logs = logs_after(made, numbers)
        best = logs.argsort(descending=True)[:3].tolist()
        expected = [
            (made.codec.pieces[number].decode("utf8", "replace"), pytest.approx(logs[number].item(), abs=1e-4))
            for number in best
        ]
        assert token.logprob is not None
        assert token.alternatives is not None
        if "subwords" not in str(sections):
            assert (token.text, token.logprob) == expected[0]
        assert token.alternatives == expected[1:]
        if not token.text or "\ufffd" in token.text:
            break
        numbers.append(made.codec.pieces.index(token.text.encode()))


@pytest.mark.parametrize("before", ["", "3 green bottles"])
def test_the_likeliest_next_tokens_are_those_of_the_fused_layers(generator: Make, before: str) -> None:
    made = generator()
    logs = logs_after(made, made.codec.encode(before or "\n").tolist())
    found = made.next_tokens(before, 4)
    best = logs.argsort(descending=True)[:4].tolist()
    assert [piece for piece, _ in found] == [made.codec.pieces[number].decode() for number in best]
    assert [logprob for _, logprob in found] == pytest.approx([logs[number].item() for number in best], abs=1e-4)
    with pytest.raises(UsageError, match="most 0: expected 1 or more"):
        made.next_tokens(before, 0)


def test_asking_for_odds_does_not_change_what_is_written(generator: Make) -> None:
    made = generator()
    asked = list(made.generate("9", length=40, samples=2, seed=1, alternatives=0))
    assert text_of(asked) == text_of(made.generate("9", length=40, samples=2, seed=1))
    numbers = made.codec.encode("9").tolist()
    for token in (token for token in asked if token.sample == 1):
        number = made.codec.pieces.index(token.text.encode())
        assert token.logprob == pytest.approx(logs_after(made, numbers)[number].item(), abs=1e-4)
        numbers.append(number)


@pytest.mark.parametrize("sections", MODELS.values(), ids=MODELS)
def test_the_same_seed_writes_the_same_text(generator: Make, sections: dict[str, Any]) -> None:
    made = generator(**sections)
    first, second, other = (list(made.generate("9 gr", length=30, seed=seed)) for seed in (5, 5, 6))
    assert first == second != other


def test_generate_writes_several_texts_at_once(generator: Make) -> None:
    made = generator()
    tokens = list(made.generate("9", length=20, samples=3, seed=1))
    texts = [text_of(token for token in tokens if token.sample == sample) for sample in range(3)]
    assert [len(text) for text in texts] == [20, 20, 20]
    assert len(set(texts)) == 3
    assert texts[0] == text_of(made.generate("9", length=20, seed=1))
    assert texts[:2] == [
        text_of(token for token in made.generate("9", length=20, samples=2, seed=1) if token.sample == sample)
        for sample in range(2)
    ]


def test_generate_can_be_left_at_any_token(generator: Make) -> None:
    assert len(list(islice(generator().generate("9", length=10**9), 5))) == 5


def test_odds_cost_nothing_where_nobody_asks(generator: Make) -> None:
    assert all((token.logprob, token.alternatives) == (None, None) for token in generator().generate("9", length=3))


def test_stop_strings_end_the_text_and_do_not_belong_to_it(generator: Make) -> None:
    made = generator()
    whole = text_of(made.generate("9", length=200, seed=1))
    for stop in (whole[50:53], whole[20], whole[:2]):
        assert text_of(made.generate("9", length=200, seed=1, stop=["☃☃", stop])) == whole[: whole.index(stop)]
    assert text_of(made.generate("9", length=200, seed=1, stop=[whole[195:] + "x"])) == whole


def test_an_empty_prompt_is_the_beginning_of_a_line(generator: Make) -> None:
    made = generator()
    assert text_of(made.generate("", length=20, seed=1)) == text_of(made.generate("\n", length=20, seed=1))


def test_unknown_characters_are_told_and_taken_for_unknown(generator: Make) -> None:
    made = generator()
    assert made.unknown_in("a ☃é☃") == ["☃", "é"]
    assert text_of(made.generate("☃", length=9, seed=1)) == text_of(made.generate("é", length=9, seed=1))
    assert "\ufffd" not in text_of(made.generate("☃", length=500, seed=1, temperature=5.0))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.5}, "temperature -0.5: expected 0"),
        ({"temperature": 0, "samples": 2}, "samples 2 makes no sense"),
        ({"temperature": 0, "min_p": 0.1}, "which min_p can't change"),
        ({"length": 0}, "length 0: expected 1 or more"),
        ({"samples": 0}, "samples 0"),
        ({"alternatives": -1}, "alternatives -1"),
        ({"seed": -1}, "seed -1"),
        ({"stop": [""]}, "empty string"),
    ],
)
def test_wrong_settings_are_refused_at_once(generator: Make, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        generator().generate("9", **settings)


def test_beam_search_finds_the_likeliest_text(generator: Make) -> None:
    made = generator(data={"tokenizer": {"kind": "words", "max_words": 4}})
    tokens = range(1, len(made.codec))
    best: tuple[float, list[int]] = (-np.inf, [])
    for path in product(tokens, repeat=3):
        numbers, total = made.codec.encode("\n").tolist(), 0.0
        for number in path:
            total += logs_after(made, numbers)[number].item()
            numbers.append(number)
        best = max(best, (total, list(path)))
    found = made.search("\n", beams=64, length=3)
    assert text_of(found) == made.codec.decode(best[1])
    assert sum(token.logprob or 0 for token in found) == pytest.approx(best[0], abs=1e-4)


def test_one_beam_is_greedy(generator: Make) -> None:
    made = generator()
    assert text_of(made.search("9 g", beams=1, length=30)) == text_of(made.generate("9 g", length=30, temperature=0))


@pytest.mark.parametrize("sections", MODELS.values(), ids=MODELS)
def test_the_surprise_of_a_text(generator: Make, sections: dict[str, Any]) -> None:
    made = generator(**sections)
    text = "9 green bottles on\n the wall"
    tokens = list(made.score(text))
    assert text_of(tokens) == text
    inputs = torch.from_numpy(made.codec.encode("\n" + text))[None]
    with torch.inference_mode():
        logs = made.model.decoders["next"].predict(made.model.encode(TokenBatch(inputs[:, :-1])))
    expected = logs[0].gather(1, inputs[0, 1:, None])[:, 0]
    assert [token.logprob for token in tokens] == pytest.approx(expected.tolist(), abs=1e-4)
    if not sections:
        parts = list(made.score(iter([text[:5], text[5:6], text[6:]])))
        assert [part.logprob for part in parts] == pytest.approx(expected.tolist(), abs=1e-4)


@pytest.mark.parametrize("sections", MODELS.values(), ids=MODELS)
def test_texts_are_scored_by_themselves(generator: Make, sections: dict[str, Any]) -> None:
    made = generator(**sections)
    texts = ["9 green bottles\n", "", "on\n", "the wall " * 200 + "\n", "?\n"]
    for text, found in zip(texts, made.score_texts(texts), strict=True):
        expected = [token.logprob for token in made.score(text)] if text else []
        assert found.tolist() == pytest.approx(expected, abs=1e-4)


def test_a_token_as_json() -> None:
    assert Token("a").to_json() == {"text": "a"}
    assert Token("a", 1, -0.5, [("b", -1.5)]).to_json() == {"text": "a", "logprob": -0.5, "alternatives": [["b", -1.5]]}
