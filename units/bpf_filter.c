// SPDX-License-Identifier: MIT
#include "bpf_filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/plan/syscallgroups.h"
#include "seccomp_args.h"
#include "seccomp_tree.h"

#define CALL_LISTED 1u
#define CALL_ERRNO  2u
#define GROUP_DEPTH 8
#define ERRNO_MAX   4095u

static const struct {
	const char *name;
	uint32_t number;
} errnos[] = {
	{ "EPERM", EPERM },
	{ "ENOENT", ENOENT },
	{ "EIO", EIO },
	{ "ENXIO", ENXIO },
	{ "EBADF", EBADF },
	{ "EAGAIN", EAGAIN },
	{ "ENOMEM", ENOMEM },
	{ "EACCES", EACCES },
	{ "EFAULT", EFAULT },
	{ "EBUSY", EBUSY },
	{ "EEXIST", EEXIST },
	{ "ENODEV", ENODEV },
	{ "EINVAL", EINVAL },
	{ "ENOTTY", ENOTTY },
	{ "ENOSPC", ENOSPC },
	{ "EROFS", EROFS },
	{ "ENOSYS", ENOSYS },
	{ "ELOOP", ELOOP },
	{ "EPROTO", EPROTO },
	{ "EUCLEAN", EUCLEAN },
	{ "EOPNOTSUPP", EOPNOTSUPP },
	{ "EAFNOSUPPORT", EAFNOSUPPORT },
	{ "ENOTSUP", ENOTSUP },
	{ "EPROTONOSUPPORT", EPROTONOSUPPORT },
	{ "EADDRNOTAVAIL", EADDRNOTAVAIL },
	{ "ENETUNREACH", ENETUNREACH },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "EHOSTUNREACH", EHOSTUNREACH },
	{ "ECANCELED", ECANCELED },
	{ "ENODATA", ENODATA },
	{ "kill", SECCOMP_ERRNO_KILL },
};

static const struct {
	const char *name;
	uint16_t number;
} families[] = {
	{ "AF_UNIX", AF_UNIX },
	{ "AF_LOCAL", AF_UNIX },
	{ "AF_INET", AF_INET },
	{ "AF_AX25", AF_AX25 },
	{ "AF_IPX", AF_IPX },
	{ "AF_APPLETALK", AF_APPLETALK },
	{ "AF_NETROM", AF_NETROM },
	{ "AF_BRIDGE", AF_BRIDGE },
	{ "AF_ATMPVC", AF_ATMPVC },
	{ "AF_X25", AF_X25 },
	{ "AF_INET6", AF_INET6 },
	{ "AF_ROSE", AF_ROSE },
	{ "AF_KEY", AF_KEY },
	{ "AF_NETLINK", AF_NETLINK },
	{ "AF_ROUTE", AF_NETLINK },
	{ "AF_PACKET", AF_PACKET },
	{ "AF_ATMSVC", AF_ATMSVC },
	{ "AF_RDS", AF_RDS },
	{ "AF_PPPOX", AF_PPPOX },
	{ "AF_LLC", AF_LLC },
	{ "AF_IB", AF_IB },
	{ "AF_MPLS", AF_MPLS },
	{ "AF_CAN", AF_CAN },
	{ "AF_TIPC", AF_TIPC },
	{ "AF_BLUETOOTH", AF_BLUETOOTH },
	{ "AF_RXRPC", AF_RXRPC },
	{ "AF_ISDN", AF_ISDN },
	{ "AF_PHONET", AF_PHONET },
	{ "AF_IEEE802154", AF_IEEE802154 },
	{ "AF_CAIF", AF_CAIF },
	{ "AF_ALG", AF_ALG },
	{ "AF_NFC", AF_NFC },
	{ "AF_VSOCK", AF_VSOCK },
	{ "AF_KCM", AF_KCM },
	{ "AF_QIPCRTR", AF_QIPCRTR },
	{ "AF_SMC", AF_SMC },
	{ "AF_XDP", AF_XDP },
};

/* Whole groups that a restriction denies. */
static const struct {
	uint32_t restriction;
	const char *word;
} denied_groups[] = {
	{ SECCOMP_CLOCK, "@clock" },
	{ SECCOMP_MODULES, "@module" },
	{ SECCOMP_LOGS, "syslog" },
	{ SECCOMP_HOSTNAME, "sethostname" },
	{ SECCOMP_HOSTNAME, "setdomainname" },
	{ SECCOMP_RAW_IO, "@raw-io" },
};

/* What the launcher does between the filter and the service's first instruction. */
static const char *const launcher_tail[] = { "execve", "write", "exit", "exit_group" };

void seccomp_spec_init(struct seccomp_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->deny_errno = EPERM;
}

/* "EPERM" -> its number; "kill" -> SECCOMP_ERRNO_KILL; "1" … "4095". -EINVAL. */
static int errno_from_string(const char *text)
{
	uint32_t number;

	for (size_t i = 0; i < ELEMENTSOF(errnos); i++) {
		if (strcmp(errnos[i].name, text) == 0) {
			return (int)errnos[i].number;
		}
	}
	if (number_parse_u32(text, &number) < 0 || number == 0 || number > ERRNO_MAX) {
		return -EINVAL;
	}
	return (int)number;
}

/* Marks a call or, recursively, a group's members. -ENOENT. */
static int mark(struct seccomp_spec *spec, const char *name, uint16_t value, int depth)
{
	const struct syscall_group *group;
	int number;

	if (name[0] != '@') {
		number = seccomp_syscall_resolve_name(name);
		if (number == __NR_SCMP_ERROR) {
			return -ENOENT;
		}
		if (number >= 0 && number < (int)SECCOMP_NUMBERS) {
			spec->calls[number] = value;
		}
		return 0;
	}
	group = syscall_group_find(name);
	if (!group || depth >= GROUP_DEPTH) {
		return -ENOENT;
	}
	for (const char *p = group->members; *p;) {
		char word[64];
		size_t n = strcspn(p, " ");

		if (n < sizeof(word)) {
			memcpy(word, p, n);
			word[n] = '\0';
			/* A member that this libseccomp does not know is no error of the unit's. */
			(void)mark(spec, word, value, depth + 1);
		}
		p += n + (p[n] == ' ');
	}
	return 0;
}

int seccomp_spec_add_call(struct seccomp_spec *spec, const char *word, bool remove)
{
	char name[64];
	size_t n = strcspn(word, ":");
	int error = 0;
	uint16_t value;

	if (n >= sizeof(name)) {
		return -ENOENT;
	}
	memcpy(name, word, n);
	name[n] = '\0';
	if (word[n] == ':') {
		error = errno_from_string(word + n + 1);
		if (error < 0) {
			return error;
		}
	}
	if (!spec->has_list) {
		spec->has_list = 1;
		spec->allow_list = !remove;
		if (spec->allow_list) {
			mark(spec, "@default", CALL_LISTED, 0);
		}
	}
	/* In a list of denied calls "~" adds, in a list of allowed calls it takes away. */
	value = (!!spec->allow_list != remove) ? CALL_LISTED : 0;
	if (error && error != (int)SECCOMP_ERRNO_KILL) {
		value = (uint16_t)(CALL_ERRNO + (uint32_t)error);
	} else if (error) {
		value = SECCOMP_ERRNO_KILL;
	}
	return mark(spec, name, value, 0);
}

int seccomp_spec_add_family(struct seccomp_spec *spec, const char *word, bool remove)
{
	uint32_t at = 0;
	bool listed;
	size_t i = 0;

	while (i < ELEMENTSOF(families) && strcmp(families[i].name, word) != 0) {
		i++;
	}
	if (i == ELEMENTSOF(families)) {
		return -ENOENT;
	}
	if (spec->family_mode == SECCOMP_FAMILY_ANY) {
		spec->family_mode = remove ? SECCOMP_FAMILY_DENY : SECCOMP_FAMILY_ALLOW;
	}
	while (at < spec->n_families && spec->families[at] < families[i].number) {
		at++;
	}
	listed = at < spec->n_families && spec->families[at] == families[i].number;
	if ((spec->family_mode == SECCOMP_FAMILY_DENY) == remove && !listed) {
		memmove(&spec->families[at + 1], &spec->families[at],
			(spec->n_families - at) * sizeof(spec->families[0]));
		spec->families[at] = families[i].number;
		spec->n_families++;
	} else if ((spec->family_mode == SECCOMP_FAMILY_DENY) != remove && listed) {
		spec->n_families--;
		memmove(&spec->families[at], &spec->families[at + 1],
			(spec->n_families - at) * sizeof(spec->families[0]));
		spec->families[spec->n_families] = 0;
	}
	return 0;
}

bool seccomp_spec_is_empty(const struct seccomp_spec *spec)
{
	return !spec->restrictions && !spec->namespaces && !spec->native_only && !spec->has_list &&
	       spec->family_mode == SECCOMP_FAMILY_ANY;
}

static uint32_t deny_action(const struct seccomp_spec *spec, uint16_t call)
{
	if (call == SECCOMP_ERRNO_KILL) {
		return SECCOMP_RET_KILL_PROCESS;
	}
	if (call >= CALL_ERRNO) {
		return SECCOMP_RET_ERRNO | ((uint32_t)call - CALL_ERRNO);
	}
	return spec->deny_errno == SECCOMP_ERRNO_KILL ? SECCOMP_RET_KILL_PROCESS
						      : SECCOMP_RET_ERRNO | spec->deny_errno;
}

/*
 * What happens to one number. An allow list answers ENOSYS for numbers that this version does not
 * know, so that programs fall back from new calls, and the unit's errno for known ones.
 */
static uint32_t action_of(const struct seccomp_spec *spec, const struct seccomp_spec *denied, int i)
{
	uint16_t call = spec->calls[i];
	char *name;

	if (denied->calls[i]) {
		return SECCOMP_RET_ERRNO | EPERM;
	}
	if (call >= CALL_ERRNO) {
		return deny_action(spec, call);
	}
	if (!spec->has_list || (call == CALL_LISTED) == !!spec->allow_list) {
		return SECCOMP_RET_ALLOW;
	}
	if (!spec->allow_list) {
		return deny_action(spec, call);
	}
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
	if (!name) {
		return SECCOMP_RET_ERRNO | ENOSYS;
	}
	free(name);
	return deny_action(spec, call);
}

uint32_t seccomp_actions(const struct seccomp_spec *spec, uint32_t ret[SECCOMP_NUMBERS])
{
	struct seccomp_spec denied;

	seccomp_spec_init(&denied);
	for (size_t i = 0; i < ELEMENTSOF(denied_groups); i++) {
		if (spec->restrictions & denied_groups[i].restriction) {
			mark(&denied, denied_groups[i].word, CALL_LISTED, 0);
		}
	}
	if (spec->no_exec) {
		mark(&denied, "execve", CALL_LISTED, 0);
		mark(&denied, "execveat", CALL_LISTED, 0);
	}
	for (uint32_t i = 0; i < SECCOMP_NUMBERS; i++) {
		ret[i] = action_of(spec, &denied, (int)i);
	}
	for (size_t i = 0; !spec->no_exec && i < ELEMENTSOF(launcher_tail); i++) {
		int number = seccomp_syscall_resolve_name(launcher_tail[i]);

		if (number >= 0 && number < (int)SECCOMP_NUMBERS) {
			ret[number] = SECCOMP_RET_ALLOW;
		}
	}
	return spec->has_list && spec->allow_list ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_ALLOW;
}

int seccomp_compile(const struct seccomp_spec *spec, struct seccomp_program *ret)
{
	AUTO_FREE struct seccomp_args *args = malloc(sizeof(*args));
	AUTO_FREE struct seccomp_tree *tree = malloc(sizeof(*tree));
	uint32_t actions[SECCOMP_NUMBERS], rest;
	size_t n;

	if (!args || !tree) {
		return -ENOMEM;
	}
	seccomp_args_build(spec, args);
	if (args->error) {
		return args->error;
	}
	rest = seccomp_actions(spec, actions);
	seccomp_tree_build(actions, rest, args, tree);
	n = SECCOMP_TREE_MAX - tree->front;
	if (tree->error || n > LIMIT_SECCOMP_INSNS) {
		return -E2BIG;
	}
	ret->insns = calloc(n, sizeof(*ret->insns));
	if (!ret->insns) {
		return -ENOMEM;
	}
	memcpy(ret->insns, tree->insns + tree->front, n * sizeof(*ret->insns));
	ret->n = n;
	return 0;
}
