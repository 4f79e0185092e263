"""`seqnlp help`: topics, pages in a terminal and in a pipe, and the pages as HTML."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from seqnlp import pages
from seqnlp.cli.app import app
from seqnlp.cli.markdown import PageMarkdown
from seqnlp.errors import DataError, UsageError
from seqnlp.pages.site import write_site
from tests.pages.shell import FENCE, Program


def test_the_topics_have_a_line_each(seqnlp: Program) -> None:
    done = seqnlp("help")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [page.name for page in pages.listed()]
    assert lines[0].startswith("tag ")
    assert all(line.startswith(f"{page.name}  ") for line, page in zip(lines, pages.listed(), strict=True))
    assert all(len(line.split()) > 1 and len(line) <= 80 for line in lines)
    assert "seqnlp help TOPIC" in done.stderr


def test_a_page_in_a_pipe_is_markdown_with_commands_for_links(seqnlp: Program) -> None:
    text = seqnlp("help", "tag").stdout
    assert text.startswith("# Your own data: a label for every word (tag)\n")
    assert "(`seqnlp help vectors`)" in text
    assert "`data.scheme` (`seqnlp help data.scheme`)" in text
    assert "](" not in text
    assert "\x1b" not in text


def test_a_reader_has_its_page_and_its_keys(seqnlp: Program) -> None:
    text = seqnlp("help", "reader.csv").stdout
    assert text.count("## reader.csv\n") == 2
    assert text.index("a header line names the columns") < text.index("### reader.csv.delimiter")


@pytest.mark.parametrize(
    "topic", ["encoder.lstm", "encoder.lstm.size", "training", "data.reader", "keys", "crf", "Training"]
)
def test_topics_of_the_reference(seqnlp: Program, topic: str) -> None:
    done = seqnlp("help", topic)
    assert done.returncode == 0
    assert topic.lower().rpartition(".")[2] in done.stdout.split("\n")[0].lower() or topic == "keys"


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("generate", ["`seqnlp generate --help` lists its arguments", "(`seqnlp help lm`)"]),
        ("seqnlp evaluate", ["`seqnlp evaluate --help` lists its arguments", "Pages with examples of it: "]),
        ("runs", ["`seqnlp runs --help` lists its commands (compare, ls, ", "(`seqnlp help "]),
        ("train", ["`seqnlp train --help` lists its arguments", "### data.train\n"]),  # a key, too
    ],
)
def test_a_command_without_a_page_is_told_where_to_look(seqnlp: Program, command: str, lines: list[str]) -> None:
    done = seqnlp("help", command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"# seqnlp {command.removeprefix('seqnlp ')}\n")
    assert all(line in done.stdout for line in lines), done.stdout


def test_every_command_is_a_topic(seqnlp: Program) -> None:
    names = [command.name for command in app.registered_commands] + [group.name for group in app.registered_groups]
    assert len(names) > 15
    for name in names:
        assert f"seqnlp {name}" in seqnlp("help", name).stdout


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("encoder.lsmt", "did you mean 'encoder.lstm'?"),
        ("clasify", "did you mean 'classify'?"),
        ("zzz", "`seqnlp help` lists the topics"),
        ("..", "`seqnlp help` lists the topics"),
        ("../README", "did you mean"),
        ("encoder..size", "did you mean"),
        ("x" * 5000, "`seqnlp help` lists the topics"),
    ],
)
def test_a_topic_that_does_not_exist(seqnlp: Program, topic: str, hint: str) -> None:
    done = seqnlp("help", topic)
    assert done.returncode == 2
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.name)
def test_a_page_in_a_terminal_can_be_copied(page: pages.Page) -> None:
    drawn = io.StringIO()
    console = Console(width=80, force_terminal=True, color_system=None, file=drawn)
    console.print(PageMarkdown(pages.in_terminal(page.text), hyperlinks=False), crop=False)
    text = re.sub(r"\x1b\[[\d;]*m", "", drawn.getvalue())
    assert "```" not in text
    for _, body in FENCE.findall(page.text):
        for line in body.splitlines():
            assert re.search(rf"(?m)^{re.escape(line.expandtabs(8))}$", text), line
    assert not re.search(r"```sh\n[^`]*\t", page.text), "tabs are lost in a terminal: make them with printf or tr"


@pytest.mark.parametrize("topic", ["", "tag", "encoder.lstm.size"])
def test_help_imports_nothing_heavy(topic: str) -> None:
    heavy = ["torch", "numpy", "datasets", "tokenizers", "textual"]  # pydantic comes with typer
    code = (
        "import sys; from seqnlp.cli.app import app\n"
        f"try: app(['help', *{[topic] if topic else []}])\n"
        f"except SystemExit: assert not sys.modules.keys() & set({heavy}), sys.modules.keys() & set({heavy})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_site_needs_nothing_from_elsewhere(tmp_path: Path, seqnlp: Program) -> None:
    done = seqnlp("help", "--site", tmp_path / "site")
    index = tmp_path / "site" / "index.html"
    assert done.stdout == f"{index}\n"
    files = sorted((tmp_path / "site").rglob("*"))
    names = {path.relative_to(tmp_path / "site").as_posix() for path in files if path.is_file()}
    wanted = {path.relative_to(pages.FOLDER).with_suffix(".html").as_posix() for path in pages.FOLDER.rglob("*.md")}
    assert names == {name.replace("README", "index") for name in wanted}
    for path in files:
        if path.is_file():
            _check_html(path)
    assert "<table>" in (tmp_path / "site" / "json.html").read_text("utf8")


def test_a_site_has_all_topics(seqnlp: Program, tmp_path: Path) -> None:
    done = seqnlp("help", "tag", "--site", tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: --site writes all pages; leave out 'tag'\n"


def _check_html(path: Path) -> None:
    text = path.read_text("utf8")
    assert "<script" not in text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//|@import|url\(", text)
    for target in re.findall(r'href="([^"]+)"', text):
        file, _, anchor = target.partition("#")
        there = path.parent / file if file else path
        assert there.is_file(), (path, target)
        assert not anchor or f'id="{anchor}"' in there.read_text("utf8"), (path, target)


def test_a_site_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.html").write_text("mine")
    write_site(tmp_path)
    write_site(tmp_path)
    assert (tmp_path / "mine.html").read_text() == "mine"
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="can't write the site"):
        write_site(tmp_path / "file")
    with pytest.raises(UsageError):
        pages.find("")
