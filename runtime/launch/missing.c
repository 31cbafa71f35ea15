// SPDX-License-Identifier: MIT
#include "missing.h"

#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "launch.h"

enum {
	ABSENT = 1 << 0, /* not in the kernel, or not of this file system */
	DENIED = 1 << 1, /* there, but not for supd-init: a container, a chroot, a policy */
	QUOTA = 1 << 2,  /* none are left, or none are allowed */
	ODD = 1 << 3,    /* an older kernel does not know the flag */
	GONE = 1 << 4,   /* a file of the kernel's that is not there */
	FULLY = ABSENT | DENIED | QUOTA | ODD,
};

static const struct {
	int error;
	unsigned kind;
} errors[] = {
	{ ENOSYS, ABSENT },
	{ EOPNOTSUPP, ABSENT },
	{ EINVAL, ODD },
	{ ENODEV, ABSENT },
	{ ENOENT, GONE },
	{ ENOPROTOOPT, ABSENT },
	{ EAFNOSUPPORT, ABSENT },
	{ ENXIO, ABSENT },
	{ EPERM, DENIED },
	{ EACCES, DENIED },
	{ ENOSPC, QUOTA },
	{ EUSERS, QUOTA },
};

/* The first row whose object the text begins with, and whose namespace the plan has. */
static const struct row {
	const char *object;
	uint32_t ns; /* enum plan_namespaces; 0: any */
	unsigned kinds;
	const char *setting, *needs, *without;
} rows[] = {
	{ "clone", PLAN_NS_USER, FULLY, "PrivateUsers=",
		"user namespaces: CONFIG_USER_NS, user.max_user_namespaces, no chroot",
		"PrivateUsers=no, Profile=compat" },
	{ "clone", PLAN_NS_PID, FULLY, "PrivatePIDs=", "PID namespaces: CONFIG_PID_NS",
		"PrivatePIDs=no" },
	{ "clone", PLAN_NS_NET, FULLY, "PrivateNetwork=",
		"network namespaces: CONFIG_NET_NS, user.max_net_namespaces", "PrivateNetwork=no" },
	{ "clone", PLAN_NS_MOUNT, FULLY, "the mount namespace of its walls",
		"namespaces and CAP_SYS_ADMIN for supd-init", "Profile=trusted" },
	{ "make namespace user", 0, FULLY, "PrivateUsers=",
		"user namespaces: CONFIG_USER_NS, user.max_user_namespaces, no chroot",
		"PrivateUsers=no, Profile=compat" },
	{ "enter namespace user", 0, FULLY, "PrivateUsers=",
		"user namespaces: CONFIG_USER_NS, no chroot", "PrivateUsers=no, Profile=compat" },
	{ "gid_map", 0, FULLY,
		"PrivateUsers=", "id maps: CONFIG_USER_NS, CAP_SETUID and CAP_SETGID for supd-init",
		"PrivateUsers=no, Profile=compat" },
	{ "uid_map", 0, FULLY,
		"PrivateUsers=", "id maps: CONFIG_USER_NS, CAP_SETUID and CAP_SETGID for supd-init",
		"PrivateUsers=no, Profile=compat" },
	{ "make namespace net", 0, FULLY, "PrivateNetwork=",
		"network namespaces: CONFIG_NET_NS, user.max_net_namespaces", "PrivateNetwork=no" },
	{ "enter namespace net", 0, FULLY, "PrivateNetwork=", "network namespaces: CONFIG_NET_NS",
		"PrivateNetwork=no" },
	{ "loopback", 0, FULLY, "PrivateNetwork=",
		"a loopback interface: CONFIG_NET_NS, CONFIG_INET", "PrivateNetwork=no" },
	{ "make namespace ipc", 0, FULLY, "PrivateIPC=",
		"IPC namespaces: CONFIG_IPC_NS, user.max_ipc_namespaces", "PrivateIPC=no" },
	{ "enter namespace ipc", 0, FULLY, "PrivateIPC=", "IPC namespaces: CONFIG_IPC_NS",
		"PrivateIPC=no" },
	{ "mount /dev/mqueue", 0, FULLY, "PrivateIPC=",
		"message queues with PrivateDevices=: CONFIG_POSIX_MQUEUE", "PrivateIPC=no" },
	{ "cgroup namespace", 0, FULLY, "ProtectControlGroups=",
		"cgroup namespaces: CONFIG_CGROUPS, user.max_cgroup_namespaces",
		"ProtectControlGroups=no, Profile=trusted" },
	{ "ProtectControlGroups= on ", 0, FULLY, "ProtectControlGroups=",
		"a mount of cgroup v2: CONFIG_CGROUPS", "ProtectControlGroups=no" },
	{ "ProtectHostname= ", 0, FULLY, "ProtectHostname=", "UTS namespaces: CONFIG_UTS_NS",
		"ProtectHostname=no" },
	{ "id-mapped mount of ", 0, FULLY, "PrivateUsers= with this root",
		"id-mapped mounts: Linux 5.12 and a file system that has them",
		"PrivateUsers=no, Profile=compat" },
	{ "private /dev/pts", 0, FULLY, "PrivateDevices=", "devpts: CONFIG_UNIX98_PTYS",
		"PrivateDevices=no" },
	{ "private /dev", 0, FULLY, "PrivateDevices=",
		"tmpfs, Linux 5.2 and CAP_MKNOD for supd-init", "PrivateDevices=no" },
	{ "/dev/null", 0, FULLY, "InaccessiblePaths= and its kin", "the device node /dev/null",
		"Profile=trusted" },
	{ "mount /proc", 0, FULLY,
		"ProtectProc=, ProcSubset=", "hidepid= and subset= of a proc mount: Linux 5.8",
		"ProtectProc=default with ProcSubset=all" },
	{ "private /tmp", 0, FULLY, "PrivateTmp=", "tmpfs: CONFIG_TMPFS, Linux 5.2",
		"PrivateTmp=no" },
	{ "tmpfs /run", 0, FULLY, "MountAPIVFS=", "tmpfs: CONFIG_TMPFS, Linux 5.2",
		"MountAPIVFS=no" },
	{ "tmpfs ", 0, ABSENT | DENIED, "TemporaryFileSystem=", "tmpfs: CONFIG_TMPFS, Linux 5.2",
		"the line removed" },
	{ "MountAPIVFS= on ", 0, FULLY, "MountAPIVFS=", "a mount of its own of proc, sysfs or dev",
		"MountAPIVFS=no" },
	{ "extension", 0, ABSENT | DENIED, "ExtensionDirectories=",
		"overlayfs: CONFIG_OVERLAY_FS; with RootImage= Linux 6.15", "the line removed" },
	{ "overlay", 0, ABSENT | DENIED, "ExtensionDirectories=",
		"overlayfs: CONFIG_OVERLAY_FS; with RootImage= Linux 6.15", "the line removed" },
	{ "image ", 0, ABSENT | DENIED | GONE,
		"MountImages=", "the file, loop devices (CONFIG_BLK_DEV_LOOP) and its file system",
		"BindPaths= of a directory" },
	{ "RootImage=", 0, ABSENT | DENIED | GONE, "it",
		"the file, loop devices (CONFIG_BLK_DEV_LOOP) and its file system",
		"RootDirectory=" },
	{ "propagation of /", 0, FULLY, "its walls",
		"mounts: a / that is a mount point, CAP_SYS_ADMIN for supd-init",
		"Profile=trusted" },
	{ "pivot to ", 0, FULLY, "its root", "pivot_root(2): not on a ramfs root, not in a chroot",
		"Profile=trusted without RootDirectory=" },
	{ "mount credentials", 0, FULLY, "LoadCredential= and its kin",
		"a file system in memory: CONFIG_TMPFS, Linux 5.2", "EnvironmentFile=" },
	{ "credentials", 0, FULLY, "LoadCredential= and its kin",
		"a file system in memory: CONFIG_TMPFS, Linux 5.2", "EnvironmentFile=" },
	{ "hide ", 0, ABSENT, "InaccessiblePaths= and its kin", "detached mounts: Linux 5.12",
		"Profile=trusted" },
	{ "bind ", 0, ABSENT, "BindPaths= and its kin", "detached mounts: Linux 5.12",
		"the line removed" },
	{ "read-only ", 0, ABSENT, "ReadOnlyPaths= and its kin", "mount_setattr(2): Linux 5.12",
		"Profile=trusted" },
	{ "read-write ", 0, ABSENT, "ReadWritePaths= and its kin", "mount_setattr(2): Linux 5.12",
		"Profile=trusted" },
	{ "noexec ", 0, ABSENT, "NoExecPaths=", "mount_setattr(2): Linux 5.12",
		"the line removed" },
	{ "session keyring", 0, DENIED, "KeyringMode=",
		"keyctl(2), which the policy of a container refuses", "KeyringMode=inherit" },
	{ "KeyringMode=shared", 0, DENIED, "it",
		"keyctl(2), which the policy of a container refuses", "KeyringMode=inherit" },
	{ "Personality=", 0, FULLY, "it", "a kernel with that personality", "the line removed" },
	{ "NUMAPolicy=", 0, FULLY, "it", "CONFIG_NUMA and memory nodes that are there",
		"NUMAPolicy=default" },
	{ "CoredumpFilter=", 0, FULLY | GONE, "it", "CONFIG_ELF_CORE and /proc",
		"the line removed" },
	{ "MemoryKSM=", 0, FULLY, "it", "CONFIG_KSM and Linux 6.4", "the line removed" },
	{ "nice", 0, DENIED, "Nice=", "CAP_SYS_NICE for supd-init", "the line removed" },
	{ "io priority", 0, FULLY, "IOSchedulingClass=",
		"CONFIG_BLOCK; realtime CAP_SYS_NICE for supd-init", "the line removed" },
	{ "cpu affinity", 0, FULLY, "CPUAffinity=",
		"processors that are there and in supd-init's cpuset", "the line removed" },
	{ "scheduler", 0, FULLY, "CPUSchedulingPolicy=",
		"CAP_SYS_NICE for supd-init and a realtime budget in the cgroup",
		"the line removed" },
	{ "timer slack", 0, FULLY, "TimerSlackNSec=", "prctl(2)", "the line removed" },
	{ "oom_score_adj", 0, ABSENT | ODD | GONE,
		"OOMScoreAdjust=", "/proc and a value from -1000 to 1000", "the line removed" },
	{ "bounding set", 0, FULLY, "CapabilityBoundingSet=", "CAP_SETPCAP for supd-init",
		"Profile=trusted" },
	{ "secure bits", 0, FULLY, "SecureBits=", "CAP_SETPCAP for supd-init", "SecureBits=" },
	{ "ambient capabilities", 0, FULLY,
		"AmbientCapabilities=", "these capabilities for supd-init", "the line removed" },
	{ "setgroups", 0, DENIED, "SupplementaryGroups=",
		"CAP_SETGID for supd-init, ids that its own namespace has", "User=root" },
	{ "setresgid", 0, FULLY, "Group=",
		"CAP_SETGID for supd-init, ids that its own namespace has", "Group=root" },
	{ "setresuid", 0, FULLY,
		"User=", "CAP_SETUID for supd-init, ids that its own namespace has", "User=root" },
	{ "no_new_privs", 0, FULLY, "NoNewPrivileges=", "prctl(2): Linux 3.5",
		"NoNewPrivileges=no" },
	{ "memory-deny-write-execute", 0, FULLY, "MemoryDenyWriteExecute=",
		"PR_SET_MDWE: Linux 6.3, not refused by a policy", "MemoryDenyWriteExecute=no" },
	{ "Landlock", 0, FULLY, "the wall that its paths and ports make",
		"Landlock: CONFIG_SECURITY_LANDLOCK, lsm=landlock", "Profile=trusted" },
	{ "seccomp filter", 0, FULLY, "SystemCallFilter= and its kin",
		"CONFIG_SECCOMP_FILTER, SECCOMP_FILTER_FLAG_LOG: Linux 4.14", "Profile=trusted" },
};

static unsigned kind_of(int error)
{
	for (size_t i = 0; i < ELEMENTSOF(errors); i++) {
		if (errors[i].error == error) {
			return errors[i].kind;
		}
	}
	return 0;
}

static const struct row *find_row(const struct launch *l, unsigned kind)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		const struct row *r = &rows[i];

		if (strncmp(l->text, r->object, strlen(r->object)) == 0 && (r->kinds & kind) &&
			(!r->ns || launch_has_ns(l, r->ns))) {
			return r;
		}
	}
	return NULL;
}

void missing_explain(struct launch *l, int error)
{
	const struct row *r = find_row(l, kind_of(error < 0 ? -error : error));
	char text[sizeof(l->text)] = " (";
	size_t n;

	if (!r) {
		return;
	}
	strcat(text, r->setting);
	strcat(text, " needs ");
	strcat(text, r->needs);
	strcat(text, "; without: ");
	strcat(text, r->without);
	strcat(text, ")");
	n = strlen(text);
	l->text[sizeof(l->text) - 1 - n] = '\0';
	strcat(l->text, text);
}
