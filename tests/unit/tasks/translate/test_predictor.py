from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqnlp.errors import UsageError
from seqnlp.model import SequenceModel
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.tasks.translate.task import TranslateTask

Make = Callable[..., tuple[TranslateTask, SequenceModel]]
FEW = settings(max_examples=settings().max_examples // 2)
SENTENCES = st.lists(st.lists(st.sampled_from("abcdx"), max_size=7).map(" ".join), max_size=5)


@FEW
@given(SENTENCES, st.integers(1, 4))
def test_a_sentence_is_translated_alone_as_among_others(translator: Translator, texts: list[str], beam: int) -> None:
    together = translator.translate(texts, beam=beam, best=beam, attention=True)
    streamed = list(translator.translate(iter(texts), beam=beam, best=beam, attention=True))
    alone = [translator.translate(text, beam=beam, best=beam, attention=True) for text in texts]
    for results in (streamed, alone):  # others in a batch round its products otherwise
        for result, other in zip(together, results, strict=True):
            assert result.text == other.text
            assert result.score == pytest.approx(other.score, abs=1e-4)
            assert [each.text for each in result.alternatives] == [each.text for each in other.alternatives]


@given(st.lists(st.sampled_from("abcdx"), min_size=1, max_size=7), st.integers(1, 6))
def test_the_best_come_first_and_no_two_are_the_same(translator: Translator, words: list[str], beam: int) -> None:
    first = translator.translate(" ".join(words), beam=beam, best=beam)
    found = [first, *first.alternatives]
    assert 1 <= len(found) <= beam
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({tuple(one.tokens) for one in found}) == len(found)
    assert all(one.logprob <= 0 for one in found)


def test_attention_has_a_row_a_token(translator: Translator) -> None:
    result = translator.translate("a b x", attention=True)
    assert result.source_tokens == ["a", "b", "x"]
    assert result.attention is not None
    assert result.alignment is not None
    assert len(result.attention) == len(result.tokens)
    assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in result.attention)
    assert sorted(target for _, target in result.alignment) == list(range(len(result.tokens)))
    plain = translator.translate("a b x")
    assert (plain.attention, plain.alignment) == (None, None)
    assert set(plain.to_json()) == {"text", "score", "logprob", "tokens", "source_tokens"}
    assert {"attention", "alignment"} <= set(result.to_json())


@pytest.mark.parametrize("text", ["", "  ", "\t\n"])
def test_empty_source_has_an_empty_translation(translator: Translator, text: str) -> None:
    result = translator.translate(text, best=2, attention=True)
    assert (result.text, result.tokens, result.alternatives, result.attention) == ("", [], [], [])


@pytest.mark.parametrize("prefix", ["D", "A C"])
def test_translations_begin_as_they_must(translator: Translator, prefix: str) -> None:
    for result in translator.translate(["a", "b c d"], prefix=prefix):
        assert result.text.startswith(prefix)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"prefix": "A nowhere"}, "has tokens that train did not have: nowhere"),
        ({"beam": 0}, "beam 0: it should be greater than or equal to 1"),
        ({"beam": 2, "best": 3}, "3 best: a beam of 2 finds between 1 and 2"),
        ({"best": 0}, "0 best"),
        ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size -1"),
        ({"length_penalty": "long"}, "length_penalty 'long': it should be 'gnmt', 'average' or 'none'"),
    ],
)
def test_settings_that_make_no_sense(translator: Translator, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        translator.translate("a", **settings)


def test_a_beam_may_be_wider_than_the_vocabulary(translator: Translator) -> None:
    result = translator.translate("a", beam=50, best=50)
    assert len(result.alternatives) > len(translator.target)


def test_no_repeat_forbids_repeated_ngrams(translator: Translator) -> None:
    for result in translator.translate(["a b c d", "d d d d a"], no_repeat_ngram_size=1, unknown="keep"):
        assert len(set(result.tokens)) == len(result.tokens)


def test_streams_are_read_as_they_come(translator: Translator) -> None:
    read = []

    def endless() -> Iterator[str]:
        for number in count():
            read.append(number)
            yield "a b"

    results = translator.translate(endless())
    first = next(results)
    assert len(read) == 1
    assert [result.text for result in islice(results, 9)] == [first.text] * 9
    assert len(read) < 100


def test_long_source_is_read_from_its_beginning(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.tasks.translate.predictor.LONGEST", 40)
    result = translator.translate("a " * 47, beam=1)
    assert result.unread == 7
    assert len(result.source_tokens) == 40
    assert result.to_json()["unread"] == 7


def test_unknown_words_are_copied_kept_or_avoided(make: Make) -> None:
    task, model = make()
    decoder: Any = model.decoders["target"]
    decoder.output.bias.data[3] = 20.0  # the unknown token, nearly always
    translator = task.predictor(model)
    copied = translator.translate("a zebra", beam=1, attention=True)
    assert copied.attention is not None
    seen = [["a", "zebra"][max(range(2), key=row.__getitem__)] for row in copied.attention]
    pairs = zip(copied.tokens, seen, strict=True)
    assert all(ours == theirs or ours in "ABCD" for ours, theirs in pairs)
    assert set(copied.tokens) & {"a", "zebra"}
    assert "<unk>" in translator.translate("a zebra", beam=1, unknown="keep").tokens
    avoided = translator.translate("a zebra", beam=1, unknown="avoid").tokens
    assert set(avoided) <= {"A", "B", "C", "D"}


def test_an_ensemble_of_a_model_with_itself_is_that_model(make: Make) -> None:
    task, model = make()
    alone = task.predictor(model)
    twice = alone.joined(alone)
    for text in ("a b", "d c b a"):
        one, two = alone.translate(text), twice.translate(text)
        assert one.text == two.text
        assert one.score == pytest.approx(two.score, abs=1e-4)


def test_models_of_an_ensemble_decide_together(make: Make) -> None:
    first, second = (task.predictor(model) for task, model in (make(0), make(1)))
    prefix = first.translate("a b c", beam=1, unknown="avoid").text
    texts = [
        one.translate("a b c", beam=1, prefix=prefix, unknown="avoid") for one in (first, second, first.joined(second))
    ]
    assert all(result.text.startswith(prefix) for result in texts)
    if len({result.text for result in texts}) == 1:
        one, two, both = (result.logprob for result in texts)
        assert both > (one + two) / 2, "the mean of probabilities is more than their geometric mean"


def test_an_ensemble_needs_the_same_tokens(make: Make) -> None:
    ours, theirs = (task.predictor(model) for task, model in (make(), make(data={"tokenizer": "characters"})))
    with pytest.raises(UsageError, match=r"its source tokens \(\d+\) are not those of the first"):
        ours.joined(theirs)
