"""A few threads that each keep a connection and take work from one short queue: whoever gives work waits where they are behind."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from assistant_documents.ingest.gateway import Session
from assistant_documents.ingest.http import StoppedError

Work = Callable[[Session], None]


class Crew:
    """Does work until the block ends, and then what is left of it; the first error ends everything and is raised to the giver."""

    def __init__(self, size: int, session: Callable[[], Session], stop: threading.Event) -> None:
        self._queue: queue.Queue[Work | None] = queue.Queue(maxsize=size * 2)
        self._stop = stop
        self._error: BaseException | None = None
        self._threads = [threading.Thread(target=self._run, args=(session(),), name=f"crew-{n}", daemon=True) for n in range(size)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def do(self, work: Work) -> None:
        """Give work; raises the error of earlier work."""
        self._raise()
        self._queue.put(work)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._stop.set()  # threads that wait for the gateway stop waiting; one in the middle of a request ends with the process
            return
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self, session: Session) -> None:
        while (work := self._queue.get()) is not None:
            if self._error is not None or self._stop.is_set():
                continue  # empty the queue, so that nobody waits for it
            try:
                work(session)
            except StoppedError:
                continue
            except BaseException as error:
                self._error = self._error or error
                self._stop.set()
        session.close()
