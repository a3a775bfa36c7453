"""The servers of a cell: DHCP, DNS and router advertisements, TFTP, HTTP."""
