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

static const struct {
	const char *name;
	const char *file;
	const char *key; /* NULL: the file is one number */
	uint64_t factor;
} values[] = {
	{ "MemoryCurrent", "memory.current", NULL, 1 },
	{ "MemoryPeak", "memory.peak", NULL, 1 },
	{ "MemoryMax", "memory.max", NULL, 1 },
	{ "MemoryHigh", "memory.high", NULL, 1 },
	{ "MemorySwapCurrent", "memory.swap.current", NULL, 1 },
	{ "CPUUsageNSec", "cpu.stat", "usage_usec", 1000 },
	{ "TasksMax", "pids.max", NULL, 1 },
};

GETTER(get_value)
{
	struct bus_unit_ref *ref = userdata;
	const struct cgroup_root *root = &ref->server->shell->cgroup;
	uint64_t value = CGROUP_NOT_SET;

	GETTER_PROLOGUE;
	for (size_t i = 0; has_cgroup(ref) && i < ELEMENTSOF(values); i++) {
		if (strcmp(values[i].name, property) != 0) {
			continue;
		}
		value = values[i].key ? cgroup_read_key(
						root, cgroup_of(ref), values[i].file, values[i].key)
				      : cgroup_read_number(root, cgroup_of(ref), values[i].file);
		value = value == CGROUP_NOT_SET ? value : value * values[i].factor;
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
	VALUE("MemoryMax"),
	VALUE("MemoryHigh"),
	VALUE("MemorySwapCurrent"),
	VALUE("CPUUsageNSec"),
	VALUE("TasksMax"),
	SD_BUS_PROPERTY("TasksCurrent", "t", get_tasks, 0, 0),
	SD_BUS_VTABLE_END,
};
