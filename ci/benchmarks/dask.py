"""Two workers of Dask, each pinned to a core of its own, against one that is pinned to one core.

The scheduler and the command that asks are not pinned. All boots are cold, and none comes from the cache.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bootrig.store.content import Store
from bootrig.store.incoming import STORE_VARIABLE
from bootrig.workdir import CACHE_VARIABLE
from ci.benchmarks import Figure
from ci.benchmarks._rig import Rig, choose, start_rig

WORKERS, LIMIT = 2, 0.6
NIC_MODELS = ("e1000", "e1000e", "ne2k_pci", "pcnet", "rtl8139", "virtio-net-pci", "i82550", "vmxnet3")
WORDS = ("run", "ipxe-debian-12", "--cold", "--fresh", *choose("--scenario", ("pxe-tftp", "nbp-sizes")))
START_S, PERIOD_S = 60.0, 0.05


@contextmanager
def _start(rig: Rig, word: str, options: Sequence[str], core: int | None = None) -> Iterator[None]:
    """Start a scheduler or a worker on the loopback, pinned to a core where one is named."""
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    environment = {
        **os.environ,
        CACHE_VARIABLE: str(rig.directory / "cache"),
        STORE_VARIABLE: str(Store.default().root.absolute()),
    }
    argv = [*pinned, sys.executable, "-m", f"distributed.cli.dask_{word}", "--host", "127.0.0.1", "--no-dashboard"]
    with (rig.directory / f"{word}.log").open("ab") as log:
        process = subprocess.Popen([*argv, *options], stdout=log, stderr=log, env=environment, cwd=rig.directory)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _start_cluster(rig: Rig, cores: Sequence[int]) -> Iterator[str]:
    """Start a scheduler with a worker for each core; yield its address."""
    told = rig.directory / "scheduler.json"
    with ExitStack() as stack:
        stack.enter_context(_start(rig, "scheduler", ("--port", "0", "--scheduler-file", str(told))))
        address = _await_address(told)
        for core in cores:
            options = (address, "--nthreads", "1", "--no-nanny", "--name", f"core-{core}")
            stack.enter_context(_start(rig, "worker", options, core))
        yield address.replace("tcp://", "dask://")
    told.unlink(missing_ok=True)


def _await_address(told: Path) -> str:
    """Return the address that a scheduler writes into a file.

    Raises:
        TimeoutError: it does not.
    """
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s:
        if told.exists() and (content := told.read_text()).endswith("}"):
            return str(json.loads(content)["address"])
        time.sleep(PERIOD_S)
    raise TimeoutError("the scheduler did not start")


def iter_figures() -> Iterator[Figure]:
    """Yield the wall time of the same cells on one worker and on two, and what two take of that."""
    cores = sorted(os.sched_getaffinity(0))[:WORKERS]
    times_s = []
    with start_rig() as rig:
        for used, name in ((cores[:1], "one worker"), (cores, "two workers")):
            with _start_cluster(rig, used) as on:
                # what each worker does once
                rig.call(*WORDS, "--nic", "e1000", "--on", on)
                call = rig.call(*WORDS, *choose("--nic", NIC_MODELS), "--on", on)
            times_s.append(call.wall_s)
            yield from call.iter_figures(f"{name}, pinned")
    one_s, two_s = times_s
    yield Figure("two workers against one", two_s / one_s, "", limit=LIMIT)
