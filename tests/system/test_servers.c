// SPDX-License-Identifier: MIT
/*
 * More of Debian's daemons under compat, with their unmodified unit files and small configurations
 * of the test's: each starts, answers a real request of its protocol, and stops with success.
 * `test_servers UNIT...`: those, one after another; what is not installed is said and left out.
 */
#include "../unit/test.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "deniedcalls.h"
#include "harness.h"
#include "request.h"

#define UNITS "/lib/systemd/system/"

static struct sys *s;

struct file {
	const char *path;
	const char *text;
};

struct server {
	const char *unit; /* as it is started */
	const char *file; /* of UNITS, if it is another */
	const char *request;
	size_t length;
	const char *answer; /* found anywhere in what comes */
	uint16_t port;
	const char *path; /* of a unix socket, where there is no port */
	bool datagram;
	int needs;              /* capability that its Condition= asks for; 0: none */
	bool ends_badly;        /* its status tells of a child that the same SIGTERM has ended */
	const char *scratch[6]; /* directories that are the test's own */
	struct file files[3];
	const char *make[3]; /* directories that tmpfiles would have made */
};

#define BYTES(x) (x), sizeof(x) - 1
/* mark.supd IN TXT, with the id 0x7375. */
#define DNS_TXT                                                                                    \
	"\x73\x75\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"                                         \
	"\x04mark\x04supd\x00\x00\x10\x00\x01"
/* FastCGI: BEGIN_REQUEST, PARAMS of a GET of /ping, their end, the end of STDIN. */
#define FASTCGI_PING                                                                               \
	"\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"                         \
	"\x01\x04\x00\x01\x00\x3b\x00\x00"                                                         \
	"\x0b\x05SCRIPT_NAME/ping\x0f\x05SCRIPT_FILENAME/ping\x0e\x03REQUEST_METHODGET"            \
	"\x01\x04\x00\x01\x00\x00\x00\x00\x01\x05\x00\x01\x00\x00\x00\x00"
/* NTP: a client's question of version 4; the answer is a server's, of a clock that is set. */
#define NTP_ASK                                                                                    \
	"\x23\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"                         \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"                         \
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
/* The list ["ping"] as its client pickles it. */
#define FAIL2BAN_PING "(lp0\nVping\np1\na.<F2B_END_COMMAND>"

static const struct server servers[] = {
	{ "named.service", NULL, BYTES(DNS_TXT), "mark-one", 53, .datagram = true,
		.scratch = { "/etc/bind", "/var/cache/bind" },
		.files = { { "/etc/bind/named.conf",
				   "options { directory \"/var/cache/bind\"; listen-on { "
				   "127.0.0.1; }; listen-on-v6 { none; }; recursion no; "
				   "dnssec-validation no; };\nzone \"supd\" { type primary; file "
				   "\"/etc/bind/supd.zone\"; };\n" },
			{ "/etc/bind/supd.zone", "$ORIGIN supd.\n@ 60 IN SOA a. b. 1 1 1 1 1\n"
						 "@ 60 IN NS a.\nmark 60 IN TXT mark-one\n" },
			{ "/etc/bind/rndc.key", "key \"rndc-key\" { algorithm hmac-sha256; secret "
						"\"c3VwZHN1cGRzdXBkc3VwZA==\"; };\n" } } },
	{ "chrony.service", NULL, BYTES(NTP_ASK), "\x24", 123, .datagram = true,
		.needs = CAP_SYS_TIME,
		/* -x: the clock of the machine is left alone. */
		.scratch = { "/etc/chrony", "/etc/default", "/var/lib/chrony", "/var/log" },
		.files = { { "/etc/default/chrony", "DAEMON_OPTS=\"-x -F 1\"\n" },
			{ "/etc/chrony/chrony.conf",
				"local stratum 8\nallow 127.0.0.0/8\nbindaddress 127.0.0.1\n"
				"pidfile /run/chrony/chronyd.pid\n" } } },
	{ "dovecot.service", NULL, BYTES("a CAPABILITY\r\n"), "a OK ", 143,
		.scratch = { "/etc/dovecot", "/var/lib/dovecot" },
		.files = { { "/etc/dovecot/dovecot.conf",
			"protocols = imap\nlisten = 127.0.0.1\nssl = no\nlog_path = "
			"/dev/stderr\npassdb {\n driver = static\n args = nopassword=y\n}\n"
			"userdb {\n driver = static\n args = uid=33 gid=33 home=/tmp\n}\n" } } },
	{ "fail2ban.service", NULL, BYTES(FAIL2BAN_PING), "pong", 0, "/run/fail2ban/fail2ban.sock",
		.scratch = { "/etc/fail2ban", "/var/lib/fail2ban" },
		.files = { { "/etc/fail2ban/fail2ban.conf",
				   "[Definition]\nloglevel = INFO\nlogtarget = STDOUT\n"
				   "syslogsocket = auto\nsocket = /run/fail2ban/fail2ban.sock\n"
				   "pidfile = /run/fail2ban/fail2ban.pid\ndbfile = None\n" },
			{ "/etc/fail2ban/jail.conf", "[DEFAULT]\nenabled = false\n" } } },
	{ "php8.2-fpm.service", NULL, BYTES(FASTCGI_PING), "pong", 9000,
		.scratch = { "/etc/php/8.2/fpm/pool.d", "/var/log" },
		.files = { { "/etc/php/8.2/fpm/pool.d/www.conf",
			"[www]\nuser = www-data\ngroup = www-data\nlisten = 127.0.0.1:9000\n"
			"pm = static\npm.max_children = 1\nping.path = /ping\n" } },
		.make = { "/run/php" } },
	{ "prometheus.service", NULL, BYTES("GET /-/ready HTTP/1.0\r\n\r\n"), "Ready", 9090,
		.scratch = { "/etc/prometheus", "/etc/default" },
		.files = { { "/etc/prometheus/prometheus.yml", "scrape_configs: []\n" },
			{ "/etc/default/prometheus", "ARGS=\"--web.listen-address=127.0.0.1:9090 "
						     "--storage.tsdb.path=/tmp/metrics\"\n" } } },
	{ "squid.service", NULL, BYTES("GET http://supd/ HTTP/1.0\r\n\r\n"), "X-Squid-Error", 3128,
		.scratch = { "/etc/squid", "/var/log/squid", "/var/spool/squid" },
		.files = { { "/etc/squid/squid.conf",
			"http_port 127.0.0.1:3128\nhttp_access deny all\nvisible_hostname supd\n"
			"cache deny all\naccess_log none\nshutdown_lifetime 0 seconds\n"
			"pid_filename /run/squid.pid\n" } } },
	{ "tor@default.service", "tor@default.service", BYTES("PROTOCOLINFO 1\r\n"), "250-VERSION",
		9051, .scratch = { "/etc/tor", "/var/lib/tor", "/var/log/tor" },
		.files = { { "/etc/tor/torrc", "SocksPort 127.0.0.1:9050\nControlPort 9051\n"
					       "CookieAuthentication 1\n" } } },
	{ "varnish.service", NULL, BYTES("GET / HTTP/1.0\r\n\r\n"), "X-Varnish", 6081,
		.ends_badly = true, .scratch = { "/etc/varnish", "/var/lib/varnish" },
		.files = { { "/etc/varnish/default.vcl", "vcl 4.1;\nbackend default none;\n" },
			{ "/etc/varnish/secret", "supd\n" } } },
};

static const struct server *chosen[ELEMENTSOF(servers)];
static size_t n_chosen;

static const char *file_of(const struct server *d)
{
	static char path[256];

	snprintf(path, sizeof(path), UNITS "%s", d->file ? d->file : d->unit);
	return path;
}

static bool answers(struct sys *sys, void *arg)
{
	const struct server *d = arg;

	(void)sys;
	deniedcalls_read();
	return request_is_answered(&(struct request) { .path = d->path,
		.port = d->port,
		.datagram = d->datagram,
		.bytes = d->request,
		.size = d->length,
		.answer = d->answer,
		.answer_size = strlen(d->answer) });
}

static void one(const struct server *d)
{
	CHECK(sys_ctl(s, "start %s", d->unit) == 0);
	sys_wait_for(s, d->unit, answers, (void *)(uintptr_t)d);
	CHECK(sys_ctl(s, "is-active %s", d->unit) == 0);
	deniedcalls_watch_main(d->unit);
	CHECK(sys_ctl(s, "stop %s", d->unit) == 0 || d->ends_badly);
	CHECK(strcmp(sys_text(s, d->unit, "ActiveState"), "active") != 0);
	CHECK(strcmp(sys_text(s, d->unit, "Result"), "success") == 0 || d->ends_badly);
	CHECK(!answers(s, (void *)(uintptr_t)d));
}

static void test_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_chosen; i++) {
		one(chosen[i]);
	}
}

/* Places below are the test's own tmpfs: the machine's configuration is not read. */
static void configure(const struct server *d)
{
	for (size_t i = 0; i < ELEMENTSOF(d->files) && d->files[i].path; i++) {
		FILE *f = fopen(d->files[i].path, "we");

		assert_non_null(f);
		assert_true(fputs(d->files[i].text, f) >= 0 && fclose(f) == 0);
	}
	for (size_t i = 0; i < ELEMENTSOF(d->make) && d->make[i]; i++) {
		assert_int_equal(mkdir(d->make[i], 0755), 0);
	}
}

static int setup(void **state)
{
	(void)state;
	umask(022);
	for (size_t i = 0; i < n_chosen; i++) {
		configure(chosen[i]);
	}
	s = sys_new();
	for (size_t i = 0; i < n_chosen; i++) {
		sys_copy_unit(s, file_of(chosen[i]));
	}
	deniedcalls_prepare(s);
	sys_unit(s, "service.d/profile.conf", "[Container]\nProfile=compat\n");
	sys_start(s, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sys_free(s);
	return 0;
}

static const struct server *find(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(servers); i++) {
		if (strcmp(servers[i].unit, name) == 0) {
			return &servers[i];
		}
	}
	return NULL;
}

static int choose(char **names)
{
	for (; *names; names++) {
		const struct server *d = find(*names);

		if (!d) {
			printf("%s: not in the table\n", *names);
			return -1;
		}
		if (access(file_of(d), R_OK) < 0) {
			printf("skipped: %s is not installed\n", d->unit);
		} else if (d->needs && prctl(PR_CAPBSET_READ, d->needs) != 1) {
			printf("skipped: %s needs capability %d\n", d->unit, d->needs);
		} else if (n_chosen < ELEMENTSOF(chosen)) {
			chosen[n_chosen++] = d;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const char *scratch[ELEMENTSOF(servers) * 6 + 2] = { "/tmp" };
	size_t n = 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_denied_nothing),
	};

	(void)argc;
	sys_require();
	if (choose(argv + 1) < 0) {
		return 1;
	}
	if (n_chosen == 0) {
		return 77;
	}
	for (size_t i = 0; i < n_chosen; i++) {
		for (size_t k = 0; k < 6 && chosen[i]->scratch[k]; k++) {
			scratch[n++] = chosen[i]->scratch[k];
		}
	}
	deniedcalls_open();
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
