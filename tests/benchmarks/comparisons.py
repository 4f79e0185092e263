"""The comparisons: this project and one peer each, on one corpus."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.contestants import Backtested, Contestant, Script, Seqnlp, Setting
from tests.benchmarks.environments import Environment
from tests.benchmarks.process import Failed, measure
from tests.benchmarks.results import Compared, Run, Sitting


@dataclass(frozen=True)
class Comparison:
    name: str
    peer: str
    what: str
    """A sentence about the work, equal or not."""
    items: str
    metric: str
    contestants: tuple[Contestant, Contestant]
    seconds: float = 20.0
    """Time that each training has."""
    higher_is_better: bool = True
    whole: bool = False
    """True if whole commands are compared, since the work of a training is not alike."""
    prepare: Callable[[Path, Path], None] | None = None
    """Write corpora in a simpler format, given the folders of corpora and of the results."""

    def measure(
        self, corpora: Path, peers: Path, work: Path, seconds: float | None, rounds: int, tell: Callable[[str], None]
    ) -> Compared:
        """Let the contestants take turns; what can't be run is told in `problem`."""
        sitting = Sitting.now()
        runs: list[Run] = []
        try:
            versions = {}
            for contestant in self.contestants:
                if contestant.environment.name:
                    tell(f"{self.name}: installing {contestant.name}, if it is not there yet")
                contestant.environment.make(peers)
                versions[contestant.name] = contestant.environment.versions(peers)
            prepared = work / "prepared" / self.name
            prepared.mkdir(parents=True, exist_ok=True)
            if self.prepare is not None:
                self.prepare(corpora, prepared)
            for number in range(rounds):
                for contestant in self.contestants:
                    tell(f"{self.name}: round {number + 1} of {rounds}, {contestant.name}")
                    out = work / f"{self.name}_{number + 1}_{contestant.name}".replace(" ", "_")
                    out.mkdir()
                    setting = Setting(corpora, prepared, out, self.seconds if seconds is None else seconds)
                    commands = contestant.commands(contestant.environment.python(peers), setting)
                    spent = measure(commands, out, limit=600 + 10 * setting.seconds)
                    outcome = contestant.outcome(out, spent.output)
                    told = [
                        _told(command, {contestant.environment.python(peers): _python(contestant), out: "out",
                                        prepared: "prepared", corpora: "corpora", Path(__file__).parents[2]: "."})
                        for command in commands
                    ]  # fmt: skip
                    runs.append(
                        Run(
                            contestant=contestant.name,
                            commands=told,
                            versions=versions[contestant.name],
                            items=outcome.items,
                            training_seconds=outcome.training_seconds,
                            seconds=spent.seconds,
                            peak_bytes=spent.peak_bytes,
                            score=outcome.score,
                            others=spent.others,
                        )
                    )
        except (Failed, FileNotFoundError) as error:
            return Compared(sitting=sitting, problem=_without_paths(str(error), corpora, peers, work))
        return Compared(sitting=sitting, runs=runs)


def _python(contestant: Contestant) -> str:
    return f"peers/{contestant.environment.name}/bin/python" if contestant.environment.name else "python"


def _told(command: list[str], names: dict[Path, str]) -> str:
    """The command line without the paths of one machine."""
    line = " ".join(f'"{part}"' if " " in part else part for part in command)
    for path, name in names.items():
        line = line.replace(str(path), name)
    return line.replace(" ./", " ")


def _without_paths(text: str, corpora: Path, peers: Path, work: Path) -> str:
    for path, name in ((corpora, "corpora"), (peers, "peers"), (work, "work"), (Path.home(), "~")):
        text = text.replace(str(path), name)
    return text


def tagged_sentences(corpora: Path, folder: Path) -> None:
    """Words and UPOS of the English Web Treebank, as pairs of lists."""
    for split in ("train", "test"):
        sentences: list[tuple[list[str], list[str]]] = [([], [])]
        with (corpora / f"ewt/en_ewt-ud-{split}.conllu").open(encoding="utf-8") as lines:
            for line in lines:
                cells = line.rstrip("\n").split("\t")
                if len(cells) == 10 and cells[0].isdigit():  # no ranges, no empty nodes
                    sentences[-1][0].append(cells[1])
                    sentences[-1][1].append(cells[3])
                elif not line.strip():
                    sentences.append(([], []))
        written = [sentence for sentence in sentences if sentence[0]]
        (folder / f"{split}.json").write_text(json.dumps(written), encoding="utf-8")


def first_captions(corpora: Path, folder: Path) -> None:
    """The first 200 sentences of the test of Multi30k: models of a short training write very long translations."""
    for language in ("en", "de"):
        lines = (corpora / f"multi30k/test_2016_flickr.lc.norm.tok.{language}").read_text(encoding="utf-8").split("\n")
        (folder / f"test.{language}").write_text("\n".join(lines[:200]) + "\n", encoding="utf-8")


EWT = {split: f"ewt/en_ewt-ud-{split}.conllu" for split in ("train", "dev", "test")}
SST2 = {split: f"sst2/{split}.tsv" for split in ("train", "dev", "test")}
SCIKIT = Environment("scikit-learn", ("scikit-learn",), ("scikit-learn", "numpy"))
TAGGING = ("{prepared}", "--seconds", "{seconds}")


def _tagging(name: str, peer: str, script: str, what: str, environment: Environment) -> Comparison:
    contestants = (Seqnlp("ewt_upos", EWT, "accuracy"), Script(peer, script, TAGGING, environment))
    return Comparison(f"ewt-{name}", peer, what, "words", "accuracy", contestants, prepare=tagged_sentences)


COMPARISONS = (
    _tagging(
        "flair",
        "Flair",
        "flair_tagger.py",
        "UPOS of the English Web Treebank: a BiLSTM of 200 units in each direction over words and spellings. Flair "
        "reads spellings with an LSTM, this project with a convolution.",
        Environment("flair", ("flair",), ("flair", "torch")),
    ),
    _tagging(
        "spacy",
        "spaCy",
        "spacy_tagger.py",
        "UPOS of the English Web Treebank: spaCy's default tagger, a convolutional network of 96 units, much smaller "
        "than this project's BiLSTM.",
        Environment("spacy", ("spacy",), ("spacy", "thinc", "numpy")),
    ),
    _tagging(
        "packed",
        "nn.LSTM, packed",
        "packed_lstm.py",
        "UPOS of the English Web Treebank: the recipe's network in plain torch, with packed sequences, as it is "
        "usually written.",
        Environment(),
    ),
    Comparison(
        "sst2-tfidf",
        "TF-IDF",
        "Good or bad, sentences of film reviews (SST-2): the whole recipe against TF-IDF of words and pairs of words "
        "with logistic regression; whole commands.",
        "words",
        "accuracy",
        (
            Seqnlp("sst2", SST2, "accuracy", timed=False),
            Script("TF-IDF", "tfidf.py", ("{corpora}/sst2/train.tsv", "{corpora}/sst2/test.tsv"), SCIKIT),
        ),
        whole=True,
    ),
    Comparison(
        "multi30k-joeynmt",
        "JoeyNMT",
        "English to German (Multi30k), 8,000 pieces of both languages, LSTMs of 320 (in each direction) and 448 units "
        "with multiplicative attention; JoeyNMT feeds its context back in, this project has a second layer instead. "
        "Greedy BLEU of the first 200 sentences, which a training of this length leaves near nothing.",
        "target tokens",
        "BLEU",
        (
            Seqnlp(
                "multi30k_en_de",
                {"train": "multi30k/train.lc.norm.tok", "dev": "multi30k/val.lc.norm.tok[:20]"},
                "bleu_tokenised",
                ("data.test={prepared}/test", "search.beam=1"),
            ),
            Script(
                "JoeyNMT",
                "joeynmt_translator.py",
                (
                    "{corpora}/multi30k/train.lc.norm.tok",
                    "{prepared}/test",
                    "--seconds",
                    "{seconds}",
                    "--out",
                    "{out}/joeynmt",
                ),
                # not in its requirements: a module that it imports, and the last sentencepiece with SetVocabulary
                Environment("joeynmt", ("joeynmt", "importlib_metadata", "sentencepiece<0.2.1"), ("joeynmt", "torch")),
            ),
        ),
        prepare=first_captions,
    ),
    Comparison(
        "shakespeare-transformer",
        "transformer",
        "Characters of Shakespeare's plays: the recipe with an LSTM of 400 units (0.78 million parameters) and smaller "
        "batches against a transformer of the size that nanoGPT publishes for CPUs (4 layers of 4 heads, 128 wide, "
        "windows of 64; 0.80 million), in plain torch; nats a character of the last tenth. A minute is too little for "
        "the recipe's own 640 units.",
        "characters",
        "nats",
        (
            Seqnlp(
                "shakespeare_char",
                {"train": "tinyshakespeare/input.txt[:90%]", "dev": "tinyshakespeare/input.txt[90%:]"},
                "nats",
                ("encoder.size=400", "training.batch_tokens=1024", "training.state_reset=0.02"),
                split="dev",
            ),
            Script(
                "transformer", "char_transformer.py", ("{corpora}/tinyshakespeare/input.txt", "--seconds", "{seconds}")
            ),
        ),
        seconds=60.0,
        higher_is_better=False,
    ),
    Comparison(
        "etth1-statsforecast",
        "statsforecast",
        "The next day of seven readings of a transformer station (ETTh1), 20 days one after the other: `etth1_24`, "
        "trained on a year once, against MSTL with AutoETS, fitted anew to the last 30 days each time; whole commands, "
        "mean absolute error in standard deviations.",
        "values",
        "MAE",
        (
            Backtested(
                Seqnlp(
                    "etth1_24",
                    {
                        "train": "etth1/ETTh1.csv[0:8640]",
                        "dev": "etth1/ETTh1.csv[8640:11520]",
                        "test": "etth1/ETTh1.csv[11520:12000]",
                    },
                    "mae",
                    ("training.patience=1000",),
                ),
                stride=24,
            ),
            Script(
                "statsforecast",
                "statsforecast_mstl.py",
                (
                    "{corpora}/etth1/ETTh1.csv",
                    "--train-end",
                    "8640",
                    "--test",
                    "11520",
                    "12000",
                    "--horizon",
                    "24",
                    "--lookback",
                    "720",
                ),
                Environment("statsforecast", ("statsforecast",), ("statsforecast", "numpy", "pandas")),
            ),
        ),
        higher_is_better=False,
        whole=True,
    ),
)
