"""What shows in packets, and in DNS answers, that a DHCP server does what its table says.

Where the table has lines of the server's own, those may say more than its keys: then only what keys name is looked at.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv6Interface, ip_address

from bootrig.network.addresses import (
    GUEST_ADDRESS,
    GUEST_MAC,
    SERVER_ADDRESS_IP6,
    SERVER_INTERFACES,
    SERVER_NAME,
    SERVICE_ADDRESSES,
)
from bootrig.network.names import encode_name
from bootrig.network.servers.dnsmasq_lines import BOOT_FILE_NAME, TFTP_SERVER_NAME, header_address, sent_content
from bootrig.network.servers.personality import BootFields, ClientClass, DhcpPersonality, OptionMatch, OptionType
from bootrig.network.servers.suboptions import join_suboptions
from bootrig.network.statement import Statement
from bootrig.trace.events import Dhcp, Dns, Event, RouterAdvertisement, escape

ARCHITECTURE, USER_CLASS, VENDOR_CLASS = 93, 77, 60
NOTHING = "nothing"
RECORD_TYPES = {1: "A", 28: "AAAA"}
PREFIX = str(next(IPv6Interface(one).network for one in SERVER_INTERFACES if one.startswith(SERVER_ADDRESS_IP6)))


def iter_dhcp_statements(personality: DhcpPersonality, wire: Sequence[Event]) -> Iterator[Statement]:
    """Yield every statement that an OFFER, an ACK, a router advertisement or a DNS answer shows."""
    asked: dict[tuple[str, str], Dhcp] = {}
    for event in wire:
        match event:
            case Dhcp(reply=False):
                asked[event.client_mac, event.xid] = event
            case Dhcp(from_guest=False, message="offer" | "ack"):
                question = asked.get((event.client_mac, event.xid))
                if question is not None:
                    yield from _iter_answer(personality, question, event)
            case RouterAdvertisement(from_guest=False):
                meant = f"the prefix {PREFIX}" if personality.router_advertisements else "no advertisement"
                seen = f"the prefix {' and '.join(event.prefixes) or NOTHING}"
                if not personality.lines:
                    yield Statement("router_advertisements", meant, seen, event.frame)
            case Dns(from_guest=False, reply=True):
                if not personality.lines:
                    yield from _iter_names(event)


def _iter_answer(personality: DhcpPersonality, question: Dhcp, answer: Dhcp) -> Iterator[Statement]:
    """Yield what an OFFER or an ACK shows."""
    key_path, name = _find_boot_file(personality, question)
    fields, is_whole = personality.fields, not personality.lines
    if name is not None or is_whole:
        in_header = name if fields in (BootFields.HEADER, BootFields.BOTH) else None
        seen = f'"{answer.boot_file_name}"' if answer.boot_file_name else NOTHING
        yield Statement(f"{key_path} (header)", _show(in_header), seen, answer.frame)
        if fields is not BootFields.HEADER:
            yield Statement(f"{key_path} (option 67)", _show(name), _show_option(answer, BOOT_FILE_NAME), answer.frame)
        if fields in (BootFields.OPTIONS, BootFields.BOTH):
            server = personality.next_server if name is not None else None
            seen = _show_option(answer, TFTP_SERVER_NAME)
            yield Statement("next_server (option 66)", _show(server), seen, answer.frame)
    if is_whole:
        yield Statement("next_server", header_address(personality), answer.next_server, answer.frame)
        if answer.client_mac == GUEST_MAC and question.message != "inform":
            yield Statement("the guest's address", GUEST_ADDRESS, answer.your_address, answer.frame)
    for option, _ in join_suboptions(personality.options):
        meant, found = sent_content(option).hex(), answer.find_hex(option.code)
        if option.type is OptionType.TEXT and found == f"{meant}00":  # dnsmasq ends texts for some clients
            found = meant
        yield Statement(f"option {option.code}", meant, found or NOTHING, answer.frame)


def _show(name: str | None) -> str:
    return NOTHING if name is None else f'"{escape(encode_name(name))}"'


def _show_option(answer: Dhcp, code: int) -> str:
    """Return an option that is a text, without the NUL that dnsmasq ends texts with for some clients."""
    found = answer.find_hex(code)
    return NOTHING if found is None else f'"{escape(bytes.fromhex(found).removesuffix(bytes(1)))}"'


def _find_boot_file(personality: DhcpPersonality, question: Dhcp) -> tuple[str, str | None]:
    """Return key path and name of the boot file that a client is to get."""
    for number, client in enumerate(personality.classes):
        if is_in_class(client, question):
            return f"class[{number}].boot_file", client.boot_file
    return "boot_file", personality.boot_file


def is_in_class(client: ClientClass, question: Dhcp) -> bool:
    """Whether a client that sent `question` matches all keys of a class, as dnsmasq matches them."""
    architectures = _content(question, ARCHITECTURE)
    words = {architectures[at : at + 2] for at in range(0, len(architectures), 2)}
    return (
        (client.architecture is None or client.architecture.to_bytes(2, "big") in words)
        and (client.user_class is None or encode_name(client.user_class) in _content(question, USER_CLASS))
        and (client.vendor_class is None or encode_name(client.vendor_class) in _content(question, VENDOR_CLASS))
        and (client.mac is None or client.mac.lower() == question.client_mac)
        and (client.option is None or _is_sent(client.option, question))
    )


def _is_sent(match: OptionMatch, question: Dhcp) -> bool:
    found = _content(question, match.code)
    if match.is_text or len(match.content) == 1:
        return match.content in found
    return found.startswith(match.content)


def _content(question: Dhcp, code: int) -> bytes:
    option = question.find_option(code)
    return bytes.fromhex(option.hex) if option else b""


def _iter_names(answer: Dns) -> Iterator[Statement]:
    """Yield what a DNS answer says about the server's name."""
    for question in answer.questions:
        if question.name.rstrip(".").lower() == SERVER_NAME and question.type in RECORD_TYPES:
            found = [record.hex for record in answer.answers if record.type == question.type]
            yield name_statement(question.type, [bytes.fromhex(one) for one in found], answer.frame)


def name_statement(record_type: int, found: Sequence[bytes], frame: int | None = None) -> Statement:
    """Return the statement that the rig's name has the rig's addresses; `found` are those of an answer, packed."""
    lengths = {1: 4, 28: 16}
    packed = (ip_address(address) for address in SERVICE_ADDRESSES)
    meant = [str(address) for address in packed if len(address.packed) == lengths[record_type]]
    seen = [str(ip_address(one)) if len(one) in lengths.values() else one.hex() for one in found]
    return Statement(
        f"{RECORD_TYPES[record_type]} of {SERVER_NAME}", " and ".join(meant), " and ".join(seen) or NOTHING, frame
    )
