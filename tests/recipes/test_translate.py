"""The recipes of translations, a few steps of each, and a batch that is learnt by heart."""

import gzip
import json
from pathlib import Path

import pytest
import torch

import seqnlp
from seqnlp.events import Done, Evaluated
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.tasks.translate.recipe import TranslateRecipe
from seqnlp.tasks.translate.task import TranslateTask

TINY = ["training.threads=1", "training.epochs=1", "encoder.size=8", "decoder.size=16"]
LINES = {"en": ["a man is riding a bike .", "two dogs play ."], "de": ["ein mann fährt rad .", "zwei hunde spielen ."]}


def trained(recipe: str, out: Path, *settings: str) -> Path:
    events = list(seqnlp.train(find_recipe(recipe), [*TINY, *settings], out))
    assert isinstance(events[-1], Done)
    assert any(isinstance(event, Evaluated) for event in events)
    return out


def test_reverse_words(tmp_path: Path) -> None:
    dev = "corpora/reverse/dev.tsv"
    run = trained("reverse_words", tmp_path / "run", f'data.train="{dev}"', f'data.dev="{dev}[:40]"')
    scores = json.loads((run / "scores.json").read_text())["test"]
    assert {"chrf", "exact_match", "nats", "signatures", "search"} <= set(scores)
    assert scores["search"]["beam"] == 3
    assert isinstance(seqnlp.load(run), Translator)


def test_translate_en_fr(tmp_path: Path) -> None:
    dev, test = "corpora/en_fr/dev.tsv", "corpora/en_fr/test.tsv[:20]"
    sources = [f'data.train="{dev}"', f'data.dev="{dev}[:20]"', f'data.test="{test}"']
    sizes = ["embedding.size=8", "decoder.embedding_size=8", "search.beam=2"]
    run = trained("translate_en_fr", tmp_path / "run", *sources, *sizes)
    told = seqnlp.evaluate(run)
    assert told["scores"]["signatures"]["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a")
    assert told["scores"]["chrf"] == pytest.approx(json.loads((run / "scores.json").read_text())["test"]["chrf"])


def test_multi30k_en_de(tmp_path: Path) -> None:
    for language, lines in LINES.items():
        (tmp_path / f"lines.{language}").write_bytes(gzip.compress("\n".join(lines * 20).encode()))
    files = [f'data.{split}="{tmp_path}/lines"' for split in ("train", "dev", "test")]
    sizes = ["embedding.size=8", "decoder.embedding_size=8", "data.tokenizer.vocab_size=300", "search.beam=2"]
    run = trained("multi30k_en_de", tmp_path / "run", *files, *sizes)
    scores = json.loads((run / "scores.json").read_text())["test"]
    assert "tok:none" in scores["signatures"]["bleu_tokenised"]
    assert list((run / "codecs").iterdir()) == [run / "codecs/tokens.json"], "one vocabulary for both languages"


def test_a_batch_is_learnt_by_heart() -> None:
    recipe = load_recipe(find_recipe("reverse_words"), ["encoder.dropout=0", "decoder.dropout=0"])
    assert isinstance(recipe, TranslateRecipe)
    split = recipe.split("corpora/reverse/dev.tsv[:8]", lambda name: Path(__file__).parents[2] / name)
    task = TranslateTask.fit(recipe, split, Path)
    torch.manual_seed(1)
    model, examples = task.build(), task.encode(split, 500)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    (rows,) = examples.plan(1, 0)
    for _ in range(80):
        loss, _ = model.loss(examples.batch(rows))
        loss.mean.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert loss.mean.item() < 0.1
    assert task.score(model.eval(), examples)["exact_match"] == 1.0
