// SPDX-License-Identifier: MIT
#include "conditionvalue.h"

#include <errno.h>
#include <string.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/enumtable.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/base/unitname.h"
#include "values.h"

static const char *const architectures[] = { "native", "x86", "x86-64", "ppc", "ppc-le", "ppc64",
	"ppc64-le", "ia64", "parisc", "parisc64", "s390", "s390x", "sparc", "sparc64", "mips",
	"mips-le", "mips64", "mips64-le", "alpha", "arm", "arm-be", "arm64", "arm64-be", "sh",
	"sh64", "m68k", "tilegx", "cris", "arc", "arc-be", "loongarch64", "riscv32", "riscv64",
	"nios2" };
static const char *const securities[] = { "selinux", "apparmor", "tomoyo", "ima", "smack", "audit",
	"uefi-secureboot", "tpm2", "cvm", "measured-uki" };
static const char *const virtualizations[] = { "vm", "container", "private-users", "qemu", "kvm",
	"amazon", "zvm", "vmware", "microsoft", "oracle", "powervm", "xen", "bochs", "uml",
	"parallels", "bhyve", "qnx", "acrn", "apple", "sre", "google", "openvz", "lxc",
	"lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl", "proot", "pouch",
	"vm-other", "container-other" };
static const char *const controllers[] = { "v1", "v2", "cpu", "cpuacct", "cpuset", "io", "blkio",
	"memory", "devices", "pids", "hugetlb", "rdma", "misc", "perf_event", "dmem" };

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
		if (enum_table_find(controllers, ELEMENTSOF(controllers), word) < 0) {
			return false;
		}
		text += n;
	}
	return true;
}

static bool is_architecture(const char *text)
{
	return enum_table_find(architectures, ELEMENTSOF(architectures), text) >= 0;
}

static bool is_security(const char *text)
{
	return enum_table_find(securities, ELEMENTSOF(securities), text) >= 0;
}

static bool is_virtualization(const char *text)
{
	return is_bool(text) ||
	       enum_table_find(virtualizations, ELEMENTSOF(virtualizations), text) >= 0;
}

static bool is_capability(const char *text)
{
	return value_capability_from_name(text) >= 0;
}

static const struct {
	const char *sign;
	uint64_t max;  /* of what value_parse_percent() makes of the number */
	uint32_t part; /* how much of it is 1/10000 */
} shares[] = {
	{ "%", 10000, 1 }, { "\xe2\x80\xb0", 100000, 10 }, /* per mille */
	{ "\xe2\x80\xb1", 1000000, 100 },                  /* per ten thousand */
};

static int read_share(const char *text, size_t n, uint32_t *ret)
{
	char number[32];
	uint64_t value;

	for (size_t i = 0; i < ELEMENTSOF(shares); i++) {
		size_t m = strlen(shares[i].sign);
		int r;

		if (n <= m || n - m + 2 > sizeof(number) ||
			memcmp(text + n - m, shares[i].sign, m) != 0) {
			continue;
		}
		memcpy(number, text, n - m);
		strcpy(number + n - m, "%");
		r = value_parse_percent(number, shares[i].max, &value);
		*ret = r < 0 ? 0 : (uint32_t)(value / shares[i].part);
		return r;
	}
	return -EINVAL;
}

static const struct {
	uint64_t span_us;
	const char *window;
} windows[] = {
	{ 10000000, "avg10" },
	{ 60000000, "avg60" },
	{ 300000000, "avg300" },
};

static const char *read_window(const char *text)
{
	uint64_t span_us;

	if (!*text) {
		return "avg300";
	}
	if (value_parse_timespan(text, 1000000, &span_us) == 0) {
		for (size_t i = 0; i < ELEMENTSOF(windows); i++) {
			if (windows[i].span_us == span_us) {
				return windows[i].window;
			}
		}
	}
	return NULL;
}

static bool is_slice(const char *text, size_t n)
{
	char name[LIMIT_UNIT_NAME];

	if (n >= sizeof(name)) {
		return false;
	}
	memcpy(name, text, n);
	name[n] = '\0';
	return unit_name_is_valid(name) && unit_type_from_name(name) == UNIT_SLICE &&
	       unit_name_classify(name) != UNIT_NAME_TEMPLATE;
}

bool condition_is_pressure(enum condition_type type)
{
	return type == CONDITION_MEMORY_PRESSURE || type == CONDITION_CPU_PRESSURE ||
	       type == CONDITION_IO_PRESSURE;
}

int condition_pressure_read(const char *text, struct condition_pressure *ret)
{
	const char *colon = strrchr(text, ':');
	const char *share = colon ? colon + 1 : text;
	size_t n = strcspn(share, "/");
	struct condition_pressure out = { .window = read_window(share + n + (share[n] == '/')) };
	int r = read_share(share, n, &out.limit);

	if (r < 0 || !out.window) {
		return r < 0 ? r : -EINVAL;
	}
	if (colon) {
		out.slice = text;
		out.slice_length = (size_t)(colon - text);
		if (!is_slice(text, out.slice_length)) {
			return -EINVAL;
		}
	}
	*ret = out;
	return 0;
}

static bool is_pressure(const char *text)
{
	struct condition_pressure p;

	return condition_pressure_read(text, &p) == 0;
}

#define PRESSURE "a share such as 20% or web.slice:20%/10s (or 1min, 5min)"

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
	[CONDITION_MEMORY_PRESSURE] = { is_pressure, PRESSURE },
	[CONDITION_CPU_PRESSURE] = { is_pressure, PRESSURE },
	[CONDITION_IO_PRESSURE] = { is_pressure, PRESSURE },
};

const char *condition_value_expected(enum condition_type type, const char *text)
{
	return rows[type].is_good && !rows[type].is_good(text) ? rows[type].expected : NULL;
}
