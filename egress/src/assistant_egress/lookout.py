"""What gate and probe share: they are told rounds, try them one at a time, try the newest again by themselves, and answer.

One thread and one selector; asyncio and http.server would double the memory of a program that every assistant's pod has. The owner calls
`turn` for as long as it lives.
"""

import select
import selectors
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from assistant_egress import protocol
from assistant_egress.protocol import Answer, MalformedError, PathClass, Phase, Result, Round
from assistant_egress.server import RECEIVE_SECONDS, Connection, Server
from assistant_egress.standing import Standing
from assistant_egress.tries import RESEND, TIMEOUT, Try
from assistant_egress.wire import Request

FLUSH_SECONDS: Final = 1.0
MAX_WAITING: Final = 4
"""Rounds in the queue. Each takes up to a second, and who asks for the verdict must find a connection free (server.py)."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the newest round is tried again, and for how long; in seconds."""

    repeat: float
    """From the start of one try to the next; a try that takes longer is followed at once."""
    fresh: float = float("inf")
    """A round older than this is not tried again: what it says of its targets' being alive is no longer true."""
    timeout: float = TIMEOUT
    resend: float = RESEND
    """From one question to a target to the next, within a try."""
    lateness: float = 0.0
    """How much longer than `repeat` the next round is waited for after one: two tries in place of one would tell nothing more."""
    receive: float = RECEIVE_SECONDS


@dataclass(frozen=True, slots=True)
class Seen:
    """A whole try."""

    asked: Round
    results: tuple[Result, ...]


class Lookout:
    """A server of rounds and verdicts on one port."""

    def __init__(self, phase: Phase, required: Iterable[PathClass], port: int, pace: Pace) -> None:
        """Listen; raises OSError."""
        self.standing = Standing(required)
        self.newest: Seen | None = None
        """The newest whole try of the newest round; None until there is one."""
        self._phase = phase
        self._pace = pace
        self._waiting: deque[tuple[Round, float, Connection]] = deque()
        """Rounds that nobody has tried yet, when they came, and who is to be answered."""
        self._round: Round | None = None
        self._arrived = 0.0
        self._client: Connection | None = None
        self._try: Try | None = None
        self._next_try = 0.0
        self._selector = selectors.DefaultSelector()
        self._tried = select.epoll()
        """The sockets of the try."""
        self._selector.register(self._tried, selectors.EVENT_READ, self._look)
        self._server = Server(port, self._selector, self._handle, time.monotonic, pace.receive)
        self.port = self._server.port

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._try:
            self._try.end()
        self._server.close()
        self._selector.close()
        self._tried.close()

    @property
    def has_fresh_round(self) -> bool:
        """Whether there is a round, and it is young enough to be tried again."""
        return self._round is not None and time.monotonic() < self._arrived + self._pace.fresh

    def turn(self, at_most: float | None = None) -> None:
        """Wait for the next thing that happens, `at_most` seconds, and do what it asks for."""
        for key, _ in self._selector.select(self._patience(at_most)):
            key.data()
        now = time.monotonic()
        self._server.expire(now)
        if self._try:
            self._try.expire(now)
            if self._try.is_over:
                self._finish(self._try)
        if not self._try:
            self._begin(now)

    def flush(self) -> None:
        """Send what has been answered, for a second at most."""
        until = time.monotonic() + FLUSH_SECONDS
        while not self._server.has_answered and (left := until - time.monotonic()) > 0:
            self.turn(left)

    def _handle(self, client: Connection, request: Request) -> None:
        if (request.method, request.target) == ("GET", protocol.VERDICT_PATH):
            client.reply(200, protocol.encode_state(self.standing.state))
        elif (request.method, request.target) != ("POST", protocol.ROUNDS_PATH):
            client.reply(404)
        elif len(self._waiting) >= MAX_WAITING:
            client.reply(503)
        else:
            try:
                self._waiting.append((protocol.parse_round(request.body), time.monotonic(), client))
            except MalformedError:
                client.reply(400)

    def _look(self) -> None:
        if self._try:
            self._try.look()

    def _begin(self, now: float) -> None:
        """Start what is due: a round that waits has a try of its own, before the newest one is tried again."""
        if self._waiting:
            self._round, self._arrived, self._client = self._waiting.popleft()
            self.newest = None
            self._next_try = now + self._pace.repeat + self._pace.lateness
        elif not self.has_fresh_round or now < self._next_try:
            return
        else:
            self._next_try = now + self._pace.repeat
        assert self._round is not None
        self._try = Try(self._round, self._tried, now=now, timeout=self._pace.timeout, resend=self._pace.resend)

    def _finish(self, whole: Try) -> None:
        self._try = None
        self.newest = Seen(whole.asked, whole.results())
        self.standing.take(self.newest.asked, self.newest.results)
        if self._client:
            self._client.reply(200, protocol.encode_answer(Answer(self._phase, self.newest.results)))
            self._client = None

    def _patience(self, at_most: float | None) -> float | None:
        """Return the seconds until something is due; None is for ever."""
        now = time.monotonic()
        moments = [self._server.deadline, None if at_most is None else now + at_most]
        if self._try:
            moments.append(now if self._try.is_over else self._try.deadline)
        elif self.has_fresh_round:
            moments += [self._next_try, self._arrived + self._pace.fresh]  # stale is news for the gate, which says so
        due = min((moment for moment in moments if moment is not None), default=None)
        return None if due is None else max(0.0, due - now)
