"""Everything that one assistant needs, in the order in which it is applied: what confines comes before what runs.

    spec = guard(body)
    context = Context(installation, Names(namespace, name), uid=..., generation=..., serving=..., pull=..., ca_certificate=...,
                      embedding=..., store=..., service_address=..., proxy_address=...)
    for manifest in plan(spec, context):
        await apply(manifest)

Secrets are not in it: the loop makes them once, by name, before the plan (secrets.py has their shape). What left the plan since the last
pass is pruned by the inventory.
"""

from assistant_operator.api.v1alpha1 import PrivateAssistantSpec
from assistant_operator.resources.ca_config import ca_config, pull_ca_config
from assistant_operator.resources.cilium import cilium_policy
from assistant_operator.resources.context import Context
from assistant_operator.resources.disruption_budget import disruption_budget
from assistant_operator.resources.egress_proxy import proxy_config, proxy_deployment, proxy_service
from assistant_operator.resources.headless_service import headless_service
from assistant_operator.resources.ingest_job import ingest_jobs
from assistant_operator.resources.manifest import Manifest
from assistant_operator.resources.model_volume import model_volume
from assistant_operator.resources.network_policy import assistant_policy, ingest_policy, proxy_policy, pull_policy, store_policy
from assistant_operator.resources.policy_config import policy_config
from assistant_operator.resources.pull_job import pull_job
from assistant_operator.resources.service import service
from assistant_operator.resources.service_account import service_account
from assistant_operator.resources.stateful_set import stateful_set
from assistant_operator.resources.store_stateful_set import store_service, store_stateful_set, store_volume


def plan(spec: PrivateAssistantSpec, context: Context) -> tuple[Manifest, ...]:
    """Return every object of the assistant but its Secrets."""
    wanted = (
        assistant_policy(spec, context),
        pull_policy(spec, context),
        store_policy(spec, context),
        ingest_policy(spec, context),
        proxy_policy(spec, context),
        cilium_policy(spec, context),
        service_account(context),
        ca_config(context),
        pull_ca_config(spec, context),
        policy_config(spec, context),
        proxy_config(spec, context),
        model_volume(spec, context),
        store_volume(spec, context),
        service(context),
        headless_service(context),
        store_service(spec, context),
        proxy_service(spec, context),
        store_stateful_set(spec, context),
        proxy_deployment(spec, context),
        pull_job(spec, context),
        stateful_set(spec, context),
        disruption_budget(spec, context),
        *ingest_jobs(spec, context),
    )
    return tuple(manifest for manifest in wanted if manifest is not None)
