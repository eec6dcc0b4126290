"""Every version of every assistant of a namespace, as the API server tells it to whoever watches: to be linted when a test is over."""

import contextlib
import json
import socket
import threading
from http.client import HTTPException, HTTPSConnection
from typing import Any

from assistant_operator.kube.kinds import PRIVATE_ASSISTANT
from assistant_operator.kube.objects import Object, name_of, uid_of, version_of
from assistant_operator.naming import API_VERSION, KIND
from tests.integration.api import Api
from tests.support.waiting import until


class History:
    """Watches from now on, until it is closed."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.versions: list[Object] = []
        self._api = api
        self._namespace = namespace
        self._path = PRIVATE_ASSISTANT.path(namespace)
        self._version = str(self._listed()["metadata"]["resourceVersion"])
        self._is_closed = False
        self._connection = self._connect()
        self._thread = threading.Thread(target=self._run, name=f"history-{namespace}", daemon=True)
        self._thread.start()

    def _listed(self) -> Object:
        """Return the list of the assistants, which cannot be read for a moment after each change of the CRD."""

        def listed() -> Object | None:
            answer = self._api.asked("GET", self._path)
            return dict(answer.json()) if answer.is_success else None

        return until("the assistants are listed", listed)

    def _connect(self) -> HTTPSConnection:
        connection = self._api.connection()
        connection.request("GET", f"{self._path}?watch=1&resourceVersion={self._version}")
        self._socket: socket.socket = connection.sock
        return connection

    def _run(self) -> None:
        """Watch, and watch again from there on where the API server has ended it, as it does when the CRD changes."""
        while not self._is_closed:
            try:
                self._watch()
                self._connection.close()
                self._connection = self._connect()
            except (OSError, ValueError, HTTPException):
                return  # closed, by us or with the API server; what is missing then is missed by whoever asks

    def _watch(self) -> None:
        with self._connection.getresponse() as stream:
            while stream.status == 200 and (line := stream.readline()):
                event: dict[str, Any] = json.loads(line)
                if event["type"] == "ERROR":
                    self._begin_anew(event["object"])
                    return
                self._version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "DELETED":
                    self.versions.append(event["object"])

    def _begin_anew(self, error: Object) -> None:
        """Go on with what is there: with another CRD the API server's memory of a kind begins anew, and what was before it is not told."""
        assert error.get("code") in (410, 429, 500), error
        found = self._listed()
        self._version = found["metadata"]["resourceVersion"]
        known = {version_of(obj) for obj in self.versions}
        self.versions += [{**one, "apiVersion": API_VERSION, "kind": KIND} for one in found["items"] if version_of(one) not in known]

    def caught_up(self) -> list[Object]:
        """Return all versions, once those that are there now are among them."""
        present = {(uid_of(obj), version_of(obj)) for obj in self._listed()["items"]}
        until("the watch has told of it all", lambda: present <= {(uid_of(obj), version_of(obj)) for obj in self.versions})
        return list(self.versions)

    def of(self, name: str) -> list[Object]:
        return [obj for obj in self.caught_up() if name_of(obj) == name]

    def close(self) -> None:
        self._is_closed = True
        with contextlib.suppress(OSError):
            # The end of the socket itself wakes whoever reads from it, which closing the stream from here would not.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._thread.join(10)
        self._connection.close()
