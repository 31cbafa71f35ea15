// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define PORT_DIR    "/dev/virtio-ports"
#define CLASS_DIR   "/sys/class/virtio-ports"
#define NOTIFY_PORT "org.supd.notify"
/* 2106: no clock that this program is to see, and as far as 32 bits of seconds go */
#define CLOCK_LATEST_S (time_t)4294967295
#define CREDENTIAL     "/run/credentials/@system/vmm.notify_socket"

/* The port's name as udev would link it; the host chose it: one plain component. */
static bool read_name(const char *port, char *name, size_t size)
{
	char path[512] = CLASS_DIR "/";

	if (strlen(port) + sizeof(CLASS_DIR "//name") > sizeof(path)) {
		return false;
	}
	strcat(path, port);
	strcat(path, "/name");
	if (fd_read_text(path, name, size) <= 0) {
		return false;
	}
	name[strcspn(name, "\n")] = 0;
	return *name && *name != '.' && !strchr(name, '/');
}

static void link_port(const char *port)
{
	char name[256], link[512] = PORT_DIR "/", target[300] = "../";

	if (!read_name(port, name, sizeof(name)) || strlen(port) > 255) {
		return;
	}
	strcat(link, name);
	strcat(target, port);
	mkdir(PORT_DIR, 0755);
	if (symlink(target, link) < 0 && errno != EEXIST) {
		say("cannot link", link, errno);
	}
}

void host_link_ports(void)
{
	DIR *dir = opendir(CLASS_DIR);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] != '.') {
			link_port(e->d_name);
		}
	}
	if (dir) {
		closedir(dir);
	}
	if (access(CREDENTIAL, F_OK) < 0 && access(PORT_DIR "/" NOTIFY_PORT, F_OK) == 0) {
		credentials_store("vmm.notify_socket", PORT_DIR "/" NOTIFY_PORT,
			strlen(PORT_DIR "/" NOTIFY_PORT));
	}
}

void host_link_systemctl(void)
{
	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/system", 0755);
	if (symlink("/run/supd/control", "/run/systemd/private") < 0 && errno != EEXIST) {
		say("cannot link", "/run/systemd/private", errno);
	}
}

/*
 * All of a boot's messages fit into the kernel's log until a journald reads them there, and into
 * journald's socket while that one is busy. The kernel's own bound of open files, a tenth of the
 * memory, would let one service take them from supd; the memory that they cost is its own anyway.
 * What the administrator says comes later: sysctl.
 */
void host_set_kernel(void)
{
	static const struct {
		const char *path, *value;
	} rows[] = {
		{ "/proc/sys/fs/file-max", "9223372036854775807\n" },
		{ "/proc/sys/kernel/printk_devkmsg", "on\n" },
		{ "/proc/sys/net/unix/max_dgram_qlen", "512\n" },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		AUTO_CLOSE int fd = open(rows[i].path, O_WRONLY | O_CLOEXEC);

		/* printk.devkmsg= on the kernel command line refuses every other word */
		if (fd < 0 || (write(fd, rows[i].value, strlen(rows[i].value)) < 0 &&
				      errno != EINVAL && errno != EPERM)) {
			say("cannot set", rows[i].path, errno);
		}
	}
}

/*
 * No clock may stand before the files of the system: certificates and timers would fail. timesyncd
 * keeps the first file, its time is that of the last known hour; the seed is written at each start
 * and end; image builders set clock-epoch's; else the time of the system and of this program. A
 * file of a time that cannot be (timesyncd is not root, and owns its) counts for nothing.
 */
void host_mend_clock(void)
{
	static const char *const files[] = { "/var/lib/systemd/timesync/clock",
		"/var/lib/systemd/random-seed", "/usr/lib/clock-epoch", "/usr", "/proc/self/exe" };
	struct timespec now, least = { 0 };
	struct stat st;

	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		if (stat(files[i], &st) == 0 && st.st_mtim.tv_sec > least.tv_sec &&
			st.st_mtim.tv_sec <= CLOCK_LATEST_S) {
			least = st.st_mtim;
		}
	}
	if (clock_gettime(CLOCK_REALTIME, &now) < 0 || now.tv_sec >= least.tv_sec) {
		return;
	}
	say("the clock stood before the system's own files: it is set to theirs", NULL, 0);
	if (clock_settime(CLOCK_REALTIME, &least) < 0) {
		say("cannot set the clock", NULL, errno);
	}
}
