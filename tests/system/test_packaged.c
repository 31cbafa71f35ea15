// SPDX-License-Identifier: MIT
/*
 * Daemons of Debian under compat that live on what their package's own tools made (a cluster, a
 * queue, a system bus), with their unmodified unit files: each starts, answers a real request, is
 * reloaded (or restarted, where its unit knows no reload) with another configuration, answers by
 * it, stops with success within its timeout, and was denied no system call.
 * `test_packaged NAME`: one of the table. The machine's own data and configuration are left alone.
 */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "deniedcalls.h"
#include "harness.h"
#include "knowsupd.h"

#define UNITS "/lib/systemd/system/"

static struct sys *s;

/* Commands are shell; they are asked again until they succeed. */
struct packaged {
	const char *name;
	const char *units[3];    /* started in this order, stopped in the opposite one */
	const char *files[5];    /* of UNITS; the first: it is installed */
	const char *programs[4]; /* whose denied calls count: part of the path */
	const char *prepare;
	const char *ask;
	const char *arrived; /* what comes of it, after a while */
	const char *change;
	const char *verb; /* of supctl, with the unit */
	const char *ask_again;
	const char *arrived_again;
	bool new_process; /* the verb is not a reload */
	const char *tool; /* must be there as well */
};

/*
 * Their output is a failure's message. `own DIR…`: this test has a copy of the directory, `empty
 * DIR…`: an empty one of the same owner and mode. /run is the test's.
 */
#define PRELUDE                                                                                    \
	"set -e; export LC_ALL=C\n"                                                                \
	"place() { t=/run/own$(echo \"$1\" | tr / _); mkdir \"$t\"\n"                              \
	" chown --reference=\"$1\" \"$t\"; chmod --reference=\"$1\" \"$t\"; }\n"                   \
	"empty() { for d; do place \"$d\"; mount --bind \"$t\" \"$d\"; done; }\n"                  \
	"own() { for d; do place \"$d\"; cp -a \"$d/.\" \"$t\"; mount --bind \"$t\" \"$d\"\n"      \
	" done; }\n"

#define HAPROXY(mark)                                                                              \
	"cat >/etc/haproxy/haproxy.cfg <<EOT\n"                                                    \
	"global\n"                                                                                 \
	"log /dev/log local0\n"                                                                    \
	"chroot /var/lib/haproxy\n"                                                                \
	"user haproxy\n"                                                                           \
	"group haproxy\n"                                                                          \
	"defaults\n"                                                                               \
	"mode http\n"                                                                              \
	"log global\n"                                                                             \
	"option httplog\n"                                                                         \
	"timeout connect 5s\n"                                                                     \
	"timeout client 5s\n"                                                                      \
	"timeout server 5s\n"                                                                      \
	"frontend front\n"                                                                         \
	"bind 127.0.0.1:80\n"                                                                      \
	"default_backend back\n"                                                                   \
	"backend back\n"                                                                           \
	"server one 127.0.0.1:8080\n"                                                              \
	"frontend web\n"                                                                           \
	"bind 127.0.0.1:8080\n"                                                                    \
	"http-request return status 200 content-type text/plain string " mark "\n"                 \
	"EOT\n"

#define GET(n)    "curl -s --max-time 5 http://127.0.0.1/path-" n " | grep mark-" n
#define LOGGED(n) "grep 'haproxy.*GET /path-" n "' /var/log/supd"

#define RSYSLOG(file)                                                                              \
	"cat >/run/rsyslog.conf <<EOT\n"                                                           \
	"module(load=\"imuxsock\")\n"                                                              \
	"input(type=\"imuxsock\" Socket=\"/run/systemd/journal/dev-log\")\n"                       \
	"*.* " file "\n"                                                                           \
	"EOT\n"

/* Lines that came before the file was moved are in the other one: they are sent until one is here.
 */
#define LOG(mark)                                                                                  \
	"logger --socket-errors=on --socket /run/systemd/journal/syslog " mark " && grep " mark    \
	" /var/log/supd"

#define POSTFIX(mark)                                                                              \
	"cat >/etc/postfix/main.cf <<EOT\n"                                                        \
	"compatibility_level = 3.6\n"                                                              \
	"myhostname = supd.test\n"                                                                 \
	"myorigin = supd.test\n"                                                                   \
	"mydestination = supd.test\n"                                                              \
	"inet_interfaces = 127.0.0.1\n"                                                            \
	"inet_protocols = ipv4\n"                                                                  \
	"smtpd_banner = " mark "\n"                                                                \
	"alias_maps =\n"                                                                           \
	"mail_spool_directory = /var/mail\n"                                                       \
	"EOT\n"
/* A letter that was not taken is sent again. */
#define MAIL(mark)                                                                                 \
	"{ printf 'Subject: supd\\r\\n\\r\\nletter of supd\\r\\n' | curl -sv --max-time 20 "       \
	"smtp://127.0.0.1 --mail-from a@supd.test --mail-rcpt games@supd.test -T - >/run/mail "    \
	"2>&1 || { cat /run/mail; false; }; } && grep '220 " mark "' /run/mail"

#define SQL(command, text) "test \"$(" command ")\" = \"" text "\""
#define PSQL                                                                                       \
	"/usr/lib/postgresql/15/bin/psql -h /run/postgresql -U postgres -At -c "                   \
	"\"select sum(a*a), current_setting('supd.mark') from t\""
#define PSQL_TABLE                                                                                 \
	"/usr/lib/postgresql/15/bin/psql -h /run/postgresql -U postgres -q -c 'create table if "   \
	"not exists t as "                                                                         \
	"select a from generate_series(6, 7) a' && "

#define AVAHI(address)                                                                             \
	"avahi-daemon --check && dbus-send --system --print-reply "                                \
	"--dest=org.freedesktop.Avahi / org.freedesktop.Avahi.Server.ResolveHostName int32:-1 "    \
	"int32:0 string:mark.local int32:0 uint32:0 | grep -F '" address "'"

static const struct packaged table[] = {
	{ "avahi", { "dbus.service", "avahi-daemon.service" },
		{ "avahi-daemon.service", "avahi-daemon.socket", "dbus.service", "dbus.socket" },
		{ "/avahi-daemon", "/dbus-daemon" },
		"own /etc/avahi; echo 10.77.1.1 mark.local >/etc/avahi/hosts\n"
		"printf '[server]\\nallow-interfaces=lo\\nhost-name=supd\\n' "
		">/etc/avahi/avahi-daemon.conf\n",
		AVAHI("10.77.1.1"), NULL, "echo 10.77.2.2 mark.local >/etc/avahi/hosts\n", "reload",
		AVAHI("10.77.2.2"), NULL, false, "/usr/bin/dbus-send" },
	{ "haproxy", { "rsyslog.service", "haproxy.service" },
		{ "haproxy.service", "rsyslog.service", "syslog.socket" },
		{ "/haproxy", "/rsyslogd" },
		"own /etc/haproxy /etc/default; empty /var/lib/haproxy; mkdir "
		"/var/lib/haproxy/dev\n"
		"mkdir -p /run/systemd/system /run/systemd/journal; empty /var/log\n"
		"rm -f /dev/log; ln -s /run/systemd/journal/dev-log /dev/log\n" RSYSLOG(
			"/var/log/supd") ""
					 "mount --bind /run/rsyslog.conf "
					 "/etc/rsyslog.conf\n" HAPROXY("mark-one"),
		GET("one"), GET("one") " && " LOGGED("one"), HAPROXY("mark-two"), "reload",
		GET("two"), GET("two") " && " LOGGED("two"), false },
	{ "mariadb", { "mariadb.service" }, { "mariadb.service" }, { "/mariadbd" },
		"empty /var/lib/mysql /etc/mysql/conf.d\n"
		"install -d -o mysql -g root /run/mysqld; chmod 1777 /tmp\n"
		"printf '[mariadbd]\\ninnodb_log_file_size=4M\\ninnodb_use_native_aio=0\\n"
		"init_connect=\"set @m=1\"\\n' >/etc/mysql/conf.d/supd.cnf\n"
		"mariadb-install-db --user=mysql --skip-test-db\n",
		"mariadb -e 'create or replace table mysql.supd (a int) as select 6 a union select "
		"7'",
		NULL, "sed -i s/@m=1/@m=2/ /etc/mysql/conf.d/supd.cnf\n", "restart",
		SQL("mariadb -N -B -e 'select sum(a*a), @@global.init_connect from mysql.supd'",
			"85\tset @m=2"),
		NULL, true },
	{ "postfix", { "postfix@-.service" }, { "postfix@.service", "postfix.service" },
		{ "/lib/postfix/sbin", "/sbin/postmulti" },
		"own /etc/postfix; empty /var/spool/postfix /var/lib/postfix /var/mail\n"
		"cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf\n" POSTFIX("mark-one"),
		MAIL("mark-one"), "grep 'letter of supd' /var/mail/games",
		"rm /var/mail/games\n" POSTFIX("mark-two"), "reload", MAIL("mark-two"),
		"grep 'letter of supd' /var/mail/games", false },
	{ "postgresql", { "postgresql@15-main.service" },
		{ "postgresql@.service", "postgresql.service" }, { "/lib/postgresql/" },
		"empty /etc/postgresql /var/lib/postgresql /var/log/postgresql\n"
		"pg_createcluster 15 main --locale C -- --auth=trust --no-sync\n"
		"echo supd.mark = one >>/etc/postgresql/15/main/postgresql.conf\n",
		PSQL_TABLE SQL(PSQL, "85|one"), NULL,
		"echo supd.mark = two >>/etc/postgresql/15/main/postgresql.conf\n", "reload",
		SQL(PSQL, "85|two"), NULL, false, "/usr/lib/postgresql/15/bin/initdb" },
	{ "rsyslog", { "syslog.socket", "rsyslog.service" }, { "rsyslog.service", "syslog.socket" },
		{ "/rsyslogd" },
		"mkdir -p /run/systemd/system; empty /var/log; " RSYSLOG(
			"/var/log/supd") "mount --bind /run/rsyslog.conf /etc/rsyslog.conf\n",
		LOG("mark-one"), NULL, "mv /var/log/supd /var/log/supd.1\n", "kill -s HUP",
		LOG("mark-two"), NULL, false },
};

static const struct packaged *d;

/* What it says is left in s->output. */
static int run(struct sys *sys, const char *script)
{
	char text[8192];
	FILE *f;
	size_t n;
	int status;

	snprintf(text, sizeof(text), "exec 2>&1 </dev/null\n" PRELUDE "%s\n", script);
	f = popen(text, "re"); /* in the namespaces of the test */
	if (!f) {
		return -errno;
	}
	n = fread(sys->output, 1, sizeof(sys->output) - 1, f);
	sys->output[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

static bool succeeds(struct sys *sys, void *script)
{
	deniedcalls_read();
	return run(sys, script) == 0;
}

static void wait_for(const char *script)
{
	if (script) {
		sys_wait_for(s, script, succeeds, (void *)(uintptr_t)script);
	}
}

static const char *last_unit(void)
{
	size_t n = 0;

	while (n < ELEMENTSOF(d->units) && d->units[n]) {
		n++;
	}
	return d->units[n - 1];
}

static void test_serves(void **state)
{
	const char *unit = last_unit();
	long main_pid;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(d->units) && d->units[i]; i++) {
		CHECK(sys_ctl(s, "start %s", d->units[i]) == 0);
	}
	wait_for(d->ask);
	wait_for(d->arrived);
	main_pid = sys_number(s, unit, "MainPID");
	CHECK(run(s, d->change) == 0);
	CHECK(sys_ctl(s, "%s %s", d->verb, unit) == 0);
	wait_for(d->ask_again);
	wait_for(d->arrived_again);
	sys_wait(s, unit, "ActiveState", "active");
	CHECK(d->new_process || sys_number(s, unit, "MainPID") == main_pid);
	CHECK(sys_number(s, unit, "NRestarts") == 0);
}

static void test_stops(void **state)
{
	(void)state;
	for (size_t i = ELEMENTSOF(d->units); i-- > 0;) {
		const char *unit = d->units[i];

		if (unit) {
			CHECK(sys_ctl(s, "stop %s", unit) == 0);
			CHECK(strcmp(sys_text(s, unit, "ActiveState"), "inactive") == 0);
			CHECK(strcmp(sys_text(s, unit, "Result"), "success") == 0);
		}
	}
	CHECK(run(s, d->ask_again) != 0);
}

/* The same nodes and a directory of our own around them: what a test makes there is its own. */
static void private_dev(void)
{
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
	char to[64], from[64];

	CHECK(mkdir("/run/dev", 0755) == 0);
	for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
		AUTO_CLOSE int fd = -1;

		snprintf(to, sizeof(to), "/run/dev/%s", nodes[i]);
		snprintf(from, sizeof(from), "/dev/%s", nodes[i]);
		fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		CHECK(fd >= 0 && mount(from, to, NULL, MS_BIND, NULL) == 0);
	}
	CHECK(mkdir("/run/dev/pts", 0755) == 0 && mkdir("/run/dev/shm", 01777) == 0);
	CHECK(mount("/dev/pts", "/run/dev/pts", NULL, MS_BIND, NULL) == 0);
	CHECK(mount("tmpfs", "/run/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0);
	CHECK(symlink("pts/ptmx", "/run/dev/ptmx") == 0);
	CHECK(symlink("/proc/self/fd", "/run/dev/fd") == 0);
	CHECK(mount("/run/dev", "/dev", NULL, MS_BIND | MS_REC, NULL) == 0);
}

static int setup(void **state)
{
	char text[256];

	(void)state;
	umask(022);
	s = sys_new();
	private_dev();
	CHECK(knowsupd() == 0);
	CHECK(run(s, d->prepare) == 0);
	for (size_t i = 0; i < ELEMENTSOF(d->files) && d->files[i]; i++) {
		snprintf(text, sizeof(text), UNITS "%s", d->files[i]);
		sys_copy_unit(s, text);
	}
	sys_unit(s, "service.d/profile.conf",
		"[Container]\nProfile=compat\nRequireControllers=no\n");
	deniedcalls_prepare(s);
	for (size_t i = 0; i < ELEMENTSOF(d->programs) && d->programs[i]; i++) {
		deniedcalls_watch(d->programs[i]);
	}
	sys_start(s, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

static const struct packaged *find(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		if (strcmp(table[i].name, name) == 0) {
			return &table[i];
		}
	}
	return NULL;
}

static bool is_there(const char *path)
{
	if (access(path, R_OK) < 0) {
		printf("skipped: %s is not installed\n", path);
		return false;
	}
	return true;
}

static bool is_installed(void)
{
	for (size_t i = 0; i < ELEMENTSOF(d->files) && d->files[i]; i++) {
		char path[256];

		snprintf(path, sizeof(path), UNITS "%s", d->files[i]);
		if (!is_there(path)) {
			return false;
		}
	}
	return !d->tool || is_there(d->tool);
}

int main(int argc, char **argv)
{
	static const char *const scratch[] = { "/tmp", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serves),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_denied_nothing),
	};

	d = argc == 2 ? find(argv[1]) : NULL;
	if (!d) {
		printf("usage: test_packaged NAME, of the table\n");
		return 1;
	}
	sys_require();
	if (!is_installed()) {
		return 77;
	}
	deniedcalls_open();
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
