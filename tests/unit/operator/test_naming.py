"""Names: they fit, and no two assistants share one."""

import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from assistant_operator.api.v1alpha1.guard import guard
from assistant_operator.api.v1alpha1.rules.root import AMBIGUOUS_NAME, NAME
from assistant_operator.naming import MAX_CRON_JOB, MAX_JOB, MAX_NAME, MAX_STATEFUL_SET, Names, fit
from tests.unit.operator.api.cases import body, model

assistants = st.from_regex(r"\A[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z").filter(lambda name: not re.fullmatch(AMBIGUOUS_NAME, name))
close = st.builds(
    lambda stem, parts: "-".join([stem, *parts])[:63].rstrip("-"),
    st.sampled_from(["a", "ab", "a" * 40, "a" * 55]),
    st.lists(
        st.sampled_from(
            [
                "headless",
                "pull",
                "ca",
                "tls",
                "key",
                "policy",
                "models",
                "pull-ca",
                "store",
                "ingest",
                "egress",
                "encryption",
                "0",
                "deadbeef",
            ]
        ),
        max_size=4,
    ),
).filter(lambda name: re.fullmatch(NAME, name) and not re.fullmatch(AMBIGUOUS_NAME, name))
"""Names that look like those of another assistant's objects."""
keys = st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?\Z")
revisions = st.from_regex(r"\A[0-9a-f]{8}\Z")


def made(names: Names, key: str, revision: str) -> set[tuple[str, str]]:
    """Return kind and name of everything that one assistant may have; keys and sources are named alike."""
    return {
        ("Service", names.service),
        ("Service", names.headless_service),
        ("ServiceAccount", names.service_account),
        ("StatefulSet", names.stateful_set),
        ("PodDisruptionBudget", names.disruption_budget),
        ("NetworkPolicy", names.network_policy),
        ("NetworkPolicy", names.pull_network_policy),
        ("PersistentVolumeClaim", names.models_claim),
        ("ConfigMap", names.policy_config),
        ("ConfigMap", names.ca_config),
        ("ConfigMap", names.pull_ca_config),
        ("Secret", names.ca_secret),
        ("Secret", names.tls_secret),
        ("Secret", names.key_secret(key)),
        ("Job", names.pull_job(revision)),
        ("Job", names.ingest_job(key, revision)),
        ("CronJob", names.ingest_cron_job(key)),
        ("StatefulSet", names.store),
        ("Service", names.store),
        ("PersistentVolumeClaim", names.store),
        ("NetworkPolicy", names.store),
        ("NetworkPolicy", names.ingest_network_policy),
        ("Deployment", names.egress_proxy),
        ("Service", names.egress_proxy),
        ("ConfigMap", names.egress_proxy),
        ("NetworkPolicy", names.egress_proxy),
        ("Secret", names.store),
        ("Secret", names.store_tls_secret),
        ("Secret", names.encryption_secret),
        ("Secret", names.ingest_secret),
    }


@given(one=close, other=close, keys=st.tuples(keys, keys), revisions=st.tuples(revisions, revisions))
@settings(max_examples=300)
@example(one="a", other="a-b", keys=("b-key-c", "c"), revisions=("00000000", "00000000"))
@example(one="a", other="a-b", keys=("b-ingest-c", "c"), revisions=("00000000", "00000000"))
@example(one="a", other="a-ingest-b", keys=("b", "c"), revisions=("00000000", "00000000"))
@example(one="a", other="a-egress", keys=("b", "c"), revisions=("00000000", "00000000"))
@example(one="a", other="a-ingest", keys=("pull", "c"), revisions=("00000000", "00000000"))
def test_two_assistants_never_share_a_name(one: str, other: str, keys: tuple[str, str], revisions: tuple[str, str]) -> None:
    """Two operators' hands on one object would undo each other, and a policy of the one would open the other."""
    assume(one != other)
    assume(not any(re.fullmatch(AMBIGUOUS_NAME, name) for name in (one, other)))

    shared = made(Names("ns", one), keys[0], revisions[0]) & made(Names("ns", other), keys[1], revisions[1])

    assert shared == set()


@given(name=assistants, key=keys, revision=revisions)
def test_every_name_fits_its_kind(name: str, key: str, revision: str) -> None:
    """Labels (63) everywhere, less where pods carry a suffix."""
    names = Names("ns", name)
    limits = {"StatefulSet": MAX_STATEFUL_SET, "Job": MAX_JOB, "CronJob": MAX_CRON_JOB}

    for kind, text in made(names, key, revision):
        assert len(text) <= limits.get(kind, MAX_NAME)
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", text), text


@given(name=assistants, other=assistants)
def test_cutting_keeps_names_apart(name: str, other: str) -> None:
    """The hash is over the whole name."""
    assume(name != other)

    assert fit("x" * 60 + name) != fit("x" * 60 + other)


def test_a_name_that_fits_stays_as_it_is() -> None:
    """And one that is cut is as long as it may be."""
    assert fit("a" * 63) == "a" * 63
    assert len(fit("a" * 64)) == 63
    assert len(fit("a" * 64, 52)) == 52


@given(name=assistants)
@settings(max_examples=50)
def test_the_guard_admits_every_such_name(name: str) -> None:
    """What the properties above are about is what may exist."""
    guard(body(model(), name=name))


@pytest.mark.parametrize("name", ["a", "a" * 63])
def test_labels_fit(name: str) -> None:
    """A label's value has at most 63 characters."""
    assert all(len(value) <= 63 for value in Names("ns", name).labels("assistant").values())


def test_selectors_are_the_operators_own_labels_alone() -> None:
    """They are immutable in a StatefulSet."""
    assert Names("ns", "a").selector("pull") == {"privateassistant.dev/assistant": "a", "privateassistant.dev/component": "pull"}


def test_a_certificate_names_every_way_to_call() -> None:
    """Within the namespace, across namespaces, in full, and through a port-forward."""
    assert Names("ns", "a").dns_names("cluster.local") == ("a", "a.ns", "a.ns.svc", "a.ns.svc.cluster.local", "localhost")
