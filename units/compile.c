// SPDX-License-Identifier: MIT
#include "compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"

#define TASKS_DEFAULT 32768u
#define MESSAGE_MAX   1024

/* "web.service:14" -> the fragment's or drop-in's full path when its basename fits, and 14. */
static void place_of(const struct compile_unit *cu, const char *origin, struct diag_place *place)
{
	const char *colon = origin ? strrchr(origin, ':') : NULL;
	const struct unit *u = cu->unit;
	const char *const *dropins = u->dropin_paths.items;
	size_t n;

	*place = (struct diag_place) { .file = u->fragment_path, .unit = u->name };
	if (!colon) {
		return;
	}
	n = (size_t)(colon - origin);
	place->line = (uint32_t)strtoul(colon + 1, NULL, 10);
	for (size_t i = 0; i < u->dropin_paths.n; i++) {
		const char *base = strrchr(dropins[i], '/');

		if (base && strlen(base + 1) == n && strncmp(base + 1, origin, n) == 0) {
			place->file = dropins[i];
			return;
		}
	}
}

static void report(struct compile_unit *cu, enum manifest_severity severity, const char *origin,
	const char *format, va_list args)
{
	char text[MESSAGE_MAX];
	struct diag_place place;

	place_of(cu, origin, &place);
	vsnprintf(text, sizeof(text), format, args);
	diag_add(cu->c->diagnostics, &place, severity, "%s", text);
	if (severity == SEVERITY_ERROR && !cu->unit->refused) {
		cu->unit->refused = true;
		cu->unit->load_state = LOAD_BAD_SETTING;
		cu->unit->load_error =
			arena_printf(cu->c->arena, "%s: %s", origin ? origin : cu->unit->name,
				cu->unit->is_secret ? UNIT_ERROR_HIDDEN : text);
	}
}

int compile_refuse(struct compile_unit *cu, const char *origin, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(cu, SEVERITY_ERROR, origin, format, args);
	va_end(args);
	return -EINVAL;
}

void compile_note(struct compile_unit *cu, enum manifest_severity severity, const char *origin,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(cu, severity, origin, format, args);
	va_end(args);
}

bool compile_origin_is_profile(const struct compile_unit *cu, const char *origin)
{
	size_t n = strlen(cu->profile->name);

	if (!origin) {
		return false;
	}
	return strncmp(origin, "profile ", 8) == 0 ||
	       (strncmp(origin, cu->profile->name, n) == 0 &&
		       (strncmp(origin + n, ".conf:", 6) == 0 ||
			       strncmp(origin + n, "-needs.conf:", 12) == 0));
}

void compile_read_host(struct compile_host *ret)
{
	static const char *const files[] = { "/proc/sys/kernel/pid_max",
		"/proc/sys/kernel/threads-max" };
	struct sysinfo info;

	ret->memory_bytes = 0;
	ret->tasks = TASKS_DEFAULT;
	if (sysinfo(&info) == 0) {
		ret->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
	}
	ret->n_processors = (uint32_t)get_nprocs();
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		AUTO_CLOSE int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		char text[32];
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		uint64_t value;

		if (n <= 0) {
			continue;
		}
		text[text[n - 1] == '\n' ? n - 1 : n] = '\0';
		if (number_parse_u64(text, &value) == 0 && (i == 0 || value < ret->tasks)) {
			ret->tasks = value;
		}
	}
}

static uint32_t unit_flags(const struct compile_unit *cu)
{
	const struct unit_service *s = cu->unit->service;
	const struct plan_stdio *io = cu->base.stdio.items;
	uint32_t flags = cu->unit->cgroup.delegate ? CATALOGUE_UNIT_DELEGATE : 0;

	if (!s) {
		return flags;
	}
	for (uint32_t i = 1; i < cu->base.stdio.n; i++) {
		if (io[i].kind == STDIO_LOG || io[i].kind == STDIO_LOG_CONSOLE) {
			flags |= CATALOGUE_UNIT_LOG;
		}
	}
	flags |= s->notify_access != NOTIFY_NONE ? CATALOGUE_UNIT_NOTIFY : 0;
	flags |= cu->unit->many ? CATALOGUE_UNIT_MANY : 0;
	flags |= s->commands.n > 1 || cu->c->joins[cu->index].n ? CATALOGUE_UNIT_HOLD : 0;
	flags |= s->kill_mode == KILL_PROCESS || s->kill_mode == KILL_NONE
			 ? CATALOGUE_UNIT_KEEP_LEFTOVERS
			 : 0;
	return flags;
}

/* SyslogIdentifier=, or the name of the first start command. */
static const char *identifier(struct compile_unit *cu)
{
	const struct unit_service *s = cu->unit->service;
	const struct unit_command *commands = s->commands.items;
	const char *name = cu->unit->exec->log_identifier;

	for (size_t i = 0; !name && i < s->commands.n; i++) {
		if (commands[i].phase == PHASE_START) {
			const char *slash = strrchr(commands[i].path, '/');

			name = slash ? slash + 1 : commands[i].path;
		}
	}
	return name ? arena_strndup(cu->c->arena, name, strnlen(name, LIMIT_LOG_IDENTIFIER - 1))
		    : NULL;
}

static int add_to_catalogue(struct compile_unit *cu, bool loaded)
{
	struct catalogue_unit_spec spec = { .name = cu->unit->name, .cgroup = cu->cgroup };
	int64_t n;

	if (loaded) {
		spec.flags = unit_flags(cu);
		spec.log_priority = cu->base.log_priority;
		spec.log_level_prefix = cu->base.log_level_prefix;
		spec.sockets = cu->unit->socket_units.items;
		spec.n_sockets = (uint32_t)cu->unit->socket_units.n;
	}
	if (loaded && cu->unit->many && spec.n_sockets) {
		spec.max_per_source = cu->c->set->units[spec.sockets[0]]->socket->max_per_source;
	}
	if (loaded && compile_joined_names(cu, &spec.joins) < 0) {
		return -ENOMEM;
	}
	if (loaded && cu->unit->service) {
		spec.log_identifier = identifier(cu);
		spec.fdstore_max = cu->unit->service->fdstore_max < LIMIT_FDSTORE_PER_UNIT
					   ? cu->unit->service->fdstore_max
					   : LIMIT_FDSTORE_PER_UNIT;
	}
	n = catalogue_add_unit(&cu->c->builder, &spec);
	return n < 0 ? (int)n : 0;
}

static bool wants_user_namespace(const struct compile_unit *cu)
{
	return cu->unit->exec && cu->unit->exec->private_users;
}

static int choose_profile(struct compile_unit *cu)
{
	const char *name = cu->unit->container.profile;

	cu->profile = profile_find(name ? name : "trusted");
	if (!cu->profile) {
		cu->profile = profile_find("strict");
		return compile_refuse(cu, unit_setting_origin(cu->unit, "Profile"),
			"Profile=%s: no such profile; there are trusted, compat, standard and "
			"strict",
			name);
	}
	cu->user_namespace = wants_user_namespace(cu);
	cu->is_public = !cu->unit->is_secret;
	return 0;
}

static bool is_fatal(int r)
{
	return r < 0 && r != -EINVAL;
}

/* A refused unit stays in the catalogue by name, or as it was. */
static int add_refused(struct compile_unit *cu, struct manifest_unit *m)
{
	int r = 0;

	if (cu->unit->load_state == LOAD_BAD_SETTING || cu->unit->load_state == LOAD_ERROR) {
		r = compile_copy_previous(cu, m);
	}
	if (r != 0) {
		return r < 0 ? r : 0;
	}
	r = compile_manifest_unit(cu, m);
	return r < 0 ? r : add_to_catalogue(cu, false);
}

static int compile_one(struct compile *c, uint32_t index, struct manifest_unit *m)
{
	struct compile_unit cu = { .c = c, .unit = c->set->units[index], .index = index };
	int r = choose_profile(&cu);

	if (compile_cgroup_path(c, cu.unit, &cu.cgroup) < 0) {
		r = compile_refuse(&cu, NULL, "the cgroup's path is too long");
		cu.cgroup = arena_printf(c->arena, "unit-%u", index);
	}
	if (!cu.cgroup) {
		return -ENOMEM;
	}
	if (r == 0 && cu.unit->load_state == LOAD_LOADED && !cu.unit->is_template) {
		r = compile_prepare(&cu);
	}
	if (is_fatal(r)) {
		return r;
	}
	if (cu.unit->load_state != LOAD_LOADED || cu.unit->is_template) {
		return add_refused(&cu, m);
	}
	r = compile_manifest_unit(&cu, m);
	if (r == 0) {
		r = add_to_catalogue(&cu, true);
	}
	if (r == 0) {
		r = compile_entries(&cu, m);
	}
	if (r == -EINVAL && cu.unit->refused) {
		/* Too big for a catalogue: the name stays, the commands are out of reach. */
		return compile_manifest_unit(&cu, m);
	}
	return r;
}

static int add_diagnostics(struct compile *c)
{
	const struct diagnostic *rows = c->diagnostics->rows.items;

	for (size_t i = 0; i < c->diagnostics->rows.n; i++) {
		const struct unit *u = rows[i].unit ? unit_set_find(c->set, rows[i].unit) : NULL;
		struct manifest_diagnostic *row =
			compile_array_push(c->arena, &c->manifest.diagnostics, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		row->file = rows[i].file;
		row->line = rows[i].line;
		row->column = rows[i].column;
		row->severity = rows[i].severity;
		row->unit = rows[i].unit;
		row->text = !u || !u->is_secret                  ? rows[i].text
			    : rows[i].severity == SEVERITY_ERROR ? UNIT_ERROR_HIDDEN
								 : UNIT_WARNING_HIDDEN;
	}
	return 0;
}

int compile_all(struct compile *c)
{
	c->manifest = (struct manifest) {
		.version = MANIFEST_VERSION,
		.default_target = "default.target",
		.unit_path = c->settings->unit_path,
	};
	c->manifest.units.items =
		arena_alloc_array(c->arena, c->set->n + 1, sizeof(struct manifest_unit));
	if (!c->manifest.units.items) {
		return -ENOMEM;
	}
	if (compile_join_units(c) < 0) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < c->set->n; i++) {
		int r = compile_one(
			c, (uint32_t)i, (struct manifest_unit *)c->manifest.units.items + i);

		if (r < 0) {
			return r;
		}
		c->manifest.units.n++;
	}
	return add_diagnostics(c);
}
