"""Every way on which text of others comes to a terminal: `python terminal_ways.py FOLDER [WAY ...]`.

Each way is a command in a pseudo terminal, with a payload in names, labels, texts, recipes, logs, plugins or answers of
a server. A line of JSON is printed for each: what came out, byte for byte.
"""

from __future__ import annotations

import base64
import json
import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

PAYLOAD = "\x1b]0;PWN\x07\x1b[31mRED\x9b31mC\u202eRLO\u2066\rCR\x08BS\x7f"
"""Title, colour, C1, writing direction, return, backspace, delete; nothing that a name of a file cannot have."""
CELL = PAYLOAD.replace("\r", "")
"""The same for formats in which a return ends a line."""
PATIENCE = float(os.environ.get("SEQNLP_PATIENCE", "240"))
SMALL = ["training.epochs=1", "training.threads=1", "encoder.size=8"]


CURVES = [("one", "\x10"), ("Curves", "Curves\r"), ("loss", "\x11")]


@dataclass
class Way:
    """A command in a terminal."""

    name: str
    words: list[str]
    code: int | None = 0
    """Its exit code; None for any."""
    keys: list[tuple[str, str]] = field(default_factory=list)
    """For the terminal application: what has to be seen before the keys are pressed."""
    silent: bool = False
    """Nothing of the payload needs to be seen: a model writes what it likes."""


def write(file: Path, text: str) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    return str(file)


def toml(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")


def sets(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("-s", setting)]


def prepare(folder: Path) -> None:
    """Corpora, recipes and plugins with the payload in them."""
    rows = [f"{word}{CELL}\t{label}{CELL}" for word, label in (("one", "A"), ("two", "B"), ("three", "A"))]
    write(folder / "tags.conll", ("\n".join(rows) + "\n\n") * 20)
    write(folder / "more.conll", f"one{CELL}\tNEW{CELL}\n\n" * 4)
    write(folder / "bad.conllu", "\t".join([CELL, "one", *"________"]) + "\n\n")
    write(folder / "texts.csv", "text,label\n" + f'"good {CELL} one","yes{CELL}"\n"bad {CELL} two","no{CELL}"\n' * 20)
    write(folder / "bad.csv", f'text,label{CELL}\n"x","y"\n')
    write(folder / "prose.txt", f"one {PAYLOAD} two\n" * 60)
    write(folder / "pairs.tsv", f"one{CELL}\ttwo{CELL}\nthree{CELL}\tfour{CELL}\n" * 20)
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    write(folder / "series.csv", "unique_id,ds,y\n" + "".join(f"s{CELL},{d},{n % 7}\n" for n, d in enumerate(days)))
    write(folder / "line.txt", f"one{CELL} two{CELL}\n")
    write(folder / f"{PAYLOAD}.txt", "good\n")
    write(folder / "fault.toml", f"task = {toml('tag')}\n# {PAYLOAD}\n[encoder]\nkind = {toml(PAYLOAD)}\n")
    write(folder / "syntax.toml", f"task = 'tag' {CELL}\n")
    write(folder / "key.toml", f"task = 'tag'\n{toml(PAYLOAD)} = 1\n")
    write(folder / "recipes" / f"{PAYLOAD}.toml", f"# About {CELL}\ntask = 'tag'\n")
    write(folder / "recipes/about.toml", f"# About {CELL}\ntask = 'tag'\n")
    write(folder / "raises.py", f"raise RuntimeError({PAYLOAD!r})\n")
    write(folder / "prints.py", f"import sys\nprint({PAYLOAD!r})\nprint({PAYLOAD!r}, file=sys.stderr)\n")
    write(folder / "raw.py", f"import sys\nsys.stdout.buffer.write({PAYLOAD.encode()!r})\nsys.stdout.buffer.flush()\n")
    write(
        folder / "breaks.py",
        "from typing import Literal\nfrom seqnlp.encoders import Encoder\n"
        "class Odd(Encoder):\n    kind: Literal['odd'] = 'odd'\n"
        "    @property\n    def reads_ahead(self):\n        return False\n"
        f"    def build(self, width):\n        raise LookupError({PAYLOAD!r})\n",
    )
    (folder / f"dir{PAYLOAD}").mkdir()
    write(folder / "broken" / f"run{PAYLOAD}" / "meta.json", "{")
    odd = {"format": 2, "device": f"cpu{PAYLOAD}", "created": f"now{PAYLOAD}"}
    write(folder / "odd/one/meta.json", json.dumps(odd))
    write(folder / "odd/one/recipe.toml", f"task = 'tag'\n[data]\nlabels = [{toml(PAYLOAD)}]\n")
    scores = {f"f1{PAYLOAD}": 0.5, "labels": {f"A{PAYLOAD}": {"f1": 0.5}}}
    write(folder / "odd/one/scores.json", json.dumps({"dev": scores, "test": scores}))
    event = {"event": "evaluated", "step": 1, "epoch": 1.0, "seconds": 1.0, "best": True, "examples": []}
    began = {"event": "started", "step": 0, "epoch": 0.0, "seconds": 0.0, "steps": 9, "epochs": 2, "parameters": 3}
    lines = [
        began | {"items_name": f"words{PAYLOAD}"},
        event | {"scores": {f"f1{PAYLOAD}": 0.5}, "metric": f"f1{PAYLOAD}"},
    ]
    write(folder / "odd/one/events.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def ways(folder: Path) -> Iterator[Way]:
    """All ways; those that train come first."""
    tag = f"runs/tag{PAYLOAD}"
    table = sets(
        'data.reader={kind="columns",names=["word","tag"],delimiter="\\t"}',
        *(f"data.{split}=tags.conll" for split in ("train", "dev")),
        "data.test=more.conll",
        'data.tokens="word"',
        'data.labels=["tag"]',
        "embedding.words.size=8",
        *SMALL,
    )
    yield Way("train: a tagger", ["train", "pos_gru", "--out", tag, *table])
    texts = sets(*(f"data.{split}=texts.csv" for split in ("train", "dev", "test")), *SMALL)
    yield Way("train: a classifier", ["train", "sentiment_lstm", "--out", f"runs/class{PAYLOAD}", *texts])
    prose = sets(*(f"data.{split}=prose.txt" for split in ("train", "dev", "test")), "training.bptt=16", *SMALL)
    yield Way("train: a language model", ["train", "char_lstm", "--out", f"runs/lm{PAYLOAD}", *prose])
    pairs = sets(*(f"data.{split}=pairs.tsv" for split in ("train", "dev", "test")), "training.metric=nats", *SMALL)
    yield Way("train: a translator", ["train", "reverse_words", "--out", f"runs/mt{PAYLOAD}", *pairs])
    days = sets(
        'data.reader={kind="series",series="unique_id",time="ds"}',
        "data.train=series.csv",
        "data.dev=series.csv",
        "data.test=series.csv",
        'data.targets=["y"]',
        "data.lookback=6",
        "data.horizon=2",
        "data.season_length=7",
        *SMALL,
    )
    yield Way("train: a forecaster", ["train", "series_gru", "--out", f"runs/ts{PAYLOAD}", *days])
    yield Way("train: a run that is there", ["train", "pos_gru", "--out", tag, *table], 2)
    yield Way("train: another recipe", ["train", "pos_gru", "--out", tag, "--resume", *table, *sets("seed=7")], 2)
    for verb in (["train"], ["recipes", "check"], ["recipes", "show"], ["evaluate"], ["tag"], ["tui"], ["predict"]):
        yield Way(f"{verb[-1]}: no such name", [*verb, PAYLOAD], None)
    yield Way("train: a value", ["train", "pos_gru", *sets(f"encoder.kind={PAYLOAD}")], 3)
    yield Way("train: a key", ["train", "pos_gru", *sets(f"encoder.{PAYLOAD}=1")], 3)
    yield Way("train: a file", ["train", "pos_gru", *sets(f"data.train={PAYLOAD}")], None)
    yield Way("train: extends", ["train", write(folder / "ext.toml", f"extends = {toml(PAYLOAD)}\n")], None)
    bad = sets(*(f"data.{split}=bad.csv" for split in ("train", "dev", "test")))
    yield Way("train: a column", ["train", "sentiment_lstm", *texts, *bad], None)
    yield Way("train: a row", ["train", "pos_gru", *sets("data.train=bad.conllu")], 4)
    yield Way("train: a fault and its line", ["train", "fault.toml"], 3)
    yield Way("check: no TOML", ["recipes", "check", "syntax.toml"], 3)
    yield Way("check: a key in a file", ["recipes", "check", "key.toml"], 3)
    for plugin in ("raises", "prints", "raw"):
        yield Way(f"check: a plugin {plugin}", ["recipes", "check", "pos_gru", *sets(f'plugins=["{plugin}.py"]')], None)
    broken = sets('plugins=["breaks.py"]', 'encoder="odd"')
    plain = [word for word in table if word != "encoder.size=8"][:-1]
    yield Way("train: a traceback", ["train", "pos_gru", "--out", "runs/odd", *plain, *broken], 1)
    yield Way("recipes ls", ["recipes", "ls"])
    yield Way("recipes ls --json", ["recipes", "ls", "--json"])
    yield Way("recipes show: a file", ["recipes", "show", "fault.toml"])
    yield Way("recipes cp", ["recipes", "cp", "pos_gru", f"copy{PAYLOAD}.toml"])
    yield Way("schema --out", ["recipes", "schema", "--out", f"no{PAYLOAD}/x"], 4)
    yield Way("evaluate", ["evaluate", tag])
    yield Way("evaluate --json", ["evaluate", tag, "--json"])
    yield Way("evaluate --split", ["evaluate", tag, "--split", PAYLOAD], 2)
    yield Way("evaluate --data", ["evaluate", tag, "--data", f"{PAYLOAD}.txt"], None)
    yield Way("errors", ["errors", tag])
    yield Way("errors --json", ["errors", tag, "--json"])
    yield Way("errors: a classifier", ["errors", f"runs/class{PAYLOAD}"])
    yield Way("errors --svg", ["errors", tag, "--svg", f"no{PAYLOAD}/x.svg"], None)
    yield Way("tag", ["tag", tag, "line.txt"])
    yield Way("tag --json", ["tag", tag, "line.txt", "--json"])
    yield Way("tag --columns", ["tag", tag, "tags.conll", "--columns", "word,tag"], None)
    yield Way("tag --columns: a name", ["tag", tag, "tags.conll", "--columns", PAYLOAD], 2)
    yield Way("tag --conllu", ["tag", tag, "line.txt", "--conllu"], None, silent=True)
    yield Way("predict", ["predict", tag, "line.txt"])
    yield Way("another task", ["classify", tag, "line.txt"], 2)
    for more in ([], ["--explain"], ["--json"]):
        words = ["classify", f"runs/class{PAYLOAD}", "line.txt", *more]
        yield Way(" ".join(["classify", *more]), words)
    lm = f"runs/lm{PAYLOAD}"
    hot = ["--length", "300", "--temperature", "9", "--seed", "1"]
    yield Way("generate: a prompt", ["generate", lm, "--prompt", PAYLOAD, "--length", "1"])
    yield Way("generate: its own text", ["generate", lm, *hot], silent=True)
    yield Way("generate --json", ["generate", lm, *hot, "--json"], silent=True)
    yield Way("generate --samples", ["generate", lm, *hot, "--samples", "3", "--prompt", PAYLOAD])
    yield Way("generate: unknown characters", ["generate", lm, "--prompt", "\x9dPWN", "--length", "1"])
    yield Way("generate: an option", ["generate", lm, "--length", PAYLOAD], 2)
    yield Way("score", ["score", lm, "prose.txt"], silent=True)
    mt = f"runs/mt{PAYLOAD}"
    for more in ([], ["--json"], ["--best", "2"], ["--align"], ["--attention"], ["--prefix", CELL]):
        yield Way(" ".join(["translate", *more[:1]]), ["translate", mt, "line.txt", *more], None, silent=True)
    yield Way("translate --with", ["translate", mt, "line.txt", "--with", PAYLOAD], 4)
    ts = f"runs/ts{PAYLOAD}"
    yield Way("forecast", ["forecast", ts, "series.csv"])
    yield Way("forecast --plot", ["forecast", ts, "series.csv", "--plot"])
    yield Way("forecast --json", ["forecast", ts, "series.csv", "--json"])
    yield Way("forecast --series", ["forecast", ts, "series.csv", "--series", PAYLOAD], 2)
    yield Way("forecast: a file", ["forecast", ts, f"[/x]{PAYLOAD}.csv"], 4)
    yield Way("probe", ["probe", lm, "--steps", "3"])
    yield Way("runs ls", ["runs", "ls"])
    yield Way("runs ls --json", ["runs", "ls", "--json"])
    yield Way("runs ls: a broken run", ["runs", "ls", "broken"])
    yield Way("runs ls: a folder", ["runs", "ls", f"dir{PAYLOAD}"])
    yield Way("runs note", ["runs", "note", tag, f"best {PAYLOAD}"])
    yield Way("runs note: shown", ["runs", "note", tag])
    yield Way("runs ls: a note", ["runs", "ls"])
    yield Way("runs ls --csv", ["runs", "ls", "--csv", "--sort", "-score"])
    yield Way("runs ls --sort", ["runs", "ls", "--sort", PAYLOAD], 2)
    yield Way("runs rm: no run", ["runs", "rm", f"dir{PAYLOAD}", "--yes"], 4)
    yield Way("runs show", ["runs", "show", tag])
    yield Way("runs show: odd files", ["runs", "show", "odd/one"])
    yield Way("runs show --json", ["runs", "show", "odd/one", "--json"])
    yield Way("runs plot", ["runs", "plot", tag, lm], None)
    yield Way("runs plot: an odd log", ["runs", "plot", "odd/one"])
    yield Way("runs plot --metric", ["runs", "plot", tag, "--metric", PAYLOAD], 2)
    yield Way("runs compare", ["runs", "compare", tag, lm])
    reader = '{kind="columns",names=["word","tag"],delimiter="\\t"}'
    yield Way("stats: labels", ["corpora", "stats", "tags.conll", "--reader", reader])
    yield Way("stats --json", ["corpora", "stats", "tags.conll", "--reader", reader, "--json"])
    yield Way("stats: csv", ["corpora", "stats", "texts.csv"])
    yield Way("stats: series", ["corpora", "stats", "series.csv", "--reader", "series"])
    yield Way("stats: a name", ["corpora", "stats", f"{PAYLOAD}.txt"], None)
    yield Way("stats: no such name", ["corpora", "stats", f"no{PAYLOAD}"], 4)
    yield Way("stats --reader", ["corpora", "stats", "texts.csv", "--reader", PAYLOAD], 2)
    yield Way("corpora get: a name", ["corpora", "get", PAYLOAD], 4)
    yield Way("corpora get --from", ["corpora", "get", "tinyshakespeare", "--from", f"dir{PAYLOAD}"], 4)
    yield Way("corpora get: a server", ["corpora", "get", "tinyshakespeare", "--from", "http://SERVER"], 4, silent=True)
    yield Way("no such command", [PAYLOAD], 2)
    yield Way("no such option", ["runs", "ls", f"--{PAYLOAD}"], 2)
    yield Way("tui: home", ["tui"], None, [("tag", "\x11")])
    yield Way("tui: a filter", ["tui"], None, [("tag", "tag"), ("tag", "\x11")])
    yield Way("tui: a broken run", ["tui", "--runs", "broken"], None, [("run", "\x11")])
    yield Way("tui: odd files", ["tui", "--runs", "odd"], None, [("one", "\x11")])
    yield Way("tui: recipes", ["tui"], None, [("tag", "\x10"), ("Train", "Train\r"), ("about", "\x11")])
    yield Way("tui: curves", ["tui", "--runs", "odd"], None, CURVES)
    paste = f"\x1b[200~one{CELL} two\x1b[201~"
    yield Way("tui: tags", ["tui", tag], None, [("ready", paste), ("PWN", "\r"), ("A", "\x11")], silent=True)
    yield Way("tui: classes", ["tui", f"runs/class{PAYLOAD}"], None, [("ready", "good"), ("yes", "\x11")])
    yield Way("tui: a text", ["tui", lm], None, [("ready", "one\r"), ("tokens", "\x11")], silent=True)
    yield Way("tui: a translation", ["tui", mt], None, [("ready", "one\r"), ("one", "\x11")], silent=True)
    yield Way("tui: a forecast", ["tui", ts], None, [("ready", "series.csv\r"), ("PWN", "\x11")])


def in_terminal(run: Callable[[], None], keys: list[tuple[str, str]]) -> tuple[int | None, bytes]:
    """Run in a child with a pseudo terminal; its exit code and all that it sent to the terminal."""
    child, terminal = pty.fork()
    if child == 0:
        run()
        os._exit(99)
    sent, waiting, since = b"", list(keys), 0
    end = time.monotonic() + PATIENCE
    quiet_until = time.monotonic() + 1.0
    while time.monotonic() < end:
        readable, _, _ = select.select([terminal], [], [], 0.2)
        if readable:
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:
                break
            if not data:
                break
            sent += data
        if waiting and waiting[0][0].encode() in sent[since:] and time.monotonic() > quiet_until:
            since = len(sent) if waiting[0][1] != "\x11" else since
            os.write(terminal, waiting.pop(0)[1].encode())
            quiet_until = time.monotonic() + 1.0
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
        return None, sent
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), sent


def serve() -> str:
    """Address of a server whose phrases and headers carry the payload; in a process of its own."""
    import socket

    listening = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        parent = os.getppid()
        listening.settimeout(1)
        while os.getppid() == parent:
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            connection.recv(65536)
            connection.sendall(f"HTTP/1.1 404 {CELL}\r\nX: {CELL}\r\n\r\n".encode())
            connection.close()
        os._exit(0)
    return "{}:{}".format(*listening.getsockname())


def main() -> None:
    folder, wanted = Path(sys.argv[1]).resolve(), sys.argv[2:]
    import datasets  # noqa: F401  (once for all ways)
    import tokenizers  # noqa: F401
    import torch

    from seqnlp.cli.app import main as program
    from seqnlp.tasks.registry import import_tasks

    import_tasks()
    torch.set_num_threads(1)
    os.environ.update(TERM="xterm-256color", COLUMNS="200", LINES="50", PYTHONPATH=str(ROOT))
    os.environ["XDG_STATE_HOME"] = os.environ["XDG_CACHE_HOME"] = str(folder)
    address = serve()
    os.chdir(folder)
    if not (folder / "tags.conll").exists():
        prepare(folder)
    for way in ways(folder):
        if wanted and way.name not in wanted:
            continue
        words = [word.replace("SERVER", address) for word in way.words]

        def run(words: list[str] = words, way: Way = way) -> None:
            if way.keys:
                os.execv(sys.executable, [sys.executable, "-m", "seqnlp", *words])
            sys.argv = ["seqnlp", *words]
            sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
            code = 1
            try:
                program()
            except SystemExit as leaving:
                code = leaving.code if isinstance(leaving.code, int) else 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

        code, sent = in_terminal(run, way.keys)
        told = {"way": way.name, "code": code, "expected": way.code, "silent": way.silent, "keys": bool(way.keys)}
        print(json.dumps({**told, "sent": base64.b64encode(sent).decode()}), flush=True)


if __name__ == "__main__":
    main()
