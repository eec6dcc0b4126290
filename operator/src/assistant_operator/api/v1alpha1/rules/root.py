"""Rules on the resource as a whole: names, and what depends on the name."""

from assistant_operator.api.v1alpha1.rules.rule import Rule, cel_text, pattern

NAME = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
AMBIGUOUS_NAME = r"^(.*-(headless|pull|key)|.*-key-.*)$"
"""Names of assistants that objects of another assistant may have: naming.py is unambiguous for all others."""

RULES: tuple[Rule, ...] = (
    Rule(
        "",
        ".metadata.name",
        f"self.metadata.name.matches({cel_text(NAME)})",
        lambda it: pattern(NAME)(it.name),
        "metadata.name must be at most 63 lower-case letters, digits and -, beginning with a letter and ending with no -: "
        "the assistant's Service carries it; choose another name",
    ),
    Rule(
        "",
        ".metadata.name",
        f"!self.metadata.name.matches({cel_text(AMBIGUOUS_NAME)})",
        lambda it: not pattern(AMBIGUOUS_NAME)(it.name),
        "metadata.name must not end in -headless, -pull or -key and must not contain -key-: objects of "
        "another assistant may have such names; "
        "choose another name",
    ),
    Rule(
        "",
        ".spec.model.source.claim.name",
        "!has(self.spec.model.source) || !has(self.spec.model.source.claim) || "
        "self.spec.model.source.claim.name != self.metadata.name + '-models'",
        lambda it: it.spec.model.source.claim is None or it.spec.model.source.claim.name != f"{it.name}-models",
        "spec.model.source.claim.name must not be <assistant>-models: that volume is the operator's own and "
        "is removed with source.registry; "
        "copy the weights to a claim of yours",
    ),
)
