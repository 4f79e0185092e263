"""Rows of words, characters, tokens and labels come from the other run by their names; all else of a part as it is."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqnlp.codecs import Characters, Labels, Vocabulary
from seqnlp.codecs.running_text import CharacterText, SubwordText, WordText
from seqnlp.decoders.biaffine import BiaffineParser
from seqnlp.run import Run
from seqnlp.tasks.loading import recipe_of, restore
from seqnlp.tasks.starting import _merged
from tests.unit.tasks.starting.conftest import (
    CLASSIFY,
    LM,
    PAIRS,
    ROOT,
    TAG,
    Beginning,
    Trained,
    begin,
    changed,
    trained,
)

OTHER_TAGS = changed(TAG, data={"train": f"{ROOT}/corpora/pos/train.conllu[:80]"})


def weights_of(run: Path) -> dict[str, Tensor]:
    return Run(run).load_model()


def codecs_of(run: Path) -> Any:
    return restore(Run(run), recipe_of(Run(run))).codecs()


def check_rows(ours: Tensor, theirs: Tensor, new: Sequence[Hashable], old: Sequence[Hashable]) -> int:
    """Compare rows of the same name; returns how many are of no other's name."""
    fresh = 0
    for number, name in enumerate(new):
        if name in old:
            assert torch.equal(ours[number], theirs[list(old).index(name)]), name
        else:
            fresh += 1
            assert not any(torch.equal(ours[number], row) for row in theirs)
    return fresh


def test_tag_to_tag(runs: Trained, tmp_path: Path) -> None:
    old = runs("tag")
    found = begin({**OTHER_TAGS, "start": str(old)}, tmp_path / "run")
    ours, theirs, before = found.weights, weights_of(old), codecs_of(old)
    words, chars, labels = "embedding.words", "embedding.chars", "labels.upos"
    fresh = check_rows(
        ours["embedding.parts.0.table.weight"],
        theirs["embedding.parts.0.table.weight"],
        found.codec(words).row_names,
        before[words].row_names,
    )
    assert fresh > 20
    assert found.codec(words).words[: len(before[words].words)] == before[words].words
    check_rows(
        ours["embedding.parts.1.table.weight"],
        theirs["embedding.parts.1.table.weight"],
        found.codec(chars).row_names,
        before[chars].row_names,
    )
    assert torch.equal(ours["embedding.parts.1.filters"], theirs["embedding.parts.1.filters"])
    for name in (name for name in ours if name.startswith("encoder.")):
        assert torch.equal(ours[name], theirs[name])
    check_rows(
        ours["heads.0.output.weight"], theirs["heads.0.output.weight"], found.codec(labels).names, labels_of(old)
    )
    known = len(found.codec(words).words) - fresh
    assert found.told.parts["embedding.words"].startswith(f"taken: {known:,} of {known + fresh:,} names")
    assert found.told.parts["encoder"] == "taken"
    assert list(found.told.parts) == ["embedding.words", "embedding.chars", "encoder", "decoder.upos"]


def labels_of(run: Path) -> list[str]:
    names: list[str] = codecs_of(run)["labels.upos"].names
    return names


def test_transitions_of_a_crf_by_label(runs: Trained, tmp_path: Path) -> None:
    old = runs("tag")
    tags = "".join(f"{n}\tw{n}\t_\t{tag}\t_\t_\t0\t_\t_\t_\n" for n, tag in enumerate(["NEW", "VERB", "NOUN"], 1))
    (tmp_path / "few.conllu").write_text(f"{tags}\n" * 3)
    few = changed(TAG, data={"train": str(tmp_path / "few.conllu"), "dev": str(tmp_path / "few.conllu")})
    found = begin({**few, "start": str(old)}, tmp_path / "run")
    names, before = found.codec("labels.upos").names, labels_of(old)
    assert names == [*before, "NEW"]
    ours, theirs = found.weights["heads.0.transition_scores"], weights_of(old)["heads.0.transition_scores"]
    end, new, last = len(before), len(before), len(names)
    assert torch.equal(ours[:end, :end], theirs[:end, :end])
    assert torch.equal(ours[last, :end], theirs[end, :end])  # beginnings
    assert torch.equal(ours[:end, last], theirs[:end, end])  # ends
    assert not ours[new].any()
    assert not ours[:, new].any()
    assert found.told.parts["decoder.upos"] == f"taken: {len(before)} of {len(names)} names, the others are fresh"


def test_labels_without_one_in_common_are_those_of_train_alone(runs: Trained, tmp_path: Path) -> None:
    row = "1\thouse\t_\tX1\t_\t_\t0\t_\t_\t_\n2\tsits\t_\tX2\t_\t_\t0\t_\t_\t_\n\n"
    (tmp_path / "few.conllu").write_text(row * 3)
    few = changed(TAG, data={"train": str(tmp_path / "few.conllu"), "dev": str(tmp_path / "few.conllu")})
    found = begin({**few, "start": str(runs("tag"))}, tmp_path / "run")
    assert found.codec("labels.upos").names == ["X1", "X2"]
    assert found.told.parts["decoder.upos"] == "fresh: none of its names is known there"


def test_a_column_of_another_name(runs: Trained, tmp_path: Path) -> None:
    rows = "house NOUN\nsits VERB\n\n" * 3
    (tmp_path / "few.conll").write_text(rows)
    file = str(tmp_path / "few.conll")
    reader = {"kind": "columns", "names": ["word", "pos"]}
    data = {"reader": reader, "train": file, "dev": file, "tokens": "word", "labels": ["pos"]}
    found = begin({**TAG, "data": data, "start": str(runs("tag"))}, tmp_path / "run")
    assert found.told.parts["decoder.pos"] == "taken"


def test_language_model_to_classifier(runs: Trained, tmp_path: Path) -> None:
    old = runs("lm")
    found = begin({**CLASSIFY, "start": str(old)}, tmp_path / "run")
    assert found.codec("text").to_json() == codecs_of(old)["text"].to_json()
    ours, theirs = found.weights, weights_of(old)
    assert torch.equal(ours["embedding.parts.0.table.weight"], theirs["embedding.table.weight"])
    for name in (name for name in ours if name.startswith("encoder.")):
        assert torch.equal(ours[name], theirs[name])
    taken = {"embedding.tokens": "taken", "encoder": "taken", "decoder.label": f"fresh: {old} has none"}
    assert found.told.parts == taken


def test_the_embedding_of_a_language_model_computes_the_same_in_a_classifier(runs: Trained, tmp_path: Path) -> None:
    """Steps of a text are encoded alike, whether a language model or a classifier that starts from it reads them."""
    from seqnlp.embeddings.tokens import TokenBatch
    from seqnlp.tasks.loading import encode, rebuild

    _, lm = rebuild(Run(runs("lm")), recipe_of(Run(runs("lm"))))
    found = begin({**CLASSIFY, "start": str(runs("lm"))}, tmp_path / "run")
    model = found.task.build().eval()
    model.load_state_dict(found.weights)
    recipe = recipe_of(Run(found.path))
    table = recipe.split(recipe.data.splits["dev"], lambda name: Path(name))
    examples = encode(found.task, recipe, "dev", table)
    batch = examples.batch(torch.tensor([3]).numpy())
    text = found.codec("text").encode(table["text"][3])
    with torch.inference_mode():
        steps = model.encode(batch.inputs).outputs
        expected = lm.encode(TokenBatch(torch.from_numpy(text)[None])).outputs
    torch.testing.assert_close(steps, expected)


@pytest.mark.parametrize("tokenizer", ["characters", "words"])
def test_language_model_to_another_domain(tokenizer: str, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("Ωmega zebra quartz naïve jinx. " * 60)
    first = changed(LM, data={"tokenizer": tokenizer})
    new = changed(first, data={"train": str(tmp_path / "new.txt"), "dev": str(tmp_path / "new.txt")})
    old = trained(first, tmp_path / "old")
    found = begin({**new, "start": str(old)}, tmp_path / "run")
    before, after = codecs_of(old)["text"], found.codec("text")
    assert after.pieces[: len(before)] == before.pieces
    assert after.unknown_in("Ωmega quartz") == []
    fresh = check_rows(
        found.weights["embedding.table.weight"],
        weights_of(old)["embedding.table.weight"],
        after.row_names,
        before.row_names,
    )
    assert fresh == len(after) - len(before) > 0
    assert f"of {len(after) - 1:,} names" in found.told.parts["decoder.next_token"]
    assert torch.equal(found.weights["heads.0.output.weight"], found.weights["embedding.table.weight"])  # still tied


def test_classifier_to_classifier(runs: Trained, tmp_path: Path) -> None:
    old = runs("classify")
    (tmp_path / "new.tsv").write_text("label\ttext\n" + "negative\tdull\nneutral\tso so\npositive\tfine\n" * 3)
    data = {"train": str(tmp_path / "new.tsv"), "dev": str(tmp_path / "new.tsv")}
    decoder = {"kind": "concat", "class_weights": "balanced"}
    new = changed(CLASSIFY, data=data)
    found = begin({**new, "decoder": decoder, "start": str(old)}, tmp_path / "run")
    assert found.codec("labels").names == ["negative", "positive", "neutral"]
    ours, theirs = found.weights["heads.0.output.weight"], weights_of(old)["heads.0.output.weight"]
    assert torch.equal(ours[:2], theirs)
    assert found.told.parts["decoder.label"] == "taken: 2 of 3 names, the others are fresh"


def test_translator_to_translator(runs: Trained, tmp_path: Path) -> None:
    old = runs("translate")
    new = changed(PAIRS, data={"train": f"{ROOT}/corpora/en_fr/train.tsv[80:180]"})
    found = begin({**new, "start": str(old)}, tmp_path / "run")
    before = codecs_of(old)
    for side, name in (("source", "embedding.table.weight"), ("target", "heads.0.embedding.weight")):
        fresh = check_rows(
            found.weights[name], weights_of(old)[name], found.codec(side).row_names, before[side].row_names
        )
        assert fresh > 5


@pytest.mark.parametrize("part", ["embedding", "embedding.words", "encoder", "decoder"])
def test_fresh_parts(part: str, runs: Trained, tmp_path: Path) -> None:
    found = begin({**OTHER_TAGS, "start": {"run": str(runs("tag")), "fresh": [part]}}, tmp_path / "run")
    for name, account in found.told.parts.items():
        assert account.startswith("fresh, as start.fresh says") == (name == part or name.startswith(f"{part}."))


def test_another_kind_of_part_is_fresh(runs: Trained, tmp_path: Path) -> None:
    other = {**OTHER_TAGS, "decoder": "linear", "start": str(runs("tag"))}
    found = begin(other, tmp_path / "run")
    assert found.told.parts["decoder.upos"] == "fresh: linear here, crf there"
    assert found.told.parts["encoder"] == "taken"


@pytest.mark.parametrize("kind", ["lstm", "min_gru", "none"])
def test_a_decoder_above_another_kind_of_encoder_is_fresh(kind: str, runs: Trained, tmp_path: Path) -> None:
    """Its states mean something else, also where they have the same width."""
    encoder = {"encoder": {"kind": kind, "size": 6}} if kind != "none" else {"encoder": "none"}
    found = begin({**OTHER_TAGS, **encoder, "start": str(runs("tag"))}, tmp_path / "run")
    assert found.told.parts["encoder"] == f"fresh: {kind} here, gru there"
    assert found.told.parts["decoder.upos"] == f"fresh: it reads states of the encoder, {kind} here, gru there"
    assert found.told.parts["embedding.words"].startswith("taken")
    ours, theirs = found.weights["heads.0.output.weight"], weights_of(runs("tag"))["heads.0.output.weight"]
    assert not torch.isin(theirs, ours).any()


def test_a_fresh_encoder_that_was_asked_for_leaves_the_decoder_alone(runs: Trained, tmp_path: Path) -> None:
    other = {**OTHER_TAGS, "encoder": {"kind": "lstm", "size": 6}}
    found = begin({**other, "start": {"run": str(runs("tag")), "fresh": ["encoder"]}}, tmp_path / "run")
    assert found.told.parts["decoder.upos"].startswith("taken")


def test_settings_of_the_training_alone_may_differ(runs: Trained, tmp_path: Path) -> None:
    words = {"size": 5, "lowercase": True, "min_count": 2, "word_dropout": 0.9}
    other = changed(OTHER_TAGS, embedding={"words": words, "dropout": 0.1}, encoder={"weight_drop": 0.2})
    found = begin({**other, "start": str(runs("tag"))}, tmp_path / "run")
    assert found.told.parts["encoder"] == "taken"


def account(found: Beginning) -> dict[str, str]:
    return Run(found.path).meta()["start"]["parts"]  # type: ignore[no-any-return]


def test_the_run_tells_what_it_started_from(runs: Trained, tmp_path: Path) -> None:
    old = runs("tag")
    found = begin({**OTHER_TAGS, "start": str(old)}, tmp_path / "run")
    meta = Run(found.path).meta()
    assert account(found) == found.told.parts
    assert meta["start"]["sha256"] == found.told.sha256 == Run(old).fingerprint()
    assert meta["knowledge"]["start"] == {"name": str(old), "sha256": found.told.sha256, "license": ""}
    events = [event["event"] for event in Run(found.path).events()]
    assert events == ["started", "initialized"]


names = st.lists(st.text("abcd", min_size=1, max_size=3), unique=True, max_size=12)


@given(names, names)
def test_merging_rows(new: list[str], old: list[str]) -> None:
    ours, theirs = torch.randn(len(new) + 1, len(new) + 1), torch.randn(len(old) + 1, len(old) + 1)
    shared = [name for name in new if name in old]
    rows = [new.index(name) for name in shared], [old.index(name) for name in shared]
    found = _merged(ours, theirs, (0, 1), rows, len(new))
    boundary = "boundary"
    for i, one in enumerate([*new, boundary]):
        for j, two in enumerate([*new, boundary]):
            known = all(name in (*old, boundary) for name in (one, two))
            places = [[*old, boundary].index(name) for name in (one, two)] if known else []
            assert found[i, j] == (theirs[places[0], places[1]] if known else ours[i, j])
    along = _merged(ours[:, :1], theirs[:, :1], (0,), rows, len(new) + 1)
    for i, name in enumerate(new):
        assert along[i, 0] == (theirs[old.index(name), 0] if name in old else ours[i, 0])


@given(names, names)
def test_vocabularies_grow_at_their_end(new: list[str], old: list[str]) -> None:
    fitted, before = Vocabulary(new, range(len(new))), Vocabulary(old, range(10, 10 + len(old)))
    found = fitted.extending(before)
    assert found.words[: len(old)] == old
    assert set(found.words) == {*old, *new}
    for word in found.words:
        counts = [each.counts[each.encode([word])[0]] for each in (fitted, before) if word in each]
        assert found.counts[found.encode([word])[0]] == sum(counts)
    assert fitted.extending(Vocabulary(old, [1] * len(old), lowercase=True)) is fitted
    labels = Labels(new).extending(Labels(old))
    assert labels.names == (list(dict.fromkeys([*old, *new])) if {*old} & {*new} else new)


def test_codecs_that_grow_and_those_that_stay() -> None:
    assert Characters("abc").extending(Characters("xb")).characters == ["x", "b", "a", "c"]
    assert CharacterText("abc").extending(CharacterText("xb")).characters == ["x", "b", "a", "c"]
    one, two = WordText.fit(["a b c"]), WordText.fit(["a d"])
    assert two.extending(one).vocabulary.words == [*one.vocabulary.words, " d"]
    pieces, others = SubwordText.fit(["abc abd " * 9], 300), SubwordText.fit(["xyz " * 9], 300)
    assert others.subwords.extending(pieces.subwords).to_json() == pieces.subwords.to_json()
    assert others.extending(pieces) is others  # `Tokenizer.fit_from` takes such a codec whole


@pytest.mark.parametrize("named", [True, False])
def test_relations_of_a_parser(named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows go by their names; a module that does not name them is taken whole or not at all."""

    def corpus(relation: str) -> str:
        file = tmp_path / f"{relation}.conllu"
        file.write_text(f"1\tit\t_\tP\t_\t_\t2\t{relation}\t_\t_\n2\trains\t_\tV\t_\t_\t0\troot\t_\t_\n\n" * 3)
        return str(file)

    data = {"reader": {"kind": "conllu"}, "labels": ["deprel"], "label_codecs": {"deprel": "dependencies"}}
    recipe = {**TAG, "decoder": "linear", "parser": {"arc_size": 4, "relation_size": 3}}
    first = {**recipe, "data": {**data, "train": corpus("nsubj"), "dev": corpus("nsubj")}}
    second = {**recipe, "data": {**data, "train": corpus("expl"), "dev": corpus("expl")}}
    old = trained(first, tmp_path / "old")
    if not named:
        monkeypatch.setattr(BiaffineParser, "named_axes", {})
    found = begin({**second, "start": str(old)}, tmp_path / "run")
    told = found.told.parts["decoder.deprel"]
    assert told == ("taken: 1 of 2 names, the others are fresh" if named else "fresh: its names are others there")
    ours, theirs = found.weights["heads.0.relation_weight"], weights_of(old)["heads.0.relation_weight"]
    assert torch.equal(ours[1], theirs[1]) == named  # expl, root here; nsubj, root there
    assert not torch.equal(ours[0], theirs[0])
    assert begin({**first, "start": str(old)}, tmp_path / "same").told.parts["decoder.deprel"] == "taken"
