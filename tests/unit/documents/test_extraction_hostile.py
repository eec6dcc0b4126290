"""Files that are made to do harm: each gets a reason in time, and the next file is read as if nothing had been."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.documents import files
from tests.unit.documents.sidecar import sidecar

SECONDS = 2.0
ANY = {"Broken", "TooLarge", "TooSlow", "OutOfMemory", "Empty", "Unsupported"}

HOSTILE: dict[str, tuple[Callable[[], bytes], set[str] | set[str | None]]] = {
    "zip bomb": (lambda: files.zip_bomb(260), {"TooLarge"}),
    "zip bomb below the limit": (lambda: files.zip_bomb(100), {"TooLarge", "OutOfMemory"}),
    "zip bomb that lies": (lambda: files.lying_zip_bomb(100), {"Broken", "TooLarge"}),
    "zip of many entries": (lambda: files.crowded_zip(20_000), {"TooLarge"}),
    "billion laughs": (files.billion_laughs, {"TooLarge", "Broken"}),
    "deep xml": (
        lambda: files.repacked(files.word("x"), document=files.document_xml("<w:sdt>" * 10**5 + "</w:sdt>" * 10**5)),
        {"TooLarge"},
    ),
    "deep tables": (lambda: files.repacked(files.word("x"), document=files.document_xml(files.nested_tables(60))), {None, *ANY}),
    "pdf that holds itself": (files.recursive_pages, {"Broken"}),
    "pdf of deep arrays": (files.deep_pdf, {"Broken"}),
    "pdf of 100,000 pages": (lambda: files.many_pages(100_000), {"TooSlow", "TooLarge"}),
    "pdf bomb": (lambda: files.pdf_bomb(120), {"TooLarge", "OutOfMemory"}),
    "pdf that draws for ever": (files.slow_pdf, {"TooLarge", "TooSlow"}),
    "pdf with a password": (lambda: files.pdf(["x"], "secret"), {"Encrypted"}),
    "html of a million elements in each other": (lambda: b"<html>" + b"<div>" * 10**6 + b"x", ANY),
    "html of five million open tags": (lambda: b"<html>" + b"<b>" * 5_000_000, ANY),
    "html of 200,000 attributes": (lambda: b"<html><body " + b" ".join(b"a%d=1" % n for n in range(200_000)) + b">", ANY),
    "html of tables in tables": (lambda: b"<html>" + b"<table><tr><td>" * 100_000, ANY),
    "noise": (lambda: os.urandom(1 << 20), {"Unsupported"}),
    "zeros": (lambda: bytes(1 << 20), {"Unsupported"}),
    "an endless line that does not fit": (lambda: b"a" * (9 << 20), {"TooLarge"}),
    "more than there is memory for": (lambda: b"a" * (130 << 20), {"TooLarge"}),
}


async def test_hostile_files(tmp_path: Path) -> None:
    """One sidecar for all of them: none takes longer than it may, none takes it down."""
    async with sidecar(tmp_path) as serving:
        nursery = serving.nursery
        found, slow = {}, {}
        for name, (make, _) in HOSTILE.items():
            data = make()
            started = time.monotonic()
            found[name] = (await serving.ask(data, seconds=SECONDS)).reason
            if (waited := time.monotonic() - started) > SECONDS + 3:
                slow[name] = waited
        assert (await serving.ask(files.word("still here"))).text == "still here"
        assert serving.nursery == nursery
        peak = _peak(nursery)

    assert {name: reason for name, reason in found.items() if reason not in HOSTILE[name][1]} == {}
    assert slow == {}
    assert peak < 100 << 10  # the process that forks never grows


def _peak(process: int) -> int:
    """Return the most memory that a process ever had, in KiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


async def test_files_of_the_machine_stay_where_they_are(tmp_path: Path) -> None:
    """Entities, links and names that point at a file get nothing of it."""
    secret = tmp_path / "secret.txt"
    secret.write_text("CANARY")
    page = f'<html><iframe src="file://{secret}"></iframe><object data="{secret}"></object><link rel=import href="{secret}">text</html>'
    async with sidecar(tmp_path) as serving:
        replies = [
            await serving.ask(files.external_entity(str(secret))),
            await serving.ask(page.encode(), str(secret)),
            await serving.ask(b"text", f"../../..{secret}"),
            await serving.ask(b"text", "a" * 5000 + ".pdf\0.md"),
        ]

    assert all("CANARY" not in (reply.text or "") for reply in replies)
    assert [reply.text for reply in replies[1:]] == ["text"] * 3


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..", "/", "", "a/b/../c.md", "\x00", "x" * 60_000, "evil\n.md", "☃.md", "\ud800.md", "CON", ".md"]
)
async def test_names_do_nothing(tmp_path: Path, name: str) -> None:
    """A name gives the end of itself to the detection, and nothing else to anybody."""
    async with sidecar(tmp_path) as serving:
        assert (await serving.ask(b"words", name)).text == "words"


WHOLE = {
    ".pdf": files.pdf([f"page {n}" for n in range(5)]),
    ".docx": files.word("one", "two"),
    ".html": b"<html><p>one</p><p>two</p></html>",
}


@pytest.mark.parametrize("suffix", list(WHOLE))
async def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    """Cut anywhere, a file gives what is there of it or a reason; a package is never half a package."""
    whole = WHOLE[suffix]
    cuts = sorted({*range(0, min(len(whole), 40), 3), *range(40, len(whole), max(1, len(whole) // 25))})
    async with sidecar(tmp_path) as serving:
        replies = {cut: await serving.ask(whole[:cut], f"x{suffix}") for cut in cuts}

    assert {reply.reason for reply in replies.values()} <= {None, "Broken", "Empty"}
    if suffix == ".docx":
        assert all(reply.reason in ("Broken", "Empty") for reply in replies.values())


@pytest.mark.parametrize("suffix", [".pdf", ".docx"])
async def test_files_with_a_byte_changed(tmp_path: Path, suffix: str) -> None:
    """Noise in the middle of a format: an answer each time."""
    whole = WHOLE[suffix]
    async with sidecar(tmp_path) as serving:
        for place in range(0, len(whole), max(1, len(whole) // 40)):
            changed = bytearray(whole)
            changed[place] ^= 0x5A
            reply = await serving.ask(bytes(changed), f"x{suffix}")
            assert reply.text is not None or reply.reason in {*ANY, "Encrypted"}
        assert (await serving.ask(whole)).text


def test_limits_of_the_tests_themselves() -> None:
    """The files above are made in this process: it has no limit that would hide theirs."""
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
