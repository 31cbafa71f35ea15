// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/fd.h"
#include "../base/timeutil.h"
#include "boot.h"

/* supd-init is built with glibc, this program with musl, whose SIGRTMIN is 35. */
#define GLIBC_SIGRTMIN 34

#define MODULE_LIST    "/lib/modules/supd-boot.list"

/* Where it may be installed; what init= names comes first. */
static const char *const inits[] = {
	LIBEXECDIR "/supd-init",
	"/usr/libexec/supd/supd-init",
	"/usr/lib/supd/supd-init",
};

/* init= may be what brought us here: that would go round for ever. */
static bool is_boot(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "supd-boot") == 0;
}

static void become_init(const struct cmdline *c)
{
	const char *wanted = cmdline_find(c, "init");
	char *argv[] = { "supd-init", NULL };
	char *environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=linux",
		NULL,
	};

	if (wanted && *wanted == '/' && !is_boot(wanted)) {
		argv[0] = (char *)(uintptr_t)wanted;
		execve(wanted, argv, environment);
		say("cannot execute what init= names", wanted, errno);
		argv[0] = "supd-init";
	}
	for (size_t i = 0; i < sizeof(inits) / sizeof(inits[0]); i++) {
		if (access(inits[i], X_OK) == 0) {
			execve(inits[i], argv, environment);
			say("cannot execute", inits[i], errno);
		}
	}
}

static void boot(bool again)
{
	static char text[BOOT_CMDLINE_MAX];
	static struct cmdline cmdline;
	struct boottimes times = { .userspace_us = now_us() };

	apimounts_make();
	say_open_console();
	fd_read_text("/proc/cmdline", text, sizeof(text));
	cmdline_parse(&cmdline, text);
	modules_load_list("/", MODULE_LIST);
	credentials_refuse_encrypted();
	int moved = root_switch(&cmdline);

	if (moved < 0) {
		emergency_shell(
			"no root file system: mount it on /sysroot by hand, or correct root= "
			"on the kernel's command line");
		return;
	}
	if (moved) {
		times.initrd_us = times.userspace_us;
		times.userspace_us = now_us();
	}
	apimounts_make(); /* what lies on the new root */
	root_make_writable(&cmdline);
	credentials_import(&cmdline);
	identity_set(&cmdline);
	host_link_ports();
	host_link_systemctl();
	host_set_kernel();
	host_mend_clock();
	bootunits_make(&cmdline);
	bootfstab_make(&cmdline);
	times_store(BOOTTIMES_PATH, &times, again);
	become_init(&cmdline);
	say("supd-init is not on this root file system", NULL, 0);
	emergency_shell("no supd-init");
}

int main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "--emergency") == 0) {
		int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

		if (console >= 0) {
			dup2(console, STDERR_FILENO); /* ours may be a log */
			close(console);
		}
		emergency_shell(argv[2]);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--power-key") == 0) {
		return powerkey_serve(GLIBC_SIGRTMIN + 4); /* poweroff */
	}
	bool again = argc == 2 && strcmp(argv[1], "--again") == 0 && getpid() == 1;

	if (again) {
		root_next(); /* soft-reboot */
	}
	if (getpid() != 1) {
		say("usage: as PID 1 of a machine, --emergency REASON or --power-key", NULL, 0);
		return 2;
	}
	sync(); /* whatever a shell before us did */
	umask(022);
	chdir("/");
	for (;;) {
		boot(again);
	}
}
