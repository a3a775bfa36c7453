/*
 * The RTL8029AS, an NE2000 on PCI: polled, with programmed I/O.
 *
 * DP8390D/NS32490D NIC Network Interface Controller, National Semiconductor 1995; RTL8029AS Specification, Realtek.
 */
#include "core/standboot.h"

#define COMMAND 0x00
#define PAGE_START 0x01
#define PAGE_STOP 0x02
#define BOUNDARY 0x03
#define TRANSMIT_PAGE 0x04
#define TRANSMIT_COUNT 0x05
#define INTERRUPT_STATUS 0x07
#define REMOTE_ADDRESS 0x08
#define REMOTE_COUNT 0x0a
#define RECEIVE_CONFIGURATION 0x0c
#define TRANSMIT_CONFIGURATION 0x0d
#define DATA_CONFIGURATION 0x0e
#define INTERRUPT_MASK 0x0f
#define CURRENT_PAGE 0x07	/* of page 1, as the next two */
#define PHYSICAL_ADDRESS 0x01
#define DATA_PORT 0x10
#define RESET_PORT 0x1f

#define STOP 0x21
#define START 0x22
#define START_PAGE_1 0x62
#define READ 0x0a
#define WRITE 0x12
#define TRANSMIT 0x26
#define REMOTE_DONE 0x40
#define TRANSMIT_DONE 0x0a
#define RESET_DONE 0x80

#define FIRST_TRANSMIT 0x40
#define FIRST_RECEIVE 0x46
#define END_RECEIVE 0x80
#define PATIENCE 100000

u8 own_mac[6];

static u16 base;

static void await_status(u8 bits)
{
	u32 patience = PATIENCE;

	while (!(in8(base + INTERRUPT_STATUS) & bits) && --patience)
		;
}

static void start_remote(u8 command, u16 address, u16 length)
{
	out8(base + COMMAND, START);
	out8(base + INTERRUPT_STATUS, REMOTE_DONE);
	out8(base + REMOTE_COUNT, length);
	out8(base + REMOTE_COUNT + 1, length >> 8);
	out8(base + REMOTE_ADDRESS, address);
	out8(base + REMOTE_ADDRESS + 1, address >> 8);
	out8(base + COMMAND, command);
}

static void read_remote(u16 address, u8 *to, u16 length)
{
	start_remote(READ, address, length);
	while (length--)
		*to++ = in8(base + DATA_PORT);
}

/* Open the NIC at a PCI address; return whether it is one that this driver knows. */
int open_nic(u16 address)
{
	u8 prom[12];
	int i;

	if ((pci_read(address, 0) & 0xffff) == 0xffff || !(pci_read(address, 0x10) & 1))
		return 0;
	base = pci_read(address, 0x10) & 0xfffc;
	pci_write16(address, 4, 0x0005);
	out8(base + RESET_PORT, in8(base + RESET_PORT));
	await_status(RESET_DONE);
	out8(base + COMMAND, STOP);
	out8(base + DATA_CONFIGURATION, 0x48);
	out8(base + RECEIVE_CONFIGURATION, 0x20);
	out8(base + TRANSMIT_CONFIGURATION, 0x02);
	read_remote(0, prom, sizeof prom);
	for (i = 0; i < 6; i++)
		own_mac[i] = prom[2 * i];
	out8(base + COMMAND, STOP);
	out8(base + TRANSMIT_PAGE, FIRST_TRANSMIT);
	out8(base + PAGE_START, FIRST_RECEIVE);
	out8(base + BOUNDARY, FIRST_RECEIVE);
	out8(base + PAGE_STOP, END_RECEIVE);
	out8(base + INTERRUPT_MASK, 0);
	out8(base + INTERRUPT_STATUS, 0xff);
	out8(base + COMMAND, 0x61);
	for (i = 0; i < 6; i++)
		out8(base + PHYSICAL_ADDRESS + i, own_mac[i]);
	out8(base + CURRENT_PAGE, FIRST_RECEIVE + 1);
	for (i = 8; i < 16; i++)
		out8(base + i, 0xff);
	out8(base + COMMAND, START);
	out8(base + TRANSMIT_CONFIGURATION, 0);
	out8(base + RECEIVE_CONFIGURATION, 0x04);
	return 1;
}

void send_frame(const u8 *frame, u16 length)
{
	u16 i;

	start_remote(WRITE, FIRST_TRANSMIT << 8, length);
	for (i = 0; i < length; i++)
		out8(base + DATA_PORT, frame[i]);
	await_status(REMOTE_DONE);
	out8(base + TRANSMIT_PAGE, FIRST_TRANSMIT);
	out8(base + TRANSMIT_COUNT, length);
	out8(base + TRANSMIT_COUNT + 1, length >> 8);
	out8(base + INTERRUPT_STATUS, TRANSMIT_DONE);
	out8(base + COMMAND, TRANSMIT);
	await_status(TRANSMIT_DONE);
}

/* Take one frame, if there is any; return its length, 0 without one. */
u16 receive_frame(u8 *frame)
{
	u8 next, current, header[4];
	u16 length;

	out8(base + COMMAND, START_PAGE_1);
	current = in8(base + CURRENT_PAGE);
	out8(base + COMMAND, START);
	next = in8(base + BOUNDARY) + 1;
	if (next >= END_RECEIVE)
		next = FIRST_RECEIVE;
	if (next == current)
		return 0;
	read_remote(next << 8, header, sizeof header);
	length = (header[2] | header[3] << 8) - 4;
	if (length > FRAME_LENGTH)
		length = FRAME_LENGTH;
	read_remote((next << 8) + 4, frame, length);
	next = header[1] == FIRST_RECEIVE ? END_RECEIVE - 1 : header[1] - 1;
	out8(base + BOUNDARY, next);
	return length;
}
