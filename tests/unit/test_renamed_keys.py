"""Former names of recipe keys: each is answered with the present name, at its line and column."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import seqnlp.tasks
from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe import load_recipe
from seqnlp.spec import Spec
from seqnlp.tasks.registry import import_tasks

import_tasks()


class Key(NamedTuple):
    """A former key in a recipe that ships."""

    recipe: str
    section: str
    former: str
    present: str
    value: str = "1"
    settings: tuple[str, ...] = ()
    """Settings under which the recipe has the section."""

    @property
    def before(self) -> str:
        """Dotted former key."""
        return f"{self.section}.{self.former}" if self.section else self.former


KEYS = [
    Key("pos_gru", "training", "accumulate", "gradient_accumulation"),
    Key("pos_gru", "training", "average", "ema_decay", "0.99"),
    Key("series_gru", "training", "clip", "max_grad_norm", "1.0"),
    Key("translate_en_fr", "optimizer", "warmup", "warmup_ratio", "0.1"),
    Key("pos_gru", "optimizer", "warmup", "warmup_ratio", "0.1", ("optimizer.kind=sgd",)),
    Key("char_lstm", "data", "unit", "tokenizer", '"words"'),
    Key("translate_en_fr", "data", "unit", "tokenizer", "{ kind = 'words', min_count = 2 }"),
    Key("char_lstm", "data", "column", "text", '"text"'),
    Key("char_lstm", "training", "window", "bptt"),
    Key("char_lstm", "training", "random_windows", "variable_bptt", "true"),
    Key("word_lstm", "data.tokenizer", "most", "max_words"),
    Key("translate_en_fr", "data.tokenizer", "pieces", "vocab_size", "300"),
    Key("sst2", "embedding.subwords", "pieces", "vocab_size", "300"),
    Key("wnut17", "embedding.vectors", "most", "max_words", "300", ("embedding.vectors.file=glove.txt",)),
    Key("wnut17", "embedding.vectors", "tune", "trainable", "true", ("embedding.vectors.file=glove.txt",)),
    Key("pos_gru", "embedding.chars", "embedding", "embedding_size"),
    Key("pos_gru", "embedding.chars", "longest", "max_length", "40"),
    Key("pos_gru", "embedding.chars", "window", "kernel_size", "3"),
    Key("pos_gru", "embedding.words", "dropout", "word_dropout", "0.5"),
    Key("conll2000_chunk", "embedding.columns.pos", "dropout", "word_dropout", "0.5"),
    Key("pos_gru", "encoder", "variational", "variational_dropout", "true"),
    Key("translate_en_fr", "decoder", "embedding", "embedding_size"),
    Key("series_gru", "data", "past", "past_covariates", "['tram']"),
    Key("series_gru", "data", "known", "future_covariates", "['tram']"),
    Key("series_gru", "data", "look_back", "lookback"),
    Key("series_gru", "data", "season", "season_length"),
    Key("series_gru", "data", "window", "instance_norm", '"last"'),
    Key("etth1", "embedding", "segment", "segment_length"),
    Key("etth1", "decoder", "segment", "segment_length"),
    Key("etth1_dlinear", "decoder", "trend", "moving_average"),
    Key("char_lstm", "data.reader", "unit", "sample_by", '"line"', ("data.reader.kind=text",)),
    Key("sentiment_lstm", "data.reader", "quote", "quotechar", "'|'"),
    Key("sentiment_lstm", "data.reader", "numbers", "numeric_columns", "[]"),
    Key("series_gru", "data.reader", "numbers", "numeric_columns", "[]"),
    Key("ner_lstm_crf", "data.reader", "document", "document_separator", "'x'"),
    Key("translate_en_fr", "data", "joint", "joint_vocabulary", "true"),
    Key("translate_en_fr", "data", "tokenised", "pretokenized", "true"),
    Key("reverse_words", "data", "normalise", "unicode_normalization", "'nfc'"),
    Key("translate_en_fr", "data", "shortest", "min_length"),
    Key("translate_en_fr", "data", "longest", "max_length", "50"),
    Key("translate_en_fr", "data", "ratio", "max_ratio", "3.0"),
    Key("translate_en_fr", "search", "no_repeat", "no_repeat_ngram_size", "3"),
    Key("sst2", "ngrams", "rate", "lr_multiplier", "5.0"),
    Key("sst2", "ngrams", "start", "initial_weight", "0.3"),
    Key("sentiment_lstm", "data", "several", "multilabel", "true"),
    Key("conll2000_chunk", "data", "encode", "training_scheme", "'bio'"),
    Key("ewt_joint", "data", "weights", "loss_weights", "{ xpos = 0.5 }"),
]
each_key = pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.recipe}-{key.before}")


def faults(recipe: str | Path, *settings: str) -> list[Fault]:
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe, settings)
    return caught.value.faults


@each_key
def test_a_file_with_a_former_key_is_told_the_present_one(key: Key, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    header = f"[{key.section}]\n" if key.section else ""
    base = Path(seqnlp.tasks.__file__).parents[2] / "recipes" / f"{key.recipe}.toml"
    recipe.write_text(f'extends = "{base}"\n{header}{key.former} = {key.value}\n', encoding="utf-8")
    (fault,) = faults(recipe, *key.settings)
    line = 3 if key.section else 2
    assert fault == Fault(key.before, f"this key is now `{key.present}`", "", f"{recipe}:{line}:1")


@each_key
def test_a_setting_with_a_former_key_is_told_the_present_one(key: Key) -> None:
    setting = f"{key.before}={key.value}"
    (fault,) = faults(key.recipe, *key.settings, setting)
    assert fault == Fault(key.before, f"this key is now `{key.present}`", "", f"--set {setting}")


def specs(head: type[Spec] = Spec) -> Iterator[type[Spec]]:
    for spec in head.__subclasses__():
        yield spec
        yield from specs(spec)


def test_every_former_key_is_tried_and_every_present_one_exists() -> None:
    own = [spec for spec in specs() if spec.__module__.startswith("seqnlp.") and "renamed" in vars(spec)]
    renames = {(former, present) for spec in own for former, present in spec.renamed.items()}
    assert renames == {(key.former, key.present) for key in KEYS}
    for spec in own:
        assert not spec.renamed.keys() & spec.model_fields.keys()
        assert spec.model_fields.keys() >= set(spec.renamed.values())
