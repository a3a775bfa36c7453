"""From Ethernet frames to facts: the decoder of a whole capture.

Nothing that a guest sends makes it raise: what cannot be decoded becomes a fact of the kind `other` with a reason.

Sources: IEEE 802.3, RFC 791 (section 3.2, fragments), RFC 768, RFC 8200.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from dpkt import arp, ethernet, icmp, icmp6, ip, ip6, tcp, udp

from bootrig.network.decode.address import ICMP6_KINDS, decode_arp, decode_dhcp6, decode_dns, decode_neighbour
from bootrig.network.decode.dhcp import decode_dhcp
from bootrig.network.decode.fact import Kind, WireFact, mac_of
from bootrig.network.decode.http import HttpConnection, looks_like_http
from bootrig.network.decode.tftp import Datagram, TftpFollower

# port of either end -> kind, decoder of the payload; 4011 is PXE's boot server discovery (RFC 4578 refers to PXE 2.1)
_BY_PORT: Mapping[int, tuple[Kind, Callable[[bytes], dict[str, Any]]]] = {
    53: (Kind.DNS, decode_dns),
    67: (Kind.DHCP, decode_dhcp),
    68: (Kind.DHCP, decode_dhcp),
    546: (Kind.DHCP6, decode_dhcp6),
    547: (Kind.DHCP6, decode_dhcp6),
    4011: (Kind.DHCP, decode_dhcp),
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
        guest_macs: hardware addresses of guests; everything from others is from a server.
    """

    guest_macs: Collection[str]
    _tftp: TftpFollower = field(default_factory=TftpFollower)
    _connections: dict[frozenset[tuple[str, int]], _Connection] = field(default_factory=dict)
    _fragments: dict[tuple[bytes, bytes, int, int], dict[int, tuple[bytes, bool]]] = field(default_factory=dict)
    _count: int = 0

    def decode(self, guest_s: float, frame: bytes) -> Iterator[WireFact]:
        """Yield the facts that a frame tells; never raises."""
        from_guest = mac_of(frame[6:12]) in self.guest_macs
        try:
            yield from self._frame(guest_s, from_guest, frame)
        except Exception as error:  # noqa: BLE001 - dpkt raises what it likes on malformed packets
            reason = str(error) or type(error).__name__
            yield _other(guest_s, from_guest, reason=reason, frame_length=len(frame), hex=frame[:64].hex())

    def conclude(self, guest_s: float) -> Iterator[WireFact]:
        """Yield what was still under way at the end of the capture."""
        yield from self._tftp.conclude()
        for connection in self._connections.values():
            yield from connection.http.conclude(guest_s, ended=False)

    def _frame(self, guest_s: float, from_guest: bool, frame: bytes) -> Iterator[WireFact]:
        packet = ethernet.Ethernet(frame)
        content = packet.data
        if isinstance(content, arp.ARP):
            yield WireFact(Kind.ARP, guest_s, from_guest, decode_arp(content))
        elif isinstance(content, ip.IP):
            yield from self._ip4(guest_s, from_guest, content)
        elif isinstance(content, ip6.IP6):
            yield from self._transport(guest_s, from_guest, content.src, content.dst, content.data, content)
        else:
            reason = "cut off" if packet.type in {0x0800, 0x0806, 0x86DD} else "unknown ethertype"
            yield _other(guest_s, from_guest, ethertype=f"{packet.type:04x}", reason=reason, frame_length=len(frame))

    def _ip4(self, guest_s: float, from_guest: bool, packet: ip.IP) -> Iterator[WireFact]:
        content = packet.data
        if packet.mf or packet.offset:
            whole = self._reassemble(packet)
            if whole is None:
                return
            content = udp.UDP(whole) if packet.p == ip.IP_PROTO_UDP else whole
        yield from self._transport(guest_s, from_guest, packet.src, packet.dst, content, packet)

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

    def _transport(
        self,
        guest_s: float,
        from_guest: bool,
        source: bytes,
        destination: bytes,
        content: Any,
        packet: ip.IP | ip6.IP6,
    ) -> Iterator[WireFact]:
        ends = str(ip_address(source)), str(ip_address(destination))
        if isinstance(content, udp.UDP):
            payload = bytes(content.data)[: max(0, content.ulen - 8)]
            datagram = Datagram(guest_s, from_guest, (ends[0], content.sport), (ends[1], content.dport), payload)
            yield from self._udp(datagram)
        elif isinstance(content, tcp.TCP):
            yield from self._tcp(guest_s, from_guest, (ends[0], content.sport), (ends[1], content.dport), content)
        elif isinstance(content, icmp6.ICMP6) and content.type in ICMP6_KINDS:
            kind = ICMP6_KINDS[content.type]
            facts = {"source": ends[0], "destination": ends[1], **decode_neighbour(kind, bytes(content))}
            yield WireFact(kind, guest_s, from_guest, facts)
        else:
            protocol = packet.p if isinstance(packet, ip.IP) else packet.nxt
            facts = {"source": ends[0], "destination": ends[1], "protocol": protocol}
            if isinstance(content, (icmp.ICMP, icmp6.ICMP6)):
                facts |= {"protocol": type(content).__name__.lower(), "type": content.type, "code": content.code}
            yield _other(guest_s, from_guest, **facts)

    def _udp(self, datagram: Datagram) -> Iterator[WireFact]:
        ports = (datagram.destination[1], datagram.source[1])
        where = {
            "source": datagram.source[0],
            "source_port": datagram.source[1],
            "destination": datagram.destination[0],
            "destination_port": datagram.destination[1],
        }
        known = next((_BY_PORT[port] for port in ports if port in _BY_PORT), None)
        with _reasons(f"{known[0] if known else 'tftp'}: "):
            if known is not None:
                kind, decode = known
                yield WireFact(kind, datagram.guest_s, datagram.from_guest, {**decode(datagram.payload), **where})
                return
            if self._tftp.takes(datagram):
                yield from self._tftp.follow(datagram)
                return
        length = len(datagram.payload)
        yield _other(datagram.guest_s, datagram.from_guest, protocol="udp", length=length, **where)

    def _tcp(
        self,
        guest_s: float,
        from_guest: bool,
        source: tuple[str, int],
        destination: tuple[str, int],
        segment: tcp.TCP,
    ) -> Iterator[WireFact]:
        key = frozenset((source, destination))
        syn, ack = bool(segment.flags & tcp.TH_SYN), bool(segment.flags & tcp.TH_ACK)
        connection = self._connections.get(key)
        fresh = connection is None or (syn and not ack and connection.http.client.next_sequence != segment.seq + 1)
        if connection is None or fresh:
            if connection is not None:
                yield from connection.http.conclude(guest_s, ended=False)
            self._count += 1
            client = source if not ack or from_guest else destination
            facts = {"window": segment.win, "tcp_options": bytes(segment.opts).hex()}
            connection = self._connections[key] = _Connection(client, HttpConnection(self._count, facts))
            where = {"source_port": source[1], "destination": destination[0], "destination_port": destination[1]}
            yield _other(guest_s, from_guest, protocol="tcp", connection=self._count, **where, **facts)
        by_client = source == connection.client
        stream = connection.http.client if by_client else connection.http.server
        if syn:
            stream.synchronize(segment.seq)
        elif segment.data or segment.flags & tcp.TH_FIN:
            new = stream.take(segment.seq, bytes(segment.data), fin=bool(segment.flags & tcp.TH_FIN))
            if by_client and new and connection.is_http is not True:
                connection.is_http = looks_like_http(new)
            if connection.is_http:
                take = connection.http.take_from_client if by_client else connection.http.take_from_server
                yield from take(guest_s, new)
        if connection.is_http and ((stream.ended and not by_client) or segment.flags & tcp.TH_RST):
            yield from connection.http.conclude(guest_s, ended=stream.ended)


def _other(guest_s: float, from_guest: bool, **facts: Any) -> WireFact:
    return WireFact(Kind.OTHER, guest_s, from_guest, facts)


@contextlib.contextmanager
def _reasons(prefix: str) -> Iterator[None]:
    """Put the protocol before what a decoder complains about."""
    try:
        yield
    except Exception as error:
        raise ValueError(prefix + (str(error) or type(error).__name__)) from error
