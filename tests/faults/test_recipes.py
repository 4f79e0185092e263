"""Mutated recipes: every fault is told with its place, and what passes the check trains."""

import io
import random
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

import seqnlp
from seqnlp.cli.faults import show_faults
from seqnlp.errors import DataError, RecipeError
from seqnlp.events import Stepped
from seqnlp.recipe import load_recipe
from seqnlp.recipe.load import missing_files
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.registry import import_tasks
from tests.faults import small_corpora
from tests.faults.harness import Tally, guarded, one_line
from tests.faults.harness import seqnlp as program

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*.toml"))
SMALL = [
    (r"(?m)^((?:embedding_)?size) = \d+", r"\1 = 4"),
    (r"(?m)^(vocab_size) = \d+", r"\1 = 300"),
    (r"vocab_size = \d+", "vocab_size = 300"),
    (r"(?m)^(layers) = \d+", r"\1 = 1"),
    (r"(?m)^(heads) = \d+", r"\1 = 1"),
    (r"(?m)^(batch_tokens) = \d+", r"\1 = 1000"),
    (r"(?m)^(bptt) = \d+", r"\1 = 20"),
    (r"(?m)^(lookback) = \d+", r"\1 = 96"),
    (r"(?m)^(epochs) = \d+", r"\1 = 1"),
    (r'(?m)^metric = "bleu"', 'metric = "nats"'),
]
VALUES = [
    '""', "-1", "0", "1", "2", "3", "1e400", "-1e-300", "nan", "inf", "-inf", "true", "false", "[]", "{}", '"lstm"',
    "2024-01-01", "07:32:00", "1979-05-27T07:32:00Z", "[[1]]", "'x'", "0.5", "1.0", "1.5", "9223372036854775808",
    "-9223372036854775809", "1" * 5000, "0x10", "0b1", "1_000", '"""a\nb"""', "'''\n'''", '"\\u0000"', '"\\ud800"',
    '"\\U00110000"', '"é"', '"\u202e"', '"../../etc/passwd"', '"~nosuchuser/x"', '"/dev/zero"', '"."', '".."',
    '"corpora"', '"corpora/pos/train.conllu[:0]"', '"corpora/pos/train.conllu[5:2]"', '"x[:999999999999%]"',
    '["a", 1]', '["a", ["b"]]', "{ kind = 1 }", '{ kind = "gru", size = "a" }', '{ kind = "lstm", kind = "gru" }',
    "[" * 300 + "]" * 300, "{a=" * 200 + "1" + "}" * 200, "\x01", "'", '"', "=", "#", "null", "None", "True", "1 2",
    '"gru"', '"linear"', '"crf"', '"characters"', '"words"', '"subwords"', '"csv"', '"text"', '"jsonl"', '"hub"',
    '"attention"', '"none"', '"min_gru"', '"mogrifier"', '"sgd"', '"plateau"', '"point"', '"joint"', '"mask"',
    "[1, 2]", "[3, 2]", "[2, 2]", '["upos"]', '["upos", "upos"]', '["form"]', '["nothing"]', '"target"', '"source"',
]  # fmt: skip
KEYS = [
    "size", "kind", "layers", "lr", "train", "dev", "test", "labels", "tokens", "scheme", "text", "label", "reader",
    "extends", "plugins", "task", "seed", "é", '"a b"', "a.b", "a.b.c.d.e", "''", '""', "1", "-", "data", "encoder",
    "encoder.size", "training.epochs", "dropout", "threads", "separator", "__class__", "model_config", "kind.kind",
    "columns", "chars", "words", "vectors", "subwords", "ngrams", "bptt", "beam", "horizon", "lookback", "calendar",
]  # fmt: skip


def base_text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    for pattern, small in SMALL:
        text = re.sub(pattern, small, text)
    return text


TEXTS = {path.name: base_text(path) for path in RECIPES}
Edit = Callable[[random.Random, list[str]], None]


def _setting(draw: random.Random, lines: list[str]) -> int:
    places = [place for place, line in enumerate(lines) if re.match(r"\s*[\w.\"'-]+\s*=", line)]
    return draw.choice(places) if places else draw.randrange(len(lines))


def value(draw: random.Random, lines: list[str]) -> None:
    place = _setting(draw, lines)
    lines[place] = f"{lines[place].partition('=')[0]}= {draw.choice(VALUES)}"


def scaled(draw: random.Random, lines: list[str]) -> None:
    """Another number of the same type, which may well be right."""
    place = _setting(draw, lines)

    def other(found: "re.Match[str]") -> str:
        number = float(found[0])
        new = draw.choice([number * 2, number + 1, number / 2, -number, 0, 1, number - 1, number * 1e6])
        return str(round(new)) if found[0].isdigit() else repr(new)

    lines[place] = re.sub(r"\d+(\.\d+)?(e-?\d+)?", other, lines[place], count=1)


def key(draw: random.Random, lines: list[str]) -> None:
    place = _setting(draw, lines)
    lines[place] = f"{draw.choice(KEYS)} ={lines[place].partition('=')[2]}"


def misspelt(draw: random.Random, lines: list[str]) -> None:
    place = _setting(draw, lines)
    name, equals, rest = lines[place].partition("=")
    at = draw.randrange(len(name) + 1)
    lines[place] = (
        name[:at] + draw.choice(["", "s", "_", "-", ".", "é", " ", '"', "\t"]) + name[at + 1 :] + equals + rest
    )


def insert(draw: random.Random, lines: list[str]) -> None:
    lines.insert(draw.randrange(len(lines) + 1), f"{draw.choice(KEYS)} = {draw.choice(VALUES)}")


def drop(draw: random.Random, lines: list[str]) -> None:
    del lines[draw.randrange(len(lines))]


def double(draw: random.Random, lines: list[str]) -> None:
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(lines))


def swap(draw: random.Random, lines: list[str]) -> None:
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def section(draw: random.Random, lines: list[str]) -> None:
    names = [
        "data",
        "encoder",
        "decoder",
        "embedding",
        "embedding.words",
        "training",
        "x",
        "data.reader",
        "a.b",
        "",
        "[",
    ]
    name = draw.choice(names)
    lines.insert(draw.randrange(len(lines) + 1), draw.choice([f"[{name}]", f"[[{name}]]", f"[{name}", f"{name}]"]))


def characters(draw: random.Random, lines: list[str]) -> None:
    place = draw.randrange(len(lines))
    line = lines[place]
    at = draw.randrange(len(line) + 1)
    sign = draw.choice(
        ["", "", '"', "'", "[", "]", "=", "{", "}", "#", "\\", "\0", "\r", "\u2028", "é", ",", ".", "\ufeff"]
    )
    lines[place] = line[:at] + sign + line[at + draw.randrange(3) :]


def between(draw: random.Random, lines: list[str]) -> None:
    """A line of another recipe."""
    other = TEXTS[draw.choice(sorted(TEXTS))].split("\n")
    lines[draw.randrange(len(lines))] = draw.choice(other)


def kind(draw: random.Random, lines: list[str]) -> None:
    place = _setting(draw, lines)
    lines[place] = f"{lines[place].partition('=')[0]}= {{ kind = {draw.choice(VALUES)} }}"


EDITS: list[Edit] = [value, value, scaled, scaled, scaled, key, misspelt, insert, drop, drop, double, swap, section]
EDITS += [characters, between, kind]


def mutated(draw: random.Random, text: str) -> bytes:
    lines = text.split("\n")
    for _ in range(draw.choice([1, 1, 1, 2, 3, 5])):
        draw.choice(EDITS)(draw, lines)
        lines = lines or [""]
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    if draw.random() < 0.06:
        at = draw.randrange(len(data) + 1)
        data = draw.choice(
            [data[:at], data[:at] + b"\xff" + data[at:], b"\xef\xbb\xbf" + data, data.replace(b"\n", b"\r\n")]
        )
    if draw.random() < 0.02:
        data = draw.choice(
            [b"", b"\0" * 20, data.decode("utf-8", "replace").encode("utf-16"), data.replace(b"\n", b"\r")]
        )
    return data


def overrides(draw: random.Random, text: str) -> list[str]:
    if draw.random() < 0.7:
        return []
    found = []
    for _ in range(draw.choice([1, 1, 2, 4])):
        name = draw.choice(
            [*KEYS, "encoder.size", "data.labels.0", "data.labels.9", "data.labels.-1", "optimizer.lr", "x.0.y"]
        )
        new = draw.choice(VALUES)
        found.append(draw.choice([f"{name}={new}", f"{name}={new}", f"{name} {new}", f"={new}", name, "", f"{name}=="]))
    return found


def write(draw: random.Random, folder: Path) -> tuple[Path, list[str], bytes]:
    """Write a mutated recipe with what it extends; also its overrides."""
    name = draw.choice(sorted(TEXTS))
    content = mutated(draw, TEXTS[name])
    for base in TEXTS:
        (folder / base).write_text(TEXTS[base], encoding="utf-8")
    if draw.random() < 0.12:  # chains of recipes, and circles
        chain = [f"b{number}.toml" for number in range(draw.randrange(1, 5))]
        ends = draw.choice(
            [*chain, "fuzz.toml", name, "missing.toml", ".", "~nosuchuser/x.toml", "/dev/null", "\\u0000"]
        )
        for this, following in zip(chain, [*chain[1:], ends], strict=True):
            lines = [] if draw.random() < 0.2 else [f'extends = "{following}"']
            lines.append(draw.choice(["seed = 3", "seed = 'x'", "", "[encoder]\nsize = 3", "encoder = 3", "[["]))
            (folder / this).write_text("\n".join(lines), encoding="utf-8")
        content = f'extends = "{chain[0]}"\n'.encode() + (content if draw.random() < 0.3 else b"seed = 2\n")
    file = folder / "fuzz.toml"
    file.write_bytes(content)
    settings = overrides(draw, TEXTS[name])
    return file, settings, content + repr(settings).encode()


def placed(error: RecipeError, file: Path) -> str:
    """Problem of the faults that are told: one without a place, or what can't be shown."""
    screen = Console(file=io.StringIO(), width=100)
    show_faults(error, screen)
    for fault in error.faults:
        if not fault.place or not fault.problem:
            return f"no place or no problem: {fault!r}"
        if len(str(fault)) > 3000:
            return f"too long: {str(fault)[:300]}"
    return "" if error.faults else "no faults"


def is_small(recipe: TaskRecipe) -> bool:
    """True for a model that can be built in a moment."""

    def numbers(node: object) -> Iterator[float]:
        if isinstance(node, dict):
            for inner in node.values():
                yield from numbers(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from numbers(inner)
        elif isinstance(node, int | float) and not isinstance(node, bool):
            yield node

    plain = recipe.model_dump()
    parts = {name: plain.get(name) for name in ("embedding", "encoder", "decoder", "search", "ngrams")}
    return max(numbers(parts), default=0) <= 400 and (
        plain["training"]["batch_tokens"] <= 200_000 and plain["training"]["epochs"] <= 1000
    )


def begun(file: Path, settings: list[str], out: Path) -> None:
    """Train for one step."""
    shutil.rmtree(out, ignore_errors=True)
    events = seqnlp.train(file, [*settings, "training.threads=1"], out=out)
    for event in events:
        if isinstance(event, Stepped):
            break
    events.close()


def fuzz(first: int, count: int, trained: int, folder: Path, log: Path | None = None) -> None:
    """Try `count` recipes; train those of them that pass for a step, `trained` at most."""
    import_tasks()
    small_corpora.make(folder)
    checks, trainings = Tally("recipes"), Tally("trainings of accepted recipes")
    seed = first
    while checks.tried < count:
        seed += 1
        draw = random.Random(seed)
        file, settings, content = write(draw, folder)
        if not checks.is_new(content):
            continue
        recipes: list[TaskRecipe] = []

        def check(file: Path = file, settings: list[str] = settings, found: list[TaskRecipe] = recipes) -> None:
            recipe = load_recipe(file, settings)
            if missing := missing_files(recipe, file, settings):
                raise RecipeError(missing)
            assert isinstance(recipe, TaskRecipe)
            found.append(recipe)

        crash, error = guarded(check)
        problem = crash
        if isinstance(error, RecipeError):
            problem = placed(error, file)
        elif isinstance(error, DataError):
            problem = one_line(error, [".toml", "nosuchuser", "dev/null"])
        elif error is not None:
            problem = one_line(error, ["fuzz.toml", "."])
        if not problem and seed % 40 == 0:
            answer = program("recipes", "check", file, *(part for setting in settings for part in ("-s", setting)))
            problem = answer.problem
        checks.add(seed, problem, bool(recipes))
        if recipes and trainings.tried < trained and is_small(recipes[0]):
            crash, error = guarded(partial(begun, file, settings, folder / "run"))
            trainings.add(seed, crash or ("" if error is None else one_line(error, [""])), error is None)
    problems = [checks.report(log), trainings.report(log and log.with_suffix(".trained"))]
    assert not any(problems), "\n".join(problems)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_some_mutated_recipes(tmp_path: Path) -> None:
    fuzz(0, 120, 4, tmp_path)


@pytest.mark.faults
def test_mutated_recipes(tmp_path: Path) -> None:
    fuzz(10_000, 6000, 300, tmp_path)
