"""The pages say what the code does: generated ones are current, tables are complete, links lead somewhere."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

from assistant_egress.proxy.reasons import ALLOWED, ENDINGS, REFUSALS
from assistant_gateway.errors import CODES
from assistant_gateway.record import OUTCOMES, Exchange
from assistant_gateway.routes import TABLE
from assistant_model.outcome import Reason
from assistant_operator.api.v1alpha1.rules import CHANGES, RULES, Change, Rule

REPOSITORY = Path(__file__).resolve().parents[3]
DOCS = REPOSITORY / "docs"
OPERATIONS = (DOCS / "operations.md").read_text()
PAGES = sorted([*DOCS.rglob("*.md"), *REPOSITORY.glob("*.md")])


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _load_generator()


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_generated_pages_are_current(name: str) -> None:
    """`python docs/generate.py` after a change of the models, the definition or the chart's values."""
    assert (REPOSITORY / name).read_text() == GENERATOR.PAGES[name]()


def _spec_schema() -> dict[str, Any]:
    definition = yaml.safe_load(next((REPOSITORY / "crds").glob("*.yaml")).read_text())
    schema: dict[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return schema


FIELDS = dict(GENERATOR._nodes(_spec_schema(), "spec"))


def test_every_value_has_a_type_in_words() -> None:
    """Also where a value may be of two."""
    rows = [row.split(" | ") for row in (DOCS / "values.md").read_text().splitlines() if row.startswith("| `")]

    assert [row for row in rows if "None" in row[1] or "[" in row[1]] == []


def test_every_field_with_a_value_has_an_example() -> None:
    """And no example is left of a field that went."""
    leaves = {
        path
        for path, schema in FIELDS.items()
        if path in GENERATOR.KUBERNETES_TYPES or not (schema.get("properties") or schema.get("items", {}).get("properties"))
    }

    assert set(GENERATOR.EXAMPLES) == leaves


@pytest.mark.parametrize("path", GENERATOR.EXAMPLES)
def test_examples_are_valid(path: str) -> None:
    """The definition's own schema accepts them."""
    jsonschema.Draft7Validator(FIELDS[path]).validate(GENERATOR.EXAMPLES[path])


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_is_described(path: str) -> None:
    """kubectl explain and the page have something to say."""
    assert FIELDS[path].get("description") or path == "spec"


def test_every_rule_is_on_the_page() -> None:
    """Also those that concern several parts of the spec: who is refused finds the sentence."""
    page = (DOCS / "fields.md").read_text()
    rules: list[Rule | Change] = [*RULES, *CHANGES]

    assert [rule.message for rule in rules if rule.cel is not None and f"* {GENERATOR._escape(rule.message)}\n" not in page] == []


def _reasons() -> Iterator[str]:
    """Yield every word that the code uses as a condition's reason: the first text of these calls, and the tables of such words."""
    makers = {
        "true",
        "false",
        "unknown",
        "settled",
        "stuck",
        "TerminalError",
        "WaitingError",
        "Trouble",
        "FatalError",
        "Reason",
        "waiting",
        "fail",
        "Verdict",
    }
    word = re.compile(r"^[A-Z][a-z]+[A-Za-z]*$")
    for source in [*(REPOSITORY / "operator" / "src").rglob("*.py"), *(REPOSITORY / "gateway" / "src").rglob("*.py")]:
        for node in ast.walk(ast.parse(source.read_text())):
            texts: list[ast.expr] = []
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                texts = node.args[:2] if called in makers else []
            elif isinstance(node, ast.Dict):
                texts = [value.elts[0] for value in node.values if isinstance(value, ast.Tuple) and len(value.elts) == 2]
            for text in texts:
                if (
                    isinstance(text, ast.Constant)
                    and isinstance(text.value, str)
                    and word.match(text.value)
                    and text.value not in ("Unknown", "True", "False")
                ):
                    yield text.value


def test_every_reason_is_explained() -> None:
    """A reason in a condition can be looked up."""
    reasons = {*_reasons(), *(reason.value for reason in Reason)}

    assert {"SpecInvalid", "Pulling", "RuntimeTooOld", "NoSpace", "ImagePullFailed", "NameCollision"} <= reasons
    assert sorted(reason for reason in reasons if f"`{reason}`" not in OPERATIONS) == []


def test_every_decision_of_the_proxy_is_explained() -> None:
    """Who is refused finds the reason in the answer, in status and in the log."""
    assert sorted(reason for reason in (ALLOWED, *REFUSALS, *ENDINGS) if f"`{reason}`" not in OPERATIONS) == []


@pytest.mark.parametrize("reason", Reason)
def test_exit_codes_are_right(reason: Reason) -> None:
    """The table of the pull's reasons says the code that the program ends with."""
    if reason is Reason.INTERNAL_ERROR:
        return
    (row,) = [line for line in OPERATIONS.splitlines() if line.startswith(f"| `{reason.value}` | ")]

    assert row.split("|")[2].strip() == str(reason.exit_code)


def test_every_code_is_listed() -> None:
    """With its HTTP status."""
    assert [code for code, failure in CODES.items() if f"| `{code}` | {failure.status} |" not in OPERATIONS] == []
    listed = re.findall(r"^\| `([a-z_]+)` \| \d{3} \|", OPERATIONS, re.MULTILINE)
    assert sorted(listed) == sorted(CODES)


def test_every_field_of_a_record_is_listed() -> None:
    """And nothing that a record does not have."""
    section = OPERATIONS.partition("## Records")[2].partition("## Codes")[0]
    rows = "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))

    assert set(re.findall(r"`([a-z_]+)`", rows)) == set(Exchange().line("2026-01-01T00:00:00.000Z"))
    assert all(f"`{outcome}`" in section for outcome in OUTCOMES)


def test_every_route_is_named() -> None:
    """The page on privacy says what the gateway lets through."""
    privacy = (DOCS / "privacy.md").read_text()

    assert [route.name for route in TABLE if f"`{route.name}`" not in privacy] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    """To files that exist, and to headings that they have."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_python_in_pages_is_python(page: Path) -> None:
    """What people copy compiles."""
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        ast.parse(code)
