"""From Ethernet frames to events: the decoder of a whole capture.

Nothing that a guest sends makes it raise: a parser refuses malformed bytes by a ValueError, which becomes an event of
the kind `other` with a reason. Whatever else a parser raises is a bug of its own, and not caught here. Nothing takes
more than is linear in what is sent: `Budget` has the limits.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bootrig.network.decode import headers
from bootrig.network.decode.address import NEIGHBOUR_LENGTHS, parse_arp, parse_dhcp6, parse_dns, parse_neighbour
from bootrig.network.decode.budget import CONNECTION_WORK, EVENT_WORK, FRAME_WORK, Budget
from bootrig.network.decode.dhcp import parse_dhcp
from bootrig.network.decode.fragments import Reassembly
from bootrig.network.decode.http import HttpConnection, looks_like_http
from bootrig.network.decode.link import parse_link
from bootrig.network.decode.place import Ends, Place, Route, place_of
from bootrig.network.decode.tcp import TcpStream
from bootrig.network.decode.tftp import TFTP_PORT, TftpFollower
from bootrig.trace.events import Event, Other, Tcp

CONNECTIONS_LIMIT = 1000
CONNECTIONS_GIVEN_UP = "TCP connections that are not followed to their end"
FRAMES_GIVEN_UP = "frames that are not decoded"

# port of either end -> protocol, parser of its payload; 4011 is PXE's boot server discovery (PXE 2.1)
_BY_PORT: Mapping[int, tuple[str, Callable[[bytes, Ends], Event]]] = {
    53: ("dns", parse_dns),
    67: ("dhcp", parse_dhcp),
    68: ("dhcp", parse_dhcp),
    546: ("dhcp6", parse_dhcp6),
    547: ("dhcp6", parse_dhcp6),
    4011: ("dhcp", parse_dhcp),
}
_ICMP: Mapping[int, str] = {headers.ICMP: "icmp", headers.ICMP6: "icmp6"}


@dataclass(slots=True)
class _Connection:
    """A TCP connection: its first segment, the address and port of the end that opened it, what both ends say.

    `http` is None as long as nothing shows that it carries HTTP.
    """

    opened: Tcp
    opener: tuple[str, int]
    client: TcpStream
    server: TcpStream
    http: HttpConnection | None = None

    def find_http(self, said: bytes, budget: Budget) -> HttpConnection | None:
        """Return what follows its HTTP, None where `said` by the client is the first that is known and no HTTP."""
        if self.http is None and said and looks_like_http(said):
            opened = self.opened
            self.http = HttpConnection(
                opened.connection, opened.window, opened.tcp_options, budget, self.client, self.server
            )
        return self.http

    def conclude(self, guest_s: float, *, ended: bool = False) -> Iterator[Event]:
        """Yield what is still open."""
        if self.http is not None:
            yield from self.http.conclude(guest_s, ended=ended)


class FrameDecoder:
    """Decodes the frames of one capture, in their order.

    Args:
        interface: the guest's NIC that they are of.
        budget: what it may cost.
    """

    def __init__(self, interface: str, budget: Budget) -> None:
        self._interface = interface
        self._budget = budget
        self._tftp = TftpFollower(budget)
        self._reassembly = Reassembly(budget)
        self._connections: OrderedDict[frozenset[tuple[str, int]], _Connection] = OrderedDict()
        self._frames = 0
        self._count = 0

    def decode(self, guest_s: float, frame: bytes, *, from_guest: bool) -> Sequence[Event]:
        """Return the events that the capture's next frame tells."""
        self._frames += 1
        if self._budget.is_spent:
            self._budget.give_up(FRAMES_GIVEN_UP)
            return ()
        self._budget.spend(FRAME_WORK + len(frame))
        place = Place(
            guest_s=guest_s,
            from_guest=from_guest,
            frame=self._frames,
            interface=self._interface,
            ethernet_source=frame[6:12].hex(":"),
        )
        events = list[Event]()
        try:
            events += self._frame(frame, place)
        except ValueError as error:  # the frame is malformed
            events.append(Other(**place, reason=str(error), length=len(frame), hex=frame[:64].hex()))
        self._budget.spend(EVENT_WORK * len(events))
        return events

    def conclude(self, guest_s: float) -> Iterator[Event]:
        """Yield what was still under way at the end of the capture."""
        yield from self._tftp.conclude()
        for connection in self._connections.values():
            yield from connection.conclude(guest_s)

    def _frame(self, content: bytes, place: Place) -> Iterable[Event]:
        frame = headers.parse_frame(content)
        if frame.ethertype == headers.ARP:
            return (parse_arp(frame.content, place, len(content)),)
        if frame.ethertype == headers.IP4:
            return self._packet(headers.parse_ip4(frame.content), place)
        if frame.ethertype == headers.IP6:
            return self._packet(headers.parse_ip6(frame.content), place)
        event = parse_link(frame.ethertype, frame.content, place)
        unknown = Other(**place, ethertype=f"{frame.outer:04x}", reason="unknown ethertype", length=len(content))
        return (event or unknown,)

    def _packet(self, packet: headers.Packet, place: Place) -> Iterable[Event]:
        content: bytes | None = packet.content
        if packet.fragment is not None:
            content = self._reassembly.take(packet, packet.fragment)
        if content is None:
            return ()
        source, destination = headers.name_address(packet.source), headers.name_address(packet.destination)
        route = Route(**place, source=source, destination=destination)
        if packet.protocol == headers.UDP:
            datagram = headers.parse_udp(content)
            ends = Ends(**route, source_port=datagram.source_port, destination_port=datagram.destination_port)
            return self._udp(datagram.content, ends)
        if packet.protocol == headers.TCP:
            segment = headers.parse_tcp(content)
            ends = Ends(**route, source_port=segment.source_port, destination_port=segment.destination_port)
            return self._tcp(segment, ends)
        if name := _ICMP.get(packet.protocol):
            headers.require_length(content, 4, name)
            if packet.protocol == headers.ICMP6 and content[0] in NEIGHBOUR_LENGTHS:
                return (parse_neighbour(content, route),)
            return (Other(**route, protocol=name, type=content[0], code=content[1]),)
        return (Other(**route, protocol=str(packet.protocol)),)

    def _udp(self, payload: bytes, ends: Ends) -> Iterable[Event]:
        name, parse = _BY_PORT.get(ends["destination_port"]) or _BY_PORT.get(ends["source_port"]) or ("tftp", None)
        try:
            if parse is not None or ends["destination_port"] == TFTP_PORT:
                self._budget.parse(payload)
            if parse is not None:
                return (parse(payload, ends),)
            if self._tftp.takes(ends):
                return tuple(self._tftp.follow(payload, ends))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        return (Other(**ends, protocol="udp", length=len(payload)),)

    def _tcp(self, segment: headers.Segment, ends: Ends) -> Iterator[Event]:
        source, destination = (ends["source"], ends["source_port"]), (ends["destination"], ends["destination_port"])
        key = frozenset((source, destination))
        syn, ack, fin = (bool(segment.flags & flag) for flag in (headers.SYN, headers.ACK, headers.FIN))
        connection = self._connections.get(key)
        fresh = syn and not ack and connection and connection.client.next_sequence != segment.sequence + 1
        if connection is None or fresh:
            yield from self._drop(key, ends["guest_s"])
            connection = self._open(key, source if not ack or ends["from_guest"] else destination, segment, ends)
            yield connection.opened
            if len(self._connections) > CONNECTIONS_LIMIT:
                self._budget.give_up(CONNECTIONS_GIVEN_UP)
                yield from self._drop(next(iter(self._connections)), ends["guest_s"])
        by_client = source == connection.opener
        stream = connection.client if by_client else connection.server
        if syn:
            stream.synchronize(segment.sequence, frame=ends["frame"])
        elif segment.content or fin:
            new = stream.take(segment.sequence, segment.content, frame=ends["frame"], fin=fin)
            http = connection.find_http(new if by_client else b"", self._budget)
            if http is not None:
                yield from (http.take_from_client if by_client else http.take_from_server)(place_of(ends), new)
        if (stream.ended and not by_client) or segment.flags & headers.RST:
            yield from connection.conclude(ends["guest_s"], ended=stream.ended)

    def _open(
        self, key: frozenset[tuple[str, int]], opener: tuple[str, int], segment: headers.Segment, ends: Ends
    ) -> _Connection:
        """Begin a connection with its first segment."""
        self._budget.spend(CONNECTION_WORK)
        self._count += 1
        opened = Tcp(**ends, connection=self._count, window=segment.window, tcp_options=segment.options.hex())
        repeated = list[int]()
        client, server = TcpStream(self._budget, repeated), TcpStream(self._budget, repeated)
        self._connections[key] = _Connection(opened, opener, client, server)
        return self._connections[key]

    def _drop(self, key: frozenset[tuple[str, int]], guest_s: float) -> Iterator[Event]:
        """Forget a connection, if it is there; yields what was open in it."""
        connection = self._connections.pop(key, None)
        if connection is not None:
            yield from connection.conclude(guest_s)
            connection.client.give_up()
            connection.server.give_up()
