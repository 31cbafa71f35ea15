// SPDX-License-Identifier: MIT
/*
 * What systemd has generators for, as unit files, drop-ins and links below BOOTUNITS_DIR.
 *
 * Of systemd-getty-generator: logins on the kernel's consoles, on hypervisors' consoles, and on
 * those that the credential getty.ttys.serial names.
 *
 * Of systemd-run-generator: systemd.run=, run_success_action=, run_failure_action=.
 *
 * Of systemd-debug-generator: systemd.debug_shell, default_debug_tty=; the credentials
 * systemd.extra-unit.NAME and systemd.unit-dropin.NAME[~DROPIN].
 *
 * Of systemd-rc-local-generator: rc.local.
 *
 * And what provisions a machine from the host's credentials (systemd.system-credentials(7)).
 *
 * Only text of root's, the kernel's and the host's is written here; what it means is the loader's
 * to judge, which has no rights.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "boot.h"

#define ABOVE_DIR     "/run/supd-boot"
#define TTY_CLASS     "/sys/class/tty/"
#define TTY_ACTIVE    TTY_CLASS "console/active"
#define TTY_NAME      64u
#define CONSOLE_GETTY "console-getty.service"
#define GETTY         "/sbin/agetty"
#define TEXT_MAX      16384u
#define UNIT_MAX      (1u << 20)
#define PARTS         12
#define HEAD          "# Made by supd-boot of the kernel command line.\n"

/* PARTS strings, ended by NULL, as one; false: too long. */
static bool join(char *buf, size_t size, const char *const *parts)
{
	size_t at = 0;

	for (size_t i = 0; parts[i]; i++) {
		size_t n = strlen(parts[i]);

		if (n >= size - at) {
			return false;
		}
		memcpy(buf + at, parts[i], n);
		at += n;
	}
	buf[at] = 0;
	return true;
}

/* Path of a file below BOOTUNITS_DIR, in directory dir (or NULL), which is made. */
static bool place(char *path, const char *dir, const char *name)
{
	if (dir) {
		if (!join(path, BOOT_PATH_MAX,
			    (const char *[]) { BOOTUNITS_DIR, "/", dir, NULL })) {
			return false;
		}
		mkdir(path, 0755);
	}
	return join(path, BOOT_PATH_MAX,
		(const char *[]) {
			BOOTUNITS_DIR, "/", dir ? dir : "", dir ? "/" : "", name, NULL });
}

static void put(const char *dir, const char *name, const void *text, size_t size)
{
	char path[BOOT_PATH_MAX];
	int r = -ENAMETOOLONG;

	if (place(path, dir, name)) {
		AUTO_CLOSE int fd =
			open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

		r = fd < 0 ? -errno : fd_write_full(fd, text, size);
	}
	if (r < 0) {
		say("cannot write the unit file", name, -r);
	}
}

static void put_unit(const char *name, const char *const *parts)
{
	static char text[TEXT_MAX];

	if (join(text, sizeof(text), parts)) {
		put(NULL, name, text, strlen(text));
	} else {
		say("too long for a unit file", name, 0);
	}
}

/* The link's name alone is what counts in TARGET.wants. */
static void want(const char *target, const char *unit)
{
	char dir[TTY_NAME + 8], path[BOOT_PATH_MAX], to[TTY_NAME + 32];

	if (!join(dir, sizeof(dir), (const char *[]) { target, ".wants", NULL }) ||
		!join(to, sizeof(to), (const char *[]) { "../", unit, NULL }) ||
		!place(path, dir, unit) || (symlink(to, path) < 0 && errno != EEXIST)) {
		say("cannot link the unit", unit, errno);
	}
}

/* ---- getty ---- */

static bool is_tty_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < TTY_NAME &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* Virtual terminals have getty@.service; tty0 and console are no terminals of their own. */
static bool is_virtual(const char *name)
{
	return strcmp(name, "console") == 0 ||
	       (strncmp(name, "tty", 3) == 0 && strspn(name + 3, "0123456789") == strlen(name + 3));
}

/* There is a driver, and hardware behind it. */
static bool answers(const char *name)
{
	char path[TTY_NAME + 8];
	struct termios t;

	if (!join(path, sizeof(path), (const char *[]) { "/dev/", name, NULL })) {
		return false;
	}
	AUTO_CLOSE int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && tcgetattr(fd, &t) == 0;
}

static void want_getty(const char *name)
{
	char unit[TTY_NAME + 32];

	if (!is_tty_name(name)) {
		say("not the name of a serial terminal", name, 0);
		return;
	}
	if (join(unit, sizeof(unit),
		    (const char *[]) { "serial-getty@", name, ".service", NULL })) {
		want("getty.target", unit);
		want("multi-user.target", "getty.target");
	}
}

static void each_word(char *text, void (*take)(const char *word))
{
	char *save = NULL;

	for (char *p = strtok_r(text, " \t\n", &save); p; p = strtok_r(NULL, " \t\n", &save)) {
		take(strncmp(p, "/dev/", 5) == 0 ? p + 5 : p);
	}
}

/* The terminal that /dev/console is, the last of the kernel's; false: not known. */
static bool console_terminal(char name[TTY_NAME])
{
	char text[512], *save = NULL;

	name[0] = 0;
	if (fd_read_text(TTY_ACTIVE, text, sizeof(text)) <= 0) {
		return false;
	}
	for (char *p = strtok_r(text, " \t\n", &save); p; p = strtok_r(NULL, " \t\n", &save)) {
		if (is_tty_name(p)) {
			memcpy(name, p, strlen(p) + 1);
		}
	}
	return name[0] != 0;
}

static void mask(const char *template, const char *tty)
{
	char path[BOOT_PATH_MAX];

	if (join(path, sizeof(path),
		    (const char *[]) { BOOTUNITS_DIR "/", template, tty, ".service", NULL }) &&
		symlink("/dev/null", path) < 0 && errno != EEXIST) {
		say("cannot mask another login on the terminal", tty, errno);
	}
}

/* supd's own directories, which count whatever is imported, want console-getty.service. */
static bool console_has_login(void)
{
	static const char *const dirs[] = { "/etc/supd", "/usr/local/lib/supd", "/usr/lib/supd" };
	char path[128];
	struct stat st;

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		join(path, sizeof(path),
			(const char *[]) { dirs[i], "/getty.target.wants/" CONSOLE_GETTY, NULL });
		if (lstat(path, &st) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * One login for each. On /dev/console it is that of console-getty.service where the administrator
 * wants that for supd; one of systemd's, whose units may not be imported, gives way to ours.
 */
static void want_console(const char *name)
{
	char console[TTY_NAME];
	bool is_console = console_terminal(console) && strcmp(name, console) == 0;

	if (is_virtual(name) || !answers(name) || (is_console && console_has_login())) {
		return;
	}
	want_getty(name);
	if (is_console) {
		mask("console-getty", "");
	}
}

static void make_gettys(const struct cmdline *c)
{
	static const char *const of_hypervisors[] = { "hvc0", "xvc0", "hvsi0", "sclp_line0",
		"ttysclp0" };
	char text[512];

	if (credentials_read("getty.ttys.serial", text, sizeof(text)) > 0) {
		each_word(text, want_getty);
	}
	if (!cmdline_yes(c, ".getty_auto", credentials_yes("getty.auto", true)) ||
		access(GETTY, X_OK) < 0) {
		return;
	}
	if (fd_read_text(TTY_ACTIVE, text, sizeof(text)) > 0) {
		each_word(text, want_console);
	}
	for (size_t i = 0; i < ELEMENTSOF(of_hypervisors); i++) {
		want_console(of_hypervisors[i]);
	}
}

/* ---- systemd.run= ---- */

static void make_run(const struct cmdline *c)
{
	static char commands[BOOT_CMDLINE_MAX * 2];
	static const char target[] = HEAD
		"[Unit]\nDescription=Command of the kernel command line\n"
		"Requires=basic.target\nAfter=basic.target\nWants=kernel-command-line.service\n"
		"AllowIsolate=yes\n";
	const char *success = cmdline_find(c, ".run_success_action");
	const char *failure = cmdline_find(c, ".run_failure_action");
	const char *at = NULL, *value;
	size_t n = 0;

	while ((value = cmdline_each(c, ".run", &at))) {
		if (*value && join(commands + n, sizeof(commands) - n,
				      (const char *[]) { "ExecStart=", value, "\n", NULL })) {
			n = strlen(commands);
		}
	}
	if (n == 0) {
		return;
	}
	put_unit("kernel-command-line.service",
		(const char *[PARTS]) { HEAD
			"[Unit]\nDescription=Command of the kernel command line\n"
			"Documentation=man:systemd-run-generator(8)\nSuccessAction=",
			success && *success ? success : "exit",
			"\nFailureAction=", failure && *failure ? failure : "exit",
			"\n[Service]\nType=oneshot\nStandardOutput=journal+console\n"
			"StandardError=journal+console\n",
			commands, "[Container]\nProfile=trusted\n", NULL });
	put(NULL, "kernel-command-line.target", target, sizeof(target) - 1);

	if (symlink("kernel-command-line.target", BOOTUNITS_DIR "/default.target") < 0) {
		say("cannot link the unit", "default.target", errno);
	}
}

/* ---- systemd.debug_shell ---- */

/* One terminal has one reader. */
static void mask_logins(const char *tty)
{
	char console[TTY_NAME];
	bool known = console_terminal(console);

	if (strcmp(tty, "console") == 0 || (known && strcmp(tty, console) == 0)) {
		mask("console-getty", "");
	}
	if (strcmp(tty, "console") == 0 && known) {
		tty = strcmp(console, "tty0") == 0 ? "tty1" : console; /* the one that is seen */
	}
	mask(is_virtual(tty) ? "getty@" : "serial-getty@", tty);
}

static void make_debug_shell(const struct cmdline *c)
{
	const char *value = cmdline_find(c, ".debug_shell");
	const char *tty = cmdline_find(c, ".default_debug_tty");

	if (!value || cmdline_bool(value) == 0) {
		return;
	}
	tty = cmdline_bool(value) < 0 ? value : tty && *tty ? tty : "tty9";
	tty += strncmp(tty, "/dev/", 5) == 0 ? 5 : 0;
	if (strcmp(tty, "console") != 0 && (!is_tty_name(tty) || !answers(tty))) {
		say("no terminal for the debug shell (systemd.debug_shell=TTY names one)", tty, 0);
		return;
	}
	put_unit("debug-shell.service",
		(const char *[PARTS]) { HEAD "[Unit]\nDescription=Root's shell on /dev/", tty,
			", for debugging only\n"
			"Documentation=man:systemd-debug-generator(8)\nDefaultDependencies=no\n"
			"IgnoreOnIsolate=yes\n[Service]\nEnvironment=TERM=linux\nExecStart=",
			access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh",
			"\nRestart=always\nRestartSec=0\nStandardInput=tty\nStandardOutput="
			"tty\nStandardError=tty\nTTYPath=/dev/",
			tty,
			"\nTTYReset=yes\nTTYVHangup=yes\nKillMode=process\nIgnoreSIGPIPE=no\n"
			"KillSignal=SIGHUP\n[Container]\nProfile=trusted\n",
			NULL });
	want("sysinit.target", "debug-shell.service");
	mask_logins(tty);
}

/* ---- fsck.mode=, fsck.repair= ---- */

/* systemd's own program reads the words itself; for that of units/machine. */
static void make_fsck(const struct cmdline *c)
{
	const char *mode = cmdline_find(c, "fsck.mode"), *repair = cmdline_find(c, "fsck.repair");
	bool force = mode && strcmp(mode, "force") == 0;
	char text[96];

	if ((force || repair) &&
		join(text, sizeof(text),
			(const char *[]) { "[Service]\nEnvironment=FSCK_REPAIR=", fsck_option(c),
				" FSCK_FORCE=", force ? "-f" : "", "\n", NULL })) {
		put("systemd-fsck@.service.d", "10-kernel-command-line.conf", text, strlen(text));
	}
}

/* ---- credentials ---- */

/* NAME, or NAME~DROPIN in its directory. */
static void put_dropin(char *name, const void *text, size_t size)
{
	char *tilde = strchr(name, '~');
	char dir[300], file[300];

	if (tilde) {
		*tilde++ = 0;
	}
	if (!*name || (tilde && !*tilde) ||
		!join(dir, sizeof(dir), (const char *[]) { name, ".d", NULL }) ||
		!join(file, sizeof(file),
			(const char *[]) { tilde ? tilde : "50-credential", ".conf", NULL })) {
		say("no name of a drop-in in the credential systemd.unit-dropin", name, 0);
		return;
	}
	put(dir, file, text, size);
}

static void take_credential(int dir, char *name)
{
	static const char unit[] = "systemd.extra-unit.", dropin[] = "systemd.unit-dropin.";
	static char text[UNIT_MAX];
	bool is_dropin = strncmp(name, dropin, sizeof(dropin) - 1) == 0;

	if (!is_dropin && strncmp(name, unit, sizeof(unit) - 1) != 0) {
		return;
	}
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read_full(fd, text, sizeof(text));

	if (n < 0) {
		say("cannot read the credential", name, (int)-n);
	} else if (is_dropin) {
		put_dropin(name + sizeof(dropin) - 1, text, (size_t)n);
	} else if (name[sizeof(unit) - 1]) {
		put(NULL, name + sizeof(unit) - 1, text, (size_t)n);
	}
}

/* Units that a credential is meant for get it where the host has one: systemd's own units ask for
 * it, those of units/machine are spared the mount. */
static void pass_credentials(void)
{
	static const struct {
		const char *name, *unit;
	} rows[] = {
		{ "tmpfiles.extra", "systemd-tmpfiles-setup-dev.service" },
		{ "tmpfiles.extra", "systemd-tmpfiles-setup.service" },
		{ "login.motd", "systemd-tmpfiles-setup.service" },
		{ "login.issue", "systemd-tmpfiles-setup.service" },
		{ "network.hosts", "systemd-tmpfiles-setup.service" },
		{ "ssh.authorized_keys.root", "systemd-tmpfiles-setup.service" },
		{ "sysctl.extra", "systemd-sysctl.service" },
		{ "sysusers.extra", "systemd-sysusers.service" },
	};
	char path[128], dir[64], file[64], text[128];

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const char *name = rows[i].name;

		join(path, sizeof(path), (const char *[]) { CREDENTIALS_DIR "/", name, NULL });
		join(dir, sizeof(dir), (const char *[]) { rows[i].unit, ".d", NULL });
		join(file, sizeof(file), (const char *[]) { "10-", name, ".conf", NULL });
		join(text, sizeof(text),
			(const char *[]) { "[Service]\nImportCredential=", name, "\n", NULL });
		if (access(path, F_OK) == 0) {
			put(dir, file, text, strlen(text));
		}
	}
	if (access(CREDENTIALS_DIR "/passwd.hashed-password.root", F_OK) == 0 ||
		access(CREDENTIALS_DIR "/passwd.plaintext-password.root", F_OK) == 0) {
		want("sysinit.target", "supd-root-password.service");
	}
}

static void take_credentials(void)
{
	DIR *dir = opendir(CREDENTIALS_DIR);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		take_credential(dirfd(dir), entry->d_name);
	}
	if (dir) {
		closedir(dir);
	}
}

/* A soft reboot finds those of the last boot. */
static bool make_directory(void)
{
	struct stat st;

	mkdir(ABOVE_DIR, 0755);
	mkdir(BOOTUNITS_DIR, 0755);

	int fd = open(BOOTUNITS_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0) {
		say("no units of the kernel command line and of the host", BOOTUNITS_DIR, errno);
		return false;
	}
	root_remove_below(fd, st.st_dev, 2);
	return true;
}

void bootunits_make(const struct cmdline *c)
{
	if (!make_directory()) {
		return;
	}
	make_gettys(c);
	make_run(c);
	make_debug_shell(c);
	make_fsck(c);
	if (access("/etc/rc.local", X_OK) == 0) {
		want("multi-user.target", "rc-local.service");
	}
	pass_credentials();
	take_credentials();
}
