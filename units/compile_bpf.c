// SPDX-License-Identifier: MIT
/*
 * Which programs stand at a unit's cgroup. Lists of addresses combine with those of the slices
 * above; of devices, ports and interfaces each slice has a program of its own, and all must allow.
 * Slices' cgroups themselves get none: nothing runs in them but what is in a unit's.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "compile.h"
#include "ebpf.h"
#include "values.h"

#define DEVICES_MAX 16384u /* of /proc/devices */

#define ACC_M       BPF_DEVCG_ACC_MKNOD
#define ACC_RW      (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define ACC_RWM     (ACC_RW | ACC_M)
#define PTS_FIRST   136 /* Linux's majors of pseudo terminals */
#define PTS_LAST    143

/* Appends the finished program to the plan. */
static int add_program(struct compile_unit *cu, const struct ebpf_code *code, struct plan_bpf *row)
{
	struct plan_bpf *to;
	int64_t offset;

	if (code->error == -E2BIG || cu->base.bpf.n >= LIMIT_BPF_PROGRAMS) {
		return compile_refuse(cu, row->origin, "%s the lists are too long", row->setting);
	}
	if (code->error) {
		return code->error;
	}
	row->size = (uint32_t)(code->n * sizeof(*code->insns));
	offset = catalogue_add_blob(&cu->c->builder, &cu->c->seccomp.blobs, code->insns, row->size);
	to = compile_array_push(cu->c->arena, &cu->base.bpf, sizeof(*to));
	if (offset < 0 || !to) {
		return offset < 0 ? (int)offset : -ENOMEM;
	}
	row->offset = (uint64_t)offset;
	compile_limits_hash(cu, &row->hook, sizeof(row->hook));
	compile_limits_hash(cu, code->insns, row->size);
	*to = *row;
	return 0;
}

/* For the program that will be added next. */
static int add_fixup(struct compile_unit *cu, const struct plan_bpf_fixup *fixup)
{
	struct plan_bpf_fixup *row;

	if (cu->base.bpf_fixups.n >= LIMIT_BPF_FIXUPS) {
		return compile_refuse(
			cu, fixup->origin, "more than %u devices and interfaces", LIMIT_BPF_FIXUPS);
	}
	row = compile_array_push(cu->c->arena, &cu->base.bpf_fixups, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = *fixup;
	row->program = cu->base.bpf.n;
	return 0;
}

static const char *origin_of(const struct unit *owner, const char *setting)
{
	const char *origin = unit_setting_origin(owner, setting);

	return origin ? origin : owner->name;
}

/* ---- devices ---- */

static uint32_t access_of(const char *text)
{
	return (strchr(text, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(text, 'w') ? BPF_DEVCG_ACC_WRITE : 0) | (strchr(text, 'm') ? ACC_M : 0);
}

/* What every daemon opens; systemd's list for DevicePolicy=closed. */
static void add_harmless(struct ebpf_code *code)
{
	static const uint8_t nodes[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 },
		{ 5, 0 }, { 5, 2 } };

	for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
		const struct ebpf_device row = { BPF_DEVCG_DEV_CHAR, 0, ACC_RWM, nodes[i][0],
			nodes[i][1] };

		ebpf_device_row(code, &row);
	}
	for (uint32_t major = PTS_FIRST; major <= PTS_LAST; major++) {
		const struct ebpf_device row = { BPF_DEVCG_DEV_CHAR, EBPF_ANY_MINOR, ACC_RW, major,
			0 };

		ebpf_device_row(code, &row);
	}
}

/* The launcher's own work at a further command's start: standard streams, the nodes of /dev. */
static void add_launcher(struct compile_unit *cu, struct ebpf_code *code)
{
	static const uint8_t nodes[][2] = { { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 } };
	bool makes = cu->base.flags & PLAN_PRIVATE_DEVICES;
	const struct ebpf_device null = { BPF_DEVCG_DEV_CHAR, 0, makes ? ACC_RWM : ACC_RW, 1, 3 };

	ebpf_device_row(code, &null);
	for (size_t i = 0; makes && i < ELEMENTSOF(nodes); i++) {
		const struct ebpf_device row = { BPF_DEVCG_DEV_CHAR, 0, ACC_M, nodes[i][0],
			nodes[i][1] };

		ebpf_device_row(code, &row);
	}
}

/* "/dev/char/1:3" needs no looking up. */
static bool row_by_numbers(const char *path, struct ebpf_device *row)
{
	static const struct {
		const char *prefix;
		uint32_t type;
	} places[] = { { "/dev/char/", BPF_DEVCG_DEV_CHAR },
		{ "/dev/block/", BPF_DEVCG_DEV_BLOCK } };

	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		size_t n = strlen(places[i].prefix);
		char text[24];
		char *colon;

		if (strncmp(path, places[i].prefix, n) != 0 || strlen(path + n) >= sizeof(text)) {
			continue;
		}
		strcpy(text, path + n);
		colon = strchr(text, ':');
		if (!colon) {
			return false;
		}
		*colon = '\0';
		row->type = places[i].type;
		return number_parse_u32(text, &row->major) == 0 &&
		       number_parse_u32(colon + 1, &row->minor) == 0;
	}
	return false;
}

static int add_node(struct compile_unit *cu, struct ebpf_code *code, const struct unit_device *d)
{
	struct ebpf_device row = { .access = access_of(d->access) };
	struct plan_bpf_fixup fixup = {
		.kind = PLAN_BPF_FIX_NODE, .name = d->node, .origin = d->origin
	};

	if (row_by_numbers(d->node, &row)) {
		ebpf_device_row(code, &row);
		return 0;
	}
	row.type = row.major = row.minor = 0;
	fixup.insn = (uint32_t)ebpf_device_row(code, &row);
	return add_fixup(cu, &fixup);
}

struct device_group {
	uint32_t type; /* BPF_DEVCG_DEV_CHAR, BPF_DEVCG_DEV_BLOCK */
	uint32_t major;
	const char *name;
};

/* The lines of /proc/devices, which the kernel makes anew for each reader: read once in a load. */
static int read_devices(struct compile *c)
{
	char text[DEVICES_MAX];
	uint32_t type = 0;

	if (c->devices_read) {
		return 0;
	}
	c->devices_read = true;
	if (fd_read_text("/proc/devices", text, sizeof(text)) <= 0) {
		return 0;
	}
	for (char *save, *line = strtok_r(text, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		struct device_group group, *row;
		char *name;

		if (strncmp(line, "Character", 9) == 0 || strncmp(line, "Block", 5) == 0) {
			type = line[0] == 'C' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK;
			continue;
		}
		group.type = type;
		group.major = (uint32_t)strtoul(line, &name, 10);
		if (name == line) {
			continue;
		}
		group.name = arena_strdup(c->arena, name + strspn(name, " "));
		row = group.name ? list_push(c->arena, &c->devices, sizeof(*row)) : NULL;
		if (!row) {
			return -ENOMEM;
		}
		*row = group;
	}
	return 0;
}

/* The majors of /proc/devices whose names match the pattern. How many; -ENOMEM. */
static int add_matching(struct compile_unit *cu, struct ebpf_code *code, const char *pattern,
	struct ebpf_device row)
{
	int found = 0, r = read_devices(cu->c);
	const struct device_group *groups = cu->c->devices.items;

	row.any = EBPF_ANY_MINOR;
	for (size_t i = 0; i < cu->c->devices.n; i++) {
		row.major = groups[i].major;
		if (groups[i].type == row.type && fnmatch(pattern, groups[i].name, 0) == 0) {
			ebpf_device_row(code, &row);
			found++;
		}
	}
	return r < 0 ? r : found;
}

/* char-NAME, block-NAME: a group of /proc/devices, a pattern, a major number, or * for all. */
static int add_group(struct compile_unit *cu, struct ebpf_code *code, const struct unit_device *d)
{
	bool block = d->node[0] == 'b';
	const char *name = d->node + strlen(block ? "block-" : "char-");
	int found = 1;
	struct ebpf_device row = { .type = block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
		.access = access_of(d->access) };

	if (strcmp(name, "*") == 0) {
		row.any = EBPF_ANY_MAJOR | EBPF_ANY_MINOR;
		ebpf_device_row(code, &row);
	} else if (number_parse_u32(name, &row.major) == 0) {
		row.any = EBPF_ANY_MINOR;
		ebpf_device_row(code, &row);
	} else {
		found = add_matching(cu, code, name, row);
	}
	if (found == 0) {
		compile_note(cu, SEVERITY_NOTE, d->origin,
			"DeviceAllow=%s: the kernel has no such group of devices now; "
			"daemon-reload looks again",
			d->node);
	}
	return found < 0 ? found : 0;
}

/* Nodes that the unit binds into its own /dev are meant to be used. */
static int add_bound(struct compile_unit *cu, struct ebpf_code *code)
{
	const struct plan_mount *m = cu->base.mounts.items;

	for (uint32_t i = 0; i < cu->base.mounts.n; i++) {
		const struct unit_device d = { m[i].source,
			m[i].flags & PLAN_MOUNT_F_READ_ONLY ? "r" : "rw", m[i].origin };
		int r;

		if (m[i].kind != PLAN_MOUNT_BIND || strncmp(m[i].source, "/dev/", 5) != 0) {
			continue;
		}
		r = add_node(cu, code, &d);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* A directory of nodes that is bound in cannot be written as a list. */
static bool binds_device_directory(const struct compile_unit *cu)
{
	const struct plan_mount *m = cu->base.mounts.items;
	struct stat st;

	for (uint32_t i = 0; i < cu->base.mounts.n; i++) {
		if (m[i].kind == PLAN_MOUNT_BIND && strncmp(m[i].source, "/dev", 4) == 0 &&
			(stat(m[i].source, &st) < 0 || S_ISDIR(st.st_mode))) {
			return true;
		}
	}
	return false;
}

/* Does no line of the unit's own say which devices there are? */
static bool is_implied(const struct compile_unit *cu, const struct unit *owner)
{
	const struct unit_cgroup *g = &owner->cgroup;
	const char *origin = unit_setting_origin(owner, "DevicePolicy");

	return g->devices.n == 0 &&
	       (g->device_policy == DEVICE_AUTO || compile_origin_is_profile(cu, origin));
}

static int add_rows(struct compile_unit *cu, const struct unit *owner, struct ebpf_code *code)
{
	const struct unit_cgroup *g = &owner->cgroup;
	const struct unit_device *rows = g->devices.items;
	const struct unit_device clock = { "char-rtc", "r", NULL };
	int r = 0;

	ebpf_device_begin(code);
	if (g->device_policy == DEVICE_STRICT) {
		add_launcher(cu, code);
	} else {
		add_harmless(code);
	}
	for (size_t i = 0; r == 0 && i < g->devices.n; i++) {
		r = rows[i].node[0] == '/' ? add_node(cu, code, &rows[i])
					   : add_group(cu, code, &rows[i]);
	}
	if (r == 0 && owner->exec && owner->exec->protect_clock) {
		r = add_matching(cu, code, clock.node + strlen("char-"),
			(struct ebpf_device) {
				.type = BPF_DEVCG_DEV_CHAR, .access = BPF_DEVCG_ACC_READ });
		r = r < 0 ? r : 0;
	}
	if (r == 0 && is_implied(cu, owner)) {
		r = add_bound(cu, code);
	}
	ebpf_device_end(code);
	return r;
}

/* PrivateDevices= alone is a wall without this, and a profile asks no kernel for what it lacks. */
static int add_devices(struct compile_unit *cu, const struct unit *owner)
{
	AUTO(ebpf_fini) struct ebpf_code code = { 0 };
	const struct unit_cgroup *g = &owner->cgroup;
	struct plan_bpf row = { .hook = PLAN_BPF_DEVICE };
	const char *setting = g->devices.n ? "DeviceAllow" : "DevicePolicy";
	int r;

	if (is_implied(cu, owner)) {
		bool private = owner->exec && owner->exec->private_devices;

		if ((!private && g->device_policy == DEVICE_AUTO) || binds_device_directory(cu)) {
			return 0;
		}
		row.optional = 1;
		setting = g->device_policy == DEVICE_AUTO ? "PrivateDevices" : setting;
	}
	row.origin = origin_of(owner, setting);
	row.setting = arena_concat(cu->c->arena, setting, "=", NULL);
	r = row.setting ? add_rows(cu, owner, &code) : -ENOMEM;
	return r < 0 ? r : add_program(cu, &code, &row);
}

/* ---- interfaces ---- */

static int add_interface_program(
	struct compile_unit *cu, const struct unit *owner, enum plan_bpf_hook hook)
{
	AUTO(ebpf_fini) struct ebpf_code code = { 0 };
	const struct unit_cgroup *g = &owner->cgroup;
	const struct unit_item *names = g->interfaces.items;
	struct plan_bpf row = { .hook = hook,
		.setting = "RestrictNetworkInterfaces=",
		.origin = origin_of(owner, "RestrictNetworkInterfaces") };
	bool allow = g->interfaces_mode == UNIT_SET_ALLOW;

	ebpf_interface_begin(&code);
	for (size_t i = 0; i < g->interfaces.n; i++) {
		struct plan_bpf_fixup fixup = { .kind = PLAN_BPF_FIX_INTERFACE,
			.insn = (uint32_t)ebpf_interface_row(&code, allow),
			.required = !allow,
			.name = names[i].text,
			.origin = names[i].origin };
		int r = add_fixup(cu, &fixup);

		if (r < 0) {
			return r;
		}
	}
	ebpf_interface_end(&code, !allow);
	return add_program(cu, &code, &row);
}

static int add_interfaces(struct compile_unit *cu, const struct unit *owner)
{
	int r;

	if (owner->cgroup.interfaces_mode == UNIT_SET_NONE) {
		return 0;
	}
	r = add_interface_program(cu, owner, PLAN_BPF_INGRESS);
	return r < 0 ? r : add_interface_program(cu, owner, PLAN_BPF_EGRESS);
}

/* ---- ports ---- */

static int add_ports(struct compile_unit *cu, const struct unit *owner)
{
	static const struct {
		enum plan_bpf_hook hook;
		uint32_t family;
	} families[] = { { PLAN_BPF_BIND4, AF_INET }, { PLAN_BPF_BIND6, AF_INET6 } };
	const struct unit_cgroup *g = &owner->cgroup;
	const struct ebpf_ports allow = { g->bind_allow.items, g->bind_allow.n };
	const struct ebpf_ports deny = { g->bind_deny.items, g->bind_deny.n };

	for (size_t i = 0; deny.n && i < ELEMENTSOF(families); i++) {
		AUTO(ebpf_fini) struct ebpf_code code = { 0 };
		struct plan_bpf row = { .hook = families[i].hook,
			.setting = "SocketBindDeny=",
			.origin = origin_of(owner, "SocketBindDeny") };
		int r;

		ebpf_ports(&code, families[i].family, &allow, &deny);
		r = add_program(cu, &code, &row);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* ---- addresses ---- */

static int join(struct compile_unit *cu, struct list *to, const struct list *from)
{
	const struct ebpf_prefix *rows = from->items;

	for (size_t i = 0; i < from->n; i++) {
		struct ebpf_prefix *row = list_push(cu->c->arena, to, sizeof(*row));

		if (!row) {
			return -ENOMEM;
		}
		*row = rows[i];
	}
	return 0;
}

static int add_address_program(
	struct compile_unit *cu, bool ingress, const struct list *allow, const struct list *deny)
{
	AUTO(ebpf_fini) struct ebpf_code code = { 0 };
	const struct ebpf_prefixes a = { allow->items, allow->n }, d = { deny->items, deny->n };
	struct plan_bpf row = { .hook = ingress ? PLAN_BPF_INGRESS : PLAN_BPF_EGRESS,
		.setting = "IPAddressDeny=",
		.origin = origin_of(cu->unit, "IPAddressDeny") };

	ebpf_addresses(&code, ingress, &a, &d);
	return add_program(cu, &code, &row);
}

/* Allowed beats denied, wherever in the slices above either stands. */
static int add_addresses(struct compile_unit *cu, const struct unit *const *owners, size_t n)
{
	struct list allow = { 0 }, deny = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = join(cu, &allow, &owners[i]->cgroup.ip_allow);
		r = r < 0 ? r : join(cu, &deny, &owners[i]->cgroup.ip_deny);
	}
	if (r < 0 || deny.n == 0) {
		return r;
	}
	r = add_address_program(cu, true, &allow, &deny);
	return r < 0 ? r : add_address_program(cu, false, &allow, &deny);
}

int compile_bpf(struct compile_unit *cu)
{
	const struct unit *owners[COMPILE_SLICES + 1];
	size_t n = compile_slices(cu, owners);
	int r = 0;

	owners[n++] = cu->unit;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = add_devices(cu, owners[i]);
		r = r < 0 ? r : add_interfaces(cu, owners[i]);
		r = r < 0 ? r : add_ports(cu, owners[i]);
	}
	return r < 0 ? r : add_addresses(cu, owners, n);
}
