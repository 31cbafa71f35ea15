// SPDX-License-Identifier: MIT
/*
 * Walls at the unit's cgroup and beside the mount tree: devices, addresses, interfaces, ports,
 * Landlock, labels. Measured from inside by the program kprobe, each with and without its setting.
 */
#include "../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"
#include "ask.h"

#define ONESHOT "[Service]\nType=oneshot\n"
#define TRUSTED "[Container]\nProfile=trusted\n" ONESHOT
#define COMPAT  "[Container]\nProfile=compat\n" ONESHOT

/* ---- devices ---- */

static void test_device_policy(void **state)
{
	(void)state;
	run("dev0.service", TRUSTED "ExecStart=DIR/probe open:r,/dev/kmsg open:rw,/dev/null "
				    "mknod:c,1,11,DIR/kmsg mknod:c,1,3,DIR/null\n");
	EXPECT({ "open:r,/dev/kmsg", "ok" }, { "open:rw,/dev/null", "ok" },
		{ "mknod:c,1,11,DIR/kmsg", "ok" });
	run("dev1.service", TRUSTED "DevicePolicy=closed\nExecStart=DIR/probe open:r,/dev/kmsg "
				    "open:rw,/dev/null open:r,/dev/urandom mknod:c,1,11,DIR/kmsg2 "
				    "mknod:c,1,3,DIR/null2\n");
	EXPECT({ "open:r,/dev/kmsg", "EPERM" }, { "open:rw,/dev/null", "ok" },
		{ "open:r,/dev/urandom", "ok" }, { "mknod:c,1,11,DIR/kmsg2", "EPERM" },
		{ "mknod:c,1,3,DIR/null2", "ok" });
	run("dev2.service", TRUSTED "DevicePolicy=strict\nDeviceAllow=/dev/zero r\n"
				    "ExecStart=DIR/probe open:r,/dev/zero open:w,/dev/zero "
				    "open:r,/dev/urandom open:r,/dev/full\n");
	EXPECT({ "open:r,/dev/zero", "ok" }, { "open:w,/dev/zero", "EPERM" },
		{ "open:r,/dev/urandom", "EPERM" }, { "open:r,/dev/full", "EPERM" });
}

static void test_device_groups(void **state)
{
	(void)state;
	run("grp0.service", TRUSTED "DeviceAllow=char-me* r\nDeviceAllow=/dev/nonexistent rw\n"
				    "ExecStart=DIR/probe open:r,/dev/kmsg open:rw,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "ok" }, { "open:rw,/dev/kmsg", "EPERM" });
	run("grp1.service", TRUSTED "DeviceAllow=char-* rw\nDeviceAllow=block-* r\n"
				    "ExecStart=DIR/probe open:rw,/dev/kmsg mknod:c,1,11,DIR/k3\n");
	EXPECT({ "open:rw,/dev/kmsg", "ok" }, { "mknod:c,1,11,DIR/k3", "EPERM" });
	run("grp2.service", TRUSTED "DeviceAllow=char-1 r\nExecStart=DIR/probe open:r,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "ok" });
	run("grp3.service", TRUSTED "DeviceAllow=/dev/char/1:11 r\n"
				    "ExecStart=DIR/probe open:r,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "ok" });
	run("grp4.service", TRUSTED "DeviceAllow=block-sd rw\n"
				    "ExecStart=DIR/probe open:r,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "EPERM" });
}

/* A slice's list and the unit's: both must allow. PrivateDevices= with a node bound in. */
static void test_device_more(void **state)
{
	(void)state;
	sys_unit(s, "kw.slice", "[Slice]\nDeviceAllow=/dev/kmsg r\n");
	run("sl0.service", TRUSTED "Slice=kw.slice\nDeviceAllow=/dev/kmsg rw\n"
				   "ExecStart=DIR/probe open:r,/dev/kmsg open:rw,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "ok" }, { "open:rw,/dev/kmsg", "EPERM" });
	run("sl1.service", TRUSTED "Slice=kw.slice\nDevicePolicy=closed\n"
				   "ExecStart=DIR/probe open:r,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "EPERM" });
	/* A node of another device that somebody left in a directory of the unit's. */
	CHECK(mkdir("/srv/nodes", 0755) == 0 || errno == EEXIST);
	CHECK(mount("nodes", "/srv/nodes", "tmpfs", 0, "mode=0755") == 0);
	CHECK(mknod("/srv/nodes/kmsg", S_IFCHR | 0666, makedev(1, 11)) == 0);
	CHECK(chmod("/srv/nodes/kmsg", 0666) == 0);
	run("pd0.service", COMPAT "PrivateDevices=yes\nExecStart=DIR/probe "
				  "open:r,/srv/nodes/kmsg open:rw,/dev/null\n");
	EXPECT({ "open:r,/srv/nodes/kmsg", "EPERM" }, { "open:rw,/dev/null", "ok" });
	run("pd1.service", COMPAT "PrivateDevices=yes\nBindPaths=/dev/kmsg\nExecStart=DIR/probe "
				  "open:r,/dev/kmsg\n");
	EXPECT({ "open:r,/dev/kmsg", "ok" });
	run("pd2.service", COMPAT "ExecStart=DIR/probe open:r,/srv/nodes/kmsg\n");
	EXPECT({ "open:r,/srv/nodes/kmsg", "ok" });
	CHECK(umount2("/srv/nodes", MNT_DETACH) == 0);
}

/* A changed list counts from the next command on, and an emptied one is gone. */
static void test_device_replaced(void **state)
{
	(void)state;
	run("rep.service", TRUSTED "RemainAfterExit=yes\nDevicePolicy=closed\n"
				   "ExecStart=DIR/probe open:r,/dev/kmsg\n"
				   "ExecReload=DIR/probe open:r,/dev/kmsg line:cgroup,x\n");
	EXPECT({ "open:r,/dev/kmsg", "EPERM" });
	unit("rep.service", TRUSTED "RemainAfterExit=yes\nDeviceAllow=/dev/kmsg r\n"
				    "ExecStart=DIR/probe open:r,/dev/kmsg\n"
				    "ExecReload=DIR/probe open:r,/dev/kmsg line:cgroup,a\n");
	CHECK(sys_ctl(s, "reload rep.service") == 0);
	wait_answer("rep.service", "line:cgroup,a");
	sys_ctl(s, "logs -o cat rep.service");
	CHECK(sys_said(s, "open:r,/dev/kmsg EPERM") && sys_said(s, "open:r,/dev/kmsg ok"));
	unit("rep.service", TRUSTED "RemainAfterExit=yes\n"
				    "ExecStart=DIR/probe open:r,/dev/kmsg\n"
				    "ExecReload=DIR/probe open:rw,/dev/kmsg line:cgroup,b\n");
	CHECK(sys_ctl(s, "reload rep.service") == 0);
	wait_answer("rep.service", "line:cgroup,b");
	EXPECT({ "open:rw,/dev/kmsg", "ok" });
	CHECK(sys_ctl(s, "stop rep.service") == 0);
}

/* ---- addresses, interfaces, ports ---- */

static void test_addresses(void **state)
{
	(void)state;
	run("ip0.service", COMPAT "ExecStart=DIR/probe send:127.0.0.1,9 send:127.0.0.9,9 "
				  "send:::1,9\n");
	EXPECT({ "send:127.0.0.1,9", "ok" }, { "send:127.0.0.9,9", "ok" }, { "send:::1,9", "ok" });
	run("ip1.service", COMPAT "IPAddressDeny=any\n"
				  "ExecStart=DIR/probe send:127.0.0.1,9 send:::1,9\n");
	EXPECT({ "send:127.0.0.1,9", "EPERM" }, { "send:::1,9", "EPERM" });
	run("ip2.service", COMPAT "IPAddressDeny=any\nIPAddressAllow=127.0.0.8/29\n"
				  "ExecStart=DIR/probe send:127.0.0.1,9 send:127.0.0.9,9 "
				  "send:127.0.0.15,9 send:127.0.0.16,9 send:::1,9\n");
	EXPECT({ "send:127.0.0.1,9", "EPERM" }, { "send:127.0.0.9,9", "ok" },
		{ "send:127.0.0.15,9", "ok" }, { "send:127.0.0.16,9", "EPERM" },
		{ "send:::1,9", "EPERM" });
	run("ip3.service", ONESHOT "IPAddressDeny=::/1\n"
				   "ExecStart=DIR/probe send:127.0.0.1,9 send:::1,9\n");
	EXPECT({ "send:127.0.0.1,9", "ok" }, { "send:::1,9", "EPERM" });
	/* The slice denies, the unit allows a part again. */
	sys_unit(s, "kwip.slice", "[Slice]\nIPAddressDeny=localhost\n");
	run("ip4.service", COMPAT "Slice=kwip.slice\nIPAddressAllow=127.0.0.1\n"
				  "ExecStart=DIR/probe send:127.0.0.1,9 send:127.0.0.2,9\n");
	EXPECT({ "send:127.0.0.1,9", "ok" }, { "send:127.0.0.2,9", "EPERM" });
}

static void test_interfaces(void **state)
{
	(void)state;
	run("if0.service", COMPAT "RestrictNetworkInterfaces=lo\n"
				  "ExecStart=DIR/probe send:127.0.0.1,9\n");
	EXPECT({ "send:127.0.0.1,9", "ok" });
	run("if1.service", COMPAT "RestrictNetworkInterfaces=~lo\n"
				  "ExecStart=DIR/probe send:127.0.0.1,9\n");
	EXPECT({ "send:127.0.0.1,9", "EPERM" });
	run("if2.service", COMPAT "RestrictNetworkInterfaces=nosuch0\n"
				  "ExecStart=DIR/probe send:127.0.0.1,9\n");
	EXPECT({ "send:127.0.0.1,9", "EPERM" });
	unit("if3.service", COMPAT "RestrictNetworkInterfaces=~nosuch0\nExecStart=DIR/probe\n");
	CHECK(sys_ctl(s, "start if3.service") != 0);
	CHECK(sys_said(s, "RestrictNetworkInterfaces=") && sys_said(s, "nosuch0"));
}

static void test_ports(void **state)
{
	(void)state;
	run("port0.service", COMPAT "ExecStart=DIR/probe bind:tcp,127.0.0.1,7001 "
				    "bind:udp,127.0.0.1,7001 bind:tcp,::1,7001\n");
	EXPECT({ "bind:tcp,127.0.0.1,7001", "ok" }, { "bind:udp,127.0.0.1,7001", "ok" },
		{ "bind:tcp,::1,7001", "ok" });
	run("port1.service",
		COMPAT "SocketBindDeny=any\nSocketBindAllow=tcp:7000-7002\n"
		       "SocketBindAllow=ipv6:udp:7010\n"
		       "ExecStart=DIR/probe bind:tcp,127.0.0.1,7001 bind:tcp,127.0.0.1,6999 "
		       "bind:tcp,127.0.0.1,7003 bind:udp,127.0.0.1,7001 bind:tcp,::1,7002 "
		       "bind:udp,::1,7010 bind:udp,127.0.0.1,7010 bind:tcp,127.0.0.1,0\n");
	EXPECT({ "bind:tcp,127.0.0.1,7001", "ok" }, { "bind:tcp,127.0.0.1,6999", "EPERM" },
		{ "bind:tcp,127.0.0.1,7003", "EPERM" }, { "bind:udp,127.0.0.1,7001", "EPERM" },
		{ "bind:tcp,::1,7002", "ok" }, { "bind:udp,::1,7010", "ok" },
		{ "bind:udp,127.0.0.1,7010", "EPERM" }, { "bind:tcp,127.0.0.1,0", "EPERM" });
	run("port2.service", ONESHOT "SocketBindDeny=ipv4:tcp:7001\n"
				     "ExecStart=DIR/probe bind:tcp,127.0.0.1,7001 "
				     "bind:tcp,::1,7001 bind:udp,127.0.0.1,7001\n");
	EXPECT({ "bind:tcp,127.0.0.1,7001", "EPERM" }, { "bind:tcp,::1,7001", "ok" },
		{ "bind:udp,127.0.0.1,7001", "ok" });
}

/* ---- Landlock ---- */

static int listen_abstract(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(name);

	memcpy(at.sun_path + 1, name, n);
	CHECK(bind(fd, (struct sockaddr *)&at,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0);
	CHECK(listen(fd, 8) == 0);
	return fd;
}

/*
 * What no mount can deny: abstract sockets, signals to another service of the same user, device
 * nodes (of the kind that needs no capability). The same settings without Landlock allow all three.
 */
static void test_landlock(void **state)
{
	AUTO_CLOSE int fd = listen_abstract("kwalls");
	char text[1024];
	long pid;

	(void)state;
	unit("ll-other.service", "[Service]\nUser=alice\nExecStart=DIR/probe hold\n");
	CHECK(sys_ctl(s, "start ll-other.service") == 0);
	wait_answer("ll-other.service", "holding");
	pid = sys_number(s, "ll-other.service", "MainPID");
	for (int with = 0; with < 2; with++) {
		const char *name = with ? "ll1.service" : "ll0.service";

		snprintf(text, sizeof(text),
			"[Container]\nProfile=%s\n" ONESHOT
			"User=alice\nProtectSystem=strict\nStateDirectory=ll\n"
			"NoNewPrivileges=yes\nPrivateTmp=yes\n"
			"ExecStart=DIR/probe abstract:kwalls signal:%ld "
			"mknod:c,0,0,/var/lib/ll/node%d create:/var/lib/ll/f create:/tmp/f "
			"create:/usr/ll rename:/var/lib/ll/f,/var/lib/ll/g\n",
			with ? "standard" : "compat", pid, with);
		run(name, text);
		snprintf(text, sizeof(text), "signal:%ld", pid);
		CHECK(strcmp(answer(text), with ? "EPERM" : "ok") == 0);
		snprintf(text, sizeof(text), "mknod:c,0,0,/var/lib/ll/node%d", with);
		CHECK(strcmp(answer(text), with ? "EACCES" : "ok") == 0);
		CHECK(strcmp(answer("abstract:kwalls"), with ? "EPERM" : "ok") == 0);
		EXPECT({ "create:/var/lib/ll/f", "ok" }, { "create:/tmp/f", "ok" },
			{ "create:/usr/ll", "EROFS" },
			{ "rename:/var/lib/ll/f,/var/lib/ll/g", "ok" });
		CHECK((sys_number(s, name, "LandlockABI") >= 6) == with);
	}
	CHECK(sys_ctl(s, "stop ll-other.service") == 0);
}

/* It takes nothing away that the mounts leave: renames, streams by name, other commands. */
static void test_landlock_keeps(void **state)
{
	char path[160], text[64] = "";

	(void)state;
	run("keep0.service",
		ONESHOT "User=alice\nStateDirectory=keep keep/sub\nReadWritePaths=-/srv/rw\n"
			"ExecStart=DIR/probe create:/var/lib/keep/f "
			"rename:/var/lib/keep/f,/var/lib/keep/sub/f open:rw,/dev/null "
			"open:w,/proc/self/comm open:w,/proc/self/oom_score_adj "
			"create:/dev/shm/x exec:/bin/true\n");
	EXPECT({ "create:/var/lib/keep/f", "ok" }, { "open:rw,/dev/null", "ok" },
		{ "open:w,/proc/self/comm", "ok" }, { "open:w,/proc/self/oom_score_adj", "ok" },
		{ "create:/dev/shm/x", "ok" }, { "exec:/bin/true", "ok" });
	snprintf(path, sizeof(path), "%s/out", s->dir);
	write_text(path, "");
	CHECK(chmod(path, 0666) == 0); /* anybody's, or the service could not for other reasons */
	unit("keep1.service", ONESHOT "StandardOutput=truncate:DIR/out\n"
				      "ExecStart=DIR/probe open:w,/dev/stdout\n");
	CHECK(sys_ctl(s, "start keep1.service") == 0);
	CHECK(strstr(sys_file(s, "out", text, sizeof(text)), "open:w,/dev/stdout ok"));
	unit("keep2.service", "[Service]\nUser=alice\nExecStart=DIR/probe hold\n"
			      "ExecReload=/bin/sh -c 'kill -0 $MAINPID && echo alive && readlink "
			      "/proc/$MAINPID/exe'\n");
	CHECK(sys_ctl(s, "start keep2.service") == 0);
	CHECK(sys_ctl(s, "reload keep2.service") == 0);
	wait_answer("keep2.service", "alive");
	CHECK(sys_ctl(s, "stop keep2.service") == 0);
}

/* Ports: TCP is walled off twice. A strict unit that may have internet sockets again. */
static void test_landlock_ports(void **state)
{
	(void)state;
	run("llp.service", ONESHOT "SocketBindDeny=any\nSocketBindAllow=tcp:7020\n"
				   "ExecStart=DIR/probe bind:tcp,127.0.0.1,7020 "
				   "bind:tcp,127.0.0.1,7021\n");
	EXPECT({ "bind:tcp,127.0.0.1,7020", "ok" }, { "bind:tcp,127.0.0.1,7021", "E*" });
	run("llp1.service",
		"[Container]\nProfile=strict\n" ONESHOT "RestrictAddressFamilies=AF_UNIX AF_INET\n"
		"ExecStart=DIR/probe bind:tcp,127.0.0.1,7020\n");
	EXPECT({ "bind:tcp,127.0.0.1,7020", "ok" });
}

/* ---- labels ---- */

/*
 * Where the module is not there: an error that names the setting, and none with '-'. Where it is, a
 * label that nobody has is refused just so.
 */
static void test_labels(void **state)
{
	static const char *const settings[] = { "AppArmorProfile", "SELinuxContext",
		"SmackProcessLabel" };

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(settings); i++) {
		char text[256];

		snprintf(text, sizeof(text), ONESHOT "%s=kwalls_nosuch\nExecStart=DIR/probe\n",
			settings[i]);
		unit("label.service", text);
		CHECK(sys_ctl(s, "start label.service") != 0);
		snprintf(text, sizeof(text), "label: %s=kwalls_nosuch needs", settings[i]);
		CHECK(sys_said(s, text) && sys_said(s, "label.service:3"));
		snprintf(text, sizeof(text), ONESHOT "%s=-kwalls_nosuch\nExecStart=DIR/probe\n",
			settings[i]);
		unit("label.service", text);
		CHECK(sys_ctl(s, "start label.service") == 0);
	}
}

/* ---- attributes, calls, namespaces of others ---- */

static void test_attributes(void **state)
{
	(void)state;
	run("at0.service", COMPAT "ExecStart=DIR/probe machine policy line:coredump_filter,00 "
				  "prctl:68 key:search,kwalls\n");
	EXPECT({ "machine", "x86_64 0" }, { "policy", "0 0" },
		{ "line:coredump_filter,00", "000033" }, { "key:search,kwalls", "E*" });
	run("at1.service",
		COMPAT "Personality=x86\nNUMAPolicy=bind\nNUMAMask=0\nKeyringMode=shared\n"
		       "CoredumpFilter=elf-headers private-anonymous\nMemoryKSM=no\n"
		       "ExecStart=DIR/probe machine policy line:coredump_filter,00 "
		       "key:add,kwalls key:search,kwalls\n");
	EXPECT({ "machine", "i686 8" }, { "policy", "2 1" },
		{ "line:coredump_filter,00", "000011" }, { "key:search,kwalls", "ok" });
	run("at2.service", COMPAT "KeyringMode=private\nExecStart=DIR/probe key:search,kwalls\n");
	EXPECT({ "key:search,kwalls", "E*" });
}

/* An errno of its own for a call, and calls that are only logged: getppid is 110, sysinfo 99. */
static void test_calls(void **state)
{
	(void)state;
	run("ca0.service", COMPAT "SystemCallFilter=~getppid:ENOTTY sysinfo\n"
				  "SystemCallErrorNumber=EUCLEAN\nSystemCallLog=getuid\n"
				  "ExecStart=DIR/probe call:110 call:99 call:102 call:104\n");
	EXPECT({ "call:110", "ENOTTY" }, { "call:99", "EUCLEAN" }, { "call:102", "ok" },
		{ "call:104", "ok" });
	run("ca1.service", COMPAT "SystemCallFilter=~getppid:kill\nSystemCallLog=~getuid\n"
				  "ExecStart=DIR/probe call:110 call:104\n");
	EXPECT({ "call:110", "SIG*" }, { "call:104", "ok" });
	run("ca2.service", COMPAT "ExecStart=DIR/probe call:110\n");
	EXPECT({ "call:110", "ok" });
}

static void host_namespace(const char *path, char *buf, size_t size)
{
	ssize_t n = readlink(path, buf, size - 1);

	CHECK(n > 0);
	buf[n] = '\0';
}

static void test_namespace_paths(void **state)
{
	char own[64], other[64], path[64], text[256];
	long pid;

	(void)state;
	unit("np0.service", "[Service]\nPrivateNetwork=yes\nPrivateIPC=yes\n"
			    "ExecStart=DIR/probe hold\n");
	CHECK(sys_ctl(s, "start np0.service") == 0);
	wait_answer("np0.service", "holding");
	pid = sys_number(s, "np0.service", "MainPID");
	for (int ipc = 0; ipc < 2; ipc++) {
		const char *kind = ipc ? "ipc" : "net";

		snprintf(path, sizeof(path), "/proc/%ld/ns/%s", pid, kind);
		host_namespace(path, other, sizeof(other));
		snprintf(own, sizeof(own), "/proc/self/ns/%s", kind);
		host_namespace(own, own, sizeof(own));
		snprintf(text, sizeof(text),
			ONESHOT "User=alice\n%s=%s\n"
				"ExecStart=DIR/probe ns:%s send:127.0.0.1,9\n",
			ipc ? "IPCNamespacePath" : "NetworkNamespacePath", path, kind);
		run(ipc ? "np2.service" : "np1.service", text);
		snprintf(text, sizeof(text), "ns:%s", kind);
		CHECK(strcmp(answer(text), other) == 0 && strcmp(answer(text), own) != 0);
	}
	unit("np3.service",
		ONESHOT "NetworkNamespacePath=/proc/self/ns/mnt\nExecStart=DIR/probe\n");
	CHECK(sys_ctl(s, "start np3.service") != 0);
	CHECK(sys_said(s, "not a namespace of that kind"));
	unit("np4.service", ONESHOT "NetworkNamespacePath=/etc/passwd\nExecStart=DIR/probe\n");
	CHECK(sys_ctl(s, "start np4.service") != 0);
	CHECK(sys_said(s, "not a namespace of that kind"));
	CHECK(sys_ctl(s, "stop np0.service") == 0);
}

/* JoinsNamespaceOf=: network and IPC of the other's slot; nothing of it without the line. */
static void test_joined(void **state)
{
	char net[64], ipc[64], path[64];

	(void)state;
	sys_unit(s, "jo1.service",
		"[Unit]\nJoinsNamespaceOf=jo0.service\nAfter=jo0.service\n" ONESHOT
		"PrivateNetwork=yes\nPrivateIPC=yes\nExecStart=/bin/true\n");
	unit("jo0.service", "[Service]\nPrivateNetwork=yes\nPrivateIPC=yes\nUser=alice\n"
			    "ExecStart=DIR/probe hold\n");
	CHECK(sys_ctl(s, "start jo0.service") == 0);
	wait_answer("jo0.service", "holding");
	snprintf(path, sizeof(path), "/proc/%ld/ns/net", sys_number(s, "jo0.service", "MainPID"));
	host_namespace(path, net, sizeof(net));
	snprintf(path, sizeof(path), "/proc/%ld/ns/ipc", sys_number(s, "jo0.service", "MainPID"));
	host_namespace(path, ipc, sizeof(ipc));
	run("jo1.service", "[Unit]\nJoinsNamespaceOf=jo0.service\nAfter=jo0.service\n" ONESHOT
			   "PrivateNetwork=yes\nPrivateIPC=yes\n"
			   "ExecStart=DIR/probe ns:net ns:ipc ns:user send:127.0.0.1,9\n");
	CHECK(strcmp(answer("ns:net"), net) == 0);
	CHECK(strcmp(answer("ns:ipc"), ipc) == 0);
	EXPECT({ "send:127.0.0.1,9", "ok" });
	run("jo2.service", ONESHOT "PrivateNetwork=yes\nPrivateIPC=yes\n"
				   "ExecStart=DIR/probe ns:net ns:ipc\n");
	CHECK(strcmp(answer("ns:net"), net) != 0 && strcmp(answer("ns:ipc"), ipc) != 0);
	/* The first named one that runs counts. */
	unit("jo3.service", ONESHOT "PrivateNetwork=yes\nExecStart=/bin/true\n");
	run("jo4.service",
		"[Unit]\nJoinsNamespaceOf=jo3.service gone.service jo0.service\n" ONESHOT
		"PrivateNetwork=yes\nPrivateIPC=yes\nExecStart=DIR/probe ns:net ns:ipc\n");
	CHECK(strcmp(answer("ns:net"), net) == 0 && strcmp(answer("ns:ipc"), ipc) == 0);
	CHECK(sys_ctl(s, "stop jo0.service") == 0);
}

/* ---- errors ---- */

/* What is wrong refuses the unit, with the word. */
static void test_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "IPAddressDeny=10.0.0.0/33", "10.0.0.0/33" },
		{ "IPAddressAllow=localhos", "localhos" },
		{ "SocketBindDeny=tcp:0", "tcp:0" },
		{ "SocketBindDeny=tcp:9-7", "tcp:9-7" },
		{ "SocketBindAllow=ipv4:sctp:7", "sctp" },
		{ "RestrictNetworkInterfaces=a/b", "a/b" },
		{ "DeviceAllow=dev/null rw", "dev/null" },
		{ "DeviceAllow=/dev/null rx", "r, w and m" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char text[256];

		snprintf(text, sizeof(text), ONESHOT "%s\nExecStart=/bin/true\n", rows[i][0]);
		sys_unit(s, "bad.service", text);
		sys_ctl(s, "daemon-reload");
		CHECK(sys_ctl(s, "start bad.service") != 0);
		sys_ctl(s, "verify %s/bad.service", s->units);
		if (!sys_said(s, rows[i][1])) {
			sys_fail(s, "%s: not named", rows[i][0]);
		}
	}
	sys_remove_unit(s, "bad.service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_policy),
		cmocka_unit_test(test_device_groups),
		cmocka_unit_test(test_device_more),
		cmocka_unit_test(test_device_replaced),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_landlock),
		cmocka_unit_test(test_landlock_keeps),
		cmocka_unit_test(test_landlock_ports),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_namespace_paths),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_refused),
	};
	int r = ask_begin();

	return r ? r : cmocka_run_group_tests(tests, ask_setup, ask_teardown);
}
