"""States of language models at words, against plain `nn.LSTM` over one sentence at a time."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import seqnlp
from seqnlp.codecs import Column, EncodedText, TokenizedText
from seqnlp.embeddings import TextBatch
from seqnlp.errors import SeqnlpError
from seqnlp.json_types import JsonObject
from seqnlp.notes import notes_to, progress_to
from seqnlp.recipe.shipped import find_file
from seqnlp.run import Run
from seqnlp.tasks.kept_states import keep_states
from seqnlp.tasks.lm import word_states
from seqnlp.tasks.lm.embedding import Context, ContextCodec
from seqnlp.tasks.lm.word_states import EmbeddedLm, Spans, SpanStates

TEXT = "".join(f"{number} green bottle{'s' * (number != 1)} on the wall, über alle.\n" for number in range(40, 0, -1))
SENTENCES = [["3", "green", "bottles"], ["wall"], ["über", "ünknown☂", "on", "the", "1", "10", "wall"], ["e"]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of small language models with two layers, by name."""
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    recipe: dict[str, Any] = {
        "task": "lm",
        "data": {"train": str(folder / "text.txt"), "dev": str(folder / "text.txt")},
        "embedding": {"size": 5},
        "encoder": {"kind": "lstm", "size": 6, "layers": 2, "bidirectional": False},
        "training": {"epochs": 1, "bptt": 16, "batch_tokens": 256, "threads": 1, "precision": "fp32"},
    }
    settings: dict[str, dict[str, Any]] = {
        "forward": {},
        "backward": {"direction": "backward"},
        "subwords": {"tokenizer": {"kind": "subwords", "vocab_size": 300}},
        "subwords_backward": {"direction": "backward", "tokenizer": {"kind": "subwords", "vocab_size": 300}},
        "words": {"tokenizer": "words"},
    }
    for name, data in settings.items():
        list(seqnlp.train({**recipe, "data": {**recipe["data"], **data}}, out=folder / name))
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def words_of(sentences: list[list[str]]) -> TokenizedText:
    return TokenizedText(Column.from_rows(sentences))


def states_of(model: EmbeddedLm, sentences: list[list[str]]) -> list[NDArray[np.float32]]:
    return model.states([Spans.of_words(words) for words in sentences])


def plain(run: Path, words: list[str], layer: int) -> NDArray[np.float32]:
    """States of one sentence by `nn.LSTM`, token by token looked up in the text."""
    opened = Run.open(run)
    weights, codec = opened.load_model(), seqnlp.load(run).codec
    backward = "backward" in run.name
    text = " ".join(words)
    pieces = codec.split(text)
    numbers = codec.encode(text).tolist()
    ends = np.cumsum([len(piece) for piece in pieces])
    order = list(range(len(pieces)))[::-1] if backward else list(range(len(pieces)))
    steps = weights["embedding.table.weight"][[codec.start, *(numbers[place] for place in order)]]
    for number in range(layer):
        lstm = nn.LSTM(steps.shape[1], 6)
        prefix = f"encoder.layers.{number}.0."
        own = {name.rpartition(".")[2]: value for name, value in weights.items() if name.startswith(prefix)}
        lstm.load_state_dict(own)
        steps = lstm(steps)[0].detach()
    found, at = [], 0
    for word in words:
        start, end = at, at + len(word.encode())
        wanted = start if backward else end - 1  # the byte whose token stands for the word
        token = next(place for place, bound in enumerate(ends) if wanted < bound)
        found.append(steps[1 + order.index(token)].numpy())
        at = end + 1
    return np.stack(found)


@pytest.mark.parametrize("name", ["forward", "backward", "subwords", "subwords_backward"])
@pytest.mark.parametrize("layers", [None, [1], [2, 1]])
def test_states_are_those_of_the_sentence_alone(runs: Path, name: str, layers: list[int] | None) -> None:
    direction: Any = "backward" if "backward" in name else "forward"
    model = EmbeddedLm.open(str(runs / name), direction, layers, "embedding.context.x")
    for words, states in zip(SENTENCES, states_of(model, SENTENCES), strict=True):
        expected = np.concatenate([plain(runs / name, words, layer) for layer in layers or [2]], 1)
        np.testing.assert_allclose(states, expected, atol=1e-5)
        np.testing.assert_allclose(states_of(model, [words])[0], states, atol=1e-6)  # padding changes nothing


def test_the_state_sees_one_side_of_a_word(runs: Path) -> None:
    forward = EmbeddedLm.open(str(runs / "forward"), "forward", None, "x")
    backward = EmbeddedLm.open(str(runs / "backward"), "backward", None, "x")
    one, other = ["on", "the", "wall"], ["green", "the", "bottles"]
    for model, same, differing in (
        (forward, ["on", "the", "bottles"], other),
        (backward, ["green", "the", "wall"], other),
    ):
        place = 1
        whole, alike, changed = (states_of(model, [words])[0][place] for words in (one, same, differing))
        np.testing.assert_allclose(whole, alike, atol=1e-6)
        assert np.abs(whole - changed).max() > 1e-4


@pytest.mark.parametrize("name", ["forward", "backward"])
def test_a_long_sentence_is_read_in_windows(runs: Path, name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = EmbeddedLm.open(str(runs / name), name, [1, 2], "x")
    whole = states_of(model, SENTENCES)
    monkeypatch.setattr(word_states, "WINDOW", 7)
    for states, expected in zip(states_of(model, SENTENCES), whole, strict=True):
        np.testing.assert_allclose(states, expected, atol=1e-6)


def codec_of(runs: Path, **settings: Any) -> ContextCodec:
    spec = Context(forward=str(runs / "forward"), backward=str(runs / "backward"), **settings)
    return spec.fit(words_of(SENTENCES), Path)


def test_what_is_kept_is_what_is_computed(runs: Path) -> None:
    codec = codec_of(runs, layers=[1, 2])
    lazy = EncodedText.encode(words_of(SENTENCES), {"context": codec})
    notes: list[str] = []
    shares: list[float] = []
    with notes_to(notes.append), progress_to(lambda activity, share: shares.append(share)):
        kept = keep_states(lazy)
        keep_states(lazy)  # from the cache
    assert [line.partition(":")[0] for line in notes] == ["context.forward", "context.backward"]
    assert shares == [1.0, 1.0]
    rows = np.array([2, 0, 3])
    ours, theirs = (TextBatch.gather(text, rows).features["context"].sentences for text in (kept, lazy))
    for name in ("forward", "backward"):
        assert ours[name].shape == (3, 7, 12)
        torch.testing.assert_close(ours[name], theirs[name], rtol=2e-3, atol=1e-6)


def test_a_model_has_other_states_in_the_cache_than_another(runs: Path) -> None:
    keys = set()
    for layers in (None, [1], [1, 2]):
        text = codec_of(runs, layers=layers).features(words_of(SENTENCES))
        keys |= {rows.key for rows in text.sentences.values() if isinstance(rows, SpanStates)}
    for sentences in (SENTENCES[:2], [["3", "green"], ["bottles"]], [["3"], ["green", "bottles"]]):
        keys |= {
            rows.key
            for rows in codec_of(runs).features(words_of(sentences)).sentences.values()
            if isinstance(rows, SpanStates)
        }
    assert len(keys) == 2 * 6


@pytest.fixture
def restored(runs: Path) -> tuple[ContextCodec, ContextCodec]:
    codec = codec_of(runs, layers=[2, 1])
    weights = {name: torch.from_numpy(array) for name, array in codec.weights.items()}
    return codec, ContextCodec.from_json(JsonObject(codec.to_json(), weights=lambda: weights))


def test_a_restored_codec_gives_the_same_states(restored: tuple[ContextCodec, ContextCodec]) -> None:
    codec, again = restored
    assert again.to_json() == codec.to_json()
    assert {origin.name for origin in again.origins.values()} == {
        "forward (forward language model)",
        "backward (backward language model)",
    }
    for name, model in codec.models.items():
        assert model.saved.digest == again.models[name].saved.digest
        for ours, theirs in zip(states_of(model, SENTENCES), states_of(again.models[name], SENTENCES), strict=True):
            assert np.array_equal(ours, theirs)


def test_weights_that_do_not_fit_are_named(runs: Path) -> None:
    codec = codec_of(runs)
    weights = {name: torch.from_numpy(array) for name, array in codec.weights.items()}
    for name in ("backward.embedding.table.weight", next(name for name in weights if name.startswith("forward.enc"))):
        left = {each: value for each, value in weights.items() if each != name}
        model, _, tensor = name.partition(".")
        with pytest.raises(SeqnlpError, match=f"damaged: {model}: the tensor {tensor} is missing"):
            ContextCodec.from_json(JsonObject(codec.to_json(), weights=partial(dict, left)))
    data = codec.to_json()
    changed = {**data, "forward": {**data["forward"], "layers": [9]}}
    with pytest.raises(SeqnlpError, match="damaged: forward: there is no layer 9"):
        ContextCodec.from_json(JsonObject(changed, weights=partial(dict, weights)))
    other = {name: value + 1 for name, value in weights.items()}
    with pytest.raises(SeqnlpError, match="damaged: forward: the digest is that of another model"):
        ContextCodec.from_json(JsonObject(codec.to_json(), weights=partial(dict, other)))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"forward": "backward"}, "embedding.context.forward: expected .* reads forward, .*; this one reads backward"),
        ({"backward": "forward"}, "embedding.context.backward: expected .* reads backward, .*; this one reads forward"),
        ({"forward": "words"}, "expected .* over characters or subwords; this one is over words"),
        ({"forward": "nothing"}, "nothing: no such run.*; embedding.context.forward names the run of a language model"),
        ({"forward": "text.txt"}, "no such run"),
        ({"forward": ""}, r"not a run.* \(embedding.context.forward\)"),
        ({"forward": "forward", "layers": [3]}, "embedding.context.layers asks for layer 3, this language model has 2"),
    ],
)
def test_a_run_that_does_not_fit_is_told(runs: Path, settings: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {name: value if name == "layers" else str(runs / value) for name, value in settings.items()}
    with pytest.raises(SeqnlpError, match=problem) as caught:
        Context(**given).fit(words_of(SENTENCES), find_file)
    assert "\n" not in str(caught.value)


def test_python_of_another_run_is_refused(runs: Path) -> None:
    plugins = runs / "forward" / "plugins"
    plugins.mkdir()
    (plugins / "odd.py").write_text("raise SystemExit('this was run')", encoding="utf-8")
    try:
        with pytest.raises(SeqnlpError, match=r"without Python of its own, found odd\.py"):
            codec_of(runs)
    finally:
        (plugins / "odd.py").unlink()
        plugins.rmdir()


def test_a_damaged_run_is_named(runs: Path) -> None:
    file = runs / "forward" / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        with pytest.raises(SeqnlpError, match=r"model\.safetensors: damaged.* \(embedding\.context\.forward\)"):
            codec_of(runs)
    finally:
        file.write_bytes(whole)
