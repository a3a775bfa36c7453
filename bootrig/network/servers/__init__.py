"""The programs that serve: dnsmasq, tftpy, aiohttp. What a scenario's file says of them is the services' to read."""
