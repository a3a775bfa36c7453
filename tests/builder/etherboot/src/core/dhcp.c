/* DHCP (RFC 2131, RFC 2132, RFC 4578), far enough for an address and a boot file. */
#include "config/general.h"
#include "standboot.h"

#define TICKS_PER_SECOND 18
#define DISCOVER 1
#define OFFER 2
#define REQUEST 3
#define ACK 5

struct message {
	u8 op, htype, hlen, hops;
	u32 xid;
	u16 secs, flags;
	u32 ciaddr, yiaddr, siaddr, giaddr;
	u8 chaddr[16], sname[64], file[128];
	u32 magic;
	u8 options[312];
} __attribute__ ((packed));

static struct message outgoing;
static u32 xid, offered, server_id;

static const u8 fixed_options[] = {
	55, 6, 1, 3, 54, 66, 67, 60,
	57, 2, 0x05, 0xc0,
	60, 32, 'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't', ':', 'A', 'r', 'c', 'h', ':', '0', '0', '0', '0', '0', ':',
	'U', 'N', 'D', 'I', ':', '0', '0', '2', '0', '0', '1',
	77, 9, 'S', 't', 'a', 'n', 'd', 'B', 'o', 'o', 't',
	93, 2, 0, 0,
	94, 3, 1, 2, 1,
};

static void send_message(u8 type)
{
	u8 *option = outgoing.options;

	fill(&outgoing, 0, sizeof outgoing);
	outgoing.op = outgoing.htype = 1;
	outgoing.hlen = 6;
	outgoing.xid = xid;
	outgoing.flags = swap16(0x8000);
	copy(outgoing.chaddr, own_mac, 6);
	outgoing.magic = swap32(0x63825363);
	*option++ = 53;
	*option++ = 1;
	*option++ = type;
	if (type == REQUEST) {
		*option++ = 50;
		*option++ = 4;
		copy(option, &offered, 4);
		option += 4;
		*option++ = 54;
		*option++ = 4;
		copy(option, &server_id, 4);
		option += 4;
	}
	copy(option, fixed_options, sizeof fixed_options);
	option[sizeof fixed_options] = 255;
	send_udp(0xffffffff, 68, 67, &outgoing, sizeof outgoing);
}

static const u8 *find_option(const struct message *message, u16 length, u8 code)
{
	const u8 *option = message->options, *end = (const u8 *) message + length;

	while (option + 2 <= end && *option != 255) {
		if (*option == 0) {
			option++;
			continue;
		}
		if (option + 2 + option[1] > end)
			break;
		if (*option == code)
			return option + 1;
		option += 2 + option[1];
	}
	return NULL;
}

/* Wait for the answer to what was sent; return it, NULL when none came. */
static const struct message *await_message(u8 type, u16 *length)
{
	u32 until = read_ticks() + ANSWER_TIMEOUT * TICKS_PER_SECOND, from;
	const struct message *message;
	const u8 *found;
	u16 port;

	while ((message = (const void *) await_udp(68, until, length, &from, &port))) {
		if (*length < 241 || message->op != 2 || message->xid != xid || !same(message->chaddr, own_mac, 6))
			continue;
		found = find_option(message, *length, 53);
		if (found && found[1] == type)
			return message;
	}
	return NULL;
}

static const struct message *ask(u8 type, u8 answer, u16 *length)
{
	const struct message *message;
	int attempt;

	for (attempt = 0; attempt < ANSWER_ATTEMPTS; attempt++) {
		send_message(type);
		message = await_message(answer, length);
		if (message)
			return message;
	}
	return NULL;
}

/* Get an address; set the server and the name of the boot file. Return whether there was an answer. */
int get_configuration(u32 *server, char *file)
{
	const struct message *message;
	const u8 *found;
	u16 length, i;

	xid = read_ticks() * 0x9e3779b1u ^ *(u32 *) (own_mac + 2);
	message = ask(DISCOVER, OFFER, &length);
	if (!message)
		return 0;
	offered = message->yiaddr;
	found = find_option(message, length, 54);
	if (found)
		copy(&server_id, found + 1, 4);
	message = ask(REQUEST, ACK, &length);
	if (!message)
		return 0;
	own_address = message->yiaddr;
	*server = message->siaddr ? message->siaddr : server_id;
	for (i = 0; i < 127 && message->file[i]; i++)
		file[i] = message->file[i];
	found = find_option(message, length, 67);
	if (found && !file[0])
		for (i = 0; i < found[0] && i < 127; i++)
			file[i] = found[1 + i];
	return 1;
}
