"""Numbers of DHCP options by IANA's names.

Source: IANA, "Dynamic Host Configuration Protocol (DHCP) and Bootstrap Protocol (BOOTP) Parameters", BOOTP Vendor
Extensions and DHCP Options; those that a server may want to send to a network boot ROM.
"""

from collections.abc import Mapping

OPTION_CODES: Mapping[str, int] = {
    "Subnet Mask": 1,
    "Time Offset": 2,
    "Router": 3,
    "Time Server": 4,
    "Name Server": 5,
    "Domain Server": 6,
    "Log Server": 7,
    "Hostname": 12,
    "Boot File Size": 13,
    "Domain Name": 15,
    "Root Path": 17,
    "Extension File": 18,
    "MTU Interface": 26,
    "Broadcast Address": 28,
    "Static Route": 33,
    "NIS Domain": 40,
    "NIS Servers": 41,
    "NTP Servers": 42,
    "Vendor Specific": 43,
    "Class Id": 60,
    "Server-Name": 66,
    "Bootfile-Name": 67,
    "User-Class": 77,
    "Client System": 93,
    "Client NDI": 94,
    "UUID/GUID": 97,
    "Domain Search": 119,
    "Classless Static Route Option": 121,
    "TFTP server address": 150,
    "Etherboot": 175,
    "PXELINUX Magic": 208,
    "Configuration File": 209,
    "Path Prefix": 210,
    "Reboot Time": 211,
}
