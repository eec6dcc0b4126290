"""Names with the real model: a gateway process, its worker, and the folder that the image has; what reaches the model server, and when."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from assistant_gateway.policy import NamesPolicy, RequestRedaction
from assistant_gateway.redaction.entities import NAMES, STRUCTURED
from assistant_gateway.redaction.names.client import Mode, Names, NamesOptions
from assistant_gateway.redaction.proving.samples import sample
from tests.cluster.names import names_folder
from tests.unit.gateway.fake_ollama import MODEL, FakeOllama
from tests.unit.gateway.process import GatewayProcess, start_process, write_files
from tests.unit.gateway.redacting import speak
from tests.unit.gateway.running import SECONDS, make_policy

PERSON = "Margaret Thornton"
TEXT = f"My name is {PERSON} and I live at 48 Willow Street in Hamburg."
CANARIES = ("Margaret", "Thornton", "Willow", "Hamburg")
MODES: tuple[Mode, ...] = ("Standard", "HighRecall")


@pytest.fixture
async def fake() -> AsyncIterator[FakeOllama]:
    server = FakeOllama()
    await server.start()
    speak(server)
    yield server
    await server.stop()


@asynccontextmanager
async def gateway(room: Path, fake: FakeOllama, folder: Path, action: str = "Pseudonymize", mode: Mode = "Standard") -> AsyncIterator[Any]:
    request = RequestRedaction.model_validate({"action": action, "entities": (*STRUCTURED, *NAMES)})
    base = make_policy()
    redaction = base.redaction.model_copy(update={"request": request, "names": NamesPolicy(mode=mode)})
    write_files(room, base.model_copy(update={"redaction": redaction}))
    async with start_process(room, fake, f"--names={folder}") as running:
        yield running


def worker(running: GatewayProcess) -> int:
    """Return the worker's process id."""
    (pid,) = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    return int(pid)


def _resident(pid: int) -> int:
    """Return a process's memory in KiB."""
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


async def chat(running: GatewayProcess, text: str = TEXT, **more: Any) -> Any:
    async with running.http() as client:
        return await client.post(
            "/api/chat", json={"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": False} | more
        )


async def reasons(running: GatewayProcess, wanted: list[str]) -> None:
    """Wait until /readyz gives these reasons."""
    async with asyncio.timeout(SECONDS * 2):
        while [one["reason"] for one in (await running.ops("/readyz")).json()["reasons"]] != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("mode", MODES)
async def test_names_never_reach_the_model_server_or_anything_that_is_written(tmp_path: Path, fake: FakeOllama, mode: Mode) -> None:
    """Not the model server, the log, the record or the metrics; and the client gets them back, in a stream too."""
    async with gateway(tmp_path, fake, names_folder(), mode=mode) as running:
        await running.ready()
        answer = await chat(running)
        streamed = await chat(running, stream=True)
        status = (await running.ops("/status")).json()["redaction"]
        written = running.output.read_text() + running.errors.read_text() + (await running.ops("/metrics")).text
        resident = sum(map(_resident, (running.process.pid, worker(running))))

    told = "".join(json.dumps(asked.json) for asked in fake.asked if asked.body)
    assert "PERSON-1" in told
    for canary in CANARIES:
        assert canary not in told + written
    assert answer.json()["message"]["content"] == TEXT
    assert "".join(json.loads(line)["message"]["content"] for line in streamed.text.splitlines()) == TEXT
    assert set(NAMES) <= set(status["active"])
    assert 'entity="PERSON"' in written
    print(f"{mode}: gateway and worker {resident // 1024} MiB")
    assert resident < {"Standard": 300, "HighRecall": 450}[mode] * 1024


async def test_a_worker_that_is_stopped_closes_the_gateway_until_another_runs(tmp_path: Path, fake: FakeOllama) -> None:
    """503 with its code, nothing at the model server; then it is replaced, without anybody's help."""
    async with gateway(tmp_path, fake, names_folder()) as running:
        await running.ready()
        before = len(fake.asked)
        stopped = worker(running)
        os.kill(stopped, signal.SIGSTOP)

        refused = await chat(running)

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        assert "look for names" in refused.text
        assert all(canary not in json.dumps(asked.json) for asked in fake.asked[before:] if asked.body for canary in CANARIES)
        await running.ready()
        assert worker(running) != stopped
        assert (await chat(running)).status_code == 200


async def test_a_worker_that_is_killed_is_replaced(tmp_path: Path, fake: FakeOllama) -> None:
    """Whoever asks meanwhile is refused or served by the next one: nothing passes unread."""
    async with gateway(tmp_path, fake, names_folder()) as running:
        await running.ready()
        os.kill(worker(running), signal.SIGKILL)
        answer = await chat(running)
        await running.ready()
        assert (await chat(running)).status_code == 200

    assert answer.status_code in (200, 503)
    assert all(canary not in json.dumps(asked.json) for asked in fake.asked if asked.body for canary in CANARIES)


@pytest.mark.parametrize("wrong", ["missing", "changed"])
async def test_a_folder_that_is_not_the_builds_serves_nobody_until_it_is(tmp_path: Path, fake: FakeOllama, wrong: str) -> None:
    """Not ready with the reason, 503 to who asks; and ready as soon as the folder is whole."""
    folder = tmp_path / "names"
    shutil.copytree(names_folder(), folder)
    model = (folder / "model.onnx").read_bytes()
    if wrong == "missing":
        (folder / "model.onnx").unlink()
    else:
        (folder / "model.onnx").write_bytes(model[:-1] + bytes([model[-1] ^ 1]))
    (tmp_path / "room").mkdir()
    async with gateway(tmp_path / "room", fake, folder) as running:
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    await reasons(running, ["NamesUnavailable"])
                    break
                except OSError:
                    await asyncio.sleep(0.02)
                except Exception as error:
                    if "Connect" not in type(error).__name__:
                        raise
                    await asyncio.sleep(0.02)
        assert (await chat(running)).status_code == 503
        assert not any(asked.path == "/api/chat" for asked in fake.asked)
        (folder / "model.onnx").write_bytes(model)
        await running.ready()
        assert (await chat(running)).status_code == 200


@pytest.mark.parametrize("mode", MODES)
async def test_what_the_self_check_makes_up_is_always_found(mode: Mode) -> None:
    """A check that fails now and then would end the service for nothing: a hundred of each type, each as its own type."""
    names = Names(NamesOptions(names_folder(), mode))
    try:
        for entity in NAMES:
            made = [sample(entity) for _ in range(100)]
            for one, spans in zip(made, await names.find([one.text for one in made]), strict=True):
                start = one.text.index(one.secret)
                covered = {place for span in spans if span.entity == entity for place in range(span.start, span.end)}
                assert covered.issuperset(range(start, start + len(one.secret))), (mode, entity, one.text)
    finally:
        names.close()
