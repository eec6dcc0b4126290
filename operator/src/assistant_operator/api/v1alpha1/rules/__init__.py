"""What one field of a PrivateAssistant means for another: every rule once, as CEL for admission and as Python for the loop.

`RULES` is a table. crd.py hangs each rule's CEL on the schema at its path; guard.py walks the same paths over a resource that got past
admission (applied before an upgrade, or with the CRD's validation taken away). A test runs one list of good and bad resources through
both on a real API server. `CHANGES` are rules on an update: the loop cannot see the old resource, so `guard_volume` compares with the
live volume instead.

A message names the field, the reason and the remedy. Neither side quotes values.
"""

from assistant_operator.api.v1alpha1.rules import access, changes, egress, maintenance, memory, model, pod, redaction, root, rotation
from assistant_operator.api.v1alpha1.rules.rule import Change, Rule, Subject

RULES: tuple[Rule, ...] = (
    *root.RULES,
    *model.RULES,
    *pod.RULES,
    *egress.RULES,
    *access.RULES,
    *redaction.RULES,
    *memory.RULES,
    *rotation.RULES,
    *maintenance.RULES,
)
CHANGES: tuple[Change, ...] = changes.CHANGES

__all__ = ["CHANGES", "RULES", "Change", "Rule", "Subject"]
