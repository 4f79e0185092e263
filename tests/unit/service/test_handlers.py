"""What the worker answers about runs is what the library says."""

from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from seqnlp import api
from seqnlp.errors import DataError, UsageError
from seqnlp.service.handlers import Model, Models, answer
from seqnlp.service.protocol import Request, from_line, to_line
from seqnlp.service.server import Server
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.translate.predictor import Translator

ROOT = Path(__file__).parents[3]
TRANSLATOR = ["training.epochs=1", "training.threads=1", "encoder.size=8", "decoder.size=16"]
FORECASTER = ["training.epochs=1", "training.threads=1", "training.stride=64", "encoder.size=8", "data.lookback=24"]


def trained(folder: Path, recipe: str, settings: list[str]) -> str:
    for _ in api.train(recipe, settings, folder / recipe):
        pass
    return str(folder / recipe)


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> str:
    settings = [*TRANSLATOR, "data.train=corpora/reverse/dev.tsv"]
    return trained(tmp_path_factory.mktemp("runs"), "reverse_words", settings)


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("runs"), "series_gru", FORECASTER)


def ask(do: str, run: str, **settings: Any) -> Any:
    """The first item of an answer, after its way through a pipe."""
    (item,) = answer(Request(1, do, run, settings), Models()).items
    return from_line(to_line(item))


def test_translations_are_the_librarys(translator: str) -> None:
    found = ask("translate", translator, texts="abc", beam=3, best=3, prefix="c", attention=True)
    library = api.load(translator)
    assert isinstance(library, Translator)
    assert found == library.translate("abc", beam=3, best=3, prefix="c", attention=True).to_json()
    assert len(found["alternatives"]) == 2
    assert all(each["text"].startswith("c") for each in found["alternatives"])


def test_a_question_that_is_stopped_before_its_turn_costs_nothing(
    translator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    known = Translator.translate

    def translate(self: Translator, texts: str, **settings: Any) -> Any:
        asked.append(texts)
        return known(self, texts, **settings)

    monkeypatch.setattr(Translator, "translate", translate)
    inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
    sent: list[dict[str, Any]] = []
    models = Models()
    server = Server(inbox, lambda request: answer(request, models), sent.append)
    for number, text in enumerate(("ab", "abc")):
        inbox.put({"id": number, "do": "translate", "run": translator, "settings": {"texts": text}})
    inbox.put({"stop": 0})
    server.turn()
    assert asked == ["abc"]
    assert {message["id"] for message in sent} == {1}
    assert "data" in sent[0]


@pytest.mark.parametrize(
    ("do", "kind", "method"),
    [
        ("generate", Generator, "generate"),
        ("next", Generator, "next_tokens"),
        ("unknown", Generator, "unknown_in"),
        ("tag", Tagger, "tag"),
        ("classify", Classifier, "classify"),
        ("translate", Translator, "translate"),
    ],
)
def test_nothing_is_computed_before_an_answers_turn(
    do: str, kind: type[Predictor], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def compute(self: object, **settings: Any) -> list[Any]:
        asked.append(settings)
        return []

    monkeypatch.setattr(kind, method, compute)
    models = Models()
    monkeypatch.setattr(models, "open", lambda run: Model(kind.task, object.__new__(kind)))
    begun = answer(Request(1, do, "run", {"text": "a"}), models)
    assert asked == []
    list(begun.items)
    assert [each["text"] for each in asked] == ["a"]


def test_forecasts_come_with_their_history(forecaster: str) -> None:
    found = ask("forecast", forecaster, file="corpora/series/series.csv[85%:]", horizon=5, level=None, before=2.0)
    library = api.load(forecaster)
    assert isinstance(library, Forecaster)
    split = library.read(ROOT / "corpora/series/series.csv[85%:]")
    assert found["forecasts"] == [each.to_json() for each in library.forecast(split, 5)]
    assert found["history"] == library.history(split, 10)
    assert found["trained"] == 24
    assert {len(each) for each in found["history"].values()} == {10}


def test_a_file_that_is_missing_is_named(forecaster: str) -> None:
    settings = {"file": "nowhere.csv", "horizon": None, "level": None, "before": 2.0}
    begun = answer(Request(1, "forecast", forecaster, settings), Models())  # it is read when the answer's turn comes
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        next(begun.items)


def test_a_run_is_asked_only_what_it_can_do(translator: str) -> None:
    with pytest.raises(UsageError, match="this run is a translator"):
        ask("forecast", translator, file="x.csv", horizon=None, level=None, before=2.0)
