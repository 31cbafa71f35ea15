// SPDX-License-Identifier: MIT
/*
 * Who a unit runs as. With a user namespace: the users and groups that the unit names are mapped
 * to themselves, every other id of 0 … 65535 into the unit's own range; the host's root is never
 * mapped to itself, not even by name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "compile.h"

#define ID_NOBODY      65534u
#define ID_COUNT_MAX   2147483647u /* what a plan can name */
#define DYNAMIC_INSIDE 1u          /* a dynamic user's id in its unit's range */
#define MAP_LINES_MAX  340u        /* user_namespaces(7) */

_Static_assert(IDTABLE_RANGE_IDS == MANIFEST_OWN_IDS, "one size of ranges");

static uint32_t range_first(const struct compile_unit *cu)
{
	return cu->c->settings->id_pool_first + cu->range * IDTABLE_RANGE_IDS;
}

static bool id_is_ours(const struct settings *s, uint32_t id)
{
	uint64_t pool_end = s->id_pool_first + (uint64_t)s->id_pool_ranges * IDTABLE_RANGE_IDS;

	return (id >= s->id_pool_first && id < pool_end) ||
	       (id != 0 && (id == s->supd_uid || id == s->load_uid || id == s->log_uid));
}

static bool gid_is_ours(const struct settings *s, uint32_t id)
{
	uint64_t pool_end = s->id_pool_first + (uint64_t)s->id_pool_ranges * IDTABLE_RANGE_IDS;

	return (id >= s->id_pool_first && id < pool_end) ||
	       (id != 0 && (id == s->supd_gid || id == s->load_gid || id == s->log_gid));
}

static int range_failed(struct compile_unit *cu, int error, uint32_t *ret)
{
	if (error == -ENOENT) {
		*ret = 1; /* verify: nothing runs, so any range will do */
		return 0;
	}
	if (error == -EUSERS) {
		return compile_refuse(cu, NULL, "the pool of id ranges is used up (%u ranges)",
			cu->c->settings->id_pool_ranges);
	}
	return compile_refuse(cu, NULL,
		"cannot get an id range: writing idtable in the state directory: %s",
		strerror(-error));
}

static int get_range(struct compile_unit *cu)
{
	int r;

	if (cu->range) {
		return 0;
	}
	r = idtable_get(cu->c->ids, cu->unit->name, cu->unit->flags & UNIT_TRANSIENT, &cu->range);
	return r == 0 ? 0 : range_failed(cu, r, &cu->range);
}

/* A name that is not there yet: the unit loads, its start answers STALE or says so. */
static void mark_stale(struct compile_unit *cu, const char *what, const char *name)
{
	cu->base.stale_users = 1;
	cu->base.stale_name = arena_printf(cu->c->arena, "%s=%s", what, name);
	cu->base.stale_origin = unit_setting_origin(cu->unit, what);
	compile_note(cu, SEVERITY_WARNING, unit_setting_origin(cu->unit, what),
		"%s=%s: no such %s; the unit cannot start before it exists", what, name,
		strcmp(what, "User") == 0 ? "user" : "group");
}

static int resolve_user(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	struct userdb_user user;
	int r = userdb_find_user(cu->c->users, e->user, &user);

	if (r == -ENOENT && !e->dynamic_user) {
		mark_stale(cu, "User", e->user);
		cu->base.uid = ID_NOBODY;
		cu->base.gid = ID_NOBODY;
		return 0;
	}
	if (r == -ENOENT) {
		return 1;
	}
	if (r < 0) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "User"),
			"User=%s is neither a user name nor an id below 2147483647", e->user);
	}
	if (id_is_ours(cu->c->settings, user.uid)) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "User"),
			"User=%s: this id belongs to supd; choose another user", e->user);
	}
	if (user.uid == ID_NOBODY) {
		compile_note(cu, SEVERITY_WARNING, unit_setting_origin(cu->unit, "User"),
			"User=%s: this user's files and processes may be others' as well; use a "
			"user of the unit's own or DynamicUser=yes",
			e->user);
	}
	cu->base.uid = user.uid;
	cu->base.gid = user.gid;
	cu->home = user.home;
	cu->shell = user.shell;
	return 0;
}

static int resolve_group(
	struct compile_unit *cu, const char *setting, const struct unit_item *item, uint32_t *ret)
{
	int r = userdb_find_group(cu->c->users, item->text, ret);

	if (r == -ENOENT) {
		mark_stale(cu, setting, item->text);
		*ret = ID_NOBODY;
		return 0;
	}
	if (r < 0) {
		return compile_refuse(cu, item->origin,
			"%s=%s is neither a group name nor an id below 2147483647", setting,
			item->text);
	}
	if (gid_is_ours(cu->c->settings, *ret)) {
		return compile_refuse(cu, item->origin,
			"%s=%s: this id belongs to supd; choose another group", setting,
			item->text);
	}
	return 0;
}

/*
 * A dynamic user with a name is the same one in all units that name it. No unit's name has a
 * slash, so the table's rows for names cannot be taken for a unit's.
 */
static int named_range(struct compile_unit *cu, uint32_t *ret)
{
	const char *key = arena_printf(cu->c->arena, "user/%s", cu->unit->exec->user);
	int r = key ? idtable_get(cu->c->ids, key, false, ret) : -ENOMEM;

	return r == 0 || r == -ENOMEM ? r : range_failed(cu, r, ret);
}

static int use_dynamic_user(struct compile_unit *cu)
{
	uint32_t range = 0;
	int r;

	if (cu->unit->exec->user) {
		r = named_range(cu, &range);
	} else {
		r = get_range(cu);
		range = cu->range;
	}
	if (r < 0) {
		return r;
	}
	cu->base.uid = cu->c->settings->id_pool_first + range * IDTABLE_RANGE_IDS + DYNAMIC_INSIDE;
	cu->base.gid = cu->base.uid;
	cu->base.flags |= PLAN_DYNAMIC_USER;
	return 0;
}

static int resolve_groups(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct unit_item *items = e->supplementary_groups.items;
	uint32_t groups[LIMIT_GROUPS], n = 0;

	if (e->user && !cu->base.stale_users) {
		n = userdb_groups_of(cu->c->users, e->user, groups, LIMIT_GROUPS);
	}
	for (size_t i = 0; i < e->supplementary_groups.n && n < LIMIT_GROUPS; i++) {
		int r = resolve_group(cu, "SupplementaryGroups", &items[i], &groups[n]);

		if (r < 0) {
			return r;
		}
		n++;
	}
	if (n >= LIMIT_GROUPS) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "SupplementaryGroups"),
			"more than %u groups", LIMIT_GROUPS - 1);
	}
	cu->base.groups.items = arena_memdup(cu->c->arena, groups, n * sizeof(*groups));
	cu->base.groups.n = n;
	return cu->base.groups.items ? 0 : -ENOMEM;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int push_map(struct compile_unit *cu, struct tlv_array *map, struct plan_idmap line)
{
	struct plan_idmap *row;

	if (line.count == 0) {
		return 0;
	}
	if (map->n >= MAP_LINES_MAX) {
		return compile_refuse(cu, NULL, "more users and groups than an id map can hold");
	}
	row = compile_array_push(cu->c->arena, map, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = line;
	return 0;
}

/* ids: those mapped to themselves; sorted here; 0 and doubles are skipped. */
static int make_map(struct compile_unit *cu, uint32_t *ids, uint32_t n, struct tlv_array *map)
{
	uint32_t first = range_first(cu);
	uint32_t next = 0;

	qsort(ids, n, sizeof(*ids), compare_u32);
	for (uint32_t i = 0; i < n; i++) {
		struct plan_idmap self = { .inside = ids[i], .outside = ids[i], .count = 1 };
		struct plan_idmap before = { .inside = next, .outside = first + next };
		uint32_t limit = ids[i] < IDTABLE_RANGE_IDS ? ids[i] : IDTABLE_RANGE_IDS;
		int r;

		if (ids[i] == 0 || (i && ids[i] == ids[i - 1])) {
			continue;
		}
		before.count = limit > next ? limit - next : 0;
		r = push_map(cu, map, before);
		if (r == 0) {
			r = push_map(cu, map, self);
		}
		if (r < 0) {
			return r;
		}
		next = limit < IDTABLE_RANGE_IDS ? limit + 1 : IDTABLE_RANGE_IDS;
	}
	return push_map(cu, map,
		(struct plan_idmap) { .inside = next,
			.outside = first + next,
			.count = IDTABLE_RANGE_IDS - next });
}

/* PrivateUsers=self: no ids but those that the unit names, and its root. */
static int make_self_map(struct compile_unit *cu, uint32_t *ids, uint32_t n, struct tlv_array *map)
{
	int r = push_map(cu, map, (struct plan_idmap) { .outside = range_first(cu), .count = 1 });

	qsort(ids, n, sizeof(*ids), compare_u32);
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		struct plan_idmap self = { .inside = ids[i], .outside = ids[i], .count = 1 };

		if (ids[i] != 0 && (i == 0 || ids[i] != ids[i - 1])) {
			r = push_map(cu, map, self);
		}
	}
	return r;
}

/* PrivateUsers=identity, full: the host's ids, root's among them, as the unit asks by this word. */
static int make_same_maps(struct compile_unit *cu, enum unit_users_map map)
{
	const struct plan *p = &cu->base;
	struct plan_idmap line = { .count = map == USERS_FULL ? ID_COUNT_MAX : IDTABLE_RANGE_IDS };
	bool fits = p->uid < line.count && p->gid < line.count;
	int r;

	for (uint32_t i = 0; i < p->groups.n; i++) {
		fits = fits && p->groups.items[i] < line.count;
	}
	if (!fits) {
		return compile_refuse(cu, unit_setting_origin(cu->unit, "PrivateUsers"),
			"PrivateUsers=identity has ids below %u only, and the unit's are not; use "
			"pick or full",
			IDTABLE_RANGE_IDS);
	}
	r = push_map(cu, &cu->base.uid_map, line);
	return r < 0 ? r : push_map(cu, &cu->base.gid_map, line);
}

/* Inside ids of 0 and of ranges stay the host's numbers of the range. */
static int make_maps(struct compile_unit *cu)
{
	struct plan *p = &cu->base;
	bool dynamic = p->flags & PLAN_DYNAMIC_USER;
	enum unit_users_map map = cu->unit->exec->users_map;
	int (*make)(struct compile_unit *, uint32_t *, uint32_t, struct tlv_array *) =
		map == USERS_SELF ? make_self_map : make_map;
	uint32_t *gids;
	uint32_t uid, n = 0;
	int r = get_range(cu);

	if (r < 0) {
		return r;
	}
	if (map == USERS_IDENTITY || map == USERS_FULL) {
		return make_same_maps(cu, map);
	}
	/* Its own range has the dynamic user already, unless that one has a name and a range. */
	dynamic = dynamic && map == USERS_PICK && p->uid == range_first(cu) + DYNAMIC_INSIDE;
	uid = dynamic ? 0 : p->uid;
	gids = arena_alloc_array(cu->c->arena, p->groups.n + 1, sizeof(*gids));
	if (!gids) {
		return -ENOMEM;
	}
	if (!dynamic) {
		gids[n++] = p->gid;
	}
	for (uint32_t i = 0; i < p->groups.n; i++) {
		gids[n++] = p->groups.items[i];
	}
	r = make(cu, &uid, 1, &p->uid_map);
	if (r == 0) {
		r = make(cu, gids, n, &p->gid_map);
	}
	/* The plan speaks in the initial namespace's numbers: root inside is the range's first. */
	p->uid = p->uid ? p->uid : range_first(cu);
	p->gid = p->gid ? p->gid : range_first(cu);
	for (uint32_t i = 0; i < p->groups.n; i++) {
		if (p->groups.items[i] == 0) {
			((uint32_t *)p->groups.items)[i] = range_first(cu);
		}
	}
	return r;
}

int compile_ids(struct compile_unit *cu)
{
	const struct unit_exec *e = cu->unit->exec;
	int r = 0;

	cu->home = "/root";
	cu->shell = "/bin/sh";
	if (e->user) {
		r = resolve_user(cu);
	}
	if (r == 1 || (r == 0 && e->dynamic_user && !e->user)) {
		cu->home = "/";
		r = use_dynamic_user(cu);
	}
	if (r == 0 && e->group && !(cu->base.flags & PLAN_DYNAMIC_USER)) {
		struct unit_item group = { e->group, unit_setting_origin(cu->unit, "Group") };

		r = resolve_group(cu, "Group", &group, &cu->base.gid);
	}
	if (r == 0) {
		r = resolve_groups(cu);
	}
	if (r == 0 && cu->user_namespace) {
		r = make_maps(cu);
	}
	return r;
}

bool compile_root_is_mapped(const struct compile_unit *cu)
{
	enum unit_users_map map = cu->unit->exec->users_map;

	return cu->user_namespace && (map == USERS_PICK || map == USERS_SELF);
}

uint32_t compile_own_ids(const struct compile_unit *cu)
{
	return cu->range ? range_first(cu) : 0;
}
