"""Dependency parsing: trees are learned beside tags, written by `annotate`, and scored."""

import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
import torch

import seqnlp
from seqnlp.codecs import Column, Labels
from seqnlp.codecs.dependencies import Dependencies, DependencyEncoding
from seqnlp.codecs.spanning_tree import are_trees
from seqnlp.decoders import Biaffine
from seqnlp.errors import DataError, RecipeError
from seqnlp.nn.encoder import States

ROOT = Path(__file__).parents[2]
SEGMENTER = ROOT / "tests/data/run_v2/segment"
Program = Callable[..., "CompletedProcess[str]"]

NOUNS, VERBS = ["dog", "cat", "man", "tree", "house"], ["sees", "likes", "eats", "finds"]
PARSER = ['data.labels=["upos", "deprel"]', 'data.label_codecs.deprel="dependencies"']
SMALL = [
    *("encoder.size=32", "embedding.words.size=32", "parser.arc_size=32", "parser.relation_size=16"),
    *("training.epochs=12", "training.batch_tokens=150", "training.threads=1", "training.ema_decay=0.9"),
]


def phrase(draw: random.Random, relation: str) -> list[tuple[str, str, str]]:
    """A noun with its article: form, tag and relation of each word."""
    return [("the", "DET", "det"), (draw.choice(NOUNS), "NOUN", relation)]


def sentence(draw: random.Random) -> list[tuple[str, str, int, str]]:
    """Words with their heads; subject and object may be left out, and adverbs stand before the verb."""
    before = phrase(draw, "nsubj") if draw.random() < 0.8 else []
    adverbs = [("often", "ADV", "advmod")] * draw.randrange(3)
    after = phrase(draw, "obj") if draw.random() < 0.7 else []
    words = [*before, *adverbs, (draw.choice(VERBS), "VERB", "root"), *after, (".", "PUNCT", "punct")]
    verb = len(before) + len(adverbs) + 1
    heads = [{"DET": number + 1, "VERB": 0}.get(tag, verb) for number, (_, tag, _) in enumerate(words, 1)]
    return [(form, tag, head, relation) for (form, tag, relation), head in zip(words, heads, strict=True)]


def treebank(path: Path, size: int, seed: int) -> Path:
    draw, lines = random.Random(seed), []
    for _ in range(size):
        words = sentence(draw)
        lines.append(f"# text = {' '.join(form for form, *_ in words).replace(' .', '.')}")
        for number, (form, tag, head, relation) in enumerate(words, 1):
            misc = "SpaceAfter=No" if number == len(words) - 1 else "_"
            lines.append(f"{number}\t{form}\t_\t{tag}\t_\t_\t{head}\t{relation}\t_\t{misc}")
        lines.append("")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parser")
    files = [f'data.{name}="{treebank(folder / f"{name}.conllu", size, size)}"' for name, size in SPLITS.items()]
    for _ in seqnlp.train("pos_gru", [*files, *PARSER, *SMALL], folder / "run"):
        pass
    return folder / "run"


SPLITS = {"train": 150, "dev": 30, "test": 40}


def test_trees_are_learned(run: Path) -> None:
    scores = seqnlp.evaluate(run)["scores"]
    assert scores["deprel.uas"] > 0.97
    assert scores["deprel.accuracy"] == scores["deprel.las"] > 0.97
    assert scores["labels"]["deprel"]["nsubj"]["support"] > 10


def test_taggings_have_heads_and_relations(run: Path) -> None:
    found = seqnlp.load(run).tag([["the", "dog", "sees", "the", "cat", "."], ["."]])
    assert found[0].columns["head"] == ["2", "3", "0", "5", "3", "3"]
    assert found[0].columns["deprel"] == ["det", "nsubj", "root", "det", "obj", "punct"]
    assert found[1].columns["head"] == ["0"]
    assert list(found[0].columns) == ["upos", "deprel", "head"]
    assert found[0].column_scores["head"] == found[0].column_scores["deprel"]


def test_annotate_writes_trees_that_are_valid(run: Path, seqnlp: Program) -> None:
    validator = pytest.importorskip("udtools.validator")
    written = seqnlp("annotate", SEGMENTER, run, stdin="The dog sees the cat. The man often eats.").stdout
    assert "\tNOUN\t_\t_\t3\tnsubj\t_\t" in written
    state = validator.Validator(lang="ud", level=2, output=None).validate_file_handle(io.StringIO(written))
    assert state.passed(), str(state)
    assert seqnlp("annotate", SEGMENTER, run, "--dummy-tree", stdin="The dog sees the cat.").stdout in written


def test_raw_text_is_scored_as_by_the_official_evaluation(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    udeval = pytest.importorskip("udtools.udeval")
    gold = run.parent / "test.conllu"
    found = json.loads(seqnlp("evaluate", SEGMENTER, run, "--raw", gold, "--json").stdout)["scores"]
    assert list(found)[-5:] == ["UAS", "LAS", "CLAS", "MLAS", "BLEX"]
    text = " ".join(line[9:] for line in gold.read_text().splitlines() if line.startswith("# text = "))
    written = seqnlp("annotate", SEGMENTER, run, stdin=text).stdout
    texts = [gold.read_text(), written]
    official = udeval.evaluate(*(udeval.load_conllu(io.StringIO(text), "", {}) for text in texts))
    assert found == {name: 100 * official[name].f1 for name in found}
    assert found["LAS"] > 50
    on_gold = json.loads(seqnlp("evaluate", run, "--raw", gold, "--json").stdout)["scores"]
    assert on_gold["LAS"] == pytest.approx(100 * seqnlp_las(run))


def seqnlp_las(run: Path) -> float:
    return float(seqnlp.evaluate(run)["scores"]["deprel.las"])


@pytest.mark.parametrize(
    ("heads", "problem"),
    [
        (["2", "3"], "column 'deprel': sentence 2 has the head 3, but 2 words"),
        (["2", "1"], "column 'deprel': sentence 2 is no tree: 0 words have the head 0, expected 1"),
        (["0", "0"], "column 'deprel': sentence 2 is no tree: 2 words have the head 0, expected 1"),
        (
            ["0", "9" * 30],
            "column 'deprel': '999999999999999999999999999999' is no head; expected the number of a word",
        ),
        (["0", "_"], "column 'deprel': '_' is no head; expected the number of a word, or 0 for the root"),
        (["0", "2"], "column 'deprel': sentence 2 is no tree: its heads lead in a circle"),
    ],
)
def test_what_is_no_tree_is_told(tmp_path: Path, heads: list[str], problem: str) -> None:
    table = {"form": [["a"], ["a", "b"]], "upos": [["X"], ["X", "X"]], "deprel": [["root"], ["root", "x"]]}
    data = {"train": {**table, "head": [["0"], heads]}, "dev": {**table, "head": [["0"], ["0", "1"]]}}
    with pytest.raises(DataError, match=re.escape(problem)):
        for _ in seqnlp.train("pos_gru", PARSER, tmp_path / "run", data=data):
            pass


def test_settings_that_make_no_sense_are_told() -> None:
    for override, problem in (
        (["parser.arc_size=3"], "no effect: no label column is of the kind dependencies"),
        ([*PARSER, 'data.labels=["deprel", "head"]'], "'head' is read with 'deprel'"),
        ([*PARSER, 'data.labels=["deprel"]', "decoder=crf"], "decoder: no effect: all label columns are of the kind"),
    ):
        with pytest.raises(RecipeError, match=problem):
            for _ in seqnlp.train("pos_gru", override, "unused"):
                pass


def test_pairs_are_numbers_and_back() -> None:
    words = Column.from_rows([["a", "b", "c"]])
    labels, heads = Column.from_rows([["nsubj:pass", "root", "x"]]), Column.from_rows([["2", "0", "2"]])
    encoding = DependencyEncoding()
    merged = encoding.merged(labels, {"head": heads})
    codec = encoding.fit(merged, words)
    again = encoding.restore(codec.to_json())
    numbers = again.encode_column(merged, words)[""]
    assert again.decode_column({"": numbers.values}, words).rows() == [["2:nsubj:pass", "0:root", "2:x"]]
    written = codec.written("deprel", merged)
    assert written["deprel"].rows() == labels.rows()
    assert written["head"].rows() == heads.rows()
    assert codec.own_scores(merged, Column.from_rows([["2:nsubj", "0:root", "1:x"]])) == {"uas": 2 / 3, "las": 2 / 3}


def test_a_sentence_alone_has_the_tree_it_has_in_a_batch() -> None:
    torch.manual_seed(1)
    parser = Biaffine(arc_size=8, relation_size=4).build(6, Labels(["a", "b", "root"])).eval()
    outputs = torch.randn(5, 9, 6)
    lengths = torch.tensor([9, 7, 4, 2, 1])
    mask = torch.arange(9) < lengths[:, None]
    together = parser.predict(States(outputs, mask))
    for row, length in enumerate(lengths.tolist()):
        alone = parser.predict(States(outputs[row : row + 1, :length], mask[row : row + 1, :length]))
        assert alone.labels[0].tolist() == together.labels[row, :length].tolist()
        torch.testing.assert_close(alone.scores[0], together.scores[row, :length])
        heads = (alone.labels[0] // 3).numpy()
        assert are_trees(heads, np.array([0, length])).all()
    targets = torch.where(mask, together.labels, -1)
    whole = parser.loss(States(outputs, mask), targets)
    assert whole.items == int(lengths.sum())
    single = [parser.loss(States(outputs[n : n + 1], mask[n : n + 1]), targets[n : n + 1]).total for n in range(5)]
    torch.testing.assert_close(whole.total, torch.stack(single).sum())


def test_a_training_may_start_from_a_parser(run: Path, tmp_path: Path) -> None:
    files = [f'data.{name}="{treebank(tmp_path / f"{name}.conllu", 6, 7)}"' for name in SPLITS]
    for _ in seqnlp.train(
        "pos_gru", [*files, *PARSER, *SMALL, "training.epochs=1", f'start="{run}"'], tmp_path / "run"
    ):
        pass
    told = json.loads((tmp_path / "run/meta.json").read_text())["start"]["parts"]["decoder.deprel"]
    assert told.startswith("taken")


def test_the_codec_is_a_kind_of_its_own() -> None:
    assert isinstance(DependencyEncoding().restore({"relations": ["root"]}), Dependencies)
