"""The bundle for the Operator Lifecycle Manager, from the chart as Helm renders it: charts/generate.py writes it to deploy/olm/.

Format registry+v1 (https://olm.operatorframework.io/docs/tasks/creating-operator-bundle/): a ClusterServiceVersion with Deployments and
rights, beside it the definition and what else OLM takes as it is. OLM chooses the namespace, hence $(NAMESPACE) in settings. It takes
NetworkPolicies from 0.32 on, and refuses the whole bundle before: the canary's is left out. It says that everybody may
call the canary, as without any but where all else is denied, and that the canary calls nobody. docs/install.md tells both.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

REPOSITORY: Final = Path(__file__).resolve().parents[1]
OLM: Final = REPOSITORY / "deploy" / "olm"
PACKAGE: Final = "private-assistant-operator"
CHANNEL: Final = "candidate"
"""One of the names that users know from others' channels: https://olm.operatorframework.io/docs/best-practices/channel-naming/."""
SETTING: Final = "PRIVATE_ASSISTANT_"
"""What the variable of every flag begins with (assistant_operator/settings.py)."""
_ICON: Final = REPOSITORY / "charts" / "icon.svg"
HEADER: Final = "# Made by `python charts/generate.py` from the chart.\n"
Object = dict[str, Any]

_METADATA: Final = {
    "operators.operatorframework.io.bundle.mediatype.v1": "registry+v1",
    "operators.operatorframework.io.bundle.manifests.v1": "manifests/",
    "operators.operatorframework.io.bundle.metadata.v1": "metadata/",
    "operators.operatorframework.io.bundle.package.v1": PACKAGE,
    "operators.operatorframework.io.bundle.channels.v1": CHANNEL,
    "operators.operatorframework.io.bundle.channel.default.v1": CHANNEL,
}


def bundle_files(rendered: str, namespace: str) -> Iterator[tuple[Path, str]]:
    """Yield each file of the bundle with its text; `rendered` is the chart with its defaults, released into the namespace."""
    objects = [_without_namespace(one) for one in yaml.safe_load_all(rendered.replace(f".{namespace}.svc.", ".$(NAMESPACE).svc.")) if one]
    manifests = OLM / "manifests"
    yield manifests / f"{PACKAGE}.clusterserviceversion.yaml", HEADER + _yaml(_service_version(objects, namespace))
    # ClusterRoles that are bound to the operator are rights of the ClusterServiceVersion.
    for one in (*_of(objects, "CustomResourceDefinition"), *_of(objects, "Service"), *_unbound(objects)):
        yield manifests / f"{one['metadata']['name']}.{one['kind'].lower()}.yaml", HEADER + _yaml(one)
    yield OLM / "metadata" / "annotations.yaml", HEADER + _yaml({"annotations": _METADATA})
    yield OLM / "catalog.yaml", HEADER + yaml.safe_dump_all(_catalog(), sort_keys=False)
    labels = "".join(f"LABEL {name}={value}\n" for name, value in _METADATA.items())
    yield OLM / "Containerfile", f"{HEADER}FROM scratch\n{labels}COPY manifests /manifests/\nCOPY metadata /metadata/\n"


def _catalog() -> list[Object]:
    """Return what a catalogue says beside the bundle: the release takes the place of every one before, none of which need be in it."""
    version = _chart()["appVersion"]
    entry = {"name": f"{PACKAGE}.v{version}", "skipRange": f"<{version}"}
    return [
        {"schema": "olm.package", "name": PACKAGE, "defaultChannel": CHANNEL},
        {"schema": "olm.channel", "package": PACKAGE, "name": CHANNEL, "entries": [entry]},
    ]


def _chart() -> Object:
    chart: Object = yaml.safe_load((REPOSITORY / "charts" / PACKAGE / "Chart.yaml").read_text())
    return chart


def _service_version(objects: list[Object], namespace: str) -> Object:
    chart = _chart()
    version, (operator,) = chart["appVersion"], _of(objects, "Deployment", PACKAGE)
    account = operator["spec"]["template"]["spec"]["serviceAccountName"]
    bound = [rule for role in _bound(objects, account) for rule in role["rules"]]
    (own,) = _of(objects, "Role")
    (definition,) = _of(objects, "CustomResourceDefinition")
    example = yaml.safe_load((REPOSITORY / "examples" / "minimal.yaml").read_text())
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": {
            "name": f"{PACKAGE}.v{version}",
            "namespace": "placeholder",
            # What OLM's console shows it for.
            "labels": {"operatorframework.io/os.linux": "supported", "operatorframework.io/arch.amd64": "supported"},
            "annotations": {
                "alm-examples": json.dumps([example], indent=2),
                "capabilities": chart["annotations"]["artifacthub.io/operatorCapabilities"],
                "categories": "AI/Machine Learning",
                "containerImage": operator["spec"]["template"]["spec"]["containers"][0]["image"],
                "description": chart["description"],
                # Who has any release before this one is brought here, whichever of them a catalogue holds.
                "olm.skipRange": f"<{version}",
                # One of its own, as with Helm, and not the one that all operators share.
                "operatorframework.io/suggested-namespace": namespace,
                "repository": chart["home"],
                "support": chart["maintainers"][0]["name"],
            },
        },
        "spec": {
            "displayName": "Private assistants",
            "description": _description(chart),
            "version": version,
            "minKubeVersion": chart["kubeVersion"].strip(">=").partition("-")[0],
            "maturity": "alpha",
            "icon": [{"base64data": base64.b64encode(_ICON.read_bytes()).decode(), "mediatype": "image/svg+xml"}],
            "keywords": chart["keywords"],
            "links": [{"name": "Source and documentation", "url": chart["home"]}],
            # No maintainers: each would need an address that takes mail.
            "provider": {"name": chart["maintainers"][0]["name"], "url": chart["home"]},
            # One definition in the cluster, one operator: namespaces of one's own are for Helm (watchNamespaces).
            "installModes": [
                {"type": mode, "supported": mode == "AllNamespaces"}
                for mode in ("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces")
            ],
            "customresourcedefinitions": {"owned": [_owned(definition, chart)]},
            "install": {
                "strategy": "deployment",
                "spec": {
                    "clusterPermissions": [{"serviceAccountName": account, "rules": bound}],
                    "permissions": [{"serviceAccountName": account, "rules": own["rules"]}],
                    "deployments": [
                        {"name": one["metadata"]["name"], "label": one["metadata"]["labels"], "spec": _with_variables(one["spec"])}
                        for one in _of(objects, "Deployment")
                    ],
                },
            },
            "relatedImages": _images(operator),
        },
    }


def _with_variables(spec: Object) -> Object:
    """Turn the operator's flags into variables: a Subscription replaces these (spec.config.env), and a flag would win over them."""
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    if "command" in container:  # The canary, whose arguments are not settings.
        return spec
    flags = [argument.removeprefix("--").split("=", 1) for argument in container["args"]]
    # After those to which $(NAMESPACE) and $(POD) refer.
    variables = [{"name": SETTING + name.upper().replace("-", "_"), "value": value} for name, value in flags]
    changed = {key: value for key, value in container.items() if key != "args"} | {"env": [*container["env"], *variables]}
    return spec | {"template": spec["template"] | {"spec": pod | {"containers": [changed]}}}


def _description(chart: Object) -> str:
    return (
        f"{chart['description']}\n\n"
        "Apply a `PrivateAssistant` with a model's name; it becomes a model server, a gateway that speaks the OpenAI and the Ollama wire\n"
        "formats, and the policies that confine them. Conditions in its status say which promises were seen to hold, and when not, why.\n\n"
        "Needs a network plugin that enforces NetworkPolicies, egress included.\n"
    )


def _owned(definition: Object, chart: Object) -> Object:
    (told,) = yaml.safe_load(chart["annotations"]["artifacthub.io/crds"])
    (version,) = [one["name"] for one in definition["spec"]["versions"] if one["storage"]]
    return {
        "name": definition["metadata"]["name"],
        "kind": definition["spec"]["names"]["kind"],
        "version": version,
        "displayName": told["displayName"],
        "description": told["description"],
    }


def _images(operator: Object) -> list[Object]:
    (container,) = operator["spec"]["template"]["spec"]["containers"]
    told = [argument.removeprefix("--").split("-image=") for argument in container["args"] if "-image=" in argument]
    return [{"name": "operator", "image": container["image"]}, *({"name": name, "image": image} for name, image in told)]


def _bound(objects: list[Object], account: str) -> list[Object]:
    """Return the ClusterRoles that are bound to the account."""
    names = {
        one["roleRef"]["name"] for one in _of(objects, "ClusterRoleBinding") if account in [subject["name"] for subject in one["subjects"]]
    }
    return [one for one in _of(objects, "ClusterRole") if one["metadata"]["name"] in names]


def _unbound(objects: list[Object]) -> list[Object]:
    """Return the ClusterRoles that are for people: they are added to the cluster's own."""
    bound = {one["roleRef"]["name"] for one in _of(objects, "ClusterRoleBinding")}
    return [one for one in _of(objects, "ClusterRole") if one["metadata"]["name"] not in bound]


def _of(objects: list[Object], kind: str, name: str | None = None) -> list[Object]:
    return [one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])]


def _without_namespace(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "namespace"}
    return obj | {"metadata": metadata}


def _yaml(obj: Object) -> str:
    return yaml.safe_dump(obj, sort_keys=False, width=140, allow_unicode=True)
