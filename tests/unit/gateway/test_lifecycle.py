"""The whole process: it starts, becomes ready, swaps its files, drains on SIGTERM, and says why when it cannot go on."""

import asyncio
import json
import os
import ssl
from pathlib import Path

import httpx
import pytest

from tests.unit.gateway.conftest import write_certificate
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire
from tests.unit.gateway.process import GatewayProcess, start_process, write_files
from tests.unit.gateway.running import KEY, SECONDS, free_port, make_policy, until

CHAT = {"model": MODEL, "messages": []}


async def test_it_becomes_ready_serves_and_ends(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        async with gateway.http() as client:
            answer = await client.post("/api/chat", json=CHAT)
        live, ready, metrics, missing = [await gateway.ops(path) for path in ("/livez", "/readyz", "/metrics", "/x")]
        told = await gateway.ops("/status")
        gateway.process.terminate()
        status = await gateway.exit_status()

    assert answer.status_code == 200
    assert status == 0
    assert live.json() == {"live": True}
    assert told.json()["waitsFor"] is None
    assert ready.json() == {"ready": True, "reasons": [], "generation": 7, "revision": make_policy().revision()}
    assert 'private_assistant_gateway_requests_total{code="",outcome="completed",route="/api/chat"} 1.0' in metrics.text
    assert missing.status_code == 404
    assert [record["outcome"] for record in gateway.records()] == ["completed"]
    assert not (tmp_path / "termination").exists()


async def test_before_it_is_ready_it_says_why_and_serves_nothing(tmp_path: Path, fake: FakeOllama) -> None:
    fake.cloud_disabled = False
    async with start_process(tmp_path, fake) as gateway:
        await until(lambda: len(fake.asked_for("/api/status")) > 1)
        ready, told = [await gateway.ops(path) for path in ("/readyz", "/status")]
        async with gateway.http() as client:
            answer = await client.post("/api/chat", json=CHAT)
        fake.cloud_disabled = True
        await gateway.ready()

    assert ready.status_code == 503
    assert [reason["reason"] for reason in ready.json()["reasons"]] == ["CloudEnabled"]
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert not fake.asked_for("/api/chat")
    assert told.json()["waitsFor"] == ready.json()["reasons"][0]  # for the operator


async def test_while_records_cannot_be_written_nobody_is_served(tmp_path: Path, fake: FakeOllama) -> None:
    """But for whoever was served when it began: nothing more reaches the model, and the gateway is not ready."""
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    async with start_process(tmp_path, fake, prelude=full) as gateway:
        await gateway.ready()
        async with gateway.http() as client:
            first, second = [await client.post("/api/chat", json=CHAT) for _ in range(2)]
        async with asyncio.timeout(SECONDS):
            while not (reasons := (await gateway.ops("/readyz")).json()["reasons"]):  # noqa: ASYNC110  another process
                await asyncio.sleep(0.01)

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (503, "not_ready")
    assert len(fake.asked_for("/api/chat")) == 1
    assert [reason["reason"] for reason in reasons] == ["RecordsNotWritten"]


async def test_where_records_are_read_no_more_it_ends(tmp_path: Path, fake: FakeOllama) -> None:
    """The kubelet starts another one, with a pipe that is read; and the reason says how much is lost."""
    closed = "import os; one, other = os.pipe(); os.dup2(other, 1); os.close(one)"
    async with start_process(tmp_path, fake, prelude=closed) as gateway:
        await gateway.ready()
        async with gateway.http() as client:
            await client.post("/api/chat", json=CHAT)
        status = await gateway.exit_status()

    assert status == 1
    assert gateway.termination() == {
        "reason": "RecordsNotWritten",
        "message": "1 audit records could not be written to standard output, and are lost.",
    }


async def test_a_stream_in_progress_outlives_sigterm(tmp_path: Path, fake: FakeOllama) -> None:
    go_on = asyncio.Event()

    async def slow(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'{"response":"a","done":false}\n')
        await go_on.wait()
        await wire.chunk(b'{"response":"b","done":true,"prompt_eval_count":1,"eval_count":2}\n')
        await wire.end()

    fake.scripts["/api/chat"] = slow
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        async with gateway.http() as client, client.stream("POST", "/api/chat", json=CHAT) as answer:
            lines = answer.aiter_lines()
            first = await anext(lines)
            gateway.process.terminate()
            await until_not_ready(gateway)
            await until_refused(gateway)
            go_on.set()
            rest = [line async for line in lines]
        status = await gateway.exit_status()

    assert json.loads(first)["response"] == "a"
    assert json.loads(rest[0])["response"] == "b"
    assert status == 0
    assert [record["outcome"] for record in gateway.records()] == ["completed"]


async def until_not_ready(gateway: GatewayProcess) -> None:
    """Wait for the answer by which the Service stops sending clients here."""
    async with asyncio.timeout(SECONDS):
        while (ready := await gateway.ops("/readyz")).status_code == 200:
            pass
    assert [reason["reason"] for reason in ready.json()["reasons"]] == ["Draining"]


async def until_refused(gateway: GatewayProcess) -> None:
    """Wait until nobody listens for clients any more."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            except ConnectionError:
                return
            writer.close()


async def test_a_stream_that_does_not_end_is_cut_when_the_drain_is_over(tmp_path: Path, fake: FakeOllama) -> None:
    async def endless(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'{"done":false}\n')
        await wire.gone()

    fake.scripts["/api/chat"] = endless
    async with start_process(tmp_path, fake, "--drain-seconds=0.1") as gateway:
        await gateway.ready()
        async with gateway.http() as client, client.stream("POST", "/api/chat", json=CHAT) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            gateway.process.terminate()
            last = await anext(lines)
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(lines)
        status = await gateway.exit_status()

    assert status == 0
    assert json.loads(last)["code"] == "shutting_down"
    (record,) = gateway.records()
    assert (record["outcome"], record["code"]) == ("failed", "shutting_down")


async def test_a_request_that_waits_when_the_drain_is_over_is_told(tmp_path: Path, fake: FakeOllama) -> None:
    async def silence(asked: Asked, wire: Wire) -> None:
        await wire.gone()

    fake.scripts["/v1/chat/completions"] = silence
    async with start_process(tmp_path, fake, "--drain-seconds=0.1") as gateway:
        await gateway.ready()
        async with gateway.http() as client:
            asking = asyncio.create_task(client.post("/v1/chat/completions", json=CHAT))
            await until(lambda: len(fake.asked_for("/v1/chat/completions")) == 1)
            gateway.process.terminate()
            answer = await asking
        await gateway.exit_status()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "shutting_down")


async def test_files_are_swapped_under_a_live_stream(tmp_path: Path, fake: FakeOllama) -> None:
    go_on = asyncio.Event()

    async def slow(asked: Asked, wire: Wire) -> None:
        await wire.start()
        await wire.chunk(b'{"done":false}\n')
        await go_on.wait()
        await wire.chunk(b'{"done":true}\n')
        await wire.end()

    fake.scripts["/api/chat"] = slow
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        before = await served_certificate(gateway)
        async with gateway.http() as client, client.stream("POST", "/api/chat", json=CHAT) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            write_certificate(tmp_path / "tls")
            (tmp_path / "keys" / "alice").write_text("sk-new-0123456789")
            (tmp_path / "policy.json").write_text(make_policy().model_copy(update={"generation": 8}).to_json())
            async with asyncio.timeout(SECONDS):
                while (await gateway.ops("/readyz")).json()["generation"] != 8 or await served_certificate(gateway) == before:
                    pass
            go_on.set()
            rest = [line async for line in lines]
        async with gateway.http("sk-new-0123456789") as client:
            new = await client.get("/api/version")
        async with gateway.http(KEY) as client:
            old = await client.get("/api/version")

    assert rest == ['{"done":true}']
    assert (new.status_code, old.status_code) == (200, 401)


async def served_certificate(gateway: GatewayProcess) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context)
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda folder, fake: (folder / "policy.json").write_text("CANARY"), "PolicyInvalid"),
        (lambda folder, fake: (folder / "policy.json").unlink(), "PolicyInvalid"),
        (lambda folder, fake: (folder / "keys" / "alice").unlink(), "KeyMissing"),
        (lambda folder, fake: (folder / "tls" / "tls.key").write_text("CANARY"), "CertificateInvalid"),
        (lambda folder, fake: setattr(fake, "version", "0.20.2"), "RuntimeTooOld"),
        (lambda folder, fake: setattr(fake, "digest", "00" * 32), "DigestMismatch"),
    ],
)
async def test_what_cannot_be_mended_ends_it_with_a_reason(tmp_path: Path, fake: FakeOllama, break_it: object, reason: str) -> None:
    write_files(tmp_path, make_policy())
    break_it(tmp_path, fake)  # type: ignore[operator]
    policy = tmp_path / "policy.json"
    flags = () if policy.exists() else (f"--policy={policy}",)
    if not policy.exists():
        (tmp_path / "other.json").write_text("")
        flags = (f"--policy={tmp_path / 'nowhere.json'}",)
        policy.write_text("")
    async with start_process(tmp_path, fake, *flags) as gateway:
        status = await gateway.exit_status()

    assert status == 1
    assert gateway.termination()["reason"] == reason
    assert "CANARY" not in gateway.errors.read_text() + json.dumps(gateway.termination())


async def test_a_port_that_is_taken_ends_it_with_a_reason(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake, f"--port={fake.port}") as gateway:
        status = await gateway.exit_status()

    assert status == 1
    assert gateway.termination()["reason"] == "InternalError"


async def test_the_model_servers_lines_pass_the_filter(tmp_path: Path, fake: FakeOllama) -> None:
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        writer = os.open(gateway.pipe, os.O_RDWR)
        line = 'time=2026-11-24T23:14:57.385Z level=INFO source=sched.go:561 msg="loaded runners" count=1'
        os.write(writer, f"a prompt with CANARY\n{line}\n".encode())
        await until(lambda: "loaded runners" in gateway.errors.read_text())
        os.close(writer)
        metrics = (await gateway.ops("/metrics")).text

    assert 'private_assistant_gateway_runtime_log_lines_total{result="dropped"} 1.0' in metrics
    assert "CANARY" not in gateway.errors.read_text()


async def test_discarded_lines_need_no_pipe(tmp_path: Path, fake: FakeOllama) -> None:
    policy = make_policy()
    write_files(tmp_path, policy.model_copy(update={"logging": policy.logging.model_copy(update={"runtime": "Discard", "format": "Text"})}))
    async with start_process(tmp_path, fake) as gateway:
        await gateway.ready()
        gateway.process.terminate()
        await gateway.exit_status()

    assert not gateway.pipe.exists()
    assert " INFO assistant_gateway.lifecycle: Drained.\n" in gateway.errors.read_text()


def test_ports_of_tests_are_free() -> None:
    assert free_port() != free_port()
