"""The mirrors that apt is configured with on this machine: asked from apt, never written down here."""

import logging
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from bootrig.deadline import Deadline
from bootrig.process import ProcessError, run_process

logger = logging.getLogger(__name__)

ANSWER_S = 20.0


@dataclass(frozen=True, slots=True)
class AptMirrors:
    """What apt says about its mirrors.

    Attributes:
        addresses: the mirrors' addresses, each with a slash at the end, in apt's order.
        proxies: the proxy by scheme, where apt has one.
        failure: why apt could not be asked; empty where it could.
    """

    addresses: tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


@cache
def ask_apt() -> AptMirrors:
    """Ask apt for its mirrors and proxies; remembered for the life of the process."""
    try:
        listed = _output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages")
        dumped = _output("apt-config", "shell", "http", "Acquire::http::Proxy", "https", "Acquire::https::Proxy")
    except ProcessError as error:
        logger.info("apt cannot be asked: %s", error)
        return AptMirrors(failure=str(error).splitlines()[0])
    addresses = [line.strip() for line in listed.splitlines() if line.startswith(("http://", "https://"))]
    addresses = [address if address.endswith("/") else f"{address}/" for address in addresses]
    pairs = (word.partition("=") for word in shlex.split(dumped))
    proxies = {scheme: proxy for scheme, _, proxy in pairs if proxy.startswith("http")}
    failure = "" if addresses else "apt has no http or https mirror"
    return AptMirrors(tuple(dict.fromkeys(addresses)), proxies, failure)


def _output(*argv: str) -> str:
    deadline = Deadline.after(ANSWER_S, f"{argv[0]} says which mirrors apt has")
    return run_process(argv, deadline=deadline).stdout.decode("utf-8", "replace")
