"""Contracts of a task: recipe, task with fitted codecs, predictor."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pickle import PicklingError
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from seqnlp.codecs import Codec, Column
from seqnlp.embeddings import PathResolver, TextEmbedding
from seqnlp.encoders import Encoder
from seqnlp.errors import UsageError, error_context
from seqnlp.metrics import LabelPairs
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.notes import note
from seqnlp.optimizers import Optimizer
from seqnlp.readers.base import Corpus, Sources, draw_corpus, read_corpus
from seqnlp.readers.drawn import Strata
from seqnlp.readers.empties import Need
from seqnlp.readers.streaming import Stream
from seqnlp.recipe import Recipe, Start
from seqnlp.results import Report, Result
from seqnlp.spec import Spec
from seqnlp.tasks.columns import Columns, column_of, is_missing, names_of
from seqnlp.tasks.registry import TaskInfo, task_info
from seqnlp.tasks.streaming import Lacking, StreamedSplit
from seqnlp.training import EncodedDataset, Metric, Preview, Training

if TYPE_CHECKING:
    from datasets import Dataset


Scores = dict[str, Any]
"""Numbers by name; a score of several parts, such as `labels`, is a nested table."""

Codecs = Mapping[str, dict[str, Any]]
"""Saved codecs by name, each the object of its JSON file."""


ItemRow = dict[str, str | int | float | bool | None]
"""An item beside its prediction: a row of a table, whose keys are the same for all items of a split."""


@dataclass(frozen=True)
class ReportSettings:
    """Sizes of an error analysis."""

    confusions: int = 10
    """Most frequent confusions, worst sentences or most surprising contexts, at most."""
    examples: int = 2
    """Examples of each kind of error."""


class TaskRecipe(Recipe, ABC):
    """Recipe sections that all tasks share; settings alone."""

    encoder: Encoder
    optimizer: Optimizer
    training: Training = Training()
    start: Start | None = None
    """Run whose weights and codecs the training starts from (transfer learning), and how; left out: random weights."""

    @property
    def needs(self) -> Mapping[str, Need] | None:
        """Columns that are read, and their empty values; None: all columns."""
        return None

    rows_name: ClassVar[str] = "rows"
    """Name of the rows of a split in messages."""
    carries_state: ClassVar[bool] = False
    """True if the encoder's state goes on from batch to batch."""

    def corpus(self, find: PathResolver) -> Corpus:
        """Read the splits that `[data]` names, and draw the others.

        `find` looks files up. Of train that is streamed the shards are listed.
        """
        data = self.data
        if data.streaming:
            return self._streamed(find)
        if data.folds is not None and data.fold is None:
            raise UsageError(
                f"data.folds = {data.folds} asks for a run a fold: `seqnlp train` and `seqnlp.train_folds` make them, "
                f"data.fold = 1 to {data.folds} chooses one"
            )
        if data.folds is not None and data.test is not None:
            note(f"test: the folds take its place; data.test = {json.dumps(data.test)} is not used")
        corpus = self.read(data.splits, find)
        drawn = self.draw(corpus) if data.parts else corpus
        if missing := [part for part in data.parts if part not in drawn.splits]:  # a task of a plugin may lack folds
            raise UsageError(
                f"{type(self).__name__} draws no {missing[0]} split from train; name a file in data.{missing[0]}"
            )
        return drawn

    @property
    def label_columns(self) -> Sequence[str]:
        """Label columns, of which a sample of a stream lacks no label."""
        return ()

    def part_of_train(self, table: Dataset) -> Any:
        """Make a split of some rows of train."""
        return table

    def _streamed(self, find: PathResolver) -> Corpus:
        """Read the splits but train, and list the shards of that."""
        data, needs = self.data, self.needs
        assert needs is not None, f"{type(self).__name__} streams, but names no columns"
        with error_context("train"):
            stream = Stream(data.reader, data.train, find, needs, data.shuffle_block_size)
        train = StreamedSplit(
            stream, self.part_of_train, data.sample_size, self.seed, self.label_columns, self.rows_name
        )
        corpus = self.read({name: source for name, source in data.splits.items() if name != "train"}, find)
        shards = {shard.name: shard.digest for shard in stream.shards}
        digest = hashlib.sha256(json.dumps(shards).encode()).hexdigest()
        return replace(
            corpus, splits={"train": train, **corpus.splits}, hashes={"train": digest, **corpus.hashes}, shards=shards
        )

    def read(self, sources: Mapping[str, str], find: PathResolver) -> Corpus:
        """Read splits by their sources, without drawing any."""
        documents = "train" in sources and bool(self.data.parts)
        return read_corpus(Sources(self.data.reader, sources), find, self.needs, documents)

    def draw(self, corpus: Corpus) -> Corpus:
        """Draw the splits without a source from train; it then lacks their rows."""
        strata = self.strata(corpus.splits["train"])
        return draw_corpus(corpus, self.data.drawn, self.split_seed, strata, self.rows_name, fold=self.data.the_fold)

    def strata(self, train: Any) -> Strata | None:
        """Classes of the rows of train, to be drawn in proportion; None: all rows are alike."""
        return None

    def split(self, source: str, find: PathResolver) -> Any:
        """Read one split: a file, or another name of a split that the reader accepts."""
        return self.data.reader.load(self.locate(source, find), self.needs)


@dataclass(frozen=True)
class Part:
    """Part of a model, which can be taken over from another run."""

    prefix: str
    """Beginning of the names of its weights."""
    spec: Spec
    codec: Codec | None = None
    """Names the rows of its weights."""
    alias: str | None = None
    """Kind, where parts of several specs can stand in for each other."""
    section: str | None = None
    """Section of its settings, where that is not the first word of its name."""

    @property
    def kind(self) -> str:
        """Kind of its spec, or the name of its class."""
        return self.alias or str(dict(self.spec).get("kind", type(self.spec).__name__))


@dataclass(frozen=True)
class RunOrigin:
    """Run that a predictor was opened from."""

    path: str
    version: str
    """Digest of what decides its predictions."""
    reopen: Callable[[str, str, str | None], Predictor]
    """Opens it again, in another process."""
    device: str | None = None
    """Name of the device that it was opened on; None: the CPU."""


class Predictor(ABC):
    """Trained model with its codecs; its methods take raw input.

    Called with columns it gives columns: `dataset.map(model, batched=True)`, `frame.assign(**model(frame))`. A pickle
    of one names its run, which is opened again.
    """

    task: ClassVar[str]
    """Name of its task."""
    input_column: str = "text"
    """Column that a call reads."""
    origin: RunOrigin | None = None
    """Run that it was opened from."""

    def __call__(self, columns: Columns, *, column: str | None = None, prefix: str = "") -> dict[str, list[Any]]:
        """Predict for a column of a table or batch.

        Args:
            columns: Columns by name, each with a cell a row.
            column: The column to read; left out: that of the corpus.
            prefix: Beginning of the names of the new columns.

        Returns:
            New columns by name, a cell a row; None where there is nothing to predict for.

        Raises:
            seqnlp.errors.UsageError: no such column; one with the name of a new one; cells that are no input.
        """
        found = self.predict_columns(columns, column)
        known = names_of(columns)
        if clash := next((name for name in found if prefix + name in known), None):
            way = 'prefix="predicted_" begins the names of new ones (in `map`: fn_kwargs={"prefix": "predicted_"})'
            raise UsageError(f"there is a column {prefix + clash!r} already; {way}")
        return {prefix + name: cells for name, cells in found.items()}

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Predict for a column; the fields of the results become columns."""
        texts = column_of(columns, column or self.input_column)
        rows = [result.to_json() for result in self.predict("" if is_missing(text) else str(text) for text in texts)]
        if len(rows) != len(texts):
            raise UsageError(f"{len(rows):,} predictions for {len(texts):,} rows: they are no columns beside these")
        return {name: [row.get(name) for row in rows] for name in dict.fromkeys(chain.from_iterable(rows))}

    def __reduce__(self) -> tuple[Any, ...]:
        if self.origin is None:
            raise PicklingError(f"{type(self).__name__}: only a model that seqnlp.load has opened can be pickled")
        return self.origin.reopen, (self.origin.path, self.origin.version, self.origin.device)

    @abstractmethod
    def predict(self, lines: Iterable[str]) -> Iterator[Result]:
        """Predict for a stream of inputs, one a line; reads no further ahead than a batch.

        Raises:
            seqnlp.errors.UsageError: its inputs are no lines of text.
        """


class Task(ABC):
    """Recipe with fitted codecs: builds a model, encodes data for it, scores it."""

    recipe_class: ClassVar[type[TaskRecipe]]
    """Class of its recipes."""
    items_name: str
    """Unit that speed is counted in, such as words."""
    step_name: ClassVar[str] = "step"
    """Name of a step of the encoder, in the singular."""
    metric: Metric
    """Dev score that decides which weights are kept."""

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "recipe_class" in cls.__dict__:
            _TASK_CLASSES[cls.recipe_class] = cls

    @classmethod
    @abstractmethod
    def fit(cls, recipe: Any, train: Any, find: PathResolver) -> Self:
        """Fit the codecs on the training split; `find` looks up other files that the recipe names."""

    @classmethod
    @abstractmethod
    def restore(cls, recipe: Any, codecs: Codecs) -> Self:
        """Restore the task from the codecs of a run."""

    @classmethod
    def placeholder(cls, recipe: Any, size: int) -> Self | None:
        """Make the task with placeholder codecs of about `size` entries; None: it can't.

        It tells the shapes of the model without a corpus: sizes that depend on one must differ with `size`.
        """
        return None

    @classmethod
    def fit_from(cls, recipe: Any, train: Any, find: PathResolver, before: Mapping[str, Codec]) -> Self:
        """Fit the codecs on the training split as extensions of another run's.

        Args:
            recipe: The recipe.
            train: The training split.
            find: Looks up other files that the recipe names.
            before: Codecs of the other run, by name.

        Raises:
            seqnlp.errors.UsageError: they are of another kind.
        """
        return cls.fit(recipe, train, find)

    def parts(self) -> dict[str, Part]:
        """Parts of the model that can be taken over, by name; empty if none can."""
        return {}

    @property
    def name(self) -> str:
        """`task` of its recipes."""
        return str(self.recipe_class.model_fields["task"].default)

    @property
    def info(self) -> TaskInfo:
        """Names and texts of the task, as the model card tells them."""
        return task_info(self.name)

    @abstractmethod
    def codecs(self) -> dict[str, Codec]:
        """Codecs to be saved with a model, by name."""

    @abstractmethod
    def encode(self, split: Any, batch_tokens: int) -> EncodedDataset:
        """Encode a split."""

    @abstractmethod
    def build(self) -> SequenceModel:
        """Build the model with random weights."""

    @abstractmethod
    def score(self, model: SequenceModel, dataset: Any) -> Scores:
        """Score a model on an encoded split."""

    def item_scores(self, model: SequenceModel, dataset: Any) -> ItemScores | None:
        """Main scores by item, for tests of significance; None without any."""
        return None

    def item_rows(self, model: SequenceModel, dataset: Any, table: Any) -> Iterator[ItemRow]:
        """Predict each item of a split: gold, predicted, right or wrong, score or loss, and its row.

        Args:
            model: The trained model.
            dataset: The encoded split.
            table: The split as it was read.

        Raises:
            seqnlp.errors.UsageError: the task has no predictions by item.
        """
        raise UsageError(f"this run is {task_info(self.name).noun}, which has no predictions by row")

    def error_reports(
        self, model: SequenceModel, dataset: Any, table: Any, settings: ReportSettings
    ) -> Mapping[str, Report]:
        """Analyse the errors of a model on a split; a report for each label column, or one with a name of its own.

        Raises:
            seqnlp.errors.UsageError: the task has no such analysis.
        """
        raise UsageError(f"this run is {task_info(self.name).noun}, whose errors are not analysed")

    def dev_scores(self, model: SequenceModel, dev: Any) -> dict[str, float]:
        """Scores of dev during training, among them `metric`."""
        return plain_scores(self.score(model, dev))

    @abstractmethod
    def preview(self, dev: Any, seed: int) -> Preview:
        """Pick a few examples of a split for prediction after each evaluation."""

    @abstractmethod
    def predictor(self, model: SequenceModel) -> Predictor:
        """Wrap a trained model in its predictor."""

    def calibrate(self, model: SequenceModel, dev: Any) -> dict[str, float]:
        """Calibrate the model's probabilities on dev, if the recipe asks for it.

        Args:
            model: The trained model, which is changed.
            dev: The encoded dev split.

        Returns:
            The fitted number of each decoder; empty if nothing was fitted.
        """
        return {}

    def notices(self, dataset: Any) -> list[str]:
        """Warnings about an encoded split, one line each."""
        return []

    def lacking(self, dataset: Any) -> Lacking:
        """Count labels and words that codecs of a sample lack.

        Args:
            dataset: An encoded part of train.
        """
        return {}

    def advice(self, splits: Mapping[str, Any]) -> Iterator[str]:
        """Find what can't be learned with these settings, each with advice.

        Args:
            splits: `train`, `dev` and perhaps more, encoded.
        """
        return iter(())

    def baselines(self, splits: Mapping[str, Any], training: Training, seed: int) -> dict[str, dict[str, Scores]]:
        """Score trivial systems for comparison with the model.

        Args:
            splits: `train`, `dev` and perhaps more, encoded.
            training: Settings that the model itself is trained with.
            seed: Decides all random choices.

        Returns:
            For each split but train the plain scores of each system, by its name; empty without baselines.
        """
        return {}

    def rescored(self, context: int | None, dynamic: float | None) -> Task:
        """Change how texts are scored; for language models only.

        Raises:
            seqnlp.errors.UsageError: this is another task.
        """
        noun = task_info(self.name).noun
        raise UsageError(f"context and dynamic evaluation are for language models; this run is {noun}")


_TASK_CLASSES: dict[type[TaskRecipe], type[Task]] = {}


def task_class(recipe: TaskRecipe) -> type[Task]:
    """Look up the task of a recipe.

    Raises:
        seqnlp.errors.UsageError: a plugin defines the recipe without a `Task` whose `recipe_class` it is.
    """
    found = _TASK_CLASSES.get(type(recipe))
    if found is None:
        raise UsageError(f"there is a recipe {type(recipe).__name__}, but no Task with recipe_class = it")
    return found


Fitted = TypeVar("Fitted", bound=Codec)


def extended(codec: Fitted, before: Mapping[str, Codec], name: str) -> Fitted:
    """Extend another run's codec of this name, if it has one."""
    return codec.extending(before[name]) if name in before else codec


def embedding_parts(embedding: TextEmbedding, codecs: Mapping[str, Codec], below: str = "") -> dict[str, Part]:
    """Parts of an embedding of text; `below` is the beginning of their names inside the model's embedding."""
    return {
        f"embedding.{name}": Part(f"embedding.{below}parts.{number}.", part, codecs[name], section=f"embedding.{name}")
        for number, (name, part) in enumerate(embedding.parts.items())
    }


def plain_scores(scores: Mapping[str, Any]) -> dict[str, float]:
    """Keep the scores that are single numbers."""
    return {name: score for name, score in scores.items() if isinstance(score, float)}


class LabellingTask(Task, ABC):
    """Task that predicts labels."""

    @abstractmethod
    def words(self, split: Dataset) -> Column:
        """The words of each sequence of a split, to be shown."""

    @abstractmethod
    def label_pairs(self, model: SequenceModel, examples: Any) -> dict[str, LabelPairs]:
        """Gold and predicted label of every item, by label column."""
