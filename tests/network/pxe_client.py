"""A PXE client without a guest: frames into a tap's descriptor, frames out of it.

`test_real_guest.py` holds it against a real QEMU with a real ROM.
"""

import os
import select
import socket
import struct
import time
from pathlib import Path

import dpkt

from bootrig.network.addresses import GUEST_MAC

BROADCAST = b"\xff" * 6
XID = 0x20110315


class PxeClient:
    """Speaks ARP, DHCP, DNS and TFTP as a boot ROM does, and keeps a capture of it all."""

    def __init__(self, descriptor: int, mac: str = GUEST_MAC) -> None:
        self.descriptor = descriptor
        self.mac = bytes.fromhex(mac.replace(":", ""))
        self.address = bytes(4)
        self.server_mac = BROADCAST
        self.frames: list[tuple[float, bytes]] = []
        self.sent: list[tuple[float, bytes]] = []

    def send(self, frame: bytes) -> None:
        self.sent.append((time.monotonic(), frame))
        self.frames.append(self.sent[-1])
        os.write(self.descriptor, frame)

    def receive(self, *, within_s: float = 5.0) -> dpkt.ethernet.Ethernet:
        """Return the next frame, answering ARP requests for our address meanwhile."""
        end = time.monotonic() + within_s
        while True:
            if not select.select([self.descriptor], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError("no frame")
            frame = os.read(self.descriptor, 65536)
            self.frames.append((time.monotonic(), frame))
            packet = dpkt.ethernet.Ethernet(frame)
            asked = isinstance(packet.data, dpkt.arp.ARP) and packet.data.op == dpkt.arp.ARP_OP_REQUEST
            if asked and packet.data.tpa == self.address != bytes(4):
                self._arp(dpkt.arp.ARP_OP_REPLY, packet.data.spa, packet.src)
                continue
            return packet

    def receive_udp(self, port: int, *, within_s: float = 5.0) -> dpkt.ip.IP:
        """Return the next IP packet with a UDP datagram to our `port`."""
        while True:
            packet = self.receive(within_s=within_s)
            content = packet.data
            if (
                isinstance(content, dpkt.ip.IP)
                and isinstance(content.data, dpkt.udp.UDP)
                and content.data.dport == port
            ):
                return content

    def _arp(self, operation: int, target: bytes, target_mac: bytes) -> None:
        message = dpkt.arp.ARP(op=operation, sha=self.mac, spa=self.address, tha=target_mac, tpa=target)
        kind = dpkt.ethernet.ETH_TYPE_ARP
        destination = BROADCAST if operation == dpkt.arp.ARP_OP_REQUEST else target_mac
        self.send(bytes(dpkt.ethernet.Ethernet(dst=destination, src=self.mac, type=kind, data=message)))

    def resolve(self, address: str) -> bytes:
        """Ask who has `address` and return the hardware address."""
        self._arp(dpkt.arp.ARP_OP_REQUEST, socket.inet_aton(address), bytes(6))
        while True:
            packet = self.receive()
            if isinstance(packet.data, dpkt.arp.ARP) and packet.data.op == dpkt.arp.ARP_OP_REPLY:
                self.server_mac = packet.data.sha
                return bytes(packet.data.sha)

    def send_udp(self, source_port: int, destination: str, port: int, payload: bytes) -> None:
        datagram = dpkt.udp.UDP(sport=source_port, dport=port, data=payload, ulen=8 + len(payload))
        packet = dpkt.ip.IP(
            src=self.address, dst=socket.inet_aton(destination), p=dpkt.ip.IP_PROTO_UDP, data=datagram, ttl=64
        )
        packet.len = len(bytes(packet))
        mac = BROADCAST if destination == "255.255.255.255" else self.server_mac
        self.send(bytes(dpkt.ethernet.Ethernet(dst=mac, src=self.mac, type=dpkt.ethernet.ETH_TYPE_IP, data=packet)))

    def _dhcp(self, kind: int, architecture: int, extra: tuple[tuple[int, bytes], ...]) -> dpkt.dhcp.DHCP:
        options = (
            (53, bytes([kind])),
            (57, (1472).to_bytes(2, "big")),
            (93, architecture.to_bytes(2, "big")),
            (94, bytes([1, 2, 1])),
            (60, b"PXEClient:Arch:%05d:UNDI:002001" % architecture),
            (77, b"iPXE"),
            (55, bytes([1, 3, 6, 7, 12, 15, 17, 43, 60, 66, 67, 119, 128, 175, 203])),
            (175, bytes([0xB1, 5, 1, 0x80, 0x86, 0x10, 0x0E, 0xEB, 3, 1, 0, 0])),
            (61, b"\x01" + self.mac),
            (97, bytes(17)),
            *extra,
        )
        request = dpkt.dhcp.DHCP(op=1, xid=XID, secs=4, chaddr=self.mac + bytes(10), opts=options)
        self.send_udp(68, "255.255.255.255", 67, bytes(request))
        return dpkt.dhcp.DHCP(bytes(self.receive_udp(68).data.data))

    def discover(self, architecture: int = 0) -> dpkt.dhcp.DHCP:
        """Return the offer."""
        return self._dhcp(1, architecture, ())

    def request(self, offer: dpkt.dhcp.DHCP, architecture: int = 0) -> dpkt.dhcp.DHCP:
        """Return the acknowledgement, and take the address."""
        address = struct.pack(">I", offer.yiaddr)
        server = dict(offer.opts)[54]
        ack = self._dhcp(3, architecture, ((50, address), (54, server)))
        self.address = address
        return ack

    def solicit_router(self) -> None:
        """Send a router solicitation from the unspecified address (RFC 4861, section 4.1)."""
        message = bytearray([133, 0, 0, 0, 0, 0, 0, 0])
        source, destination = bytes(16), socket.inet_pton(socket.AF_INET6, "ff02::2")
        pseudo = source + destination + struct.pack(">I3xB", len(message), 58)
        message[2:4] = struct.pack(">H", dpkt.dpkt.in_cksum(pseudo + bytes(message)))
        header = struct.pack(">IHBB", 0x60000000, len(message), 58, 255) + source + destination
        self.send(b"\x33\x33\x00\x00\x00\x02" + self.mac + b"\x86\xdd" + header + bytes(message))

    def ask_name(self, name: str, server: str) -> dpkt.dns.DNS:
        """Return the DNS answer to a question for an IPv4 address."""
        question = dpkt.dns.DNS.Q(name=name, type=1, cls=1)
        self.send_udp(1053, server, 53, bytes(dpkt.dns.DNS(id=7, qd=[question])))
        return dpkt.dns.DNS(bytes(self.receive_udp(1053).data.data))

    def fetch(self, server: str, name: bytes, *options: bytes, port: int = 41474) -> bytes:
        """Return a file by TFTP; raises FileNotFoundError with the server's error text."""
        words = b"\0".join((name, b"octet", *options)) + b"\0"
        self.send_udp(port, server, 69, b"\0\1" + words)
        block_length, content = 512, b""
        while True:
            packet = self.receive_udp(port)
            payload = bytes(packet.data.data)
            answer, opcode = packet.data.sport, payload[1]
            if opcode == 5:
                raise FileNotFoundError(payload[4:-1].decode())
            if opcode == 6:
                pairs = payload[2:].split(b"\0")
                block_length = int(dict(zip(pairs[::2], pairs[1::2], strict=False)).get(b"blksize", 512))
                self.send_udp(port, server, answer, b"\0\4\0\0")
                continue
            content += payload[4:]
            self.send_udp(port, server, answer, b"\0\4" + payload[2:4])
            if len(payload) - 4 < block_length:
                return content

    def write_captures(self, path: Path, sent_path: Path, epoch_s: int) -> None:
        """Write what was sent and received, and what was sent, as QEMU's filter-dump would; time begins at 0."""
        begin = self.frames[0][0] if self.frames else 0.0
        for file, frames in ((path, self.frames), (sent_path, self.sent)):
            with file.open("wb") as stream:
                writer = dpkt.pcap.Writer(stream, snaplen=65536)
                for moment, frame in frames:
                    writer.writepkt(frame, ts=epoch_s + moment - begin)
