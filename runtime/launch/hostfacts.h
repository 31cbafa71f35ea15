// SPDX-License-Identifier: MIT
/*
 * Facts about the machine that conditions ask for (systemd.unit(5), "Conditions and Asserts").
 * Functions of a parameter return 1, 0 or -errno; a word that is not known is 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a small file, NUL-terminated, one trailing newline cut. Length or -errno. */
ssize_t host_read(const char *path, char *buf, size_t size);
/* "1", "yes", "y", "true", "t", "on". */
bool host_is_yes(const char *text);
/* Number of "CAP_KILL" or "kill"; -EINVAL. */
int host_capability(const char *name);
/* Third field of the line of name in a passwd or group file; -ENOENT. Files only, no NSS. */
int host_id_in_file(const char *path, const char *name, uint32_t *ret);
/* All blank-separated words of wanted are in text. */
bool host_has_words(const char *text, const char *wanted);
/* Every "FIELD=value" or "FIELD>=version" of parameter holds in the text of os-release. */
bool host_os_release_matches(const char *text, const char *parameter);
/* The text of /proc/cpuinfo has that flag. */
bool host_cpu_has(const char *cpuinfo, const char *feature);

/* systemd's name of what uname(2) calls machine: "x86-64", "arm64", … */
const char *host_architecture_name(const char *machine);
/* The same of this machine, or "native". */
int host_architecture(const char *parameter);
/* "vm", "container", "private-users", a boolean, or the name of one kind ("kvm", "docker"). */
int host_virtualization(const char *parameter);
/* "selinux", "apparmor", "audit", "uefi-secureboot", …: present on this machine. */
int host_security(const char *parameter);
/* A boolean: on mains power or not; a machine without a battery is. */
int host_ac_power(const char *parameter);
