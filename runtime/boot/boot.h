// SPDX-License-Identifier: MIT
/*
 * supd-boot: what stands between the kernel and supd-init. It is PID 1's first program (in an
 * initramfs and on a root file system alike), parses what supd-init must not parse, makes the file
 * systems every program expects, and then becomes supd-init. Started with --emergency by a running
 * supd-init it is a child that gives the console to a shell.
 *
 * Nothing here may end PID 1: a step that fails says so and the boot goes on; without a root file
 * system or without supd-init there is the emergency shell.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../base/bootpaths.h"
#include "../base/boottimes.h"

#define BOOT_CMDLINE_MAX 8192u
#define BOOT_PATH_MAX    4096u

/* ---- say.c: the console ---- */

/* "supd-boot: what: object: errno text" on the console; object may be NULL, error is >= 0. */
void say(const char *what, const char *object, int error);
/* /dev/console as descriptors 0 to 2 where they are closed or only /dev/null can be had. */
void say_open_console(void);

/* ---- cmdline.c: the kernel command line, pure ---- */

struct cmdline {
	char text[BOOT_CMDLINE_MAX]; /* words, each ended by NUL; an empty one ends the list */
};

/* Splits at blanks; double quotes keep blanks and are dropped; words after "--" are left out. */
void cmdline_parse(struct cmdline *ret, const char *text);
/*
 * The value of the last NAME=VALUE, "" for a bare NAME, NULL without. A name that begins with '.'
 * is found with "supd" and with "systemd" before it, as in the functions below.
 */
const char *cmdline_find(const struct cmdline *c, const char *name);
/* The same of each such word, one after another; *at begins as NULL. NULL: no more. */
const char *cmdline_each(const struct cmdline *c, const char *name, const char **at);
/* yes, no, 1, … as 1 or 0; "" is 1; -EINVAL. */
int cmdline_bool(const char *value);
/* Of NAME or NAME=BOOLEAN; what is neither is said. */
bool cmdline_yes(const struct cmdline *c, const char *name, bool otherwise);

/* ---- apimounts.c ---- */

/* proc, sys, dev, … where nothing is mounted yet. Idempotent. */
void apimounts_make(void);

/* ---- identity.c ---- */

/* Host name, machine id, loopback interface; whether this is the first boot. */
void identity_set(const struct cmdline *c);
/* 32 digits or a UUID, then NUL or a line's end, as 32 lower-case digits: into id. */
bool identity_parse_id(const char *text, char id[static 33]);
/*
 * Length of the host name that the text begins with, up to a blank, "#" or its end: 1 to 64
 * letters, digits, dots, dashes and underscores, no dot or dash at first. 0: it begins with none.
 */
size_t identity_host_name(const char *text);

/* ---- credentials.c ---- */

#define CREDENTIALS_DIR "/run/credentials/@system"

/* Decodes base64 (RFC 4648, padding optional at the end) in place: the length, or -EINVAL. */
int credentials_base64(char *text);
bool credentials_is_name(const char *name);
/* Keeps one; a bad name or a failure is said, one that is there stays. */
void credentials_store(const char *name, const void *data, size_t size);
/* The text of one that is kept, ended by NUL: its length, or -errno. */
ssize_t credentials_read(const char *name, char *buf, size_t size);
/* One that holds yes or no; what is neither is said. */
bool credentials_yes(const char *name, bool otherwise);

/* ---- credsources.c ---- */

/* From the host, the initramfs and the command line into CREDENTIALS_DIR. */
void credentials_import(const struct cmdline *c);
/* In an initramfs: says that those of the EFI partition are left out. */
void credentials_refuse_encrypted(void);
/* Each OEM string of an SMBIOS table, which may be cut off or be no table; take may change it. */
void credentials_each_oem(char *table, size_t size, void (*take)(char *text));

/* ---- host.c ---- */

/* /dev/virtio-ports/NAME without udev; the port org.supd.notify is where the host listens when no
 * credential says otherwise. */
void host_link_ports(void);
/* systemctl and sd_booted(3) find supd where they look for systemd. */
void host_link_systemctl(void);
/* Kernel variables that logging needs before any unit can set them. */
void host_set_kernel(void);
/* A clock in 1970 goes to the time of the newest file that tells one. */
void host_mend_clock(void);

/* ---- modules.c ---- */

/* Loads the modules that FILE names, one path below DIR a line, in this order. */
void modules_load_list(const char *dir, const char *file);
/* Has modprobe(8) load one, where there is such a program; that it cannot is no error. */
void modules_probe(const char *name);

/* ---- probe.c: devices by what is on them, for an initramfs without udev ---- */

/* Does the file system (ext2 to ext4, xfs, btrfs, erofs) have that UUID= or LABEL=? */
bool probe_filesystem(int fd, const char *spec);
/* Has that partition of the disk (GPT, or DOS for PARTUUID) that PARTUUID= or PARTLABEL=? */
bool probe_partition(int disk, uint32_t number, const char *spec);
/* Looks through the block devices that are there; the path of the first that fits into buf. */
bool probe_find(const char *spec, char *buf, size_t size);

/* ---- root.c ---- */

/*
 * The device that root= or fstab names: a path as it is, UUID= and its like by udev's links or by
 * what is on the disks. NULL: it is not there, or not named so.
 */
const char *root_device(const char *name, char *buf, size_t size);

/*
 * In an initramfs with root= on the command line: mounts it and goes there. 1: it did, 0: there is
 * nowhere to go, -errno: said.
 */
int root_switch(const struct cmdline *c);

/*
 * How many seconds rootwait= gives the root device: 30 without the word; alone it is, as to the
 * kernel, no limit (UINT32_MAX). What is no number counts as if it were not there.
 */
uint32_t cmdline_root_patience(const struct cmdline *c);

/*
 * Makes the file system mounted there the root, with /dev, /proc, /sys and /run moved into it;
 * remove: what lies on the old one goes. -errno: said.
 */
int root_enter(const char *where, bool remove);

/* After a soft reboot: goes to /run/nextroot when something is mounted there. */
void root_next(void);
/* Empties the directory dir, which it closes: this file system only, links not followed. */
void root_remove_below(int dir, dev_t device, int depth);

/* ---- bootunits.c ---- */

/*
 * What systemd's generators and the kernel command line add to the units of a machine, as files in
 * BOOTUNITS_DIR: first in the unit path, made anew by each boot.
 */
void bootunits_make(const struct cmdline *c);

/* ---- bootfstab.c ---- */

/* Mounts and swaps of the kernel command line and of the credential fstab.extra, for the loader. */
void bootfstab_make(const struct cmdline *c);
/* WHAT:WHERE[:TYPE[:OPTIONS]] (swap: WHAT[:OPTIONS]) as a line of fstab into buf. -EINVAL, -E2BIG.
 */
int bootfstab_line(const char *word, bool swap, char *buf, size_t size);

/* ---- times.c ---- */

/*
 * Writes the record into that file for supd-init. again: this is a soft reboot, one more than the
 * record there says. A failure is said.
 */
void times_store(const char *path, struct boottimes *times, bool again);

/* ---- writable.c ---- */

/*
 * fsck and remount of a root file system that the kernel mounted read-only, as fstab wants it;
 * without a line there, unless the command line says ro.
 */
void root_make_writable(const struct cmdline *c);
/* fsck's option for fsck.repair=: -a, -y or -n. */
const char *fsck_option(const struct cmdline *c);

/* ---- powerkey.c ---- */

/* Sends PID 1 that signal whenever a power button is pressed; an exit status when it cannot. */
int powerkey_serve(int signo);

/* ---- emergency.c ---- */

/* A shell on the console; returns when it has ended. */
void emergency_shell(const char *reason);
