"""examples/n8n-redaction.json: n8n can import it, and its requests do on a real gateway what its notes promise.

n8n itself is not run. Its expressions are read here as far as the workflow uses them: paths into what nodes gave, alone or made JSON.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.unit.gateway.fake_ollama import FakeOllama
from tests.unit.gateway.redacting import redacting
from tests.unit.gateway.running import RunningGateway, run_gateway

WORKFLOW: dict[str, Any] = json.loads((Path(__file__).resolve().parents[4] / "examples" / "n8n-redaction.json").read_text())
NODES = {node["name"]: node for node in WORKFLOW["nodes"]}
TYPES = {"n8n-nodes-base.manualTrigger": 1, "n8n-nodes-base.set": 3.4, "n8n-nodes-base.httpRequest": 4.2}
"""The nodes that are used, and the version of each whose parameters these are."""
START, REDACT, ASK, RESTORE = "Start", "Take out personal data", "Ask a model elsewhere", "Put personal data back"
VALUES = ("DE89 3704 0044 0532 0130 00", "anna.weber@example.com")
HARMLESS = "Please send me your price list."

_EXPRESSION = re.compile(r"\{\{ (.+?) \}\}")
_PATH = re.compile(r"(?P<from>\$json|\$\('(?P<node>[^']+)'\)\.item\.json)(?P<rest>(?:\.\w+|\[\d+\])*)")
_STEP = re.compile(r"\w+")

Given = dict[str, Any]
"""What each node gave, by its name; the last is the one before the node that is looked at."""


def order() -> list[str]:
    """Return the names of the nodes as they run one after the other."""
    names = [START]
    while following := WORKFLOW["connections"].get(names[-1]):
        ((to,),) = following["main"]
        assert (to["type"], to["index"]) == ("main", 0)
        names.append(to["node"])
    return names


def evaluated(text: str, given: Given) -> str:
    """Return a parameter's text as n8n evaluates it: what begins with = has expressions in it."""
    assert text.startswith("=")
    return _EXPRESSION.sub(lambda match: _value(match[1], given), text[1:])


def _value(expression: str, given: Given) -> str:
    inner = expression.removeprefix("JSON.stringify(").removesuffix(")") if expression.startswith("JSON.stringify(") else expression
    found = _PATH.fullmatch(inner)
    assert found is not None, expression
    value = given[found["node"]] if found["node"] else list(given.values())[-1]
    for step in _STEP.findall(found["rest"]):
        value = value[int(step)] if step.isdigit() else value[step]
    return str(value) if inner == expression else json.dumps(value)


def first(letter: str | None = None) -> Given:
    """Return what the nodes before the first request give, with another letter where there is one."""
    name = order()[1]
    values = {one["name"]: one["value"] for one in NODES[name]["parameters"]["assignments"]["assignments"]}
    return {START: {}, name: values | ({} if letter is None else {"letter": letter})}


async def run(gateway: RunningGateway, given: Given, answer: str) -> tuple[Any, str]:
    """Run the workflow's requests, with a model elsewhere that answers so; return what came out and what that model read."""
    read = ""
    for name in (REDACT, ASK, RESTORE):
        parameters = NODES[name]["parameters"]
        url, body = evaluated(parameters["url"], given), json.loads(evaluated(parameters["jsonBody"], given))
        if name == ASK:
            read = json.dumps(body)
            content = answer.format(body["messages"][-1]["content"])
            given = given | {name: {"choices": [{"message": {"role": "assistant", "content": content}}]}}
            continue
        async with gateway.http() as client:
            said = await client.request(parameters["method"], urlsplit(url).path, json=body)
        assert said.status_code == 200, said.text
        given = given | {name: said.json()}
    return given[RESTORE], read


def test_its_nodes_and_connections_fit_together() -> None:
    """Every node is there once, reached once, and of a type and version whose parameters are known."""
    assert order() == [node["name"] for node in WORKFLOW["nodes"]]
    assert set(WORKFLOW["connections"]) == set(order()[:-1])
    assert len({node["id"] for node in WORKFLOW["nodes"]}) == len(WORKFLOW["nodes"])
    assert len({tuple(node["position"]) for node in WORKFLOW["nodes"]}) == len(WORKFLOW["nodes"])
    assert {node["type"]: node["typeVersion"] for node in WORKFLOW["nodes"]} == TYPES
    for name in (REDACT, ASK, RESTORE):
        parameters = NODES[name]["parameters"]
        assert (parameters["method"], parameters["sendBody"], parameters["specifyBody"]) == ("POST", True, "json")
        assert (parameters["authentication"], parameters["genericAuthType"]) == ("genericCredentialType", "httpHeaderAuth")


def test_it_brings_no_key_and_keeps_nothing() -> None:
    """Who imports it chooses the credentials; n8n writes no execution, with its texts, into its database, and nothing starts by itself."""
    assert not any("credentials" in node for node in WORKFLOW["nodes"])
    settings = WORKFLOW["settings"]
    assert (settings["saveDataErrorExecution"], settings["saveDataSuccessExecution"]) == ("none", "none")
    assert settings["saveManualExecutions"] is False
    assert WORKFLOW["active"] is False
    assert WORKFLOW["pinData"] == {}


async def test_the_model_elsewhere_reads_stand_ins_and_the_letter_comes_back_whole(fake: FakeOllama, tls: Path) -> None:
    """Also where that model puts Markdown and other capitals round them."""
    given = first()
    letter = list(given.values())[-1]["letter"]
    async with run_gateway(fake, tls, redacting("Pseudonymize")) as gateway:
        restored, read = await run(gateway, given, "**Draft**: {}")

    assert all(value in letter for value in VALUES)
    assert not any(value in read for value in VALUES)
    assert restored == {"text": f"**Draft**: {letter}"}
    assert fake.asked == []


@pytest.mark.parametrize(("action", "letter"), [("Pseudonymize", HARMLESS), ("Mask", "Mail anna.weber@example.com.")])
async def test_it_runs_through_where_there_is_nothing_to_put_back(fake: FakeOllama, tls: Path, action: str, letter: str) -> None:
    """A letter without values, and an assistant that masks: the mapping is null, and that is no error."""
    async with run_gateway(fake, tls, redacting(action)) as gateway:
        restored, _ = await run(gateway, first(letter), "{}")

    assert restored == {"text": letter.replace("anna.weber@example.com", "[EMAIL]")}
