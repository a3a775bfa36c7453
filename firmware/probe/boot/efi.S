/*
 * The UEFI probe: an EFI application for x86-64, PE32+ header written out by hand so that GNU as and ld suffice.
 *
 * Prints the same line as the BIOS probe, by ConOut->OutputString (UEFI 2.10, section 12.4.3), with ticks=0 and the sum of
 * the section (headers are the loader's, which may write into them):
 *
 *     BOOTRIG <nonce> <kind> sum=<hex> ticks=00000000 tsc=<hex>
 *
 * Position independent: the image has no relocations (PE/COFF rev. 11, section 3.3).
 */
        .text
        .globl  _start
_start:
dos_header:
        .ascii  "MZ"
        .org    0x3c
        .long   pe_header - dos_header
pe_header:
        .ascii  "PE\0\0"
        .short  0x8664                  /* machine: x86-64 */
        .short  1                       /* sections */
        .long   0                       /* time stamp: none, so that builds repeat */
        .long   0, 0                    /* symbols */
        .short  section_table - optional_header
        .short  0x022e                  /* executable, line numbers and symbols stripped, large address aware, dll-free */
optional_header:
        .short  0x020b                  /* PE32+ */
        .byte   0, 0
        .long   code_end - code         /* size of code */
        .long   0, 0
        .long   entry - dos_header      /* entry point */
        .long   code - dos_header       /* base of code */
        .quad   0                       /* image base */
        .long   0x1000                  /* section alignment */
        .long   0x200                   /* file alignment */
        .short  0, 0, 0, 0, 0, 0
        .long   0
        .long   0x1000 + 0x1000         /* size of image */
        .long   0x1000                  /* size of headers, padded so that file and memory offsets agree */
        .long   0                       /* checksum: not used for applications */
        .short  10                      /* subsystem: EFI application */
        .short  0
        .quad   0, 0, 0, 0
        .long   0
        .long   6                       /* data directories, the sixth (base relocations) empty */
        .quad   0, 0, 0, 0, 0, 0
section_table:
        .ascii  ".text\0\0\0"
        .long   code_end - code
        .long   code - dos_header
        .long   code_end - code
        .long   code - dos_header
        .long   0, 0
        .short  0, 0
        .long   0xe0000020              /* code, readable, writable, executable */
        .org    0x1000
code:
marker: .ascii  "BOOTRIG-PROBE:"
length: .long   0
line:   .ascii  "\r\nBOOTRIG "
nonce:  .ascii  "0123456789abcdef"
        .ascii  " "
kind:   .ascii  "efi "
        .ascii  " sum="
sum:    .ascii  "00000000 ticks=00000000 tsc="
tsc:    .ascii  "0000000000000000\r\n"
        .byte   0
        .balign 2
wide:   .fill   128, 2, 0

entry:
        pushq   %rbx
        subq    $32, %rsp               /* shadow space; the stack is 16-byte aligned again */
        movq    %rdx, %rbx              /* EFI_SYSTEM_TABLE */
        rdtsc
        pushq   %rdx
        pushq   %rax

        xorl    %edx, %edx              /* sum of the section, before anything is written into it */
        leaq    code(%rip), %rsi
        movl    length(%rip), %ecx
        subl    $0x1000, %ecx
        jbe     summed
next_byte:
        movzbl  (%rsi), %eax
        incq    %rsi
        addl    %eax, %edx
        decl    %ecx
        jnz     next_byte
summed:
        movl    %edx, %eax
        leaq    sum(%rip), %rdi
        call    write_hex
        popq    %rax
        leaq    tsc+8(%rip), %rdi
        call    write_hex
        popq    %rax
        leaq    tsc(%rip), %rdi
        call    write_hex

        leaq    line(%rip), %rsi        /* widen to UTF-16 */
        leaq    wide(%rip), %rdi
widen:
        lodsb
        movzbw  %al, %ax
        stosw
        testw   %ax, %ax
        jnz     widen

        movq    64(%rbx), %rcx          /* ConOut */
        leaq    wide(%rip), %rdx
        call    *8(%rcx)                /* OutputString */
stay:
        pause
        jmp     stay

/* Write %eax as eight hexadecimal digits to (%rdi). */
write_hex:
        movl    $8, %ecx
next_digit:
        roll    $4, %eax
        movl    %eax, %edx
        andl    $0x0f, %eax
        addl    $'0', %eax
        cmpl    $'9', %eax
        jbe     digit
        addl    $'a' - '0' - 10, %eax
digit:
        stosb
        movl    %edx, %eax
        loop    next_digit
        ret
        .balign 0x200
code_end:
