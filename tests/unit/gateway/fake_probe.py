"""A scripted egress probe: what assistant_egress says on the wire, without trying anything."""

from dataclasses import dataclass

from assistant_gateway.policy import EgressPolicy, Policy
from tests.unit.gateway.fake_ollama import Asked, FakeOllama, Wire
from tests.unit.gateway.running import make_policy


@dataclass
class FakeProbe(FakeOllama):
    """The server; a script for /verdict answers in place of `state`."""

    state: str = "Confined"

    async def _verdict(self, asked: Asked, wire: Wire) -> None:
        await wire.json({"state": self.state})


def requiring() -> Policy:
    """Return a policy that requires evidence."""
    return make_policy().model_copy(update={"egress": EgressPolicy(evidence="Required")})
