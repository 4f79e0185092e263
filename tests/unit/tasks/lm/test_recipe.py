from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import Dataset

from seqnlp.errors import DataError
from seqnlp.readers import Jsonl
from seqnlp.readers.text import Passage
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.tasks.lm.recipe import LmRecipe
from seqnlp.tasks.lm.task import LmTask


def find(name: str) -> Path:
    return Path(name)


def test_faults(recipe: Callable[..., LmRecipe]) -> None:
    assert list(recipe().faults()) == []
    both = recipe(encoder={"bidirectional": True}, training={"bptt": 65})
    assert [fault.key for fault in both.faults()] == ["encoder.bidirectional", "training.bptt"]


def test_splits_of_one_file_have_hashes_of_their_own(recipe: Callable[..., LmRecipe]) -> None:
    corpus = recipe().corpus(find)
    assert list(corpus.splits) == list(corpus.hashes) == ["train", "dev"]
    assert corpus.hashes["train"] != corpus.hashes["dev"]


def test_a_text_shorter_than_a_window_is_refused(text: Path, task: Callable[..., LmTask]) -> None:
    with pytest.raises(DataError, match=r"9 characters to predict are fewer than one window"):
        task(data={"train": f"{text}[:10]"})


def test_a_text_of_one_token_can_not_be_scored(text: Path, task: Callable[..., LmTask]) -> None:
    made = task()
    with pytest.raises(DataError, match="too short: 1 characters"):
        made.encode(made.recipe.split(f"{text}[:1]", find), 64)


def test_notices_tell_of_unknown_tokens(tmp_path: Path, task: Callable[..., LmTask]) -> None:
    (tmp_path / "other.txt").write_text("green ☃ bottles", encoding="utf-8")
    made = task()
    examples = made.encode(made.recipe.split(str(tmp_path / "other.txt"), find), 64)
    (notice,) = made.notices(examples)
    assert "6.67% of its characters (1) are unknown" in notice
    assert made.notices(made.encode(made.recipe.split(made.recipe.data.splits["dev"], find), 64)) == []


def test_split_reads_what_locate_finds(
    text: Path, recipe: Callable[..., LmRecipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LmRecipe, "locate", lambda self, source, find: Passage(text, "0", "7"))
    split = recipe().split("elsewhere.txt[50%:]", find)
    assert ("".join(split.chunks()), split.name) == ("30 gree", f"{text}[0:7]")


def test_rows_of_a_table_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"body": "one"}\n{"body": "two"}\n', encoding="utf-8")
    split = TextSplit.read(path, Jsonl(), "body")
    assert "".join(split.chunks()) == "one\ntwo\n"
    assert split.characters == 8
    with pytest.raises(DataError, match="no line has the key 'text': there are body"):
        TextSplit.read(path, Jsonl(), "text")
    assert isinstance(Jsonl().load(path), Dataset)
