// SPDX-License-Identifier: MIT
/* Where a unit's cgroup lies, and what is written into its control files and its slices'. */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/hash.h"
#include "../runtime/base/limits.h"
#include "compile.h"

#define PERCENT_SCALE 10000u
#define CPU_PERIOD_US 100000u
#define CPU_LEAST_US  1000u
#define CPU_MOST_US   1000000u
#define SLICE_DEPTH   COMPILE_SLICES

enum amount_kind {
	AMOUNT_BYTES,  /* percent of the machine's memory */
	AMOUNT_TASKS,  /* percent of the machine's tasks */
	AMOUNT_WEIGHT, /* plain number */
};

#define NO_MEMBER SIZE_MAX

/* Members of struct unit_cgroup. */
static const struct {
	const char *setting;
	const char *controller;
	const char *file;
	size_t offset;
	enum amount_kind kind;
	size_t startup; /* of Startup…=, or NO_MEMBER */
	size_t above;   /* of Default…= of a slice above, or NO_MEMBER */
	size_t startup_above;
} amounts[] = {
#define MEMBER(name_) offsetof(struct unit_cgroup, name_)
	{ "MemoryMin", "memory", "memory.min", MEMBER(memory_min), AMOUNT_BYTES, NO_MEMBER,
		MEMBER(default_memory_min), NO_MEMBER },
	{ "MemoryLow", "memory", "memory.low", MEMBER(memory_low), AMOUNT_BYTES,
		MEMBER(startup_memory_low), MEMBER(default_memory_low),
		MEMBER(default_startup_memory_low) },
	{ "MemoryHigh", "memory", "memory.high", MEMBER(memory_high), AMOUNT_BYTES,
		MEMBER(startup_memory_high), NO_MEMBER, NO_MEMBER },
	{ "MemoryMax", "memory", "memory.max", MEMBER(memory_max), AMOUNT_BYTES,
		MEMBER(startup_memory_max), NO_MEMBER, NO_MEMBER },
	{ "MemorySwapMax", "memory", "memory.swap.max", MEMBER(memory_swap_max), AMOUNT_BYTES,
		MEMBER(startup_memory_swap_max), NO_MEMBER, NO_MEMBER },
	{ "MemoryZSwapMax", "memory", "memory.zswap.max", MEMBER(memory_zswap_max), AMOUNT_BYTES,
		MEMBER(startup_memory_zswap_max), NO_MEMBER, NO_MEMBER },
	{ "TasksMax", "pids", "pids.max", MEMBER(tasks_max), AMOUNT_TASKS, NO_MEMBER, NO_MEMBER,
		NO_MEMBER },
	{ "IOWeight", "io", "io.weight", MEMBER(io_weight), AMOUNT_WEIGHT,
		MEMBER(startup_io_weight), NO_MEMBER, NO_MEMBER },
#undef MEMBER
};

struct writes {
	struct compile *c;
	const struct unit *owner;
	const char *cgroup; /* NULL: the unit's own */
	uint32_t required;
	enum plan_limit_phase phase;
	bool phased; /* something is other while the machine starts */
	struct tlv_array *out;
	int error;
};

static void add(struct writes *w, const char *controller, const char *file, const char *value,
	const char *origin)
{
	struct plan_cgroup_write *row = compile_array_push(w->c->arena, w->out, sizeof(*row));

	if (!row || !value || !origin) {
		w->error = -ENOMEM;
		return;
	}
	row->cgroup = w->cgroup;
	row->file = file;
	row->value = value;
	row->controller = controller;
	row->required = w->required;
	row->origin = origin;
	row->phase = w->phase;
}

static const char *origin_of(struct writes *w, const char *setting, const char *origin)
{
	const char *found = origin ? origin : unit_setting_origin(w->owner, setting);

	return arena_printf(w->c->arena, "%s=, %s", setting, found ? found : w->owner->name);
}

static const char *show_amount(
	struct compile *c, const struct unit_amount *amount, enum amount_kind kind)
{
	uint64_t total = kind == AMOUNT_TASKS ? c->host.tasks : c->host.memory_bytes;
	uint64_t value = amount->value;

	if (amount->percent) {
		value = total / PERCENT_SCALE * amount->value +
			total % PERCENT_SCALE * amount->value / PERCENT_SCALE;
	} else if (value == UINT64_MAX) {
		return "max";
	}
	return arena_printf(c->arena, "%" PRIu64, value);
}

/* The kernel takes neither a period nor a quota below 1 ms: a small share gets a longer period. */
static void add_quota(struct writes *w)
{
	const struct unit_cgroup *g = &w->owner->cgroup;
	bool limited = g->cpu_quota.set && g->cpu_quota.value != UINT64_MAX;
	uint64_t period = g->cpu_quota_period_us, quota = 0;

	if (!g->cpu_quota.set && (!period || period == UINT64_MAX)) {
		return;
	}
	period = !period || period == UINT64_MAX ? CPU_PERIOD_US : period;
	if (limited && CPU_LEAST_US * PERCENT_SCALE / g->cpu_quota.value > period) {
		period = CPU_LEAST_US * PERCENT_SCALE / g->cpu_quota.value;
	}
	period = period < CPU_LEAST_US ? CPU_LEAST_US : period > CPU_MOST_US ? CPU_MOST_US : period;
	if (limited) {
		quota = g->cpu_quota.value * period / PERCENT_SCALE;
		quota = quota < CPU_LEAST_US ? CPU_LEAST_US : quota;
	}
	add(w, "cpu", "cpu.max",
		limited ? arena_printf(w->c->arena, "%" PRIu64 " %" PRIu64, quota, period)
			: arena_printf(w->c->arena, "max %" PRIu64, period),
		origin_of(w, g->cpu_quota.set ? "CPUQuota" : "CPUQuotaPeriodSec",
			g->cpu_quota.origin));
}

static void add_weight(struct writes *w, const char *setting, const struct unit_amount *weight)
{
	if (weight->set && weight->value == 0) {
		add(w, "cpu", "cpu.idle", "1", origin_of(w, setting, weight->origin));
	} else if (weight->set) {
		add(w, "cpu", "cpu.weight", arena_printf(w->c->arena, "%" PRIu64, weight->value),
			origin_of(w, setting, weight->origin));
	}
}

static void add_set(struct writes *w, const char *setting, const char *file, const char *list)
{
	if (list) {
		add(w, "cpuset", file, list, origin_of(w, setting, NULL));
	}
}

/* What follows is meant always, or, where there is another value for the start, later only. */
static void begin_usual(struct writes *w, bool has_startup)
{
	w->phase = has_startup ? PLAN_LIMIT_LATER : PLAN_LIMIT_ALWAYS;
	w->phased |= has_startup;
}

static void add_cpu(struct writes *w)
{
	const struct unit_cgroup *g = &w->owner->cgroup;
	const struct {
		const char *setting, *startup_setting, *file, *usual, *startup;
	} sets[] = {
		{ "AllowedCPUs", "StartupAllowedCPUs", "cpuset.cpus", g->allowed_cpus,
			g->startup_cpus },
		{ "AllowedMemoryNodes", "StartupAllowedMemoryNodes", "cpuset.mems",
			g->allowed_memory_nodes, g->startup_memory_nodes },
	};

	add_quota(w);
	begin_usual(w, g->startup_cpu_weight.set);
	add_weight(w, "CPUWeight", &g->cpu_weight);
	w->phase = PLAN_LIMIT_STARTUP;
	add_weight(w, "StartupCPUWeight", &g->startup_cpu_weight);
	for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
		begin_usual(w, sets[i].startup != NULL);
		add_set(w, sets[i].setting, sets[i].file, sets[i].usual);
		w->phase = PLAN_LIMIT_STARTUP;
		add_set(w, sets[i].startup_setting, sets[i].file, sets[i].startup);
	}
	w->phase = PLAN_LIMIT_ALWAYS;
}

/* The device's numbers are put before the value when it is written. */
static void add_devices(struct writes *w)
{
	static const struct {
		const char *file;
		const char *key;
	} kinds[UNIT_IO_KIND_COUNT] = {
		[UNIT_IO_WEIGHT] = { "io.weight", "" },
		[UNIT_IO_READ_BYTES] = { "io.max", "rbps=" },
		[UNIT_IO_WRITE_BYTES] = { "io.max", "wbps=" },
		[UNIT_IO_READ_CALLS] = { "io.max", "riops=" },
		[UNIT_IO_WRITE_CALLS] = { "io.max", "wiops=" },
		[UNIT_IO_LATENCY] = { "io.latency", "target=" },
	};
	const struct unit_io *rows = w->owner->cgroup.io_devices.items;

	for (size_t i = 0; i < w->owner->cgroup.io_devices.n; i++) {
		const char *key = kinds[rows[i].kind].key;
		const char *value =
			rows[i].value == UINT64_MAX
				? arena_printf(w->c->arena, "%smax", key)
				: arena_printf(w->c->arena, "%s%" PRIu64, key, rows[i].value);
		struct plan_cgroup_write *row;

		add(w, "io", kinds[rows[i].kind].file, value,
			origin_of(w, rows[i].setting, rows[i].origin));
		if (!w->error) {
			row = (struct plan_cgroup_write *)w->out->items + w->out->n - 1;
			row->device = rows[i].path;
		}
	}
}

/* "a-b.slice" -> "a.slice"; false at the top. */
static bool parent_slice(const char *name, char *buf)
{
	const char *dash = strrchr(name, '-');
	size_t n;

	if (!dash || dash == name) {
		return false;
	}
	n = (size_t)(dash - name);
	memcpy(buf, name, n);
	memcpy(buf + n, ".slice", sizeof(".slice"));
	return true;
}

static const struct unit_amount *member(const struct unit *u, size_t offset)
{
	return (const void *)((const char *)&u->cgroup + offset);
}

/* The slice that u is in; "-.slice" is above all others. NULL: none. */
static const char *slice_above(const struct unit *u, char *buf)
{
	if (u->type != UNIT_SLICE) {
		return u->cgroup.slice;
	}
	if (strcmp(u->name, "-.slice") == 0) {
		return NULL;
	}
	return parent_slice(u->name, buf) ? buf : "-.slice";
}

/* Default…= of the nearest slice above that has it. */
static const struct unit_amount *inherited(struct writes *w, size_t offset)
{
	static const struct unit_amount none;
	char buf[LIMIT_UNIT_NAME + 8];
	const struct unit *u = w->owner;

	for (int depth = 0; offset != NO_MEMBER && u && depth <= SLICE_DEPTH; depth++) {
		const char *name = slice_above(u, buf);

		u = name && strlen(name) < LIMIT_UNIT_NAME ? unit_set_find(w->c->set, name) : NULL;
		if (u && u->load_state == LOAD_LOADED && member(u, offset)->set) {
			return member(u, offset);
		}
	}
	return &none;
}

/* As systemd's DefaultTasksMax=: one unit that forks for ever leaves the machine to the others. */
static const struct unit_amount default_tasks = {
	.set = true, .percent = true, .value = 1500, .origin = "default"
};

static void add_amount(struct writes *w, size_t i)
{
	static const struct unit_amount none;
	const struct unit_amount *usual = member(w->owner, amounts[i].offset);
	const struct unit_amount *startup =
		amounts[i].startup == NO_MEMBER ? &none : member(w->owner, amounts[i].startup);
	uint32_t required = w->required;

	usual = usual->set ? usual : inherited(w, amounts[i].above);
	usual = !usual->set && amounts[i].kind == AMOUNT_TASKS && w->owner->type != UNIT_SLICE
			? &default_tasks
			: usual;
	startup = startup->set ? startup : inherited(w, amounts[i].startup_above);
	begin_usual(w, startup->set);
	w->required = usual == &default_tasks ? 0 : required;
	if (usual->set) {
		add(w, amounts[i].controller, amounts[i].file,
			show_amount(w->c, usual, amounts[i].kind),
			origin_of(w, amounts[i].setting, usual->origin));
	}
	w->required = required;
	if (startup->set) {
		w->phase = PLAN_LIMIT_STARTUP;
		add(w, amounts[i].controller, amounts[i].file,
			show_amount(w->c, startup, amounts[i].kind),
			origin_of(w, amounts[i].setting, startup->origin));
	}
	w->phase = PLAN_LIMIT_ALWAYS;
}

/* All limits of one unit or slice. */
static void add_unit(struct writes *w)
{
	const struct unit_cgroup *g = &w->owner->cgroup;
	int required = w->owner->container.require_controllers;

	w->required = required < 0 ? w->c->settings->require_controllers : (uint32_t)required;
	for (size_t i = 0; i < ELEMENTSOF(amounts); i++) {
		add_amount(w, i);
	}
	add_cpu(w);
	add_devices(w);
	if (g->oom_group) {
		w->required = 0;
		add(w, "memory", "memory.oom.group", "1", origin_of(w, "OOMPolicy", NULL));
	}
}

/* A name that the kernel could take for a control file gets a "_" in front, as in systemd. */
static const char *leaf(struct arena *arena, const char *name)
{
	static const char *const prefixes[] = { "_", ".", "cgroup.", "cpu.", "cpuset.", "io.",
		"memory.", "pids.", "hugetlb.", "rdma.", "misc." };

	for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
			return arena_printf(arena, "_%s", name);
		}
	}
	return name;
}

const char *compile_slice_path(struct compile *c, const char *name)
{
	char current[LIMIT_UNIT_NAME + 8], parent[LIMIT_UNIT_NAME + 8];
	const char *path = "";

	if (strcmp(name, "-.slice") == 0 || strlen(name) >= LIMIT_UNIT_NAME) {
		return "";
	}
	strcpy(current, name);
	for (int depth = 0; depth < SLICE_DEPTH && path; depth++) {
		const char *part = leaf(c->arena, current);

		path = !part ? NULL
			     : arena_printf(c->arena, "%s%s%s", part, *path ? "/" : "", path);
		if (!parent_slice(current, parent)) {
			break;
		}
		strcpy(current, parent);
	}
	return path;
}

int compile_cgroup_path(struct compile *c, const struct unit *u, const char **ret)
{
	const char *slice = u->type == UNIT_SLICE ? u->name : u->cgroup.slice;
	const char *path = slice ? compile_slice_path(c, slice) : "";
	const char *name = u->type == UNIT_SLICE && path && *path ? NULL : leaf(c->arena, u->name);

	if (name && path) {
		path = arena_printf(c->arena, "%s%s%s", path, *path ? "/" : "", name);
	}
	if (!path) {
		return -ENOMEM;
	}
	if (!catalogue_cgroup_path_is_valid(path)) {
		return -ENAMETOOLONG;
	}
	*ret = path;
	return 0;
}

size_t compile_slices(struct compile_unit *cu, const struct unit *ret[COMPILE_SLICES])
{
	char name[LIMIT_UNIT_NAME + 8], parent[LIMIT_UNIT_NAME + 8];
	const struct unit *found[COMPILE_SLICES];
	const char *slice = cu->unit->cgroup.slice;
	size_t n = 0;

	if (!slice || strlen(slice) >= LIMIT_UNIT_NAME) {
		return 0;
	}
	strcpy(name, slice);
	for (size_t i = 0; i < COMPILE_SLICES && strcmp(name, "-.slice") != 0; i++) {
		const struct unit *u = unit_set_find(cu->c->set, name);

		if (u && u->load_state == LOAD_LOADED) {
			found[n++] = u;
		}
		if (!parent_slice(name, parent)) {
			break;
		}
		strcpy(name, parent);
	}
	for (size_t i = 0; i < n; i++) {
		ret[i] = found[n - 1 - i];
	}
	return n;
}

/* Limits of the slices above, outermost first, then the unit's own. */
static void add_slices(struct writes *w, const char *slice, int depth)
{
	char parent[LIMIT_UNIT_NAME + 8];
	const struct unit *u = unit_set_find(w->c->set, slice);

	if (depth >= SLICE_DEPTH || strlen(slice) >= LIMIT_UNIT_NAME ||
		strcmp(slice, "-.slice") == 0) {
		return;
	}
	if (parent_slice(slice, parent)) {
		add_slices(w, parent, depth + 1);
	}
	if (u && u->load_state == LOAD_LOADED) {
		w->owner = u;
		w->cgroup = compile_slice_path(w->c, slice);
		add_unit(w);
	}
}

/* Never 0 once something was added. */
void compile_limits_hash(struct compile_unit *cu, const void *data, size_t size)
{
	uint64_t hash = hash_bytes(HASH_START ^ cu->limits_hash, data, size);
	uint32_t folded = (uint32_t)(hash ^ hash >> 32);

	cu->limits_hash = folded ? folded : 1;
}

static void hash_writes(struct compile_unit *cu, const struct tlv_array *writes)
{
	const struct plan_cgroup_write *rows = writes->items;

	for (size_t i = 0; i < writes->n; i++) {
		const char *const texts[] = { rows[i].cgroup, rows[i].file, rows[i].value,
			rows[i].device };

		for (size_t k = 0; k < ELEMENTSOF(texts); k++) {
			const char *text = texts[k] ? texts[k] : "";

			compile_limits_hash(cu, text, strlen(text) + 1);
		}
		compile_limits_hash(cu, &rows[i].phase, sizeof(rows[i].phase));
	}
}

int compile_cgroup_writes(struct compile_unit *cu, struct tlv_array *ret)
{
	char parent[LIMIT_UNIT_NAME + 8];
	struct writes w = { .c = cu->c, .out = ret };
	const char *slice = cu->unit->cgroup.slice;

	if (cu->unit->type == UNIT_SLICE) {
		slice = parent_slice(cu->unit->name, parent) ? parent : NULL;
	}
	if (slice) {
		add_slices(&w, slice, 0);
	}
	w.owner = cu->unit;
	w.cgroup = NULL;
	add_unit(&w);
	hash_writes(cu, ret);
	cu->startup_limits = w.phased;
	return w.error;
}
