"""Codecs turn raw columns into integers and back."""

from seqnlp.codecs.characters import Characters
from seqnlp.codecs.dependencies import Dependencies, DependencyEncoding
from seqnlp.codecs.edit_scripts import EditScriptEncoding, EditScripts
from seqnlp.codecs.features import FeatureEncoding, Features
from seqnlp.codecs.labels import Categorical, LabelCodec, LabelEncoding, Labels
from seqnlp.codecs.ngrams import NGrams
from seqnlp.codecs.running_text import RunningText, Tokenizer
from seqnlp.codecs.series import SeriesScaler
from seqnlp.codecs.subwords import Subwords
from seqnlp.codecs.text import Codec, Column, EncodedText, TextCodec, TextFeatures, TokenizedText, WordCodec
from seqnlp.codecs.vectors import WordVectors
from seqnlp.codecs.vocabulary import ColumnVocabulary, Vocabulary

__all__ = [
    "Categorical",
    "Characters",
    "Codec",
    "Column",
    "ColumnVocabulary",
    "Dependencies",
    "DependencyEncoding",
    "EditScriptEncoding",
    "EditScripts",
    "EncodedText",
    "FeatureEncoding",
    "Features",
    "LabelCodec",
    "LabelEncoding",
    "Labels",
    "NGrams",
    "RunningText",
    "SeriesScaler",
    "Subwords",
    "TextCodec",
    "TextFeatures",
    "TokenizedText",
    "Tokenizer",
    "Vocabulary",
    "WordCodec",
    "WordVectors",
]
