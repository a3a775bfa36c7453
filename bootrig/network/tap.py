"""The tap device of a cell: the guest's cable.

Configured over rtnetlink, without another process and without polling: `IFA_F_NODAD` takes the place of waiting for
duplicate address detection, and link-local addresses are given, not generated, so that they are the same in every cell.
The kernel makes the route to an IPv6 address of its own later than the address; a socket that is connected in between
sends to the cable for ever, so the routes are waited for.

Sources: Documentation/networking/tuntap.rst of Linux, netlink(7), rtnetlink(7), linux/if_addr.h, linux/if_link.h.
"""

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Interface, ip_interface
from pathlib import Path

from bootrig.network.addresses import SERVER_INTERFACES, TAP_MAC, TAP_NAME
from bootrig.network.errors import TapError
from bootrig.network.permission import find_forbidding_switch, namespace_remedy

TUN_DEVICE = Path("/dev/net/tun")
DEVICE_TABLE = Path("/proc/self/net/dev")
MODPROBE_REMEDY = "as root: modprobe tun    (a container needs --device /dev/net/tun)"
IPV6_REMEDY = "switch IPv6 on: sysctl -w net.ipv6.conf.all.disable_ipv6=0, or boot without ipv6.disable=1"

TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB
IFF_TAP, IFF_NO_PI, IFF_UP = 0x0002, 0x1000, 0x0001

RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 20, 24
RTMGRP_IPV6_ROUTE, RTN_LOCAL, RTA_DST = 0x400, 2, 1
ROUTES_S = 10.0
NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE = 1, 4, 0x200, 0x400
IFLA_ADDRESS, IFLA_AF_SPEC, IFLA_INET6_ADDR_GEN_MODE = 1, 26, 8
IN6_ADDR_GEN_MODE_NONE = 1
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS = 1, 2, 4, 8
IFA_F_NODAD, IFA_F_PERMANENT = 0x02, 0x80
ETH_P_ALL = 0x0003


def _attribute(number: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), number) + content + bytes(-len(content) % 4)


def _request(channel: socket.socket, kind: int, flags: int, body: bytes, what: str) -> None:
    """Send one rtnetlink request and wait for its acknowledgement."""
    channel.send(struct.pack("=IHHII", 16 + len(body), kind, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0) + body)
    (number,) = struct.unpack_from("=i", channel.recv(65536), 16)
    if number:
        raise TapError(f"cannot {what}: {os.strerror(-number)}", remedy=_remedy(-number, what))


def _remedy(number: int, what: str) -> str:
    # with IPv6 switched off the kernel says EACCES, and so does AppArmor where it restricts user namespaces
    if ":" in what and number in {errno.EOPNOTSUPP, errno.EACCES, errno.EAFNOSUPPORT} and not find_forbidding_switch():
        return IPV6_REMEDY
    return namespace_remedy() if number in {errno.EPERM, errno.EACCES} else ""


def _set_link(channel: socket.socket, name: str, attributes: bytes = b"", *, up: bool) -> None:
    index = socket.if_nametoindex(name)
    flags, mask = (IFF_UP, IFF_UP) if up else (0, 0)
    header = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, mask)
    _request(channel, RTM_NEWLINK, 0, header + attributes, f"configure {name}")


def _add_address(channel: socket.socket, address: str) -> None:
    interface = ip_interface(address)
    packed = interface.ip.packed
    if isinstance(interface, IPv4Interface):
        family, flags = socket.AF_INET, IFA_F_PERMANENT
        attributes = _attribute(IFA_BROADCAST, interface.network.broadcast_address.packed)
    else:
        family, flags = socket.AF_INET6, IFA_F_PERMANENT | IFA_F_NODAD
        attributes = b""
    scope = 253 if interface.ip.is_link_local else 0
    header = struct.pack("=BBBBi", family, interface.network.prefixlen, flags, scope, socket.if_nametoindex(TAP_NAME))
    attributes += _attribute(IFA_LOCAL, packed) + _attribute(IFA_ADDRESS, packed)
    attributes += _attribute(IFA_FLAGS, struct.pack("=I", flags))
    what = f"give {TAP_NAME} the address {address}"
    _request(channel, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header + attributes, what)


def _await_routes(channel: socket.socket, awaited: set[bytes]) -> None:
    """Read what the kernel tells of new routes until there is one to each of this host's own packed IPv6 addresses."""
    channel.settimeout(ROUTES_S)
    try:
        while awaited:
            awaited -= set(_iter_local_routes(channel.recv(65536)))
    except TimeoutError as error:
        raise TapError(f"the kernel made no route to an IPv6 address of {TAP_NAME} within {ROUTES_S:.0f} s") from error


def _iter_local_routes(messages: bytes) -> Iterator[bytes]:
    """Yield the packed addresses of this host to which rtnetlink messages tell of new routes."""
    while len(messages) >= 16:
        length, kind = struct.unpack_from("=IH", messages)
        message, messages = messages[:length], messages[(length + 3) & ~3 :]
        if kind == RTM_NEWROUTE and message[17] == 128 and message[23] == RTN_LOCAL:
            yield from _iter_attribute(message[28:], RTA_DST)


def _iter_attribute(attributes: bytes, wanted: int) -> Iterator[bytes]:
    while len(attributes) >= 4:
        length, number = struct.unpack_from("=HH", attributes)
        if number == wanted:
            yield attributes[4:length]
        attributes = attributes[max(4, (length + 3) & ~3) :]


def open_device(device: Path = TUN_DEVICE) -> int:
    """Open the device that makes taps, and return its file descriptor, which is not a tap yet.

    Raises:
        TapError: it is missing or not allowed.
    """
    try:
        return os.open(device, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        what = f"{device} is missing" if error.errno == errno.ENOENT else f"cannot open {device}: {error.strerror}"
        needs_module = error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}
        remedy = MODPROBE_REMEDY if needs_module else f"as root: chmod 0666 {device}    (or run bootrig as root)"
        raise TapError(what, remedy=remedy) from error


def _make_tap(descriptor: int, device: Path) -> None:
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", TAP_NAME.encode(), IFF_TAP | IFF_NO_PI))
        fcntl.ioctl(descriptor, TUNSETPERSIST, 1)
    except OSError as error:
        what = f"cannot create the tap device {TAP_NAME}: {error.strerror}"
        another = f"as root: rm {device} && mknod -m 0666 {device} c 10 200"
        raise TapError(what, remedy=another if error.errno == errno.ENOTTY else namespace_remedy()) from error
    os.set_inheritable(descriptor, True)


@contextmanager
def open_tap(
    addresses: Sequence[str] = SERVER_INTERFACES, *, device: Path = TUN_DEVICE, opened: int | None = None
) -> Iterator[int]:
    """Open a tap device in this network namespace, give it its addresses, and bring it and the loopback device up.

    Nothing has to be waited for afterwards: the carrier is up, the addresses can be bound. The device goes with the
    namespace, which the kernel ends on its own time; if it went with its last descriptor, whoever closes that, at the
    latest by ending, would wait for 25 ms. Its MAC is fixed so that boots repeat themselves.

    Args:
        addresses: with prefix lengths; link-local ones included, none is generated. Without any of IPv6, the kernel
            speaks none.
        device: the kernel's tun device.
        opened: its descriptor, where it is open already; it is closed.

    Yields:
        Its file descriptor, inheritable; it goes to QEMU as `-netdev tap,fd=N`. It has no virtio header.

    Raises:
        TapError: the device is missing, not allowed, or cannot be configured.
    """
    descriptor = open_device(device) if opened is None else opened
    try:
        _make_tap(descriptor, device)
        has_ipv6 = any(":" in address for address in addresses)
        # the kernel would send packets of its own into the capture: router solicitations, or for its link-local address
        with suppress(OSError):
            setting, value = ("accept_ra", "0") if has_ipv6 else ("disable_ipv6", "1")
            Path(f"/proc/sys/net/ipv6/conf/{TAP_NAME}/{setting}").write_text(value)
        with (
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel,
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as told,
        ):
            told.bind((0, RTMGRP_IPV6_ROUTE))
            generated = _attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([IN6_ADDR_GEN_MODE_NONE]))
            link = _attribute(IFLA_ADDRESS, bytes.fromhex(TAP_MAC.replace(":", "")))
            if has_ipv6:
                link += _attribute(IFLA_AF_SPEC, _attribute(socket.AF_INET6, generated))
            _set_link(channel, "lo", up=True)
            _set_link(channel, TAP_NAME, link, up=False)
            for address in addresses:
                _add_address(channel, address)
            _set_link(channel, TAP_NAME, up=True)
            _await_routes(told, {ip_interface(address).ip.packed for address in addresses if ":" in address})
        yield descriptor
    finally:
        os.close(descriptor)


def count_frames() -> int:
    """Return how many frames the guest has sent: what the tap of this network namespace has received (proc(5))."""
    for line in DEVICE_TABLE.read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == TAP_NAME:
            return int(numbers.split()[1])
    return 0


@contextmanager
def open_listener() -> Iterator[socket.socket]:
    """Yield a socket that can be read once a frame passes the tap of this network namespace (packet(7)).

    Raises:
        TapError: this machine does not allow it.
    """
    try:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(ETH_P_ALL))
    except OSError as error:
        raise TapError(f"cannot listen on {TAP_NAME}: {error.strerror}", remedy=namespace_remedy()) from error
    with listener:
        listener.bind((TAP_NAME, ETH_P_ALL))
        yield listener
