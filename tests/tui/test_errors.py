"""Unexpected exceptions: the application ends, with its traceback in a log and one line on the terminal."""

from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceDied, ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.errors import MAX_BYTES, log_crash, log_file
from seqnlp.tui.widgets.run_list import RunList

pytestmark = pytest.mark.anyio

TRACEBACK = "╭─ Traceback ─╮\n│ key = 'x'   │\n╰─────────────╯\nKeyError: 'x'\n"


@pytest.fixture(autouse=True)
def _own_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the lamp [b] went out")


@pytest.mark.parametrize("method", ["render_line", "mark"])
async def test_an_exception_ends_the_application_quietly(
    runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], method: str
) -> None:
    monkeypatch.setattr(RunList, method, fail)
    app = SeqnlpApp(runs, fake({}))

    async def mark(pilot: Any) -> None:
        await pilot.press("tab")

    await app.run_async(headless=True, auto_pilot=mark)
    assert app.return_code == 1
    line = log_crash(app.crash.getvalue())
    assert line == f"a fault in seqnlp itself: RuntimeError: the lamp [b] went out; the traceback is in {log_file()}"
    assert "in fail" in log_file().read_text()
    assert capfd.readouterr() == ("", "")


def test_a_log_that_is_large_is_overwritten() -> None:
    log_crash(TRACEBACK)
    assert TRACEBACK in log_file().read_text()
    log_file().write_text("x" * (MAX_BYTES + 1))
    log_crash(TRACEBACK)
    assert "KeyError" in log_file().read_text()
    assert "xxx" not in log_file().read_text()


def test_a_log_that_can_not_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert log_crash(TRACEBACK).startswith("a fault in seqnlp itself: KeyError: 'x'; ")
    assert "can't be written" in log_crash(TRACEBACK)


async def test_errors_of_the_service_do_not_end_it(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    damaged = ServiceError("RunError", "runs/char_lstm/model.safetensors: damaged: expected tensors")
    killed = ServiceDied("It was killed; perhaps there was not enough memory.")
    part = {"sample": 0, "text": "light ", "lengths": [6], "logprobs": [-0.3]}
    app = SeqnlpApp(runs, fake({"load": lambda _: [damaged], "generate": lambda _: [part, killed]}))
    async with app.run_test(notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await shows(app, "damaged: expected tensors")
        await pilot.press("a", "enter")
        await shows(app, "alight")  # what was written stays
        await settled(pilot)
        assert not app.screen.panel.session.busy  # type: ignore[attr-defined]
