"""The loop's guard over the same table of resources that the real API server sees (tests/integration/test_crd_rules.py)."""

import traceback

import pytest

from assistant_gateway.redaction.entities import STRUCTURED
from assistant_operator.api.v1alpha1.guard import Fault, SpecInvalid, guard, guard_store_volume, guard_volume
from assistant_operator.api.v1alpha1.rules import RULES, Rule
from tests.unit.operator.api.cases import (
    BAD,
    EVERYTHING,
    GOOD,
    UNKNOWN,
    UNUSABLE,
    Case,
    access,
    body,
    external,
    keep,
    key,
    model,
    pattern,
    redaction,
    store,
)


def by_id(cases: tuple[Case, ...]) -> list[object]:
    return [pytest.param(case, id=case.id) for case in cases]


@pytest.mark.parametrize("case", by_id(GOOD))
def test_a_good_resource_passes(case: Case) -> None:
    """What admission accepts, the loop accepts."""
    guard(case.body())


@pytest.mark.parametrize("case", by_id(BAD + UNKNOWN + UNUSABLE))
def test_a_bad_resource_is_refused_and_the_field_is_named(case: Case) -> None:
    """A resource that got past admission is refused all the same."""
    with pytest.raises(SpecInvalid) as refused:
        guard(case.body())

    assert case.field is not None
    assert any(fault.field.startswith(case.field) for fault in refused.value.faults), refused.value.faults


def test_every_rule_has_a_case_that_breaks_it() -> None:
    """A rule that no case breaks may be broken itself."""
    broken = set()
    for case in BAD:
        try:
            guard(case.body())
        except SpecInvalid as error:
            broken |= {fault.message for fault in error.faults}

    assert [rule.message for rule in RULES if rule.message not in broken] == []


@pytest.mark.parametrize("rule", [pytest.param(rule, id=f"{rule.path}{rule.field}-{index}") for index, rule in enumerate(RULES)])
def test_a_message_names_the_field_and_fits(rule: Rule) -> None:
    """field, reason, remedy: in one line that the API server accepts."""
    last = (rule.field or rule.path).rstrip("[]").rpartition(".")[2]

    assert last in rule.message
    assert len(rule.message) <= 300
    assert "\n" not in rule.message


def test_a_fault_quotes_no_value() -> None:
    """Somebody will paste a key into the wrong field; conditions are readable for many, and so are logs, which show what led to it."""
    secret = "hunter2-hunter2-hunter2"
    specs = [
        {**model(), "suspend": secret},
        model(digest=secret),
        model(image=secret + "\n"),
        access(keys=[key(secret.upper())]),
        access(keys=[key(subject=secret + "\n")]),
        {**model(), "logging": {"level": secret}},
        model(replicas=secret),
        model(storage={"size": secret}),
        {"model": secret},
        pattern(name=secret + "_"),
        pattern(f"(?P<{secret.replace('-', '_')}>a)" * 2),
        pattern(f"{secret}("),
        redaction({"entities": [secret]}),
    ]
    for spec in specs:
        with pytest.raises(SpecInvalid) as refused:
            guard(body(spec))
        told = "".join(traceback.format_exception(refused.value))
        assert secret.replace("-", "_") not in told.lower().replace("-", "_")


@pytest.mark.parametrize(
    ("zone", "is_known"),
    [("UTC", True), ("Europe/Berlin", True), ("America/Argentina/Ushuaia", True), ("Europe", False), ("Mars/Base", False)],
)
def test_a_time_zone_that_nobody_knows_is_refused(zone: str, is_known: bool) -> None:
    """Admission cannot know them; a window in no time zone would never open, or always."""
    spec = {**model(), "maintenance": {"window": {"start": "02:00", "timeZone": zone}}}
    if is_known:
        assert guard(body(spec)).maintenance.window is not None
        return
    with pytest.raises(SpecInvalid) as refused:
        guard(body(spec))

    assert refused.value.faults[0].field == "spec.maintenance.window.timeZone"
    assert "Mars" not in str(refused.value)


def test_the_text_is_bounded_and_free_of_control_characters() -> None:
    """A condition's message is not a place for what an attacker writes."""
    spec = {**model(), **{f"evil\n\u202e{index}" + "x" * 1000: 1 for index in range(100)}}

    with pytest.raises(SpecInvalid) as refused:
        guard(body(spec))

    text = str(refused.value)
    assert len(text) <= 1024
    assert len(refused.value.faults) <= 10
    assert text.isprintable()


@pytest.mark.parametrize("spec", [None, [], "x", 1, {"model": None}, {"model": []}])
def test_what_is_no_spec_is_refused(spec: object) -> None:
    """The API server never gives such a thing; the guard does not rely on it."""
    with pytest.raises(SpecInvalid):
        guard({"metadata": {"name": "a"}, "spec": spec})


def test_a_resource_without_a_spec_is_refused() -> None:
    """As above, with nothing at all."""
    with pytest.raises(SpecInvalid) as refused:
        guard({"metadata": {"name": "a"}})

    assert refused.value.faults[0].field == "spec"


def test_defaults_are_filled_in() -> None:
    """A model's name and nothing else means: nothing out, one key, callers of the same namespace, personal data kept from the model."""
    spec = guard(body(model()))

    assert spec.egress.mode == "Deny"
    assert spec.access.from_ is None
    assert [key.name for key in spec.access.keys] == ["default"]
    assert spec.retention.conversations.mode == "None"
    assert (spec.redaction.request.action, spec.redaction.response.action) == ("Pseudonymize", "Off")
    assert spec.redaction.types == frozenset(STRUCTURED)


def test_a_whole_spec_comes_back_as_it_was_written() -> None:
    """Nothing is lost or rewritten on the way through the models, but numbers that mean quantities become text."""
    written = body(EVERYTHING)["spec"]
    written["model"]["resources"]["limits"] |= {"cpu": "4", "nvidia.com/gpu": "1"}
    written["egress"]["allow"][0]["ports"][0] |= {"protocol": "TCP"}
    written["access"]["keys"][0] |= {"role": "User"}
    written["access"]["keys"][1] |= {"groups": [], "role": "User"}
    written["access"]["keys"][2] |= {"groups": []}

    assert guard(body(EVERYTHING)).to_dict() == written


def claim(size: str = "20Gi", storage_class: str = "standard", *modes: str) -> dict[str, object]:
    """Return a live volume as the API server shows it."""
    return {
        "spec": {
            "accessModes": list(modes or ("ReadWriteOnce",)),
            "resources": {"requests": {"storage": size}},
            "storageClassName": storage_class,
        }
    }


@pytest.mark.parametrize(
    ("storage", "live", "field"),
    [
        pytest.param({}, None, None, id="no-volume-yet"),
        pytest.param({}, claim(), None, id="as-it-is"),
        pytest.param({"size": "30Gi"}, claim(), None, id="grows"),
        pytest.param({"size": "21474836480"}, claim(), None, id="other-spelling"),
        pytest.param({"size": "10Gi"}, claim(), "spec.model.storage.size", id="shrinks"),
        pytest.param({}, claim("30Gi"), "spec.model.storage.size", id="shrinks-to-the-default"),
        pytest.param({"storageClassName": "fast"}, claim(), "spec.model.storage.storageClassName", id="class-set"),
        pytest.param({"accessModes": ["ReadWriteMany"]}, claim(), "spec.model.storage.accessModes", id="modes"),
    ],
)
def test_the_live_volume_limits_what_the_spec_may_ask(
    storage: dict[str, object], live: dict[str, object] | None, field: str | None
) -> None:
    """What the API server's transition rules refuse, the loop sees in the live volume."""
    spec = guard(body(model(storage=storage) if storage else model()))

    if field is None:
        guard_volume(spec, live)
        return
    with pytest.raises(SpecInvalid) as refused:
        guard_volume(spec, live)
    assert [fault.field for fault in refused.value.faults] == [field]


@pytest.mark.parametrize(
    ("wanted", "live", "field"),
    [
        pytest.param(keep(), None, None, id="no-volume-yet"),
        pytest.param(keep(), claim("10Gi"), None, id="as-it-is"),
        pytest.param(store(managed={"size": "20Gi"}), claim("10Gi"), None, id="grows"),
        pytest.param(keep(), claim("20Gi"), "spec.store.managed.size", id="shrinks-to-the-default"),
        pytest.param(store(managed={"storageClassName": "fast"}), claim("10Gi"), "spec.store.managed.storageClassName", id="class-set"),
        pytest.param(external(), claim("20Gi"), None, id="left-for-the-users-store"),
        pytest.param(model(), claim("20Gi"), None, id="nothing-is-kept-any-more"),
    ],
)
def test_the_live_volume_of_the_store_limits_what_the_spec_may_ask(
    wanted: dict[str, object], live: dict[str, object] | None, field: str | None
) -> None:
    """As that of the weights does, for as long as there is to be one."""
    spec = guard(body(wanted))

    if field is None:
        guard_store_volume(spec, live)
        return
    with pytest.raises(SpecInvalid) as refused:
        guard_store_volume(spec, live)
    assert [fault.field for fault in refused.value.faults] == [field]


def test_a_fault_reads_as_a_sentence() -> None:
    """`field: message`, one after the other."""
    error = SpecInvalid((Fault("spec.a", "is wrong"), Fault("spec.b", "too")))

    assert str(error) == "spec.a: is wrong; spec.b: too"
