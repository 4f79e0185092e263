"""The Hub itself is played by a small server on this machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from datasets.utils import disable_progress_bars, enable_progress_bars

from seqnlp.errors import DataError
from seqnlp.readers import Hub
from seqnlp.tasks.translate.recipe import TranslateRecipe

COMMIT = "a" * 40
REPOSITORIES = {
    "me/tiny": {
        "data/train.jsonl": b'{"words": ["a", "b"], "label": "x"}\n{"words": ["c"], "label": "y"}\n',
        "data/test.jsonl": b'{"words": ["d"], "label": "y"}\n',
    },
    "me/pairs": {
        "data/train.jsonl": b'{"translation": {"de": "ja", "en": "yes"}}\n{"translation": {"de": "nein", "en": "no"}}\n'
    },
}


class FakeHub(BaseHTTPRequestHandler):
    """As much of the Hub as datasets of JSON lines need."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        name = next((name for name in REPOSITORIES if f"datasets/{name}" in path), "")
        files = REPOSITORIES.get(name, {})
        resolve, _, file = path.removeprefix(f"/datasets/{name}/resolve/").partition("/")
        if not name:
            self.answer(404, b"", **{"X-Error-Code": "RepoNotFound"})
        elif path.startswith(f"/datasets/{name}/resolve/") and resolve in ("main", COMMIT) and file in files:
            self.answer(200, files[file], ETag=f'"{sha1(files[file]).hexdigest()}"')
        elif path in (f"/api/datasets/{name}", f"/api/datasets/{name}/revision/{COMMIT}"):
            self.answer(200, {"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]})
        elif path == f"/api/datasets/{name}/tree/{COMMIT}":
            self.answer(200, [{"type": "directory", "path": "data", "oid": COMMIT, "size": 0}])
        elif path == f"/api/datasets/{name}/tree/{COMMIT}/data":
            self.answer(
                200, [{"type": "file", "path": file, "size": len(data), "oid": COMMIT} for file, data in files.items()]
            )
        elif path.startswith(f"/datasets/{name}/resolve/") and resolve not in ("main", COMMIT):
            self.answer(404, b"", **{"X-Error-Code": "RevisionNotFound"})
        else:
            self.answer(404, b"", **{"X-Error-Code": "EntryNotFound"})

    def do_POST(self) -> None:
        """Sizes and hashes of the files that a form names."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        name = next(name for name in REPOSITORIES if f"/api/datasets/{name}/paths-info/" in self.path)
        found = {file: data for file, data in REPOSITORIES[name].items() if file in form["paths"]}
        self.answer(
            200,
            [
                {"type": "file", "path": file, "size": len(data), "oid": sha1(data).hexdigest()}
                for file, data in found.items()
            ],
        )

    def answer(self, code: int, body: Any, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"X-Repo-Commit": COMMIT, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


SCRIPT = """
import json, sys
from pathlib import Path
from seqnlp.errors import DataError
from seqnlp.readers import Hub
for settings, split in json.loads(sys.argv[1]):
    try:
        if split.startswith("stream "):
            from seqnlp.readers.empties import FILLED
            from seqnlp.readers.streaming import Stream
            stream = Stream(Hub(**settings), split.removeprefix("stream "), Path, {"words": FILLED, "label": FILLED}, 2)
            rows = [row for block in stream.blocks(0) for row in block.table]
            print(json.dumps([[shard.name, shard.place] for shard in stream.shards] + rows + list(stream.blocks(0, 2))))
            continue
        print(json.dumps(list(Hub(**settings).load(split))))
    except DataError as error:
        print(json.dumps(str(error)))
"""


def load_elsewhere(tmp_path: Path, cases: list[tuple[dict[str, str], str]], **settings: str) -> list[Any]:
    """What a process with these settings of the Hub gets: rows, or the message of an error."""
    variables = {"HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment = {**os.environ, **variables, **settings}
    environment.pop("HF_DATASETS_CACHE")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(cases)], env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_datasets_come_from_the_hub(tmp_path: Path, endpoint: str) -> None:
    tiny = {"path": "me/tiny"}
    cases = [
        (tiny, "train"),
        (tiny, "train[:50%]+test"),
        ({"path": "me/pairs"}, "train"),
        (tiny | {"revision": COMMIT}, "test"),
        (tiny, "dev"),
        (tiny, "train[:"),
        (tiny | {"config": "french"}, "train"),
        (tiny | {"revision": "v9"}, "train"),
        ({"path": "me/nothing"}, "train"),
        (tiny, "stream train"),
        (tiny, "stream dev"),
    ]
    first = {"words": ["a", "b"], "label": "x"}
    last = {"words": ["d"], "label": "y"}
    everything, part, pairs, test, *problems = load_elsewhere(tmp_path, cases, HF_ENDPOINT=endpoint)
    assert everything == [first, {"words": ["c"], "label": "y"}]
    assert part == [first, last]
    assert pairs == [{"translation": {"de": "ja", "en": "yes"}}, {"translation": {"de": "nein", "en": "no"}}]
    assert test == [last]
    cannot = "me/tiny: cannot load"
    assert problems == [
        f"{cannot} 'dev': no such split; it has train, test",
        f"{cannot} 'train[:': Unrecognized instruction format: train[: (it has the splits train, test)",
        f"{cannot} 'train': BuilderConfig 'french' not found. Available: ['default']",
        f"{cannot} 'train': Revision 'v9' doesn't exist for dataset 'me/tiny' on the Hub.",
        "me/nothing: cannot load 'train': Dataset 'me/nothing' doesn't exist on the Hub or cannot be accessed.",
        [["data/train.jsonl", f"hf://datasets/me/tiny@{COMMIT}/data/train.jsonl"], *everything],
        "me/tiny: slices and sums of splits can't be streamed: expected the name of a split, train, test, found 'dev'",
    ]


def test_pairs_of_a_translation_column(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_bytes(REPOSITORIES["me/pairs"]["data/train.jsonl"])
    reader = {"kind": "hub", "path": str(tmp_path / "pairs.jsonl")}
    data = {"reader": reader, "source": "en", "target": "de", "train": "train", "dev": "train"}
    pairs = TranslateRecipe.model_validate({"data": data}).split("train", Path)
    assert (list(pairs.sources()), list(pairs.targets())) == ([["yes", "no"]], [["ja", "nein"]])


def test_without_a_network_there_is_one_line(tmp_path: Path) -> None:
    (problem,) = load_elsewhere(tmp_path, [({"path": "me/tiny"}, "train")], HF_HUB_OFFLINE="1")
    assert problem.startswith("me/tiny: cannot load 'train': Couldn't reach 'me/tiny' on the Hub")
    assert "\n" not in problem


def test_a_hub_that_cannot_be_reached_is_not_asked_again_and_again(tmp_path: Path) -> None:
    begun = time.monotonic()
    (problem,) = load_elsewhere(tmp_path, [({"path": "me/tiny"}, "train")], HF_ENDPOINT="http://127.0.0.1:9")
    assert problem.startswith("me/tiny: cannot load 'train': Couldn't reach 'me/tiny' on the Hub")
    assert time.monotonic() - begun < 15  # asked again and again it takes 25 s and more


FEATURES = Features(
    {
        "tokens": List(Value("string")),
        "tags": List(ClassLabel(names=["O", "B"])),
        "label": ClassLabel(names=["bad", "good"]),
        "number": Value("float64"),
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    columns = {
        "tokens": [["a", "b"], ["c"], []],
        "tags": [[0, 1], [1], []],
        "label": [0, 1, -1],
        "number": [1.0, 2.0, 3.0],
    }
    table = Dataset.from_dict(columns, features=FEATURES)
    (tmp_path / "data").mkdir()
    disable_progress_bars()
    table.to_parquet(tmp_path / "data" / "train.parquet")
    table.select([0]).to_parquet(tmp_path / "data" / "test.parquet")
    enable_progress_bars()
    return tmp_path


def test_classes_have_names_also_inside_lists(folder: Path) -> None:
    table = Hub(path=str(folder)).load("train")
    assert table["tags"] == [["O", "B"], ["B"], []]
    assert table["label"] == ["bad", "good", None]
    assert table["tokens"] == [["a", "b"], ["c"], []]
    assert table["number"] == [1.0, 2.0, 3.0]
    assert table.features["tags"] == List(Value("string"))
    assert table.features["label"] == Value("string")


def test_expressions_and_names_for_columns(folder: Path) -> None:
    table = Hub(path=str(folder), columns={"words": "tokens"}).load("train[1:2]+test")
    assert table["words"] == [["c"], ["a", "b"]]


def test_a_changed_folder_is_read_again(folder: Path) -> None:
    hub = Hub(path=str(folder))
    assert hub.load("test")["label"] == ["bad"]
    file = folder / "data" / "test.parquet"
    before = file.stat().st_mtime_ns
    file.write_bytes((folder / "data" / "train.parquet").read_bytes())
    os.utime(file, ns=(before + 10**9, before + 10**9))
    assert hub.load("test")["label"] == ["bad", "good", None]


def test_single_files(folder: Path, tmp_path: Path) -> None:
    assert len(Hub(path=str(folder / "data" / "train.parquet")).load("train[:2]")) == 2
    (tmp_path / "x.txt").write_text("a\nb\n")
    assert Hub(path=str(tmp_path / "x.txt")).load("train")["text"] == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "data", "split", "problem"),
    [
        ("x.txt", b"a\n", "test", "x.txt: cannot load 'test': no such split; it has train"),
        ("x.txt", b"a\n", "train[:900%]", "Percent slice boundaries must be > -100 and < 100."),
        ("x.txt", b"a\n", "", "x.txt: cannot load '': "),
        ("x.parquet", b"nothing of the kind", "train", "x.parquet: cannot load 'train': "),
        ("x.jsonl", b"nothing of the kind", "train", "x.jsonl: cannot load 'train': JSON parse error"),
        ("x.zip", b"", "train", "x.zip: cannot read a .zip file; expected .parquet, .arrow, .jsonl"),
        ("x", b"", "train", "x: cannot read a nameless file; expected .parquet"),
        ("none/x/y", None, "train", "Couldn't find any data file at"),
        (".", None, "train", "doesn't contain any data files"),
    ],
)
def test_hub_errors_are_one_line(
    tmp_path: Path, path: str, data: bytes | None, split: str, problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if data is not None:
        (tmp_path / path).write_bytes(data)
    with pytest.raises(DataError) as caught:
        Hub(path=str(tmp_path / path)).load(split)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
