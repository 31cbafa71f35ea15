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

static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") >= ID_LENGTH &&
	       (!text[ID_LENGTH] || text[ID_LENGTH] == '\n') && strspn(text, "0") < ID_LENGTH;
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
	id[ID_LENGTH] = '\n';
	id[ID_LENGTH + 1] = 0;
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

/*
 * An empty or missing /etc/machine-id gets one; where /etc cannot be written to yet, the id lies
 * in /run and is bound over the file, as machine-id(5) says.
 */
static void set_machine_id(const struct cmdline *c)
{
	const char *wanted = cmdline_find(c, "systemd.machine_id");
	struct stat st;
	char id[64];

	if (read_plain(MACHINE_ID, id, sizeof(id)) > 0 && is_id(id)) {
		return;
	}
	if (wanted && strlen(wanted) == ID_LENGTH && is_id(wanted)) {
		memcpy(id, wanted, ID_LENGTH);
		memcpy(id + ID_LENGTH, "\n", 2);
	} else {
		make_id(id);
	}
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
	const char *wanted = cmdline_find(c, "systemd.hostname");
	char name[256] = "";
	size_t n;

	if (wanted && *wanted) {
		strncpy(name, wanted, sizeof(name) - 1);
	} else if (read_plain("/etc/hostname", name, sizeof(name)) == -ENOENT) {
		strcpy(name, "localhost");
	}
	n = identity_host_name(name);
	if (n == 0) {
		say("no valid name in /etc/hostname or systemd.hostname=: localhost is taken", name,
			0);
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
	set_machine_id(c);
	raise_loopback();
}
