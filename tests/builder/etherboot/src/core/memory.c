/* Ports, the PCI configuration space, the BIOS tick count, and memory inside and outside of our segment. */
#include "standboot.h"

u8 in8(u16 port)
{
	u8 value;

	__asm__ volatile ("inb %1, %0" : "=a" (value) : "dN" (port));
	return value;
}

void out8(u16 port, u8 value)
{
	__asm__ volatile ("outb %0, %1" : : "a" (value), "dN" (port));
}

static void out32(u16 port, u32 value)
{
	__asm__ volatile ("outl %0, %1" : : "a" (value), "dN" (port));
}

/* PCI Local Bus Specification 3.0, section 3.2.2.3.2: configuration mechanism 1. */
u32 pci_read(u16 address, u16 offset)
{
	u32 value;

	out32(0xcf8, 0x80000000u | (u32) address << 8 | (offset & 0xfc));
	__asm__ volatile ("inl %1, %0" : "=a" (value) : "dN" ((u16) 0xcfc));
	return value;
}

void pci_write16(u16 address, u16 offset, u16 value)
{
	out32(0xcf8, 0x80000000u | (u32) address << 8 | (offset & 0xfc));
	__asm__ volatile ("outw %0, %1" : : "a" (value), "dN" ((u16) (0xcfc + (offset & 2))));
}

u32 read_ticks(void)
{
	u32 ticks;

	__asm__ volatile ("pushw %%es; movw $0x40, %%ax; movw %%ax, %%es; movl %%es:0x6c, %%eax; popw %%es"
			  : "=a" (ticks));
	return ticks;
}

/* Copy to a linear address below 1 MiB. */
void copy_out(u32 address, const void *from, u16 length)
{
	u32 to = address & 15, source = (u32) from, count = length;
	u16 segment = address >> 4;

	__asm__ volatile ("pushw %%es; movw %w3, %%es; cld; addr32 rep movsb; popw %%es"
			  : "+D" (to), "+S" (source), "+c" (count) : "r" (segment) : "memory", "cc");
}

void copy(void *to, const void *from, u16 length)
{
	u8 *target = to;
	const u8 *source = from;

	while (length--)
		*target++ = *source++;
}

void fill(void *to, u8 value, u16 length)
{
	u8 *target = to;

	while (length--)
		*target++ = value;
}

int same(const void *one, const void *other, u16 length)
{
	const u8 *left = one, *right = other;

	while (length--)
		if (*left++ != *right++)
			return 0;
	return 1;
}

u16 length_of(const char *text)
{
	u16 length = 0;

	while (text[length])
		length++;
	return length;
}

u16 swap16(u16 value)
{
	return value << 8 | value >> 8;
}

u32 swap32(u32 value)
{
	return (u32) swap16(value) << 16 | swap16(value >> 16);
}
