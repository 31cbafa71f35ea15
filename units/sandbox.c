// SPDX-License-Identifier: MIT
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/limits.h"
#include "bpf_filter.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* AddressSanitizer's shadow memory alone is terabytes of addresses. */
#ifdef __SANITIZE_ADDRESS__
#define LOAD_MEMORY_MAX RLIM_INFINITY
#else
#define LOAD_MEMORY_MAX (2048ull * 1024 * 1024)
#endif
#define LOAD_CPU_SECS (LIMIT_LOAD_TIME_MAX_US / 1000000u)

#define FS_READ       (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_ABI1       ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const char *const allowed[] = { "@default", "read", "readv", "pread64", "write", "writev",
	"pwrite64", "lseek", "close", "open", "openat", "fstat", "stat", "lstat", "newfstatat",
	"statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents",
	"getdents64", "fcntl", "dup", "memfd_create", "ftruncate", "flock", "mremap", "madvise",
	"mmap", "munmap", "mprotect", "brk", "sysinfo", "uname", "getcwd", "rt_sigaction",
	"rt_sigprocmask", "sigaltstack", "clock_gettime", "ioctl", "statfs", "fstatfs" };

/* What the kernel's Landlock knows; older ones get fewer bits. */
static uint64_t handled_access(long abi)
{
	uint64_t access = FS_ABI1;

	access |= abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
	access |= abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0;
	return access;
}

static int restrict_files(uint32_t *ret_abi)
{
	AUTO_CLOSE int ruleset = -1;
	AUTO_CLOSE int root = -1;
	struct landlock_ruleset_attr attr = { 0 };
	struct landlock_path_beneath_attr beneath = { .allowed_access = FS_READ };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0) {
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	}
	attr.handled_access_fs = handled_access(abi);
	*ret_abi = (uint32_t)abi;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	root = open("/", O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (ruleset < 0 || root < 0) {
		return -errno;
	}
	beneath.parent_fd = root;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0 ||
		syscall(SYS_landlock_restrict_self, ruleset, 0) < 0) {
		return -errno;
	}
	return 0;
}

static int restrict_calls(void)
{
	struct seccomp_spec spec;
	struct seccomp_program program;
	struct sock_fprog prog;
	int r;

	seccomp_spec_init(&spec);
	spec.restrictions = SECCOMP_NO_WRITE_OPEN;
	spec.family_mode = SECCOMP_FAMILY_ALLOW; /* an empty list: no socket at all */
	for (size_t i = 0; i < ELEMENTSOF(allowed); i++) {
		r = seccomp_spec_add_call(&spec, allowed[i], false);
		if (r < 0 && r != -ENOENT) {
			return r;
		}
	}
	spec.no_exec = 1;
	r = seccomp_compile(&spec, &program);
	if (r < 0) {
		return r;
	}
	prog = (struct sock_fprog) { .len = (unsigned short)program.n, .filter = program.insns };
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
	free(program.insns);
	return r;
}

static int set_limit(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0) {
		return -errno;
	}
	/* A lower one that it was started with stays: somebody meant it. */
	limit.rlim_max = limit.rlim_max < value ? limit.rlim_max : value;
	limit.rlim_cur = limit.rlim_cur < limit.rlim_max ? limit.rlim_cur : limit.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

static void free_cap(cap_t *cap)
{
	cap_free(*cap);
}

/* Keeps CAP_DAC_READ_SEARCH if it is there, drops every other, and checks it. */
static int drop_capabilities(void)
{
	static const cap_value_t keep = CAP_DAC_READ_SEARCH;
	AUTO(free_cap) cap_t now = cap_get_proc();
	AUTO(free_cap) cap_t wanted = cap_init();
	cap_flag_value_t has = CAP_CLEAR;

	if (!now || !wanted || cap_get_flag(now, keep, CAP_PERMITTED, &has) < 0) {
		return -errno;
	}
	if (has == CAP_SET && (cap_set_flag(wanted, CAP_PERMITTED, 1, &keep, CAP_SET) < 0 ||
				      cap_set_flag(wanted, CAP_EFFECTIVE, 1, &keep, CAP_SET) < 0)) {
		return -errno;
	}
	if (cap_reset_ambient() < 0 && errno != EINVAL) {
		return -errno;
	}
	if (cap_set_proc(wanted) < 0) {
		return -errno;
	}
	cap_free(now);
	now = cap_get_proc();
	return now && cap_compare(now, wanted) == 0 ? 0 : -EPERM;
}

int sandbox_enter(void)
{
	uint32_t abi = 0;
	int r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;

	r = r < 0 ? r : set_limit(RLIMIT_AS, LOAD_MEMORY_MAX);
	r = r < 0 ? r : set_limit(RLIMIT_CPU, LOAD_CPU_SECS);
	r = r < 0 ? r : set_limit(RLIMIT_CORE, 0);
	r = r < 0 ? r : drop_capabilities();
	r = r < 0 ? r : restrict_files(&abi);
	r = r < 0 ? r : restrict_calls();
	return r < 0 ? r : (int)abi;
}
