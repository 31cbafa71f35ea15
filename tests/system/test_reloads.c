// SPDX-License-Identifier: MIT
/*
 * Debian's daemons with their unmodified unit files, one after another for some want the same port:
 * each starts, answers a real request of its protocol, is reloaded after its configuration was
 * changed, answers as it says now with the same main process, and stops within its timeout.
 */
#include "../unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "deniedcalls.h"
#include "harness.h"
#include "request.h"

#define UNITS "/lib/systemd/system/"

static struct sys *s;

struct text {
	const char *bytes;
	size_t size;
};
#define TEXT(x)                                                                                    \
	{                                                                                          \
		(x), sizeof(x) - 1                                                                 \
	}

struct peer {
	const char *unit;
	const char *config;     /* the file that is changed … */
	const char *before;     /* … from this … */
	const char *after;      /* … to this */
	struct text request;    /* what is asked */
	struct text answers[2]; /* before and after the reload: found anywhere in what comes */
	uint16_t port;          /* 0: a unix socket */
	const char *path;
	bool datagram;
	bool denied; /* it tries more than compat gives, and goes on without */
};

/* Questions with the id 0x7375: mark.supd IN TXT, and IN A. */
#define DNS_MARK                                                                                   \
	"\x73\x75\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"                                         \
	"\x04mark\x04supd\x00\x00"
#define DNS_TXT DNS_MARK "\x10\x00\x01"
#define DNS_A   DNS_MARK "\x01\x00\x01"
/* MQTT 3.1.1: CONNECT of client "supd" with a clean session; CONNACK accepts, or does not. */
#define MQTT_CONNECT "\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04supd"
/* SNMPv2c: GET of sysLocation.0 for the community public. */
#define SNMP_GET                                                                                   \
	"\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04supd\x02\x01\x00\x02\x01\x00"           \
	"\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x06\x00\x05\x00"
#define HTTP_GET "GET /mark HTTP/1.0\r\n\r\n"

#define APACHE                                                                                     \
	"ServerName supd\nListen 127.0.0.1:80\nUser www-data\nGroup www-data\n"                    \
	"LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"                  \
	"LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"                \
	"PidFile /run/apache2/apache2.pid\nErrorLog /var/log/apache2/error.log\n"                  \
	"ErrorDocument 404 "
#define BIRD "router id 192.0.2.1;\nprotocol device {}\nprotocol static { ipv4; route "
#define NGINX(text)                                                                                \
	"events {}\nhttp { server { listen 127.0.0.1:80; location / { return 200 '" text           \
	"'; } } }\n"
#define NGIRCD                                                                                     \
	"[Global]\nName = irc.supd\nListen = 127.0.0.1\nPorts = 6667\nAdminInfo1 = none\n"         \
	"[Options]\nDNS = no\nIdent = no\nPAM = no\n[Global]\nMotdPhrase = "
#define NSD   "$ORIGIN supd.\n@ 60 IN SOA a. b. 1 1 1 1 1\n@ 60 IN NS a.\nmark 60 IN TXT "
#define SNMPD "agentaddress udp:127.0.0.1:161\nrocommunity public\nsysLocation "
#define TINYPROXY                                                                                  \
	"User tinyproxy\nGroup tinyproxy\nPort 8888\nListen 127.0.0.1\nTimeout 600\n"              \
	"StatHost \"tinyproxy.stats\"\nMaxClients 9\nAllow "
#define UNBOUND                                                                                    \
	"server:\n interface: 127.0.0.1\n chroot: \"\"\n use-syslog: no\n local-data: "            \
	"'mark.supd. TXT "
#define VSFTPD                                                                                     \
	"listen=YES\nlisten_ipv6=NO\nlisten_address=127.0.0.1\nanonymous_enable=YES\nftpd_banner="

static const struct peer peers[] = {
	{ "apache2.service", "/etc/apache2/apache2.conf", APACHE "\"mark-one\"\n",
		APACHE "\"mark-two\"\n", TEXT(HTTP_GET), { TEXT("mark-one"), TEXT("mark-two") },
		.port = 80 },
	{ "bird.service", "/etc/bird/bird.conf", BIRD "10.77.1.0/24 blackhole; }\n",
		BIRD "10.77.2.0/24 blackhole; }\n", TEXT("show route\n"),
		{ TEXT("10.77.1.0/24"), TEXT("10.77.2.0/24") }, .path = "/run/bird/bird.ctl" },
	{ "dnsmasq.service", "/run/dnsmasq/hosts", "10.77.1.1 mark.supd\n", "10.77.2.2 mark.supd\n",
		TEXT(DNS_A), { TEXT("\x0a\x4d\x01\x01"), TEXT("\x0a\x4d\x02\x02") }, .port = 53,
		.datagram = true },
	{ "mosquitto.service", "/etc/mosquitto/mosquitto.conf",
		"listener 1883 127.0.0.1\nallow_anonymous true\n",
		"listener 1883 127.0.0.1\nallow_anonymous false\n", TEXT(MQTT_CONNECT),
		{ TEXT("\x20\x02\x00\x00"), TEXT("\x20\x02\x00\x05") }, .port = 1883 },
	{ "nginx.service", "/etc/nginx/nginx.conf", NGINX("mark-one"), NGINX("mark-two"),
		TEXT(HTTP_GET), { TEXT("mark-one"), TEXT("mark-two") }, .port = 80 },
	{ "ngircd.service", "/etc/ngircd/ngircd.conf", NGIRCD "mark-one\n", NGIRCD "mark-two\n",
		TEXT("NICK supd\r\nUSER supd 0 * :supd\r\n"),
		{ TEXT("mark-one"), TEXT("mark-two") }, .port = 6667 },
	{ "nsd.service", "/etc/nsd/supd.zone", NSD "mark-one\n", NSD "mark-two\n", TEXT(DNS_TXT),
		{ TEXT("mark-one"), TEXT("mark-two") }, .port = 53, .datagram = true },
	{ "snmpd.service", "/etc/snmp/snmpd.conf", SNMPD "mark-one\n", SNMPD "mark-two\n",
		TEXT(SNMP_GET), { TEXT("mark-one"), TEXT("mark-two") }, .port = 161,
		.datagram = true },
	{ "ssh.service", "/etc/ssh/sshd_config.d/supd.conf", "VersionAddendum mark-one\n",
		"VersionAddendum mark-two\n", TEXT("SSH-2.0-supd\r\n"),
		{ TEXT("mark-one"), TEXT("mark-two") }, .port = 22 },
	{ "tinyproxy.service", "/etc/tinyproxy/tinyproxy.conf", TINYPROXY "127.0.0.1\n",
		TINYPROXY "192.0.2.1\n", TEXT("GET http://tinyproxy.stats/ HTTP/1.0\r\n\r\n"),
		{ TEXT("tinyproxy/"), TEXT("Access denied") }, .port = 8888 },
	{ "unbound.service", "/etc/unbound/unbound.conf", UNBOUND "\"mark-one\"'\n",
		UNBOUND "\"mark-two\"'\n", TEXT(DNS_TXT), { TEXT("mark-one"), TEXT("mark-two") },
		.port = 53, .datagram = true },
	{ "vsftpd.service", "/etc/vsftpd.conf", VSFTPD "mark-one\n", VSFTPD "mark-two\n",
		TEXT("QUIT\r\n"), { TEXT("mark-one"), TEXT("mark-two") }, .port = 21,
		.denied = true /* namespaces of its own for each session */ },
};

struct question {
	const struct peer *peer;
	const struct text *answer;
};

/* One request; true when the answer holds the bytes. */
static bool answers(struct sys *sys, void *arg)
{
	const struct question *q = arg;
	const struct peer *p = q->peer;

	(void)sys;
	deniedcalls_read();
	return request_is_answered(&(struct request) { .path = p->path,
		.port = p->port,
		.datagram = p->datagram,
		.bytes = p->request.bytes,
		.size = p->request.size,
		.answer = q->answer->bytes,
		.answer_size = q->answer->size });
}

/* In place: it may be a mount of its own. */
static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Of a forking daemon it is known a moment after its start. */
static bool has_main(struct sys *sys, void *unit)
{
	return sys_number(sys, unit, "MainPID") > 1;
}

static void one(const struct peer *p)
{
	struct question before = { p, &p->answers[0] }, after = { p, &p->answers[1] };
	long main_pid;

	put(p->config, p->before);
	CHECK(sys_ctl(s, "start %s", p->unit) == 0);
	sys_wait_for(s, p->unit, answers, &before);
	sys_wait_for(s, "a main process", has_main, (void *)(uintptr_t)p->unit);
	main_pid = sys_number(s, p->unit, "MainPID");
	put(p->config, p->after);
	CHECK(sys_ctl(s, "reload %s", p->unit) == 0);
	sys_wait_for(s, p->unit, answers, &after);
	sys_wait(s, p->unit, "ActiveState", "active"); /* READY=1 may come after the first answer */
	CHECK(sys_number(s, p->unit, "MainPID") == main_pid);
	CHECK(sys_number(s, p->unit, "NRestarts") == 0);
	if (!p->denied) {
		deniedcalls_watch_main(p->unit);
	}
	CHECK(sys_ctl(s, "stop %s", p->unit) == 0);
	CHECK(strcmp(sys_text(s, p->unit, "ActiveState"), "inactive") == 0);
	CHECK(strcmp(sys_text(s, p->unit, "Result"), "success") == 0);
	CHECK(!answers(s, &after));
}

static void test_reloads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		one(&peers[i]);
	}
}

static void make_dir(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

/* Places below are the test's own tmpfs: the machine's configuration is not read. */
static void configure(void)
{
	/* As their tmpfiles.d have them made at boot. */
	make_dir("/run/dnsmasq");
	make_dir("/var/log/apache2");
	make_dir("/var/log/nginx");
	put("/etc/apache2/envvars",
		"export APACHE_RUN_DIR=/run/apache2 APACHE_LOG_DIR=/var/log/apache2\n");
	put("/etc/bird/envvars", "BIRD_RUN_USER=bird\nBIRD_RUN_GROUP=bird\n");
	put("/etc/dnsmasq.d/supd", "addn-hosts=/run/dnsmasq/hosts\nno-resolv\n");
	put("/etc/nsd/nsd.conf", "server:\n ip-address: 127.0.0.1\n"
				 "remote-control:\n control-enable: no\n"
				 "zone:\n name: supd\n zonefile: /etc/nsd/supd.zone\n");
	/* A file of /etc itself: another one is mounted over it. */
	put("/tmp/vsftpd.conf", "");
	assert_int_equal(mount("/tmp/vsftpd.conf", "/etc/vsftpd.conf", NULL, MS_BIND, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	configure();
	s = sys_new();
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		char path[256];

		snprintf(path, sizeof(path), UNITS "%s", peers[i].unit);
		sys_copy_unit(s, path);
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

int main(void)
{
	static const char *const scratch[] = { "/etc/apache2", "/etc/bird", "/etc/dnsmasq.d",
		"/etc/mosquitto", "/etc/nginx", "/etc/ngircd", "/etc/nsd", "/etc/snmp",
		"/etc/ssh/sshd_config.d", "/etc/tinyproxy", "/etc/unbound", "/tmp",
		"/var/lib/mosquitto", "/var/lib/nginx", "/var/lib/nsd", "/var/lib/snmp",
		"/var/lib/unbound", "/var/log", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reloads),
		cmocka_unit_test(test_denied_nothing),
	};

	sys_require();
	for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
		char path[256];

		snprintf(path, sizeof(path), UNITS "%s", peers[i].unit);
		if (access(path, R_OK) < 0) {
			printf("skipped: %s is not installed\n", peers[i].unit);
			return 77;
		}
	}
	deniedcalls_open();
	sys_private(scratch);
	return cmocka_run_group_tests(tests, setup, teardown);
}
