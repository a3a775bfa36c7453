"""Which options the guest sends and asks for."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from bootrig.compare.dhcp_messages import iter_unequal, join_messages
from bootrig.compare.finding import Finding, Severity
from bootrig.compare.pairing import CellPair
from bootrig.compare.registry import RULES, rule
from bootrig.trace.events import IPXE_OPTIONS, Dhcp
from bootrig.trace.reading.wire import first_dhcp_messages

OPTION_NAMES: Mapping[int, str] = {
    1: "subnet mask", 2: "time offset", 3: "router", 4: "time servers", 5: "name servers", 6: "DNS servers",
    7: "log servers", 12: "host name", 13: "boot file size", 15: "domain name", 17: "root path",
    18: "extensions path", 22: "maximum datagram size", 23: "TTL", 26: "interface MTU", 28: "broadcast address",
    40: "NIS domain", 41: "NIS servers", 42: "NTP servers", 43: "vendor options", 50: "requested address",
    51: "lease time", 53: "message type", 54: "server identifier", 55: "parameter list", 57: "maximum message size",
    58: "renewal time", 59: "rebinding time", 60: "vendor class", 61: "client identifier", 66: "TFTP server name",
    67: "boot file name", 77: "user class", 93: "client architecture", 94: "network interface identifier",
    97: "machine identifier", 119: "search list", 128: "PXE 128", 129: "PXE 129", 130: "PXE 130", 131: "PXE 131",
    132: "PXE 132", 133: "PXE 133", 134: "PXE 134", 135: "PXE 135", 175: "encapsulated iPXE options",
    203: "iSCSI initiator name",
}  # fmt: skip
# Source: IANA BOOTP and DHCP parameters; RFC 4578; 175 and 203 as iPXE uses them.

SUBOPTION_NAMES: Mapping[int, str] = {
    1: "priority", 8: "keep-san", 9: "skip-san-boot", 16: "PXE extensions", 17: "iSCSI", 18: "AoE", 19: "HTTP",
    20: "HTTPS", 21: "TFTP", 22: "FTP", 23: "DNS", 24: "bzImage", 25: "multiboot", 26: "SLAM", 27: "SRP", 32: "NBI",
    33: "PXE", 34: "ELF", 35: "COMBOOT", 36: "EFI", 37: "FCoE", 38: "VLAN", 39: "menu", 40: "SDI", 41: "NFS",
    176: "no-pxedhcp", 177: "bus id", 189: "bios-drive", 190: "username", 191: "password", 235: "version",
}  # fmt: skip
# Source: https://ipxe.org/howto/dhcpd, the option space "ipxe", and src/include/ipxe/features.h.

OWN_VALUES = frozenset({50, 54})
VERSION_SUBOPTION = 235


def name_option(code: int) -> str:
    """Return an option's name with its number: `vendor class (60)`."""
    return f"{OPTION_NAMES[code]} ({code})" if code in OPTION_NAMES else f"option {code}"


def name_suboption(code: int) -> str:
    """Return a suboption's name with its number: `HTTP (19)`."""
    return f"{SUBOPTION_NAMES[code]} ({code})" if code in SUBOPTION_NAMES else f"suboption {code}"


def _codes(codes: Iterable[int]) -> str:
    return " ".join(map(str, codes))


def _parameter_list(message: Dhcp) -> str | None:
    content = message.find_hex(55)
    return None if content is None else _codes(bytes.fromhex(content))


@rule("dhcp-parameter-list", topics={"dhcp-options"}, owns_dhcp_options={55}, follows_from=("network-client",))
def check_parameter_list(pair: CellPair) -> Iterator[Finding]:
    """Does the guest ask for the same options, in the same order (option 55)?

    An option that it does not ask for any more is a change: servers may stop sending it. More options, twice the same
    one or another order are an info.
    """
    for where, baseline, candidate in iter_unequal(pair, _parameter_list):
        subject = f"parameter list{where}"
        first, second = (str(value).split() if value is not None else [] for value in (baseline, candidate))
        went = [name_option(int(code)) for code in dict.fromkeys(first) if code not in second]
        came = [name_option(int(code)) for code in dict.fromkeys(second) if code not in first]
        if went:
            statement = f"the guest does not ask for {', '.join(went)} any more{where}"
            if came:
                statement += f" but now for {', '.join(came)}"
            why = "servers that send only what is asked for will not send it"
            yield Finding(Severity.CHANGE, subject, baseline, candidate, statement, why)
        elif came:
            statement = f"the guest also asks for {', '.join(came)}{where}"
            yield Finding(Severity.INFO, subject, baseline, candidate, statement)
        else:
            statement = f"the guest asks for the same options{where} in another order or number: "
            statement += "{candidate}, it was {baseline}"
            yield Finding(Severity.INFO, subject, baseline, candidate, statement)


def _codes_of(message: Dhcp) -> dict[int, None]:
    """Return the codes of a message's options in their order, each once."""
    return dict.fromkeys(option.code for option in message.options)


@rule("dhcp-option-order", topics={"dhcp-order"}, follows_from=("network-client",))
def check_option_order(pair: CellPair) -> Iterator[Finding]:
    """Are the options that both guests send in the same order? Info: only a careless server minds."""
    first, second = (first_dhcp_messages(trace) for trace in pair.sides)
    unequal: dict[tuple[str, str], list[str]] = {}
    for message in first:
        if message in second:
            old, new = (list(_codes_of(messages[message])) for messages in (first, second))
            orders = _codes([code for code in old if code in new]), _codes([code for code in new if code in old])
            if orders[0] != orders[1]:
                unequal.setdefault(orders, []).append(message)
    for (baseline, candidate), messages in unequal.items():
        names = join_messages(messages)
        statement = f"the options of {names} are in the order {{candidate}}, it was {{baseline}}"
        yield Finding(Severity.INFO, names, baseline, candidate, statement)


@rule("dhcp-options", topics={"dhcp-options"}, follows_from=("network-client",))
def check_options(pair: CellPair) -> Iterator[Finding]:
    """Does the guest send the same further options with the same values?

    An option that is gone or says something else is a change, a new one an info. Options with a rule of their own are
    left to it; of the addresses in 50 and 54 only the presence counts.
    """
    messages = [message for trace in pair.sides for message in first_dhcp_messages(trace).values()]
    owned = {code for entry in RULES.values() for code in entry.owns_dhcp_options}
    for code in sorted({option.code for message in messages for option in message.options} - owned):
        name = name_option(code)
        for where, baseline, candidate in iter_unequal(pair, partial(_read, code)):
            subject = f"{name}{where}"
            if candidate is None:
                statement = f"the guest does not send {name} any more{where}"
                yield Finding(Severity.CHANGE, subject, baseline, None, statement, "servers may decide by it")
            elif baseline is None:
                statement = f"the guest now sends {name}{where}"
                yield Finding(Severity.INFO, subject, None, candidate, statement)
            elif code not in OWN_VALUES:
                statement = f"{name} is {{candidate}}, it was {{baseline}}{where}"
                yield Finding(Severity.CHANGE, subject, baseline, candidate, statement, "servers may decide by it")


def _read(code: int, message: Dhcp) -> str | None:
    return message.find_hex(code)


@rule(
    "dhcp-ipxe-options",
    topics={"option-175", "dhcp-options"},
    owns_dhcp_options={IPXE_OPTIONS},
    follows_from=("network-client",),
)
def check_ipxe_options(pair: CellPair) -> Iterator[Finding]:
    """Does the guest tell the same of itself in option 175?

    Servers ask there whether the firmware can do HTTP, iSCSI, menus. A suboption that is gone or says less is a
    change, a new one or another version an info. The order of suboptions follows the linker and is not looked at.
    """
    for where, baseline, _ in iter_unequal(pair, _sends_ipxe_options):
        if baseline:
            statement = f"the guest does not send {name_option(IPXE_OPTIONS)} any more{where}"
            yield Finding(Severity.CHANGE, f"option 175{where}", "sent", None, statement, "servers may decide by it")
        else:
            statement = f"the guest now sends {name_option(IPXE_OPTIONS)}{where}"
            yield Finding(Severity.INFO, f"option 175{where}", None, "sent", statement)
    messages = [message for trace in pair.sides for message in first_dhcp_messages(trace).values()]
    for code in sorted({code for message in messages for code in _suboptions(message)}):
        name = name_suboption(code)
        for where, baseline, candidate in iter_unequal(pair, partial(_read_suboption, code)):
            if WITHOUT_IPXE_OPTIONS in (baseline, candidate):
                continue  # option 175 as a whole came or went
            subject = f"option 175, {name}{where}"
            if candidate is None:
                statement = f"option 175 does not announce {name} any more{where}"
                why = "servers that ask for it there send something else"
                yield Finding(Severity.CHANGE, subject, baseline, None, statement, why)
            elif baseline is None:
                statement = f"option 175 now announces {name}{where}"
                yield Finding(Severity.INFO, subject, None, candidate, statement)
            else:
                severity = Severity.INFO if code == VERSION_SUBOPTION else Severity.CHANGE
                statement = f"option 175 says {{candidate}} for {name}, it was {{baseline}}{where}"
                yield Finding(severity, subject, baseline, candidate, statement)


WITHOUT_IPXE_OPTIONS = "without option 175"


def _sends_ipxe_options(message: Dhcp) -> bool:
    return message.find_option(IPXE_OPTIONS) is not None


def _suboptions(message: Dhcp) -> dict[int, str]:
    option = message.find_option(IPXE_OPTIONS)
    return {} if option is None else {suboption.code: suboption.hex for suboption in option.suboptions}


def _read_suboption(code: int, message: Dhcp) -> str | None:
    return _suboptions(message).get(code) if _sends_ipxe_options(message) else WITHOUT_IPXE_OPTIONS


@rule("dhcp-message-size", topics={"dhcp-options"}, owns_dhcp_options={57}, follows_from=("network-client",))
def check_message_size(pair: CellPair) -> Iterator[Finding]:
    """Does the guest take answers of the same length (option 57)? Less is a change, more an info."""

    def read(message: Dhcp) -> int | None:
        content = message.find_hex(57)
        return None if content is None else int(content or "0", 16)

    for where, baseline, candidate in iter_unequal(pair, read):
        less = int(candidate or 0) < int(baseline or 0)
        statement = f"the guest takes DHCP messages of {{candidate}}, it was {{baseline}}{where}"
        if candidate is None:
            statement = f"the guest does not say any more how long DHCP messages may be, it was {{baseline}}{where}"
        elif baseline is None:
            statement = f"the guest says that it takes DHCP messages of {{candidate}}, before it did not say{where}"
        why = "long answers lose options" if less else ""
        severity = Severity.CHANGE if less else Severity.INFO
        yield Finding(severity, f"maximum message size{where}", baseline, candidate, statement, why, "bytes")
