"""Rules on the resource as a whole: names, and what depends on the name."""

from assistant_operator.api.v1alpha1.rules.rule import Rule, cel_text, pattern

NAME = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
AMBIGUOUS_NAME = r"^(.*-(headless|pull|key|store|ingest|egress)|.*-(key|ingest)-.*)$"
"""Names of assistants that objects of another assistant may have: naming.py is unambiguous for all others."""


def _own_claims(name: str) -> tuple[str, str]:
    return f"{name}-models", f"{name}-store"


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
        "metadata.name must not end in -headless, -pull, -key, -store, -ingest or -egress and must not contain -key- or -ingest-: "
        "objects of another assistant may have such names; choose another name",
    ),
    Rule(
        "",
        ".spec.model.source.claim.name",
        "!has(self.spec.model.source) || !has(self.spec.model.source.claim) || "
        "!(self.spec.model.source.claim.name in [self.metadata.name + '-models', self.metadata.name + '-store'])",
        lambda it: it.spec.model.source.claim is None or it.spec.model.source.claim.name not in _own_claims(it.name),
        "spec.model.source.claim.name must not be <assistant>-models or <assistant>-store: these volumes are the operator's own and "
        "are removed with what they are for; copy the weights to a claim of yours",
    ),
    Rule(
        "",
        ".spec.rag.sources",
        # The names are made outside the loop over the sources: the API server's budget is for one such loop.
        "!has(self.spec.rag) || !has(self.spec.rag.sources) || [self.metadata.name + '-models', self.metadata.name + '-store']"
        ".all(own, self.spec.rag.sources.all(s, !has(s.claim) || s.claim.name != own))",
        lambda it: (
            it.spec.rag is None
            or all(source.claim is None or source.claim.name not in _own_claims(it.name) for source in it.spec.rag.sources)
        ),
        "spec.rag.sources must not read <assistant>-models or <assistant>-store: there are weights and what is kept, no documents; "
        "name another claim",
    ),
)
