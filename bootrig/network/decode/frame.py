"""From Ethernet frames to events: the decoder of a whole capture.

Nothing that a guest sends makes it raise: what cannot be decoded becomes an event of the kind `other` with a reason.

Sources: IEEE 802.3, RFC 791 (section 3.2, fragments), RFC 768, RFC 8200.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from dpkt import arp, ethernet, icmp, icmp6, ip, ip6, tcp, udp

from bootrig.network.decode.address import NEIGHBOUR_LENGTHS, parse_arp, parse_dhcp6, parse_dns, parse_neighbour
from bootrig.network.decode.dhcp import parse_dhcp
from bootrig.network.decode.http import HttpConnection, looks_like_http
from bootrig.network.decode.link import parse_link
from bootrig.network.decode.place import Ends, Place, Route, place_of
from bootrig.network.decode.tftp import TftpFollower
from bootrig.trace.events import Event, Other, Tcp

# port of either end -> protocol, parser of its payload; 4011 is PXE's boot server discovery (PXE 2.1)
_BY_PORT: Mapping[int, tuple[str, Callable[[bytes, Ends], Event]]] = {
    53: ("dns", parse_dns),
    67: ("dhcp", parse_dhcp),
    68: ("dhcp", parse_dhcp),
    546: ("dhcp6", parse_dhcp6),
    547: ("dhcp6", parse_dhcp6),
    4011: ("dhcp", parse_dhcp),
}


@dataclass(slots=True)
class _Connection:
    """A TCP connection: by the address and port of the end that opened it."""

    client: tuple[str, int]
    http: HttpConnection
    is_http: bool | None = None


@dataclass(slots=True)
class FrameDecoder:
    """Decodes the frames of one capture, in their order.

    Attributes:
        interface: the guest's NIC that they are of.
    """

    interface: str
    _tftp: TftpFollower = field(default_factory=TftpFollower)
    _connections: dict[frozenset[tuple[str, int]], _Connection] = field(default_factory=dict)
    _fragments: dict[tuple[bytes, bytes, int, int], dict[int, tuple[bytes, bool]]] = field(default_factory=dict)
    _frames: int = 0
    _count: int = 0

    def decode(self, guest_s: float, frame: bytes, *, from_guest: bool) -> Iterator[Event]:
        """Yield the events that the capture's next frame tells; never raises."""
        self._frames += 1
        place = Place(
            guest_s=guest_s,
            from_guest=from_guest,
            frame=self._frames,
            interface=self.interface,
            ethernet_source=frame[6:12].hex(":"),
        )
        try:
            yield from self._frame(frame, place)
        except Exception as error:  # noqa: BLE001 - dpkt raises what it likes on malformed packets
            reason = str(error) or type(error).__name__
            yield Other(**place, reason=reason, length=len(frame), hex=frame[:64].hex())

    def conclude(self, guest_s: float) -> Iterator[Event]:
        """Yield what was still under way at the end of the capture."""
        yield from self._tftp.conclude()
        for connection in self._connections.values():
            yield from connection.http.conclude(guest_s, ended=False)

    def _frame(self, frame: bytes, place: Place) -> Iterator[Event]:
        packet = ethernet.Ethernet(frame)
        content = packet.data
        if isinstance(content, arp.ARP):
            yield parse_arp(content, place, len(frame))
        elif isinstance(content, ip.IP):
            yield from self._ip4(content, place)
        elif isinstance(content, ip6.IP6):
            yield from self._transport(content.data, content.nxt, _route(content, place))
        elif event := parse_link(packet.type, bytes(content), place):
            yield event
        else:
            reason = "cut off" if packet.type in {0x0800, 0x0806, 0x86DD} else "unknown ethertype"
            yield Other(**place, ethertype=f"{packet.type:04x}", reason=reason, length=len(frame))

    def _ip4(self, packet: ip.IP, place: Place) -> Iterator[Event]:
        content = packet.data
        if packet.mf or packet.offset:
            whole = self._reassemble(packet)
            if whole is None:
                return
            content = udp.UDP(whole) if packet.p == ip.IP_PROTO_UDP else whole
        yield from self._transport(content, packet.p, _route(packet, place))

    def _reassemble(self, packet: ip.IP) -> bytes | None:
        """Return the datagram that this fragment completes, None where some are still missing."""
        key = (packet.src, packet.dst, packet.id, packet.p)
        pieces = self._fragments.setdefault(key, {})
        pieces[packet.offset * 8] = (bytes(packet.data), bool(packet.mf))
        whole = b""
        while len(whole) in pieces:
            piece, more = pieces[len(whole)]
            whole += piece
            if not more:
                del self._fragments[key]
                return whole
            if not piece:
                break
        return None

    def _transport(self, content: Any, protocol: int, route: Route) -> Iterator[Event]:
        if isinstance(content, udp.UDP):
            ends = Ends(**route, source_port=content.sport, destination_port=content.dport)
            yield from self._udp(bytes(content.data)[: max(0, content.ulen - 8)], ends)
        elif isinstance(content, tcp.TCP):
            yield from self._tcp(content, Ends(**route, source_port=content.sport, destination_port=content.dport))
        elif isinstance(content, icmp6.ICMP6) and content.type in NEIGHBOUR_LENGTHS:
            yield parse_neighbour(bytes(content), route)
        elif isinstance(content, (icmp.ICMP, icmp6.ICMP6)):
            yield Other(**route, protocol=type(content).__name__.lower(), type=content.type, code=content.code)
        else:
            yield Other(**route, protocol=str(protocol))

    def _udp(self, payload: bytes, ends: Ends) -> Iterator[Event]:
        ports = (ends["destination_port"], ends["source_port"])
        name, parse = next((_BY_PORT[port] for port in ports if port in _BY_PORT), ("tftp", None))
        with _reasons(name):
            if parse is not None:
                yield parse(payload, ends)
                return
            if self._tftp.takes(ends):
                yield from self._tftp.follow(payload, ends)
                return
        yield Other(**ends, protocol="udp", length=len(payload))

    def _tcp(self, segment: tcp.TCP, ends: Ends) -> Iterator[Event]:
        source, destination = (ends["source"], ends["source_port"]), (ends["destination"], ends["destination_port"])
        key = frozenset((source, destination))
        syn, ack, fin = (bool(segment.flags & flag) for flag in (tcp.TH_SYN, tcp.TH_ACK, tcp.TH_FIN))
        connection = self._connections.get(key)
        fresh = connection is None or (syn and not ack and connection.http.client.next_sequence != segment.seq + 1)
        if connection is None or fresh:
            if connection is not None:
                yield from connection.http.conclude(ends["guest_s"], ended=False)
            self._count += 1
            window, options = segment.win, bytes(segment.opts).hex()
            client = source if not ack or ends["from_guest"] else destination
            connection = self._connections[key] = _Connection(client, HttpConnection(self._count, window, options))
            yield Tcp(**ends, connection=self._count, window=window, tcp_options=options)
        by_client = source == connection.client
        stream = connection.http.client if by_client else connection.http.server
        if syn:
            stream.synchronize(segment.seq, frame=ends["frame"])
        elif segment.data or fin:
            new = stream.take(segment.seq, bytes(segment.data), frame=ends["frame"], fin=fin)
            if by_client and new and connection.is_http is not True:
                connection.is_http = looks_like_http(new)
            if connection.is_http:
                take = connection.http.take_from_client if by_client else connection.http.take_from_server
                yield from take(place_of(ends), new)
        if connection.is_http and ((stream.ended and not by_client) or segment.flags & tcp.TH_RST):
            yield from connection.http.conclude(ends["guest_s"], ended=stream.ended)


def _route(packet: ip.IP | ip6.IP6, place: Place) -> Route:
    return Route(**place, source=str(ip_address(packet.src)), destination=str(ip_address(packet.dst)))


@contextlib.contextmanager
def _reasons(name: str) -> Iterator[None]:
    """Put the protocol before what a parser complains about."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"{name}: {str(error) or type(error).__name__}") from error
