/*
 * The BIOS probe: an NBP and, with the signature in its last two bytes, a boot sector.
 *
 * Prints one line by INT 10h that proves that this very program ran:
 *
 *     BOOTRIG <nonce> <kind> sum=<hex> ticks=<hex> tsc=<hex>
 *
 * nonce, kind and length are patched in by image.py beside this file. sum is the 32-bit sum of all bytes of the image as
 * it is in memory, so a byte lost or changed on the way shows; ticks is the BIOS tick count at 0040:006C; tsc is
 * the time-stamp counter. Then it stays, interrupts enabled, until the rig ends the guest.
 *
 * Loaded at 0000:7C00 (PXE 2.1, section 3.4, and the boot sector convention). Fits one sector.
 */
        .code16
        .text
        .globl  _start
_start:
        ljmp    $0, $main
marker: .ascii  "BOOTRIG-PROBE:"
length: .long   0
line:   .ascii  "\r\nBOOTRIG "
nonce:  .ascii  "0123456789abcdef"
        .ascii  " "
kind:   .ascii  "nbp "
        .ascii  " sum="
sum:    .ascii  "00000000 ticks="
ticks:  .ascii  "00000000 tsc="
tsc:    .ascii  "0000000000000000\r\n"
        .byte   0

main:
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        rdtsc                           /* first of all: the moment of entry */
        pushl   %eax
        pushl   %edx
        pushl   0x46c

/* Sum every byte; 16-byte paragraphs would miss the tail, so step a far pointer byte by byte, a segment at a time. */
        xorl    %edx, %edx              /* the sum */
        movl    length, %ecx
        movw    $0x7c0, %bx             /* segment whose offset 0 is the image's first byte */
next_segment:
        movw    %bx, %ds
        xorw    %si, %si
next_byte:
        jecxz   summed
        xorl    %eax, %eax
        lodsb
        addl    %eax, %edx
        decl    %ecx
        testw   $0x7fff, %si
        jnz     next_byte
        addw    $0x800, %bx             /* 32 KiB on */
        jmp     next_segment
summed:
        xorw    %ax, %ax
        movw    %ax, %ds
        movl    %edx, %eax
        movw    $sum, %di
        call    write_hex
        popl    %eax
        movw    $ticks, %di
        call    write_hex
        popl    %eax
        movw    $tsc, %di
        call    write_hex
        popl    %eax
        movw    $tsc + 8, %di
        call    write_hex

        movw    $line, %si
print:
        lodsb
        testb   %al, %al
        jz      stay
        movb    $0x0e, %ah
        movw    $0x0007, %bx
        pushw   %si
        int     $0x10
        popw    %si
        jmp     print
stay:
        sti
        hlt
        jmp     stay

/* Write %eax as eight hexadecimal digits to 0000:%di. */
write_hex:
        movw    $8, %cx
next_digit:
        roll    $4, %eax
        pushw   %ax
        andb    $0x0f, %al
        addb    $'0', %al
        cmpb    $'9', %al
        jbe     digit
        addb    $'a' - '0' - 10, %al
digit:
        stosb
        popw    %ax
        loop    next_digit
        ret
        .globl  image_end
image_end:
