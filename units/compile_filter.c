// SPDX-License-Identifier: MIT
/* SystemCallFilter=, Restrict… and Protect… settings to one seccomp program. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "compile.h"

#define CLONE_NEW_ALL                                                                              \
	((uint32_t)(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |   \
		    CLONE_NEWUSER | CLONE_NEWUTS))

/* The profile's words count only while the unit has none of its own. */
static size_t skip_profile(const struct compile_unit *cu, const char *first, size_t n, size_t size)
{
	size_t own = 0;

	while (own < n &&
		compile_origin_is_profile(cu, *(const char *const *)(first + own * size))) {
		own++;
	}
	return own == n ? 0 : own;
}

/* ":0" and its kin as seccomp_spec_add_call() takes them. NULL: no memory. */
static const char *word_of(struct compile_unit *cu, const struct unit_syscall *word)
{
	if (!word->error) {
		return word->name;
	}
	return word->error < 0 ? arena_printf(cu->c->arena, "%s:kill", word->name)
			       : arena_printf(cu->c->arena, "%s:%d", word->name, word->error);
}

/* Adds the words. 1: some are not known. */
static int add_words(struct compile_unit *cu, struct seccomp_spec *spec,
	const struct unit_syscall *words, size_t n)
{
	bool unknown = false;

	for (size_t i = 0; i < n; i++) {
		const char *word = word_of(cu, &words[i]);
		int r = word ? seccomp_spec_add_call(spec, word, words[i].deny) : -ENOMEM;

		if (r == -ENOENT) {
			/* systemd ignores names that it does not know, newer calls for example; an
			 * unlisted call is denied anyway in an allow list. */
			compile_note(cu, SEVERITY_WARNING, words[i].origin,
				"unknown system call or group '%s'", words[i].name);
			unknown = true;
		} else if (r < 0) {
			return compile_refuse(
				cu, words[i].origin, "'%s' is not valid here", words[i].name);
		}
	}
	return unknown;
}

/* The words as one text with its NUL: the same text is the same list. */
static int words_key(struct tlv_buf *buf, const struct unit_syscall *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char error[16];

		tlv_buf_append(buf, words[i].deny ? "-" : "+", 1);
		tlv_buf_append(buf, words[i].name, strlen(words[i].name));
		if (words[i].error) {
			snprintf(error, sizeof(error), ":%d", words[i].error);
			tlv_buf_append(buf, error, strlen(error));
		}
		tlv_buf_append(buf, " ", 1);
	}
	tlv_buf_append(buf, "", 1);
	return buf->error;
}

/* Groups are long and most units have their profile's: a list is taken apart once. */
static int add_calls(struct compile_unit *cu, struct seccomp_spec *spec,
	const struct unit_syscall *words, size_t n)
{
	struct seccomp_spec blank;
	const struct seccomp_spec *known;
	struct seccomp_spec *copy;
	AUTO(tlv_buf_fini) struct tlv_buf key = { 0 };
	int r = n ? words_key(&key, words, n) : 0;

	if (n == 0 || r < 0) {
		return r;
	}
	known = namemap_get(&cu->c->call_lists, (const char *)key.data);
	if (!known) {
		const char *kept;

		seccomp_spec_init(&blank);
		r = add_words(cu, &blank, words, n);
		copy = r < 0 ? NULL : arena_memdup(cu->c->arena, &blank, sizeof(blank));
		kept = copy ? arena_memdup(cu->c->arena, key.data, key.len) : NULL;
		if (r >= 0 && !kept) {
			r = -ENOMEM;
		}
		if (r == 0) {
			r = namemap_put(&cu->c->call_lists, cu->c->arena, kept, copy);
		}
		if (r < 0) {
			return r;
		}
		known = copy;
	}
	spec->has_list = known->has_list;
	spec->allow_list = known->allow_list;
	memcpy(spec->calls, known->calls, sizeof(spec->calls));
	return 0;
}

int compile_filter_calls(struct compile_unit *cu, struct seccomp_spec *spec)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct unit_syscall *words = e->syscalls.items;
	size_t first = e->syscalls.n ? skip_profile(cu, (const char *)&words->origin, e->syscalls.n,
					       sizeof(*words))
				     : 0;

	spec->deny_errno = e->syscall_error > 0 ? (uint32_t)e->syscall_error : SECCOMP_ERRNO_KILL;
	if (e->syscall_error <= 0 && cu->profile->strict_caps &&
		!unit_setting_origin(cu->unit, "SystemCallErrorNumber")) {
		spec->deny_errno = EPERM;
	}
	return add_calls(cu, spec, words + first, e->syscalls.n - first);
}

static int add_families(struct compile_unit *cu, struct seccomp_spec *spec)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct unit_item *words = e->families.items;
	size_t first = e->families.n ? skip_profile(cu, (const char *)&words->origin, e->families.n,
					       sizeof(*words))
				     : 0;
	bool netlink_written = false;

	if (e->families_mode == UNIT_SET_NONE) {
		return 0;
	}
	spec->family_mode =
		e->families_mode == UNIT_SET_ALLOW ? SECCOMP_FAMILY_ALLOW : SECCOMP_FAMILY_DENY;
	for (size_t i = first; i < e->families.n; i++) {
		if (seccomp_spec_add_family(
			    spec, words[i].text, spec->family_mode == SECCOMP_FAMILY_DENY) < 0) {
			return compile_refuse(
				cu, words[i].origin, "unknown address family '%s'", words[i].text);
		}
		netlink_written =
			netlink_written || (strcmp(words[i].text, "AF_NETLINK") == 0 &&
						   !compile_origin_is_profile(cu, words[i].origin));
	}
	if (cu->profile->strict_caps && !netlink_written) {
		spec->restrictions |= SECCOMP_NETLINK_ROUTE;
	}
	return 0;
}

static void add_restrictions(struct compile_unit *cu, struct seccomp_spec *spec)
{
	const struct unit_exec *e = cu->unit->exec;
	const struct {
		bool on;
		uint32_t restriction;
	} rows[] = {
		{ e->restrict_realtime, SECCOMP_REALTIME },
		{ e->restrict_suid_sgid || (cu->base.flags & PLAN_DYNAMIC_USER), SECCOMP_SUIDSGID },
		{ e->memory_deny_write_execute, SECCOMP_WX },
		{ e->lock_personality, SECCOMP_PERSONALITY },
		{ e->protect_clock, SECCOMP_CLOCK },
		{ e->protect_kernel_modules, SECCOMP_MODULES },
		{ e->protect_kernel_logs, SECCOMP_LOGS },
		{ e->protect_hostname, SECCOMP_HOSTNAME },
		{ e->private_devices, SECCOMP_RAW_IO },
		{ cu->profile->strict_caps, SECCOMP_TTY_INPUT },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		spec->restrictions |= rows[i].on ? rows[i].restriction : 0;
	}
	if (e->memory_deny_write_execute) {
		cu->base.flags |= PLAN_MDWE;
	}
	spec->namespaces = CLONE_NEW_ALL & ~(uint32_t)e->restrict_namespaces;
}

static int add_logged(struct compile_unit *cu, struct seccomp_spec *spec)
{
	const struct unit_syscall *words = cu->unit->exec->syscall_log.items;

	for (size_t i = 0; i < cu->unit->exec->syscall_log.n; i++) {
		if (seccomp_spec_add_log(spec, words[i].name, words[i].deny) < 0) {
			compile_note(cu, SEVERITY_WARNING, words[i].origin,
				"unknown system call or group '%s'", words[i].name);
		}
	}
	return 0;
}

/* "native" alone can be had: the filter kills calls of any other architecture. */
static int add_archs(struct compile_unit *cu, struct seccomp_spec *spec)
{
	const struct unit_item *words = cu->unit->exec->syscall_archs.items;

	for (size_t i = 0; i < cu->unit->exec->syscall_archs.n; i++) {
		if (strcmp(words[i].text, "native") != 0 && strcmp(words[i].text, "x86-64") != 0) {
			return compile_refuse(cu, words[i].origin,
				"SystemCallArchitectures=%s: only native is supported",
				words[i].text);
		}
		spec->native_only = 1;
	}
	return 0;
}

static int add_quiet(struct compile_unit *cu, const struct seccomp_spec *spec)
{
	struct sock_filter insns[SECCOMP_QUIET_MAX];
	size_t n = seccomp_quiet(spec, insns);
	int64_t offset;

	if (n == 0) {
		return 0;
	}
	offset = catalogue_add_blob(
		&cu->c->builder, &cu->c->seccomp.blobs, insns, n * sizeof(*insns));
	if (offset < 0) {
		return (int)offset;
	}
	cu->base.quiet_offset = (uint64_t)offset;
	cu->base.quiet_size = (uint32_t)(n * sizeof(*insns));
	return 0;
}

/*
 * The kernel takes a filter from a process without CAP_SYS_ADMIN only with no_new_privs. Root's
 * exec fills its sets from the bounding set, so the launcher can keep that capability until then.
 */
static bool can_filter(const struct compile_unit *cu)
{
	const struct plan *p = &cu->base;
	bool root =
		p->uid == 0 && !(p->flags & PLAN_DYNAMIC_USER) && !(p->securebits & SECBIT_NOROOT);

	return !cu->user_namespace && (root || p->cap_effective & UINT64_C(1) << CAP_SYS_ADMIN);
}

int compile_filter(struct compile_unit *cu)
{
	struct plan *p = &cu->base;
	struct seccomp_spec spec;
	int r;

	seccomp_spec_init(&spec);
	spec.quiet = 1;
	r = compile_filter_calls(cu, &spec);
	if (r == 0) {
		r = add_families(cu, &spec);
	}
	if (r == 0) {
		r = add_logged(cu, &spec);
	}
	if (r == 0) {
		r = add_archs(cu, &spec);
	}
	if (r < 0) {
		return r;
	}
	add_restrictions(cu, &spec);
	r = seccomp_cache_get(
		&cu->c->seccomp, &cu->c->builder, &spec, &p->seccomp_offset, &p->seccomp_size);
	r = r < 0 ? r : add_quiet(cu, &spec);
	if (r < 0) {
		return r == -ENOMEM
			       ? r
			       : compile_refuse(cu, NULL, "system call filter: %s", strerror(-r));
	}
	if (p->seccomp_size && !can_filter(cu)) {
		p->flags |= PLAN_NO_NEW_PRIVS;
	}
	return 0;
}
