"""What people read names what there is: fields, values of the chart, reasons, metrics, flags, files, headings and make's targets.

Looked for in the pages, in the examples, in the chart, and in the messages that the programs write.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant_documents import outcome
from assistant_documents.extraction import protocol
from assistant_documents.ingest.walk import FileReason
from assistant_gateway import routes
from assistant_gateway.errors import CODES
from assistant_gateway.policy import StorePolicy
from assistant_operator import settings
from assistant_operator.api.v1alpha1.guard import guard
from assistant_operator.reconcile import conditions
from tests.support.exported import exported
from tests.unit.gateway.running import make_policy

REPOSITORY = Path(__file__).resolve().parents[3]
DOCS = REPOSITORY / "docs"
CHART = REPOSITORY / "charts" / "private-assistant-operator"
OPERATIONS = (DOCS / "operations.md").read_text()
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md"), CHART / "README.md"])
EXAMPLES = sorted(path for path in (REPOSITORY / "examples").rglob("*") if path.is_file())
OTHERS = [CHART / name for name in ("values.yaml", "values.schema.json", "files/alerts.yaml", "templates/NOTES.txt")]
SOURCES = sorted(path for room in ("operator", "gateway", "model", "documents", "egress") for path in (REPOSITORY / room).rglob("*.py"))
READ = [*PAGES, *EXAMPLES, *OTHERS]

DEFINITION = yaml.safe_load(next((REPOSITORY / "crds").glob("*.yaml")).read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
SPEC = DEFINITION["properties"]["spec"]
VALUES = json.loads((CHART / "values.schema.json").read_text())

KEEPING = make_policy().model_copy(update={"store": StorePolicy(host="store", port=5432, database="kept")})
"""Of a gateway that serves all routes."""

OF_THE_GATEWAYS = {"redaction.active", "redaction.notCovered"}
"""In their /status."""
IN_WORKFLOWS = {"status.conditions.exists"}
"""CEL of Flux."""


def name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@cache
def texts(source: Path) -> tuple[str, ...]:
    """Return the texts in a program, those of f-strings in pieces; what is only said to developers is left out."""
    tree = ast.parse(source.read_text())
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in said)
    return tuple(node.value for node in nodes if isinstance(node.value, str))


def has(schema: Mapping[str, Any], path: list[str]) -> bool:
    """Tell whether a schema has a field by its path; `[]` marks lists, and what is anybody's own has all."""
    if not path:
        return True
    inner = schema.get("items", {}) if schema.get("type") == "array" else schema
    part = (inner.get("properties") or {}).get(path[0].removesuffix("[]"))
    if part is not None:
        return has(part, path[1:])
    return bool(inner.get("additionalProperties") or inner.get("x-kubernetes-preserve-unknown-fields"))


def fields(text: str) -> Iterator[str]:
    """Yield what a text names as a field of an assistant."""
    yield from re.findall(r"(?<![\w./-])(?:spec|status)(?:\.[A-Za-z]+(?:\[\])?)+", text)
    for line in text.splitlines():
        if re.search(r"\bget pa\b", line):
            yield from re.findall(r"\{\.((?:spec|status)(?:\.[A-Za-z]+)+)", line)


@pytest.mark.parametrize("path", READ, ids=name)
def test_fields_that_are_named_exist(path: Path) -> None:
    """A name that was changed, or mistyped, sends readers to a field that is refused."""
    assert [field for field in fields(path.read_text()) if not has(DEFINITION, field.split(".")) and field not in IN_WORKFLOWS] == []


def test_fields_in_messages_exist() -> None:
    """What status and refusals tell to set can be set."""
    named = {(name(source), field) for source in SOURCES for text in texts(source) if " " in text for field in fields(text)}

    assert sorted(one for one in named if not has(DEFINITION, one[1].split("."))) == []
    assert len(named) > 50


def short_names(text: str) -> Iterator[str]:
    """Yield what a page names without `spec.` before it, in backticks, and what its commands set in the chart."""
    for span in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        yield from re.findall(r"^[a-z][A-Za-z]*(?:\[\])?(?:\.[A-Za-z]+(?:\[\])?)+(?=[:,= ]|$)", span)
    yield from re.findall(r"""--set(?:-file)? ['"]?([A-Za-z.]+)""", text)


@pytest.mark.parametrize("path", [*PAGES, *OTHERS], ids=name)
def test_short_names_exist(path: Path) -> None:
    """`redaction.names` is of an assistant, `image.store` of the chart; names that begin as neither does are of something else."""
    places = [VALUES, SPEC, *SPEC["properties"].values()]
    ours = {*VALUES["properties"], *SPEC["properties"]}
    named = {found for found in short_names(path.read_text()) if found.split(".")[0].removesuffix("[]") in ours}
    wrong = [found for found in named - OF_THE_GATEWAYS if not any(has(place, found.split(".")) for place in places)]

    assert sorted(found for found in wrong if not found.endswith(".json")) == []


def snippets() -> list[tuple[str, str]]:
    """Return the pages' pieces of an assistant in YAML."""
    found = ((name(page), block) for page in PAGES for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
    return [(page, block) for page, block in found if yaml.safe_load(block).get("kind", "PrivateAssistant") == "PrivateAssistant"]


@pytest.mark.parametrize(("page", "block"), snippets())
def test_pieces_of_an_assistant_are_valid(page: str, block: str) -> None:
    """What is copied into a resource is accepted, with what else it needs."""
    spec = yaml.safe_load(block)["spec"]
    spec = {"model": {"name": "smollm2:135m"}, **spec}
    if "store" in spec:
        spec["retention"] = {"conversations": {"mode": "Keep", "ttl": "1h"}}

    guard({"apiVersion": "privateassistant.dev/v1alpha1", "kind": "PrivateAssistant", "metadata": {"name": "one"}, "spec": spec})


def rows(section: str) -> list[list[str]]:
    """Return the cells of all tables in a section of operations.md."""
    return [[cell.strip() for cell in line.split(" | ")] for line in section.splitlines() if line.startswith("| `")]


def test_every_condition_is_explained() -> None:
    """And none that is set no longer."""
    table = OPERATIONS.partition("\n## Reasons")[0]

    assert {row[0].strip("| `") for row in rows(table)} == set(conditions.ORDER)


def test_every_reason_that_is_explained_exists() -> None:
    """One that no program knows is never seen, and what is seen in its place is not explained."""
    section = OPERATIONS.partition("\n## Reasons")[2].partition("\n## ")[0]
    explained = {word for row in rows(section) for word in re.findall(r"`(\w+)`", row[0])}
    known = {text for source in SOURCES for text in texts(source)}

    assert sorted(explained - known) == []
    assert len(explained) > 100


def test_every_code_that_is_explained_is_used() -> None:
    """The table is that of the gateway (test_docs.py): a code that nothing raises is none that a client has to know."""
    used = {text for source in SOURCES if "assistant_gateway" in source.parts and source.name != "errors.py" for text in texts(source)}

    assert sorted(CODES.keys() - used) == []


def test_every_reason_of_a_source_is_explained() -> None:
    """Why documents did not come: status.sources[].failed has these words, of the Job, of the reader, and of single files."""
    reasons = {*FileReason, *outcome.Reason, *protocol.Reason} - {protocol.Reason.BUSY}  # tried again, and told nobody

    assert sorted(reason for reason in reasons if f"`{reason}`" not in OPERATIONS) == []


def test_every_metric_has_its_row() -> None:
    """With its labels, and no row is left of one that went."""
    found: dict[str, frozenset[str]] = {}
    for series, labels in exported().items():
        metric = re.sub("_(bucket|sum|count)$", "", series)
        found[metric] = found.get(metric, frozenset()) | (labels - {"le"})
    section = OPERATIONS.partition("\n## Metrics")[2].partition("\n### ")[0]
    listed = {row[0].strip("| `"): frozenset(re.findall(r"`(\w+)`", row[1])) for row in rows(section)}

    assert listed == found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_routes_that_are_named_are_served(page: Path) -> None:
    """Whole or as the beginning of some; with any parameters in place of those in the table."""
    served = [re.sub(r"\{\w+\}", "*", route.name) for route in routes.table(KEEPING).routes]
    named = re.findall(r"(?<![\w.])/(?:api/(?!v1)|v1/)[a-z][\w/{}%-]*", re.sub(r"https?://(?!HOST|minimal)\S+", "", page.read_text()))
    called = {route: re.sub(r"\{\w+\}|web%20frontend|\bme\b", "*", route).rstrip("/") for route in named}

    assert [route for route, path in called.items() if not any(f"{one}/".startswith(f"{path}/") for one in served)] == []


def anchors(page: Path) -> set[str]:
    """Return what links may lead to in a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def references(text: str) -> Iterator[tuple[str, str]]:
    """Yield the files of this repository that a text names by their paths from its root, with their headings."""
    yield from re.findall(
        r"(?<![\w/.-])((?:docs|examples|charts|deploy|images|tests|bench)/[\w./-]*\w\.(?:md|yaml|json|py|lua))(?:#([\w-]+))?", text
    )
    yield from re.findall(r"/private-assistant-operator/blob/main/([\w./-]+\w)(?:#([\w-]+))?", text)


@pytest.mark.parametrize("path", [*READ, REPOSITORY / "Makefile", CHART / "Chart.yaml"], ids=name)
def test_files_that_are_named_exist(path: Path) -> None:
    """In comments too, and with the heading where one is named."""
    for target, anchor in references(path.read_text()):
        assert (REPOSITORY / target).exists(), target
        assert not anchor or anchor in anchors(REPOSITORY / target), (target, anchor)


def test_files_in_messages_exist() -> None:
    """Where a message sends its reader."""
    named = {(name(source), target, anchor) for source in SOURCES for text in texts(source) for target, anchor in references(text)}

    assert sorted(one for one in named if not (REPOSITORY / one[1]).exists()) == []
    assert sorted(one for one in named if one[2] and one[2] not in anchors(REPOSITORY / one[1])) == []


def test_flags_that_are_named_exist() -> None:
    """In messages of the operator, and in the example that adds some."""
    known = {option for action in settings.parser()._actions for option in action.option_strings}
    rooms = [REPOSITORY / "operator" / "src" / "assistant_operator" / room for room in ("reconcile", "api")]
    messages = [text for room in rooms for source in room.rglob("*.py") for text in texts(source) if " " in text]
    overlay = (REPOSITORY / "examples" / "gitops" / "kustomize" / "kustomization.yaml").read_text()
    named = {flag for text in messages for flag in re.findall(r"--[a-z][a-z-]+", text)} | set(re.findall(r"value: (--[a-z-]+)=", overlay))

    assert sorted(named - known) == []
    assert {"--outside-targets", "--store-image"} <= named


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_targets_of_make_exist(page: Path) -> None:
    """As commands in blocks and in backticks."""
    known = set(re.findall(r"^([a-z0-9-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    commands = "\n".join([*re.findall(r"```.*?```", text, re.DOTALL), *re.findall(r"(?:^    |`)make .*", text, re.MULTILINE)])
    named = set(re.findall(r"(?:^ *|`)make ([a-z0-9-]+)", commands, re.MULTILINE))

    assert sorted(named - known) == []
