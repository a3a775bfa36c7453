"""The workers of a scheduler of Dask (`distributed`): the only module that imports it.

The scheduler is asked at each look which workers live, and every call names its worker; so which cell goes where, and
what becomes of a cell whose worker dies, is not decided by Dask.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import dask.config
from distributed import CancelledError, Client, Future
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from bootrig.schedule.errors import WorkerError
from bootrig.schedule.executors.remote import DiedError, Worker

CONNECT_S, END_S = 5.0, 40.0
# Contents are sent along with the calls, which Dask takes for a mistake from 10 MB on.
OPTIONS = {"distributed.admin.large-graph-warning-threshold": "1GB"}
GONE = (OSError, CommClosedError, TimeoutError, CancelledError)


@dataclass(frozen=True, slots=True)
class DaskCall:
    """A call, as Dask's future."""

    future: "Future[Any]"

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return bool(self.future.status != "pending")

    def result(self) -> Any:
        """Return the result, or raise what the call raised; a DiedError where its worker is gone."""
        try:
            return self.future.result()
        except (KilledWorker, CancelledError, CommClosedError) as error:
            raise DiedError(str(error)) from error

    def cancel(self) -> None:
        """Want no result any more."""
        with suppress(*GONE):
            self.future.cancel()


class DaskCluster:
    """The workers of one scheduler."""

    def __init__(self, client: Client, address: str) -> None:
        self._client = client
        self._address = address
        self._is_done = threading.Event()

    def list_workers(self) -> Mapping[str, Worker]:
        """Return the workers that live, by their addresses.

        Raises:
            WorkerError: the scheduler is gone.
        """
        if self._client.status != "running":
            raise WorkerError(f"the scheduler {self._address} is gone")
        try:
            identity = self._client.sync(self._client.scheduler.identity, n_workers=-1)
        except GONE as error:
            raise WorkerError(f"the scheduler {self._address} is gone: {error}") from error
        return {
            address: Worker(f"{told['name']} ({address})" if told["name"] != address else address, told["nthreads"])
            for address, told in identity["workers"].items()
        }

    def submit(self, address: str, function: Callable[..., Any], *arguments: object) -> DaskCall:
        """Ask a worker to call a function in one of its threads."""
        future = self._client.submit(function, *arguments, workers=[address], pure=False)
        future.add_done_callback(lambda _future: self._is_done.set())
        return DaskCall(future)

    def wait(self, limit_s: float) -> None:
        """Wait until another call is done, for `limit_s` at most."""
        self._is_done.wait(limit_s)
        self._is_done.clear()

    def end_session(self, end: Callable[[str], Any], session: str) -> None:
        """Ask all workers to call `end` beside all that they do, and wait for it."""
        with suppress(*GONE, WorkerError):
            addresses = list(self.list_workers())
            self._client.run(end, session, workers=addresses, on_error="ignore") if addresses else None


@contextmanager
def start_cluster(host: str) -> Iterator[DaskCluster]:
    """Connect to the scheduler at `HOST:PORT`, for the `with`.

    Raises:
        WorkerError: there is none.
    """
    address = f"tcp://{host}"
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(OPTIONS):
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False, name="bootrig")
        except GONE as error:
            raise WorkerError(
                f"no scheduler of Dask answers at {host}", remedy="start one: dask scheduler --no-dashboard"
            ) from error
        try:
            yield DaskCluster(client, host)
        finally:
            client.close(timeout=END_S)
