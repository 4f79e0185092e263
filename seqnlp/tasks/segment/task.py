"""Segmentation of running text: a label for every character."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Self, final

from seqnlp.codecs import Codec, Labels
from seqnlp.codecs.expansion_spelling import ExpansionSpelling
from seqnlp.codecs.expansions import Expansions
from seqnlp.codecs.running_text import UNKNOWN, CharacterText
from seqnlp.decoders import DecoderModule
from seqnlp.embeddings import PathResolver
from seqnlp.errors import DataError
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.tasks.base import Codecs, ItemRow, Part, Scores, Task, extended, plain_scores
from seqnlp.tasks.segment.characters import as_text
from seqnlp.tasks.segment.corpus import MULTIWORD, NAMES, SegmentSplit
from seqnlp.tasks.segment.dataset import BOUNDARY, SegmentDataset
from seqnlp.tasks.segment.expander import EXPANSION, ExpanderModule, ExpansionPairs, TokenExpander
from seqnlp.tasks.segment.predictor import Segmenter
from seqnlp.tasks.segment.preview import preview
from seqnlp.tasks.segment.recipe import SegmentRecipe
from seqnlp.tasks.segment.scores import (
    by_rules,
    expansion_scores,
    gold_analysis,
    segment_scores,
    sentence_rows,
    sentence_scores,
    system_analysis,
)
from seqnlp.training import Metric, Preview, Training

SPELLING = "spelling"
"""Name of the codec of a model of multiword tokens."""


@final
class SegmentTask(Task):
    """Segmentation with fitted codecs."""

    recipe_class = SegmentRecipe
    step_name = "character"
    items_name = "characters"
    metric = Metric("f1")

    def __init__(
        self,
        recipe: SegmentRecipe,
        characters: CharacterText,
        expansions: Expansions,
        spelling: ExpansionSpelling | None = None,
    ) -> None:
        """Store the codecs; `spelling` is that of a model of multiword tokens."""
        self.recipe, self.characters, self.expansions, self.spelling = recipe, characters, expansions, spelling
        self.labels = Labels(NAMES if len(expansions) else NAMES[:MULTIWORD])

    @classmethod
    def fit(cls, recipe: SegmentRecipe, train: SegmentSplit, find: PathResolver) -> Self:
        """Number the characters; collect the multiword tokens."""
        return cls.fit_from(recipe, train, find, {})

    @classmethod
    def fit_from(
        cls, recipe: SegmentRecipe, train: SegmentSplit, find: PathResolver, before: Mapping[str, Codec]
    ) -> Self:
        characters = CharacterText.fit([as_text(train.characters.codes)], recipe.data.min_count)
        if len(train) < 2:
            raise DataError("one sentence; a segmenter needs several", train.name)
        characters = extended(characters, before, "characters")
        expansions = Expansions.fit(train.multiword, train.blanks_inside)
        spelling = None if recipe.expander is None else ExpansionSpelling.fit_enough(expansions.examples)
        return cls(recipe, characters, expansions, spelling)

    @classmethod
    def restore(cls, recipe: SegmentRecipe, codecs: Codecs) -> Self:
        characters = CharacterText.from_json(dict(codecs["characters"]))
        expansions = Expansions.from_json(dict(codecs["expansions"]))
        spelling = ExpansionSpelling.from_json(codecs[SPELLING]) if SPELLING in codecs else None
        return cls(recipe, characters, expansions, spelling)

    def codecs(self) -> dict[str, Codec]:
        spelling = {} if self.spelling is None else {SPELLING: self.spelling}
        return {"characters": self.characters, "expansions": self.expansions, **spelling}

    def parts(self) -> dict[str, Part]:
        recipe = self.recipe
        found = {
            "embedding.characters": Part("embedding.", recipe.embedding, self.characters),
            "encoder": Part("encoder.", recipe.encoder),
            "decoder.boundary": Part("heads.0.", recipe.decoder, self.labels),
        }
        if recipe.expander is not None and self.spelling is not None:
            found["decoder.expansion"] = Part("heads.1.", recipe.expander, self.spelling, section="expander")
        return found

    def encode(self, split: SegmentSplit, batch_tokens: int) -> SegmentDataset:
        recipe = self.recipe
        return SegmentDataset(
            split, self.characters, batch_tokens, recipe.training.block_size, recipe.augmentation, self.pairs
        )

    @cached_property
    def pairs(self) -> ExpansionPairs | None:
        """Multiword tokens that a model of them learns from."""
        if self.recipe.expander is None or self.spelling is None:
            return None
        return ExpansionPairs(self.recipe.expander, self.spelling, self.expansions.examples)

    def notices(self, examples: SegmentDataset) -> list[str]:
        unknown = int((examples.encoded.index == UNKNOWN).sum())
        told = [f"{unknown / examples.items:.2%} of its characters ({unknown:,}) are unknown"] if unknown else []
        if not len(self.expansions) and (several := sum(1 for _ in examples.split.multiword)):
            told.append(f"{several:,} multiword tokens, of which train has none: they always count as wrong")
        return told

    def build(self) -> SequenceModel:
        embedding = self.recipe.embedding.build(len(self.characters))
        encoder = self.recipe.encoder.build(embedding.width)
        decoder = self.recipe.decoder.build(encoder.width, self.labels)
        decoders: dict[str, DecoderModule] = {BOUNDARY: decoder}
        if self.recipe.expander is not None and self.spelling is not None:
            decoders[EXPANSION] = self.recipe.expander.build(len(self.spelling))
        return SequenceModel(embedding, encoder, decoders)

    def score(self, model: SequenceModel, examples: SegmentDataset) -> Scores:
        """F1 of tokens, sentences and words of the running text; accuracy on multiword tokens that train lacks."""
        segmenter, split = self.predictor(model), examples.split
        found = segmenter.segment(split.text)
        new = {token: words for token, words in split.multiword if self.expansions.known(token) is None}
        return {
            **segment_scores(gold_analysis(split.sentences), system_analysis(found)),
            **expansion_scores(new, segmenter.expander.expand(new)),
        }

    def item_scores(self, model: SequenceModel, examples: SegmentDataset) -> ItemScores:
        """F1 of tokens and sentences by sentence."""
        found = self.predictor(model).segment(examples.split.text)
        return sentence_scores(gold_analysis(examples.split.sentences), system_analysis(found))

    def item_rows(self, model: SequenceModel, dataset: SegmentDataset, table: SegmentSplit) -> Iterator[ItemRow]:
        """Each gold sentence with its tokens, and those found in it."""
        found = self.predictor(model).segment(dataset.split.text)
        yield from sentence_rows(gold_analysis(dataset.split.sentences), system_analysis(found))

    def baselines(
        self, splits: Mapping[str, SegmentDataset], training: Training, seed: int
    ) -> dict[str, dict[str, Scores]]:
        """Rules: the word splitter, and a few signs that end sentences."""
        return {
            name: {
                "rules": plain_scores(segment_scores(gold_analysis(examples.split.sentences), by_rules(examples.split)))
            }
            for name, examples in splits.items()
            if name != "train"
        }

    def preview(self, dev: SegmentSplit, seed: int) -> Preview:
        return preview(dev, seed, self.predictor)

    def predictor(self, model: SequenceModel) -> Segmenter:
        expander = TokenExpander(self.expansions)
        if self.recipe.expander is not None and self.spelling is not None:
            module = model.decoder(EXPANSION, ExpanderModule)
            expander = TokenExpander(self.expansions, self.spelling, module, self.recipe.expander.beam)
        return Segmenter(model, self.characters, expander)
