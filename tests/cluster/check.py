"""`make check`, the part that runs the project's own generators: what is generated is current, and the chart is sound.

python -m tests.cluster.check            compare; fail where a generated file differs
python -m tests.cluster.check --write    write them
"""

import sys
from pathlib import Path

from tests.cluster import builds
from tests.cluster.install import CHART
from tests.cluster.paths import REPOSITORY
from tests.cluster.progress import say
from tests.cluster.shell import ClusterError, run

CRD = REPOSITORY / "crds" / "privateassistant.dev_privateassistants.yaml"


def crd_text() -> str:
    """Return the CRD as its models generate it."""
    return run(sys.executable, "-m", "assistant_operator.api.crd", cwd=REPOSITORY)


def check_crd(*, write: bool) -> None:
    """The CRD in crds/ is what the models say."""
    text = crd_text()
    if write:
        CRD.write_text(text)
    elif CRD.read_text() != text:
        raise ClusterError(f"{CRD.relative_to(REPOSITORY)} is not current: run `make generate`")


def check_generated(*, write: bool) -> None:
    """The chart's copies, deploy/ and the reference pages are what their generators write."""
    helm = ("--helm", builds.built("helm"))
    for generator, options in ((Path("charts/generate.py"), helm), (Path("docs/generate.py"), ())):
        run(sys.executable, generator, *options, *(() if write else ("--check",)), cwd=REPOSITORY)


def check_chart() -> None:
    """Helm's linter has nothing to say, not even a warning."""
    run(builds.built("helm"), "lint", "--strict", "--quiet", CHART)


def main(arguments: list[str]) -> int:
    """Check everything; return the exit status."""
    write = "--write" in arguments
    try:
        builds.build(("helm",))
        for name, step in (("CRD", check_crd), ("chart files, manifests, reference pages", check_generated)):
            step(write=write)
            say(f"{name}: {'written' if write else 'current'}")
        check_chart()
        say("helm lint: nothing to say")
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
