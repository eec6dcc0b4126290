"""The decision on a request, before anything is asked of a resolver."""

from assistant_egress.proxy.head import Request
from assistant_egress.proxy.refusals import RefusedError
from assistant_egress.proxy.rules import HostRule, Rules


def decide(request: Request, rules: Rules) -> HostRule:
    """Return the rule that allows the request; raises RefusedError."""
    of_host = [rule for rule in rules.hosts if rule.covers(request.name)]
    if not of_host:
        raise RefusedError("HostNotAllowed")
    rule = next((rule for rule in of_host if rule.port == request.port), None)
    if rule is None:
        raise RefusedError("PortNotAllowed")
    if not request.host_is_its_own:
        raise RefusedError("HostHeaderMismatch", rule)
    return rule
