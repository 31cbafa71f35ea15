// SPDX-License-Identifier: MIT
/*
 * FreezeUnit, ThawUnit and the unit's own Freeze, Thaw: answered when the kernel says that it is
 * so. A slice is all that runs in it at that moment; supd-init knows the slots, a slice has none.
 */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "../shell.h"
#include "objects.h"

/* The next running unit that `u` stands for, from *cursor on; NULL: no more. */
static const struct unit *next_member(struct bus_server *b, const struct unit *u, uint32_t *cursor)
{
	const char *slice = shell_unit_cgroup(u);
	size_t len = slice ? strlen(slice) : 0;

	if (u->type != UNIT_SLICE) {
		return (*cursor)++ == 0 && (u->slot_flags & WIRE_SLOT_POPULATED) ? u : NULL;
	}
	while (*cursor < engine_n_units(b->shell->engine)) {
		const struct unit *other = engine_unit(b->shell->engine, (*cursor)++);
		const char *cgroup = shell_unit_cgroup(other);

		if (cgroup && other->is_service && (other->slot_flags & WIRE_SLOT_POPULATED) &&
			(len == 0 || (strncmp(cgroup, slice, len) == 0 && cgroup[len] == '/'))) {
			return other;
		}
	}
	return NULL;
}

/* Do all that run have these flags, or none of them? *ret_n: how many there are. */
static bool all_have(struct bus_server *b, const struct unit *u, uint32_t flags, uint32_t *ret_n)
{
	const struct unit *member;
	uint32_t cursor = 0;

	*ret_n = 0;
	while ((member = next_member(b, u, &cursor))) {
		(*ret_n)++;
		if ((member->slot_flags & flags) != flags) {
			return false;
		}
	}
	return *ret_n > 0;
}

static bool some_have(struct bus_server *b, const struct unit *u, uint32_t flags)
{
	const struct unit *member;
	uint32_t cursor = 0;

	while ((member = next_member(b, u, &cursor))) {
		if (member->slot_flags & flags) {
			return true;
		}
	}
	return false;
}

const char *bus_freezer_state(struct bus_server *b, const struct unit *u)
{
	uint32_t n;

	if (!u || !u->def || (!u->is_service && u->type != UNIT_SLICE)) {
		return "running";
	}
	if (!all_have(b, u, WIRE_SLOT_FREEZE, &n)) {
		/* Signals freeze for a moment too: that is nobody's business. */
		return "running";
	}
	return all_have(b, u, WIRE_SLOT_FROZEN, &n) ? "frozen" : "freezing";
}

static int refuse(const struct unit *u, bool on, sd_bus_error *error)
{
	if (!u->is_service && u->type != UNIT_SLICE) {
		return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
			"Unit %s has no processes: there is nothing to freeze.", u->name);
	}
	if (on && u->is_service && u->active != ACTIVE_ACTIVE) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.UnitInactive",
			"Unit %s is not active.", u->name);
	}
	if (on && u->job) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.UnitBusy",
			"Unit %s has a pending job.", u->name);
	}
	return 0;
}

/* Asks for all members; *ret_n: how many there are. */
static int ask(struct bus_server *b, const struct unit *u, bool on, uint32_t *ret_n)
{
	const struct unit *member;
	uint32_t cursor = 0;
	int r = 0;

	*ret_n = 0;
	while (r >= 0 && (member = next_member(b, u, &cursor))) {
		r = engine_freeze(b->shell->engine, member->index, on, now_us());
		*ret_n += r >= 0;
		r = r == -ESRCH ? 0 : r;
	}
	return r;
}

static int freeze(
	struct bus_server *b, sd_bus_message *m, const struct unit *u, sd_bus_error *error)
{
	bool on = sd_bus_message_get_member(m)[0] == 'F';
	int r = refuse(u, on, error);
	uint32_t n;

	if (r < 0) {
		return r;
	}
	r = ask(b, u, on, &n);
	if (r < 0) {
		return bus_fatal(b, r);
	}
	if (n == 0 && on) {
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.UnitInactive",
			"Unit %s has no process.", u->name);
	}
	return n == 0 ? sd_bus_reply_method_return(m, "")
		      : bus_waiting_add(&b->freezes, m, u->index, on);
}

static int method_manager(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return bus_call_named(userdata, m, freeze, error);
}

static int method_unit(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	return bus_call_on(userdata, m, freeze, error);
}

/* Answers when there is something to say; false: it waits on. */
static bool answer(struct bus_server *b, const struct bus_waiting *f)
{
	const struct unit *u = engine_unit(b->shell->engine, f->unit);
	const uint32_t frozen = WIRE_SLOT_FREEZE | WIRE_SLOT_FROZEN;
	uint32_t n;

	if (!f->what) {
		if (some_have(b, u, frozen)) {
			return false;
		}
	} else if (!all_have(b, u, frozen, &n)) {
		if (n > 0) {
			return false;
		}
		(void)sd_bus_reply_method_errorf(f->message,
			"org.freedesktop.systemd1.UnitInactive",
			"Unit %s has ended before it was frozen.", u->name);
		return true;
	}
	(void)sd_bus_reply_method_return(f->message, "");
	return true;
}

void bus_freezer_flush(struct bus_server *b)
{
	bus_waiting_flush(&b->freezes, b, answer);
}

const sd_bus_vtable bus_vtable_freezer[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("FreezeUnit", "s", "", method_manager, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ThawUnit", "s", "", method_manager, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

const sd_bus_vtable bus_vtable_unit_freezer[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Freeze", "", "", method_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Thaw", "", "", method_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};
