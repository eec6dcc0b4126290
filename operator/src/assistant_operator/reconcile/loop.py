"""One pass over one assistant, safe to call at any time, any number of times: whether there is one to make, and how it may end.

    deleted? -> suspended? -> effort.py -> status

Also told in status: what the API server refuses (such a status too), what it fails at again and again, and defects of the operator's own.
"""

import logging

from pydantic import ValidationError

from assistant_operator import errors
from assistant_operator.kube.objects import is_being_deleted
from assistant_operator.reconcile.effort import Effort
from assistant_operator.reconcile.key import Key
from assistant_operator.reconcile.outcome import Outcome
from assistant_operator.reconcile.steps import kept, report
from assistant_operator.reconcile.steps.suspension import leave, suspend
from assistant_operator.reconcile.world import World

log = logging.getLogger(__name__)


async def reconcile(key: Key, world: World) -> Outcome:
    """Bring one assistant from what is to what its spec says."""
    assistant = world.cache.assistant(key)
    if assistant is None or is_being_deleted(assistant):
        kept.forget(world, key)
        world.untold.forget(key)
        return Outcome("gone") if assistant is None else await leave(world, assistant)  # owner references do the rest
    if (assistant.get("spec") or {}).get("suspend") is True:
        return await suspend(world, assistant)
    effort = Effort(world, key, assistant)
    try:
        await effort.run()
    except errors.StatedError as problem:
        effort.problems.append(problem)
    except (errors.ForbiddenError, errors.InvalidError, errors.GoneError) as refusal:
        log.warning("API server refused", extra={"assistant": str(key), "reason": str(refusal), "answer": refusal.message})
        effort.fail("ApiRefused", f"The API server refuses to {refusal.verb} a {refusal.kind} ({refusal.reason}).")
    except errors.ApiError as failure:
        if world.unfinished.again(key):
            effort.give_up(failure)
            await _told(effort)
        raise
    except errors.OperatorError:
        raise
    except Exception:
        log.exception("Pass failed", extra={"assistant": str(key)})
        effort.fail("InternalError", "The operator failed on this assistant; its log says how.")
    world.unfinished.forget(key)
    return await _told(effort)


async def _told(effort: Effort) -> Outcome:
    """Tell what the pass has come to; where that cannot stand in status, that nothing is known: what stands there may say True."""
    try:
        return await effort.report()
    except (ValidationError, errors.InvalidError) as refusal:
        told = refusal.message if isinstance(refusal, errors.InvalidError) else str(refusal.errors(include_input=False, include_url=False))
        log.error("Status refused", extra={"assistant": str(effort.key), "answer": told})  # noqa: TRY400  # the answer says it all
        await report.withhold(effort.world, effort.assistant)
        return Outcome("error", is_failure=True)
