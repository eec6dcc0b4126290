"""What the probe says of the pod, from all that was seen so far: what the gateway beside it goes by."""

from collections.abc import Iterable

from assistant_egress.protocol import EvidencePath, PathClass, Result, Round, State


class Standing:
    """Breached from the first required target that is reached until a whole try shows all of them blocked; Unknown before the first."""

    def __init__(self, required: Iterable[PathClass]) -> None:
        self._required: frozenset[EvidencePath] = frozenset(required)
        self.state: State = "Unknown"
        self.reached: tuple[EvidencePath, ...] = ()
        """The required classes that the newest try reached, sorted."""

    def take(self, asked: Round, results: Iterable[Result]) -> None:
        """Take one whole try into account. One that could try nothing shows nothing: it ends no breach, and confines nobody."""
        paths = {target.id: target.path for target in asked.targets if target.path in self._required}
        seen = [(paths[result.id], result.observed) for result in results if result.id in paths]
        self.reached = tuple(sorted({path for path, observed in seen if observed == "Reached"}))
        if self.reached:
            self.state = "Breached"
        elif seen and all(observed == "Blocked" for _, observed in seen):
            self.state = "Confined"
        elif self.state != "Breached":
            self.state = "Unknown"
