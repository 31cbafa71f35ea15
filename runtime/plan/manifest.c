// SPDX-License-Identifier: MIT
#include "manifest.h"

#include <errno.h>
#include <stdbool.h>

#include "../base/limits.h"
#include "../base/unitname.h"
#include "calendar.h"

static const char *const install_state_table[] = {
	[INSTALL_STATIC] = "static",
	[INSTALL_ENABLED] = "enabled",
	[INSTALL_ENABLED_RUNTIME] = "enabled-runtime",
	[INSTALL_DISABLED] = "disabled",
	[INSTALL_INDIRECT] = "indirect",
	[INSTALL_ALIAS] = "alias",
	[INSTALL_GENERATED] = "generated",
	[INSTALL_TRANSIENT] = "transient",
	[INSTALL_MASKED] = "masked",
	[INSTALL_BAD] = "bad",
	[INSTALL_LINKED] = "linked",
	[INSTALL_LINKED_RUNTIME] = "linked-runtime",
	[INSTALL_MASKED_RUNTIME] = "masked-runtime",
};
ENUM_TABLE(install_state, enum manifest_install_state, INSTALL_STATE_COUNT)

static const struct tlv_field dep_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_dep, kind),
	TLV_FIELD(2, TLV_U32, manifest_dep, unit),
	TLV_FIELD(3, TLV_U32, manifest_dep, implicit),
};
static const struct tlv_schema dep_schema = TLV_SCHEMA(manifest_dep, dep_fields);

static const struct tlv_field command_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_command, phase),
	TLV_FIELD(2, TLV_U32, manifest_command, entry),
	TLV_FIELD(3, TLV_U32, manifest_command, flags),
	TLV_FIELD(4, TLV_STR, manifest_command, path),
	TLV_FIELD(5, TLV_STRV, manifest_command, argv),
	TLV_FIELD(6, TLV_STR, manifest_command, origin),
};
static const struct tlv_schema command_schema = TLV_SCHEMA(manifest_command, command_fields);

static const struct tlv_field condition_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_condition, type),
	TLV_FIELD(2, TLV_U32, manifest_condition, negate),
	TLV_FIELD(3, TLV_U32, manifest_condition, trigger),
	TLV_FIELD(4, TLV_U32, manifest_condition, assert),
	TLV_FIELD(5, TLV_STR, manifest_condition, parameter),
};
static const struct tlv_schema condition_schema = TLV_SCHEMA(manifest_condition, condition_fields);

static const struct tlv_field service_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_service, type),
	TLV_FIELD(2, TLV_U32, manifest_service, exit_type),
	TLV_FIELD(3, TLV_U32, manifest_service, restart),
	TLV_FIELD(4, TLV_U32, manifest_service, restart_mode),
	TLV_FIELD(5, TLV_U64, manifest_service, restart_us),
	TLV_FIELD(6, TLV_U32, manifest_service, restart_steps),
	TLV_FIELD(7, TLV_U64, manifest_service, restart_max_delay_us),
	TLV_FIELD(8, TLV_U64, manifest_service, timeout_start_us),
	TLV_FIELD(9, TLV_U64, manifest_service, timeout_stop_us),
	TLV_FIELD(10, TLV_U64, manifest_service, timeout_abort_us),
	TLV_FIELD(165, TLV_U64, manifest_service, timeout_clean_us),
	TLV_FIELD(11, TLV_U32, manifest_service, timeout_start_failure_mode),
	TLV_FIELD(12, TLV_U32, manifest_service, timeout_stop_failure_mode),
	TLV_FIELD(13, TLV_U64, manifest_service, runtime_max_us),
	TLV_FIELD(14, TLV_U64, manifest_service, watchdog_us),
	TLV_FIELD(15, TLV_U32, manifest_service, remain_after_exit),
	TLV_FIELD(16, TLV_U32, manifest_service, guess_main_pid),
	TLV_FIELD(17, TLV_STR, manifest_service, pid_file),
	TLV_FIELD(18, TLV_U32, manifest_service, readpid_entry),
	TLV_FIELD(19, TLV_STR, manifest_service, bus_name),
	TLV_FIELD(20, TLV_U32, manifest_service, notify_access),
	TLV_FIELD(21, TLV_U32, manifest_service, fdstore_max),
	TLV_FIELD(22, TLV_U32, manifest_service, fdstore_preserve),
	TLV_FIELD(23, TLV_U32, manifest_service, kill_mode),
	TLV_FIELD(24, TLV_U32, manifest_service, kill_signal),
	TLV_FIELD(25, TLV_U32, manifest_service, restart_kill_signal),
	TLV_FIELD(26, TLV_U32, manifest_service, final_kill_signal),
	TLV_FIELD(27, TLV_U32, manifest_service, watchdog_signal),
	TLV_FIELD(28, TLV_U32, manifest_service, reload_signal),
	TLV_FIELD(29, TLV_U32, manifest_service, send_sigkill),
	TLV_FIELD(30, TLV_U32, manifest_service, send_sighup),
	TLV_FIELD(31, TLV_U32, manifest_service, oom_policy),
	TLV_FIELD(216, TLV_U32, manifest_service, pressure_watch),
	TLV_FIELD(217, TLV_U64, manifest_service, pressure_us),
	TLV_FIELD(32, TLV_U32, manifest_service, root_directory_start_only),
	TLV_FIELD(225, TLV_U32, manifest_service, id_first),
	TLV_FIELD(33, TLV_BYTES, manifest_service, success_status),
	TLV_FIELD(34, TLV_BYTES, manifest_service, prevent_restart),
	TLV_FIELD(35, TLV_BYTES, manifest_service, force_restart),
	TLV_FIELD(36, TLV_STR, manifest_service, user),
	TLV_FIELD(37, TLV_STR, manifest_service, group),
	TLV_FIELD(38, TLV_STR, manifest_service, profile),
	TLV_FIELD(39, TLV_U64, manifest_service, start_limit_cooldown_us),
	TLV_FIELD(40, TLV_STR, manifest_service, status_stdout),
};
static const struct tlv_schema service_schema = TLV_SCHEMA(manifest_service, service_fields);

static const struct tlv_field listen_fields[] = {
	TLV_FIELD(1, TLV_STR, manifest_listen, type),
	TLV_FIELD(2, TLV_STR, manifest_listen, address),
	TLV_FIELD(3, TLV_STR, manifest_listen, fd_name),
};
static const struct tlv_schema listen_schema = TLV_SCHEMA(manifest_listen, listen_fields);

static const struct tlv_field socket_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_socket, accept),
	TLV_FIELD(2, TLV_U32, manifest_socket, bind_entry),
	TLV_FIELD(3, TLV_U32, manifest_socket, flush_entry),
	TLV_FIELD(4, TLV_U32, manifest_socket, max_connections),
	TLV_FIELD(5, TLV_U32, manifest_socket, max_per_source),
	TLV_FIELD(6, TLV_U64, manifest_socket, trigger_interval_us),
	TLV_FIELD(7, TLV_U32, manifest_socket, trigger_burst),
	TLV_FIELD(8, TLV_U64, manifest_socket, poll_interval_us),
	TLV_FIELD(9, TLV_U32, manifest_socket, poll_burst),
	TLV_SUB(10, manifest_socket, listens, listen_schema),
};
static const struct tlv_schema socket_schema = TLV_SCHEMA(manifest_socket, socket_fields);

static const struct tlv_field watch_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_watch, type),
	TLV_FIELD(2, TLV_STR, manifest_watch, path),
};
static const struct tlv_schema watch_schema = TLV_SCHEMA(manifest_watch, watch_fields);

static const struct tlv_field path_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_path, watch_entry),
	TLV_FIELD(2, TLV_U32, manifest_path, make_directory),
	TLV_FIELD(3, TLV_U32, manifest_path, dir_mode),
	TLV_FIELD(4, TLV_U64, manifest_path, trigger_interval_us),
	TLV_FIELD(5, TLV_U32, manifest_path, trigger_burst),
	TLV_SUB(6, manifest_path, watches, watch_schema),
	TLV_FIELD(125, TLV_U64, manifest_path, idle_us),
};
static const struct tlv_schema path_schema = TLV_SCHEMA(manifest_path, path_fields);
static const struct tlv_field timer_value_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_timer_value, base),
	TLV_FIELD(2, TLV_U64, manifest_timer_value, value_us),
	TLV_FIELD(3, TLV_BYTES, manifest_timer_value, calendar),
	TLV_FIELD(4, TLV_STR, manifest_timer_value, text),
};
static const struct tlv_schema timer_value_schema =
	TLV_SCHEMA(manifest_timer_value, timer_value_fields);

static const struct tlv_field timer_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest_timer, flags),
	TLV_FIELD(2, TLV_U64, manifest_timer, accuracy_us),
	TLV_FIELD(3, TLV_U64, manifest_timer, random_delay_us),
	TLV_SUB(4, manifest_timer, values, timer_value_schema),
};
static const struct tlv_schema timer_schema = TLV_SCHEMA(manifest_timer, timer_fields);

static const struct tlv_field mount_fields[] = {
	TLV_FIELD(1, TLV_STR, manifest_mount, what),
	TLV_FIELD(2, TLV_STR, manifest_mount, where),
	TLV_FIELD(3, TLV_STR, manifest_mount, fs_type),
	TLV_FIELD(4, TLV_STR, manifest_mount, options),
};
static const struct tlv_schema mount_schema = TLV_SCHEMA(manifest_mount, mount_fields);

static const struct tlv_field unit_fields[] = {
	TLV_FIELD(1, TLV_STR, manifest_unit, name),
	TLV_FIELD(2, TLV_U32, manifest_unit, type),
	TLV_FIELD(3, TLV_U32, manifest_unit, load_state),
	TLV_FIELD(4, TLV_STR, manifest_unit, load_error),
	TLV_FIELD(5, TLV_STRV, manifest_unit, aliases),
	TLV_FIELD(6, TLV_STR, manifest_unit, description),
	TLV_FIELD(7, TLV_STRV, manifest_unit, documentation),
	TLV_FIELD(8, TLV_STR, manifest_unit, fragment_path),
	TLV_FIELD(9, TLV_STRV, manifest_unit, dropin_paths),
	TLV_FIELD(10, TLV_STR, manifest_unit, source_path),
	TLV_FIELD(11, TLV_U32, manifest_unit, install_state),
	TLV_FIELD(12, TLV_U32, manifest_unit, flags),
	TLV_FIELD(13, TLV_U32, manifest_unit, slice),
	TLV_FIELD(14, TLV_STR, manifest_unit, cgroup),
	TLV_SUB(15, manifest_unit, deps, dep_schema),
	TLV_SUB(16, manifest_unit, conditions, condition_schema),
	TLV_FIELD(17, TLV_U32, manifest_unit, check_entry),
	TLV_FIELD(18, TLV_U32, manifest_unit, clean_entry),
	TLV_FIELD(19, TLV_U32, manifest_unit, realize_entry),
	TLV_FIELD(110, TLV_U32, manifest_unit, limits_hash),
	TLV_FIELD(235, TLV_U32, manifest_unit, startup_limits),
	TLV_FIELD(165, TLV_U32, manifest_unit, discard_entry),
	TLV_FIELD(166, TLV_U32, manifest_unit, discard_kinds),
	TLV_FIELD(20, TLV_U64, manifest_unit, job_timeout_us),
	TLV_FIELD(21, TLV_U64, manifest_unit, job_running_timeout_us),
	TLV_FIELD(22, TLV_U64, manifest_unit, start_limit_interval_us),
	TLV_FIELD(23, TLV_U32, manifest_unit, start_limit_burst),
	TLV_FIELD(24, TLV_U32, manifest_unit, start_limit_action),
	TLV_FIELD(25, TLV_U32, manifest_unit, success_action),
	TLV_FIELD(26, TLV_U32, manifest_unit, failure_action),
	TLV_SUB(27, manifest_unit, service, service_schema),
	TLV_SUB(28, manifest_unit, commands, command_schema),
	TLV_SUB(40, manifest_unit, socket, socket_schema),
	TLV_SUB(41, manifest_unit, path, path_schema),
	TLV_SUB(50, manifest_unit, timer, timer_schema),
	TLV_SUB(51, manifest_unit, mount, mount_schema),
	TLV_FIELD(30, TLV_U32, manifest_unit, config_hash_lo),
	TLV_FIELD(31, TLV_U32, manifest_unit, config_hash_hi),
	TLV_FIELD(32, TLV_STR, manifest_unit, job_mode_on_failure),
	TLV_FIELD(125, TLV_U32, manifest_unit, job_timeout_action),
	TLV_FIELD(178, TLV_U32, manifest_unit, success_exit_status),
	TLV_FIELD(179, TLV_U32, manifest_unit, failure_exit_status),
	TLV_FIELD(33, TLV_BYTES, manifest_unit, properties),
	TLV_FIELD(135, TLV_U64, manifest_unit, files_mark),
};
static const struct tlv_schema unit_schema = TLV_SCHEMA(manifest_unit, unit_fields);

static const struct tlv_field diagnostic_fields[] = {
	TLV_FIELD(1, TLV_STR, manifest_diagnostic, file),
	TLV_FIELD(2, TLV_U32, manifest_diagnostic, line),
	TLV_FIELD(3, TLV_U32, manifest_diagnostic, column),
	TLV_FIELD(4, TLV_U32, manifest_diagnostic, severity),
	TLV_FIELD(5, TLV_STR, manifest_diagnostic, unit),
	TLV_FIELD(6, TLV_STR, manifest_diagnostic, text),
};
static const struct tlv_schema diagnostic_schema =
	TLV_SCHEMA(manifest_diagnostic, diagnostic_fields);

#define MANIFEST_TAG_UNITS 3

static const struct tlv_field manifest_fields[] = {
	TLV_FIELD(1, TLV_U32, manifest, version),
	TLV_FIELD(2, TLV_STR, manifest, default_target),
	TLV_SUB(MANIFEST_TAG_UNITS, manifest, units, unit_schema),
	TLV_SUB(4, manifest, diagnostics, diagnostic_schema),
	TLV_FIELD(5, TLV_U64, manifest, load_time_us),
	TLV_FIELD(6, TLV_STR, manifest, unit_path),
};
const struct tlv_schema manifest_schema = TLV_SCHEMA(manifest, manifest_fields);

int manifest_encode(struct tlv_buf *buf, const struct manifest *m)
{
	return tlv_encode(buf, &manifest_schema, m);
}

static bool exit_set_is_valid(const struct tlv_bytes *b)
{
	return b->n == 0 || b->n == sizeof(struct manifest_exit_set);
}

static bool service_is_valid(const struct manifest_service *s)
{
	return s->type < SERVICE_TYPE_COUNT && s->exit_type < EXIT_TYPE_COUNT &&
	       s->restart < SERVICE_RESTART_COUNT && s->restart_mode < RESTART_MODE_COUNT &&
	       s->timeout_start_failure_mode < TIMEOUT_FAILURE_MODE_COUNT &&
	       s->timeout_stop_failure_mode < TIMEOUT_FAILURE_MODE_COUNT &&
	       s->notify_access < NOTIFY_ACCESS_COUNT && s->kill_mode < KILL_MODE_COUNT &&
	       s->oom_policy < OOM_POLICY_COUNT && s->pressure_watch < PRESSURE_WATCH_COUNT &&
	       s->fdstore_preserve < FDSTORE_PRESERVE_COUNT &&
	       s->fdstore_max <= LIMIT_FDSTORE_PER_UNIT && exit_set_is_valid(&s->success_status) &&
	       exit_set_is_valid(&s->prevent_restart) && exit_set_is_valid(&s->force_restart);
}

static bool lists_are_valid(const struct manifest *m, const struct manifest_unit *u)
{
	const struct manifest_dep *deps = u->deps.items;
	const struct manifest_command *commands = u->commands.items;
	const struct manifest_condition *conditions = u->conditions.items;

	for (uint32_t i = 0; i < u->deps.n; i++) {
		if (deps[i].kind >= DEP_KIND_COUNT || deps[i].unit >= m->units.n) {
			return false;
		}
	}
	for (uint32_t i = 0; i < u->commands.n; i++) {
		if (commands[i].phase >= EXEC_PHASE_COUNT || !commands[i].path ||
			(i && commands[i].phase < commands[i - 1].phase)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < u->conditions.n; i++) {
		if (conditions[i].type >= CONDITION_TYPE_COUNT || !conditions[i].parameter) {
			return false;
		}
	}
	return true;
}

/* An even number of strings. */
static bool pairs_are_valid(const struct tlv_bytes *b)
{
	const char *text = b->data;
	uint32_t n = 0;

	if (b->n == 0) {
		return true;
	}
	if (text[b->n - 1] != '\0') {
		return false;
	}
	for (const char *p = text; p < text + b->n; p += strlen(p) + 1) {
		n++;
	}
	return n % 2 == 0;
}

/* A loaded socket or path unit has its row, with texts in it; nobody else has one. */
static bool triggers_are_valid(const struct manifest_unit *u)
{
	const struct manifest_socket *s = u->socket.items;
	const struct manifest_path *p = u->path.items;
	bool loaded = u->load_state == LOAD_LOADED;
	bool waits = u->type == UNIT_PATH || u->type == UNIT_AUTOMOUNT;

	if (u->socket.n > 1 || u->path.n > 1 || (s && u->type != UNIT_SOCKET) || (p && !waits) ||
		(loaded && u->type == UNIT_SOCKET && (!s || u->service.n != 1)) ||
		(loaded && waits && !p)) {
		return false;
	}
	for (uint32_t i = 0; s && i < s->listens.n; i++) {
		const struct manifest_listen *row = s->listens.items;

		if (!row[i].type || !row[i].address || !row[i].fd_name) {
			return false;
		}
	}
	for (uint32_t i = 0; p && i < p->watches.n; i++) {
		const struct manifest_watch *row = p->watches.items;

		if (!row[i].path || row[i].type >= 5) {
			return false;
		}
	}
	return (!s || s->max_connections <= LIMIT_CONNECTIONS) &&
	       (!p || p->watches.n <= LIMIT_WATCHES);
}

/* A loaded timer has its row, with expressions that can be asked. */
static bool timer_is_valid(const struct manifest_unit *u)
{
	const struct manifest_timer *t = u->timer.items;
	const struct manifest_timer_value *values = u->timer.n ? t->values.items : NULL;

	if (u->timer.n > 1 || (u->timer.n && u->type != UNIT_TIMER) ||
		(!u->timer.n && u->type == UNIT_TIMER && u->load_state == LOAD_LOADED)) {
		return false;
	}
	if (u->timer.n && (t->flags & ~(uint32_t)TIMER_FLAGS_ALL)) {
		return false;
	}
	for (uint32_t i = 0; values && i < t->values.n; i++) {
		struct calendar c;

		if (values[i].base >= TIMER_BASE_COUNT ||
			(values[i].base == TIMER_CALENDAR &&
				(!values[i].text || calendar_unpack(values[i].calendar.data,
							    values[i].calendar.n, &c) < 0))) {
			return false;
		}
	}
	return true;
}

/* A loaded mount or swap has its row and its commands; nobody else has a row. */
static bool mount_is_valid(const struct manifest_unit *u)
{
	const struct manifest_mount *mount = u->mount.items;
	bool mounts = u->type == UNIT_MOUNT || u->type == UNIT_SWAP;

	if (u->mount.n == 0) {
		return !mounts || u->load_state != LOAD_LOADED;
	}
	return mounts && u->mount.n == 1 && u->service.n == 1 && mount->what &&
	       (u->type == UNIT_SWAP) == !mount->where;
}

static bool unit_is_valid(const struct manifest *m, const struct manifest_unit *u)
{
	bool loaded_service = u->type == UNIT_SERVICE && u->load_state == LOAD_LOADED;

	return u->name && unit_name_is_valid(u->name) && u->type < UNIT_TYPE_COUNT &&
	       u->load_state < LOAD_STATE_COUNT && u->install_state < INSTALL_STATE_COUNT &&
	       (u->slice == CATALOGUE_NONE || u->slice < m->units.n) &&
	       (!loaded_service || u->service.n == 1) &&
	       (u->service.n == 0 || (u->service.n == 1 && service_is_valid(u->service.items))) &&
	       triggers_are_valid(u) && timer_is_valid(u) && mount_is_valid(u) &&
	       lists_are_valid(m, u) && pairs_are_valid(&u->properties);
}

int manifest_decode_begin(
	const void *data, size_t size, struct arena *arena, struct manifest_decoder *ret)
{
	const struct tlv_bytes bytes = { data, (uint32_t)size };
	int r;

	*ret = (struct manifest_decoder) { .items = { .tag = MANIFEST_TAG_UNITS } };
	if (size > LIMIT_MANIFEST_BYTES) {
		return -EBADMSG;
	}
	r = tlv_decode_head(&bytes, &manifest_schema, arena, &ret->manifest, &ret->items);
	if (r < 0) {
		return r;
	}
	return ret->manifest.version == MANIFEST_VERSION && ret->items.n <= LIMIT_UNITS ? 0
											: -EBADMSG;
}

int manifest_decode_some(struct manifest_decoder *d, uint32_t max)
{
	const struct manifest *m = &d->manifest;

	if (!d->decoded) {
		int r = tlv_decode_items(&d->items, max);

		d->decoded = r == 0;
		return r < 0 ? r : 1;
	}
	for (; d->checked < m->units.n && max > 0; d->checked++, max--) {
		if (!unit_is_valid(m, manifest_unit_at(m, d->checked))) {
			return -EBADMSG;
		}
	}
	return d->checked < m->units.n ? 1 : 0;
}

int manifest_decode(const void *data, size_t size, struct arena *arena, struct manifest *ret)
{
	struct manifest_decoder d;
	int r = manifest_decode_begin(data, size, arena, &d);

	if (r == 0) {
		do {
			r = manifest_decode_some(&d, UINT32_MAX);
		} while (r > 0);
	}
	if (r == 0) {
		*ret = d.manifest;
	}
	return r;
}
