// SPDX-License-Identifier: MIT
#include "bootread.h"

#include <errno.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"

static int call_props(struct ctl *c, const char *path, const char *interface, struct props *ret,
	sd_bus_error *error)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	int r = sd_bus_call_method(
		c->bus, CTL_SERVICE, path, CTL_PROPS, "GetAll", error, &reply, "s", interface);

	return r < 0 ? r : props_read(ret, reply);
}

static int read_after(struct boottime *b, const struct value *list, struct boottime_unit *u)
{
	size_t n = list && list->kind == VALUE_ARRAY ? list->n : 0;

	u->after = arena_alloc_array(&b->arena, n + 1, sizeof(*u->after));
	if (!u->after) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		const char *name = list->items[i].kind == VALUE_STRING ? list->items[i].s : "";

		u->after[u->n_after] = arena_strdup(&b->arena, name);
		if (!u->after[u->n_after++]) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int read_unit(struct ctl *c, struct boottime *b, const char *name)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO_FREE char *path = ctl_unit_path(name);
	AUTO(props_fini) struct props p = { 0 };
	struct boottime_unit *u = &b->units[b->n_units];
	int r = path ? call_props(c, path, CTL_UNIT, &p, &error) : -ENOMEM;

	if (r >= 0) {
		u->name = arena_strdup(&b->arena, name);
		u->activating = props_u64(&p, "InactiveExitTimestampMonotonic", 0);
		u->activated = props_u64(&p, "ActiveEnterTimestampMonotonic", 0);
		u->deactivating = props_u64(&p, "ActiveExitTimestampMonotonic", 0);
		u->deactivated = props_u64(&p, "InactiveEnterTimestampMonotonic", 0);
		r = u->name ? read_after(b, props_find(&p, "After"), u) : -ENOMEM;
		b->n_units++;
	}
	return r < 0 ? ctl_call_failed(c, name, &error, r) : EXIT_OK;
}

static int read_manager(struct ctl *c, struct boottime *b)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	int r = ctl_props(c, CTL_PATH, &p, &error);

	if (r < 0) {
		return ctl_call_failed(c, CTL_MANAGER, &error, r);
	}
	b->machine = props_u64(&p, "KernelTimestamp", 0) != 0;
	b->soft_reboots = (uint32_t)props_u64(&p, "SoftRebootsCount", 0);
	b->initrd = props_u64(&p, "InitRDTimestampMonotonic", 0);
	b->userspace = props_u64(&p, "UserspaceTimestampMonotonic", 0);
	b->init = props_u64(&p, "InitTimestampMonotonic", b->userspace);
	b->load_begin = props_u64(&p, "UnitsLoadStartTimestampMonotonic", 0);
	b->load_end = props_u64(&p, "UnitsLoadFinishTimestampMonotonic", 0);
	b->jobs = props_u64(&p, "JobsTimestampMonotonic", 0);
	b->finish = props_u64(&p, "FinishTimestampMonotonic", 0);
	b->target = arena_strdup(&b->arena, props_string(&p, "DefaultTarget"));
	return b->target ? EXIT_OK : EXIT_FAILED;
}

int bootread(struct ctl *c, bool with_units, struct boottime *ret)
{
	static char *const every[] = { (char *)"*" };
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_connect(c);

	boottime_init(ret);
	code = code == EXIT_OK ? read_manager(c, ret) : code;
	if (code == EXIT_OK && with_units) {
		code = ctl_expand(c, 1, every, &units);
	} else if (code == EXIT_OK && *ret->target && unit_list_add(&units, ret->target) < 0) {
		code = EXIT_FAILED;
	}
	if (code == EXIT_OK && boottime_reserve(ret, units.n) < 0) {
		code = EXIT_FAILED;
	}
	for (size_t i = 0; code == EXIT_OK && i < units.n; i++) {
		code = read_unit(c, ret, units.names[i]);
	}
	boottime_index(ret);
	return code;
}
