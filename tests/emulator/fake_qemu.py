"""Programs that stand where QEMU should be: each answers `--version` and `-L help`, and then behaves badly."""

import sys
import textwrap
from pathlib import Path

VERSION_LINE = "QEMU emulator version 7.2.22 (fake)"

# What each does once it is started as a guest. `monitor` is the socket of the QMP session.
BEHAVIOURS = {
    "exits": "print('fake: no such device', file=sys.stderr); sys.exit(1)",
    "killed": "os.kill(os.getpid(), signal.SIGSEGV)",
    "hangs": "print('fake: thinking'); sys.stdout.flush(); signal.pause()",
    "stubborn": "signal.signal(signal.SIGTERM, signal.SIG_IGN); negotiate()\nwhile True: signal.pause()",
    "closes-at-once": "print('fake: closing'); sys.stdout.flush(); monitor.close(); signal.pause()",
    "closes": "negotiate(); receive(); monitor.close(); signal.pause()",
    "dies": "negotiate(); receive(); print('fake: last words'); sys.exit(7)",
    "resets": (
        "negotiate(); answer({}); send({'event': 'RESET', 'data': {'guest': False}})\n"
        "for _ in range(9): send({'event': 'RESET', 'data': {'guest': True}})\nserve()"
    ),
    "internal-error": (
        "negotiate(); answer({}); print('KVM internal error. Suberror: 1'); sys.stdout.flush()\n"
        "send({'event': 'STOP'}); answer({'status': 'internal-error', 'running': False}); serve()"
    ),
    "stops": (
        "negotiate(); answer({}); send({'event': 'STOP'}); answer({'status': 'paused', 'running': False})\n"
        "send({'event': 'SHUTDOWN', 'data': {'reason': 'guest-shutdown'}}); serve()"
    ),
}

PROGRAM = """\
#!{python}
import json, os, re, signal, socket, sys

if "--version" in sys.argv:
    print({version!r})
    sys.exit(0)
if sys.argv[1:3] == ["-L", "help"]:
    print({data!r})
    sys.exit(0)
descriptor = int(re.search(r"id=qmp,fd=(\\d+)", " ".join(sys.argv))[1])
monitor = socket.socket(fileno=descriptor)
named = re.search(r"id=console,path=([^ ,]+)", " ".join(sys.argv))
console = open(named[1] + ".out", "r+b", buffering=0) if named else None
decoder = json.JSONDecoder()
text = ""

def send(message):
    monitor.sendall(json.dumps(message).encode() + b"\\r\\n")

def receive():
    global text
    while True:
        try:
            message, end = decoder.raw_decode(text)
        except ValueError:
            content = monitor.recv(65536)
            if not content:
                sys.exit(0)
            text += content.decode()
        else:
            text = text[end:].lstrip()
            return message

def answer(value):
    send({{"return": value, "id": receive()["id"]}})

def negotiate():
    version = {{"qemu": {{"major": 7, "minor": 2, "micro": 22}}, "package": "fake"}}
    send({{"QMP": {{"version": version, "capabilities": ["oob"]}}}})
    receive()
    send({{"return": {{}}}})

def serve():
    while True:
        answer({{}})

{behaviour}
"""


def make_fake_qemu(directory: Path, behaviour: str) -> Path:
    """Write the program whose behaviour has this name, with a data directory of its own, and return its path."""
    data = directory / "data"
    data.mkdir(exist_ok=True)
    (data / "bios-256k.bin").write_bytes(b"")
    path = directory / "qemu-system-x86_64"
    program = PROGRAM.format(
        python=sys.executable,
        version=VERSION_LINE,
        data=str(data),
        behaviour=textwrap.dedent(BEHAVIOURS[behaviour]),
    )
    path.write_text(program)
    path.chmod(0o755)
    return path
