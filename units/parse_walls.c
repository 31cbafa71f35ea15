// SPDX-License-Identifier: MIT
#include "parsers.h"

#include <ctype.h>
#include <errno.h>
#include <linux/securebits.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "expand.h"
#include "values.h"
#include "words.h"

/* The next word as it is written: 1, 0 at the end, or a reported error. */
static int next_word(struct setting_context *c, const char **p, struct word *word)
{
	int r = word_next(p, c->value, c->arena, word);

	return r == -EINVAL ? setting_error(c, (unsigned)(*p - c->value), "quote is not closed")
			    : r;
}

/* The same with specifiers expanded. */
static int next_expanded(
	struct setting_context *c, const char **p, struct word *word, const char **ret)
{
	int r = next_word(c, p, word);

	if (r <= 0) {
		return r;
	}
	r = expand_text(c, word->text, word->column, ret);
	return r == 0 ? 1 : r;
}

/* Checks and simplifies; NULL after reporting, or without memory. */
static const char *clean_path(struct setting_context *c, const char *text, unsigned column)
{
	char *path = arena_strdup(c->arena, text);

	if (path && !value_is_path(path)) {
		setting_error(c, column, "\"%.128s\" is not an absolute path without \"..\"", text);
		return NULL;
	}
	if (path) {
		value_simplify_path(path);
	}
	return path;
}

static int push_path(struct setting_context *c, const struct unit_path *path)
{
	struct unit_path *row;

	if (c->unit->exec->paths.n >= LIMIT_MOUNTS) {
		return setting_error(c, 0, "more than %u paths", LIMIT_MOUNTS);
	}
	row = list_push(c->arena, &c->unit->exec->paths, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = *path;
	row->origin = c->origin;
	return 0;
}

/* An empty assignment removes what the same setting said before. */
static int reset_paths(struct setting_context *c, enum plan_mount_kind kind, uint32_t flags)
{
	struct unit_path *rows = c->unit->exec->paths.items;
	size_t n = 0;

	for (size_t i = 0; i < c->unit->exec->paths.n; i++) {
		if (rows[i].kind != kind || (rows[i].flags & PLAN_MOUNT_F_READ_ONLY) != flags) {
			rows[n++] = rows[i];
		}
	}
	c->unit->exec->paths.n = n;
	return 0;
}

int parse_paths(struct setting_context *c)
{
	const char *p = c->value, *text = NULL;
	struct word word;
	int r;

	if (!*c->value) {
		return reset_paths(c, (enum plan_mount_kind)c->row->arg, 0);
	}
	while ((r = next_expanded(c, &p, &word, &text)) > 0) {
		struct unit_path path = { .kind = (enum plan_mount_kind)c->row->arg };

		/* '-': may be missing; '+': in the unit's root, not the host's. */
		for (const char *s = word.text; *s == '-' || *s == '+'; s++, text++) {
			path.flags |= *s == '-' ? PLAN_MOUNT_F_IGNORE_MISSING : 0;
			path.in_root |= *s == '+';
		}
		path.target = clean_path(c, text, word.column);
		r = path.target ? push_path(c, &path) : -EINVAL;
		if (r != 0) {
			return r;
		}
	}
	return r;
}

/* Cuts "a:b:c" at its first colon that no backslash protects; the rest or NULL. */
static char *cut_colon(char *text)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon++ = '\0';
	}
	return colon;
}

static int parse_bind(struct setting_context *c, const struct word *word)
{
	struct unit_path path = { .kind = PLAN_MOUNT_BIND,
		.flags = c->row->arg ? PLAN_MOUNT_F_READ_ONLY : 0 };
	const unsigned column = word->column;
	char *fields[3] = { NULL };
	const char *source, *target, *options;
	int r = parse_fields(c, word, fields, ELEMENTSOF(fields));

	if (r < 0) {
		return r;
	}
	path.flags |= *word->text == '-' ? PLAN_MOUNT_F_IGNORE_MISSING : 0;
	source = fields[0] + (*word->text == '-');
	target = fields[1];
	options = fields[2];
	if (options && strcmp(options, "norbind") == 0) {
		path.flags |= PLAN_MOUNT_F_NON_RECURSIVE;
	} else if (options && strcmp(options, "rbind") != 0) {
		return setting_error(c, column, "\"%.64s\" is neither rbind nor norbind", options);
	}
	path.source = clean_path(c, source, column);
	path.target = target && *target ? clean_path(c, target, column) : path.source;
	return path.source && path.target ? push_path(c, &path) : -EINVAL;
}

int parse_binds(struct setting_context *c)
{
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		return reset_paths(c, PLAN_MOUNT_BIND, c->row->arg ? PLAN_MOUNT_F_READ_ONLY : 0);
	}
	while ((r = next_word(c, &p, &word)) > 0) {
		r = parse_bind(c, &word);
		if (r != 0) {
			return r;
		}
	}
	return r;
}

int parse_tmpfs(struct setting_context *c)
{
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		return reset_paths(c, PLAN_MOUNT_TMPFS, 0);
	}
	while ((r = next_word(c, &p, &word)) > 0) {
		struct unit_path path = { .kind = PLAN_MOUNT_TMPFS };
		char *fields[2] = { NULL };

		r = parse_fields(c, &word, fields, ELEMENTSOF(fields));
		if (r < 0) {
			return r;
		}
		path.options = fields[1];
		path.target = clean_path(c, fields[0], word.column);
		r = path.target ? push_path(c, &path) : -EINVAL;
		if (r != 0) {
			return r;
		}
	}
	return r;
}

int parse_dirs(struct setting_context *c)
{
	struct unit_dirs *dirs = c->target;
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(&dirs->names);
		return 0;
	}
	while ((r = next_word(c, &p, &word)) > 0) {
		r = parse_dir_word(c, &word);
		if (r != 0) {
			return r;
		}
	}
	return r;
}

int parse_preserve(struct setting_context *c)
{
	int v = fdstore_preserve_from_string(c->value);
	bool on = false;

	if (v < 0 && value_parse_bool(c->value, &on) == 0) {
		v = on ? FDSTORE_PRESERVE_YES : FDSTORE_PRESERVE_NO;
	}
	if (v < 0) {
		return setting_error(c, 0, "\"%.64s\" is none of yes, no, restart", c->value);
	}
	*(uint32_t *)c->target = (uint32_t)v;
	return 0;
}

/*
 * CapabilityBoundingSet=, AmbientCapabilities= (systemd.exec(5)): each line adds; with '~' it takes
 * away. The first line of a set replaces its default; an empty line makes it empty, a lone '~'
 * full.
 */
int parse_capabilities(struct setting_context *c)
{
	uint64_t *set = c->target, mask = 0;
	bool invert = *c->value == '~';
	const uint64_t all = c->row->arg ? UINT64_MAX : (UINT64_C(1) << VALUE_CAPABILITY_COUNT) - 1;
	bool first = *set == (c->row->arg ? UINT64_MAX : 0);
	const char *p = c->value + invert;
	struct word word;
	int r;

	/* The unit's first own list is the list: it does not add to the profile's. */
	if (c->row->arg && !c->profile && !c->unit->exec->cap_bounding_own) {
		first = true;
		c->unit->exec->cap_bounding_own = true;
	}

	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		int cap = value_capability_from_name(word.text);

		if (cap < 0) {
			return setting_error(c, word.column,
				"\"%.64s\" is not a capability such as CAP_NET_ADMIN", word.text);
		}
		mask |= UINT64_C(1) << cap;
	}
	if (r < 0) {
		return r;
	}
	if (mask == 0) {
		*set = invert ? all : 0;
	} else if (first) {
		*set = invert ? (c->row->arg ? *set : all) & ~mask : mask;
	} else {
		*set = invert ? *set & ~mask : *set | mask;
	}
	return 0;
}

static int syscall_word(struct setting_context *c, struct word *word, bool deny)
{
	struct unit_exec *e = c->unit->exec;
	struct unit_syscall v = { .deny = deny, .origin = c->origin };
	char *error = cut_colon(word->text);
	struct unit_syscall *row;

	for (const char *s = word->text + (*word->text == '@'); *s; s++) {
		if (!isalnum((unsigned char)*s) && *s != '_' && *s != '-') {
			return setting_error(c, word->column,
				"\"%.64s\" is not a system call or a group", word->text);
		}
	}
	if (error && strcmp(error, "kill") == 0) {
		v.error = -1;
	} else if (error && value_parse_errno(error, &v.error) != 0) {
		return setting_error(
			c, word->column, "\"%.64s\" is not an errno such as EPERM", error);
	}
	v.name = word->text;
	row = list_push(c->arena, &e->syscalls, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = v;
	return 0;
}

int parse_syscall_filter(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	bool deny = *c->value == '~';
	const char *p = c->value + deny;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(&e->syscalls);
		e->syscall_mode = UNIT_SET_NONE;
		return 0;
	}
	if (e->syscall_mode == UNIT_SET_NONE) {
		e->syscall_mode = deny ? UNIT_SET_DENY : UNIT_SET_ALLOW;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		r = syscall_word(c, &word, deny);
		if (r != 0) {
			return r;
		}
	}
	return r;
}

int parse_syscall_archs(struct setting_context *c)
{
	static const char *const names[] = { "native", "x86", "x86-64", "x32", "arm", "arm64",
		"mips", "mips64", "mips64-n32", "mips-le", "mips64-le", "mips64-le-n32", "ppc",
		"ppc64", "ppc64-le", "parisc", "parisc64", "riscv64", "s390", "s390x",
		"loongarch64" };
	struct list *archs = c->target;
	const char *p = c->value;
	struct word word;
	int r;

	if (!*c->value) {
		list_reset(archs);
		return 0;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		struct unit_item *item;

		if (enum_table_find(names, ELEMENTSOF(names), word.text) < 0) {
			return setting_error(c, word.column,
				"\"%.64s\" is not an architecture such as native, x86-64 or arm64",
				word.text);
		}
		item = list_push(c->arena, archs, sizeof(*item));
		if (!item) {
			return -ENOMEM;
		}
		*item = (struct unit_item) { word.text, c->origin };
	}
	return r;
}

int parse_syscall_error(struct setting_context *c)
{
	int *target = c->target;

	if (!*c->value || strcmp(c->value, "kill") == 0) {
		*target = 0;
		return 0;
	}
	return value_parse_errno(c->value, target) == 0
		       ? 0
		       : setting_error(c, 0, "\"%.64s\" is not an errno such as EPERM", c->value);
}

static int family_word(struct setting_context *c, const struct word *word, bool add)
{
	struct list *families = &c->unit->exec->families;
	struct unit_item *rows = families->items, *row;

	if (strncmp(word->text, "AF_", 3) != 0 || !word->text[3]) {
		return setting_error(c, word->column,
			"\"%.64s\" is not an address family such as AF_UNIX", word->text);
	}
	for (size_t i = 0; i < families->n; i++) {
		if (strcmp(rows[i].text, word->text) == 0) {
			memmove(rows + i, rows + i + 1, (families->n - i - 1) * sizeof(*rows));
			families->n--;
			break;
		}
	}
	if (!add) {
		return 0;
	}
	row = list_push(c->arena, families, sizeof(*row));
	if (!row) {
		return -ENOMEM;
	}
	*row = (struct unit_item) { word->text, c->origin };
	return 0;
}

int parse_families(struct setting_context *c)
{
	struct unit_exec *e = c->unit->exec;
	bool deny = *c->value == '~';
	const char *p = c->value + deny;
	struct word word;
	int r;

	if (!*c->value || strcmp(c->value, "none") == 0) {
		list_reset(&e->families);
		e->families_mode = *c->value ? UNIT_SET_ALLOW : UNIT_SET_NONE;
		return 0;
	}
	if (e->families_mode == UNIT_SET_NONE) {
		e->families_mode = deny ? UNIT_SET_DENY : UNIT_SET_ALLOW;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		r = family_word(c, &word, deny == (e->families_mode == UNIT_SET_DENY));
		if (r != 0) {
			return r;
		}
	}
	return r;
}

static const struct {
	const char *name;
	uint64_t flag;
} namespaces[] = {
	{ "cgroup", CLONE_NEWCGROUP },
	{ "ipc", CLONE_NEWIPC },
	{ "net", CLONE_NEWNET },
	{ "mnt", CLONE_NEWNS },
	{ "pid", CLONE_NEWPID },
	{ "user", CLONE_NEWUSER },
	{ "uts", CLONE_NEWUTS },
	{ "time", 0x80 },
};

static uint64_t namespace_flag(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(namespaces); i++) {
		if (strcmp(namespaces[i].name, name) == 0) {
			return namespaces[i].flag;
		}
	}
	return 0;
}

int parse_namespaces(struct setting_context *c)
{
	uint64_t *allowed = c->target, mask = 0;
	bool on = false, deny = *c->value == '~';
	const char *p = c->value + deny;
	struct word word;
	int r;

	if (!*c->value || value_parse_bool(c->value, &on) == 0) {
		*allowed = on ? 0 : UINT64_MAX;
		return 0;
	}
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		uint64_t flag = namespace_flag(word.text);

		if (!flag) {
			return setting_error(c, word.column,
				"\"%.64s\" is not a kind of namespace; there are cgroup, ipc, net, "
				"mnt, pid, user and uts",
				word.text);
		}
		mask |= flag;
	}
	if (deny) {
		*allowed &= ~mask;
	} else {
		*allowed = *allowed == UINT64_MAX ? mask : *allowed | mask;
	}
	return r;
}

int parse_proc_subset(struct setting_context *c)
{
	bool *pid = c->target;

	if (strcmp(c->value, "pid") != 0 && strcmp(c->value, "all") != 0) {
		return setting_error(c, 0, "\"%.64s\" is neither all nor pid", c->value);
	}
	*pid = c->value[0] == 'p';
	return 0;
}

int parse_private_tmp(struct setting_context *c)
{
	if (strcmp(c->value, "disconnected") == 0) {
		*(bool *)c->target = true;
		return 0;
	}
	return parse_bool(c);
}

int parse_secure_bits(struct setting_context *c)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} names[] = {
		{ "keep-caps", SECBIT_KEEP_CAPS },
		{ "keep-caps-locked", SECBIT_KEEP_CAPS_LOCKED },
		{ "no-setuid-fixup", SECBIT_NO_SETUID_FIXUP },
		{ "no-setuid-fixup-locked", SECBIT_NO_SETUID_FIXUP_LOCKED },
		{ "noroot", SECBIT_NOROOT },
		{ "noroot-locked", SECBIT_NOROOT_LOCKED },
	};
	uint32_t *bits = c->target;
	const char *p = c->value;
	struct word word;
	int r;

	*bits = *c->value ? *bits : 0;
	while ((r = word_next_plain(&p, c->value, c->arena, &word)) > 0) {
		size_t i = 0;

		while (i < ELEMENTSOF(names) && strcmp(names[i].name, word.text) != 0) {
			i++;
		}
		if (i == ELEMENTSOF(names)) {
			return setting_error(c, word.column,
				"\"%.64s\" is not a secure bit such as noroot or keep-caps",
				word.text);
		}
		*bits |= names[i].bits;
	}
	return r;
}
