// SPDX-License-Identifier: MIT
#include "../test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../../units/bpf_filter.h"
#include "../../../units/seccomp_cache.h"
#include "bpf.h"

#define ALLOW    SECCOMP_RET_ALLOW
#define ERROR(n) (SECCOMP_RET_ERRNO | (n))

static struct seccomp_program compile(const struct seccomp_spec *spec)
{
	struct seccomp_program p;

	assert_int_equal(seccomp_compile(spec, &p), 0);
	assert_true(p.n > 0);
	return p;
}

static uint32_t call(const struct seccomp_program *p, int nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct seccomp_data data = { .nr = nr, .arch = AUDIT_ARCH_X86_64, .args = { a0, a1, a2 } };

	return bpf_run(p->insns, p->n, &data);
}

static void test_allow_list(void **state)
{
	struct seccomp_spec spec;
	struct seccomp_program p;
	struct seccomp_data foreign = { .nr = 1, .arch = AUDIT_ARCH_I386 };

	(void)state;
	seccomp_spec_init(&spec);
	assert_int_equal(seccomp_spec_add_call(&spec, "@system-service", false), 0);
	assert_int_equal(seccomp_spec_add_call(&spec, "@privileged", true), 0);
	assert_int_equal(seccomp_spec_add_call(&spec, "ptrace:EACCES", false), 0);
	assert_int_equal(seccomp_spec_add_call(&spec, "nonsense", false), -ENOENT);
	assert_int_equal(seccomp_spec_add_call(&spec, "@nonsense", false), -ENOENT);
	p = compile(&spec);
	assert_int_equal(call(&p, SYS_read, 0, 0, 0), ALLOW);
	assert_int_equal(call(&p, SYS_execve, 0, 0, 0), ALLOW);
	assert_int_equal(call(&p, SYS_mount, 0, 0, 0), ERROR(EPERM));
	assert_int_equal(call(&p, SYS_setuid, 0, 0, 0), ERROR(EPERM));
	assert_int_equal(call(&p, SYS_ptrace, 0, 0, 0), ERROR(EACCES));
	/* A number nobody knows yet: programs are to fall back, not to fail. */
	assert_int_equal(call(&p, 500, 0, 0, 0), ERROR(ENOSYS));
	assert_int_equal(call(&p, 10000, 0, 0, 0), ERROR(ENOSYS));
	assert_int_equal(bpf_run(p.insns, p.n, &foreign), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(call(&p, 0x40000000 | SYS_read, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	free(p.insns);
}

static void test_deny_list(void **state)
{
	struct seccomp_spec spec;
	struct seccomp_program p;

	(void)state;
	seccomp_spec_init(&spec);
	spec.deny_errno = SECCOMP_ERRNO_KILL;
	assert_int_equal(seccomp_spec_add_call(&spec, "@mount", true), 0);
	assert_int_equal(seccomp_spec_add_call(&spec, "umount2", false), 0);
	p = compile(&spec);
	assert_int_equal(call(&p, SYS_mount, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(call(&p, SYS_umount2, 0, 0, 0), ALLOW);
	assert_int_equal(call(&p, SYS_read, 0, 0, 0), ALLOW);
	assert_int_equal(call(&p, 500, 0, 0, 0), ALLOW);
	free(p.insns);
}

/* The kernel looks at 32 bits of these arguments; the filter must not be fooled by the others. */
static void test_families(void **state)
{
	static const uint64_t high = UINT64_C(7) << 32;
	struct seccomp_spec spec;
	struct seccomp_program p;

	(void)state;
	seccomp_spec_init(&spec);
	spec.restrictions = SECCOMP_NETLINK_ROUTE;
	assert_int_equal(seccomp_spec_add_family(&spec, "AF_INET", false), 0);
	assert_int_equal(seccomp_spec_add_family(&spec, "AF_UNIX", false), 0);
	assert_int_equal(seccomp_spec_add_family(&spec, "AF_NETLINK", false), 0);
	assert_int_equal(seccomp_spec_add_family(&spec, "AF_BOGUS", false), -ENOENT);
	p = compile(&spec);
	assert_int_equal(call(&p, SYS_socket, AF_UNIX, 1, 0), ALLOW);
	assert_int_equal(call(&p, SYS_socket, AF_INET, 1, 0), ALLOW);
	assert_int_equal(call(&p, SYS_socket, AF_INET6, 1, 0), ERROR(EAFNOSUPPORT));
	assert_int_equal(call(&p, SYS_socket, AF_ALG | high, 1, 0), ERROR(EAFNOSUPPORT));
	assert_int_equal(call(&p, SYS_socket, AF_NETLINK, 3, 0), ALLOW);
	assert_int_equal(call(&p, SYS_socket, AF_NETLINK | high, 3, 12), ERROR(EAFNOSUPPORT));
	free(p.insns);

	seccomp_spec_init(&spec);
	assert_int_equal(seccomp_spec_add_family(&spec, "AF_ALG", true), 0);
	p = compile(&spec);
	assert_int_equal(call(&p, SYS_socket, AF_ALG, 1, 0), ERROR(EAFNOSUPPORT));
	assert_int_equal(call(&p, SYS_socket, AF_ALG | high, 1, 0), ERROR(EAFNOSUPPORT));
	assert_int_equal(call(&p, SYS_socket, AF_INET, 1, 0), ALLOW);
	free(p.insns);
}

struct row {
	uint32_t restriction;
	long nr;
	uint64_t args[3];
	uint32_t result;
};

static const struct row rows[] = {
	{ SECCOMP_WX, SYS_mmap, { 0, 0, PROT_READ | PROT_WRITE }, ALLOW },
	{ SECCOMP_WX, SYS_mmap, { 0, 0, PROT_READ | PROT_EXEC }, ALLOW },
	{ SECCOMP_WX, SYS_mmap, { 0, 0, PROT_WRITE | PROT_EXEC }, ERROR(EPERM) },
	{ SECCOMP_WX, SYS_mprotect, { 0, 0, PROT_READ | PROT_EXEC }, ERROR(EPERM) },
	{ SECCOMP_WX, SYS_mprotect, { 0, 0, PROT_READ }, ALLOW },
	{ SECCOMP_REALTIME, SYS_sched_setscheduler, { 0, SCHED_OTHER }, ALLOW },
	{ SECCOMP_REALTIME, SYS_sched_setscheduler, { 0, SCHED_IDLE }, ALLOW },
	{ SECCOMP_REALTIME, SYS_sched_setscheduler, { 0, SCHED_FIFO }, ERROR(EPERM) },
	{ SECCOMP_SUIDSGID, SYS_chmod, { 0, 0755 }, ALLOW },
	{ SECCOMP_SUIDSGID, SYS_chmod, { 0, 04755 }, ERROR(EPERM) },
	{ SECCOMP_SUIDSGID, SYS_chmod, { 0, 02755 }, ERROR(EPERM) },
	{ SECCOMP_SUIDSGID, SYS_open, { 0, O_CREAT, 04755 }, ERROR(EPERM) },
	{ SECCOMP_SUIDSGID, SYS_open, { 0, O_RDONLY, 04755 }, ALLOW },
	{ SECCOMP_PERSONALITY, SYS_personality, { 0 }, ALLOW },
	{ SECCOMP_PERSONALITY, SYS_personality, { 0xffffffff }, ALLOW },
	{ SECCOMP_PERSONALITY, SYS_personality, { 8 }, ERROR(EPERM) },
	{ SECCOMP_TTY_INPUT, SYS_ioctl, { 0, TIOCSTI }, ERROR(EPERM) },
	{ SECCOMP_TTY_INPUT, SYS_ioctl, { 0, TIOCSTI | UINT64_C(1) << 32 }, ERROR(EPERM) },
	{ SECCOMP_TTY_INPUT, SYS_ioctl, { 0, TIOCLINUX }, ERROR(EPERM) },
	{ SECCOMP_TTY_INPUT, SYS_ioctl, { 0, TIOCGWINSZ }, ALLOW },
	{ SECCOMP_CLOCK, SYS_clock_settime, { 0 }, ERROR(EPERM) },
	{ SECCOMP_MODULES, SYS_init_module, { 0 }, ERROR(EPERM) },
	{ SECCOMP_LOGS, SYS_syslog, { 0 }, ERROR(EPERM) },
	{ SECCOMP_HOSTNAME, SYS_sethostname, { 0 }, ERROR(EPERM) },
	{ SECCOMP_RAW_IO, SYS_ioperm, { 0 }, ERROR(EPERM) },
};

static void test_restrictions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seccomp_spec spec;
		struct seccomp_program p;

		seccomp_spec_init(&spec);
		spec.restrictions = rows[i].restriction;
		p = compile(&spec);
		if (call(&p, (int)rows[i].nr, rows[i].args[0], rows[i].args[1], rows[i].args[2]) !=
			rows[i].result) {
			fail_msg("row %zu", i);
		}
		assert_int_equal(call(&p, SYS_getpid, 0, 0, 0), ALLOW);
		free(p.insns);
	}
}

static void test_namespaces(void **state)
{
	struct seccomp_spec spec;
	struct seccomp_program p;

	(void)state;
	seccomp_spec_init(&spec);
	spec.namespaces = CLONE_NEWUSER | CLONE_NEWNET;
	p = compile(&spec);
	assert_int_equal(call(&p, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0), ERROR(EPERM));
	assert_int_equal(call(&p, SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0), ALLOW);
	assert_int_equal(call(&p, SYS_unshare, CLONE_NEWNET, 0, 0), ERROR(EPERM));
	assert_int_equal(call(&p, SYS_setns, 3, 0, 0), ERROR(EPERM));
	assert_int_equal(call(&p, SYS_clone3, 0, 0, 0), ERROR(ENOSYS));
	free(p.insns);
}

/* libseccomp's program for the same actions. */
static struct seccomp_program reference(const struct seccomp_spec *spec)
{
	static struct sock_filter insns[8192];
	uint32_t actions[SECCOMP_NUMBERS];
	uint32_t rest = seccomp_actions(spec, actions);
	scmp_filter_ctx ctx = seccomp_init(rest);
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	assert_true(ctx && fd >= 0);
	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), 0);
	for (uint32_t i = 0; i < SECCOMP_NUMBERS; i++) {
		if (actions[i] != rest) {
			assert_int_equal(seccomp_rule_add_exact(ctx, actions[i], (int)i, 0), 0);
		}
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	size = pread(fd, insns, sizeof(insns), 0);
	assert_true(size > 0 && (size_t)size < sizeof(insns));
	seccomp_release(ctx);
	close(fd);
	return (struct seccomp_program) { insns, (size_t)size / sizeof(insns[0]) };
}

/* Every number, and the places where the number space has edges. */
static void compare(const struct seccomp_spec *spec)
{
	static const uint32_t edges[] = { 0x3fffffff, 0x40000000, 0x40000001, 0x40000200,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	struct seccomp_program ours = compile(spec), theirs = reference(spec);
	struct seccomp_data foreign = { .nr = 1, .arch = AUDIT_ARCH_I386 };

	for (int nr = 0; nr < 1024; nr++) {
		if (call(&ours, nr, 0, 0, 0) != call(&theirs, nr, 0, 0, 0)) {
			fail_msg("number %d", nr);
		}
	}
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		if (call(&ours, (int)edges[i], 0, 0, 0) != call(&theirs, (int)edges[i], 0, 0, 0)) {
			fail_msg("number %x", edges[i]);
		}
	}
	assert_int_equal(bpf_run(ours.insns, ours.n, &foreign), SECCOMP_RET_KILL_PROCESS);
	assert_true(ours.n <= theirs.n + 8);
	free(ours.insns);
}

static void test_same_as_libseccomp(void **state)
{
	static const char *const lists[][4] = {
		{ "@system-service", "~@privileged", "ptrace:EACCES", "~@resources" },
		{ "~@mount", "~@clock", "swapon:kill", NULL },
		{ "read", NULL },
		{ "@system-service", "@mount", "~@keyring", "~kill" },
		{ NULL },
	};
	struct seccomp_spec spec;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		seccomp_spec_init(&spec);
		spec.native_only = 1;
		spec.deny_errno = i % 2 ? SECCOMP_ERRNO_KILL : EPERM;
		for (size_t w = 0; w < 4 && lists[i][w]; w++) {
			bool deny = lists[i][w][0] == '~';

			assert_int_equal(seccomp_spec_add_call(&spec, lists[i][w] + deny, deny), 0);
		}
		compare(&spec);
	}
	/* The worst case: no two neighbours alike. */
	seccomp_spec_init(&spec);
	spec.has_list = 1;
	for (uint32_t i = 0; i < SECCOMP_NUMBERS; i++) {
		spec.calls[i] = (uint16_t)(2 + 1 + i);
	}
	compare(&spec);
}

static void test_cache(void **state)
{
	struct seccomp_cache cache = { 0 };
	struct catalogue_builder b = { 0 };
	struct seccomp_spec spec;
	uint64_t first, second;
	uint32_t size;

	(void)state;
	seccomp_spec_init(&spec);
	assert_true(seccomp_spec_is_empty(&spec));
	assert_int_equal(seccomp_cache_get(&cache, &b, &spec, &first, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(seccomp_spec_add_call(&spec, "@mount", true), 0);
	assert_int_equal(seccomp_cache_get(&cache, &b, &spec, &first, &size), 0);
	assert_int_equal(seccomp_cache_get(&cache, &b, &spec, &second, &size), 0);
	assert_int_equal(first, second);
	assert_int_equal(cache.compiled, 1);
	assert_true(size % 8 == 0 && size > 0);
	seccomp_cache_fini(&cache);
	catalogue_builder_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allow_list),
		cmocka_unit_test(test_deny_list),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_restrictions),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_same_as_libseccomp),
		cmocka_unit_test(test_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
