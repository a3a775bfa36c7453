"""The addresses of a cell's network, the same in every cell: each has a network of its own."""

import socket

TAP_NAME = "tap0"
TAP_MAC = "52:54:00:b0:07:01"
SERVER_ADDRESS = "10.0.2.1"
SERVER_ADDRESS_IP6 = "fd00:b007::1"
LINK_LOCAL_ADDRESS = "fe80::b007:1"
SERVER_INTERFACES = (f"{SERVER_ADDRESS}/24", f"{SERVER_ADDRESS_IP6}/64", f"{LINK_LOCAL_ADDRESS}/64")
# Those that the rig's DNS hands out, on each of which every service listens
SERVICE_ADDRESSES = (SERVER_ADDRESS, SERVER_ADDRESS_IP6)

GUEST_MAC = "52:54:00:12:34:56"
GUEST_ADDRESS = "10.0.2.15"
# Who asks servers whether they are alive: no guest has it
ASKING_MAC = "52:54:00:b0:07:ff"
LEASE_RANGE = "10.0.2.100,10.0.2.199,255.255.255.0"

DOMAIN = "bootrig.test"
SERVER_NAME = f"server.{DOMAIN}"


def address_family(address: str) -> socket.AddressFamily:
    """Return the family of an address that is written as people do."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET
