"""The command line of the local clusters.

python -m tests.cluster up                    bring it up, with the project's images
python -m tests.cluster demo                  up, install the chart, apply examples/minimal.yaml, ask a question
python -m tests.cluster load                  rebuild the images that changed and bring them in
python -m tests.cluster enforce MODE          on, strict, open or off: how much of NetworkPolicy is enforced
python -m tests.cluster exec -- COMMAND...    run a command inside the node
python -m tests.cluster build                 build the Go programs, the images and the model; start nothing
python -m tests.cluster status | kubeconfig   what runs; the kubeconfig's path
python -m tests.cluster down                  leave nothing
"""

import argparse
import os
import sys
from typing import get_args

from tests.cluster import builds, packages
from tests.cluster.choice import choose
from tests.cluster.images.catalog import project_images, system_images
from tests.cluster.images.wheels import place_wheels
from tests.cluster.models import models_folder
from tests.cluster.node.cluster import Node
from tests.cluster.node.enforcement import Mode
from tests.cluster.shell import ClusterError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; `up` goes on from here, `down` removes what is there", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up")
    up.add_argument("--only", action="append", metavar="IMAGE", help="real node: bring in only this image of the project; repeatable")
    up.set_defaults(run=lambda options: Node().up(only=options.only) if options.only else choose().up())
    commands.add_parser("down").set_defaults(run=lambda _: choose().down())
    commands.add_parser("status").set_defaults(run=lambda _: print(choose().status()))
    commands.add_parser("kubeconfig").set_defaults(run=lambda _: print(choose().kubeconfig))
    commands.add_parser("load").set_defaults(run=lambda _: print(*choose().load_images().values(), sep="\n"))
    commands.add_parser("build").set_defaults(run=lambda _: _build())
    commands.add_parser("wheels").set_defaults(run=lambda _: _wheels())
    commands.add_parser("demo").set_defaults(run=lambda _: _demo())
    enforce = commands.add_parser("enforce")
    enforce.add_argument("mode", choices=get_args(Mode))
    enforce.set_defaults(run=lambda options: Node().enforce(options.mode))
    inside = commands.add_parser("exec")
    inside.add_argument("command", nargs="+")
    inside.set_defaults(run=lambda options: _exec(options.command))
    return parser


def _build() -> None:
    packages.ensure()
    builds.build(builds.NODE)
    models_folder()
    for image in (*system_images(), *project_images()):
        image.ensure()


def _wheels() -> None:
    for image in ("operator", "gateway", "client"):
        place_wheels(image)


def _demo() -> None:
    from tests.cluster.demo import demo  # it needs the whole product, the other commands do not

    demo(choose())


def _exec(command: list[str]) -> None:
    words = Node().inside(*command)
    os.execvp(words[0], words)


if __name__ == "__main__":
    sys.exit(main())
