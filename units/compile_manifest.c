// SPDX-License-Identifier: MIT
/* What supd and its clients learn of a unit: no environment values, no credentials, no input. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/hash.h"
#include "compile.h"

/* Settings that are passed on under their own names when they are on. */
static const struct {
	const char *name;
	size_t offset;
} switches[] = {
	{ "PrivateTmp", offsetof(struct unit_exec, private_tmp) },
	{ "PrivateDevices", offsetof(struct unit_exec, private_devices) },
	{ "PrivateNetwork", offsetof(struct unit_exec, private_network) },
	{ "PrivateUsers", offsetof(struct unit_exec, private_users) },
	{ "PrivateMounts", offsetof(struct unit_exec, private_mounts) },
	{ "PrivateIPC", offsetof(struct unit_exec, private_ipc) },
	{ "PrivatePIDs", offsetof(struct unit_exec, private_pids) },
	{ "ProtectKernelTunables", offsetof(struct unit_exec, protect_kernel_tunables) },
	{ "ProtectKernelModules", offsetof(struct unit_exec, protect_kernel_modules) },
	{ "ProtectKernelLogs", offsetof(struct unit_exec, protect_kernel_logs) },
	{ "ProtectControlGroups", offsetof(struct unit_exec, protect_control_groups) },
	{ "ProtectClock", offsetof(struct unit_exec, protect_clock) },
	{ "ProtectHostname", offsetof(struct unit_exec, protect_hostname) },
	{ "NoNewPrivileges", offsetof(struct unit_exec, no_new_privileges) },
	{ "RestrictRealtime", offsetof(struct unit_exec, restrict_realtime) },
	{ "RestrictSUIDSGID", offsetof(struct unit_exec, restrict_suid_sgid) },
	{ "MemoryDenyWriteExecute", offsetof(struct unit_exec, memory_deny_write_execute) },
	{ "LockPersonality", offsetof(struct unit_exec, lock_personality) },
	{ "RemoveIPC", offsetof(struct unit_exec, remove_ipc) },
	{ "DynamicUser", offsetof(struct unit_exec, dynamic_user) },
	{ "IgnoreSIGPIPE", offsetof(struct unit_exec, ignore_sigpipe) },
};

/* Written values that are passed on as they stand; of several lines all, joined by a space. */
static const char *const texts[] = { "RuntimeDirectory", "StateDirectory", "CacheDirectory",
	"LogsDirectory", "ConfigurationDirectory", "RuntimeDirectoryMode", "WorkingDirectory",
	"RootDirectory", "SupplementaryGroups", "UMask", "Nice", "OOMScoreAdjust", "LimitNOFILE",
	"LimitCORE", "LimitNPROC", "LimitMEMLOCK", "LimitSTACK", "LimitCPU", "LimitFSIZE",
	"LimitDATA", "LimitRSS", "LimitAS", "LimitLOCKS", "LimitSIGPENDING", "LimitMSGQUEUE",
	"LimitNICE", "LimitRTPRIO", "LimitRTTIME", "CapabilityBoundingSet", "AmbientCapabilities",
	"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "BindPaths", "BindReadOnlyPaths",
	"TemporaryFileSystem", "ExecPaths", "NoExecPaths", "RestrictAddressFamilies",
	"RestrictNamespaces", "SystemCallFilter", "SystemCallErrorNumber",
	"SystemCallArchitectures", "ProtectProc", "ProcSubset", "KeyringMode", "StandardInput",
	"StandardError", "SyslogIdentifier", "CPUAffinity", "CPUSchedulingPolicy",
	"IOSchedulingClass", "MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax",
	"TasksMax", "CPUQuota", "CPUWeight", "IOWeight", "AllowedCPUs", "Delegate", "DevicePolicy",
	"DeviceAllow", "AppArmorProfile", "IPAddressAllow", "IPAddressDeny", "SocketBindAllow",
	"SocketBindDeny", "RestrictNetworkInterfaces", "Sockets", "NonBlocking", "SocketMode",
	"SocketUser", "SocketGroup", "DirectoryMode", "Backlog", "BindIPv6Only", "BindToDevice",
	"KeepAlive", "KeepAliveTimeSec", "KeepAliveIntervalSec", "KeepAliveProbes",
	"DeferAcceptSec", "NoDelay", "Priority", "ReceiveBuffer", "SendBuffer", "IPTOS", "IPTTL",
	"Mark", "PipeSize", "FreeBind", "Transparent", "Broadcast", "PassCredentials",
	"PassSecurity", "PassPacketInfo", "Timestamping", "TCPCongestion", "ReusePort",
	"MessageQueueMaxMessages", "MessageQueueMessageSize", "RemoveOnStop", "Symlinks",
	"FlushPending", "SloppyOptions", "LazyUnmount", "ReadWriteOnly", "ForceUnmount", "Writable",
	"SocketProtocol", "SmackLabel", "SmackLabelIPIn", "SmackLabelIPOut", "OnActiveSec",
	"OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnCalendar",
	"OnClockChange", "OnTimezoneChange", "AccuracySec", "RandomizedDelaySec",
	"FixedRandomDelay", "DeferReactivation", "Persistent", "WakeSystem", "RemainAfterElapse" };

static int add_property(struct tlv_buf *pairs, const char *name, const char *value)
{
	if (!value) {
		return -ENOMEM;
	}
	tlv_buf_append(pairs, name, strlen(name) + 1);
	tlv_buf_append(pairs, value, strlen(value) + 1);
	return pairs->error;
}

/* Which of the texts a setting is: its index, or -1. -ENOMEM. */
static int find_text(struct compile *c, const char *name)
{
	const char *const *text;

	for (size_t i = 0; c->shown.n < ELEMENTSOF(texts) && i < ELEMENTSOF(texts); i++) {
		if (namemap_put(&c->shown, c->arena, texts[i], (void *)&texts[i]) != 0) {
			return -ENOMEM;
		}
	}
	text = namemap_get(&c->shown, name);
	return text ? (int)(text - texts) : -1;
}

/* Values as they are written. */
static int add_texts(struct compile_unit *cu, struct tlv_buf *pairs)
{
	const struct unit_assignment *lines = cu->unit->assignments.items;
	const char *values[ELEMENTSOF(texts)] = { NULL };
	int r = 0;

	for (size_t i = 0; i < cu->unit->assignments.n; i++) {
		int k = find_text(cu->c, lines[i].name);

		if (k == -ENOMEM) {
			return k;
		}
		if (k >= 0) {
			const char *before = values[k];

			values[k] = before && *before && lines[i].value[0]
					    ? arena_concat(cu->c->arena, before, " ",
						      lines[i].value, NULL)
					    : lines[i].value;
			r = values[k] ? r : -ENOMEM;
		}
	}
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(texts); i++) {
		r = values[i] ? add_property(pairs, texts[i], values[i]) : 0;
	}
	return r;
}

/* What can deny a system call: "NAME@", the unit's own line of it, for the explanation. */
static const char *const explained[] = { "SystemCallFilter", "RestrictAddressFamilies",
	"RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "MemoryDenyWriteExecute",
	"LockPersonality", "ProtectClock", "ProtectKernelModules", "ProtectKernelLogs",
	"ProtectHostname", "PrivateDevices", "SystemCallArchitectures" };

/* "" for a line of the profile. */
static int add_origin(struct compile_unit *cu, struct tlv_buf *pairs, const char *name)
{
	const char *origin = unit_setting_origin(cu->unit, name);
	const char *key = origin ? arena_concat(cu->c->arena, name, "@", NULL) : NULL;

	if (!origin) {
		return 0;
	}
	return key ? add_property(pairs, key, compile_origin_is_profile(cu, origin) ? "" : origin)
		   : -ENOMEM;
}

static int collect_properties(struct compile_unit *cu, struct tlv_buf *pairs)
{
	const struct unit_exec *e = cu->unit->exec;
	int r = 0;

	for (size_t i = 0; e && r == 0 && i < ELEMENTSOF(switches); i++) {
		if (*(const bool *)((const char *)e + switches[i].offset)) {
			r = add_property(pairs, switches[i].name, "yes");
		}
	}
	if (e && r == 0 && e->protect_system != PROTECT_SYSTEM_NO) {
		r = add_property(
			pairs, "ProtectSystem", protect_system_to_string(e->protect_system));
	}
	if (e && r == 0 && e->protect_home != PROTECT_HOME_NO) {
		r = add_property(pairs, "ProtectHome", protect_home_to_string(e->protect_home));
	}
	if (e && r == 0) {
		r = add_property(pairs, "LandlockABI",
			arena_printf(cu->c->arena, "%u",
				cu->base.landlock ? compile_landlock_abi(cu) : 0));
	}
	for (size_t i = 0; e && r == 0 && i < ELEMENTSOF(explained); i++) {
		r = add_origin(cu, pairs, explained[i]);
	}
	/* Values as they are written are text of the file. */
	return cu->is_public && r == 0 ? add_texts(cu, pairs) : r;
}

static int add_properties(struct compile_unit *cu, struct manifest_unit *m)
{
	AUTO(tlv_buf_fini) struct tlv_buf pairs = { 0 };
	int r = collect_properties(cu, &pairs);

	if (r < 0) {
		return r;
	}
	m->properties.n = (uint32_t)pairs.len;
	m->properties.data = arena_memdup(cu->c->arena, pairs.data, pairs.len);
	return m->properties.data ? 0 : -ENOMEM;
}

static struct tlv_strv copy_items(struct arena *arena, const struct list *list)
{
	const struct unit_item *items = list->items;
	struct tlv_strv v = { .n = 0 };

	v.items = arena_alloc_array(arena, list->n + 1, sizeof(*v.items));
	for (size_t i = 0; v.items && i < list->n; i++) {
		v.items[v.n++] = items[i].text;
	}
	return v;
}

static struct tlv_strv copy_names(struct arena *arena, const struct list *list)
{
	const char *const *items = list->items;
	struct tlv_strv v = { .n = 0 };

	v.items = arena_alloc_array(arena, list->n + 1, sizeof(*v.items));
	for (size_t i = 0; v.items && i < list->n; i++) {
		v.items[v.n++] = items[i];
	}
	return v;
}

/* Units come sorted by name, so deps sorted by kind and name are sorted by index but for aliases.
 */
static bool dep_is_double(const struct manifest_unit *m, const struct unit_dep *dep)
{
	const struct manifest_dep *rows = m->deps.items;

	uint32_t i = m->deps.n;

	while (i > 0 && rows[i - 1].kind == dep->kind && rows[i - 1].unit > dep->unit) {
		i--;
	}
	return i > 0 && rows[i - 1].kind == dep->kind && rows[i - 1].unit == dep->unit;
}

static void insert_sorted(struct manifest_dep *rows, uint32_t n, struct manifest_dep row)
{
	while (n > 0 && rows[n - 1].kind == row.kind && rows[n - 1].unit > row.unit) {
		rows[n] = rows[n - 1];
		n--;
	}
	rows[n] = row;
}

static int add_deps(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_dep *deps = cu->unit->deps.items;

	for (size_t i = 0; i < cu->unit->deps.n; i++) {
		struct manifest_dep row = { deps[i].kind, deps[i].unit, deps[i].implicit };

		if (deps[i].unit >= cu->c->set->n || deps[i].unit == cu->index ||
			dep_is_double(m, &deps[i])) {
			continue;
		}
		if (!compile_array_push(cu->c->arena, &m->deps, sizeof(row))) {
			return -ENOMEM;
		}
		insert_sorted(m->deps.items, m->deps.n - 1, row);
	}
	return 0;
}

static int add_conditions(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit_condition *from = cu->unit->conditions.items;

	for (size_t i = 0; i < cu->unit->conditions.n; i++) {
		struct manifest_condition *to =
			compile_array_push(cu->c->arena, &m->conditions, sizeof(*to));

		if (!to) {
			return -ENOMEM;
		}
		to->type = from[i].type;
		to->negate = from[i].negate;
		to->trigger = from[i].trigger;
		to->assert = from[i].assert;
		to->parameter = from[i].parameter;
	}
	return 0;
}

static struct tlv_bytes exit_set(const struct unit_exit_set *set)
{
	return set->set ? (struct tlv_bytes) { &set->values, sizeof(set->values) }
			: (struct tlv_bytes) { 0 };
}

static void fill_service(struct compile_unit *cu, struct manifest_service *to)
{
	const struct unit_service *s = cu->unit->service;

	*to = (struct manifest_service) {
		.type = (uint32_t)s->type,
		.exit_type = s->exit_type,
		.restart = s->restart,
		.restart_mode = s->restart_mode,
		.restart_us = s->restart_us,
		.restart_steps = s->restart_steps,
		.restart_max_delay_us = s->restart_max_delay_us,
		.timeout_start_us = s->timeout_start_us,
		.timeout_stop_us = s->timeout_stop_us,
		.timeout_abort_us = s->timeout_abort_set ? s->timeout_abort_us : s->timeout_stop_us,
		.timeout_clean_us = s->timeout_clean_us,
		.timeout_start_failure_mode = s->timeout_start_failure_mode,
		.timeout_stop_failure_mode = s->timeout_stop_failure_mode,
		.runtime_max_us = s->runtime_max_us,
		.watchdog_us = s->watchdog_us,
		.remain_after_exit = s->remain_after_exit,
		.guess_main_pid = s->guess_main_pid,
		.pid_file = s->pid_file,
		.readpid_entry = CATALOGUE_NONE,
		.bus_name = s->bus_name,
		.notify_access = (uint32_t)s->notify_access,
		.fdstore_max = s->fdstore_max,
		.fdstore_preserve = s->fdstore_preserve,
		.kill_mode = s->kill_mode,
		.kill_signal = s->kill_signal,
		.restart_kill_signal = s->restart_kill_signal,
		.final_kill_signal = s->final_kill_signal,
		.watchdog_signal = s->watchdog_signal,
		.reload_signal = s->reload_signal,
		.send_sigkill = s->send_sigkill,
		.send_sighup = s->send_sighup,
		.oom_policy = (uint32_t)(s->oom_policy < 0 ? OOM_POLICY_STOP : s->oom_policy),
		.pressure_watch = compile_pressure_watch(cu),
		.pressure_us = compile_pressure_us(cu),
		.root_directory_start_only = s->root_directory_start_only,
		.id_first = compile_own_ids(cu),
		.success_status = exit_set(&s->success_status),
		.prevent_restart = exit_set(&s->prevent_restart),
		.force_restart = exit_set(&s->force_restart),
		.user = cu->unit->exec->user,
		.group = cu->unit->exec->group,
		.profile = cu->unit->container.profile,
		.start_limit_cooldown_us = cu->unit->container.start_limit_cooldown_us,
		.status_stdout = cu->unit->exec->stdio[1].text,
	};
	to->fdstore_max =
		to->fdstore_max > LIMIT_FDSTORE_PER_UNIT ? LIMIT_FDSTORE_PER_UNIT : to->fdstore_max;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, text ? strlen(text) : 0);
}

/* Of what was written, so that it does not change when another unit comes or goes. */
static uint64_t config_hash(const struct unit *u)
{
	const struct unit_assignment *lines = u->assignments.items;
	uint64_t hash = hash_text(HASH_START, u->container.profile);

	for (size_t i = 0; i < u->assignments.n; i++) {
		hash = hash_text(hash, lines[i].section);
		hash = hash_text(hash, lines[i].name);
		/* A secret's hash would let whoever has the manifest try guesses. */
		if (strcmp(lines[i].name, "SetCredential") != 0) {
			hash = hash_text(hash, lines[i].value);
		}
	}
	return hash;
}

static void fill_names(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit *u = cu->unit;
	uint64_t hash = config_hash(u);

	m->type = u->type;
	m->load_state = u->load_state;
	m->load_error = u->load_error;
	m->aliases = copy_names(cu->c->arena, &u->aliases);
	m->description = u->description;
	m->documentation = copy_items(cu->c->arena, &u->documentation);
	m->fragment_path = u->fragment_path;
	m->dropin_paths = copy_names(cu->c->arena, &u->dropin_paths);
	m->source_path = u->source_path;
	m->files_mark = u->files_mark;
	m->install_state = u->install_state;
	m->flags = u->flags;
	m->slice = CATALOGUE_NONE;
	if (u->cgroup.slice) {
		m->slice = unit_set_index(cu->c->set, u->cgroup.slice);
	}
	m->job_timeout_us = u->job_timeout_us;
	m->job_running_timeout_us = u->job_running_timeout_us;
	m->start_limit_interval_us = u->start_limit_interval_us;
	m->start_limit_burst = u->start_limit_burst;
	m->start_limit_action = u->start_limit_action;
	m->success_action = u->success_action;
	m->failure_action = u->failure_action;
	m->success_exit_status = u->success_exit_status;
	m->failure_exit_status = u->failure_exit_status;
	m->job_timeout_action = u->job_timeout_action;
	m->job_mode_on_failure = u->on_failure_job_mode;
	m->config_hash_lo = (uint32_t)hash;
	m->config_hash_hi = (uint32_t)(hash >> 32);
}

int compile_manifest_unit(struct compile_unit *cu, struct manifest_unit *m)
{
	const struct unit *u = cu->unit;
	int r;

	*m = (struct manifest_unit) { .name = u->name,
		.cgroup = cu->cgroup,
		.check_entry = CATALOGUE_NONE,
		.clean_entry = CATALOGUE_NONE,
		.discard_entry = CATALOGUE_NONE,
		.realize_entry = CATALOGUE_NONE };
	fill_names(cu, m);
	if (u->load_state != LOAD_LOADED) {
		return 0;
	}
	if (u->service) {
		struct manifest_service *s =
			compile_array_push(cu->c->arena, &m->service, sizeof(*s));

		if (!s) {
			return -ENOMEM;
		}
		fill_service(cu, s);
	}
	r = compile_fill_trigger(cu, m);
	r = r == 0 ? compile_timer(cu, m) : r;
	r = r == 0 ? compile_mount(cu, m) : r;
	if (r == 0) {
		r = add_deps(cu, m);
	}
	if (r == 0) {
		r = add_conditions(cu, m);
	}
	return r < 0 ? r : add_properties(cu, m);
}
