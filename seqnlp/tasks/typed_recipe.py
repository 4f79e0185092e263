"""Recipes in Python with types for every key, by `python -m seqnlp.pages`; not to be edited."""
# ruff: noqa
# fmt: off

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Required, TypeAlias, TypedDict, Unpack, final

from seqnlp.tasks.recipe_settings import RecipeSettings

if TYPE_CHECKING:
    from seqnlp.codecs.labels import LabelEncoding as LabelEncodingSpec
    from seqnlp.codecs.log_mel import LogMel as LogMelSpec
    from seqnlp.codecs.running_text import Tokenizer as TokenizerSpec
    from seqnlp.decoders.attention import Attention as AttentionSpec
    from seqnlp.decoders.base import TagDecoder as TagDecoderSpec
    from seqnlp.decoders.biaffine import Biaffine as BiaffineSpec
    from seqnlp.decoders.ctc import Ctc as CtcSpec
    from seqnlp.decoders.forecast.base import ForecastDecoder as ForecastDecoderSpec
    from seqnlp.decoders.forecast.outputs import Output as OutputSpec
    from seqnlp.decoders.linear import Linear as LinearSpec
    from seqnlp.decoders.next_token import NextToken as NextTokenSpec
    from seqnlp.decoders.pool import PoolDecoder as PoolDecoderSpec
    from seqnlp.embeddings.audio import FrameEmbedding as FrameEmbeddingSpec
    from seqnlp.embeddings.audio import SpecAugmentation as SpecAugmentationSpec
    from seqnlp.embeddings.chars import Chars as CharsSpec
    from seqnlp.embeddings.ngrams import NGramVotes as NGramVotesSpec
    from seqnlp.embeddings.raw_text import CharacterEmbedding as CharacterEmbeddingSpec
    from seqnlp.embeddings.series import SeriesEmbedding as SeriesEmbeddingSpec
    from seqnlp.embeddings.subwords import SubwordPieces as SubwordPiecesSpec
    from seqnlp.embeddings.text import TextEmbedding as TextEmbeddingSpec
    from seqnlp.embeddings.tokens import TokenEmbedding as TokenEmbeddingSpec
    from seqnlp.embeddings.tokens import Tokens as TokensSpec
    from seqnlp.embeddings.transformer import Transformer as TransformerSpec
    from seqnlp.embeddings.vectors import Vectors as VectorsSpec
    from seqnlp.embeddings.words import Words as WordsSpec
    from seqnlp.encoders.base import Encoder as EncoderSpec
    from seqnlp.optimizers.base import Optimizer as OptimizerSpec
    from seqnlp.readers.base import Reader as ReaderSpec
    from seqnlp.recipe.start import Start as StartSpec
    from seqnlp.tasks.classify.recipe import ClassifyData as ClassifyDataSpec
    from seqnlp.tasks.forecast.recipe import ForecastData as ForecastDataSpec
    from seqnlp.tasks.forecast.recipe import ForecastTraining as ForecastTrainingSpec
    from seqnlp.tasks.lm.embedding import Context as ContextSpec
    from seqnlp.tasks.lm.recipe import LmData as LmDataSpec
    from seqnlp.tasks.lm.recipe import LmTraining as LmTrainingSpec
    from seqnlp.tasks.segment.expander import Expander as ExpanderSpec
    from seqnlp.tasks.segment.recipe import Augmentation as AugmentationSpec
    from seqnlp.tasks.segment.recipe import SegmentData as SegmentDataSpec
    from seqnlp.tasks.segment.recipe import SegmentTraining as SegmentTrainingSpec
    from seqnlp.tasks.tag.recipe import TagData as TagDataSpec
    from seqnlp.tasks.transcribe.recipe import CtcSearch as CtcSearchSpec
    from seqnlp.tasks.transcribe.recipe import TranscribeData as TranscribeDataSpec
    from seqnlp.tasks.transcribe.recipe import TranscribeTraining as TranscribeTrainingSpec
    from seqnlp.tasks.translate.recipe import TranslateData as TranslateDataSpec
    from seqnlp.tasks.translate.recipe import TranslateTraining as TranslateTrainingSpec
    from seqnlp.tasks.translate.search import BeamSearch as BeamSearchSpec
    from seqnlp.training.loop import Training as TrainingSpec


class TagRecipeSettings(TypedDict, total=False):
    """Recipe of a model that labels every word of a sentence."""

    seed: int | None
    plugins: list[str] | None
    data: TagDataSettings | TagDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: TrainingSettings | TrainingSpec | None
    start: StartSettings | StartSpec | None
    embedding: TextEmbeddingSettings | TextEmbeddingSpec | None
    decoder: TagDecoderSection | None
    parser: BiaffineSettings | BiaffineSpec | None

class TagDataSettings(TypedDict, total=False):
    """A corpus of sentences whose words are labelled."""

    reader: ReaderSection
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    tokens: str | None
    labels: list[str] | None
    auxiliary: list[str] | None
    by_feature: list[str] | None
    label_codecs: dict[str, LabelEncodingSection] | None
    loss_weights: dict[str, float] | None
    scheme: Literal['bio', 'bioes', 'bilou', 'bmes', 'bmewo', 'iob1', 'ioe1', 'ioe2'] | None
    training_scheme: Literal['bio', 'bioes'] | None
    repair: bool | None

ReaderSection: TypeAlias = "Literal['audio', 'columns', 'conllu', 'conllu_words', 'csv', 'hub', 'jsonl', 'memory', 'parallel', 'series', 'text'] | AudioSettings | ColumnsSettings | ConlluSettings | ConlluWordsSettings | CsvSettings | HubSettings | JsonlSettings | MemorySettings | ParallelSettings | SeriesSettings | TextSettings | ReaderSpec"

class AudioSettings(TypedDict, total=False):
    """Recordings, a file a row: column `audio`, and those of a table or of a pattern of file names."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['audio']]
    file_column: str | None
    pattern: str | None

class ColumnsSettings(TypedDict, total=False):
    """CoNLL-style columns, a token and its annotations on each line: one list of strings a column."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['columns']]
    names: list[str]
    delimiter: str | None
    comment: str | None
    document_separator: str | None

class ConlluSettings(TypedDict, total=False):
    """CoNLL-U sentences: the nine columns as lists of strings, and `sent_id` and `text` as strings."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['conllu']]

class ConlluWordsSettings(TypedDict, total=False):
    """CoNLL-U, a word a row: those of its nine columns that are needed, as text."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['conllu_words']]
    distinct: bool | None

class CsvSettings(TypedDict, total=False):
    """CSV or TSV file: one string per column, or one number for `numeric_columns`."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    names: list[str] | None
    delimiter: str | None
    quotechar: str | None
    decimal: str | None
    thousands: str | None
    na_values: list[str] | None
    kind: Required[Literal['csv']]
    numeric_columns: list[str] | None

class HubSettings(TypedDict, total=False):
    """Dataset of the Hugging Face Hub, or a local folder or file. Class labels become their names."""

    max_line: int | None
    columns: dict[str, str] | None
    kind: Required[Literal['hub']]
    path: str
    config: str | None
    revision: str | None

class JsonlSettings(TypedDict, total=False):
    """JSON Lines: strings, numbers, `true` and `false`, and lists of strings or of numbers."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['jsonl']]

class MemorySettings(TypedDict, total=False):
    """Tables given in Python: `seqnlp.train(recipe, data={"train": table, "dev": table})`."""

    max_line: int | None
    columns: dict[str, str] | None
    kind: Required[Literal['memory']]

class ParallelSettings(TypedDict, total=False):
    """Parallel text, a pair of lines a row: columns `source` and `target`. Pairs of empty lines are skipped."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['parallel']]
    suffixes: list[str] | None
    names: list[str] | None

class SeriesSettings(TypedDict, total=False):
    """Time series: csv, tsv or parquet with a header, or a table in memory."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    names: list[str] | None
    delimiter: str | None
    quotechar: str | None
    decimal: str | None
    thousands: str | None
    na_values: list[str] | None
    kind: Required[Literal['series']]
    time: str | None
    date_format: str | None
    time_unit: Literal['s', 'ms', 'us', 'ns'] | None
    time_zone: str | None
    series: str | None
    numeric_columns: list[str] | None
    freq: str | None
    gaps: Literal['refuse', 'fill', 'ignore'] | None

class TextSettings(TypedDict, total=False):
    """Plain text: one column, `text`. A pattern such as `books/*.txt` names several files, one after the other."""

    max_line: int | None
    columns: dict[str, str] | None
    encoding: str | None
    kind: Required[Literal['text']]
    sample_by: Literal['line', 'paragraph', 'document'] | None

LabelEncodingSection: TypeAlias = "Literal['categorical', 'dependencies', 'edit_scripts', 'features'] | CategoricalSettings | DependencyEncodingSettings | EditScriptEncodingSettings | FeatureEncodingSettings | LabelEncodingSpec"

class CategoricalSettings(TypedDict, total=False):
    """Plain classes: each label is one."""

    kind: Literal['categorical']

class DependencyEncodingSettings(TypedDict, total=False):
    """Dependency trees: relations, with the heads of words in a column beside; predicted by a biaffine parser."""

    kind: Required[Literal['dependencies']]
    heads: str | None

class EditScriptEncodingSettings(TypedDict, total=False):
    """Lemmas, as edit scripts of their forms (Straka, 2018): casing, and edits around the longest common substring."""

    kind: Required[Literal['edit_scripts']]
    min_count: int | None
    dictionary: str | None

class FeatureEncodingSettings(TypedDict, total=False):
    """Lists of features such as `Case=Nom|Number=Sing`."""

    kind: Required[Literal['features']]

EncoderSection: TypeAlias = "Literal['gru', 'lstm', 'min_gru', 'mogrifier', 'none', 'rnn'] | GruSettings | LstmSettings | MinGruSettings | MogrifierSettings | NoEncoderSettings | RnnSettings | EncoderSpec"

class GruSettings(TypedDict, total=False):
    """Gated recurrent units (Cho et al., 2014): a quarter fewer weights than an LSTM of the same size."""

    size: int | None
    layers: int | None
    bidirectional: bool | None
    dropout: float | None
    variational_dropout: bool | None
    residual: bool | None
    weight_drop: float | None
    layer_norm: bool | None
    kind: Required[Literal['gru']]

class LstmSettings(TypedDict, total=False):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997): the fastest here, and the best memory."""

    size: int | None
    layers: int | None
    bidirectional: bool | None
    dropout: float | None
    variational_dropout: bool | None
    residual: bool | None
    weight_drop: float | None
    layer_norm: bool | None
    kind: Literal['lstm']

class MinGruSettings(TypedDict, total=False):
    """minGRU (Feng et al., 2024): gates see the input alone, so all products run at once, several times faster."""

    size: int | None
    layers: int | None
    bidirectional: bool | None
    dropout: float | None
    variational_dropout: bool | None
    residual: bool | None
    kind: Required[Literal['min_gru']]

class MogrifierSettings(TypedDict, total=False):
    """The Mogrifier LSTM (Melis et al., 2020): the best published LSTM language models, for twice the time."""

    size: int | None
    layers: int | None
    bidirectional: bool | None
    dropout: float | None
    variational_dropout: bool | None
    residual: bool | None
    kind: Required[Literal['mogrifier']]
    rounds: int | None
    rank: int | None
    weight_drop: float | None

class NoEncoderSettings(TypedDict, total=False):
    """Identity: embedded steps as they are, for decoders that read them themselves."""

    kind: Required[Literal['none']]

class RnnSettings(TypedDict, total=False):
    """The simple recurrent network (Elman, 1990): small, and soon forgetful."""

    size: int | None
    layers: int | None
    bidirectional: bool | None
    dropout: float | None
    variational_dropout: bool | None
    residual: bool | None
    weight_drop: float | None
    layer_norm: bool | None
    kind: Required[Literal['rnn']]
    activation: Literal['tanh', 'relu'] | None

OptimizerSection: TypeAlias = "Literal['adamw', 'sgd'] | AdamWSettings | SgdSettings | OptimizerSpec"

class AdamWSettings(TypedDict, total=False):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    lr: float | None
    schedule: Literal['constant', 'linear', 'cosine', 'one_cycle', 'slanted_triangular', 'plateau'] | None
    warmup_ratio: float | None
    kind: Literal['adamw']
    beta1: float | None
    beta2: float | None
    weight_decay: float | None

class SgdSettings(TypedDict, total=False):
    """Stochastic gradient descent, with Nesterov momentum if any."""

    lr: float | None
    schedule: Literal['constant', 'linear', 'cosine', 'one_cycle', 'slanted_triangular', 'plateau'] | None
    warmup_ratio: float | None
    kind: Required[Literal['sgd']]
    momentum: float | None
    weight_decay: float | None

class TrainingSettings(TypedDict, total=False):
    """Length, batches and safeguards of a training."""

    epochs: int | None
    batch_tokens: int | None
    gradient_accumulation: int | None
    max_grad_norm: float | None
    patience: int | None
    max_seconds: float | None
    evaluate_every: int | None
    ema_decay: float | None
    device: str | None
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] | None
    threads: int | None
    micro_batches: int | None
    save_every: float | None

class StartSettings(TypedDict, total=False):
    """Run whose weights and codecs the training starts from (transfer learning)."""

    run: str
    fresh: list[str] | None
    freeze: dict[str, int] | None
    gradual_unfreezing: bool | None
    layer_decay: float | None
    scores: bool | None

class TextEmbeddingSettings(TypedDict, total=False):
    """Concatenation of embeddings of the words in their sentences."""

    dropout: float | None
    columns: dict[str, WordsSettings | WordsSpec] | None
    chars: CharsSection | None
    context: ContextSettings | ContextSpec | None
    subwords: SubwordPiecesSettings | SubwordPiecesSpec | None
    tokens: TokensSettings | TokensSpec | None
    transformer: TransformerSettings | TransformerSpec | None
    vectors: VectorsSettings | VectorsSpec | None
    words: WordsSettings | WordsSpec | None

class WordsSettings(TypedDict, total=False):
    """Learned word vectors; rare words share that of the unknown word."""

    size: int | None
    min_count: int | None
    lowercase: bool | None
    word_dropout: float | None

CharsSection: TypeAlias = "Literal['cnn', 'lstm'] | CharCnnSettings | CharLstmSettings | CharsSpec"

class CharCnnSettings(TypedDict, total=False):
    """Convolution over characters with max-pooling (dos Santos and Zadrozny, 2014)."""

    size: int | None
    embedding_size: int | None
    min_count: int | None
    max_length: int | None
    kind: Literal['cnn']
    kernel_size: int | None

class CharLstmSettings(TypedDict, total=False):
    """Two final states of a BiLSTM over characters (Lample et al., 2016)."""

    size: int | None
    embedding_size: int | None
    min_count: int | None
    max_length: int | None
    kind: Required[Literal['lstm']]

class ContextSettings(TypedDict, total=False):
    """States of frozen language models at each word (contextual string embeddings; Akbik et al., 2018)."""

    forward: str | None
    backward: str | None
    layers: list[int] | None
    size: int | None

class SubwordPiecesSettings(TypedDict, total=False):
    """Mean of learned vectors of the word's subwords (after Bojanowski et al., 2017)."""

    size: int | None
    vocab_size: int | None
    model: Literal['bpe', 'unigram'] | None

class TokensSettings(TypedDict, total=False):
    """One learned vector for each token of `data.tokenizer`."""

    size: int | None
    token_dropout: float | None

class TransformerSettings(TypedDict, total=False):
    """States of a pretrained transformer (BERT, MiniLM, RoBERTa, ...), frozen or fine-tuned."""

    model: str
    revision: str | None
    layers: list[int] | None
    pooling: Literal['first', 'last', 'mean'] | None
    max_length: int | None
    size: int | None
    trainable: bool | None
    lr: float | None
    warmup_ratio: float | None

class VectorsSettings(TypedDict, total=False):
    """Pretrained word vectors (GloVe, word2vec, fastText) from a file or an installed package."""

    file: str | None
    package: str | None
    words: str | None
    max_words: int | None
    max_subwords: int | None
    trainable: bool | None

TagDecoderSection: TypeAlias = "Literal['crf', 'linear'] | CrfSettings | LinearSettings | TagDecoderSpec"

class CrfSettings(TypedDict, total=False):
    """A linear-chain CRF: emissions from a linear map, and transition scores."""

    constrained: bool | None
    kind: Required[Literal['crf']]
    dropout: float | None

class LinearSettings(TypedDict, total=False):
    """A linear map and a softmax at each step."""

    constrained: bool | None
    kind: Literal['linear']
    dropout: float | None
    label_smoothing: float | None
    calibrate: bool | None

class BiaffineSettings(TypedDict, total=False):
    """`[parser]` section: biaffine parser of label columns of the kind `dependencies`."""

    arc_size: int | None
    relation_size: int | None
    dropout: float | None

class ClassifyRecipeSettings(TypedDict, total=False):
    """Recipe of a model that labels texts."""

    seed: int | None
    plugins: list[str] | None
    data: ClassifyDataSettings | ClassifyDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: TrainingSettings | TrainingSpec | None
    start: StartSettings | StartSpec | None
    embedding: TextEmbeddingSettings | TextEmbeddingSpec | None
    decoder: PoolDecoderSection | None
    ngrams: NGramVotesSettings | NGramVotesSpec | None

class ClassifyDataSettings(TypedDict, total=False):
    """A corpus of texts with labels."""

    reader: ReaderSection
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    text: str | None
    tokens: str | None
    tokenizer: TokenizerSection | None
    label: str | None
    multilabel: bool | None
    separator: str | None

TokenizerSection: TypeAlias = "Literal['characters', 'subwords', 'words'] | CharacterTokenizerSettings | SubwordTokenizerSettings | WordTokenizerSettings | TokenizerSpec"

class CharacterTokenizerSettings(TypedDict, total=False):
    """Characters: a small vocabulary."""

    kind: Literal['characters']
    min_count: int | None

class SubwordTokenizerSettings(TypedDict, total=False):
    """Subwords on bytes: no text has unknown tokens."""

    kind: Required[Literal['subwords']]
    vocab_size: int | None
    model: Literal['bpe', 'unigram'] | None

class WordTokenizerSettings(TypedDict, total=False):
    """Words, signs and line breaks; a word includes the blank before it."""

    kind: Required[Literal['words']]
    min_count: int | None
    max_words: int | None

PoolDecoderSection: TypeAlias = "Literal['attention', 'concat', 'last', 'max', 'mean'] | AttentionPoolSettings | ConcatPoolSettings | LastPoolSettings | MaxPoolSettings | MeanPoolSettings | PoolDecoderSpec"

class AttentionPoolSettings(TypedDict, total=False):
    """Attention pooling: a mean with learned weights (Yang et al., 2016)."""

    dropout: float | None
    label_smoothing: float | None
    class_weights: Literal['balanced'] | dict[str, float] | None
    calibrate: bool | None
    kind: Required[Literal['attention']]
    size: int | None

class ConcatPoolSettings(TypedDict, total=False):
    """Last step, maximum and mean side by side (concat pooling; Howard and Ruder, 2018)."""

    dropout: float | None
    label_smoothing: float | None
    class_weights: Literal['balanced'] | dict[str, float] | None
    calibrate: bool | None
    kind: Required[Literal['concat']]

class LastPoolSettings(TypedDict, total=False):
    """Last step; of a bidirectional encoder the first one beside it."""

    dropout: float | None
    label_smoothing: float | None
    class_weights: Literal['balanced'] | dict[str, float] | None
    calibrate: bool | None
    kind: Required[Literal['last']]

class MaxPoolSettings(TypedDict, total=False):
    """Maximum of each feature over the steps."""

    dropout: float | None
    label_smoothing: float | None
    class_weights: Literal['balanced'] | dict[str, float] | None
    calibrate: bool | None
    kind: Literal['max']

class MeanPoolSettings(TypedDict, total=False):
    """Mean of all steps."""

    dropout: float | None
    label_smoothing: float | None
    class_weights: Literal['balanced'] | dict[str, float] | None
    calibrate: bool | None
    kind: Required[Literal['mean']]

class NGramVotesSettings(TypedDict, total=False):
    """Linear model over n-grams, trained with the network (wide and deep; Cheng et al., 2016)."""

    words: int | None
    chars: list[int] | None
    min_count: int | None
    lowercase: bool | None
    initial_weight: float | None
    lr_multiplier: float | None
    dropout: float | None

class LmRecipeSettings(TypedDict, total=False):
    """Recipe of a model that predicts the next token of a text."""

    seed: int | None
    plugins: list[str] | None
    data: LmDataSettings | LmDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: LmTrainingSettings | LmTrainingSpec | None
    start: StartSettings | StartSpec | None
    embedding: TokenEmbeddingSettings | TokenEmbeddingSpec | None
    decoder: NextTokenSettings | NextTokenSpec | None

class LmDataSettings(TypedDict, total=False):
    """Running text. Splits may be parts of one file: `"input.txt[:90%]"`, counted in characters."""

    reader: ReaderSection | None
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    tokenizer: TokenizerSection | None
    text: str | None
    direction: Literal['forward', 'backward'] | None

class LmTrainingSettings(TypedDict, total=False):
    """Settings of truncated backpropagation through time."""

    epochs: int | None
    batch_tokens: int | None
    gradient_accumulation: int | None
    max_grad_norm: float | None
    patience: int | None
    max_seconds: float | None
    evaluate_every: int | None
    ema_decay: float | None
    device: str | None
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] | None
    threads: int | None
    micro_batches: int | None
    save_every: float | None
    bptt: int | None
    variable_bptt: bool | None
    state_reset: float | None

class TokenEmbeddingSettings(TypedDict, total=False):
    """One learned vector per token."""

    size: int | None
    dropout: float | None
    token_dropout: float | None

class NextTokenSettings(TypedDict, total=False):
    """A softmax over the vocabulary, at every step."""

    dropout: float | None
    tied: bool | None

class TranslateRecipeSettings(TypedDict, total=False):
    """Recipe of a model that turns a sentence into another."""

    seed: int | None
    plugins: list[str] | None
    data: TranslateDataSettings | TranslateDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: TranslateTrainingSettings | TranslateTrainingSpec | None
    start: StartSettings | StartSpec | None
    embedding: TokenEmbeddingSettings | TokenEmbeddingSpec | None
    shared_embedding: bool | None
    source_context: ContextSettings | ContextSpec | None
    decoder: AttentionSettings | AttentionSpec | None
    search: BeamSearchSettings | BeamSearchSpec | None

class TranslateDataSettings(TypedDict, total=False):
    """A corpus of sentences and their translations."""

    reader: ReaderSection | None
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    source: str | None
    target: str | None
    tokenizer: TokenizerSection | None
    joint_vocabulary: bool | None
    pretokenized: bool | None
    lowercase: bool | None
    unicode_normalization: Literal['nfc', 'nfd', 'nfkc', 'nfkd'] | None
    min_length: int | None
    max_length: int | None
    max_ratio: float | None

class TranslateTrainingSettings(TypedDict, total=False):
    """Settings of the training loop."""

    epochs: int | None
    batch_tokens: int | None
    gradient_accumulation: int | None
    max_grad_norm: float | None
    patience: int | None
    max_seconds: float | None
    evaluate_every: int | None
    ema_decay: float | None
    device: str | None
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] | None
    threads: int | None
    micro_batches: int | None
    save_every: float | None
    metric: Literal['nats', 'bleu', 'exact_match'] | None

class AttentionSettings(TypedDict, total=False):
    """Recurrent layers that attend to the source."""

    attention: Literal['additive', 'dot', 'general'] | None
    heads: int | None
    cell: EncoderSection | None
    size: int | None
    layers: int | None
    embedding_size: int | None
    bridge: Literal['last', 'mean', 'none'] | None
    input_feeding: bool | None
    tied: bool | None
    dropout: float | None
    label_smoothing: float | None

class BeamSearchSettings(TypedDict, total=False):
    """Settings of the beam search; `seqnlp translate` and `evaluate` go by them too."""

    beam: int | None
    length_penalty: Literal['gnmt', 'average', 'none'] | None
    alpha: float | None
    no_repeat_ngram_size: int | None
    unknown: Literal['copy', 'keep', 'avoid'] | None
    max_ratio: float | None
    max_extra: int | None

class ForecastRecipeSettings(TypedDict, total=False):
    """Recipe of a model that continues series of numbers."""

    seed: int | None
    plugins: list[str] | None
    data: ForecastDataSettings | ForecastDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: ForecastTrainingSettings | ForecastTrainingSpec | None
    start: StartSettings | StartSpec | None
    embedding: SeriesEmbeddingSettings | SeriesEmbeddingSpec | None
    decoder: ForecastDecoderSection | None

class ForecastDataSettings(TypedDict, total=False):
    """Series of numbers. Splits may be periods of one file: `"load.csv[:70%]"`, `"load.csv[2017-07-01:2017-11-01]"`."""

    reader: ReaderSection | None
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    targets: list[str] | None
    past_covariates: list[str] | None
    future_covariates: list[str] | None
    calendar: list[Literal['minute', 'hour', 'weekday', 'day', 'month', 'yearday']] | None
    channels: Literal['independent', 'joint'] | None
    lookback: int | None
    horizon: int | None
    season_length: int | None
    instance_norm: Literal['none', 'last', 'standard'] | None
    affine: bool | None
    missing: Literal['refuse', 'mask'] | None

class ForecastTrainingSettings(TypedDict, total=False):
    """Settings of the training loop."""

    epochs: int | None
    batch_tokens: int | None
    gradient_accumulation: int | None
    max_grad_norm: float | None
    patience: int | None
    max_seconds: float | None
    evaluate_every: int | None
    ema_decay: float | None
    device: str | None
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] | None
    threads: int | None
    micro_batches: int | None
    save_every: float | None
    stride: int | None

class SeriesEmbeddingSettings(TypedDict, total=False):
    """Look-back as the encoder's steps."""

    segment_length: int | None
    size: int | None
    dropout: float | None

ForecastDecoderSection: TypeAlias = "Literal['direct', 'linear', 'recursive', 'segments'] | DirectSettings | LinearMapSettings | RecursiveSettings | SegmentsSettings | ForecastDecoderSpec"

class DirectSettings(TypedDict, total=False):
    """Direct forecast: every step of the horizon by a linear map of the last state."""

    output: OutputSection | None
    dropout: float | None
    calibrate: bool | None
    kind: Literal['direct']

OutputSection: TypeAlias = "Literal['gaussian', 'point', 'quantiles'] | GaussianOutputSettings | PointOutputSettings | QuantileOutputSettings | OutputSpec"

class GaussianOutputSettings(TypedDict, total=False):
    """Gaussian forecast, trained by its likelihood."""

    kind: Required[Literal['gaussian']]

class PointOutputSettings(TypedDict, total=False):
    """Point forecast."""

    kind: Literal['point']
    loss: Literal['mse', 'mae', 'huber'] | None

class QuantileOutputSettings(TypedDict, total=False):
    """Quantile forecast, trained by the pinball loss; the median is the point forecast."""

    kind: Required[Literal['quantiles']]
    levels: list[float] | None

class LinearMapSettings(TypedDict, total=False):
    """Linear map from all values of the look-back to the horizon (Zeng et al., 2023)."""

    output: OutputSection | None
    dropout: float | None
    calibrate: bool | None
    kind: Required[Literal['linear']]
    moving_average: int | None
    individual: bool | None

class RecursiveSettings(TypedDict, total=False):
    """Recursive forecast: a recurrent layer continues from the last state, and reads its own forecasts."""

    output: OutputSection | None
    dropout: float | None
    calibrate: bool | None
    kind: Required[Literal['recursive']]
    cell: EncoderSection | None
    size: int | None

class SegmentsSettings(TypedDict, total=False):
    """Forecast in segments, each by one recurrent step from the last state (SegRNN; Lin et al., 2023)."""

    output: OutputSection | None
    dropout: float | None
    calibrate: bool | None
    kind: Required[Literal['segments']]
    segment_length: int | None
    size: int | None

class TranscribeRecipeSettings(TypedDict, total=False):
    """Recipe of a model that writes down what is said."""

    seed: int | None
    plugins: list[str] | None
    data: TranscribeDataSettings | TranscribeDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: TranscribeTrainingSettings | TranscribeTrainingSpec | None
    start: StartSettings | StartSpec | None
    features: LogMelSettings | LogMelSpec | None
    tokenizer: TokenizerSection | None
    embedding: FrameEmbeddingSection | None
    decoder: CtcSettings | CtcSpec | None
    search: CtcSearchSettings | CtcSearchSpec | None

class TranscribeDataSettings(TypedDict, total=False):
    """Recordings and their texts: reader `audio`, or `hub` with a column of audio."""

    reader: ReaderSection
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    audio: str | None
    text: str | None
    lowercase: bool | None
    sample_rate: int | None
    resample: bool | None
    min_seconds: float | None
    max_seconds: float | None
    unusable: Literal['refuse', 'skip'] | None

class TranscribeTrainingSettings(TypedDict, total=False):
    """Settings of the training loop."""

    epochs: int | None
    batch_tokens: int | None
    gradient_accumulation: int | None
    max_grad_norm: float | None
    patience: int | None
    max_seconds: float | None
    evaluate_every: int | None
    ema_decay: float | None
    device: str | None
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] | None
    threads: int | None
    micro_batches: int | None
    save_every: float | None

class LogMelSettings(TypedDict, total=False):
    """`[features]` section: log-mel spectrograms, as librosa computes them."""

    window_ms: float | None
    hop_ms: float | None
    mels: int | None
    f_min: float | None
    f_max: float | None
    top_db: float | None
    normalize: Literal['utterance', 'corpus', 'none'] | None

FrameEmbeddingSection: TypeAlias = "Literal['conv', 'stack'] | ConvolvedFramesSettings | StackedFramesSettings | FrameEmbeddingSpec"

class ConvolvedFramesSettings(TypedDict, total=False):
    """Strided convolutions over time, each with ReLU; the bands are the channels of the first."""

    stride: int | None
    dropout: float | None
    spec_augment: SpecAugmentationSettings | SpecAugmentationSpec | None
    kind: Required[Literal['conv']]
    size: int | None
    kernel_size: int | None
    layers: int | None

class SpecAugmentationSettings(TypedDict, total=False):
    """Masks on the features in training (SpecAugment; Park et al., 2019)."""

    freq_masks: int | None
    freq_width: int | None
    time_masks: int | None
    time_width: int | None
    time_share: float | None
    freq_warp: float | None

class StackedFramesSettings(TypedDict, total=False):
    """Frames side by side, with those around them if wanted; no weights but those of a linear layer."""

    stride: int | None
    dropout: float | None
    spec_augment: SpecAugmentationSettings | SpecAugmentationSpec | None
    kind: Literal['stack']
    context: int | None
    size: int | None

class CtcSettings(TypedDict, total=False):
    """Softmax over labels and the blank at each step; the loss sums over all alignments."""

    dropout: float | None

class CtcSearchSettings(TypedDict, total=False):
    """`[search]` section: search for the text, given the probabilities of all steps."""

    beam: int | None
    language_model: str | None
    lm_weight: float | None
    length_bonus: float | None

class SegmentRecipeSettings(TypedDict, total=False):
    """Recipe of a model that finds tokens and sentences in running text."""

    seed: int | None
    plugins: list[str] | None
    data: SegmentDataSettings | SegmentDataSpec
    encoder: EncoderSection | None
    optimizer: OptimizerSection | None
    training: SegmentTrainingSettings | SegmentTrainingSpec | None
    start: StartSettings | StartSpec | None
    augmentation: AugmentationSettings | AugmentationSpec | None
    embedding: CharacterEmbeddingSettings | CharacterEmbeddingSpec | None
    decoder: LinearSettings | LinearSpec | None
    expander: ExpanderSettings | ExpanderSpec | None

class SegmentDataSettings(TypedDict, total=False):
    """A treebank in CoNLL-U, or plain sentences."""

    reader: ReaderSection | None
    train: str
    dev: str | int | float | None
    test: str | int | float | None
    folds: int | None
    fold: int | None
    split_seed: int | None
    keep_in_memory: bool | None
    streaming: bool | None
    shuffle_block_size: int | None
    sample_size: int | None
    text: str | None
    tokenize: Literal['rules', 'blanks'] | None
    sentence_separator: Literal[' ', ''] | None
    min_count: int | None

class SegmentTrainingSettings(TypedDict, total=False):
    """Settings of the training loop."""

    epochs: int | None
    batch_tokens: int | None
    gradient_accumulation: int | None
    max_grad_norm: float | None
    patience: int | None
    max_seconds: float | None
    evaluate_every: int | None
    ema_decay: float | None
    device: str | None
    precision: Literal['auto', 'fp32', 'bf16', 'fp16'] | None
    threads: int | None
    micro_batches: int | None
    save_every: float | None
    block_size: int | None

class AugmentationSettings(TypedDict, total=False):
    """`[augmentation]` section: random changes of the training text."""

    lowercase: float | None
    drop_final: float | None
    join_paragraphs: float | None

class CharacterEmbeddingSettings(TypedDict, total=False):
    """Character embedding with a convolution."""

    size: int | None
    filters: int | None
    kernel_size: int | None
    dropout: float | None
    char_dropout: float | None

class ExpanderSettings(TypedDict, total=False):
    """`[expander]` section: model of multiword tokens that train lacks, a recurrent encoder and decoder with attention."""

    size: int | None
    embedding_size: int | None
    dropout: float | None
    char_dropout: float | None
    share: float | None
    beam: int | None


@final
class Recipe(RecipeSettings):
    """Recipe in Python: `Recipe.classify(encoder={"kind": "gru", "size": 64})`, validated at once.

    Keys and values are those of a recipe file. A section is a dictionary, the name of a kind, or a spec, such as
    `seqnlp.encoders.Gru(size=64)`; a key that is None is left out.
    """

    @classmethod
    def tag(cls, **settings: Unpack[TagRecipeSettings]) -> Recipe:
        """Recipe of a tagger."""
        return cls({"task": "tag", **settings})

    @classmethod
    def classify(cls, **settings: Unpack[ClassifyRecipeSettings]) -> Recipe:
        """Recipe of a classifier."""
        return cls({"task": "classify", **settings})

    @classmethod
    def lm(cls, **settings: Unpack[LmRecipeSettings]) -> Recipe:
        """Recipe of a language model."""
        return cls({"task": "lm", **settings})

    @classmethod
    def translate(cls, **settings: Unpack[TranslateRecipeSettings]) -> Recipe:
        """Recipe of a translator."""
        return cls({"task": "translate", **settings})

    @classmethod
    def forecast(cls, **settings: Unpack[ForecastRecipeSettings]) -> Recipe:
        """Recipe of a forecaster."""
        return cls({"task": "forecast", **settings})

    @classmethod
    def transcribe(cls, **settings: Unpack[TranscribeRecipeSettings]) -> Recipe:
        """Recipe of a transcriber."""
        return cls({"task": "transcribe", **settings})

    @classmethod
    def segment(cls, **settings: Unpack[SegmentRecipeSettings]) -> Recipe:
        """Recipe of a segmenter."""
        return cls({"task": "segment", **settings})
