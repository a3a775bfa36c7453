/* What the ROM does when the BIOS boots from it. */
#include "config/general.h"
#include "config/branding.h"
#include "standboot.h"

#ifndef VERSION
#define VERSION PRODUCT_VERSION
#endif

static char file[128];

void main(void);
void start_program(void) __attribute__ ((noreturn));

static void step(const char *text)
{
#ifdef VERBOSE_STEPS
	put_text(text);
#else
	(void) text;
#endif
}

void main(void)
{
	u32 server, length;

	put_text("\n" PRODUCT_NAME " " VERSION ": " BANNER_TEXT "\n");
	put_text(embedded);
	if (!open_nic(pci_address)) {
		put_text("no NIC\n");
		return;
	}
	step("DHCP...");
	if (!get_configuration(&server, file)) {
		put_text("no answer\n");
		return;
	}
	put_text("address ");
	put_address(own_address);
	put_text(", file ");
	put_text(file);
	put_text(" from ");
	put_address(server);
	put_text("\n");
	if (!file[0] || !find_mac(server)) {
		put_text("nothing to boot\n");
		return;
	}
	length = fetch(server, file);
	if (!length)
		return;
	put_number(length);
	put_text(" bytes\n");
	start_program();
}
