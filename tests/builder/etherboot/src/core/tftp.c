/* TFTP (RFC 1350, RFC 2347, RFC 2348): read one file into memory. */
#include "config/general.h"
#include "standboot.h"

#define TICKS_PER_SECOND 18
#define PLAIN_LENGTH 512
#define RRQ 1
#define DATA 3
#define ACKNOWLEDGE 4
#define ERROR 5
#define OACK 6

static u8 request[300];

static u16 append(u16 at, const char *text)
{
	u16 length = length_of(text) + 1;

	copy(request + at, text, length);
	return at + length;
}

static u16 make_request(const char *file)
{
	u16 length = append(append(2, file), "octet");

	request[0] = 0;
	request[1] = RRQ;
#ifdef TFTP_BLOCK_SIZE
	length = append(append(length, "blksize"), TFTP_BLOCK_SIZE);
#endif
	return length;
}

static u16 to_number(const u8 *text, const u8 *end)
{
	u16 number = 0;

	while (text < end && *text >= '0' && *text <= '9')
		number = number * 10 + *text++ - '0';
	return number;
}

/* Return the block size that the server agrees to: the only option that was asked for. */
static u16 agreed_length(const u8 *answer, u16 length)
{
	const u8 *at = answer + 2, *end = answer + length;

	while (at < end && *at)
		at++;
	return to_number(at + 1, end);
}

/* Read `file` of `server` to PROGRAM_ADDRESS; return its length, 0 when that failed. */
u32 fetch(u32 server, const char *file)
{
	u16 local = 2000 + (read_ticks() & 0xfff), remote = 69, expected = 1, block_length = PLAIN_LENGTH, length, port;
	u16 to_send = make_request(file);
	u32 total = 0, from;
	int attempt = 0;

	while (attempt < ANSWER_ATTEMPTS) {
		u32 until = read_ticks() + ANSWER_TIMEOUT * TICKS_PER_SECOND;
		const u8 *answer;
		u16 code, number;

		send_udp(server, local, remote, request, to_send);
		while ((answer = await_udp(local, until, &length, &from, &port))
		       && (from != server || (remote != 69 && port != remote) || length < 4))
			;
		if (!answer) {
			attempt++;
			continue;
		}
		code = answer[1];
		number = answer[2] << 8 | answer[3];
		remote = port;
		if (code == ERROR) {
			put_text("TFTP error ");
			put_number(number);
			put_text("\n");
			return 0;
		}
		if (code == OACK && expected == 1) {
			block_length = agreed_length(answer, length);
			number = 0;
		} else if (code != DATA || number != expected) {
			attempt++;
			continue;
		} else {
			copy_out(PROGRAM_ADDRESS + total, answer + 4, length - 4);
			total += length - 4;
			expected++;
		}
		attempt = 0;
		request[0] = 0;
		request[1] = ACKNOWLEDGE;
		request[2] = number >> 8;
		request[3] = number;
		to_send = 4;
		if (code == DATA && length - 4 < block_length) {
			send_udp(server, local, remote, request, to_send);
			return total;
		}
		if (total > PROGRAM_LIMIT) {
			put_text("too long\n");
			return 0;
		}
	}
	put_text("no answer by TFTP\n");
	return 0;
}
