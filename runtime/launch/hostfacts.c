// SPDX-License-Identifier: MIT
#include "hostfacts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/enumtable.h"
#include "../base/fd.h"
#include "../base/number.h"
#include "compare.h"
#include "conditions.h"
#include "dirs.h"
#include "osrelease.h"

ssize_t host_read(const char *path, char *buf, size_t size)
{
	ssize_t n = fd_read_text(path, buf, size);

	if (n < 0) {
		return n;
	}
	if (n > 0 && buf[n - 1] == '\n') {
		n--;
	}
	buf[n] = '\0';
	return n;
}

bool host_is_yes(const char *text)
{
	static const char *const words[] = { "1", "yes", "y", "true", "t", "on" };

	return enum_table_find(words, ELEMENTSOF(words), text) >= 0;
}

int host_capability(const char *name)
{
	static const char *const names[] = { "chown", "dac_override", "dac_read_search", "fowner",
		"fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
		"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock",
		"ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
		"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config",
		"mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override",
		"mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon",
		"bpf", "checkpoint_restore" };

	if (strncasecmp(name, "cap_", 4) == 0) {
		name += 4;
	}
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (strcasecmp(names[i], name) == 0) {
			return (int)i;
		}
	}
	return -EINVAL;
}

int host_id_in_file(const char *path, const char *name, uint32_t *ret)
{
	static char text[1024 * 1024];
	size_t n = strlen(name);

	if (host_read(path, text, sizeof(text)) < 0) {
		return -ENOENT;
	}
	for (char *line = text; line; line = strchr(line, '\n')) {
		char *field;

		line += *line == '\n';
		if (strncmp(line, name, n) != 0 || line[n] != ':') {
			continue;
		}
		field = strchr(line + n + 1, ':');
		if (!field) {
			return -ENOENT;
		}
		field++;
		field[strcspn(field, ":\n")] = '\0';
		return number_parse_id(field, ret);
	}
	return -ENOENT;
}

static bool has_word(const char *text, const char *word, size_t n)
{
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, " \t\n");

		if (len == n && strncmp(p, word, n) == 0) {
			return true;
		}
		p += len;
		p += strspn(p, " \t\n");
	}
	return false;
}

bool host_has_words(const char *text, const char *wanted)
{
	for (const char *p = wanted; *p;) {
		size_t n = strcspn(p, " \t");

		if (n && !has_word(text, p, n)) {
			return false;
		}
		p += n;
		p += strspn(p, " \t");
	}
	return true;
}

bool host_cpu_has(const char *cpuinfo, const char *feature)
{
	const char *flags = strstr(cpuinfo, "\nflags");
	size_t n = strlen(feature);

	if (!flags) {
		flags = strstr(cpuinfo, "\nFeatures");
	}
	flags = flags ? strchr(flags, ':') : NULL;
	while (flags && *flags && *flags != '\n') {
		size_t len;

		flags++;
		len = strcspn(flags, " \n");
		if (len == n && strncmp(flags, feature, n) == 0) {
			return true;
		}
		flags += len;
	}
	return false;
}

/* ---- os-release: NAME=VALUE or NAME OPERATOR VERSION, several separated by blanks ---- */

/* One NAME OPERATOR VALUE without blanks; what has no value in the file has an empty one. */
static bool release_matches(const char *text, const char *word)
{
	size_t n = strcspn(word, COMPARE_CHARS);
	const char *want = word + n;
	enum compare op = compare_take(&want, true);
	char value[OSRELEASE_VALUE_MAX];

	if (n == 0 || op == COMPARE_NONE || !*want) {
		return false;
	}
	osrelease_value((struct osrelease_text) { text, strlen(text) },
		(struct osrelease_text) { word, n }, value);
	return compare_version_holds(op, value, want);
}

bool host_os_release_matches(const char *text, const char *parameter)
{
	for (const char *p = parameter + strspn(parameter, " \t"); *p; p += strspn(p, " \t")) {
		size_t n = strcspn(p, " \t");
		char word[256];

		if (n >= sizeof(word)) {
			return false;
		}
		memcpy(word, p, n);
		word[n] = '\0';
		if (!release_matches(text, word)) {
			return false;
		}
		p += n;
	}
	return true;
}

/* ---- tests ---- */

/* Of those that systemd calls otherwise. */
static const struct {
	const char *machine; /* uname -m */
	const char *name;    /* systemd's */
} architectures[] = {
	{ "x86_64", "x86-64" },
	{ "i386", "x86" },
	{ "i486", "x86" },
	{ "i586", "x86" },
	{ "i686", "x86" },
	{ "aarch64", "arm64" },
	{ "armv6l", "arm" },
	{ "armv7l", "arm" },
	{ "armv8l", "arm" },
	{ "ppc64le", "ppc64-le" },
};

const char *host_architecture_name(const char *machine)
{
	for (size_t i = 0; i < ELEMENTSOF(architectures); i++) {
		if (strcmp(architectures[i].machine, machine) == 0) {
			return architectures[i].name;
		}
	}
	return machine;
}

int host_architecture(const char *parameter)
{
	struct utsname u;

	if (uname(&u) < 0) {
		return -errno;
	}
	if (strcmp(parameter, "native") == 0) {
		return 1;
	}
	return strcmp(host_architecture_name(u.machine), parameter) == 0;
}

static const struct {
	const char *vendor; /* start of DMI's sys_vendor or product_name */
	const char *name;
} vms[] = {
	{ "KVM", "kvm" },
	{ "OpenStack", "kvm" },
	{ "Amazon EC2", "amazon" },
	{ "QEMU", "qemu" },
	{ "VMware", "vmware" },
	{ "innotek GmbH", "oracle" },
	{ "VirtualBox", "oracle" },
	{ "Xen", "xen" },
	{ "Bochs", "bochs" },
	{ "Parallels", "parallels" },
	{ "Virtual Machine", "microsoft" },
	{ "Google Compute Engine", "google" },
};

static const char *vm_by_dmi(const char *file)
{
	char text[256];

	if (host_read(file, text, sizeof(text)) < 0) {
		return NULL;
	}
	for (size_t i = 0; i < ELEMENTSOF(vms); i++) {
		if (strncmp(text, vms[i].vendor, strlen(vms[i].vendor)) == 0) {
			return vms[i].name;
		}
	}
	return NULL;
}

static const char *vm_name(void)
{
	static char cpuinfo[8192];
	const char *name = vm_by_dmi("/sys/class/dmi/id/product_name");

	name = name ? name : vm_by_dmi("/sys/class/dmi/id/sys_vendor");
	if (!name && access("/proc/xen", F_OK) == 0) {
		return "xen";
	}
	/* The processor's own word that it is emulated or virtual. */
	if (!name && host_read("/proc/cpuinfo", cpuinfo, sizeof(cpuinfo)) > 0 &&
		host_cpu_has(cpuinfo, "hypervisor")) {
		return "vm-other";
	}
	return name;
}

/* First line of a file in which a container manager names itself. */
static const char *name_in(const char *path)
{
	static char text[64];

	if (host_read(path, text, sizeof(text)) <= 0) {
		return NULL;
	}
	text[strcspn(text, "\n")] = '\0';
	return *text ? text : NULL;
}

/*
 * What is mounted there is not the root of the machine's tree: only below the root there is
 * cgroup.type (v2), and only at it release_agent (v1, the hierarchy by that name).
 */
static bool cgroups_are_private(void)
{
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0) {
		return access("/sys/fs/cgroup/cgroup.type", F_OK) == 0;
	}
	return access("/sys/fs/cgroup/systemd/cgroup.procs", F_OK) == 0 &&
	       access("/sys/fs/cgroup/systemd/release_agent", F_OK) < 0;
}

/*
 * A container manager names itself in a file or in PID 1's environment, or leaves a well-known
 * file. One that does nothing of this is known by its cgroup namespace, as systemd does.
 */
static const char *container_name(void)
{
	static char text[32768];
	const char *name = name_in("/run/host/container-manager");
	ssize_t n;

	name = name ? name : name_in("/run/systemd/container");
	if (name) {
		return name;
	}
	n = host_read("/proc/1/environ", text, sizeof(text));
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(text + at) + 1) {
		if (strncmp(text + at, "container=", 10) == 0) {
			return text + at + 10;
		}
	}
	if (access("/.dockerenv", F_OK) == 0) {
		return "docker";
	}
	if (access("/run/.containerenv", F_OK) == 0) {
		return "podman";
	}
	return cgroups_are_private() ? "container-other" : NULL;
}

static int in_private_users(void)
{
	char text[128];

	if (host_read("/proc/self/uid_map", text, sizeof(text)) < 0) {
		return 0;
	}
	return strstr(text, "4294967295") == NULL;
}

int host_virtualization(const char *parameter)
{
	const char *vm = vm_name();
	const char *container = container_name();

	if (strcmp(parameter, "vm") == 0) {
		return vm && !container;
	}
	if (strcmp(parameter, "container") == 0) {
		return container != NULL;
	}
	if (strcmp(parameter, "private-users") == 0) {
		return in_private_users();
	}
	if (strcmp(parameter, "yes") == 0 || host_is_yes(parameter)) {
		return vm || container;
	}
	if (strcmp(parameter, "no") == 0 || strcmp(parameter, "false") == 0) {
		return !vm && !container;
	}
	return (container && strcmp(container, parameter) == 0) ||
	       (!container && vm && strcmp(vm, parameter) == 0);
}

static const struct {
	const char *name;
	const char *path;
} securities[] = {
	{ "selinux", "/sys/fs/selinux/enforce" },
	{ "apparmor", "/sys/kernel/security/apparmor" },
	{ "smack", "/sys/fs/smackfs" },
	{ "tomoyo", "/sys/kernel/security/tomoyo" },
	{ "ima", "/sys/kernel/security/ima" },
	{ "audit", "/proc/self/loginuid" },
	{ "tpm2", "/sys/class/tpmrm/tpmrm0" },
};

int host_security(const char *parameter)
{
	if (strcmp(parameter, "uefi-secureboot") == 0) {
		AUTO_CLOSE int fd = open(
			"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
			O_RDONLY | O_CLOEXEC);
		uint8_t data[5];

		return fd >= 0 && fd_read_full(fd, data, sizeof(data)) == sizeof(data) &&
		       data[4] == 1;
	}
	for (size_t i = 0; i < ELEMENTSOF(securities); i++) {
		if (strcmp(securities[i].name, parameter) == 0) {
			return access(securities[i].path, F_OK) == 0;
		}
	}
	return 0;
}

struct power {
	bool any_mains, online;
};

static int look_at_supply(void *ctx, int dir, const char *name)
{
	struct power *power = ctx;
	char path[320] = "/sys/class/power_supply/", text[32];
	size_t n = strlen(path);

	(void)dir;
	if (strlen(name) > 200) {
		return 0;
	}
	strcpy(path + n, name);
	strcat(path, "/type");
	if (host_read(path, text, sizeof(text)) < 0 || strcmp(text, "Mains") != 0) {
		return 0;
	}
	power->any_mains = true;
	strcpy(path + n, name);
	strcat(path, "/online");
	power->online = power->online ||
			(host_read(path, text, sizeof(text)) > 0 && strcmp(text, "1") == 0);
	return 0;
}

/* No mains supply known means a machine that has nothing else: on AC. */
int host_ac_power(const char *parameter)
{
	struct power power = { false, false };
	AUTO_CLOSE int dir = open("/sys/class/power_supply", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0) {
		dir_each(dir, look_at_supply, &power);
	}
	return (!power.any_mains || power.online) == host_is_yes(parameter);
}
