// SPDX-License-Identifier: MIT
/*
 * System credentials as systemd's hosts hand them over (systemd.system-credentials(7)): what an
 * initramfs left in /run/credentials/@initrd, SMBIOS type 11 strings
 * "io.systemd.credential:NAME=TEXT" and "io.systemd.credential.binary:NAME=BASE64", fw_cfg files
 * opt/io.systemd.credentials/NAME, and systemd.set_credential=NAME:TEXT,
 * systemd.set_credential_binary=NAME:BASE64 on the kernel command line. The first that brings a
 * name wins, in this order. They become files of /run/credentials/@system.
 *
 * The SMBIOS table is read as the kernel has it, so no module is needed for it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define INITRD_DIR     "/run/credentials/@initrd"
#define DMI_TABLE      "/sys/firmware/dmi/tables/DMI"
#define FW_CFG         "/sys/firmware/qemu_fw_cfg"
#define FW_CFG_DIR     FW_CFG "/by_name/opt/io.systemd.credentials"
#define FW_CFG_DEVICE  "/sys/bus/acpi/devices/QEMU0002:00"
#define CREDENTIAL_MAX (1u << 20) /* systemd's limit */
#define DMI_HEADER     4u
#define DMI_OEM        11u
#define DMI_END        127u

static char data[CREDENTIAL_MAX + 2]; /* of whatever is read at the moment */

static void take_text(char *name, char *value, bool is_binary, const char *from)
{
	int n = is_binary ? credentials_base64(value) : (int)strlen(value);

	if (n < 0) {
		say(from, name, 0);
		return;
	}
	credentials_store(name, value, (size_t)n);
}

static void take_oem_string(char *text)
{
	static const char plain[] = "io.systemd.credential:";
	static const char binary[] = "io.systemd.credential.binary:";
	bool is_binary = strncmp(text, binary, sizeof(binary) - 1) == 0;
	char *name, *value;

	if (!is_binary && strncmp(text, plain, sizeof(plain) - 1) != 0) {
		return;
	}
	name = text + (is_binary ? sizeof(binary) : sizeof(plain)) - 1;
	value = strchr(name, '=');
	if (!value) {
		say("SMBIOS string without a value", name, 0);
		return;
	}
	*value++ = 0;
	take_text(name, value, is_binary, "not base64 in the SMBIOS string");
}

/* A structure: type, length of the header with its fields, handle; then strings, each ended by NUL,
 * and an empty one (two NUL where there is none). */
void credentials_each_oem(char *table, size_t size, void (*take)(char *text))
{
	size_t at = 0;

	while (size - at >= DMI_HEADER + 2) {
		unsigned type = (unsigned char)table[at], length = (unsigned char)table[at + 1];

		if (length < DMI_HEADER || length + 2 > size - at || type == DMI_END) {
			return;
		}
		at += length;
		if (!table[at] && !table[at + 1]) {
			at++; /* the one of no strings */
		}
		while (at < size && table[at]) {
			char *text = table + at;
			size_t n = strnlen(text, size - at);

			at += n + 1;
			if (at > size) {
				return; /* not ended: cut off */
			}
			if (type == DMI_OEM) {
				take(text);
			}
		}
		at++;
		if (at >= size) {
			return;
		}
	}
}

/* Into data. What does not fit is not taken: half a key is worse than none. -errno. */
static ssize_t read_whole(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_full(fd, data, CREDENTIAL_MAX + 1);

	return n > (ssize_t)CREDENTIAL_MAX ? -EFBIG : n;
}

static void import_smbios(void)
{
	ssize_t n = read_whole(DMI_TABLE);

	if (n > 0) {
		credentials_each_oem(data, (size_t)n, take_oem_string);
	} else if (n < 0 && n != -ENOENT) {
		say("cannot read the host's strings", DMI_TABLE, (int)-n);
	}
}

/* Each file, or what LEAF is in each directory, under the name of its entry. */
static void import_directory(const char *where, const char *leaf)
{
	DIR *dir = opendir(where);
	struct dirent *entry;
	char path[BOOT_PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			strlen(where) + strlen(entry->d_name) + strlen(leaf) + 2 > sizeof(path)) {
			continue;
		}
		strcpy(path, where);
		strcat(path, "/");
		strcat(path, entry->d_name);
		strcat(path, leaf);

		ssize_t n = read_whole(path);

		if (n >= 0) {
			credentials_store(entry->d_name, data, (size_t)n);
		} else {
			say("cannot read the credential", path, (int)-n);
		}
	}
	if (dir) {
		closedir(dir);
	}
}

/* Its module is none of the kernel's own; an initramfs may have brought it. */
static void import_fw_cfg(void)
{
	if (access(FW_CFG, F_OK) < 0 && access(FW_CFG_DEVICE, F_OK) == 0) {
		modules_probe("qemu_fw_cfg");
	}
	import_directory(FW_CFG_DIR, "/raw");
}

static void import_words(const struct cmdline *c)
{
	static const char *const names[] = { ".set_credential", ".set_credential_binary" };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const char *at = NULL, *value;

		while ((value = cmdline_each(c, names[i], &at))) {
			strncpy(data, value, BOOT_CMDLINE_MAX);
			data[BOOT_CMDLINE_MAX] = 0;
			char *colon = strchr(data, ':');

			if (!colon) {
				say("a credential on the kernel command line is NAME:VALUE", data,
					0);
				continue;
			}
			*colon++ = 0;
			take_text(data, colon, i == 1,
				"not base64 on the kernel command line in the credential");
		}
	}
}

/* systemd's stub puts files of the EFI partition there: encrypted for systemd-creds, and nobody
 * vouches for them otherwise. */
void credentials_refuse_encrypted(void)
{
	static const char *const dirs[] = { "/.extra/credentials", "/.extra/global_credentials" };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		if (access(dirs[i], F_OK) == 0) {
			say("encrypted credentials are left out: nothing here decrypts them",
				dirs[i], 0);
		}
	}
}

void credentials_import(const struct cmdline *c)
{
	if (!cmdline_yes(c, ".import_credentials", true)) {
		return;
	}
	import_directory(INITRD_DIR, "");
	import_smbios();
	import_fw_cfg();
	import_words(c);
	chmod(CREDENTIALS_DIR, 0500);
}
