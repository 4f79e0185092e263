"""Small files in the place of every corpus that a recipe names, so that each recipe can be tried in a moment."""

import math
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(file: str, number: int) -> list[list[str]]:
    """First sentences of a corpus in columns, as lines."""
    text = (ROOT / "corpora" / file).read_text(encoding="utf-8")
    return [block.splitlines() for block in text.split("\n\n")[:number] if block.strip()]


def lines(file: str, number: int) -> str:
    return "\n".join((ROOT / "corpora" / file).read_text(encoding="utf-8").split("\n")[:number]) + "\n"


def columns(rows: list[list[str]], delimiter: str, number: int) -> str:
    """Words and tags in columns, a sentence a block."""
    tags = [["NN", "B-NP"], ["NN", "I-NP"], ["VB", "B-VP"], [",", "O"]]
    made = []
    for block in rows:
        words = [line.split("\t")[1] for line in block if line[:1].isdigit() and "\t" in line]
        cells = [[word, *tags[place % 4]] for place, word in enumerate(words)]
        made.append(
            "\n".join(delimiter.join([row[0], row[1], row[2]] if number == 3 else [row[0], row[2]]) for row in cells)
        )
    return "\n\n".join(made) + "\n\n"


def annotated(line: str) -> str:
    """Give a word an xpos and features, which the shipped corpus has not."""
    cells = line.split("\t")
    if len(cells) != 10:
        return line
    cells[4] = cells[3][:2]
    cells[5] = ["Number=Sing", "Case=Nom|Number=Plur", "_"][len(cells[1]) % 3]
    return "\t".join(cells)


def make(folder: Path) -> None:
    """Write `corpora/` into a folder."""
    pos, entities = blocks("pos/dev.conllu", 14), blocks("entities/dev.conll", 14)
    universal = "\n\n".join("\n".join(map(annotated, block)) for block in pos) + "\n\n"
    named = "\n\n".join(map("\n".join, entities)) + "\n\n"
    prose = lines("prose/dev.txt", 40)
    pairs = [line.split("\t") for line in lines("en_fr/dev.tsv", 40).splitlines()]
    header = "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT"
    waves = (
        ",".join(f"{math.sin(hour / (5 + channel)) + hour % 24:.3f}" for channel in range(7)) for hour in range(14400)
    )
    load = [header, *(f"{moment},{row}" for moment, row in zip(_hours(14400), waves, strict=True))]
    files = {
        **{f"pos/{split}.conllu": universal for split in ("train", "dev", "test")},
        **{f"ewt/en_ewt-ud-{split}.conllu": universal for split in ("train", "dev", "test")},
        **{f"entities/{split}.conll": named for split in ("train", "dev", "test")},
        **{f"prose/{split}.txt": prose for split in ("train", "dev", "test")},
        **{f"reverse/{split}.tsv": lines("reverse/dev.tsv", 40) for split in ("train", "dev", "test")},
        **{f"sentiment/{split}.tsv": lines("sentiment/dev.tsv", 40) for split in ("train", "dev", "test")},
        **{f"en_fr/{split}.tsv": lines("en_fr/dev.tsv", 40) for split in ("train", "dev", "test")},
        **{f"conll2000/{split}.txt": columns(pos, " ", 3) for split in ("train", "test")},
        "tinyshakespeare/input.txt": lines("prose/train.txt", 200),
        **{
            f"sst2/{split}.tsv": "".join(f"{text}\t{len(text) % 2}\n" for text, _ in pairs)
            for split in ("train", "dev", "test")
        },
        **{
            f"imdb/{split}.tsv.gz": "".join(f"{text}\t{'pos' if len(text) % 2 else 'neg'}\n" for text, _ in pairs)
            for split in ("train", "test")
        },
        "imdb/reviews.txt.gz": lines("prose/train.txt", 200),
        **{
            f"wnut17/{name}": columns(pos, "\t", 2)
            for name in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
        },
        **{
            f"multi30k/{split}.lc.norm.tok.{language}": "".join(pair[side].lower() + "\n" for pair in pairs)
            for split in ("train", "val", "test_2016_flickr")
            for side, language in enumerate(("en", "de"))
        },
        "series/series.csv": lines("series/series.csv", 1680),
        "etth1/ETTh1.csv": "\n".join(load) + "\n",
    }
    for name, text in files.items():
        path = folder / "corpora" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _hours(number: int) -> list[str]:
    from datetime import datetime, timedelta

    return [str(datetime(2016, 7, 1) + timedelta(hours=hour)) for hour in range(number)]
