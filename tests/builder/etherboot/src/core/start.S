/*
 * The headers of the ROM and its two entries.
 *
 * PCI Firmware Specification 3.0, section 5.1; Plug and Play BIOS Specification 1.0A, section 3.2; BIOS Boot
 * Specification 1.01, appendix D (Bootstrap Entry Vector).
 */
#include "config/branding.h"

#define WORK_SEGMENT 0x8000
#define STACK_TOP 0xfff0

	.code16
	.section .header, "ax"
	.globl	rom_header
rom_header:
	.byte	0x55, 0xaa
	.byte	0			/* length in units of 512 bytes: scripts/finish.c */
	.byte	0xe9			/* jmp initialise */
	.word	initialise - (. + 2)
checksum:
	.byte	0			/* scripts/finish.c */
	.org	0x18
	.word	pcir
	.word	pnp

	.balign	4
pcir:	.ascii	"PCIR"
	.word	0, 0			/* vendor and device: scripts/finish.c */
	.word	0			/* device list */
	.word	pcir_end - pcir
	.byte	3
	.byte	0x00, 0x00, 0x02	/* class: Ethernet controller */
	.word	0			/* image length: scripts/finish.c */
	.word	1
	.byte	0			/* code type: PC-AT */
	.byte	0x80			/* last image */
	.word	0			/* run-time length: scripts/finish.c */
	.word	0, 0
pcir_end:

	.balign	16
pnp:	.ascii	"$PnP"
	.byte	1
	.byte	2			/* length in units of 16 bytes */
	.word	0			/* next header */
	.byte	0
	.byte	0			/* checksum: scripts/finish.c */
	.long	0
	.word	manufacturer
	.word	product
	.byte	0x02, 0x00, 0x00	/* network, Ethernet */
	.byte	0x54			/* IPL device, read cacheable, may be shadowed */
	.word	0			/* BCV */
	.word	0			/* DV */
	.word	boot			/* BEV */
	.word	0
	.word	0			/* static resources */

manufacturer:
	.asciz	"bootrig tests"
product:
	.asciz	PRODUCT_NAME

	.globl	pci_address
pci_address:
	.word	0

/* Called once, while the ROM can still be written: %ax is bus, device and function. */
initialise:
	movw	%ax, %cs:pci_address
	subb	%al, %cs:checksum	/* the sum has to stay right */
	subb	%ah, %cs:checksum
	movw	$0x0020, %ax		/* an IPL device is attached */
	lret

/* Called to boot: the ROM is read-only now, so go on in a copy of it. */
boot:
	pushal
	pushw	%ds
	pushw	%es
	cld
	sti
	movw	%cs, %ax
	movw	%ax, %ds
	movw	$WORK_SEGMENT, %ax
	movw	%ax, %es
	xorw	%si, %si
	xorw	%di, %di
	movw	$rom_end, %cx
	rep movsb
	movw	$bss_start, %di
	movw	$bss_end, %cx
	subw	%di, %cx
	xorw	%ax, %ax
	rep stosb
	pushw	%es
	popw	%ds
	movw	%ss, bios_ss
	movl	%esp, bios_esp
	ljmp	$WORK_SEGMENT, $in_copy
in_copy:
	cli
	movw	%cs, %ax
	movw	%ax, %ss
	movl	$STACK_TOP, %esp
	sti
	data32 call main
/* main has returned: there is nothing to boot, the BIOS may go on. */
	cli
	movw	bios_ss, %ss
	movl	bios_esp, %esp
	sti
	popw	%es
	popw	%ds
	popal
	int	$0x18
	lret

/* void start_program(void): the program lies at 0000:7C00 (PXE 2.1, section 3.4). */
	.globl	start_program
start_program:
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	$0x7c00, %esp
	ljmp	$0, $0x7c00

	.data
bios_ss:
	.word	0
bios_esp:
	.long	0
	.globl	embedded
embedded:
	.incbin	"bin/embedded"
	.byte	0
	.section .note.GNU-stack, "", @progbits
