"""Writes what the chart and the plain manifests have from elsewhere: `python charts/generate.py [--check] [--helm PATH]`.

    charts/private-assistant-operator/files/crds/   copy of crds/
    charts/private-assistant-operator/files/rbac.yaml   rules from the table of what the operator's code calls
    charts/private-assistant-operator/files/dashboards/   Grafana's, from the tables in dashboard.py
    deploy/install.yaml   the chart, rendered with its defaults
    deploy/kustomization.yaml   the same as a base for kustomize
    deploy/olm/   the same as a bundle for the Operator Lifecycle Manager: olm.py

With --check nothing is written, and the exit status says whether all of it is current. Without helm, deploy/ is left alone.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from assistant_operator.kube.rbac import as_yaml, cluster_rules, own_rules, workload_rules
from charts import dashboard, olm

REPOSITORY: Final = Path(__file__).resolve().parents[1]
CHART: Final = REPOSITORY / "charts" / "private-assistant-operator"
INSTALL: Final = REPOSITORY / "deploy" / "install.yaml"
RELEASE: Final = "private-assistant-operator"
NAMESPACE: Final = "private-assistant-system"
KUBE_VERSION: Final = "1.31.0"

_RBAC_HEADER: Final = "# Made by `python charts/generate.py` from operator/src/assistant_operator/kube/kinds.py.\n"
_INSTALL_HEADER: Final = f"""\
# The operator without Helm: kubectl apply --server-side -f deploy/install.yaml
# Made by `python charts/generate.py` from the chart with its defaults; use the chart to change anything.
---
apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""
_KUSTOMIZATION: Final = """\
# A base for kustomize: examples/gitops/kustomize shows an overlay. Made by `python charts/generate.py`.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - install.yaml
"""
_HELM_ONLY: Final = re.compile(r"^ *(app\.kubernetes\.io/managed-by: Helm|helm\.sh/chart: .*|# Source: .*)\n", re.MULTILINE)


def chart_files() -> Iterator[tuple[Path, str]]:
    """Yield each generated file of the chart with its text."""
    for definition in sorted((REPOSITORY / "crds").glob("*.yaml")):
        yield CHART / "files" / "crds" / definition.name, definition.read_text()
    rules = f"workload:\n{as_yaml(workload_rules())}cluster:\n{as_yaml(cluster_rules())}own:\n{as_yaml(own_rules())}"
    yield CHART / "files" / "rbac.yaml", _RBAC_HEADER + rules
    yield CHART / "files" / "dashboards" / "private-assistants.json", dashboard.text()


def deploy_files(helm: str) -> Iterator[tuple[Path, str]]:
    """Yield each file that is made of the rendered chart, with its text."""
    chart = rendered(helm)
    yield INSTALL, _INSTALL_HEADER + chart
    yield INSTALL.with_name("kustomization.yaml"), _KUSTOMIZATION
    yield from olm.bundle_files(chart, NAMESPACE)


def rendered(helm: str) -> str:
    """Return the chart as Helm renders it, less what only means something to Helm."""
    # Without a cluster helm assumes a version, which depends on how it was built.
    line = [helm, "template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--kube-version", KUBE_VERSION, "--skip-tests"]
    return _HELM_ONLY.sub("", subprocess.run(line, check=True, capture_output=True, text=True).stdout)


def main(arguments: list[str] | None = None) -> int:
    """Write or check everything; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python charts/generate.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail where something is not current")
    parser.add_argument("--helm", default=shutil.which("helm"), metavar="PATH", help="default: helm in PATH")
    options = parser.parse_args(arguments)
    stale = [path for path, text in chart_files() if _differs(path, text, write=not options.check)]
    if options.helm is None:
        sys.stderr.write("helm is not in PATH: deploy/ is left alone\n")
    else:
        stale += [path for path, text in deploy_files(options.helm) if _differs(path, text, write=not options.check)]
    for path in stale:
        sys.stderr.write(f"{path.relative_to(REPOSITORY)} {'is not current' if options.check else 'was written'}\n")
    return 1 if stale and options.check else 0


def _differs(path: Path, text: str, *, write: bool) -> bool:
    if path.exists() and path.read_text() == text:
        return False
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return True


if __name__ == "__main__":
    sys.exit(main())
