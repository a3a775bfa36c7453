"""Subscriptions to QMP events: a bounded queue each."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Self

from bootrig.deadline import Deadline
from bootrig.emulator.errors import EmulatorError, SessionEndedError

CAPACITY = 256


class Subscription:
    """The events since the subscription was made, oldest first.

    When the queue is full, the oldest event is dropped and `lost` counts it: a subscriber that does not read costs a
    bounded amount of memory and does not delay the others.

    Attributes:
        names: the events wanted; empty for all.
        lost: how many events were dropped because the queue was full.
    """

    def __init__(
        self,
        names: frozenset[str],
        capacity: int,
        loop: asyncio.AbstractEventLoop,
        remove: Callable[["Subscription"], None],
    ) -> None:
        self.names = names
        self.lost = 0
        self._capacity = capacity
        self._loop = loop
        self._remove = remove
        self._queue: deque[Mapping[str, Any]] = deque()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._reason: EmulatorError | None = None

    def offer(self, event: Mapping[str, Any]) -> None:
        """Add an event, if it is wanted; on the session's event loop."""
        if self.names and event.get("event") not in self.names:
            return
        if len(self._queue) >= self._capacity:
            self._queue.popleft()
            self.lost += 1
        self._queue.append(event)
        self._wake()

    def end(self, reason: EmulatorError) -> None:
        """Note that no more events will come, and why; on the session's event loop."""
        self._reason = self._reason or reason
        while self._waiters:
            self._wake()

    def _wake(self) -> None:
        """Wake the reader that has waited longest."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def get(self, deadline: Deadline | None = None) -> Mapping[str, Any]:
        """Return the next event; on the session's event loop.

        Raises:
            DeadlineError: none came in time.
            EmulatorError: none can come any more; the error says why.
        """
        while not self._queue:
            if self._reason is not None:
                raise self._reason
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                if deadline is not None:
                    deadline.require()
                await asyncio.wait_for(waiter, deadline.limit_s if deadline else None)
            except TimeoutError:
                continue  # the next `require` raises
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()
                raise
        return self._queue.popleft()

    def wait(self, deadline: Deadline | None = None) -> Mapping[str, Any]:
        """Return the next event, as `get`; from another thread than the session's."""
        return asyncio.run_coroutine_threadsafe(self.get(deadline), self._loop).result()

    def __len__(self) -> int:
        return len(self._queue)

    def close(self) -> None:
        """Unsubscribe; safe from any thread."""
        self._remove(self)
        self._reason = self._reason or SessionEndedError("the subscription is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
