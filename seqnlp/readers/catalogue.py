"""Public corpora that `seqnlp corpora get` can fetch, with their files' hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RAW = "https://raw.githubusercontent.com"
MULTI30K = f"{RAW}/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1"


@dataclass(frozen=True)
class PublicFile:
    """A file of a corpus."""

    folder: str
    """URL of the folder where it is published."""
    name: str
    size: int
    """Size in bytes."""
    sha256: str

    @property
    def url(self) -> str:
        """URL of the file."""
        return f"{self.folder}/{self.name}"


def listed(listing: str) -> tuple[PublicFile, ...]:
    """Parse a listing: the URL of a folder, then SHA-256, size and name of each file in it."""
    folder, *lines = listing.strip().splitlines()
    files = (line.split() for line in lines)
    return tuple(PublicFile(folder, name, int(size), digest) for digest, size, name in files)


@dataclass(frozen=True)
class PublicArchive:
    """A folder of files, published as a tar archive; whatever packed it, the files are the same."""

    url: str
    name: str
    """Name of the archive in a folder that it is fetched from instead."""
    folder: str
    """Folder in the archive, and in that of the corpus."""
    files: int
    size: int
    """Size of the files in bytes."""
    sha256: str
    """SHA-256 of the output of `sha256sum *` in that folder."""


@dataclass(frozen=True)
class TextTable:
    """Compressed table made of the texts of an archive, a file each: a line for each text, in the order of numbers."""

    name: str
    folders: Mapping[str, str]
    """Label of the texts in each folder of the archive; an empty one: texts alone."""
    rows: int


@dataclass(frozen=True)
class PublicTexts:
    """Texts that are published as an archive with a file for each."""

    archive: PublicFile
    tables: tuple[TextTable, ...]
    """Tables that are made of it."""
    ready: tuple[PublicFile, ...]
    """The tables as a folder may hold them that they are fetched from instead."""
    joined: Mapping[str, tuple[str, ...]]
    """Files of the texts of several tables, without labels, by name."""

    def are_in(self, folder: Path) -> bool:
        """True if all files are in a folder."""
        return all((folder / name).is_file() for name in (*self.joined, *(table.name for table in self.tables)))


@dataclass(frozen=True)
class PublicCorpus:
    """A public corpus."""

    description: str
    licence: str
    reader: Mapping[str, Any]
    """Settings of its reader, as in `[data.reader]` of a recipe."""
    splits: Mapping[str, str]
    """Sources of its splits in a recipe, inside its folder."""
    files: tuple[PublicFile, ...]
    archive: PublicArchive | None = None
    texts: PublicTexts | None = None

    @property
    def size(self) -> int:
        """Size of all files in bytes: those in an archive unpacked, of texts the archive."""
        archives = (self.archive.size if self.archive else 0) + (self.texts.archive.size if self.texts else 0)
        return sum(file.size for file in self.files) + archives


CATALOGUE: dict[str, PublicCorpus] = {
    "ewt": PublicCorpus(
        description="English Web Treebank: words, tags and trees of 16,622 sentences",
        licence="CC BY-SA 4.0",
        reader={"kind": "conllu"},
        splits={"train": "en_ewt-ud-train.conllu", "dev": "en_ewt-ud-dev.conllu", "test": "en_ewt-ud-test.conllu"},
        files=listed("""
        https://github.com/UniversalDependencies/UD_English-EWT/raw/15d613d8
        531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6 1805545 en_ewt-ud-dev.conllu
        e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd 1804515 en_ewt-ud-test.conllu
        3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b 14203025 en_ewt-ud-train.conllu
        """),
    ),
    "conll2000": PublicCorpus(
        description="Chunking, CoNLL-2000 shared task: 10,948 sentences of the Wall Street Journal",
        licence="free for research",
        reader={"kind": "columns", "names": ["word", "pos", "chunk"]},
        splits={"train": "train.txt", "test": "test.txt"},
        files=listed(f"""
        {RAW}/teropa/nlp/master/resources/corpora/conll2000
        73b7b1e565fa75a1e22fe52ecdf41b6624d6f59dacb591d44252bf4d692b1628 639396 test.txt
        82033cd7a72b209923a98007793e8f9de3abc1c8b79d646c50648eb949b87cea 2842164 train.txt
        """),
    ),
    "wnut17": PublicCorpus(
        description="Emerging entities in social media, W-NUT 2017: 5,690 posts",
        licence="CC BY 4.0",
        reader={"kind": "columns", "names": ["word", "entity"], "delimiter": "\t"},
        splits={"train": "wnut17train.conll", "dev": "emerging.dev.conll", "test": "emerging.test.annotated"},
        files=listed(f"""
        {RAW}/leondz/emerging_entities_17/e52a2d2a71ac1a051ca2d532eef28653c5c02603
        e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8 114749 emerging.dev.conll
        2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0 192425 emerging.test.annotated
        731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5 493781 wnut17train.conll
        """),
    ),
    "sst2": PublicCorpus(
        description="Stanford Sentiment Treebank: 9,613 sentences of film reviews, good (1) or bad (0)",
        licence="free for research",
        reader={"kind": "csv", "names": ["text", "label"], "delimiter": "\t"},
        splits={"train": "train.tsv", "dev": "dev.tsv", "test": "test.tsv"},
        files=listed(f"""
        {RAW}/clairett/pytorch-sentiment-classification/master/data/SST2
        eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359 92057 dev.tsv
        831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7 188749 test.tsv
        ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920 720259 train.tsv
        """),
    ),
    "imdb": PublicCorpus(
        description="Large Movie Review Dataset: 50,000 film reviews, pos or neg, and 50,000 unlabelled ones",
        licence="free for research",
        reader={"kind": "csv", "names": ["text", "label"], "delimiter": "\t"},
        splits={"train": "train.tsv.gz", "test": "test.tsv.gz"},
        files=(),
        texts=PublicTexts(
            archive=PublicFile(
                "https://ai.stanford.edu/~amaas/data/sentiment",
                "aclImdb_v1.tar.gz",
                84_125_825,
                "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
            ),
            tables=(
                TextTable("train.tsv.gz", {"aclImdb/train/neg": "neg", "aclImdb/train/pos": "pos"}, 25_000),
                TextTable("test.tsv.gz", {"aclImdb/test/neg": "neg", "aclImdb/test/pos": "pos"}, 25_000),
                TextTable("unsup.txt.gz", {"aclImdb/train/unsup": ""}, 50_000),
            ),
            ready=listed("""
            https://ai.stanford.edu/~amaas/data/sentiment
            4919be1d03ce153c86b53dc73ffad257b620f18a9212bc000d44c3a11b4e4bdc 12795131 train.tsv.gz
            082c8626f6ca50bda70114a39e550279083cbd739a7c7eda31bc179ec4b3796c 12483310 test.tsv.gz
            eb7210cba07d645780a0763970a9ea8e92903d64a079d4014af3264994214b6a 25438080 unsup.txt.gz
            """),
            joined={"reviews.txt.gz": ("train.tsv.gz", "unsup.txt.gz")},
        ),
    ),
    "tinyshakespeare": PublicCorpus(
        description="40,000 lines of Shakespeare's plays",
        licence="public domain",
        reader={"kind": "text"},
        splits={"train": "input.txt"},
        files=listed(f"""
        {RAW}/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare
        86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed 1115394 input.txt
        """),
    ),
    "gutenberg": PublicCorpus(
        description="17 English books of Project Gutenberg, a sentence a line, its words separated by blanks",
        licence="public domain",
        reader={"kind": "text"},
        splits={"train": "*.txt"},
        files=listed(f"""
        {RAW}/juletx/corpus-linguistics/40911b40bb70ea1403dda57156204689b7eaf98c/data/gutenberg
        76a28c636265905bcf72712d80d1c6e773e55279b919b843825cb2770b99e59e 920017 austen-emma.txt
        8e3cd75843eae6578c0b8f48350615ed653910b3f645e514391e07ba5eb2e40c 479538 austen-persuasion.txt
        22327c09d537811b7f15006aaad69ad25d98b8c5f2a6fb0203ec13e9f3982d84 694241 austen-sense.txt
        160dc526b20d661fa5b86b31dda98b1e869e6a6eadf258b99108d43ed09c961d 37615 blake-poems.txt
        957ece2242697855a68d6a0216a0c6443dab7ed2d17da3f86e379035b849fca2 252045 bryant-stories.txt
        4e4242a7c5c7e0703ea9b9daa1b6b61e7cafca902748a4be64d9ec9b55b09c6a 85640 burgess-busterbrown.txt
        b430be55ff4362199591ff6958afbcd0dc4e1a28d0d9c6796b780c207d7c8760 150526 carroll-alice.txt
        e21f058f0cbf7c14189c973006ba214b90c733d581ca0fc69b99e3d75b068445 470295 chesterton-ball.txt
        db337dcffb50771b2415b69a2775d372578804e65f8fdec6e53c096b95d95e99 414568 chesterton-brown.txt
        10e1acb6c64ba4d2ca89697c7bf923798797f5c24f139b6e451b5b7d6d7482d0 333374 chesterton-thursday.txt
        bd9bc2cfaadf7acbffa8dd63569041624a659cf753e5d8d31c7300c1c004f297 956476 edgeworth-parents.txt
        07fb87e563dbbe9523179e9ba2ec00dcd0e293641dbfd3db25d2f915430d3d8b 1257667 melville-moby_dick.txt
        85c5b1cfe49474f4c19c54b8f997b839f16253ed282a86c93d56542e196ece05 472323 milton-paradise.txt
        36b5d937cbfe110de7720277d819e1cc41cf9ddb053b97a26d9df67f31c94200 114399 shakespeare-caesar.txt
        6d06298ee6448bd48a2250ee00a4a2d9a9e4487a46c75ee22271ccfc0cf3d6ef 166144 shakespeare-hamlet.txt
        444ea649552ad86fbb74b0926f8a3f888264a04e30308191afa544f51e607976 102744 shakespeare-macbeth.txt
        802545502fcc24ef7ad48ec1e61db70fd7b4002662cf6d0a05a4619052cae83d 722146 whitman-leaves.txt
        """),
    ),
    "multi30k": PublicCorpus(
        description="English-German image captions: 31,014 pairs",
        licence="free for research",
        reader={"kind": "parallel", "suffixes": ["en", "de"]},
        splits={"train": "train.lc.norm.tok", "dev": "val.lc.norm.tok", "test": "test_2016_flickr.lc.norm.tok"},
        files=listed(f"""
        {MULTI30K}/tok
        c6a33d39d48f9f510de147651316cd9d918e09ad0219df734a2f16b6baccacc4 71917 test_2016_flickr.lc.norm.tok.de
        5b7f32627cf99eced828311b955dae9800bb52bc8b91cf8b6526829e605b29d2 63307 test_2016_flickr.lc.norm.tok.en
        cb5a23529b65ec2061f1dc446192a9c37382b63cc75f81a0be59d34894b3a505 2150008 train.lc.norm.tok.de
        08925f8e0572bcd5a006702fc5fe20e2d77c6917d4eebd576fc20de6693c2119 1837696 train.lc.norm.tok.en
        97232bd273eceb7207f689527386a97e4be2616b18ada47576bdaf96c8ae1f00 77273 val.lc.norm.tok.de
        46573ce391ae227f1c72f873392436a20ef18e0a6d518098cfbd70b77c8572ec 64608 val.lc.norm.tok.en
        """)
        + listed(f"""
        {MULTI30K}/raw
        9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8 22890 test_2016_flickr.de.gz
        611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9 21077 test_2016_flickr.en.gz
        726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6 637044 train.de.gz
        d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f 568929 train.en.gz
        f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a 24681 val.de.gz
        14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28 21650 val.en.gz
        """),
    ),
    "etth1": PublicCorpus(
        description="Electricity transformer temperature: 7 hourly series, 17,420 hours",
        licence="CC BY-ND 4.0",
        reader={"kind": "series"},
        splits={"train": "ETTh1.csv[0:8640]", "dev": "ETTh1.csv[8640:11520]", "test": "ETTh1.csv[11520:14400]"},
        files=listed(f"""
        {RAW}/zhouhaoyi/ETDataset/1d16c8f4f943005d613b5bc962e9eeb06058cf07/ETT-small
        f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066 2589657 ETTh1.csv
        """),
    ),
    "fsdd": PublicCorpus(
        description="Free Spoken Digit Dataset: 3,000 recordings of ten digits by six speakers, wav, 8 kHz",
        licence="CC BY-SA 4.0",
        reader={"kind": "audio", "pattern": "{text}_{speaker}_{number}"},
        splits={
            "train": "recordings/*_[1-4][0-9].wav",
            "dev": "recordings/*_[5-9].wav",
            "test": "recordings/*_[0-4].wav",
        },
        files=(),
        archive=PublicArchive(
            url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/26eb9aaf76e81b692f806f9140c2d2777410d7a1.tar.gz",
            name="recordings.tar.gz",
            folder="recordings",
            files=3000,
            size=21_128_848,
            sha256="1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959",
        ),
    ),
}
