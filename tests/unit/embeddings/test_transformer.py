"""`[embedding.transformer]`: the oracle is `AutoModel` on the sentence alone."""

import json
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

import seqnlp
from seqnlp.codecs import Column, EncodedText, TokenizedText
from seqnlp.embeddings import TextBatch, TextEmbedding
from seqnlp.embeddings.transformer import STATES, Transformer, TransformerCodec
from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.json_types import JsonObject
from seqnlp.nn.device import to_numpy
from tests.unit.embeddings.tiny_transformer import make_transformer

transformers = pytest.importorskip("transformers", reason="the extra `transformers` is not installed")

SENTENCES = [["The", "unbelievable", "cats", "sat", "."], ["dog"], ["New York", "\u200d", "sings", "!"]]
TEXT = TokenizedText(Column.from_rows(SENTENCES))
LONG = [["cat", "unbelievable", "dog", "sat"] * 9]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_transformer(tmp_path_factory.mktemp("hub") / "tiny")


def find(source: str) -> Path:
    if not source.endswith("/") or not Path(source).is_dir():
        raise DataError("no such folder", source, tried=["here"])
    return Path(source)


def fitted(folder: Path, **settings: Any) -> TransformerCodec:
    return Transformer(model=str(folder), **settings).fit(TEXT, find)


def states_of(codec: TransformerCodec, sentences: list[list[str]], rows: list[int] | None = None) -> Any:
    text = TokenizedText(Column.from_rows(sentences))
    return codec.features(text).sentences[STATES].pad(np.array(rows or range(len(sentences))))[0]


def oracle(folder: Path, sentence: list[str]) -> tuple[Tensor, list[int | None]]:
    """Hidden states of the pieces of a sentence alone, shape (layers, pieces, width), and the word of each."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    given = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        found = model(**given, output_hidden_states=True).hidden_states
    return torch.stack(found)[:, 0], given.word_ids()


def test_states_beyond_half_precision_are_refused_in_predictions(folder: Path) -> None:
    codec = fitted(folder)
    for name, weights in codec.encoder.network.named_parameters():
        if name.endswith("LayerNorm.weight"):
            weights.fill_(1e6)
    text = EncodedText.encode(TEXT, {"transformer": codec})
    with pytest.raises(DataError, match=r"^embedding\.transformer: its states are not finite in half precision$"):
        TextBatch.gather(text, np.array([0]))


@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
def test_states_are_those_of_the_model_on_the_sentence_alone(folder: Path, pooling: str) -> None:
    codec = fitted(folder, pooling=pooling, layers=[0, 1, -1])
    for row, sentence in enumerate(SENTENCES):
        own = states_of(codec, SENTENCES, [row])[0]
        hidden, words = oracle(folder, sentence)
        for number in range(len(sentence)):
            pieces = hidden[:, [place for place, word in enumerate(words) if word == number]]
            chosen = {"first": pieces[:, :1], "last": pieces[:, -1:], "mean": pieces}[pooling]
            expected = chosen.mean(1) if pieces.shape[1] else torch.zeros(3, 16)
            np.testing.assert_allclose(own[number], to_numpy(expected), atol=2e-3)


def test_neighbours_and_padding_change_no_state(folder: Path) -> None:
    codec = fitted(folder)
    together = states_of(codec, [*SENTENCES, *LONG])
    for row, sentence in enumerate([*SENTENCES, *LONG]):
        np.testing.assert_allclose(states_of(codec, [sentence])[0], together[row, : len(sentence)], atol=1e-3)


def test_a_long_sentence_is_read_in_windows(folder: Path) -> None:
    """The middle of the first window is what the model sees of these pieces alone."""
    codec = fitted(folder, pooling="first", layers=[-1], max_length=10)
    own = states_of(codec, LONG)[0, :, 0]
    ids = codec.tokenizer.tokenizer.encode(" ".join(LONG[0]), add_special_tokens=False).ids
    first = codec.tokenizer.encode(Column.from_rows(LONG))["first"].values
    model = transformers.AutoModel.from_pretrained(folder).eval()
    window = [*codec.tokenizer.prefix, *ids[:8], *codec.tokenizer.suffix]
    hidden = model(torch.tensor([window])).last_hidden_state[0]
    taken = [number for number, piece in enumerate(first.tolist()) if piece <= 6]
    assert len(taken) > 1
    for number in taken:
        np.testing.assert_allclose(own[number], to_numpy(hidden[int(first[number])]), atol=2e-3)
    assert (np.abs(own).sum(1) > 0).all()


def test_the_window_is_what_network_and_tokenizer_allow(folder: Path) -> None:
    assert fitted(folder).settings["max_length"] == 32
    with pytest.raises(DataError, match=r"max_length is 33, but .*tiny reads 32"):
        fitted(folder, max_length=33)


@pytest.mark.parametrize(
    ("kind", "settings", "window"),
    [
        ("Roberta", {"pad_token_id": 0}, 31),  # its positions begin behind that of padding
        ("XLNet", {"max_position_embeddings": None, "d_head": 8}, 512),  # any number of positions
        ("ModernBert", {"pad_token_id": 0}, 32),  # rotary positions, no table
    ],
)
def test_transformers_of_other_kinds(tmp_path: Path, kind: str, settings: dict[str, Any], window: int) -> None:
    specials = dict.fromkeys(["bos_token_id", "cls_token_id"], 2) | dict.fromkeys(["eos_token_id", "sep_token_id"], 3)
    codec = fitted(make_transformer(tmp_path, kind=kind, **specials, **settings), pooling="last", layers=[-1])
    assert codec.settings["max_length"] == window
    sentences = [SENTENCES[0], LONG[0][:5]]
    hidden = [oracle(tmp_path, sentence) for sentence in sentences]
    for row, (states, words) in enumerate(hidden):
        last = [len(words) - 1 - words[::-1].index(number) for number in range(5)]
        np.testing.assert_allclose(states_of(codec, sentences)[row, :, 0], to_numpy(states[-1, last]), atol=2e-3)


@pytest.mark.parametrize(
    ("layers", "trainable", "chosen"),
    [(None, False, [0, 1, 2]), (None, True, [2]), ([-1, 0], False, [2, 0]), ([1], True, [1])],
)
def test_layers_are_counted_from_either_end(
    folder: Path, layers: list[int] | None, trainable: bool, chosen: list[int]
) -> None:
    codec = fitted(folder, layers=layers, trainable=trainable)
    assert codec.settings["layers"] == codec.encoder.layers == chosen


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ([3], "there is no layer 3; .*tiny has 0 to 2"),
        ([-4], "there is no layer -4"),
        ([2, -1], r"expected one or more different layers, found \[2, -1\]"),
        ([], "expected one or more different layers"),
    ],
)
def test_layers_that_are_not_there_are_named(folder: Path, layers: list[int], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        fitted(folder, layers=layers)


def restored(codec: TransformerCodec, section: Transformer) -> TransformerCodec:
    data = json.loads(json.dumps(codec.to_json()))
    weights = {name: torch.from_numpy(array) for name, array in codec.weights.items()}
    return section.restore(JsonObject(data, Path("codec.json"), weights=lambda: weights))


def test_a_restored_codec_needs_no_folder_and_gives_the_same(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    codec = fitted(copy, layers=[1, 2])
    shutil.rmtree(copy)
    again = restored(codec, Transformer(model=str(copy), layers=[1, 2]))
    assert states_of(again, SENTENCES).tolist() == states_of(codec, SENTENCES).tolist()
    assert again.to_json() == codec.to_json()
    keys = [each.features(TEXT).sentences[STATES].key for each in (codec, again)]  # type: ignore[union-attr]
    assert keys[0] == keys[1]


def test_the_key_of_states_tells_networks_texts_and_settings_apart(folder: Path, tmp_path: Path) -> None:
    other = make_transformer(tmp_path / "other", seed=2)
    codecs = [fitted(folder), fitted(other), fitted(folder, pooling="first"), fitted(folder, max_length=12)]
    keys = {codec.features(TEXT).sentences[STATES].key for codec in codecs}  # type: ignore[union-attr]
    reverse = TokenizedText(Column.from_rows(SENTENCES[::-1]))
    assert len(keys | {codecs[0].features(reverse).sentences[STATES].key}) == 5  # type: ignore[union-attr]


def test_the_key_of_states_is_that_of_the_weights_and_not_of_what_a_run_says(folder: Path, tmp_path: Path) -> None:
    codec, other = fitted(folder), fitted(make_transformer(tmp_path / "other", seed=2))
    data = {**other.to_json(), "origin": codec.origin.to_json()}
    weights = {name: torch.from_numpy(array) for name, array in other.weights.items()}
    lying = Transformer(model="tiny").restore(JsonObject(data, Path("codec.json"), weights=lambda: weights))
    keys = [each.features(TEXT).sentences[STATES].key for each in (codec, other, lying)]  # type: ignore[union-attr]
    assert keys[0] != keys[2] == keys[1]


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("name", ["attn_implementation", "_attn_implementation"])
def test_attention_by_code_of_the_hub_is_that_of_torch(
    folder: Path, tmp_path: Path, name: str, trainable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*given: Any, **named: Any) -> None:
        raise AssertionError("a kernel was asked for")

    monkeypatch.setattr("transformers.modeling_utils.is_kernel", lambda given: "/" in str(given))
    monkeypatch.setattr("transformers.modeling_utils.lazy_import_flash_attention", refuse)
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, name: "owner/kernel:fn"}))
    codec = fitted(copy, trainable=trainable)
    data = codec.to_json()
    hostile = {**data, "config": {**data["config"], name: "owner/kernel:fn"}}
    weights = {key: torch.from_numpy(array) for key, array in codec.weights.items()}
    section = Transformer(model="tiny", trainable=trainable)
    again = section.restore(JsonObject(hostile, Path("codec.json"), weights=lambda: weights))
    for each in (codec, again):
        network: Any = each.encoder.network
        assert network.config._attn_implementation in ("eager", "sdpa")


def test_provenance_is_name_digest_and_licence(folder: Path, tmp_path: Path) -> None:
    assert (fitted(folder).origin.name, fitted(folder).origin.license) == ("tiny", "")
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Tiny\nlicense: none\n")
    codec = fitted(copy)
    assert (codec.origin.license, codec.origin.sha256) == ("apache-2.0", fitted(folder).origin.sha256)
    assert "hub" not in json.dumps(codec.to_json())  # no path of this machine


def module_of(folder: Path, **settings: Any) -> tuple[Any, TextBatch]:
    section = TextEmbedding.parse({"transformer": {"model": str(folder), **settings}, "dropout": 0.0})
    codecs = section.fit(TEXT, find)
    return section.build(codecs), TextBatch.gather(EncodedText.encode(TEXT, codecs), np.array([0, 1, 2]))


def test_a_frozen_transformer_has_a_learned_mix_alone(folder: Path) -> None:
    module, batch = module_of(folder, size=5)
    assert module(batch).shape == (3, 5, 5)
    assert {name.split(".", 2)[2] for name, _ in module.named_parameters()} == {
        "weights",
        "scale",
        "projection.weight",
        "projection.bias",
    }
    module, batch = module_of(folder)
    states = batch.features["transformer"].sentences[STATES].float()
    assert torch.allclose(module(batch), states.mean(2), atol=1e-6)  # equal weights at first


def test_a_trained_transformer_is_the_frozen_one_at_first(folder: Path) -> None:
    frozen, given = module_of(folder, layers=[-1])
    trained, batch = module_of(folder, layers=[-1], trainable=True)
    assert torch.allclose(frozen(given), trained.eval()(batch), atol=2e-3)
    trained.train()(batch).square().sum().backward()
    grads = {name: parameter.grad for name, parameter in trained.named_parameters()}
    assert all(grad is not None for grad in grads.values()), grads.keys()


def test_models_do_not_share_the_trained_weights(folder: Path) -> None:
    section = Transformer(model=str(folder), trainable=True)
    codec = section.fit(TEXT, find)
    assert codec.weights == {}
    one, two = section.build(codec), section.build(codec)
    with torch.no_grad():
        next(one.parameters()).add_(1)
    assert not torch.equal(next(one.parameters()), next(two.parameters()))


def broken(folder: Path, target: Path, change: Callable[[Path], object]) -> Path:
    copy = shutil.copytree(folder, target)
    change(copy)
    return copy


def edited(file: str, **values: Any) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        content = json.loads((folder / file).read_text()) | values
        (folder / file).write_text(json.dumps(content))

    return edit


def as_pickle(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def without_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights.pop("encoder.layer.1.output.dense.weight")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def larger_tokenizer(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    vocab = content["model"]["vocab"]
    content["model"]["vocab"] = vocab | {f"more{number}": len(vocab) + number for number in range(5)}
    (folder / "tokenizer.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (as_pickle, r"no weights in safetensors; pytorch_model\.bin is a pickle, which could run code"),
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights in safetensors"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 40), "can't load the transformer"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json; expected the folder of a transformer"),
        (lambda folder: (folder / "config.json").write_text("{"), "can't load the transformer: .*config.json"),
        (edited("config.json", model_type="odd", auto_map={"AutoConfig": "a.B"}), r"code of its own \(remote code\)"),
        (edited("config.json", model_type="odd"), "can't load the transformer: .*odd"),
        (edited("config.json", hidden_size=32), r"LayerNorm.bias' has the shape \(16,\), expected \(32,\)"),
        (
            lambda folder: transformers.T5Config().save_pretrained(folder),
            "t5 is an encoder-decoder; expected an encoder",
        ),
        (without_weights, "config.json: 'encoder.layer.1.output.dense.weight' is missing"),
        (larger_tokenizer, "its tokenizer has 65 pieces, but the network embeds 60"),
    ],
)
def test_a_folder_that_does_not_do_is_told_in_a_line(
    folder: Path, tmp_path: Path, change: Callable[[Path], object], problem: str
) -> None:
    bad = broken(folder, tmp_path / "bad", change)
    with pytest.raises(DataError, match=problem) as caught:
        fitted(bad)
    assert "\n" not in str(caught.value)
    assert str(bad) in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_slow_tokenizer_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        is_fast = False

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: Slow())
    with pytest.raises(DataError, match=r"tiny: Slow is no fast tokenizer.*; expected one with a tokenizer\.json"):
        fitted(folder)


def test_a_name_that_is_neither_folder_nor_on_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def silent(*_: Any, **__: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", silent)
    with pytest.raises(DataError, match="some/name: can't load the transformer: there is no such folder, the Hub does"):
        Transformer(model="some/name").fit(TEXT, find)
    with pytest.raises(DataError, match="here/: no such folder"):
        Transformer(model="./here").fit(TEXT, find)


def test_a_folder_has_no_revision(folder: Path) -> None:
    with pytest.raises(DataError, match=r"a folder has no revision; leave embedding\.transformer\.revision out"):
        fitted(folder, revision="v1")


def test_the_hub_is_asked_once_for_a_commit_and_its_licence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Hub itself is not to be had in tests: its answers are stood in for, and its files by those of the folder."""
    import huggingface_hub

    asked: list[tuple[str, dict[str, Any]]] = []
    files = [type("File", (), {"rfilename": name})() for name in ("config.json", "model.safetensors")]
    answer = type("Info", (), {"sha": "0123456789abcdef", "card_data": {"license": "mit"}, "siblings": files})()
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: answer)
    for kind in ("AutoConfig", "AutoTokenizer", "AutoModel"):
        auto = getattr(transformers, kind)
        real = auto.from_pretrained

        def load(name: str | Path, *, _real: Any = real, **given: Any) -> Any:
            if name == folder:  # called from within
                return _real(name, **given)
            asked.append((str(name), given))
            return _real(folder, **{key: value for key, value in given.items() if key != "revision"})

        monkeypatch.setattr(auto, "from_pretrained", load)
    monkeypatch.setattr("transformers.utils.cached_file", lambda name, file, **_: str(folder / file))
    codec = Transformer(model="owner/name", revision="v1").fit(TEXT, find)
    assert (codec.origin.name, codec.origin.license) == ("owner/name@0123456789ab", "mit")
    assert {(name, said["revision"], said["trust_remote_code"]) for name, said in asked} == {
        ("owner/name", "0123456789abcdef", False)
    }
    assert asked[-1][1]["use_safetensors"] is True


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"pooling": "first"}, "pooling: expected 'mean', as in the recipe, found 'first'"),
        ({"layers": []}, "layers"),
        ({"config": {"model_type": "no such"}}, "damaged: config"),
        ({"config": {"model_type": "bert", "pad_token_id": 10**9}}, "damaged: config"),
        ({"config": {"model_type": "bert", "num_hidden_layers": -1}}, "damaged: config"),
        ({"config": {"model_type": "bert", "quantization_config": {"quant_method": "gptq"}}}, "damaged: config"),
        ({"tokenizer": {"version": "1.0"}}, "damaged: tokenizer"),
        ({"more": 1}, "more"),
    ],
)
def test_a_damaged_codec_is_named(folder: Path, change: dict[str, Any], problem: str) -> None:
    codec = fitted(folder)
    weights = {name: torch.from_numpy(array) for name, array in codec.weights.items()}
    data = JsonObject({**codec.to_json(), **change}, Path("codec.json"), weights=lambda: weights)
    with pytest.raises(RunError, match=f"codec.json: .*{problem}"):
        Transformer(model="tiny").restore(data)


@pytest.mark.parametrize("name", ["encoder.layer.0.output.dense.bias", "embeddings.word_embeddings.weight"])
def test_weights_that_do_not_fit_are_named(folder: Path, name: str) -> None:
    codec = fitted(folder)
    weights = {key: torch.from_numpy(array) for key, array in codec.weights.items()}
    without = {key: weight for key, weight in weights.items() if key != name}
    cut = {**weights, name: weights[name][1:].clone()}
    for given in (without, cut):
        with pytest.raises(RunError, match=name):
            Transformer(model="tiny").restore(
                JsonObject(codec.to_json(), Path("codec.json"), weights=partial(dict, given))
            )


def test_a_missing_package_is_told_with_its_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UsageError, match=r'needs the package transformers: pip install "seqnlp\[transformers\]"'):
        fitted(folder)


def test_a_path_is_looked_up_before_the_corpus_is_read() -> None:
    names = {"a/b": {}, "bert-base-cased": {}, "./a": {"model": "./a/"}, "a/b/c/": {"model": "a/b/c/"}}
    assert {name: Transformer(model=name).named_files() for name in names} == names


def test_settings() -> None:
    assert Transformer.model_validate("owner/name") == Transformer(model="owner/name")
    assert [key for key, _ in Transformer(model="a", lr=1e-3, warmup_ratio=0.2).unused()] == ["lr", "warmup_ratio"]
    assert not list(Transformer(model="a", lr=1e-3, trainable=True).unused())
    with pytest.raises(ValidationError):
        Transformer(model="")


def test_the_package_is_imported_where_it_is_used_alone() -> None:
    package = Path(seqnlp.__file__).parent
    for file in package.rglob("*.py"):
        top = [line for line in file.read_text("utf-8").splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in top if "transformers" in line], file
