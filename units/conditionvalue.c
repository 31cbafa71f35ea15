// SPDX-License-Identifier: MIT
#include "conditionvalue.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/number.h"
#include "values.h"

static const char *const architectures[] = { "native", "x86", "x86-64", "ppc", "ppc-le", "ppc64",
	"ppc64-le", "ia64", "parisc", "parisc64", "s390", "s390x", "sparc", "sparc64", "mips",
	"mips-le", "mips64", "mips64-le", "alpha", "arm", "arm-be", "arm64", "arm64-be", "sh",
	"sh64", "m68k", "tilegx", "cris", "arc", "arc-be", "loongarch64", "riscv32", "riscv64",
	"nios2", NULL };
static const char *const securities[] = { "selinux", "apparmor", "tomoyo", "ima", "smack", "audit",
	"uefi-secureboot", "tpm2", "cvm", "measured-uki", NULL };
static const char *const virtualizations[] = { "vm", "container", "private-users", "qemu", "kvm",
	"amazon", "zvm", "vmware", "microsoft", "oracle", "powervm", "xen", "bochs", "uml",
	"parallels", "bhyve", "qnx", "acrn", "apple", "sre", "google", "openvz", "lxc",
	"lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl", "proot", "pouch", NULL };
static const char *const controllers[] = { "v1", "v2", "cpu", "cpuacct", "cpuset", "io", "blkio",
	"memory", "devices", "pids", NULL };

static bool is_one_of(const char *const *names, const char *text)
{
	for (; *names; names++) {
		if (strcmp(*names, text) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_bool(const char *text)
{
	bool on;

	return value_parse_bool(text, &on) == 0;
}

/* ">=" and its kin, as much as both sides know. */
static const char *skip_operator(const char *text)
{
	text += strspn(text, "<>=!");
	return text + strspn(text, " \t");
}

static bool is_count(const char *text)
{
	uint64_t n;

	return number_parse_u64(skip_operator(text), &n) == 0;
}

static bool is_size(const char *text)
{
	uint64_t n;

	return value_parse_size(skip_operator(text), &n) == 0;
}

/* All words are known controllers. */
static bool is_controllers(const char *text)
{
	char word[16];

	while (*(text += strspn(text, " \t"))) {
		size_t n = strcspn(text, " \t");

		if (n >= sizeof(word)) {
			return false;
		}
		memcpy(word, text, n);
		word[n] = '\0';
		if (!is_one_of(controllers, word)) {
			return false;
		}
		text += n;
	}
	return true;
}

static bool is_architecture(const char *text)
{
	return is_one_of(architectures, text);
}

static bool is_security(const char *text)
{
	return is_one_of(securities, text);
}

static bool is_virtualization(const char *text)
{
	return is_bool(text) || is_one_of(virtualizations, text);
}

static bool is_capability(const char *text)
{
	return value_capability_from_name(text) >= 0;
}

static bool is_pressure(const char *text)
{
	return strchr(text, '%') != NULL;
}

static const struct {
	bool (*is_good)(const char *text);
	const char *expected;
} rows[CONDITION_TYPE_COUNT] = {
	[CONDITION_ARCHITECTURE] = { is_architecture, "an architecture such as x86-64 or native" },
	[CONDITION_VIRTUALIZATION] = { is_virtualization,
		"yes, no, vm, container or a kind such as kvm or docker" },
	[CONDITION_SECURITY] = { is_security, "a technology such as apparmor, selinux or tpm2" },
	[CONDITION_CAPABILITY] = { is_capability, "a capability such as CAP_NET_ADMIN" },
	[CONDITION_AC_POWER] = { is_bool, "yes or no" },
	[CONDITION_FIRST_BOOT] = { is_bool, "yes or no" },
	[CONDITION_MEMORY] = { is_size, "a size such as >=512M" },
	[CONDITION_CPUS] = { is_count, "a number such as >=2" },
	[CONDITION_CONTROL_GROUP_CONTROLLER] = { is_controllers,
		"controllers such as memory, or v1 or v2" },
	[CONDITION_MEMORY_PRESSURE] = { is_pressure, "a share such as 20% or web.slice:20%/10s" },
	[CONDITION_CPU_PRESSURE] = { is_pressure, "a share such as 20% or web.slice:20%/10s" },
	[CONDITION_IO_PRESSURE] = { is_pressure, "a share such as 20% or web.slice:20%/10s" },
};

const char *condition_value_expected(enum condition_type type, const char *text)
{
	return rows[type].is_good && !rows[type].is_good(text) ? rows[type].expected : NULL;
}
