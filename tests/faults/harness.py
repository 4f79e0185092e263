"""What the fuzzing suites share: the program in this process, and counts of what was tried and failed."""

import io
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from seqnlp.errors import SeqnlpError

CODES = {0, 2, 3, 4, 5}
"""Exit codes of an answer; 1 is one only where memory is short."""


SECONDS = 120
"""An answer that takes longer hangs, on however busy a machine."""


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str
    crash: str = ""
    """Traceback of an error that nobody foresaw."""

    @property
    def problem(self) -> str:
        """Empty for a result or a clear error."""
        if self.crash:
            return self.crash
        if "Traceback" in self.err or "Traceback" in self.out:
            return self.err
        errors = [line for line in self.err.splitlines() if not line.startswith("note: ")]
        if self.code == 1 and "not enough memory" in self.err and len(errors) == 1:
            return ""
        if self.code not in CODES:
            return f"exit {self.code}: {self.err}"
        if self.code and not errors:
            return f"exit {self.code} without a word"
        if self.code in (4, 5) and len(errors) != 1:
            return f"more than one line: {self.err}"
        return ""


def seqnlp(*arguments: object) -> Answer:
    """Run the program in this process: two hundred times as fast as in one of its own."""
    from seqnlp.cli.app import main

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before, sys.argv = sys.argv, ["seqnlp", *map(str, arguments)]
    code, crash = 0, ""
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except Exception:
        crash = traceback.format_exc()
    finally:
        sys.argv = before
    printed, said = (stream.buffer.getvalue().decode() for stream in (out, err))
    return Answer(code, printed, said, crash)


class Hangs(BaseException):
    """No answer in time; no `except Exception` shall take it for an error of its own."""


@contextmanager
def within(seconds: int = SECONDS) -> Iterator[None]:
    """End what takes longer."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hangs(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def guarded(call: Callable[[], None]) -> tuple[str, SeqnlpError | None]:
    """Call something; its traceback if there is one, and the error that it foresaw."""
    try:
        with within():
            call()
    except SeqnlpError as error:
        return "", error
    except (Exception, Hangs):
        return traceback.format_exc(), None
    return "", None


@dataclass
class Tally:
    """Counts of a suite."""

    name: str
    tried: int = 0
    accepted: int = 0
    failures: list[str] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)

    def is_new(self, content: bytes) -> bool:
        """Test for an input that was not tried before, and remember it."""
        if content in self.seen:
            return False
        self.seen.add(content)
        return True

    def add(self, seed: object, problem: str, accepted: bool) -> None:
        """Count an input; `problem` is empty if it was answered well."""
        self.tried += 1
        self.accepted += accepted
        if problem:
            self.failures.append(f"--- {self.name}, seed {seed}\n{problem[-1500:]}")

    def report(self, log: Path | None = None) -> str:
        """Print the counts; return the first failures, an empty text if there are none."""
        line = f"{self.name}: {self.tried:,} tried, {self.accepted:,} accepted, {len(self.failures)} failed"
        print(line)
        if log is not None:
            log.write_text("\n".join([line, *self.failures]), encoding="utf-8", errors="replace")
        return "\n".join([line, *self.failures[:8]]) if self.failures else ""


def one_line(error: SeqnlpError, names: Sequence[str]) -> str:
    """Problem of a message: more than one line, or it names none of these."""
    text = str(error)
    if "\n" in text:  # other controls are made visible on their way to a terminal
        return f"not one line: {text!r}"
    return "" if any(name in text for name in names) else f"names none of {names}: {text}"
