// SPDX-License-Identifier: MIT
/* Resources of services and slices, as the kernel shows them to everybody. */
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "getters.h"
#include "objects.h"

static const char *cgroup_of(const struct bus_unit_ref *ref)
{
	return ref->unit ? shell_unit_cgroup(ref->unit) : NULL;
}

/* True while there is a cgroup to show. */
static bool has_cgroup(const struct bus_unit_ref *ref)
{
	const struct unit *u = ref->unit;

	return cgroup_of(ref) &&
	       (!u->is_service || (u->slot != WIRE_SLOT_NONE && !(u->slot_flags & WIRE_SLOT_BARE)));
}

GETTER(get_path)
{
	struct bus_unit_ref *ref = userdata;
	char shown[LIMIT_PATH] = "";

	GETTER_PROLOGUE;
	if (has_cgroup(ref)) {
		cgroup_shown_path(&ref->server->shell->cgroup, cgroup_of(ref), shown);
	}
	return sd_bus_message_append(reply, "s", shown);
}

GETTER(get_slice)
{
	struct bus_unit_ref *ref = userdata;
	const struct unit *u = ref->unit;
	const struct manifest *manifest =
		u && u->def ? catalogues_find(&ref->server->shell->catalogues, u->catalogue) : NULL;
	const char *name = "";

	GETTER_PROLOGUE;
	if (manifest && u->def->slice < manifest->units.n) {
		name = manifest_unit_at(manifest, u->def->slice)->name;
	}
	return sd_bus_message_append(reply, "s", name);
}

enum value_kind {
	VALUE_NUMBER, /* the file is one number */
	VALUE_KEY,    /* "key number" lines */
	VALUE_SUM,    /* "key=number" of all devices */
	VALUE_QUOTA,  /* "quota period": microseconds of CPU in each second */
	VALUE_LEFT,   /* memory that may still be taken */
	VALUE_NONE,   /* nobody counts it */
};

static const struct {
	const char *name;
	enum value_kind kind;
	const char *file;
	const char *key;
	uint64_t factor; /* 0: 1 */
	uint32_t kept;   /* enum usage_value + 1: of the last run, when there is no cgroup */
} values[] = {
	{ "MemoryCurrent", VALUE_NUMBER, "memory.current" },
	{ "MemoryPeak", VALUE_NUMBER, "memory.peak", .kept = USAGE_MEMORY_PEAK + 1 },
	{ "MemorySwapCurrent", VALUE_NUMBER, "memory.swap.current" },
	{ "MemorySwapPeak", VALUE_NUMBER, "memory.swap.peak", .kept = USAGE_SWAP_PEAK + 1 },
	{ "MemoryZSwapCurrent", VALUE_NUMBER, "memory.zswap.current" },
	{ "MemoryAvailable", VALUE_LEFT },
	{ "MemoryMin", VALUE_NUMBER, "memory.min" },
	{ "MemoryLow", VALUE_NUMBER, "memory.low" },
	{ "MemoryHigh", VALUE_NUMBER, "memory.high" },
	{ "MemoryMax", VALUE_NUMBER, "memory.max" },
	{ "MemorySwapMax", VALUE_NUMBER, "memory.swap.max" },
	{ "CPUUsageNSec", VALUE_KEY, "cpu.stat", "usage_usec", 1000, USAGE_CPU_NSEC + 1 },
	{ "CPUWeight", VALUE_NUMBER, "cpu.weight" },
	{ "CPUQuotaPerSecUSec", VALUE_QUOTA, "cpu.max" },
	{ "TasksMax", VALUE_NUMBER, "pids.max" },
	{ "IOWeight", VALUE_KEY, "io.weight", "default" },
	{ "IOReadBytes", VALUE_SUM, "io.stat", "rbytes", .kept = USAGE_IO_READ_BYTES + 1 },
	{ "IOWriteBytes", VALUE_SUM, "io.stat", "wbytes", .kept = USAGE_IO_WRITE_BYTES + 1 },
	{ "IOReadOperations", VALUE_SUM, "io.stat", "rios", .kept = USAGE_IO_READS + 1 },
	{ "IOWriteOperations", VALUE_SUM, "io.stat", "wios", .kept = USAGE_IO_WRITES + 1 },
	{ "IPIngressBytes", VALUE_NONE },
	{ "IPIngressPackets", VALUE_NONE },
	{ "IPEgressBytes", VALUE_NONE },
	{ "IPEgressPackets", VALUE_NONE },
};

/* What it took when it ran last. */
static uint64_t kept_value(const struct bus_unit_ref *ref, size_t i)
{
	const struct usage *usage =
		ref->unit ? usage_find(&ref->server->shell->usage, ref->unit) : NULL;

	return usage && values[i].kept ? usage->values[values[i].kept - 1] : CGROUP_NOT_SET;
}

static uint64_t read_value(const struct cgroup_root *root, const char *cgroup, size_t i)
{
	const char *file = values[i].file;
	uint64_t value = CGROUP_NOT_SET;

	switch (values[i].kind) {
	case VALUE_NUMBER:
		value = cgroup_read_number(root, cgroup, file);
		break;
	case VALUE_KEY:
		value = cgroup_read_key(root, cgroup, file, values[i].key);
		break;
	case VALUE_SUM:
		value = cgroup_read_sum(root, cgroup, file, values[i].key);
		break;
	case VALUE_QUOTA:
		value = cgroup_read_quota(root, cgroup);
		break;
	case VALUE_LEFT:
		value = cgroup_memory_left(root, cgroup);
		break;
	case VALUE_NONE:
		break;
	}
	return value == CGROUP_NOT_SET || !values[i].factor ? value : value * values[i].factor;
}

GETTER(get_value)
{
	struct bus_unit_ref *ref = userdata;
	uint64_t value = CGROUP_NOT_SET;

	GETTER_PROLOGUE;
	for (size_t i = 0; i < ELEMENTSOF(values); i++) {
		if (strcmp(values[i].name, property) == 0) {
			value = has_cgroup(ref)
					? read_value(&ref->server->shell->cgroup, cgroup_of(ref), i)
					: kept_value(ref, i);
		}
	}
	return sd_bus_message_append(reply, "t", value);
}

GETTER(get_tasks)
{
	struct bus_unit_ref *ref = userdata;
	const struct cgroup_root *root = &ref->server->shell->cgroup;
	uint64_t value = CGROUP_NOT_SET;

	GETTER_PROLOGUE;
	if (has_cgroup(ref)) {
		value = cgroup_read_number(root, cgroup_of(ref), "pids.current");
	}
	if (has_cgroup(ref) && value == CGROUP_NOT_SET) {
		value = cgroup_count_pids(root, cgroup_of(ref));
	}
	return sd_bus_message_append(reply, "t", value);
}

#define VALUE(name_) SD_BUS_PROPERTY(name_, "t", get_value, 0, 0)
const sd_bus_vtable bus_vtable_cgroup[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Slice", "s", get_slice, 0, 0),
	SD_BUS_PROPERTY("ControlGroup", "s", get_path, 0, 0),
	VALUE("MemoryCurrent"),
	VALUE("MemoryPeak"),
	VALUE("MemorySwapCurrent"),
	VALUE("MemorySwapPeak"),
	VALUE("MemoryZSwapCurrent"),
	VALUE("MemoryAvailable"),
	VALUE("MemoryMin"),
	VALUE("MemoryLow"),
	VALUE("MemoryHigh"),
	VALUE("MemoryMax"),
	VALUE("MemorySwapMax"),
	VALUE("CPUUsageNSec"),
	VALUE("CPUWeight"),
	VALUE("CPUQuotaPerSecUSec"),
	VALUE("TasksMax"),
	VALUE("IOWeight"),
	VALUE("IOReadBytes"),
	VALUE("IOWriteBytes"),
	VALUE("IOReadOperations"),
	VALUE("IOWriteOperations"),
	VALUE("IPIngressBytes"),
	VALUE("IPIngressPackets"),
	VALUE("IPEgressBytes"),
	VALUE("IPEgressPackets"),
	SD_BUS_PROPERTY("TasksCurrent", "t", get_tasks, 0, 0),
	SD_BUS_VTABLE_END,
};
