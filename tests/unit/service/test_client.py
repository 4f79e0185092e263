"""Client of the model service: first with a played process, then with the real one."""

import asyncio
import os
import shutil
import signal
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceClient, ServiceDied, ServiceError, ServiceState

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]

PLAYED = """
import json, os, sys
say = lambda **message: print(json.dumps(message), flush=True)
say(ready=True)
print("last words", file=sys.stderr, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if "stop" in request:
        open(sys.argv[1], "a").write(str(request["stop"]))
        continue
    number, do = request["id"], request["do"]
    if do == "count":
        say(id=number, data=[0, 1, 2]); say(id=number, data=[3]); say(id=number, end=True)
    elif do == "begin":
        say(id=number, data=[0])
    elif do == "fail":
        say(id=number, error=["RunError", "no such run"])
    elif do == "rave":
        print("what?", flush=True)
    elif do == "exit":
        sys.exit(3)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def stops(tmp_path: Path) -> Path:
    return tmp_path / "stops"


@pytest.fixture
async def played(stops: Path) -> Any:
    service = ServiceClient((sys.executable, "-c", PLAYED, str(stops)))
    yield service
    await service.close()
    assert service.state is ServiceState.ASLEEP or service.state is ServiceState.DEAD


async def all_of(service: ServiceClient, do: str) -> list[Any]:
    async with aclosing(service.stream(do, "runs/x", {})) as items:
        return [item async for item in items]


async def test_answers_come_in_order_and_side_by_side(played: ServiceClient) -> None:
    states: list[ServiceState] = []
    played.listeners.append(states.append)
    assert await asyncio.gather(*(all_of(played, "count") for _ in range(5))) == [[0, 1, 2, 3]] * 5
    assert states == [ServiceState.LOADING, ServiceState.READY]


async def test_leaving_an_answer_stops_it(played: ServiceClient, stops: Path) -> None:
    assert await played.ask("begin", "runs/x", {}) == 0
    assert await all_of(played, "count") == [0, 1, 2, 3]
    assert stops.read_text() == "1"  # and nothing for the answer that has ended by itself


async def test_errors_have_a_kind(played: ServiceClient) -> None:
    with pytest.raises(ServiceError, match="no such run") as caught:
        await all_of(played, "fail")
    assert caught.value.kind == "RunError"


@pytest.mark.parametrize(("do", "why"), [("exit", "code 3: last words"), ("rave", "makes no sense")])
async def test_a_death_is_told_and_the_next_question_starts_another(played: ServiceClient, do: str, why: str) -> None:
    with pytest.raises(ServiceDied, match=why):
        await all_of(played, do)
    assert played.state is ServiceState.DEAD
    assert await all_of(played, "count") == [0, 1, 2, 3]
    assert played.state is ServiceState.READY


async def test_client_tells_of_a_server_that_does_not_start() -> None:
    service = ServiceClient(("/no/such/program",))
    with pytest.raises(ServiceDied, match="no such file"):
        await all_of(service, "count")
    assert service.state is ServiceState.DEAD
    await service.close()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model."""
    return shutil.copytree(ROOT / "tests/data/run_v2/lm", tmp_path_factory.mktemp("runs") / "tiny")


async def test_the_real_worker(trained: Path) -> None:
    service = ServiceClient()
    run = str(trained)
    settings = {"prompt": "The", "length": 200, "temperature": 0.8, "seed": 1}

    async def written() -> str:
        async with aclosing(service.stream("generate", run, settings)) as parts:
            return "".join([part["text"] async for part in parts])

    try:
        first, second, odds = await asyncio.gather(
            written(), written(), service.ask("next", run, {"text": "The", "most": 5})
        )
        assert first == second
        assert len(first) == 200
        assert len(odds) == 5
        assert odds == sorted(odds, key=lambda pair: -pair[1])

        endless = service.stream("generate", run, {"prompt": "", "length": 10**9})
        part = await anext(endless)
        assert len(part["text"]) == sum(part["lengths"])
        assert len(part["lengths"]) == len(part["logprobs"])
        assert (await service.ask("load", run, {}))["task"] == "lm"  # while the other goes on
        await endless.aclose()

        with pytest.raises(ServiceError, match="temperature -1") as refused:
            await all_of_generate(service, run, temperature=-1)
        assert refused.value.kind == "UsageError"
        with pytest.raises(ServiceError, match="can't tag: this run is a language model"):
            await service.ask("tag", run, {"sentences": "x"})
        with pytest.raises(ServiceError) as missing:
            await service.ask("load", "runs/nowhere", {})
        assert missing.value.kind == "RunError"
        for damage in (b"", b"?" * 1000, (trained / "model.safetensors").read_bytes()[:-100]):
            broken = shutil.copytree(trained, trained.parent / "broken", dirs_exist_ok=True)
            (broken / "model.safetensors").write_bytes(damage)
            with pytest.raises(ServiceError, match=r"model\.safetensors") as damaged:
                await service.ask("load", str(broken), {})
            assert damaged.value.kind == "RunError"
        assert await written() == first  # the others still answer

        process = service.process
        assert process is not None
        endless = service.stream("generate", run, {"prompt": "", "length": 10**9})
        await anext(endless)
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(ServiceDied, match="not enough memory"):
            _ = [part async for part in endless]
    finally:
        await service.close()


async def all_of_generate(service: ServiceClient, run: str, **settings: Any) -> list[Any]:
    async with aclosing(service.stream("generate", run, settings)) as items:
        return [item async for item in items]


async def test_the_worker_ends_with_its_application(trained: Path) -> None:
    service = ServiceClient()
    await service.ask("load", str(trained), {})
    process = service.process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # what a killed application leaves behind
    assert await asyncio.wait_for(process.wait(), 5) == 0
    await service.close()
