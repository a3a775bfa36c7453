/* Ethernet, ARP (RFC 826), IPv4 (RFC 791) and UDP (RFC 768), as little of them as booting takes. */
#include "config/general.h"
#include "standboot.h"

#define TICKS_PER_SECOND 18

u32 own_address;

static u8 frame[FRAME_LENGTH + 4];
static u8 outgoing[FRAME_LENGTH];
static u8 peer_mac[6];
static u32 peer_address;
static const u8 broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static u16 get16(const u8 *at)
{
	return at[0] << 8 | at[1];
}

static void put16(u8 *at, u16 value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void send_arp(u16 operation, const u8 *to_mac, u32 to)
{
	u8 *arp = outgoing + 14;

	fill(outgoing, 0, 60);
	copy(outgoing, to_mac, 6);
	copy(outgoing + 6, own_mac, 6);
	put16(outgoing + 12, 0x0806);
	put16(arp, 1);
	put16(arp + 2, 0x0800);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, operation);
	copy(arp + 8, own_mac, 6);
	copy(arp + 14, &own_address, 4);
	if (operation == 2)
		copy(arp + 18, to_mac, 6);
	copy(arp + 24, &to, 4);
	send_frame(outgoing, 60);
}

static void take_arp(u16 length)
{
	u8 *arp = frame + 14;
	u32 from, to;

	if (length < 42 || get16(arp) != 1 || get16(arp + 2) != 0x0800)
		return;
	copy(&from, arp + 14, 4);
	copy(&to, arp + 24, 4);
	if (!own_address || to != own_address)
		return;
	if (from == peer_address)
		copy(peer_mac, arp + 8, 6);
	if (get16(arp + 6) == 1)
		send_arp(2, arp + 8, from);
}

void send_udp(u32 to, u16 from_port, u16 to_port, const void *content, u16 length)
{
	u8 *ip = outgoing + 14, *udp = ip + 20;
	u32 sum = 0;
	u16 i;

	fill(outgoing, 0, 60);
	copy(outgoing, to == 0xffffffff ? broadcast : peer_mac, 6);
	copy(outgoing + 6, own_mac, 6);
	put16(outgoing + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, 28 + length);
	ip[8] = 64;
	ip[9] = 17;
	copy(ip + 12, &own_address, 4);
	copy(ip + 16, &to, 4);
	for (i = 0; i < 20; i += 2)
		sum += get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)));
	put16(udp, from_port);
	put16(udp + 2, to_port);
	put16(udp + 4, 8 + length);
	copy(udp + 8, content, length);
	length += 42;
	send_frame(outgoing, length < 60 ? 60 : length);
}

/* Wait until the BIOS tick count `until` for a datagram to `port`; return its content, NULL when none came. */
const u8 *await_udp(u16 port, u32 until, u16 *length, u32 *from, u16 *from_port)
{
	u16 received, header;
	u8 *udp;

	while ((int) (until - read_ticks()) > 0) {
		received = receive_frame(frame);
		if (received >= 42 && get16(frame + 12) == 0x0806)
			take_arp(received);
		if (received < 42 || get16(frame + 12) != 0x0800 || frame[14] >> 4 != 4 || frame[23] != 17)
			continue;
		header = (frame[14] & 15) * 4;
		udp = frame + 14 + header;
		if (header < 20 || 14 + header + 8 > received || get16(udp + 2) != port)
			continue;
		*length = get16(udp + 4) - 8;
		if (get16(udp + 4) < 8 || udp + 8 + *length > frame + received)
			continue;
		copy(from, frame + 26, 4);
		*from_port = get16(udp);
		return udp + 8;
	}
	return NULL;
}

/* Find the Ethernet address that datagrams to `address` go to; return whether it was found. */
int find_mac(u32 address)
{
	static const u8 nobody[6];
	int attempt;
	u16 length, port;
	u32 from;

	peer_address = address;
	copy(peer_mac, nobody, 6);
	for (attempt = 0; attempt < ANSWER_ATTEMPTS; attempt++) {
		u32 until = read_ticks() + ANSWER_TIMEOUT * TICKS_PER_SECOND;

		send_arp(1, broadcast, address);
		while ((int) (until - read_ticks()) > 0 && same(peer_mac, nobody, 6))
			await_udp(0, read_ticks() + 1, &length, &from, &port);
		if (!same(peer_mac, nobody, 6))
			return 1;
	}
	return 0;
}
