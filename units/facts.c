// SPDX-License-Identifier: MIT
#include "facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <seccomp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/plan/syscallgroups.h"
#include "ebpf.h"
#include "settings.h"

#define SETTINGS_MAX 6u

/* What is being printed. */
struct facts {
	FILE *out;
	struct compile_unit cu; /* c, unit and profile alone */
	const struct unit_exec *e;
	bool walls; /* the profile adds what no line says */
	char buf[1024];
};

static void put_field(FILE *out, const char *text)
{
	putc('\t', out);
	for (; text && *text; text++) {
		const char *special = strchr("\t\n\\", *text);

		if (special) {
			putc('\\', out);
		}
		putc(special ? "tn\\"[special - "\t\n\\"] : *text, out);
	}
}

static void put_record(FILE *out, const char *kind, const char *const *fields, size_t n)
{
	fputs(kind, out);
	for (size_t i = 0; i < n; i++) {
		put_field(out, fields[i]);
	}
	putc('\n', out);
}

#define RECORD(out, kind, ...)                                                                     \
	do {                                                                                       \
		const char *const fields_[] = { __VA_ARGS__ };                                     \
		put_record(out, kind, fields_, ELEMENTSOF(fields_));                               \
	} while (0)

/* ---- values ---- */

static const char *yes_no(bool on)
{
	return on ? "yes" : "no";
}

static const char *append(struct facts *f, const char *word)
{
	size_t n = strlen(f->buf);

	snprintf(f->buf + n, sizeof(f->buf) - n, "%s%s", n ? " " : "", word);
	return f->buf;
}

/* Root inside a user namespace of its own is nobody on the host: systemd has no such thing. */
static bool is_mapped_root(const struct facts *f)
{
	return f->walls && f->e->private_users && !f->e->user && !f->e->dynamic_user;
}

static const char *value_user(struct facts *f)
{
	if (f->e->user) {
		return f->e->user;
	}
	return f->e->dynamic_user ? "(dynamic)" : is_mapped_root(f) ? "(mapped)" : "root";
}

static const char *value_groups(struct facts *f)
{
	const struct unit_item *rows = f->e->supplementary_groups.items;

	for (size_t i = 0; i < f->e->supplementary_groups.n; i++) {
		append(f, rows[i].text);
	}
	return f->buf;
}

/* With an IPC namespace of its own nothing is left behind by anybody. */
static const char *value_remove_ipc(struct facts *f)
{
	return yes_no(f->e->remove_ipc || (f->walls && f->cu.profile->namespaces & PLAN_NS_IPC));
}

static const char *value_private_mounts(struct facts *f)
{
	return yes_no(
		f->e->private_mounts || (f->walls && f->cu.profile->namespaces & PLAN_NS_MOUNT));
}

/* The name of a UTS namespace of its own is not the host's. */
static const char *value_hostname(struct facts *f)
{
	return yes_no(
		f->e->protect_hostname || (f->walls && f->cu.profile->namespaces & PLAN_NS_UTS));
}

/* As compile_filter(): the kernel takes a filter on no other condition. */
static const char *value_no_new_privs(struct facts *f)
{
	uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;
	bool root = !f->e->user || strcmp(f->e->user, "root") == 0 || strcmp(f->e->user, "0") == 0;
	bool may_filter = f->e->cap_ambient & admin ||
			  (root && !f->e->dynamic_user && !(f->e->secure_bits & SECBIT_NOROOT));

	return yes_no(f->e->no_new_privileges || f->e->dynamic_user ||
		      (f->walls && (f->e->private_users || !may_filter)));
}

static const char *value_bounding(struct facts *f)
{
	snprintf(
		f->buf, sizeof(f->buf), "0x%llx", (unsigned long long)compile_bounding_set(&f->cu));
	return f->buf;
}

static const char *value_ambient(struct facts *f)
{
	snprintf(f->buf, sizeof(f->buf), "0x%llx", (unsigned long long)f->e->cap_ambient);
	return f->buf;
}

static const char *value_umask(struct facts *f)
{
	snprintf(f->buf, sizeof(f->buf), "%04o", f->e->umask_set ? f->e->umask : 0022u);
	return f->buf;
}

static const char *value_archs(struct facts *f)
{
	const struct unit_item *rows = f->e->syscall_archs.items;

	for (size_t i = 0; i < f->e->syscall_archs.n; i++) {
		append(f, rows[i].text);
	}
	return f->buf;
}

static const char *value_namespaces(struct facts *f)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} kinds[] = {
		{ "user", CLONE_NEWUSER },
		{ "mnt", CLONE_NEWNS },
		{ "ipc", CLONE_NEWIPC },
		{ "pid", CLONE_NEWPID },
		{ "cgroup", CLONE_NEWCGROUP },
		{ "net", CLONE_NEWNET },
		{ "uts", CLONE_NEWUTS },
	};

	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		if (f->e->restrict_namespaces & kinds[i].flag) {
			append(f, kinds[i].name);
		}
	}
	return f->buf;
}

/* A profile's families count only while the unit has none of its own. */
static const char *value_families(struct facts *f)
{
	const struct unit_item *rows = f->e->families.items;
	size_t n = f->e->families.n, first = 0;

	if (f->e->families_mode == UNIT_SET_NONE) {
		return "any";
	}
	while (first < n && compile_origin_is_profile(&f->cu, rows[first].origin)) {
		first++;
	}
	append(f, f->e->families_mode == UNIT_SET_ALLOW ? "allow" : "deny");
	for (size_t i = first == n ? 0 : first; i < n; i++) {
		append(f, rows[i].text);
	}
	return f->buf;
}

static bool has_images(const struct unit_exec *e)
{
	const struct unit_path *paths = e->paths.items;
	bool found = e->root_image != NULL;

	for (size_t i = 0; i < e->paths.n; i++) {
		found |= paths[i].kind == PLAN_MOUNT_IMAGE;
	}
	return found;
}

/* systemd's ProtectClock= adds char-rtc, and images add loop devices; here nothing is added. */
static const char *value_devices(struct facts *f)
{
	const struct unit_cgroup *g = &f->cu.unit->cgroup;
	bool closed = g->device_policy != DEVICE_AUTO || f->e->private_devices;

	if (!closed) {
		return "auto";
	}
	return g->devices.n || (!f->walls && (f->e->protect_clock || has_images(f->e))) ? "some"
											: "closed";
}

static const char *value_protect_system(struct facts *f)
{
	return protect_system_to_string(f->e->protect_system);
}

static const char *value_protect_home(struct facts *f)
{
	return protect_home_to_string(f->e->protect_home);
}

static const char *value_protect_proc(struct facts *f)
{
	return protect_proc_to_string(f->e->protect_proc);
}

static const char *value_proc_subset(struct facts *f)
{
	return f->e->proc_subset_pid ? "pid" : "all";
}

static const char *value_keyring(struct facts *f)
{
	return keyring_mode_to_string(f->e->keyring_mode);
}

static const char *value_notify(struct facts *f)
{
	return notify_access_to_string(f->cu.unit->service->notify_access);
}

static const char *value_delegate(struct facts *f)
{
	return yes_no(f->cu.unit->cgroup.delegate);
}

/* Does a list have all addresses of the family? */
static bool covers(const struct list *list, uint32_t family)
{
	const struct ebpf_prefix *rows = list->items;

	for (size_t i = 0; i < list->n; i++) {
		if (rows[i].family == family && rows[i].length == 0) {
			return true;
		}
	}
	return false;
}

static bool is_loopback(const struct ebpf_prefix *p)
{
	static const uint8_t one[16] = { [15] = 1 };

	return p->family == AF_INET ? p->length >= 8 && p->address[0] == 127
				    : p->length == 128 && memcmp(p->address, one, 16) == 0;
}

/* "all", or "localhost" or "some" are allowed beside; "none". Of the unit and its slices. */
static const char *value_addresses(struct facts *f)
{
	const struct unit *owners[COMPILE_SLICES + 1];
	size_t n = compile_slices(&f->cu, owners);
	bool all[2] = { false, false }, local = false, other = false;

	owners[n++] = f->cu.unit;
	for (size_t i = 0; i < n; i++) {
		const struct unit_cgroup *g = &owners[i]->cgroup;
		const struct ebpf_prefix *rows = g->ip_allow.items;

		all[0] = all[0] || covers(&g->ip_deny, AF_INET);
		all[1] = all[1] || covers(&g->ip_deny, AF_INET6);
		for (size_t k = 0; k < g->ip_allow.n; k++) {
			local = local || is_loopback(&rows[k]);
			other = other || !is_loopback(&rows[k]);
		}
	}
	if (!all[0] || !all[1]) {
		return "none";
	}
	return other ? "some" : local ? "localhost" : "all";
}

static const char *value_root(struct facts *f)
{
	if (f->e->root_image) {
		return f->e->root_image;
	}
	return f->e->root_directory ? f->e->root_directory : "/";
}

/* ---- the table ---- */

#define FLAG(name_, member, ...)                                                                   \
	{                                                                                          \
		name_, NULL, offsetof(struct unit_exec, member),                                   \
		{                                                                                  \
			name_, ##__VA_ARGS__                                                       \
		}                                                                                  \
	}

/* key, value, or a boolean of struct unit_exec; settings that give it, the most special first. */
static const struct fact {
	const char *key;
	const char *(*value)(struct facts *f);
	size_t flag;
	const char *settings[SETTINGS_MAX];
} table[] = {
	{ "User", value_user, 0, { "User", "DynamicUser", "PrivateUsers" } },
	{ "SupplementaryGroups", value_groups, 0, { "SupplementaryGroups" } },
	{ "RemoveIPC", value_remove_ipc, 0, { "RemoveIPC", "DynamicUser" } },
	{ "RootDirectory", value_root, 0, { "RootImage", "RootDirectory" } },
	{ "CapabilityBoundingSet", value_bounding, 0,
		{ "CapabilityBoundingSet", "ProtectClock", "ProtectKernelModules",
			"ProtectKernelLogs", "PrivateDevices" } },
	{ "AmbientCapabilities", value_ambient, 0, { "AmbientCapabilities" } },
	{ "NoNewPrivileges", value_no_new_privs, 0,
		{ "NoNewPrivileges", "DynamicUser", "PrivateUsers", "SystemCallFilter" } },
	FLAG("PrivateDevices", private_devices),
	{ "PrivateMounts", value_private_mounts, 0, { "PrivateMounts" } },
	FLAG("PrivateNetwork", private_network),
	FLAG("PrivateTmp", private_tmp, "DynamicUser"),
	FLAG("PrivateUsers", private_users),
	FLAG("ProtectClock", protect_clock),
	FLAG("ProtectControlGroups", protect_control_groups),
	{ "ProtectHome", value_protect_home, 0, { "ProtectHome", "DynamicUser" } },
	{ "ProtectHostname", value_hostname, 0, { "ProtectHostname" } },
	FLAG("ProtectKernelLogs", protect_kernel_logs),
	FLAG("ProtectKernelModules", protect_kernel_modules),
	FLAG("ProtectKernelTunables", protect_kernel_tunables),
	{ "ProtectProc", value_protect_proc, 0, { "ProtectProc" } },
	{ "ProcSubset", value_proc_subset, 0, { "ProcSubset" } },
	{ "ProtectSystem", value_protect_system, 0, { "ProtectSystem", "DynamicUser" } },
	FLAG("LockPersonality", lock_personality),
	FLAG("MemoryDenyWriteExecute", memory_deny_write_execute),
	FLAG("RestrictRealtime", restrict_realtime),
	FLAG("RestrictSUIDSGID", restrict_suid_sgid, "DynamicUser"),
	{ "RestrictNamespaces", value_namespaces, 0, { "RestrictNamespaces" } },
	{ "RestrictAddressFamilies", value_families, 0, { "RestrictAddressFamilies" } },
	{ "SystemCallArchitectures", value_archs, 0, { "SystemCallArchitectures" } },
	{ "DeviceAllow", value_devices, 0, { "DevicePolicy", "DeviceAllow", "PrivateDevices" } },
	{ "KeyringMode", value_keyring, 0, { "KeyringMode" } },
	{ "Delegate", value_delegate, 0, { "Delegate" } },
	{ "NotifyAccess", value_notify, 0, { "NotifyAccess", "Type" } },
	{ "IPAddressDeny", value_addresses, 0, { "IPAddressDeny", "IPAddressAllow" } },
	{ "UMask", value_umask, 0, { "UMask" } },
};

/* The last line of the first setting that has one. */
static const char *origin_of(const struct facts *f, const struct fact *row)
{
	for (size_t i = 0; i < SETTINGS_MAX && row->settings[i]; i++) {
		const char *origin = unit_setting_origin(f->cu.unit, row->settings[i]);

		if (origin) {
			return origin;
		}
	}
	return NULL;
}

static void put_fact(struct facts *f, const struct fact *row)
{
	const char *origin = origin_of(f, row);
	const char *value;

	f->buf[0] = '\0';
	value = row->value ? row->value(f)
			   : yes_no(*(const bool *)((const char *)f->e + row->flag));
	/* The few that a profile gives by namespaces and not by a line. */
	if (!origin && f->walls &&
		(row->value == value_private_mounts || row->value == value_hostname ||
			row->value == value_remove_ipc)) {
		origin = arena_printf(f->cu.c->arena, "profile %s", f->cu.profile->name);
	}
	RECORD(f->out, "fact", row->key, value, origin);
}

/* ---- system calls ---- */

/* The first member of a group that has this machine's number and the wanted fate; NULL. */
static const char *find_member(struct arena *arena, const char *group, const uint32_t *actions)
{
	const struct syscall_group *g = syscall_group_find(group);

	for (const char *p = g->members; *p;) {
		size_t n = strcspn(p, " ");
		const char *name = arena_strndup(arena, p, n);
		const char *found = NULL;
		int number;

		if (!name) {
			return NULL;
		}
		number = *name == '@' ? -1 : seccomp_syscall_resolve_name(name);
		if (*name == '@') {
			found = find_member(arena, name, actions);
		} else if (number >= 0 && number < (int)SECCOMP_NUMBERS &&
			   (actions[number] == SECCOMP_RET_ALLOW ||
				   actions[number] == SECCOMP_RET_LOG)) {
			found = name;
		}
		if (found) {
			return found;
		}
		p += n + (p[n] == ' ');
	}
	return NULL;
}

/* "none", "allow-list", "deny-list", or one of these and a call of the group that is allowed. */
static void put_calls(struct facts *f)
{
	static const char *const groups[] = { "@clock", "@cpu-emulation", "@debug", "@module",
		"@mount", "@obsolete", "@privileged", "@raw-io", "@reboot", "@resources", "@swap" };
	const char *origin = unit_setting_origin(f->cu.unit, "SystemCallFilter");
	uint32_t actions[SECCOMP_NUMBERS];
	struct arena *arena = f->cu.c->arena;
	struct seccomp_spec spec;

	seccomp_spec_init(&spec);
	compile_filter_calls(&f->cu, &spec);
	seccomp_actions(&spec, actions);
	for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
		const char *key = arena_printf(arena, "SystemCallFilter%s", groups[i]);
		const char *call = find_member(arena, groups[i], actions);

		snprintf(f->buf, sizeof(f->buf), "%s%s%s",
			!spec.has_list    ? "none"
			: spec.allow_list ? "allow-list"
					  : "deny-list",
			spec.has_list && call ? " " : "", spec.has_list && call ? call : "");
		RECORD(f->out, "fact", key, f->buf, origin);
	}
}

/* ---- units ---- */

static void put_files(struct facts *f, const struct load *l)
{
	const struct unit *u = f->cu.unit;
	const char *const *dropins = u->dropin_paths.items;

	if (u->service && l->profile_dir) {
		const char *path = arena_printf(
			f->cu.c->arena, "%s/%s.conf", l->profile_dir, f->cu.profile->name);

		RECORD(f->out, "file", path);
	}
	if (u->fragment_path) {
		RECORD(f->out, "file", u->fragment_path);
	}
	for (size_t i = 0; i < u->dropin_paths.n; i++) {
		RECORD(f->out, "file", dropins[i]);
	}
}

static bool confines(const char *name)
{
	size_t n;
	const struct setting *rows = settings_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			return rows[i].flags & SETTING_CONFINES || strcmp(name, "Profile") == 0;
		}
	}
	return false;
}

static int put_unit(FILE *out, struct load *l, struct unit *u)
{
	const struct unit_assignment *lines = u->assignments.items;
	const char *profile = u->service ? u->container.profile : NULL;
	struct facts f = {
		.out = out,
		.cu = { .c = &l->compile, .unit = u },
		.e = u->exec,
	};

	f.cu.profile = profile ? profile_find(profile) : NULL;
	RECORD(out, "unit", u->name, profile, load_state_to_string(u->load_state), u->load_error);
	if (!f.cu.profile) {
		return ferror(out) ? -EIO : 0;
	}
	f.walls = strcmp(profile, "trusted") != 0;
	put_files(&f, l);
	for (size_t i = 0; i < u->assignments.n; i++) {
		RECORD(out, "line", lines[i].section, lines[i].name, lines[i].value,
			lines[i].origin, yes_no(confines(lines[i].name)));
	}
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		put_fact(&f, &table[i]);
	}
	put_calls(&f);
	return ferror(out) ? -EIO : 0;
}

int facts_print(FILE *out, struct load *l, const char *const *names, const char **ret_missing)
{
	int r = 0;

	for (size_t i = 0; !names && r == 0 && i < l->set.n; i++) {
		bool given = l->set.units[i]->load_state != LOAD_NOT_FOUND &&
			     l->set.units[i]->fragment_path;

		r = given ? put_unit(out, l, l->set.units[i]) : 0;
	}
	for (size_t i = 0; names && r == 0 && names[i]; i++) {
		struct unit *u = unit_set_find(&l->set, names[i]);

		*ret_missing = names[i];
		r = !u || u->load_state == LOAD_NOT_FOUND ? -ENOENT : put_unit(out, l, u);
	}
	return r;
}
