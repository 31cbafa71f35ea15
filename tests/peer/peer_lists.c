// SPDX-License-Identifier: MIT
/* The lists and flags of peer_units: what is more than one field of a struct. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../../units/ebpf.h"
#include "../../units/values.h"
#include "peer_units.h"

#define FIELD(type, member, field) (((const struct type *)(member).items)[i].field)

static const struct {
	const char *name;
	int resource;
} rlimits[] = {
	{ "CPU", RLIMIT_CPU },
	{ "FSIZE", RLIMIT_FSIZE },
	{ "DATA", RLIMIT_DATA },
	{ "STACK", RLIMIT_STACK },
	{ "CORE", RLIMIT_CORE },
	{ "NOFILE", RLIMIT_NOFILE },
	{ "AS", RLIMIT_AS },
	{ "NPROC", RLIMIT_NPROC },
	{ "MEMLOCK", RLIMIT_MEMLOCK },
	{ "NICE", RLIMIT_NICE },
	{ "RTPRIO", RLIMIT_RTPRIO },
};
static const char *const path_keys[PLAN_MOUNT_KIND_COUNT] = {
	[PLAN_MOUNT_READ_ONLY] = "ReadOnlyPaths",
	[PLAN_MOUNT_READ_WRITE] = "ReadWritePaths",
	[PLAN_MOUNT_INACCESSIBLE] = "InaccessiblePaths",
	[PLAN_MOUNT_EXEC] = "ExecPaths",
	[PLAN_MOUNT_NOEXEC] = "NoExecPaths",
};
static const char *const dir_keys[PLAN_DIR_KIND_COUNT] = {
	[PLAN_DIR_RUNTIME] = "RuntimeDirectory",
	[PLAN_DIR_STATE] = "StateDirectory",
	[PLAN_DIR_CACHE] = "CacheDirectory",
	[PLAN_DIR_LOGS] = "LogsDirectory",
	[PLAN_DIR_CONFIGURATION] = "ConfigurationDirectory",
};
static const char *const watch_keys[PLAN_WATCH_TYPE_COUNT] = {
	[PLAN_WATCH_EXISTS] = "PathExists",
	[PLAN_WATCH_EXISTS_GLOB] = "PathExistsGlob",
	[PLAN_WATCH_CHANGED] = "PathChanged",
	[PLAN_WATCH_MODIFIED] = "PathModified",
	[PLAN_WATCH_NOT_EMPTY] = "DirectoryNotEmpty",
};
static const struct {
	const char *key;
	uint32_t flag;
} timer_flags[] = {
	{ "OnClockChange", TIMER_ON_CLOCK_CHANGE },
	{ "OnTimeZoneChange", TIMER_ON_TIMEZONE_CHANGE },
	{ "Persistent", TIMER_PERSISTENT },
	{ "WakeSystem", TIMER_WAKE_SYSTEM },
	{ "RemainAfterElapse", TIMER_REMAIN_AFTER_ELAPSE },
	{ "FixedRandomDelay", TIMER_FIXED_RANDOM_DELAY },
}, unit_flags[] = {
	{ "DefaultDependencies", UNIT_DEFAULT_DEPENDENCIES },
	{ "RefuseManualStart", UNIT_REFUSE_MANUAL_START },
	{ "RefuseManualStop", UNIT_REFUSE_MANUAL_STOP },
	{ "IgnoreOnIsolate", UNIT_IGNORE_ON_ISOLATE },
	{ "StopWhenUnneeded", UNIT_STOP_WHEN_UNNEEDED },
}, socket_flags[] = {
	{ "KeepAlive", PLAN_SOCKET_KEEP_ALIVE },
	{ "NoDelay", PLAN_SOCKET_NO_DELAY },
	{ "FreeBind", PLAN_SOCKET_FREE_BIND },
	{ "Transparent", PLAN_SOCKET_TRANSPARENT },
	{ "Broadcast", PLAN_SOCKET_BROADCAST },
	{ "PassCredentials", PLAN_SOCKET_PASS_CRED },
	{ "PassSecurity", PLAN_SOCKET_PASS_SEC },
	{ "PassPacketInfo", PLAN_SOCKET_PASS_PKTINFO },
	{ "RemoveOnStop", PLAN_SOCKET_REMOVE_ON_STOP },
	{ "Writable", PLAN_SOCKET_WRITABLE },
};

#define PUT_FLAGS(u, table, flags)                                                                 \
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {                                           \
		peer_put(u, table[i].key, (flags)&table[i].flag ? "yes" : "no");                   \
	}

static void put_items(const struct unit *u, const char *key, const struct list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		peer_put(u, key, FIELD(unit_item, *list, text));
	}
}

static void put_u64(const struct unit *u, const char *key, uint64_t value)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRIu64, value);
	peer_put(u, key, value == UINT64_MAX ? "infinity" : buf);
}

static void put_signed(const struct unit *u, const char *key, int value)
{
	char buf[12];

	snprintf(buf, sizeof(buf), "%d", value);
	peer_put(u, key, buf);
}

static void put_caps(const struct unit *u, const char *key, uint64_t caps)
{
	for (unsigned i = 0; i < VALUE_CAPABILITY_COUNT; i++) {
		if (caps & UINT64_C(1) << i) {
			peer_put(u, key, value_capability_to_name(i));
		}
	}
}

static void put_paths(const struct unit *u)
{
	const struct unit_path *rows = u->exec->paths.items;
	char buf[8192];

	for (size_t i = 0; i < u->exec->paths.n; i++) {
		const char *key = path_keys[rows[i].kind];

		snprintf(buf, sizeof(buf), "%s%s%s",
			rows[i].flags & PLAN_MOUNT_F_IGNORE_MISSING ? "-" : "",
			rows[i].in_root ? "+" : "", rows[i].target);
		if (key) {
			peer_put(u, key, buf);
		} else if (rows[i].kind == PLAN_MOUNT_BIND) {
			snprintf(buf, sizeof(buf), "%s%s:%s:%s",
				rows[i].flags & PLAN_MOUNT_F_IGNORE_MISSING ? "-" : "",
				rows[i].source, rows[i].target,
				rows[i].flags & PLAN_MOUNT_F_NON_RECURSIVE ? "norbind" : "rbind");
			key = rows[i].flags & PLAN_MOUNT_F_READ_ONLY ? "BindReadOnlyPaths"
								     : "BindPaths";
			peer_put(u, key, buf);
		} else if (rows[i].kind == PLAN_MOUNT_TMPFS) {
			snprintf(buf, sizeof(buf), "%s%s%s", rows[i].target,
				rows[i].options ? ":" : "", rows[i].options ? rows[i].options : "");
			peer_put(u, "TemporaryFileSystem", buf);
		}
	}
}

static void put_env_files(const struct unit *u)
{
	const struct unit_env_file *files = u->exec->environment_files.items;
	char buf[8192];

	for (size_t i = 0; i < u->exec->environment_files.n; i++) {
		snprintf(buf, sizeof(buf), "%s%s", files[i].optional ? "-" : "", files[i].path);
		peer_put(u, "EnvironmentFile", buf);
	}
}

static void put_rlimits(const struct unit *u)
{
	char key[32];

	for (size_t i = 0; i < ELEMENTSOF(rlimits); i++) {
		const struct unit_rlimit *limit = &u->exec->rlimits[rlimits[i].resource];

		if (!limit->set) {
			continue;
		}
		snprintf(key, sizeof(key), "Limit%s", rlimits[i].name);
		put_u64(u, key, limit->hard);
		strcat(key, "Soft");
		put_u64(u, key, limit->soft);
	}
}

static void put_exec(const struct unit *u)
{
	const struct unit_exec *e = u->exec;

	put_items(u, "Environment", &e->environment);
	put_items(u, "PassEnvironment", &e->pass_environment);
	put_items(u, "UnsetEnvironment", &e->unset_environment);
	put_items(u, "SupplementaryGroups", &e->supplementary_groups);
	put_env_files(u);
	put_paths(u);
	put_rlimits(u);
	for (size_t k = 0; k < PLAN_DIR_KIND_COUNT; k++) {
		for (size_t i = 0; i < e->dirs[k].names.n; i++) {
			peer_put(u, dir_keys[k], FIELD(unit_dir, e->dirs[k].names, name));
		}
	}
	if (e->cap_bounding != UINT64_MAX) {
		peer_put(u, "CapabilityBoundingSet", "");
		put_caps(u, "CapabilityBoundingSet", e->cap_bounding);
	}
	put_caps(u, "AmbientCapabilities", e->cap_ambient);
	if (e->nice_set) {
		put_signed(u, "Nice", e->nice);
	}
	if (e->oom_score_adjust_set) {
		put_signed(u, "OOMScoreAdjust", e->oom_score_adjust);
	}
	if (e->timer_slack_ns) {
		put_u64(u, "TimerSlackNSec", e->timer_slack_ns);
	}
	put_u64(u, "RestrictNamespaces", e->restrict_namespaces);
	peer_put(u, "ProcSubset", e->proc_subset_pid ? "pid" : "all");
	put_items(u, "SystemCallArchitectures", &e->syscall_archs);
}

static void put_amount(const struct unit *u, const char *key, const struct unit_amount *amount)
{
	char buf[32];

	if (!amount->set) {
		return;
	}
	snprintf(buf, sizeof(buf), "%" PRIu64 "/10000", amount->value);
	if (amount->percent && amount->value != UINT64_MAX) {
		peer_put(u, key, buf);
	} else {
		put_u64(u, key, amount->value);
	}
}

static void put_cgroup(const struct unit *u)
{
	const struct unit_cgroup *c = &u->cgroup;
	const struct unit_device *devices = c->devices.items;
	char buf[4096];

	put_amount(u, "MemoryMin", &c->memory_min);
	put_amount(u, "MemoryLow", &c->memory_low);
	put_amount(u, "MemoryHigh", &c->memory_high);
	put_amount(u, "MemoryMax", &c->memory_max);
	put_amount(u, "MemorySwapMax", &c->memory_swap_max);
	put_amount(u, "TasksMax", &c->tasks_max);
	put_amount(u, "CPUQuotaPerSecSec", &c->cpu_quota);
	put_amount(u, "CPUWeight", &c->cpu_weight);
	put_amount(u, "IOWeight", &c->io_weight);
	for (size_t i = 0; i < c->devices.n; i++) {
		snprintf(buf, sizeof(buf), "%s %s", devices[i].node, devices[i].access);
		peer_put(u, "DeviceAllow", buf);
	}
}

static void put_timer(const struct unit *u)
{
	const struct unit_timer_value *values = u->timer->values.items;
	char text[CALENDAR_TEXT];

	PUT_FLAGS(u, timer_flags, u->timer->flags);
	for (size_t i = 0; i < u->timer->values.n; i++) {
		const char *key = timer_base_to_string(values[i].base);

		if (values[i].calendar) {
			calendar_format(values[i].calendar, text);
			peer_put(u, key, text);
		} else {
			put_u64(u, key, values[i].value_us);
		}
	}
}

void peer_put_lists(const struct unit *u)
{
	put_items(u, "Documentation", &u->documentation);
	put_items(u, "RequiresMountsFor", &u->requires_mounts_for);
	PUT_FLAGS(u, unit_flags, u->flags);
	put_cgroup(u);
	if (u->exec && (u->type == UNIT_SERVICE || u->type == UNIT_SOCKET)) {
		put_exec(u);
	}
	if (u->timer) {
		put_timer(u);
	}
	for (size_t i = 0; u->watch && i < u->watch->lines.n; i++) {
		peer_put(u, watch_keys[FIELD(plan_watch, u->watch->lines, type)],
			FIELD(plan_watch, u->watch->lines, path));
	}
	if (u->socket) {
		PUT_FLAGS(u, socket_flags, u->socket->options.flags);
		peer_put(u, "Accept", u->socket->accept ? "yes" : "no");
		put_items(u, "Symlinks", &u->socket->symlinks);
	}
	for (size_t i = 0; u->socket && i < u->socket->listens.n; i++) {
		peer_put(u, "Listen", FIELD(plan_socket, u->socket->listens, text));
	}
}
