/* What the modules of the ROM know of each other. */
#ifndef STANDBOOT_H
#define STANDBOOT_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

#define NULL ((void *) 0)
#define PROGRAM_ADDRESS 0x7c00
#define PROGRAM_LIMIT 0x70000
#define FRAME_LENGTH 1514

/* console.c */
void put_char(char c);
void put_text(const char *text);
void put_address(u32 address);
void put_number(u32 number);

/* memory.c */
u8 in8(u16 port);
void out8(u16 port, u8 value);
u32 pci_read(u16 address, u16 offset);
void pci_write16(u16 address, u16 offset, u16 value);
u32 read_ticks(void);
void copy_out(u32 address, const void *from, u16 length);
void copy(void *to, const void *from, u16 length);
void fill(void *to, u8 value, u16 length);
int same(const void *one, const void *other, u16 length);
u16 length_of(const char *text);
u16 swap16(u16 value);
u32 swap32(u32 value);

/* drivers/ne2k.c */
extern u8 own_mac[6];
int open_nic(u16 address);
void send_frame(const u8 *frame, u16 length);
u16 receive_frame(u8 *frame);

/* ip.c: addresses are in network order, ports in the host's */
extern u32 own_address;
void send_udp(u32 to, u16 from_port, u16 to_port, const void *content, u16 length);
const u8 *await_udp(u16 port, u32 until, u16 *length, u32 *from, u16 *from_port);
int find_mac(u32 address);

/* dhcp.c */
int get_configuration(u32 *server, char *file);

/* tftp.c */
u32 fetch(u32 server, const char *file);

extern u16 pci_address;
extern const char embedded[];

#endif
