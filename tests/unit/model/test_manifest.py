"""Manifests that registries and volumes may hold."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_model.manifest import MAX_LAYERS, Manifest, refuse_remote
from assistant_model.outcome import ModelError, Reason
from tests.unit.model.registry_server import CONFIG, WEIGHTS, Model, digest_of, layer

GOOD = Model()


def test_a_manifest_lists_its_blobs() -> None:
    """The configuration comes first; the digest is that of the bytes."""
    manifest = Manifest.parse(GOOD.manifest)

    assert [blob.digest for blob in manifest.blobs] == [digest_of(GOOD.config), digest_of(GOOD.weights), digest_of(GOOD.template)]
    assert (manifest.digest, manifest.size_bytes) == (GOOD.digest, GOOD.size)


def test_equal_layers_are_one_blob() -> None:
    """A blob that is listed twice is one file, counted once."""
    twice = [layer(WEIGHTS, b"w"), layer("application/vnd.ollama.image.license", b"l"), layer("application/vnd.ollama.image.license", b"l")]
    manifest = Manifest.parse(Model(changes={"layers": twice}).manifest)

    assert len(manifest.blobs) == 3


def weights(**changes: Any) -> dict[str, Any]:
    """Return the entry of a weights layer, with these keys replaced."""
    return layer(WEIGHTS, b"w") | changes


WRONG: dict[str, dict[str, Any]] = {
    "schema 1": {"schemaVersion": 1},
    "schema true": {"schemaVersion": True},
    "an index": {"mediaType": "application/vnd.oci.image.index.v1+json"},
    "a list for a media type": {"mediaType": ["application/vnd.docker.distribution.manifest.v2+json"]},
    "no layers": {"layers": []},
    "layers that are an object": {"layers": {"0": weights()}},
    "a container image": {"layers": [layer("application/vnd.docker.image.rootfs.diff.tar.gzip", b"x")]},
    "a media type that is a list": {"layers": [weights(mediaType=[WEIGHTS])]},
    "a layer that is text": {"layers": [weights(), "text"]},
    "a layer that is null": {"layers": [weights(), None]},
    "no config": {"config": None},
    "a config that is a list": {"config": []},
    "a huge config": {"config": layer(CONFIG, b"c") | {"size": 1 << 30}},
    "a negative size": {"layers": [weights(size=-1)]},
    "an empty layer": {"layers": [weights(size=0)]},
    "a size that is true": {"layers": [weights(size=True)]},
    "a size that is text": {"layers": [weights(size="5")]},
    "a fractional size": {"layers": [weights(size=1.5)]},
    "a size beyond 64 bits": {"layers": [weights(size=1 << 70)]},
    "sizes that add up to too much": {"layers": [weights(), *(layer("x", bytes([i])) | {"size": 1 << 45} for i in range(4))]},
    "no digest": {"layers": [weights(digest=None)]},
    "a digest that climbs": {"layers": [weights(digest="sha256:../../../../etc/passwd")]},
    "a digest with a slash": {"layers": [weights(digest="sha256:" + "a" * 63 + "/")]},
    "a digest in upper case": {"layers": [weights(digest="sha256:" + "A" * 64)]},
    "a digest of another kind": {"layers": [weights(digest="sha512:" + "a" * 128)]},
    "a digest with a line end": {"layers": [weights(digest="sha256:" + "a" * 64 + "\n")]},
    "one blob with two sizes": {"layers": [weights(), weights(size=2)]},
    "too many layers": {"layers": [weights()] * (MAX_LAYERS + 1)},
    "layers for Go's decoder": {"Layers": []},
    "layers in other letters": {"layer\u017f": []},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_wrong_manifests_are_no_models(changes: dict[str, Any]) -> None:
    """Wrong types, wrong numbers, tricks with paths, and what two parsers would read differently."""
    with pytest.raises(ModelError) as caught:
        Manifest.parse(Model(changes=changes).manifest)

    assert caught.value.reason is Reason.NOT_A_MODEL


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"\xff\xfe{}",
        b"[" * 200_000,
        b'{"schemaVersion": NaN}',
        b'{"schemaVersion": 2' + b"0" * 6000 + b"}",
        GOOD.manifest + b"{}",
        GOOD.manifest[:-1] + b', "layers": []}',
        b"<html></html>",
    ],
)
def test_what_is_no_manifest_at_all(content: bytes) -> None:
    """Garbage ends as an outcome, never as a traceback."""
    with pytest.raises(ModelError) as caught:
        Manifest.parse(content)

    assert caught.value.reason is Reason.NOT_A_MODEL


@pytest.mark.parametrize(
    "config", [b'{"remote_host":"https://ollama.com"}', b'{"remote_model":"m"}', b'{"Remote_Host":"x"}', b"{}{}", b"[]", b"GGUF"]
)
def test_models_that_run_elsewhere_are_refused(config: bytes) -> None:
    """A configuration may send prompts to another machine, whatever the model's name says."""
    with pytest.raises(ModelError) as caught:
        refuse_remote(config)

    assert caught.value.reason is Reason.NOT_A_MODEL


def test_ordinary_configurations_pass() -> None:
    """Empty remote fields are what Ollama itself writes for a local model."""
    refuse_remote(b'{"model_format":"gguf","remote_host":"","remote_model":""}\n')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*json.loads(GOOD.manifest), "digest", "size"]) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_a_manifest_or_an_outcome(value: Any) -> None:
    """No document makes the parser fail in another way."""
    for content in (
        json.dumps(value),
        json.dumps(json.loads(GOOD.manifest) | {"layers": value}),
        json.dumps(json.loads(GOOD.manifest) | {"config": value}),
    ):
        with suppress(ModelError):
            Manifest.parse(content.encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_an_outcome(content: bytes) -> None:
    """Nor do bytes that are no document."""
    with pytest.raises(ModelError):
        Manifest.parse(content)
