"""What a guest asked its network, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from bootrig.trace.events import (
    Arp,
    Dhcp,
    Dns,
    HttpRequest,
    HttpResponse,
    TftpError,
    TftpOptions,
    TftpRequest,
    TftpTransfer,
    WireEvent,
)

_Key = tuple[str, ...]
_DHCP_ANSWERS = {"offer": "discover", "ack": "request", "nak": "request"}
_ALL_FINE = ""
_TFTP_NOT_FOUND = 1
_DNS_NO_SUCH_NAME = 3
_HTTP_ERRORS = 400


@dataclass(slots=True)
class _Question:
    """A question: its protocol, what for, how often since it was answered, and why it was not (empty: it was)."""

    protocol: str
    what: str
    count: int = 0
    trouble: str = _ALL_FINE

    @property
    def is_for_a_file(self) -> bool:
        """Whether a file was asked for."""
        return self.protocol in ("TFTP", "HTTP")

    @property
    def sentence(self) -> str:
        """What was asked, how often, and what came of it."""
        times = "once" if self.count == 1 else f"{self.count} times"
        return f"{self.protocol}: {self.what}{self.trouble}, asked {times}"


class _Questions:
    """The questions of one guest in the order in which they were asked last."""

    def __init__(self) -> None:
        self.asked: dict[_Key, _Question] = {}
        self._by_port: dict[int, _Key] = {}
        self._by_connection: dict[int, _Key] = {}

    def take(self, event: WireEvent) -> None:
        """Take the next event of the wire."""
        self._take_file(event)
        self._take_address(event)

    def _take_file(self, event: WireEvent) -> None:
        """Take an event of TFTP or HTTP; another one is passed over."""
        match event:
            case TftpRequest(from_guest=True):
                self._by_port[event.client_port] = self._ask("TFTP", event.file)
            case TftpTransfer() | TftpOptions():
                self._answer(("TFTP", event.file))
            case TftpError(from_guest=False):
                trouble = " not found" if event.code == _TFTP_NOT_FOUND else f": {event.text or f'error {event.code}'}"
                self._answer(self._by_port.get(event.client_port, ("TFTP", event.file or "")), trouble)
            case HttpRequest(from_guest=True):
                self._by_connection[event.connection] = self._ask("HTTP", event.target)
            case HttpResponse():
                trouble = f": status {event.status}" if event.status >= _HTTP_ERRORS else _ALL_FINE
                self._answer(self._by_connection.get(event.connection), trouble)

    def _take_address(self, event: WireEvent) -> None:
        """Take an event of DHCP, DNS or ARP; another one is passed over."""
        match event:
            case Dhcp(from_guest=True, message="discover" | "request"):
                self._ask("DHCP", event.message.upper())
            case Dhcp(from_guest=False, message="offer" | "ack" | "nak" as answer):
                self._answer(("DHCP", _DHCP_ANSWERS[answer].upper()), ": refused" if answer == "nak" else _ALL_FINE)
            case Dns(from_guest=True, reply=False):
                self._ask("DNS", _name_questions(event))
            case Dns(reply=True):
                trouble = {0: _ALL_FINE, _DNS_NO_SUCH_NAME: ": no such name"}.get(event.rcode, f": error {event.rcode}")
                self._answer(("DNS", _name_questions(event)), trouble)
            case Arp(from_guest=True, operation="request") if event.target not in ("0.0.0.0", event.sender):  # noqa: S104
                self._ask("ARP", event.target)
            case Arp(from_guest=False, operation="reply"):
                self._answer(("ARP", event.sender))

    def _ask(self, protocol: str, what: str) -> _Key:
        key = (protocol, what)
        question = self.asked.pop(key, None)
        if question is None or not question.trouble:
            question = _Question(protocol, what)
        question.count += 1
        question.trouble = ": no answer"
        self.asked[key] = question
        return key

    def _answer(self, key: _Key | None, trouble: str = _ALL_FINE) -> None:
        question = self.asked.get(key) if key is not None else None
        if question is not None:
            question.trouble = trouble


def _name_questions(event: Dns) -> str:
    return ", ".join(question.name for question in event.questions)


def find_last_unanswered(wire: Iterable[WireEvent]) -> str | None:
    """Return the last question that nobody answered, or only by a refusal, as a sentence; None where there is none.

    The last file that was asked for decides: where it came, only what was asked after it can be the last such question.
    IPv6 is left out: on most networks nobody answers it, and boots work.
    """
    questions = _Questions()
    for event in wire:
        questions.take(event)
    asked = list(questions.asked.values())
    last_file = max((place for place, question in enumerate(asked) if question.is_for_a_file), default=None)
    if last_file is not None and asked[last_file].trouble:
        return _gather(asked, asked[last_file]).sentence
    later = asked[(-1 if last_file is None else last_file) + 1 :]
    return next((question.sentence for question in reversed(later) if question.trouble), None)


def _gather(asked: Iterable[_Question], last: _Question) -> _Question:
    """Return one question for a file that was asked for in several directories, and found in none."""
    same = [
        one
        for one in asked
        if (one.protocol, _base_name(one.what), one.trouble) == (last.protocol, _base_name(last.what), last.trouble)
    ]
    return _Question(last.protocol, same[0].what, sum(one.count for one in same), last.trouble)


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
