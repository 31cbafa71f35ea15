// SPDX-License-Identifier: MIT
/*
 * What udevd has written about one device (/run/udev/data/ID, libudev's format: a letter, a colon,
 * a value on each line). Pure. Only what device units need is kept: whether the device is for
 * systemd's kind of manager (tag "systemd"), whether it is ready (SYSTEMD_READY=), further names
 * (SYSTEMD_ALIAS=) and units that are wanted when it appears (SYSTEMD_WANTS=).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define DEVICEDB_ID 128 /* "b8:1", "n2", "+usb:1-1" */

struct devicedb_facts {
	bool tagged;
	bool ready;    /* tagged, and not SYSTEMD_READY=0 */
	char *aliases; /* owned; words separated by blanks, or NULL */
	char *wants;
};

/* -ENOMEM. Lines that are not understood are skipped. */
int devicedb_parse(const char *text, struct devicedb_facts *ret);
void devicedb_fini(struct devicedb_facts *f);
/* Is it one of the words? */
bool devicedb_has_word(const char *words, const char *word);
/* The next word into buf; false at the end. *cursor starts at the list. */
bool devicedb_next_word(const char **cursor, char *buf, size_t size);

/* "/dev/sda1" of "dev-sda1.device". -EINVAL: no name of a path. */
int devicedb_path_of_unit(const char *unit, char *buf, size_t size);
/* The name that udevd's files have for a node: "b8:1", "c4:64"; -EINVAL: it is no device. */
int devicedb_id_of_node(mode_t mode, dev_t rdev, char buf[DEVICEDB_ID]);
