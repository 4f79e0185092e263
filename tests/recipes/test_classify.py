"""The recipes of classifiers, end to end in a few steps, and the commands that take what they leave behind."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from seqnlp import api
from seqnlp.cli.app import app
from seqnlp.errors import DataError, SeqnlpError, UsageError
from seqnlp.recipe import find_recipe
from seqnlp.tasks.classify.predictor import Classifier

TINY = ["training.threads=1", "embedding.words.size=8"]
REVIEWS = {
    "train": [("a fine film", 1), ("a dull film", 0), ("so fine", 1), ("so very dull", 0)] * 100,
    "dev": [("fine", 1), ("dull", 0), ("a film so dull", 0)],
    "test": [("very fine", 1), ("dull", 0)],
}


def trained(recipe: str, out: Path, settings: list[str]) -> Path:
    for _ in api.train(find_recipe(recipe), [*TINY, *settings], out):
        pass
    return out


@pytest.fixture(scope="module")
def sentiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained for a few steps."""
    return trained(
        "sentiment_lstm", tmp_path_factory.mktemp("sentiment") / "run", ["encoder.size=8", "training.epochs=1"]
    )


@pytest.fixture(scope="module")
def sst2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on a few reviews of the same form."""
    folder = tmp_path_factory.mktemp("sst2")
    settings = ["training.epochs=1", "training.batch_tokens=40", "training.ema_decay=0"]
    settings += ["embedding.subwords.vocab_size=300", "embedding.dropout=0", "decoder.dropout=0", "optimizer.lr=0.01"]
    for split, reviews in REVIEWS.items():
        (folder / f"{split}.tsv").write_text("".join(f"{text}\t{label}\n" for text, label in reviews))
        settings.append(f'data.{split}="{folder / split}.tsv"')
    return trained("sst2", folder / "run", settings)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def scores(run: Path) -> dict[str, Any]:
    return json.loads((run / "scores.json").read_text())  # type: ignore[no-any-return]


def test_the_scores_are_kept_beside_those_of_the_trivial_systems(sentiment: Path) -> None:
    for split in ("dev", "test"):
        found = scores(sentiment)[split]
        assert {"accuracy", "macro_f1", "log_loss", "labels", "baselines"} <= set(found)
        assert found["baselines"]["majority class"]["accuracy"] == 0.5
        assert found["baselines"]["bag of words"]["accuracy"] > 0.6


def test_evaluate_gives_them_again(sentiment: Path) -> None:
    told = call("evaluate", sentiment)
    assert "(majority class)" in told.stdout
    assert "(bag of words)" in told.stdout
    result = json.loads(call("evaluate", sentiment, "--json").stdout)
    assert result["scores"]["accuracy"] == pytest.approx(scores(sentiment)["test"]["accuracy"])
    assert result["baselines"] == scores(sentiment)["test"]["baselines"]
    assert result["items"] == 70


def test_the_temperature_is_kept_in_the_run(sentiment: Path) -> None:
    classifier = api.load(sentiment)
    assert isinstance(classifier, Classifier)
    assert classifier.model.state_dict()["heads.0.temperature"] != 1


def test_a_few_reviews_are_enough_to_learn_what_is_fine(sst2: Path) -> None:
    assert scores(sst2)["test"]["accuracy"] == 1.0
    classifier = api.load(sst2)
    assert classifier.classify("so fine").label == "1"


def test_classify_and_predict_write_a_line_a_line(sst2: Path, tmp_path: Path) -> None:
    file = tmp_path / "reviews.txt"
    file.write_text("so fine\n\na dull film\n")
    plain = call("classify", sst2, file)
    lines = plain.stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["1", "", "0"]
    assert [score.split("=")[0] for score in lines[0].split("\t")[1].split(" ")] == ["1", "0"]
    assert "no class for 1 lines without words, the first of them line 2" in plain.stderr
    as_json = [json.loads(line) for line in call("predict", sst2, file, "--json").stdout.splitlines()]
    assert [each["label"] for each in as_json] == ["1", None, "0"]
    assert sum(as_json[0]["scores"].values()) == pytest.approx(1)
    assert "contributions" not in as_json[0]


def test_explain_gives_each_word_its_number(sst2: Path, tmp_path: Path) -> None:
    file = tmp_path / "reviews.txt"
    file.write_text("so fine\n")
    (told,) = [json.loads(line) for line in call("classify", sst2, file, "--json", "--explain").stdout.splitlines()]
    assert told["tokens"] == ["so", "fine"]
    assert len(told["contributions"]) == 2
    drawn = call("classify", sst2, file, "--explain").stdout.splitlines()
    assert drawn[1].startswith("  so(")


def test_explain_tints_words_in_a_terminal(sst2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "reviews.txt"
    file.write_text("so fine\n")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    drawn = call("classify", sst2, file, "--explain").stdout
    assert "\x1b[" in drawn
    assert "48;2;" in drawn


def test_errors_tells_draws_and_writes(sentiment: Path, tmp_path: Path) -> None:
    picture = tmp_path / "matrix.svg"
    told = call("errors", sentiment, "--split", "dev", "--plot", picture)
    assert told.exit_code == 0, told.output
    assert "of 70)" in told.stdout
    assert "expected calibration error" in told.stdout
    assert picture.read_text().startswith("<svg")
    result = json.loads(call("errors", sentiment, "--json").stdout)
    assert sum(map(sum, result["columns"]["label"]["matrix"])) == 70


@pytest.mark.parametrize(
    ("arguments", "expected", "problem"),
    [
        (["errors", "RUN", "--plot", "matrix.pdf"], UsageError, r"ends in \.svg or \.png"),
        (["errors", "RUN", "--split", "tset"], UsageError, "expected train, dev or test"),
        (["errors", "RUN", "--plot", "no/such/folder.svg"], DataError, "there is no folder no/such"),
        (["tag", "RUN"], UsageError, "this run is a classifier; use `seqnlp classify "),
    ],
)
def test_commands_refuse_impossible_requests(
    sentiment: Path, arguments: list[str], expected: type[SeqnlpError], problem: str
) -> None:
    result = call(*(str(sentiment) if word == "RUN" else word for word in arguments))
    assert isinstance(result.exception, expected)
    with pytest.raises(expected, match=problem):
        raise result.exception


def test_texts_without_words_are_left_out_with_a_note(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        (tmp_path / f"{split}.tsv").write_text("label\tdomain\ttext\npositive\tx\tfine\nnegative\tx\t \n")
    settings = [f'data.{split}="{tmp_path / split}.tsv"' for split in ("train", "dev")]
    notes: list[str] = []
    with pytest.raises(DataError, match=r"^train: there is only one class, 'positive'"):
        list(api.train(find_recipe("sentiment_lstm"), [*TINY, *settings], tmp_path / "run", notify=notes.append))
    assert notes[0] == f"{tmp_path}/train.tsv:3: 'text' is empty; left out 1 of 2 rows for that"
