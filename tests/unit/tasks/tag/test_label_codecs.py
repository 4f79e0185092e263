"""A kind of label that is defined as a plugin would: lemmas, by the suffix to cut off a word and the one to add."""

import json
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pytest
from datasets import Dataset
from numpy.typing import NDArray

import seqnlp
from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, LabelCodec, LabelEncoding, Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.errors import RecipeError
from seqnlp.recipe import parse_recipe
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.tag.task import TagTask


def script(word: str, lemma: str) -> tuple[str, str]:
    """The number of letters to cut off a word, and the letters to put there, to get its lemma."""
    kept = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(word, lemma, strict=False))))
    return str(len(word) - kept), lemma[kept:]


def each(labels: Column, words: Column) -> list[tuple[str, str]]:
    pairs = zip(words.codes.values.tolist(), labels.codes.values.tolist(), strict=True)
    return [script(words.distinct[word], labels.distinct[label]) for word, label in pairs]


class SuffixScripts(LabelCodec):
    def __init__(self, cut: Labels, add: Labels) -> None:
        self.parts = {"cut": cut, "add": add}

    @property
    def decoders(self) -> Mapping[str, Labels]:
        return self.parts

    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        chosen = zip(self.parts.items(), zip(*each(labels, words), strict=True), strict=True)
        return {name: Ragged(part.encode(values), labels.codes.offsets) for (name, part), values in chosen}

    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        cut, add = (part.decode(numbers[name]) for name, part in self.parts.items())
        flat = [words.distinct[code] for code in words.codes.values]
        lemmas = [word[: max(len(word) - int(n), 0)] + end for word, n, end in zip(flat, cut, add, strict=True)]
        return Column(words.codes, []) if not flat else _column(lemmas, words)

    def to_json(self) -> dict[str, Any]:
        return {name: part.names for name, part in self.parts.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(Labels(data["cut"]), Labels(data["add"]))


def _column(lemmas: list[str], words: Column) -> Column:
    return Column(Ragged(Column.from_rows([lemmas]).codes.values, words.codes.offsets), list(dict.fromkeys(lemmas)))


class SuffixEncoding(LabelEncoding):
    kind: Literal["suffix"] = "suffix"

    def fit(self, labels: Column, words: Column) -> SuffixScripts:
        cut, add = zip(*each(labels, words), strict=True)
        return SuffixScripts(Labels.fit(cut), Labels.fit(add))

    def restore(self, data: dict[str, Any]) -> SuffixScripts:
        return SuffixScripts.from_json(data)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    LabelEncoding.members["suffix"] = SuffixEncoding
    yield
    del LabelEncoding.members["suffix"]


del LabelEncoding.members["suffix"]

NOUNS = ["cat", "dog", "pony", "city", "tree", "lady"]
TRAIN = {
    "form": [["two", plural] for noun in NOUNS for plural in [noun[:-1] + "ies" if noun[-1] == "y" else f"{noun}s"]],
    "lemma": [["two", noun] for noun in NOUNS],
    "upos": [["NUM", "NOUN"] for _ in NOUNS],
}
DEV = {
    "form": [["two", "zebras"], ["two", "bodies"]],
    "lemma": [["two", "zebra"], ["two", "body"]],
    "upos": [["NUM", "NOUN"]] * 2,
}


def write_recipe(folder: Path, data: str = 'label_codecs = { lemma = "suffix" }') -> Path:
    for split, table in {"train": TRAIN, "dev": DEV, "test": DEV}.items():
        rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
        (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    path = folder / "recipe.toml"
    path.write_text(
        f"""
task = "tag"
[data]
reader = "jsonl"
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
labels = ["lemma", "upos"]
{data}
[embedding]
dropout = 0.0
chars = {{ size = 24, kernel_size = 4 }}
[encoder]
size = 8
dropout = 0.0
[decoder]
dropout = 0.0
[optimizer]
lr = 2e-2
[training]
epochs = 40
batch_tokens = 8
threads = 1
""",
        encoding="utf-8",
    )
    return path


def test_a_tagger_is_trained_scored_and_used_with_it(tmp_path: Path) -> None:
    for _ in seqnlp.train(write_recipe(tmp_path), out=tmp_path / "run"):
        pass
    scores = seqnlp.evaluate(tmp_path / "run")["scores"]
    assert scores["lemma.accuracy"] == 1.0, "lemmas that train does not have are right"
    assert scores["labels"]["lemma"]["zebra"]["support"] == 1
    tagger = seqnlp.load(tmp_path / "run")
    assert tagger.tag([["two", "zebras"], [], ["bodies"]])[0].tags == ["two", "zebra"]
    assert seqnlp.load(tmp_path / "run").tag([[]])[0].columns == {"lemma": [], "upos": []}
    assert list(tagger.model.decoders) == ["lemma.cut", "lemma.add", "upos"]


def test_labels_of_new_words_are_no_surprise_and_a_new_script_is() -> None:
    data = {"reader": "jsonl", "train": "t", "dev": "d", "labels": ["lemma"], "label_codecs": {"lemma": "suffix"}}
    recipe = TagRecipe.model_validate({"task": "tag", "data": data})
    task = TagTask.fit(recipe, Dataset.from_dict(TRAIN), lambda name: pytest.fail(name))
    odd = {"form": [["two", "mice"]], "lemma": [["two", "mouse"]]}
    dataset = task.encode(Dataset.from_dict(odd), 100)
    assert task.notices(dataset) == []
    assert dataset.targets["lemma.cut"][0].tolist() == task.labels["lemma.cut"].encode(["0", "3"]).tolist()
    assert dataset.targets["lemma.add"][0].tolist() == [task.labels["lemma.add"].names.index(""), UNSEEN]
    assert task.label_pairs(task.build().eval(), dataset)["lemma"].gold.min() >= 0


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            'label_codecs = { lemma = "sufix" }',
            'data.label_codecs.lemma: unknown kind "sufix"; expected "categorical", "dependencies", "edit_scripts", '
            '"features" or "suffix" (did you mean "suffix"?)',
        ),
        (
            'label_codecs = { feats = "features" }',
            "data.label_codecs.feats: there is no such column to predict; those are lemma, upos",
        ),
        (
            'by_feature = ["lemma"]\nlabel_codecs = { lemma = "suffix" }',
            "data.by_feature: column 'lemma' is in data.label_codecs too (leave one of them out)",
        ),
    ],
)
def test_what_makes_no_sense(tmp_path: Path, data: str, problem: str) -> None:
    text = write_recipe(tmp_path, data).read_text(encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, tmp_path / "recipe.toml")
    assert [str(fault).partition(": ")[2] for fault in caught.value.faults] == [problem]
