"""Wrong machine definitions, each with the exact messages. `{version}` stands for QEMU's."""

GOOD = """
[machine]
type = "pc"
memory_mib = 128
options = { graphics = false, vmport = "off" }
[processor]
model = "qemu64"
properties = { "sse4.1" = true }
[accelerator]
kind = "tcg"
options = { thread = "single" }
instruction_counting = { shift = 10 }
[[netdev]]
type = "user"
id = "net0"
hostfwd = [{ str = "tcp::2222-:22" }]
[[netdev]]
type = "hubport"
id = "pace"
hubid = 9
[[chardev]]
id = "extra"
backend = { type = "file", data = { out = "/dev/null" } }
[[blockdev]]
driver = "raw"
node-name = "disk"
file = { driver = "file", filename = "/dev/zero" }
[[object]]
qom-type = "filter-dump"
id = "dump0"
netdev = "pace"
file = "wire.pcap"
queue = "rx"
[[object]]
qom-type = "rng-builtin"
id = "rng0"
[[device]]
driver = "e1000"
id = "nic0"
netdev = "net0"
addr = "05.0"
rombar = 1
[[device]]
driver = "ide-hd"
drive = "disk"
rerror = "stop"
[[device]]
driver = "isa-serial"
chardev = "extra"
[[device]]
driver = "isa-serial"
chardev = "console"
[[device]]
driver = "virtio-rng-pci"
rng = "rng0"
"""

NIC = '[[netdev]]\ntype = "user"\nid = "net0"\n[[device]]\ndriver = "e1000"\nid = "nic0"\nnetdev = "net0"\n'

# name -> (definition, messages)
WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "misspelt-property": (
        NIC + "rombarr = 1",
        ('device[0].rombarr: e1000 of QEMU {version} has no such property; did you mean "rombar"?',),
    ),
    "wrong-type": (
        NIC + 'rombar = "1"\nmultifunction = 1\nromfile = true\naddr = 3.5\n',
        (
            'device[0].rombar: found a string "1", expected an integer',
            "device[0].multifunction: found an integer 1, expected a boolean",
            "device[0].romfile: found the boolean true, expected a string",
            "device[0].addr: found a number 3.5, expected an integer or a string",
        ),
    ),
    "unknown-device": (
        '[[device]]\ndriver = "rtl8193"',
        ("device[0].driver: QEMU {version} has no device 'rtl8193'; did you mean \"rtl8139\"?",),
    ),
    "property-that-this-version-lacks": (
        NIC + "romchecksum = true",
        ("device[0].romchecksum: e1000 of QEMU {version} has no such property",),
    ),
    "unused-netdev": (
        '[[netdev]]\ntype = "user"\nid = "net0"\n'
        '[[object]]\nqom-type = "filter-dump"\nid = "d"\nnetdev = "net0"\nfile = "f"',
        ('netdev[0].id: nothing uses netdev "net0"; expected a device with netdev = "net0"',),
    ),
    "unused-chardev": (
        '[[chardev]]\nid = "c"\nbackend = { type = "null" }',
        ('chardev[0].id: nothing uses chardev "c"; expected a device with chardev = "c"',),
    ),
    "unused-blockdev": (
        '[[blockdev]]\ndriver = "file"\nnode-name = "f"\nfilename = "x"',
        ('blockdev[0].node-name: nothing uses blockdev "f"; expected a device with drive = "f"',),
    ),
    "duplicate-ids": (
        NIC + '[[device]]\ndriver = "virtio-rng-pci"\nid = "nic0"\nrng = "r"\n'
        '[[object]]\nqom-type = "rng-builtin"\nid = "r"\n[[object]]\nqom-type = "rng-builtin"\nid = "r"\n',
        (
            'device[1].id: duplicate: device[0] is called "nic0" already',
            'object[1].id: duplicate: object[0] is called "r" already',
        ),
    ),
    "the-rigs-own-chardev": (
        '[[chardev]]\nid = "qmp"\nbackend = { type = "null" }\n[[device]]\ndriver = "isa-serial"\nchardev = "qmp"\n',
        ('chardev[0].id: "qmp" is the rig\'s own chardev; expected another id',),
    ),
    "dangling-references": (
        '[[device]]\ndriver = "e1000"\nnetdev = "net0"\nbus = "port"\n[[device]]\ndriver = "ide-hd"\ndrive = "d"\n'
        '[[device]]\ndriver = "virtio-rng-pci"\nrng = "r"\n[[device]]\ndriver = "isa-serial"\nchardev = "console1"\n'
        '[[device]]\ndriver = "ide-hd"\ndrive = "raw0"\n[[blockdev]]\ndriver = "raw"\nnode-name = "raw0"\nfile = "f"\n'
        '[[object]]\nqom-type = "filter-dump"\nid = "dump0"\nnetdev = "n"\nfile = "f"\n',
        (
            'device[0].bus: no device has a bus "port"',
            'device[0].netdev: there is no netdev "net0"',
            'device[1].drive: there is no blockdev "d"',
            'device[2].rng: there is no object "r"',
            'device[3].chardev: there is no chardev "console1"; did you mean "console"?',
            'blockdev[0].file: there is no blockdev "f"',
            'object[0].netdev: there is no netdev "n"',
        ),
    ),
    "used-twice": (
        NIC + '[[device]]\ndriver = "rtl8139"\nnetdev = "net0"\n',
        ('device[1].netdev: netdev "net0" is in use by device[0].netdev',),
    ),
    "unknown-backends": (
        '[[netdev]]\ntype = "usr"\nid = "a"\n[[device]]\ndriver = "e1000"\nnetdev = "a"\n'
        '[[blockdev]]\ndriver = "qcw2"\nnode-name = "b"\n[[device]]\ndriver = "ide-hd"\ndrive = "b"\n'
        '[[object]]\nqom-type = "filter-dmp"\nid = "c"\n',
        (
            "netdev[0].type: QEMU {version} has no netdev 'usr'; did you mean \"user\"?",
            "blockdev[0].driver: QEMU {version} has no block driver 'qcw2'; did you mean \"qcow2\"?",
            "object[0].qom-type: QEMU {version} has no object 'filter-dmp'; did you mean \"filter-dump\"?",
        ),
    ),
    "backend-members": (
        '[[netdev]]\ntype = "user"\nid = "net0"\nrestrict = "on"\nhostfwd = ["tcp::1-:2"]\ntftq = "x"\n'
        '[[device]]\ndriver = "e1000"\nnetdev = "net0"\n'
        '[[blockdev]]\ndriver = "raw"\nnode-name = "d"\nfile = { driver = "file", file-name = "x" }\n'
        '[[device]]\ndriver = "ide-hd"\ndrive = "d"\nrerror = "stops"\n'
        '[[object]]\nqom-type = "filter-dump"\nid = "f"\nnetdev = "net0"\nqueue = "xx"\n',
        (
            'device[1].rerror: found a string "stops", expected one of report, ignore, enospc, stop, auto; '
            'did you mean "stop"?',
            'netdev[0].restrict: found a string "on", expected a boolean',
            'netdev[0].hostfwd[0]: found a string "tcp::1-:2", expected a table',
            'netdev[0].tftq: user of QEMU {version} has no such property; did you mean "tftp"?',
            'blockdev[0].file.file-name: this table of QEMU {version} has no such property; did you mean "filename"?',
            "blockdev[0].file.filename: missing; expected a string",
            'object[0].queue: found a string "xx", expected one of all, rx, tx',
            "object[0].file: missing; expected a string",
        ),
    ),
    "slots": (
        '[nic]\nid = "x"\nnetdev = "y"\ndriver = "e1000"\nromfile = ""\naddr = "0x3"\n'
        '[disk]\nid = "z"\ndrive = "d"\nrerror = "stops"\nbootindx = 1\n',
        (
            "nic.id: the cell gives the NIC its id",
            "nic.netdev: the cell puts the NIC on its LAN",
            "nic.driver: the NIC model is the cell's (--nic), the guest's file says where it goes",
            "nic.romfile: which ROM the NIC has is what is tried; --rom-by says how it gets it",
            "disk.id: the cell gives the disk its id",
            "disk.drive: the cell makes the disk's content",
            'disk.rerror: found a string "stops", expected one of report, ignore, enospc, stop, auto; '
            'did you mean "stop"?',
            'disk.bootindx: ide-hd of QEMU {version} has no such property; did you mean "bootindex"?',
        ),
    ),
    "disk-driver": (
        '[disk]\ndriver = "ide-dh"\n',
        ("disk.driver: QEMU {version} has no device 'ide-dh'; did you mean \"ide-hd\"?",),
    ),
    "a-nic-on-the-rigs-lan": (
        '[[device]]\ndriver = "e1000"\nnetdev = "lan0"\n',
        (
            'device[0].netdev: a further NIC cannot be on the rig\'s LAN "lan0" yet; expected the id of a [[netdev]] '
            "of this file",
        ),
    ),
    "machine": (
        '[machine]\ntype = "pcc"\n',
        ("machine.type: QEMU {version} has no machine type 'pcc'; did you mean \"pc\"?",),
    ),
    "machine-options": (
        '[machine]\noptions = { graphics = "off", vmport = false, zzz = true }\n',
        (
            'machine.options.graphics: found a string "off", expected a boolean',
            'machine.options.vmport: found the boolean false, expected one of on, off, auto; write "off"',
            "machine.options.zzz: pc of QEMU {version} has no such property",
        ),
    ),
    "processor": (
        '[processor]\nmodel = "qemu46"\n',
        ("processor.model: QEMU {version} has no CPU model 'qemu46'; did you mean \"qemu64\"?",),
    ),
    "processor-properties": (
        '[processor]\nproperties = { "sse4.1" = true }\n',
        ("processor.properties: found properties without a model, expected processor.model as well",),
    ),
    "accelerator": (
        '[accelerator]\nkind = "kvm"\ninstruction_counting = { shift = 1, record_replay = "record" }\n',
        (
            "accelerator.instruction_counting: kvm cannot count instructions, tcg can",
            "accelerator.instruction_counting.record_file: missing; expected a file",
        ),
    ),
    "form": (
        '[machine]\nmemory_mib = 0\nram = 5\n[accelerator]\nkind = "hvf"\n[clock]\nbase = "now"\n[[device]]\nid = "x"\n'
        "[[netdv]]\n",
        (
            "machine.memory_mib: found 0, expected at least 1",
            'clock.base: found a string "now", expected a date and time',
            'accelerator.kind: found "hvf", expected one of tcg, kvm',
            "device[0].driver: missing; expected a string",
            "device[0].driver: QEMU {version} has no device ''",
            'netdv: unknown key; did you mean "netdev"?',
            "machine.ram: unknown key",
        ),
    ),
}
