"""What Artifact Hub shows of the chart is what the chart is."""

import re
from pathlib import Path
from typing import Any

import yaml

from assistant_operator.version import VERSION

REPOSITORY = Path(__file__).resolve().parents[3]
CHART = REPOSITORY / "charts" / "private-assistant-operator"
METADATA: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
HUB = {name.removeprefix("artifacthub.io/"): text for name, text in METADATA["annotations"].items()}


def test_images_are_the_defaults() -> None:
    """They are scanned for vulnerabilities there: others would be somebody else's."""
    assert {one["name"]: one["image"] for one in yaml.safe_load(HUB["images"])} == {
        name: f"{image['repository']}:{image['tag'] or METADATA['appVersion']}" for name, image in VALUES["image"].items()
    }


def test_the_release_has_one_version() -> None:
    """The operator tells releases apart by it (reconcile/steps/rollout.py), Helm and OLM too; a section of the changelog is about it."""
    sections = re.findall(r"^## \[?([0-9][^\s\]]*)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert METADATA["version"] == METADATA["appVersion"] == VERSION == sections[0]


def test_the_definition_is_described() -> None:
    """By the names that it has, with an example of its kind."""
    (definition,) = [yaml.safe_load(path.read_text()) for path in (REPOSITORY / "crds").iterdir()]
    (described,) = yaml.safe_load(HUB["crds"])
    (example,) = yaml.safe_load(HUB["crdsExamples"])
    names = {(definition["spec"]["group"], version["name"]) for version in definition["spec"]["versions"]}

    assert described["name"] == definition["metadata"]["name"]
    assert described["kind"] == example["kind"] == definition["spec"]["names"]["kind"]
    assert (definition["spec"]["group"], described["version"]) in names
    assert example["apiVersion"] == f"{definition['spec']['group']}/{described['version']}"


def test_annotations_are_those_that_artifact_hub_knows() -> None:
    """https://artifacthub.io/docs/topics/annotations/helm: others are ignored, values of closed sets too."""
    known = {"category", "license", "operator", "operatorCapabilities", "links", "images", "crds", "crdsExamples"}
    capabilities = ("Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot")

    assert set(HUB) == known
    assert HUB["category"] == "ai-machine-learning"
    assert HUB["operator"] == "true"
    assert HUB["operatorCapabilities"] in capabilities
    assert all({"name", "url"} == link.keys() for link in yaml.safe_load(HUB["links"]))
    assert HUB["license"] in (REPOSITORY / "README.md").read_text()


def test_links_lead_to_pages_that_exist() -> None:
    """In the annotations and on the chart's own page, which are read far from this repository."""
    home = f"{METADATA['home']}/blob/main/"
    texts = [HUB["links"], (CHART / "README.md").read_text(), VALUES["monitoring"]["rules"]["runbookUrl"]]
    pages = {word.split(home)[1].rstrip(")") for text in texts for word in text.split() if home in word}

    assert {page for page in pages if not (REPOSITORY / page.partition("#")[0].rstrip(")")).exists()} == set()
    assert "docs/runbooks.md" in pages


def test_the_repositorys_metadata_can_be_read() -> None:
    """Keys that Artifact Hub knows; an id is given by it, and only to whoever publishes."""
    assert yaml.safe_load((REPOSITORY / "charts" / "artifacthub-repo.yml").read_text()).keys() <= {"repositoryID", "owners", "ignore"}
