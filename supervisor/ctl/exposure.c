// SPDX-License-Identifier: MIT
#include "exposure.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"

#define WORST ((int)EXPOSURE_WORST)
#define NA    (-1)

/* ---- judges ---- */

/* Value of the first word that is text, from a table; WORST for any other. */
struct grade {
	const char *value;
	int badness;
};

static int grade(const struct grade *rows, size_t n, const char *value)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].value, value) == 0) {
			return rows[i].badness;
		}
	}
	return WORST;
}

/* Is word among those of text, which one space separates? */
static bool has_word(const char *text, const char *word, size_t n)
{
	while (*text) {
		size_t m = strcspn(text, " ");

		if (m == n && memcmp(text, word, n) == 0) {
			return true;
		}
		text += m + (text[m] == ' ');
	}
	return false;
}

#define JUDGE(name)                                                                                \
	static int name(                                                                           \
		const struct exposure_check *c, const char *value, const struct load_unit *u)

#define JUDGE_BY_GRADES(name, ...)                                                                 \
	JUDGE(name)                                                                                \
	{                                                                                          \
		static const struct grade rows[] = { __VA_ARGS__ };                                \
                                                                                                   \
		(void)c;                                                                           \
		(void)u;                                                                           \
		return grade(rows, ELEMENTSOF(rows), value);                                       \
	}

JUDGE_BY_GRADES(judge_flag, { "yes", 0 })
JUDGE_BY_GRADES(judge_ambient, { "0x0", 0 })
JUDGE_BY_GRADES(judge_devices, { "closed", 0 }, { "some", 15 })
JUDGE_BY_GRADES(judge_protect_system, { "strict", 0 }, { "full", 9 }, { "yes", 15 })
JUDGE_BY_GRADES(judge_protect_home, { "yes", 0 }, { "tmpfs", 3 }, { "read-only", 15 })
JUDGE_BY_GRADES(judge_proc_subset, { "pid", 0 })
JUDGE_BY_GRADES(judge_keyring, { "private", 0 })
JUDGE_BY_GRADES(judge_delegate, { "no", 0 })
JUDGE_BY_GRADES(judge_addresses, { "all", 0 }, { "filter", 0 }, { "localhost", 6 }, { "some", 15 })
JUDGE_BY_GRADES(judge_notify, { "none", 0 }, { "main", 0 }, { "exec", 0 })
JUDGE_BY_GRADES(judge_protect_proc, { "invisible", 0 }, { "ptraceable", 0 }, { "noaccess", 10 })

static const char *user_of(const struct load_unit *u)
{
	const struct load_fact *user = load_unit_fact(u, "User");

	return user ? user->value : "root";
}

static bool is_root(const char *user)
{
	return strcmp(user, "root") == 0 || strcmp(user, "0") == 0;
}

JUDGE(judge_user)
{
	(void)c;
	(void)u;
	return is_root(value) ? WORST : strcmp(value, "nobody") == 0 ? 27 : 0;
}

JUDGE(judge_groups)
{
	(void)c;
	return is_root(user_of(u)) ? NA : *value ? WORST : 0;
}

JUDGE(judge_remove_ipc)
{
	return is_root(user_of(u)) ? NA : judge_flag(c, value, u);
}

JUDGE(judge_root)
{
	(void)c;
	(void)u;
	return strcmp(value, "/") == 0 ? WORST : 0;
}

JUDGE(judge_caps)
{
	(void)u;
	return strtoull(value, NULL, 16) & c->caps ? WORST : 0;
}

JUDGE(judge_archs)
{
	(void)c;
	(void)u;
	return strcmp(value, "native") == 0 ? 0 : *value ? 24 : WORST;
}

JUDGE(judge_namespace)
{
	(void)u;
	return has_word(value, c->word, strlen(c->word)) ? WORST : 0;
}

/* Families that are not exotic. */
static const char plain_families[] = "AF_INET AF_INET6 AF_UNIX AF_NETLINK AF_PACKET";

/* "any", "allow AF_X …", "deny AF_X …": does the list name one that is exotic, or not? */
static bool names_exotic(const char *value)
{
	bool found = false;

	value += strcspn(value, " ");
	while (*value == ' ') {
		size_t n = strcspn(++value, " ");

		found = found || !has_word(plain_families, value, n);
		value += n;
	}
	return found;
}

JUDGE(judge_exotic)
{
	bool allow = strncmp(value, "allow", 5) == 0;

	(void)c;
	(void)u;
	return strcmp(value, "any") == 0 || names_exotic(value) == allow ? WORST : 0;
}

/* Bad if one of the check's families can be had. */
JUDGE(judge_families)
{
	bool allow = strncmp(value, "allow", 5) == 0;

	(void)u;
	for (const char *p = c->word; *p;) {
		size_t n = strcspn(p, " ");

		if (strcmp(value, "any") == 0 || (allow && has_word(value, p, n))) {
			return WORST;
		}
		/* A list that denies one of them is as good as one that denies all, to systemd. */
		if (!allow && has_word(value, p, n)) {
			return 0;
		}
		p += n + (p[n] == ' ');
	}
	return allow ? 0 : WORST;
}

/* "none", "allow-list", "deny-list", the latter two with a call that is allowed all the same. */
JUDGE(judge_calls)
{
	(void)c;
	(void)u;
	if (!strchr(value, ' ')) {
		return strcmp(value, "none") == 0 ? WORST : 0;
	}
	return strncmp(value, "allow", 5) == 0 ? 27 : WORST;
}

JUDGE(judge_umask)
{
	static const struct {
		unsigned open;
		int badness;
	} rows[] = { { 0002, WORST }, { 0004, 15 }, { 0020, 6 }, { 0040, 3 } };
	unsigned mask = (unsigned)strtoul(value, NULL, 8);

	(void)c;
	(void)u;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (!(mask & rows[i].open)) {
			return rows[i].badness;
		}
	}
	return 0;
}

/* ---- the checks, in systemd's order ---- */

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* id, name, fact, advice, setting, word, weight, caps, judge */
// clang-format off
static const struct exposure_check checks[] = {
	{ "RootDirectoryOrRootImage", "RootDirectory=/RootImage=",
		"RootDirectory", "RootDirectory=DIR", "RootDirectory", NULL, 200, 0, judge_root },
	{ "SupplementaryGroups", "SupplementaryGroups=",
		"SupplementaryGroups", "SupplementaryGroups=", "SupplementaryGroups", NULL, 200, 0, judge_groups },
	{ "RemoveIPC", "RemoveIPC=",
		"RemoveIPC", "RemoveIPC=yes", "RemoveIPC", NULL, 100, 0, judge_remove_ipc },
	{ "UserOrDynamicUser", "User=/DynamicUser=",
		"User", "User=NAME or DynamicUser=yes", "User", NULL, 2000, 0, judge_user },
	{ "CapabilityBoundingSet_CAP_SYS_TIME", "CapabilityBoundingSet=~CAP_SYS_TIME",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1000, CAP(SYS_TIME), judge_caps },
	{ "NoNewPrivileges", "NoNewPrivileges=",
		"NoNewPrivileges", "NoNewPrivileges=yes", "NoNewPrivileges", NULL, 1000, 0, judge_flag },
	{ "AmbientCapabilities", "AmbientCapabilities=",
		"AmbientCapabilities", "AmbientCapabilities=", "AmbientCapabilities", NULL, 500, 0, judge_ambient },
	{ "PrivateDevices", "PrivateDevices=",
		"PrivateDevices", "PrivateDevices=yes", "PrivateDevices", NULL, 1000, 0, judge_flag },
	{ "ProtectClock", "ProtectClock=",
		"ProtectClock", "ProtectClock=yes", "ProtectClock", NULL, 1000, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_SYS_PACCT", "CapabilityBoundingSet=~CAP_SYS_PACCT",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 25, CAP(SYS_PACCT), judge_caps },
	{ "CapabilityBoundingSet_CAP_KILL", "CapabilityBoundingSet=~CAP_KILL",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 500, CAP(KILL), judge_caps },
	{ "ProtectKernelLogs", "ProtectKernelLogs=",
		"ProtectKernelLogs", "ProtectKernelLogs=yes", "ProtectKernelLogs", NULL, 1000, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_WAKE_ALARM", "CapabilityBoundingSet=~CAP_WAKE_ALARM",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 25, CAP(WAKE_ALARM), judge_caps },
	{ "CapabilityBoundingSet_CAP_DAC_FOWNER_IPC_OWNER", "CapabilityBoundingSet=~CAP_(DAC_*|FOWNER|IPC_OWNER)",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1000, CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(IPC_OWNER), judge_caps },
	{ "ProtectControlGroups", "ProtectControlGroups=",
		"ProtectControlGroups", "ProtectControlGroups=yes", "ProtectControlGroups", NULL, 1000, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_LINUX_IMMUTABLE", "CapabilityBoundingSet=~CAP_LINUX_IMMUTABLE",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 75, CAP(LINUX_IMMUTABLE), judge_caps },
	{ "CapabilityBoundingSet_CAP_IPC_LOCK", "CapabilityBoundingSet=~CAP_IPC_LOCK",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 50, CAP(IPC_LOCK), judge_caps },
	{ "ProtectKernelModules", "ProtectKernelModules=",
		"ProtectKernelModules", "ProtectKernelModules=yes", "ProtectKernelModules", NULL, 1000, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_SYS_MODULE", "CapabilityBoundingSet=~CAP_SYS_MODULE",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1000, CAP(SYS_MODULE), judge_caps },
	{ "CapabilityBoundingSet_CAP_BPF", "CapabilityBoundingSet=~CAP_BPF",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 25, CAP(BPF), judge_caps },
	{ "CapabilityBoundingSet_CAP_SYS_TTY_CONFIG", "CapabilityBoundingSet=~CAP_SYS_TTY_CONFIG",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 25, CAP(SYS_TTY_CONFIG), judge_caps },
	{ "CapabilityBoundingSet_CAP_SYS_BOOT", "CapabilityBoundingSet=~CAP_SYS_BOOT",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 100, CAP(SYS_BOOT), judge_caps },
	{ "CapabilityBoundingSet_CAP_SYS_CHROOT", "CapabilityBoundingSet=~CAP_SYS_CHROOT",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 50, CAP(SYS_CHROOT), judge_caps },
	{ "PrivateMounts", "PrivateMounts=",
		"PrivateMounts", "PrivateMounts=yes", "PrivateMounts", NULL, 1000, 0, judge_flag },
	{ "SystemCallArchitectures", "SystemCallArchitectures=",
		"SystemCallArchitectures", "SystemCallArchitectures=native", "SystemCallArchitectures", NULL, 1000, 0, judge_archs },
	{ "CapabilityBoundingSet_CAP_BLOCK_SUSPEND", "CapabilityBoundingSet=~CAP_BLOCK_SUSPEND",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 25, CAP(BLOCK_SUSPEND), judge_caps },
	{ "MemoryDenyWriteExecute", "MemoryDenyWriteExecute=",
		"MemoryDenyWriteExecute", "MemoryDenyWriteExecute=yes", "MemoryDenyWriteExecute", NULL, 100, 0, judge_flag },
	{ "RestrictNamespaces_user", "RestrictNamespaces=~user",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "user", 1500, 0, judge_namespace },
	{ "RestrictNamespaces_pid", "RestrictNamespaces=~pid",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "pid", 500, 0, judge_namespace },
	{ "RestrictNamespaces_net", "RestrictNamespaces=~net",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "net", 500, 0, judge_namespace },
	{ "RestrictNamespaces_uts", "RestrictNamespaces=~uts",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "uts", 100, 0, judge_namespace },
	{ "RestrictNamespaces_mnt", "RestrictNamespaces=~mnt",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "mnt", 500, 0, judge_namespace },
	{ "CapabilityBoundingSet_CAP_LEASE", "CapabilityBoundingSet=~CAP_LEASE",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 25, CAP(LEASE), judge_caps },
	{ "CapabilityBoundingSet_CAP_MKNOD", "CapabilityBoundingSet=~CAP_MKNOD",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 500, CAP(MKNOD), judge_caps },
	{ "RestrictNamespaces_cgroup", "RestrictNamespaces=~cgroup",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "cgroup", 500, 0, judge_namespace },
	{ "RestrictSUIDSGID", "RestrictSUIDSGID=",
		"RestrictSUIDSGID", "RestrictSUIDSGID=yes", "RestrictSUIDSGID", NULL, 1000, 0, judge_flag },
	{ "RestrictNamespaces_ipc", "RestrictNamespaces=~ipc",
		"RestrictNamespaces", "RestrictNamespaces=yes", "RestrictNamespaces", "ipc", 500, 0, judge_namespace },
	{ "ProtectHostname", "ProtectHostname=",
		"ProtectHostname", "ProtectHostname=yes", "ProtectHostname", NULL, 50, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_CHOWN_FSETID_SETFCAP", "CapabilityBoundingSet=~CAP_(CHOWN|FSETID|SETFCAP)",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1000, CAP(CHOWN) | CAP(FSETID) | CAP(SETFCAP), judge_caps },
	{ "CapabilityBoundingSet_CAP_SET_UID_GID_PCAP", "CapabilityBoundingSet=~CAP_SET(UID|GID|PCAP)",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1500, CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP), judge_caps },
	{ "LockPersonality", "LockPersonality=",
		"LockPersonality", "LockPersonality=yes", "LockPersonality", NULL, 100, 0, judge_flag },
	{ "ProtectKernelTunables", "ProtectKernelTunables=",
		"ProtectKernelTunables", "ProtectKernelTunables=yes", "ProtectKernelTunables", NULL, 1000, 0, judge_flag },
	{ "RestrictAddressFamilies_AF_PACKET", "RestrictAddressFamilies=~AF_PACKET",
		"RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictAddressFamilies", "AF_PACKET", 1000, 0, judge_families },
	{ "RestrictAddressFamilies_AF_NETLINK", "RestrictAddressFamilies=~AF_NETLINK",
		"RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictAddressFamilies", "AF_NETLINK", 200, 0, judge_families },
	{ "RestrictAddressFamilies_AF_UNIX", "RestrictAddressFamilies=~AF_UNIX",
		"RestrictAddressFamilies", "RestrictAddressFamilies=none", "RestrictAddressFamilies", "AF_UNIX", 25, 0, judge_families },
	{ "RestrictAddressFamilies_OTHER", "RestrictAddressFamilies=~…",
		"RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "RestrictAddressFamilies", NULL, 1250, 0, judge_exotic },
	{ "RestrictAddressFamilies_AF_INET_INET6", "RestrictAddressFamilies=~AF_(INET|INET6)",
		"RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies", "AF_INET AF_INET6", 1500, 0, judge_families },
	{ "CapabilityBoundingSet_CAP_MAC", "CapabilityBoundingSet=~CAP_MAC_*",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 100, CAP(MAC_ADMIN) | CAP(MAC_OVERRIDE), judge_caps },
	{ "RestrictRealtime", "RestrictRealtime=",
		"RestrictRealtime", "RestrictRealtime=yes", "RestrictRealtime", NULL, 500, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_SYS_RAWIO", "CapabilityBoundingSet=~CAP_SYS_RAWIO",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1000, CAP(SYS_RAWIO), judge_caps },
	{ "CapabilityBoundingSet_CAP_SYS_PTRACE", "CapabilityBoundingSet=~CAP_SYS_PTRACE",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1500, CAP(SYS_PTRACE), judge_caps },
	{ "CapabilityBoundingSet_CAP_SYS_NICE_RESOURCE", "CapabilityBoundingSet=~CAP_SYS_(NICE|RESOURCE)",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 500, CAP(SYS_NICE) | CAP(SYS_RESOURCE), judge_caps },
	{ "DeviceAllow", "DeviceAllow=",
		"DeviceAllow", "DevicePolicy=closed", "DevicePolicy", NULL, 1000, 0, judge_devices },
	{ "CapabilityBoundingSet_CAP_NET_ADMIN", "CapabilityBoundingSet=~CAP_NET_ADMIN",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1000, CAP(NET_ADMIN), judge_caps },
	{ "ProtectSystem", "ProtectSystem=",
		"ProtectSystem", "ProtectSystem=strict", "ProtectSystem", NULL, 1000, 0, judge_protect_system },
	{ "ProtectProc", "ProtectProc=",
		"ProtectProc", "ProtectProc=invisible", "ProtectProc", NULL, 1000, 0, judge_protect_proc },
	{ "ProcSubset", "ProcSubset=",
		"ProcSubset", "ProcSubset=pid", "ProcSubset", NULL, 10, 0, judge_proc_subset },
	{ "ProtectHome", "ProtectHome=",
		"ProtectHome", "ProtectHome=yes", "ProtectHome", NULL, 1000, 0, judge_protect_home },
	{ "CapabilityBoundingSet_CAP_NET_BIND_SERVICE_BROADCAST_RAW)", "CapabilityBoundingSet=~CAP_NET_(BIND_SERVICE|BROADCAST|RAW)",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 500, CAP(NET_BIND_SERVICE) | CAP(NET_BROADCAST) | CAP(NET_RAW), judge_caps },
	{ "CapabilityBoundingSet_CAP_AUDIT", "CapabilityBoundingSet=~CAP_AUDIT_*",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 500, CAP(AUDIT_WRITE) | CAP(AUDIT_CONTROL) | CAP(AUDIT_READ), judge_caps },
	{ "CapabilityBoundingSet_CAP_SYS_ADMIN", "CapabilityBoundingSet=~CAP_SYS_ADMIN",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 1500, CAP(SYS_ADMIN), judge_caps },
	{ "PrivateNetwork", "PrivateNetwork=",
		"PrivateNetwork", "PrivateNetwork=yes", "PrivateNetwork", NULL, 2500, 0, judge_flag },
	{ "PrivateUsers", "PrivateUsers=",
		"PrivateUsers", "PrivateUsers=yes", "PrivateUsers", NULL, 1000, 0, judge_flag },
	{ "PrivateTmp", "PrivateTmp=",
		"PrivateTmp", "PrivateTmp=yes", "PrivateTmp", NULL, 1000, 0, judge_flag },
	{ "CapabilityBoundingSet_CAP_SYSLOG", "CapabilityBoundingSet=~CAP_SYSLOG",
		"CapabilityBoundingSet", "CapabilityBoundingSet=", "CapabilityBoundingSet", NULL, 500, CAP(SYSLOG), judge_caps },
	{ "KeyringMode", "KeyringMode=",
		"KeyringMode", "KeyringMode=private", "KeyringMode", NULL, 1000, 0, judge_keyring },
	{ "Delegate", "Delegate=",
		"Delegate", "Delegate=no", "Delegate", NULL, 100, 0, judge_delegate },
	{ "SystemCallFilter_clock", "SystemCallFilter=~@clock",
		"SystemCallFilter@clock", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "SystemCallFilter_cpu_emulation", "SystemCallFilter=~@cpu-emulation",
		"SystemCallFilter@cpu-emulation", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 250, 0, judge_calls },
	{ "SystemCallFilter_debug", "SystemCallFilter=~@debug",
		"SystemCallFilter@debug", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "SystemCallFilter_module", "SystemCallFilter=~@module",
		"SystemCallFilter@module", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "SystemCallFilter_mount", "SystemCallFilter=~@mount",
		"SystemCallFilter@mount", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "SystemCallFilter_obsolete", "SystemCallFilter=~@obsolete",
		"SystemCallFilter@obsolete", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 250, 0, judge_calls },
	{ "SystemCallFilter_privileged", "SystemCallFilter=~@privileged",
		"SystemCallFilter@privileged", "SystemCallFilter=@system-service, then ~@privileged @resources", "SystemCallFilter", NULL, 700, 0, judge_calls },
	{ "SystemCallFilter_raw_io", "SystemCallFilter=~@raw-io",
		"SystemCallFilter@raw-io", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "SystemCallFilter_reboot", "SystemCallFilter=~@reboot",
		"SystemCallFilter@reboot", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "SystemCallFilter_resources", "SystemCallFilter=~@resources",
		"SystemCallFilter@resources", "SystemCallFilter=@system-service, then ~@privileged @resources", "SystemCallFilter", NULL, 700, 0, judge_calls },
	{ "SystemCallFilter_swap", "SystemCallFilter=~@swap",
		"SystemCallFilter@swap", "SystemCallFilter=@system-service", "SystemCallFilter", NULL, 1000, 0, judge_calls },
	{ "IPAddressDeny", "IPAddressDeny=",
		"IPAddressDeny", "IPAddressDeny=any", "IPAddressDeny", NULL, 1000, 0, judge_addresses },
	{ "NotifyAccess", "NotifyAccess=",
		"NotifyAccess", "NotifyAccess=main", "NotifyAccess", NULL, 1000, 0, judge_notify },
	{ "UMask", "UMask=",
		"UMask", "UMask=0077", "UMask", NULL, 100, 0, judge_umask },
};
// clang-format on
_Static_assert(ELEMENTSOF(checks) == EXPOSURE_CHECKS, "checks drifted");

const struct exposure_check *exposure_check_at(unsigned i)
{
	return i < EXPOSURE_CHECKS ? &checks[i] : NULL;
}

/* ---- sums ---- */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return b ? (a + b - 1) / b : 0;
}

static uint64_t weighted(int badness, unsigned check)
{
	return badness > 0 ? divide_up((uint64_t)badness * checks[check].weight, EXPOSURE_WORST)
			   : 0;
}

int exposure_judge(const struct load_unit *u, struct exposure *ret)
{
	*ret = (struct exposure) { .bad_sum = 0 };
	if (!u->n_facts) {
		return -ENOENT;
	}
	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		const struct load_fact *fact = load_unit_fact(u, checks[i].fact);
		int badness = checks[i].judge(&checks[i], fact ? fact->value : "", u);

		ret->badness[i] = badness;
		if (badness >= 0) {
			ret->bad_sum += weighted(badness, i);
			ret->weight_sum += checks[i].weight;
		}
	}
	return 0;
}

unsigned exposure_score(const struct exposure *e)
{
	return (unsigned)divide_up(e->bad_sum * 100, e->weight_sum);
}

unsigned exposure_share(const struct exposure *e, unsigned check)
{
	uint64_t badness = e->badness[check] > 0 ? (uint64_t)e->badness[check] : 0;

	return (unsigned)divide_up(
		divide_up(badness * checks[check].weight * 100, EXPOSURE_WORST), e->weight_sum);
}

const char *exposure_level(unsigned score)
{
	static const struct {
		unsigned from;
		const char *name;
	} levels[] = { { 100, "DANGEROUS" }, { 90, "UNSAFE" }, { 75, "EXPOSED" }, { 50, "MEDIUM" },
		{ 10, "OK" }, { 1, "SAFE" }, { 0, "PERFECT" } };
	size_t i = 0;

	while (score < levels[i].from) {
		i++;
	}
	return levels[i].name;
}

/* ---- advice ---- */

/* What all checks with this check's advice cost together; 0 unless it is the first of them. */
static uint64_t gain_of(const struct exposure *e, unsigned check)
{
	uint64_t gain = 0;

	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		if (strcmp(checks[i].advice, checks[check].advice) != 0) {
			continue;
		}
		if (i < check) {
			return 0;
		}
		gain += weighted(e->badness[i], i);
	}
	return gain;
}

const char *exposure_advice(const struct exposure *e, unsigned rank, unsigned *ret_score)
{
	uint64_t gains[EXPOSURE_CHECKS];
	unsigned best = 0;

	for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
		gains[i] = gain_of(e, i);
	}
	for (unsigned k = 0; k <= rank; k++) {
		if (k) {
			gains[best] = 0;
		}
		for (unsigned i = 0; i < EXPOSURE_CHECKS; i++) {
			best = gains[i] > gains[best] ? i : best;
		}
	}
	if (!gains[best]) {
		return NULL;
	}
	*ret_score = (unsigned)divide_up((e->bad_sum - gains[best]) * 100, e->weight_sum);
	return checks[best].advice;
}
