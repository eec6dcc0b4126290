"""Files that change while the gateway runs: valid content is swapped in, anything else is reported and changes nothing."""

import dataclasses
import os
from pathlib import Path

import pytest
from cryptography import x509

from assistant_gateway.errors import RefusalError
from assistant_gateway.faults import FatalError
from assistant_gateway.metrics import Metrics
from assistant_gateway.policy import (
    ChunkPolicy,
    EmbeddingPolicy,
    KeyPolicy,
    NamesPolicy,
    Policy,
    RagPolicy,
    RedactionPolicy,
    RequestRedaction,
    RetrievalPolicy,
    StorePolicy,
)
from assistant_gateway.protocol.certificates import Certificates
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current
from assistant_gateway.watch import Watch, read_snapshot
from tests.unit.gateway.conftest import write_certificate
from tests.unit.gateway.running import KEY, KEYS, make_policy, write_keys


@dataclasses.dataclass
class Watched:
    """A gateway's files, and what was read from them."""

    settings: Settings
    current: Current
    watch: Watch
    metrics: Metrics

    def write(self, text: str) -> None:
        """Replace the policy file as the kubelet does, and look."""
        new = self.settings.policy.with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.settings.policy)
        self.watch.look()

    def reloads(self, what: str, result: str) -> float:
        return self.metrics.registry.get_sample_value("private_assistant_gateway_reloads_total", {"what": what, "result": result}) or 0.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "keys").mkdir()
    (tmp_path / "tls").mkdir()
    write_keys(tmp_path / "keys")
    write_certificate(tmp_path / "tls")
    (tmp_path / "policy.json").write_text(make_policy().to_json())
    return Settings(policy=tmp_path / "policy.json", tls=tmp_path / "tls", keys=tmp_path / "keys")


@pytest.fixture
def watched(settings: Settings) -> Watched:
    current, certificates, metrics = Current(read_snapshot(settings)), Certificates(settings.tls), Metrics()
    certificates.load()
    return Watched(settings, current, Watch(settings, current, certificates, metrics), metrics)


def bearer(key: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {key}".encode())]


def test_files_that_stay_are_not_read_again(watched: Watched) -> None:
    before = watched.current.snapshot
    watched.watch.look()
    os.utime(watched.settings.policy)
    watched.watch.look()

    assert watched.current.snapshot is before


def test_a_new_policy_is_in_force_at_once(watched: Watched) -> None:
    new = make_policy(max_output_tokens=9).model_copy(update={"generation": 8})
    watched.write(new.to_json())

    assert watched.current.snapshot.policy == new
    assert watched.current.snapshot.rules.max_output_tokens == 9
    assert watched.metrics.registry.get_sample_value("private_assistant_gateway_policy_generation") == 8.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        make_policy().to_json()[:-10],
        make_policy().to_json().replace('"generation": 7', '"generation": "7"'),
        make_policy().to_json().replace('"generation": 7', '"generation": 8, "surprise": "CANARY"'),
        make_policy().to_json().replace("tiny:1b", "CANARY:cloud"),
        make_policy().model_copy(update={"keys": (KeyPolicy(name="nobody", subject="x"),)}).to_json(),
    ],
)
def test_a_policy_that_is_none_changes_nothing(watched: Watched, text: str, caplog: pytest.LogCaptureFixture) -> None:
    before = watched.current.snapshot
    watched.write(text)

    assert watched.current.snapshot is before
    assert watched.reloads("policy", "rejected") == 1
    assert "CANARY" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("change", [{"name": "other:7b"}, {"digest": "sha256:" + "00" * 32}])
def test_a_policy_for_another_model_is_left_to_its_own_pod(watched: Watched, change: dict[str, str]) -> None:
    before = watched.current.snapshot
    policy = make_policy()
    watched.write(policy.model_copy(update={"model": policy.model.model_copy(update=change)}).to_json())

    assert watched.current.snapshot is before


EMBEDDING = EmbeddingPolicy(name="minilm", digest="sha256:" + "ab" * 32)
RAG = RagPolicy(
    embedding=EMBEDDING,
    chunk=ChunkPolicy(size=800, overlap=100),
    retrieval=RetrievalPolicy(top_k=4, hybrid=True, mode="OnRequest", on_failure="Refuse"),
)
STORE = StorePolicy(host="store.demo.svc", port=5432, database="assistant")
NAMED = RedactionPolicy(request=RequestRedaction(action="Mask", entities=("PERSON",)), names=NamesPolicy(mode="Standard"))
WHOLE = make_policy().model_copy(update={"store": STORE, "rag": RAG, "redaction": NAMED})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"store": STORE.model_copy(update={"host": "elsewhere.svc"})}, id="another store"),
        pytest.param({"store": None, "rag": None}, id="no store"),
        pytest.param(
            {"rag": RAG.model_copy(update={"embedding": EMBEDDING.model_copy(update={"digest": "sha256:" + "cd" * 32})})}, id="vectors"
        ),
        pytest.param({"rag": None}, id="no documents"),
        pytest.param({"redaction": NAMED.model_copy(update={"names": NamesPolicy(mode="HighRecall")})}, id="names"),
    ],
)
def test_a_policy_for_another_kind_of_pod_is_left_to_it(watched: Watched, change: dict[str, object]) -> None:
    """This one has its store, its embedding model and its process for names: of another policy it would keep only a part."""
    watched.current.snapshot = dataclasses.replace(watched.current.snapshot, policy=WHOLE)
    before = watched.current.snapshot
    watched.write(WHOLE.model_copy(update=change).to_json())

    assert watched.current.snapshot is before
    assert watched.reloads("policy", "rejected") == 1


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_key_that_changes_is_the_key(watched: Watched, name: str) -> None:
    """Whichever it is: the one before counts no more."""
    (watched.settings.keys / name).write_text("sk-new-of-somebody")
    watched.watch.look()

    assert watched.current.snapshot.keys.identify(bearer("sk-new-of-somebody")).key == name
    with pytest.raises(RefusalError):
        watched.current.snapshot.keys.identify(bearer(KEYS[name]))


def test_a_file_that_is_away_for_a_moment_has_not_changed(watched: Watched) -> None:
    """No change is reported as rejected for it, nor as taken when it is there again."""
    policy = watched.settings.policy.read_text()
    watched.settings.policy.unlink()
    watched.watch.look()
    watched.settings.policy.write_text(policy)
    watched.watch.look()

    assert (watched.reloads("policy", "taken"), watched.reloads("policy", "rejected")) == (0, 0)


def test_a_key_that_becomes_empty_changes_nothing(watched: Watched) -> None:
    (watched.settings.keys / "alice").write_text("")
    watched.watch.look()

    assert watched.current.snapshot.keys.identify(bearer(KEY)).key == "alice"
    assert watched.reloads("policy", "rejected") == 1


def test_while_a_key_is_replaced_both_count(watched: Watched) -> None:
    """The file of the other one comes, is exchanged with the key itself, and goes: each is taken up at the next look."""
    key, other = watched.settings.keys / "alice", watched.settings.keys / "alice.other"

    def counts(value: str) -> bool:
        try:
            return watched.current.snapshot.keys.identify(bearer(value)).key == "alice"
        except RefusalError:
            return False

    other.write_text("sk-the-next-one-0123")
    watched.watch.look()
    assert (counts(KEY), counts("sk-the-next-one-0123")) == (True, True)
    key.write_text("sk-the-next-one-0123")
    other.write_text(KEY)
    watched.watch.look()
    assert (counts(KEY), counts("sk-the-next-one-0123")) == (True, True)
    other.unlink()
    watched.watch.look()
    assert (counts(KEY), counts("sk-the-next-one-0123")) == (False, True)
    assert watched.reloads("policy", "taken") == 3


def test_what_masks_is_taken_on_with_another_key(watched: Watched) -> None:
    """It has been tried: with a new one requests would be refused until it had been. Another policy of redaction has a new one."""
    mask(watched, "Mask")
    before = watched.current.snapshot.redaction
    (watched.settings.keys / "alice").write_text("sk-new-of-alice-012345")
    watched.watch.look()
    assert watched.reloads("policy", "taken") == 2
    assert before is not None
    assert watched.current.snapshot.redaction is before

    mask(watched, "Block")
    assert watched.reloads("policy", "taken") == 3
    assert watched.current.snapshot.redaction is not before


def mask(watched: Watched, action: str) -> None:
    """Let the policy ask for this of requests."""
    policy = watched.current.snapshot.policy
    request = policy.redaction.request.model_copy(update={"action": action})
    watched.write(policy.model_copy(update={"redaction": policy.redaction.model_copy(update={"request": request})}).to_json())


def test_a_key_that_left_the_policy_is_none(watched: Watched) -> None:
    policy = make_policy()
    watched.write(policy.model_copy(update={"keys": policy.keys[1:]}).to_json())

    with pytest.raises(RefusalError):
        watched.current.snapshot.keys.identify(bearer(KEY))


def test_a_certificate_is_swapped_and_a_bad_one_reported(watched: Watched) -> None:
    write_certificate(watched.settings.tls)
    watched.watch.look()
    (watched.settings.tls / "tls.crt").write_text("nonsense")
    watched.watch.look()

    assert (watched.reloads("certificate", "taken"), watched.reloads("certificate", "rejected")) == (1, 1)


def test_a_pair_of_which_one_half_comes_later_is_taken_with_the_other(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    write_certificate(tmp_path / "new")
    for half in ("tls.crt", "tls.key"):
        os.replace(tmp_path / "new" / half, watched.settings.tls / half)
        watched.watch.look()

    assert (watched.reloads("certificate", "rejected"), watched.reloads("certificate", "taken")) == (1, 1)


def test_the_end_of_the_certificate_in_use_is_shown(watched: Watched) -> None:
    """Of the first, of its successor, and of that still where the next one is not taken."""

    def shown() -> float | None:
        return watched.metrics.registry.get_sample_value("private_assistant_gateway_certificate_expiration_timestamp_seconds")

    def served() -> float:
        pem = (watched.settings.tls / "tls.crt").read_bytes()
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()

    assert shown() == served()
    write_certificate(watched.settings.tls, days=9)
    watched.watch.look()
    second = served()
    assert shown() == second
    (watched.settings.tls / "tls.crt").write_text("nonsense")
    watched.watch.look()
    assert shown() == second


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda settings: settings.policy.unlink(), "PolicyInvalid"),
        (lambda settings: settings.policy.write_text("CANARY"), "PolicyInvalid"),
        (lambda settings: (settings.keys / "bob").unlink(), "KeyMissing"),
        (lambda settings: (settings.keys / "bob").write_text(KEY), "KeyMissing"),
    ],
)
def test_at_the_start_it_is_fatal(settings: Settings, break_it: object, reason: str) -> None:
    break_it(settings)  # type: ignore[operator]

    with pytest.raises(FatalError) as fatal:
        read_snapshot(settings)

    assert fatal.value.reason.reason == reason
    assert "CANARY" not in fatal.value.reason.message


def test_the_reason_names_the_field_and_not_its_value(settings: Settings) -> None:
    settings.policy.write_text(make_policy().to_json().replace('"requestsPerMinute": 1000', '"requestsPerMinute": "CANARY"'))

    with pytest.raises(FatalError) as fatal:
        read_snapshot(settings)

    assert "limits.requestsPerMinute" in fatal.value.reason.message
    assert "CANARY" not in fatal.value.reason.message


def test_the_file_and_its_model_say_the_same() -> None:
    policy = make_policy()

    assert Policy.model_validate_json(policy.to_json()) == policy
