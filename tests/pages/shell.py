"""A page, run as a reader would: its `sh`, `console` and `python` blocks, in their order, in one folder.

`seqnlp` runs in this process, where torch is loaded; all else in bash. A `console` block shows commands after `$ ` and
what they print: each of its lines must be there, in this order, and `...` stands for anything.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Program = Callable[..., "subprocess.CompletedProcess[str]"]
FENCE = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")


@dataclass
class Ran:
    """One command and what came of it."""

    command: str
    code: int
    out: str
    err: str


@dataclass
class Page:
    """Runs the blocks of a page."""

    folder: Path
    seqnlp: Program
    names: dict[str, Any] = field(default_factory=dict)
    ran: list[Ran] = field(default_factory=list)

    def run(self, text: str) -> None:
        """Run all blocks; a command that fails, or prints something else, is an error."""
        for language, body in FENCE.findall(text):
            if language == "sh":
                for command in commands(body):
                    done = self.command(command)
                    assert done.code == 0, (command, done.out, done.err)
            elif language == "console":
                self.console(body)
            elif language == "python":
                self.python(body)

    def console(self, body: str) -> None:
        for part in re.split(r"(?m)^\$ ", body)[1:]:
            command, _, wanted = part.partition("\n")
            done = self.command(command)
            assert "Traceback" not in done.err, done.err
            shown = done.out + done.err
            lines = [re.escape(line).replace(r"\.\.\.", ".*") for line in wanted.splitlines()]
            pattern = r"[\s\S]*?".join(f"^{line}$" for line in lines if line != ".*")
            assert re.search(pattern, shown, re.MULTILINE), f"$ {command}\nexpected:\n{wanted}\nfound:\n{shown}"

    def python(self, body: str) -> None:
        before, printed = Path.cwd(), io.StringIO()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(body, "page.py", "exec"), self.names)
        finally:
            os.chdir(before)
        self.ran.append(Ran(body, 0, printed.getvalue(), ""))

    def command(self, command: str) -> Ran:
        """Run a pipeline; a heredoc belongs to its first line."""
        stdin, done = "", Ran(command, 0, "", "")
        errors = ""
        for stage in _stages(command):
            words = shlex.split(stage.split("\n", 1)[0], comments=True)
            if words[:1] == ["seqnlp"]:
                done = self._seqnlp(command, words[1:], stdin)
            else:
                ran = subprocess.run(
                    ["bash", "-c", stage], cwd=self.folder, input=stdin, capture_output=True, text=True, check=False
                )
                done = Ran(command, ran.returncode, ran.stdout, ran.stderr)
            stdin, errors = done.out, errors + done.err
        done.err = errors
        self.ran.append(done)
        return done

    def _seqnlp(self, command: str, words: list[str], stdin: str) -> Ran:
        target = None
        if ">" in words:
            target = words[words.index(">") + 1]
            words = words[: words.index(">")]
        if "<" in words:
            stdin = (self.folder / words[words.index("<") + 1]).read_text("utf8")
            words = words[: words.index("<")]
        done = self.seqnlp(*words, stdin=stdin, folder=self.folder)
        if target:
            (self.folder / target).write_text(done.stdout, "utf8")
        return Ran(command, done.returncode, "" if target else done.stdout, done.stderr)


def commands(body: str) -> Iterator[str]:
    """Commands of a block: a line each, or a line and its heredoc."""
    lines = iter(body.splitlines())
    for line in lines:
        found = re.search(r"<<'?(\w+)'?$", line)
        if found:
            whole = [line]
            for more in lines:
                whole.append(more)
                if more == found[1]:
                    break
            yield "\n".join(whole)
        elif line.strip() and not line.startswith("#"):
            while line.endswith("\\"):
                line = line[:-1] + next(lines).strip()
            yield line


def _stages(command: str) -> list[str]:
    """Stages of a pipeline; a heredoc is one."""
    if "\n" in command:
        return [command]
    return [part.strip() for part in re.split(r"\|(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", command)]
