import json
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset

from seqnlp.cli.tag import _plain, tag_columns
from seqnlp.errors import UsageError
from seqnlp.results import Span, Tagging
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.tag.task import TagTask

TRAIN = {"word": [["Ann", "left"]], "pos": [["N", "V"]], "tag": [["B-P", "O"]]}


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    torch.manual_seed(1)
    recipe = TagRecipe.model_validate(
        {
            "data": {
                "reader": "conllu",
                "train": "t",
                "dev": "d",
                "tokens": "word",
                "labels": ["tag"],
                "scheme": "bio",
            },
            "embedding": {"words": {"size": 6}, "columns": {"pos": {"size": 3}}},
            "encoder": {"kind": "gru", "size": 5},
        }
    )
    task = TagTask.fit(recipe, Dataset.from_dict(TRAIN), lambda name: pytest.fail(name))
    return task.predictor(task.build())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_text("Ann x N old\nleft y V old\n\nBo x N old\n")
    return path


def test_the_predicted_column_stands_at_the_right(
    tagger: Tagger, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tag_columns(tagger, file, "word,_,pos,tag", as_json=False)
    first, second = capsys.readouterr().out.rstrip("\n").split("\n\n")
    expected = [
        tagger.tag({"word": words, "pos": tags}).tags
        for words, tags in ((["Ann", "left"], ["N", "V"]), (["Bo"], ["N"]))
    ]
    assert first.split("\n") == [f"Ann\tN\t{expected[0][0]}", f"left\tV\t{expected[0][1]}"]
    assert second == f"Bo\tN\t{expected[1][0]}"


def test_json(tagger: Tagger, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tag_columns(tagger, file, "word,_,pos,_", as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["tokens"] for line in lines] == [["Ann", "left"], ["Bo"]]
    assert all("spans" in line for line in lines)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("word,_,_,_", "the tagger reads word, pos; pos is missing"),
        ("word,pos,word,_", "expected different names with commas between"),
    ],
)
def test_bad_columns_option_is_refused(tagger: Any, file: Path, names: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        tag_columns(tagger, file, names, as_json=False)


def test_plain_text_shows_the_tags_of_every_column_and_the_text_of_spans() -> None:
    columns = {"upos": ["PROPN", "VERB"], "feats": ["Number=Sing", "_"]}
    scores = {name: [1.0, 1.0] for name in columns}
    tagging = Tagging(["Ann", "left"], columns["upos"], scores["upos"], columns, scores)
    assert _plain("", tagging) == "Ann/PROPN/Number=Sing left/VERB/_\n"
    spans = [Span("P", 0, 2, 0, 8, 1.0, "Ann\n Lee"), Span("L", 3, 4, 12, 16, 1.0, "Rome")]
    one = {"tag": ["B-P", "I-P"]}
    tagging = Tagging(["Ann", "Lee"], one["tag"], [1.0, 1.0], one, scores, spans)
    assert _plain("", tagging) == "Ann/B-P Lee/I-P\tP: Ann Lee; L: Rome\n"
    assert tagging.to_json()["spans"][0]["text"] == "Ann\n Lee"
