"""Questions to servers: a datagram that is lost is sent again."""

import asyncio
from typing import cast

from bootrig.network.servers.questions import ask_tftp, query_dns


class Forgetful(asyncio.DatagramProtocol):
    """A server that does not see the first datagram and answers the second."""

    def __init__(self, prefix: bytes, length: int) -> None:
        self.prefix, self.length = prefix, length
        self.seen: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.seen.append(data)
        if len(self.seen) == 2:
            self.transport.sendto(self.prefix + data[: self.length], addr)


def test_a_question_that_is_lost_is_asked_again() -> None:
    async def ask() -> None:
        loop = asyncio.get_running_loop()
        dns, tftp = Forgetful(b"", 512), Forgetful(b"\0\3\0\1", 0)
        first, _ = await loop.create_datagram_endpoint(lambda: dns, local_addr=("127.0.0.1", 0))
        second, _ = await loop.create_datagram_endpoint(lambda: tftp, local_addr=("127.0.0.1", 0))
        assert await query_dns("127.0.0.1", "server.test", 1, first.get_extra_info("sockname")[1]) == ()
        await ask_tftp("127.0.0.1", b"file", second.get_extra_info("sockname")[1]).ask()
        first.close()
        second.close()
        assert len(dns.seen) == 2
        assert dns.seen[0] == dns.seen[1]
        assert tftp.seen[:2] == [b"\0\1file\0octet\0"] * 2

    asyncio.run(asyncio.wait_for(ask(), 30))
