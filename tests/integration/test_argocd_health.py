"""deploy/argocd/health.lua, run by the interpreter that is in Argo CD, on statuses as the operator writes them."""

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from assistant_operator.reconcile import conditions
from assistant_operator.reconcile.verdict import Verdict
from tests.cluster import builds
from tests.cluster.paths import REPOSITORY
from tests.support.kstatus import kstatus
from tests.support.statuslint import lint

HEALTH = REPOSITORY / "deploy" / "argocd" / "health.lua"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PROMISES = ("ModelReady", "GatewayReady", "EgressConfined", "RedactionActive", "RetentionEnforced")
GENERATION = 3
WELL = Verdict.true("Serving", "All is well.")
ZERO = Verdict.settled("ScaledToZero", "spec.model.replicas is 0: nothing serves.")
Object = dict[str, Any]

# What Argo CD calls the states of kstatus.
NAMES = {"Current": "Healthy", "InProgress": "Progressing", "Failed": "Degraded"}
VERDICTS = {
    "serving": WELL,
    "pulling": Verdict.unknown("Pulling", "The model is being pulled."),
    "not confined": Verdict.false("NotEnforced", 'A pod reached "outside". Line two \\ and a backslash, ümläut.'),
    "stuck": Verdict.stuck("DigestMismatch", "The registry serves another manifest."),
}


def assistant(verdict: Verdict, *, observed: int | None = 1) -> Object:
    """Return an assistant of generation 3 after a pass that came to the verdict; `observed` is what the status told before."""
    told = conditions.conditions(verdict, dict.fromkeys(PROMISES, verdict), (), GENERATION, NOW)
    return with_status([one.to_dict() for one in told], conditions.observed_generation(verdict, observed, GENERATION))


def with_status(told: list[Any], observed: int | None) -> Object:
    """Return an assistant with these conditions."""
    status = {"conditions": told} | ({} if observed is None else {"observedGeneration": observed})
    made = {"metadata": {"name": "one", "generation": GENERATION}, "spec": {"model": {"name": "tiny:1b"}}, "status": status}
    return dict(json.loads(json.dumps(made)))


def lua(value: Any) -> str:
    """Return the value as a Lua literal."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{lua(key)}]={lua(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ",".join(map(lua, value)) + "}"
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'
    return json.dumps(value)


def health(obj: Object) -> tuple[str, str]:
    """Return status and message, as Argo CD gets them: `obj` is a global, and the chunk returns a table."""
    builds.build(("gopher-lua",))
    # Argo CD opens neither these libraries nor files.
    closed = "local write = io.write; io, os, string, math, debug = nil, nil, nil, nil, nil"
    chunk = f"local function check()\n{HEALTH.read_text()}\nend\nlocal hs = check()\nwrite(hs.status, '\\0', hs.message)"
    line = [str(builds.built("glua")), "-e", f"{closed}\nobj = {lua(obj)}\n{chunk}"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=30)
    status, _, message = done.stdout.partition("\0")
    return status, message


@pytest.mark.parametrize("observed", [None, 1, 2])
@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS.keys())
def test_health_is_what_kstatus_says(verdict: Verdict, observed: int | None) -> None:
    """Flux and Argo CD never differ about an assistant; the message is the operator's own."""
    obj = assistant(verdict, observed=observed)

    assert lint(obj) == []
    assert health(obj) == (NAMES[kstatus(obj)], f"{verdict.reason}: {verdict.message}")


def test_all_four_verdicts_are_told_apart() -> None:
    """The comparison above would hold for a script that always says the same as a kstatus that always does."""
    assert [health(assistant(verdict))[0] for verdict in VERDICTS.values()] == ["Healthy", "Progressing", "Progressing", "Degraded"]


def test_an_older_generations_verdict_is_not_this_ones() -> None:
    """A new spec is under way until the operator has come to an end with it, whatever was the case before."""
    for verdict in (WELL, VERDICTS["stuck"]):
        obj = assistant(verdict)
        obj["metadata"]["generation"] = GENERATION + 1
        assert health(obj)[0] == NAMES[kstatus(obj)] == "Progressing"


@pytest.mark.parametrize("observed", [None, GENERATION])
@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS.keys())
def test_an_older_generations_message_is_not_shown(verdict: Verdict, observed: int | None) -> None:
    """Next to "Progressing" it would say that the assistant serves, or what was mended since, for as long as the operator is away."""
    obj = assistant(verdict, observed=observed)
    obj["metadata"]["generation"] = GENERATION + 1

    told, message = health(obj)

    assert told == NAMES[kstatus(obj)]
    assert told != "Progressing" or message == "The operator has not looked at this generation yet."


@pytest.mark.parametrize("status", [None, {}, {"conditions": []}])
def test_what_the_operator_has_not_seen_is_under_way(status: Object | None) -> None:
    """Argo CD would call it healthy for being there."""
    obj = assistant(WELL) | {"status": status}
    if status is None:
        del obj["status"]

    assert health(obj)[0] == "Progressing"


def test_what_rests_because_the_spec_says_so_is_suspended() -> None:
    """No replicas, or spec.suspend: neither broken nor on its way to anything."""
    assert health(assistant(ZERO)) == ("Suspended", f"{ZERO.reason}: {ZERO.message}")
    told = conditions.at_rest(conditions.SUSPENDED, (), GENERATION, NOW)
    suspended = with_status([one.to_dict() for one in told], GENERATION)
    suspended["spec"]["suspend"] = True
    assert health(suspended)[0] == "Suspended"


def test_the_example_holds_the_script() -> None:
    """What users copy into argocd-cm is the file that is tested here."""
    config = yaml.safe_load((REPOSITORY / "examples" / "gitops" / "argocd" / "argocd-cm.yaml").read_text())

    assert config["data"]["resource.customizations.health.privateassistant.dev_PrivateAssistant"] == HEALTH.read_text()
