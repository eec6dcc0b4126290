"""References of models: spellings that are equal, spellings that are refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant_model.reference import CloudReferenceError, InvalidReferenceError, Reference, is_cloud, is_digest


@pytest.mark.parametrize(
    ("text", "canonical", "short"),
    [
        ("gemma3", "registry.ollama.ai/library/gemma3:latest", "gemma3:latest"),
        ("gemma3:270m", "registry.ollama.ai/library/gemma3:270m", "gemma3:270m"),
        ("library/gemma3:270m", "registry.ollama.ai/library/gemma3:270m", "gemma3:270m"),
        ("registry.ollama.ai/library/gemma3:270m", "registry.ollama.ai/library/gemma3:270m", "gemma3:270m"),
        ("Registry.Ollama.AI/library/gemma3:270m", "registry.ollama.ai/library/gemma3:270m", "gemma3:270m"),
        ("someone/gemma3", "registry.ollama.ai/someone/gemma3:latest", "someone/gemma3:latest"),
        ("registry.corp:5000/library/m:tag", "registry.corp:5000/library/m:tag", "registry.corp:5000/library/m:tag"),
        ("registry.corp:5000/team/m", "registry.corp:5000/team/m:latest", "registry.corp:5000/team/m:latest"),
        ("192.0.2.7:5000/library/m", "192.0.2.7:5000/library/m:latest", "192.0.2.7:5000/library/m:latest"),
        ("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",) * 3,
        ("my-cloud-model", "registry.ollama.ai/library/my-cloud-model:latest", "my-cloud-model:latest"),
        ("_m", "registry.ollama.ai/library/_m:latest", "_m:latest"),
        ("m:1.5b-q4_0", "registry.ollama.ai/library/m:1.5b-q4_0", "m:1.5b-q4_0"),
    ],
)
def test_spellings_of_one_model_are_one_reference(text: str, canonical: str, short: str) -> None:
    """Defaults fill what is left out; canonical and short spell the same model."""
    reference = Reference.parse(text)

    assert (reference.canonical, reference.short) == (canonical, short)
    assert Reference.parse(canonical) == reference == Reference.parse(short)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " gemma3",
        "gemma3 ",
        "gemma3\n",
        "gemma3:270m\n",
        "gem ma",
        "gemma3:",
        ":270m",
        "/gemma3",
        "library/",
        "a//b",
        "..",
        "../x",
        "x/../y",
        "library/..:tag",
        "m:..",
        "h.example/library/.hidden",
        "a/b/c/d",
        "h.example/ns.with.dot/m",
        "localhost:5000/m",
        "http://h.example/library/m",
        "https://h.example/library/m:tag",
        "m@sha256:" + "0" * 64,
        "m:tag@sha256:" + "0" * 64,
        "m:a:b",
        "h.example:/library/m",
        "h.example:0/library/m",
        "h.example:080/library/m",
        "h.example:65536/library/m",
        "h.example:5000:5000/library/m",
        "h..example/library/m",
        "-h.example/library/m",
        "h.example./library/m",
        "user:secret@h.example/library/m",
        "[2001:db8::1]:5000/library/m",
        "127.1/library/m",
        "2130706433/library/m",
        "0x7f.0x1/library/m",
        "192.0.2.300/library/m",
        "m" * 81,
        "n" * 81 + "/m",
        "m:" + "t" * 81,
        "h" * 64 + ".example/library/m",
        "modèle",
        "ｍodel",
        "m:tag\x00",
        "-m",
        "m:-t",
        "m:local",
        "m:LOCAL",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    """Spellings that would name another file, another host or nothing are errors, not guesses."""
    with pytest.raises(InvalidReferenceError):
        Reference.parse(text)


@pytest.mark.parametrize(
    "text", ["gpt-oss:cloud", "gpt-oss:20b-cloud", "gpt-oss:20b:cloud", "qwen3:CLOUD", "h.example:1/library/m:Cloud", "m: cloud"]
)
def test_cloud_models_are_refused(text: str) -> None:
    """Every spelling that sends Ollama to a cloud is told apart from a mere mistake."""
    assert is_cloud(text)
    with pytest.raises(CloudReferenceError):
        Reference.parse(text)


@pytest.mark.parametrize("text", ["my-cloud-model", "cloud", "m:cloudy", "h.example:5000/library/m-cloud", "nimbus:7b-clouds"])
def test_a_name_with_cloud_in_it_is_no_cloud_model(text: str) -> None:
    """Only the tag decides."""
    assert not is_cloud(text)
    Reference.parse(text)


def test_host_port_and_address() -> None:
    """The operator resolves the host name, opens the port, and resolves nothing for an address."""
    named = Reference.parse("registry.corp:5000/library/m")
    literal = Reference.parse("192.0.2.7/library/m")

    assert (named.hostname, named.port, named.address) == ("registry.corp", 5000, None)
    assert (literal.hostname, literal.port, str(literal.address)) == ("192.0.2.7", None, "192.0.2.7")


def test_paths_follow_ollama() -> None:
    """The manifest lies where the model server looks for it."""
    assert Reference.parse("gemma3:270m").manifest_path == "manifests/registry.ollama.ai/library/gemma3/270m"
    assert Reference.parse("registry.corp:5000/a/m:t").manifest_path == "manifests/registry.corp:5000/a/m/t"


@given(st.text(max_size=60) | st.from_regex(r"[a-zA-Z0-9_./:@ -]{0,60}"))
@example("a/b/../c")
def test_no_text_leaves_the_models_folder(text: str) -> None:
    """Whatever the text, it is refused or its path has exactly five harmless parts."""
    try:
        reference = Reference.parse(text)
    except InvalidReferenceError:
        return

    parts = reference.manifest_path.split("/")
    assert len(parts) == 5
    assert not {"", ".", ".."} & set(parts)
    assert "\x00" not in reference.manifest_path
    assert Reference.parse(reference.canonical) == reference == Reference.parse(reference.short)


def test_digests_have_one_spelling() -> None:
    """Upper case, other algorithms and longer texts are no digests."""
    good = "sha256:" + "0123456789abcdef" * 4

    assert is_digest(good)
    assert not any(
        is_digest(bad) for bad in (good.upper(), good + "0", good[:-1], "sha512:" + "0" * 128, good + "\n", "sha256-" + good[7:])
    )
