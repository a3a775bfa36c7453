/* Text on the screen, by the BIOS. */
#include "standboot.h"

void put_char(char c)
{
	u16 ax = 0x0e00 | (u8) c, bx = 7;

	__asm__ volatile ("pushl %%ebp; int $0x10; popl %%ebp" : "+a" (ax), "+b" (bx) : : "cc", "memory");
}

void put_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put_char('\r');
		put_char(*text);
	}
}

void put_number(u32 number)
{
	if (number >= 10)
		put_number(number / 10);
	put_char('0' + number % 10);
}

void put_address(u32 address)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i)
			put_char('.');
		put_number(address >> (8 * i) & 0xff);
	}
}
