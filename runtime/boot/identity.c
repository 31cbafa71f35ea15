// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define ID_LENGTH    32
#define HOSTNAME_MAX 64
#define ID_FILE_MAX  64 /* "uninitialized" among them */
#define MACHINE_ID   "/etc/machine-id"
#define RUN_ID       "/run/machine-id"
#define DMI_DIR      "/sys/class/dmi/id"
#define FIRST_BOOT   "/run/systemd/first-boot"

/* Anything but all 0 and all f, which firmware has where nobody set one. */
bool identity_parse_id(const char *text, char id[static 33])
{
	size_t n = 0;

	for (; *text && *text != '\n' && n <= ID_LENGTH; text++) {
		char c = *text | 0x20;

		if (*text == '-' && (n == 8 || n == 12 || n == 16 || n == 20)) {
			continue;
		}
		if (n == ID_LENGTH || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) ||
			(*text < '0')) {
			return false;
		}
		id[n++] = c;
	}
	id[n] = 0;
	return n == ID_LENGTH && strspn(id, "0") < n && strspn(id, "f") < n;
}

static void make_id(char *id)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ID_LENGTH / 2] = { 0 };

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		say("no random numbers for the machine id", NULL, errno);
	}
	bytes[6] = (bytes[6] & 0x0f) | 0x40; /* UUID version 4, as machine-id(5) asks */
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 15];
	}
	id[ID_LENGTH] = 0;
}

/* As fd_read_text() of what a file system has, which may be anything. */
static ssize_t read_plain(const char *path, char *buf, size_t size)
{
	AUTO_CLOSE int fd = fd_open_plain(path);
	ssize_t n = fd < 0 ? fd : fd_read_full(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = 0;
	return n;
}

/*
 * Nothing but a file that is missing or as short as an id is written over, whatever a link leads
 * to.
 */
static int write_id(const char *path, const char *id)
{
	struct stat st;

	if (stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > ID_FILE_MAX)) {
		return -EINVAL;
	}
	AUTO_CLOSE int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0444);

	return fd < 0 ? -errno : fd_write_full(fd, id, ID_LENGTH + 1);
}

static bool read_id(const char *path, char *id)
{
	char text[64];

	return read_plain(path, text, sizeof(text)) > 0 && identity_parse_id(text, id);
}

/* What the hypervisor calls this machine. That of a board is its maker's, and not always one. */
static bool read_hypervisors_id(char *id)
{
	static const char *const vendors[] = { "QEMU", "Amazon EC2", "Google", "Red Hat" };
	char vendor[64];

	if (fd_read_text(DMI_DIR "/sys_vendor", vendor, sizeof(vendor)) <= 0) {
		return false;
	}
	for (size_t i = 0; i < ELEMENTSOF(vendors); i++) {
		if (strncmp(vendor, vendors[i], strlen(vendors[i])) == 0) {
			return read_id(DMI_DIR "/product_uuid", id);
		}
	}
	return false;
}

/* The command line's counts whatever the file says. */
static bool wanted_id(const struct cmdline *c, char *id)
{
	const char *wanted = cmdline_find(c, ".machine_id");

	if (!wanted) {
		return false;
	}
	if (strcmp(wanted, "firmware") == 0 ? read_id(DMI_DIR "/product_uuid", id)
					    : identity_parse_id(wanted, id)) {
		return true;
	}
	say("no machine id on the kernel command line (32 hexadecimal digits, or firmware)", wanted,
		0);
	return false;
}

static void find_id(char *id)
{
	char text[64];

	if (credentials_read("system.machine_id", text, sizeof(text)) > 0) {
		if (identity_parse_id(text, id)) {
			return;
		}
		say("no machine id in the credential", "system.machine_id", 0);
	}
	if (!read_hypervisors_id(id)) {
		make_id(id);
	}
}

/* ConditionFirstBoot=: there was no id, not even an empty file. */
static void mark_first_boot(const struct cmdline *c)
{
	char text[64];
	ssize_t n = read_plain(MACHINE_ID, text, sizeof(text));

	unlink(FIRST_BOOT); /* a soft reboot's */
	if (!cmdline_yes(c, ".condition_first_boot",
		    n == -ENOENT || (n > 0 && strncmp(text, "uninitialized", 13) == 0))) {
		return;
	}
	mkdir("/run/systemd", 0755);

	AUTO_CLOSE int fd = open(FIRST_BOOT, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0) {
		say("the first boot is not noted", FIRST_BOOT, errno);
	}
}

/*
 * An empty or missing /etc/machine-id gets one; where /etc cannot be written to yet, the id lies
 * in /run and is bound over the file, as machine-id(5) says.
 */
static void set_machine_id(const struct cmdline *c)
{
	char id[ID_LENGTH + 2], there[ID_LENGTH + 1] = "";
	bool kept = read_id(MACHINE_ID, there);
	struct stat st;

	if (!wanted_id(c, id)) {
		if (kept) {
			return;
		}
		find_id(id);
	}
	if (kept && strcmp(id, there) == 0) {
		return;
	}
	id[ID_LENGTH] = '\n';
	if (write_id(MACHINE_ID, id) == 0) {
		return;
	}
	int r = write_id(RUN_ID, id);

	if (r == 0 && lstat(MACHINE_ID, &st) == 0 && S_ISLNK(st.st_mode)) {
		r = -ELOOP; /* to something that is no id, and would be hidden by one */
	}
	if (r == 0 && mount(RUN_ID, MACHINE_ID, NULL, MS_BIND, NULL) < 0) {
		r = -errno;
	}
	if (r < 0) {
		say("no machine id", MACHINE_ID, -r);
	}
}

size_t identity_host_name(const char *text)
{
	size_t n = strcspn(text, " \t\r\n#");

	return n <= HOSTNAME_MAX && text[0] != '.' && text[0] != '-' &&
			       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789._-") >= n
		       ? n
		       : 0;
}

static void set_hostname(const struct cmdline *c)
{
	const char *wanted = cmdline_find(c, ".hostname"), *from = "/etc/hostname";
	char name[256] = "";
	size_t n;

	if (wanted && *wanted) {
		from = "the kernel command line";
		strncpy(name, wanted, sizeof(name) - 1);
	} else if (read_plain("/etc/hostname", name, sizeof(name)) <= 0) {
		from = "the credential system.hostname";
		if (credentials_read("system.hostname", name, sizeof(name)) < 0) {
			strcpy(name, "localhost");
		}
	}
	n = identity_host_name(name);
	if (n == 0) {
		say("no valid host name: localhost is taken", from, 0);
		strcpy(name, "localhost");
		n = strlen(name);
	}
	name[n] = 0;
	if (sethostname(name, n) < 0) {
		say("cannot set the host name", name, errno);
	}
}

static void raise_loopback(void)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
		say("cannot bring up the loopback interface", NULL, errno);
	}
}

void identity_set(const struct cmdline *c)
{
	set_hostname(c);
	mark_first_boot(c);
	set_machine_id(c);
	raise_loopback();
}
