// SPDX-License-Identifier: MIT
/*
 * The table of enforcement: what each setting that confines denies (or gives), tried from inside
 * with the setting and without it. test_denied.c runs the rows; a lint test compares the settings
 * with those of units/settings_table.c, so that none can be added without a row. All units are
 * Profile=trusted, which has no walls of its own.
 */
#pragma once

#include <linux/capability.h>

struct denied_row {
	const char *setting; /* as in units/settings_table.c */
	const char *lines;   /* what is added, "\n" between them; the setting is among them */
	const char *base;    /* what both units say beside it, or NULL */
	const char *attempt; /* of the program tries; PID: a process outside of the unit, CGROUP:
				the test's, %N: the unit's name */
	const char *with;    /* fnmatch(3) patterns of its answer; "!": any but the rest */
	const char *without;
	int needs; /* capability without which the machine itself denies it; 0: none */
};

#define ALICE_IS   "User=alice\n"
#define SAYS_EPERM "SystemCallErrorNumber=EPERM\n"

static const struct denied_row denied_rows[] = {
	/* the file system */
	{ "ProtectSystem", "ProtectSystem=yes", 0, "open-write:/usr/lib/os-release", "EROFS",
		"ok" },
	{ "ProtectSystem", "ProtectSystem=full", 0, "open-write:/etc/hosts", "EROFS", "ok" },
	{ "ProtectSystem", "ProtectSystem=strict", 0, "create:/srv/denied/a", "EROFS", "ok" },
	{ "ProtectHome", "ProtectHome=yes", 0, "read:/root/marker", "ENOENT", "ok" },
	{ "ProtectHome", "ProtectHome=tmpfs", 0, "read:/root/marker", "ENOENT", "ok" },
	{ "ProtectHome", "ProtectHome=read-only", 0, "open-write:/root/marker", "EROFS", "ok" },
	{ "ReadOnlyPaths", "ReadOnlyPaths=/srv", 0, "create:/srv/denied/b", "EROFS", "ok" },
	{ "ReadOnlyDirectories", "ReadOnlyDirectories=/srv", 0, "create:/srv/denied/c", "EROFS",
		"ok" },
	{ "ReadWritePaths", "ReadWritePaths=/srv", "ProtectSystem=strict\n", "create:/srv/denied/d",
		"ok", "EROFS" },
	{ "ReadWriteDirectories", "ReadWriteDirectories=/srv", "ProtectSystem=strict\n",
		"create:/srv/denied/e", "ok", "EROFS" },
	{ "InaccessiblePaths", "InaccessiblePaths=/srv", 0, "read:/srv/marker", "ENOENT", "ok" },
	{ "InaccessiblePaths", "InaccessiblePaths=/srv/marker", 0, "read:/srv/marker", "EACCES",
		"ok" },
	/* The tree's own /dev/null is a file that can be read: CVE-2025-31133. */
	{ "InaccessiblePaths", "InaccessiblePaths=/srv/root-file",
		"RootDirectory=/srv/tree\nMountAPIVFS=no\n", "read:/srv/root-file", "EACCES",
		"ok" },
	{ "InaccessibleDirectories", "InaccessibleDirectories=/srv", 0, "read:/srv/marker",
		"ENOENT", "ok" },
	{ "NoExecPaths", "NoExecPaths=/srv", 0, "exec:/srv/tries", "EACCES", "ok same" },
	{ "ExecPaths", "ExecPaths=/srv/tries", "NoExecPaths=/srv\n", "exec:/srv/tries", "ok same",
		"EACCES" },
	{ "BindPaths", "BindPaths=/srv:/mnt", 0, "create:/mnt/denied/f", "ok", "ENOENT" },
	{ "BindReadOnlyPaths", "BindReadOnlyPaths=/srv", 0, "create:/srv/denied/g", "EROFS", "ok" },
	{ "TemporaryFileSystem", "TemporaryFileSystem=/srv", 0, "read:/srv/marker", "ENOENT",
		"ok" },
	{ "ExtensionDirectories", "ExtensionDirectories=/srv/extension", 0,
		"read:/usr/share/denied-marker", "ok", "ENOENT" },
	{ "ExtensionDirectories", "ExtensionDirectories=/srv/extension", 0,
		"open-write:/usr/lib/os-release", "EROFS", "ok" },
	{ "RootDirectory", "RootDirectory=/srv/tree", 0, "read:/srv/marker", "ENOENT", "ok" },
	{ "MountAPIVFS", "MountAPIVFS=no", "RootDirectory=/srv/tree\n", "open:/proc/self/comm",
		"ENOENT", "ok" },
	{ "PrivateTmp", "PrivateTmp=yes", 0, "read:/tmp/marker", "ENOENT", "ok" },
	{ "StateDirectory", "StateDirectory=denied", "ProtectSystem=strict\n",
		"create:/var/lib/denied/f", "ok", "E*" },
	{ "StateDirectoryMode", "StateDirectoryMode=0710", "StateDirectory=%N\n",
		"mode:/var/lib/%N", "710", "755" },
	{ "CacheDirectory", "CacheDirectory=denied", "ProtectSystem=strict\n",
		"create:/var/cache/denied/f", "ok", "E*" },
	{ "CacheDirectoryMode", "CacheDirectoryMode=0710", "CacheDirectory=%N\n",
		"mode:/var/cache/%N", "710", "755" },
	{ "LogsDirectory", "LogsDirectory=denied", "ProtectSystem=strict\n",
		"create:/var/log/denied/f", "ok", "E*" },
	{ "LogsDirectoryMode", "LogsDirectoryMode=0710", "LogsDirectory=%N\n", "mode:/var/log/%N",
		"710", "755" },
	{ "RuntimeDirectory", "RuntimeDirectory=denied", "ProtectSystem=strict\n",
		"create:/run/denied/f", "ok", "E*" },
	{ "RuntimeDirectoryMode", "RuntimeDirectoryMode=0710", "RuntimeDirectory=%N\n",
		"mode:/run/%N", "710", "755" },
	{ "ConfigurationDirectory", "ConfigurationDirectory=default/%N", ALICE_IS,
		"stat:/etc/default/%N", "ok", "ENOENT" },
	{ "ConfigurationDirectoryMode", "ConfigurationDirectoryMode=0710",
		"ConfigurationDirectory=default/%N\n", "mode:/etc/default/%N", "710", "755" },

	/* devices, kernel */
	{ "PrivateDevices", "PrivateDevices=yes", 0, "open:/dev/kmsg", "ENOENT", "ok" },
	{ "DevicePolicy", "DevicePolicy=closed", 0, "open:/dev/kmsg", "EPERM", "ok" },
	{ "DeviceAllow", "DeviceAllow=/dev/null rw", 0, "open:/dev/kmsg", "EPERM", "ok" },
	{ "DeviceAllow", "DeviceAllow=/dev/kmsg r", "DevicePolicy=closed\n", "open:/dev/kmsg", "ok",
		"EPERM" },
	{ "ProtectClock", "ProtectClock=yes", 0, "call:clock", "EPERM", "EINVAL" },
	{ "ProtectKernelModules", "ProtectKernelModules=yes", 0, "call:module", "EPERM", "!EPERM",
		CAP_SYS_MODULE },
	{ "ProtectKernelLogs", "ProtectKernelLogs=yes", 0, "call:syslog", "EPERM", "ok",
		CAP_SYSLOG },
	{ "ProtectKernelLogs", "ProtectKernelLogs=yes", 0, "open:/dev/kmsg", "E*", "ok" },
	{ "ProtectKernelTunables", "ProtectKernelTunables=yes", 0,
		"open-write:/proc/sys/kernel/domainname", "EROFS", "ok" },
	{ "ProtectControlGroups", "ProtectControlGroups=yes", 0,
		"open-write:/sys/fs/cgroup/CGROUP/cgroup.procs", "EROFS", "ok" },
	{ "ProtectHostname", "ProtectHostname=yes", 0, "call:sethostname", "EPERM", "EINVAL" },
	{ "ProtectProc", "ProtectProc=invisible", ALICE_IS, "stat:/proc/PID", "ENOENT", "ok" },
	{ "ProcSubset", "ProcSubset=pid", 0, "read:/proc/meminfo", "ENOENT", "ok" },

	/* namespaces */
	{ "PrivateNetwork", "PrivateNetwork=yes", 0, "abstract:denied", "ECONNREFUSED", "ok" },
	{ "PrivateIPC", "PrivateIPC=yes", 0, "segment:4711", "ENOENT", "ok" },
	{ "PrivatePIDs", "PrivatePIDs=yes", 0, "signal:PID", "ESRCH", "ok" },
	{ "PrivateUsers", "PrivateUsers=yes", 0, "read:/srv/root-file", "EACCES", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:userns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:mntns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:netns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:pidns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:utsns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:ipcns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:cgroupns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=yes", 0, "call:setns", "EPERM", "ok" },
	{ "RestrictNamespaces", "RestrictNamespaces=~net", 0, "call:netns", "EPERM", "ok" },

	/* system calls */
	{ "SystemCallFilter", "SystemCallFilter=~getppid", 0, "call:getppid", "SIGSYS", "ok" },
	{ "SystemCallFilter", "SystemCallFilter=@system-service", SAYS_EPERM, "call:mount", "EPERM",
		"ENOENT" },
	{ "SystemCallFilter", "SystemCallFilter=~@debug", SAYS_EPERM, "ptrace", "EPERM", "ok" },
	{ "SystemCallFilter", "SystemCallFilter=@system-service", SAYS_EPERM, "call:bpf", "EPERM",
		"EINVAL" },
	{ "SystemCallFilter", "SystemCallFilter=~@keyring", SAYS_EPERM, "call:keyctl", "EPERM",
		"ok" },
	{ "SystemCallErrorNumber", "SystemCallErrorNumber=EUCLEAN", "SystemCallFilter=~getppid\n",
		"call:getppid", "EUCLEAN", "SIGSYS" },
	{ "SystemCallArchitectures", "SystemCallArchitectures=native", 0, "call:foreign", "SIG*",
		"ok" },
	{ "RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX", 0, "socket:inet",
		"EAFNOSUPPORT", "ok" },
	{ "RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX", 0, "socket:inet6",
		"EAFNOSUPPORT", "ok" },
	{ "RestrictAddressFamilies", "RestrictAddressFamilies=AF_UNIX", 0, "socket:netlink",
		"EAFNOSUPPORT", "ok" },
	{ "RestrictAddressFamilies", "RestrictAddressFamilies=~AF_PACKET", 0, "socket:packet",
		"EAFNOSUPPORT", "ok", CAP_NET_RAW },
	{ "RestrictAddressFamilies", "RestrictAddressFamilies=none", 0, "socket:unix",
		"EAFNOSUPPORT", "ok" },
	{ "RestrictRealtime", "RestrictRealtime=yes", 0, "call:realtime", "EPERM", "EINVAL" },
	{ "RestrictSUIDSGID", "RestrictSUIDSGID=yes", 0, "setid:chmod", "EPERM", "ok" },
	{ "RestrictSUIDSGID", "RestrictSUIDSGID=yes", 0, "setid:fchmod", "EPERM", "ok" },
	{ "RestrictSUIDSGID", "RestrictSUIDSGID=yes", 0, "setid:fchmodat2", "EPERM", "ok" },
	{ "RestrictSUIDSGID", "RestrictSUIDSGID=yes", 0, "setid:open", "EPERM", "ok" },
	{ "RestrictSUIDSGID", "RestrictSUIDSGID=yes", 0, "setid:mkdir", "EPERM", "ok" },
	{ "MemoryDenyWriteExecute", "MemoryDenyWriteExecute=yes", 0, "map:both", "E*", "ok" },
	{ "MemoryDenyWriteExecute", "MemoryDenyWriteExecute=yes", 0, "map:later", "E*", "ok" },
	{ "MemoryDenyWriteExecute", "MemoryDenyWriteExecute=yes", 0, "map:shared", "E*", "ok" },
	{ "LockPersonality", "LockPersonality=yes", 0, "call:personality", "EPERM", "ok" },
	{ "Personality", "Personality=x86", 0, "machine", "i686", "!i686" },

	/* who it is, what it may */
	{ "User", "User=alice", 0, "read:/srv/root-file", "EACCES", "ok" },
	/* The tree has users of these names whose number is 0: CVE-2016-3697. */
	{ "User", "User=1000", "RootDirectory=/srv/tree\n", "read:/srv/root-file", "EACCES", "ok" },
	{ "User", "User=alice", "RootDirectory=/srv/tree\n", "read:/srv/root-file", "EACCES",
		"ok" },
	{ "Group", "Group=extra", ALICE_IS, "read:/srv/extra-file", "ok", "EACCES" },
	{ "SupplementaryGroups", "SupplementaryGroups=extra", ALICE_IS, "read:/srv/extra-file",
		"ok", "EACCES" },
	{ "DynamicUser", "DynamicUser=yes", 0, "read:/srv/root-file", "EACCES", "ok" },
	{ "CapabilityBoundingSet", "CapabilityBoundingSet=~CAP_CHOWN", 0, "chown", "EPERM", "ok" },
	{ "AmbientCapabilities", "AmbientCapabilities=CAP_DAC_READ_SEARCH", ALICE_IS,
		"read:/srv/root-file", "ok", "EACCES" },
	{ "SecureBits", "SecureBits=no-setuid-fixup", 0, "prctl:27", "4", "0" },
	{ "NoNewPrivileges", "NoNewPrivileges=yes", ALICE_IS, "exec:/srv/suid/tries", "ok same",
		"ok other" },
	{ "SetCredential", "SetCredential=a:b", 0, "environment:CREDENTIALS_DIRECTORY", "ok",
		"ENOENT" },
	{ "LoadCredential", "LoadCredential=a:/srv/root-file", ALICE_IS,
		"environment:CREDENTIALS_DIRECTORY", "ok", "ENOENT" },
	{ "UMask", "UMask=0077", 0, "umask", "77", "22" },

	/* addresses, ports */
	{ "IPAddressDeny", "IPAddressDeny=any", 0, "send:9", "EPERM", "ok" },
	{ "IPAddressAllow", "IPAddressAllow=localhost", "IPAddressDeny=any\n", "send:9", "ok",
		"EPERM" },
	{ "RestrictNetworkInterfaces", "RestrictNetworkInterfaces=~lo", 0, "send:9", "EPERM",
		"ok" },
	{ "SocketBindDeny", "SocketBindDeny=tcp:7101", 0, "bind:7101", "EPERM", "ok" },
	{ "SocketBindAllow", "SocketBindAllow=tcp:7102", "SocketBindDeny=any\n", "bind:7102", "ok",
		"EPERM" },

	/* limits, by their numbers of setrlimit(2) */
	{ "LimitCPU", "LimitCPU=4000", 0, "limit:0", "4000", "!4000" },
	{ "LimitFSIZE", "LimitFSIZE=40M", 0, "limit:1", "41943040", "!41943040" },
	{ "LimitDATA", "LimitDATA=40M", 0, "limit:2", "41943040", "!41943040" },
	{ "LimitSTACK", "LimitSTACK=4M", 0, "limit:3", "4194304", "!4194304" },
	{ "LimitCORE", "LimitCORE=4096", 0, "limit:4", "4096", "!4096" },
	{ "LimitRSS", "LimitRSS=40M", 0, "limit:5", "41943040", "!41943040" },
	{ "LimitNPROC", "LimitNPROC=1234", 0, "limit:6", "1234", "!1234" },
	{ "LimitNOFILE", "LimitNOFILE=123", 0, "limit:7", "123", "!123" },
	{ "LimitMEMLOCK", "LimitMEMLOCK=4096", 0, "limit:8", "4096", "!4096" },
	{ "LimitAS", "LimitAS=400M", 0, "limit:9", "419430400", "!419430400" },
	{ "LimitLOCKS", "LimitLOCKS=123", 0, "limit:10", "123", "!123" },
	{ "LimitSIGPENDING", "LimitSIGPENDING=123", 0, "limit:11", "123", "!123" },
	{ "LimitMSGQUEUE", "LimitMSGQUEUE=4096", 0, "limit:12", "4096", "!4096" },
	{ "LimitRTTIME", "LimitRTTIME=4000", 0, "limit:15", "4000", "!4000" },
};

/* Settings that one attempt in one unit cannot show: where they are tried both ways instead. */
struct denied_elsewhere {
	const char *setting;
	const char *file; /* of the source tree; it names the setting */
	const char *why;
};

static const struct denied_elsewhere denied_elsewhere[] = {
	{ "AppArmorProfile", "tests/system/test_kwalls.c", "needs a kernel with the module" },
	{ "SELinuxContext", "tests/system/test_kwalls.c", "needs a kernel with the module" },
	{ "SmackProcessLabel", "tests/system/test_kwalls.c", "needs a kernel with the module" },
	{ "IPCNamespacePath", "tests/system/test_kwalls.c", "names another unit's namespace" },
	{ "NetworkNamespacePath", "tests/system/test_kwalls.c", "names another unit's namespace" },
	{ "LoadCredentialEncrypted", "tests/system/test_credentials.c", "refuses the unit" },
	{ "SetCredentialEncrypted", "tests/system/test_credentials.c", "refuses the unit" },
	{ "MountFlags", "tests/system/test_places.c", "shared refuses the unit" },
	{ "MountImages", "tests/system/test_places.c", "needs an image" },
	{ "RootImage", "tests/system/test_places.c", "needs an image" },
	{ "RootImageOptions", "tests/system/test_places.c", "needs an image" },
	{ "MaxConnections", "tests/system/test_sockets.c", "of connections" },
	{ "SocketMode", "tests/system/test_sockets.c", "of a socket" },
	{ "PrivateMounts", "tests/system/test_denied.c", "seen from outside" },
	{ "RemoveIPC", "tests/system/test_denied.c", "seen when the unit has ended" },
	{ "RuntimeDirectoryPreserve", "tests/system/test_denied.c", "the same" },
	{ "SocketUser", "tests/system/test_denied.c", "of a socket" },
	{ "SocketGroup", "tests/system/test_denied.c", "of a socket" },
	{ "BindToDevice", "tests/system/test_denied.c", "of a socket" },
	{ "MaxConnectionsPerSource", "tests/system/test_denied.c", "of connections" },
	{ "SELinuxContextFromNet", "tests/system/test_denied.c", "refuses the unit" },
	{ "SmackLabel", "tests/system/test_denied.c", "needs a kernel with the module" },
	{ "SmackLabelIPIn", "tests/system/test_denied.c", "needs a kernel with the module" },
	{ "SmackLabelIPOut", "tests/system/test_denied.c", "needs a kernel with the module" },
};

/*
 * Limits that need a controller, which a test's cgroup has not, or CAP_SYS_RESOURCE: what the plan
 * says, as supd-load --dump prints it. That the files of a cgroup do it is measured in a virtual
 * machine by tests/vm/test_limits.py.
 */
struct denied_limit {
	const char *setting;
	const char *lines;
	const char *written;
};

static const struct denied_limit denied_limits[] = {
	{ "AllowedCPUs", "AllowedCPUs=0", "cgroup: cpuset.cpus = 0 " },
	{ "AllowedMemoryNodes", "AllowedMemoryNodes=0", "cgroup: cpuset.mems = 0 " },
	{ "BlockIOWeight", "BlockIOWeight=500", "cgroup: io.weight = " },
	{ "CPUQuota", "CPUQuota=20%", "cgroup: cpu.max = 20000 100000 " },
	{ "CPUQuota", "CPUQuota=0.5%", "cgroup: cpu.max = 1000 200000 " },
	{ "CPUQuota", "CPUQuota=0.01%", "cgroup: cpu.max = 1000 1000000 " },
	{ "CPUQuota", "CPUQuota=20%\nCPUQuotaPeriodSec=2s", "cgroup: cpu.max = 200000 1000000 " },
	{ "CPUQuota", "CPUQuota=20%\nStartupCPUWeight=7\nCPUWeight=8",
		"cgroup: cpu.weight = 8 later " },
	{ "CPUQuotaPeriodSec", "CPUQuota=20%\nCPUQuotaPeriodSec=20ms",
		"cgroup: cpu.max = 4000 20000 " },
	{ "CPUShares", "CPUShares=512", "cgroup: cpu.weight = " },
	{ "CPUWeight", "CPUWeight=50", "cgroup: cpu.weight = 50 " },
	{ "IODeviceLatencyTargetSec", "IODeviceLatencyTargetSec=/dev/sda 4ms",
		"cgroup: io.latency = target=4000 " },
	{ "IODeviceWeight", "IODeviceWeight=/dev/sda 40", "cgroup: io.weight = 40 " },
	{ "IOReadBandwidthMax", "IOReadBandwidthMax=/dev/sda 4M", "cgroup: io.max = rbps=4" },
	{ "IOReadIOPSMax", "IOReadIOPSMax=/dev/sda 400", "cgroup: io.max = riops=400 " },
	{ "IOWeight", "IOWeight=50", "cgroup: io.weight = 50 " },
	{ "IOWriteBandwidthMax", "IOWriteBandwidthMax=/dev/sda 4M", "cgroup: io.max = wbps=4" },
	{ "IOWriteIOPSMax", "IOWriteIOPSMax=/dev/sda 400", "cgroup: io.max = wiops=400 " },
	{ "LimitNICE", "LimitNICE=+19", "rlimit: 13 = 1:1" },
	{ "LimitRTPRIO", "LimitRTPRIO=0:3", "rlimit: 14 = 0:3" },
	{ "MemoryHigh", "MemoryHigh=40M", "cgroup: memory.high = 41943040 " },
	{ "MemoryLimit", "MemoryLimit=40M", "cgroup: memory.max = 41943040 " },
	{ "MemoryLow", "MemoryLow=40M", "cgroup: memory.low = 41943040 " },
	{ "MemoryMax", "MemoryMax=40M", "cgroup: memory.max = 41943040 " },
	{ "MemoryMin", "MemoryMin=40M", "cgroup: memory.min = 41943040 " },
	{ "MemorySwapMax", "MemorySwapMax=40M", "cgroup: memory.swap.max = 41943040 " },
	{ "MemoryZSwapMax", "MemoryZSwapMax=40M", "cgroup: memory.zswap.max = 41943040 " },
	{ "StartupAllowedCPUs", "StartupAllowedCPUs=0", "cgroup: cpuset.cpus = 0 " },
	{ "StartupAllowedMemoryNodes", "StartupAllowedMemoryNodes=0", "cgroup: cpuset.mems = 0 " },
	{ "StartupBlockIOWeight", "StartupBlockIOWeight=500", "cgroup: io.weight = " },
	{ "StartupCPUShares", "StartupCPUShares=512", "cgroup: cpu.weight = " },
	{ "StartupCPUWeight", "StartupCPUWeight=50", "cgroup: cpu.weight = 50 " },
	{ "StartupIOWeight", "StartupIOWeight=50", "cgroup: io.weight = 50 " },
	{ "StartupMemoryHigh", "StartupMemoryHigh=40M", "cgroup: memory.high = 41943040 " },
	{ "StartupMemoryLow", "StartupMemoryLow=40M", "cgroup: memory.low = 41943040 " },
	{ "StartupMemoryMax", "StartupMemoryMax=40M", "cgroup: memory.max = 41943040 " },
	{ "StartupMemorySwapMax", "StartupMemorySwapMax=40M",
		"cgroup: memory.swap.max = 41943040 " },
	{ "StartupMemoryZSwapMax", "StartupMemoryZSwapMax=40M",
		"cgroup: memory.zswap.max = 41943040 " },
	{ "TasksMax", "TasksMax=40", "cgroup: pids.max = 40 " },
};
