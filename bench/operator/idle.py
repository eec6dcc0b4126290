"""What the operator does while nothing happens; and once more with its memory kept mapped: its own work (bench/egress/warm.py)."""

import time

from bench.egress import warm
from bench.operator.audit import by_verb
from bench.operator.figures import Figures
from bench.operator.rig import Operator, Place


def measure(where: Place, operator: Operator, figures: Figures, assistants: int, seconds: float) -> None:
    """Watch it for a while, its regular passes and its Lease included."""
    where.audit.quiet()
    cpu = operator.cpu()
    time.sleep(seconds)
    spent, calls = operator.cpu() - cpu, where.audit.new()
    figures.note(f"{assistants} assistants: idle, writes in {seconds:.0f} s (but the Lease's)", sum(call.is_write for call in calls))
    figures.note(f"{assistants} assistants: idle, of one core", spent / seconds * 100, "%")
    with warm.kept(operator.pid):
        time.sleep(1)  # until every page was touched once
        cpu = operator.cpu()
        time.sleep(seconds)
        figures.note(f"{assistants} assistants: idle, of one core, its memory kept mapped", (operator.cpu() - cpu) / seconds * 100, "%")
    for what, count in sorted(by_verb(calls).items()):
        figures.note(f"{assistants} assistants: idle, {what}, a minute", count * 60 / seconds)
