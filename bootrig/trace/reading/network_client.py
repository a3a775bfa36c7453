"""Which network stack booted: the ROM's own, or the PXE client of the platform firmware in its place."""

from bootrig.trace.events import IPXE_OPTIONS, Dhcp
from bootrig.trace.reading.wire import iter_guest
from bootrig.trace.trace import Trace

PRODUCTS = ("gPXE", "iPXE")
OTHER = "another client"


def find_network_client(trace: Trace) -> str | None:
    """Return what sent the guest's first DHCP DISCOVER; None where there is none.

    iPXE and gPXE name themselves in the user class (option 77) and send option 175. OVMF's own clients send neither,
    and a vendor class (option 60) of RFC 4578 or, for HTTP, of UEFI 2.10, section 24.7.3.1.
    """
    discover = next((event for event in iter_guest(trace, Dhcp) if event.message == "discover"), None)
    if discover is None:
        return None
    user_class, vendor_class = (discover.find_text(code) or "" for code in (77, 60))
    product = next((name for name in PRODUCTS if name in user_class), None)
    if product is not None:
        return product
    if discover.find_option(IPXE_OPTIONS) is not None:
        return "iPXE"
    for prefix, protocol in (("PXEClient", "PXE"), ("HTTPClient", "HTTP")):
        if vendor_class.startswith(prefix):
            return f"OVMF's own {protocol} client" if _is_ovmf(trace) else f"another {protocol} client"
    return OTHER


def _is_ovmf(trace: Trace) -> bool:
    firmware = trace.platform_firmware
    told = f"{firmware.name} {firmware.file}" if firmware is not None else ""
    return "ovmf" in f"{trace.key.platform_firmware} {told}".lower()
