"""Plays `seqnlp train` for tests: the same arguments, files, signals and exit codes, but no network learns anything."""

import json
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path

words = sys.argv[2:]
recipe, out = Path(words[0]), Path(words[words.index("--out") + 1])
settings = dict(word.split("=", 1) for flag, word in pairwise(words) if flag == "-s")
steps = int(settings.get("steps", 30))
received: list[int] = []
signal.signal(signal.SIGINT, lambda number, frame: received.append(number))


def say(kind: str, step: int, **more: object) -> None:
    event = {"event": kind, "step": step, "epoch": step / 10, "seconds": step / 100, **more}
    line = json.dumps(event) + "\n"
    with open(out / "events.jsonl", "a") as log:
        log.write(line[:7])  # those who follow see half a line now and then
        log.flush()
        log.write(line[7:])


def main() -> int:
    """Train, in a manner of speaking."""
    if "fail" in settings:
        print("error: the data are gone", file=sys.stderr)
        return 4
    if recipe.parent.name == out.name and not recipe.exists():  # that of the run itself
        print(f"error: {recipe}: there is no such recipe", file=sys.stderr)
        return 4
    out.mkdir(parents=True, exist_ok=True)
    if "--overwrite" in words:
        (out / "events.jsonl").unlink(missing_ok=True)
    (out / "state").mkdir(exist_ok=True)
    (out / "state/last.safetensors").touch()
    (out / "recipe.toml").write_text('task = "lm"\n')
    (out / "meta.json").write_text(json.dumps({"format": 2, "created": "2025-12-01T00:00:00+00:00"}))
    log = out / "events.jsonl"
    step = json.loads(log.read_bytes().splitlines()[-1])["step"] if "--resume" in words and log.exists() else 0
    say("started", step, steps=steps, epochs=steps / 10, parameters=1234, items_name="words")
    while step < steps:
        time.sleep(0.01)
        step += 1
        say("stepped", step, loss=5 / step, lr=0.1, items=step * 100, items_per_second=1000.0)
        if received:
            say("saved", step)
            print(f"error: stopped at step {step}; go on with: seqnlp train --resume", file=sys.stderr)
            return 130
    say("evaluated", step, scores={"accuracy": 0.5, "loss": 1.5}, metric="accuracy", best=True)
    (out / "model.safetensors").write_bytes(b"model")
    (out / "scores.json").write_text(json.dumps({"dev": {"accuracy": 0.5}}))
    say("done", step, reason="finished", best={"accuracy": 0.5})
    print(out)
    return 0


sys.exit(main())
