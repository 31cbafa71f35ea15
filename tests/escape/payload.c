// SPDX-License-Identifier: MIT
/*
 * One attempt to get out, by name: `payload CASE [ARG]`. Exit 0: held; 1: got through, and what is
 * printed says where; 2: no such case. Static and without library calls that need files, so that it
 * also runs in an empty root, and under another runtime.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A refused call, by a filter or by the kernel for lack of rights. */
static bool is_refused(long r)
{
	return r < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS ||
				errno == EAFNOSUPPORT || errno == EROFS);
}

static int held(bool ok, const char *what)
{
	if (!ok) {
		printf("%s: got through (%s)\n", what, strerror(errno));
	}
	return ok ? 0 : 1;
}

static int try_handle(const char *arg)
{
	struct {
		struct file_handle h;
		char bytes[8];
	} handle = { .h = { .handle_bytes = 8, .handle_type = 1 } };

	(void)arg;
	return held(is_refused(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY)),
		"open_by_handle_at");
}

/* Value of a line of /proc/self/status; "?" when it is not there. */
static const char *status(const char *key)
{
	static char line[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0) {
			fclose(f);
			line[strcspn(line, "\n")] = '\0';
			return line + strlen(key) + 1;
		}
	}
	if (f) {
		fclose(f);
	}
	return "?";
}

static int try_caps(const char *arg)
{
	static const char *const keys[] = { "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:" };
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < COUNT(keys); i++) {
		r |= held(strtoull(status(keys[i]), NULL, 16) == 0, keys[i]);
	}
	return r | held(*status("NoNewPrivs:") == '1', "NoNewPrivs");
}

static int try_groups(const char *arg)
{
	gid_t groups[64];
	int n = getgroups(64, groups);

	return held(n == atoi(arg ? arg : "0"), "supplementary groups");
}

static int try_namespaces(const char *arg)
{
	static const int flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID };
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < COUNT(flags); i++) {
		pid_t pid = (pid_t)syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);

		if (pid == 0) {
			_exit(0);
		}
		r |= held(is_refused(pid), "clone with a namespace");
		r |= held(is_refused(syscall(SYS_unshare, flags[i])), "unshare");
	}
	return r;
}

static int try_mounts(const char *arg)
{
	(void)arg;
	return held(is_refused(mount("none", "/", "tmpfs", 0, NULL)), "mount") |
	       held(is_refused(mount("none", "/", "cgroup", 0, "memory")), "mount cgroup") |
	       held(is_refused(syscall(SYS_fsopen, "tmpfs", 0)), "fsopen") |
	       held(is_refused(syscall(SYS_open_tree, AT_FDCWD, "/", 1)), "open_tree") |
	       held(is_refused(syscall(SYS_pivot_root, ".", ".")), "pivot_root");
}

static int try_sockets(const char *arg)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} rows[] = { { "AF_ALG", 38, SOCK_SEQPACKET, 0 }, { "AF_VSOCK", 40, SOCK_STREAM, 0 },
		{ "AF_RXRPC", 33, SOCK_DGRAM, 2 }, { "AF_PACKET", 17, SOCK_RAW, 0 },
		{ "NETLINK_NETFILTER", 16, SOCK_RAW, 12 } };
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = socket(rows[i].family, rows[i].type, rows[i].protocol);

		r |= held(is_refused(fd), rows[i].name);
	}
	return r;
}

/* A call of the 32-bit table, where no filter of the 64-bit one looks: getpid. */
#if defined(__x86_64__)
static int call_foreign(void)
{
	int r = 20;

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return r;
}
#else
static int call_foreign(void)
{
	return -1;
}
#endif

static int try_foreign(const char *arg)
{
	int wait_status = 0;
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		_exit(call_foreign() > 0 ? 7 : 0);
	}
	waitpid(pid, &wait_status, 0);
	errno = 0;
	return held(!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 7, "int 0x80");
}

static int try_kernel(const char *arg)
{
	static const struct {
		const char *name;
		long number;
		long args[3];
	} rows[] = { { "io_uring_setup", SYS_io_uring_setup, { 1, 0, 0 } },
		{ "userfaultfd", SYS_userfaultfd, { 1, 0, 0 } },
		{ "keyctl", SYS_keyctl, { KEYCTL_JOIN_SESSION_KEYRING, 0, 0 } },
		{ "add_key", SYS_add_key, { 0, 0, 0 } }, { "bpf", SYS_bpf, { 0, 0, 0 } },
		{ "perf_event_open", SYS_perf_event_open, { 0, 0, 0 } },
		{ "ptrace", SYS_ptrace, { PTRACE_TRACEME, 0, 0 } },
		{ "init_module", SYS_init_module, { 0, 0, 0 } },
		{ "kexec_load", SYS_kexec_load, { 0, 0, 0 } },
		{ "swapon", SYS_swapon, { 0, 0, 0 } } };
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < COUNT(rows); i++) {
		r |= held(is_refused(syscall(rows[i].number, rows[i].args[0], rows[i].args[1],
				  rows[i].args[2], 0, 0)),
			rows[i].name);
	}
	return r;
}

/* Calls that are younger than the loader's libseccomp, whatever this kernel makes of them. */
static int try_young(const char *arg)
{
	int r = 0;

	(void)arg;
	for (long nr = 451; nr < 700; nr++) {
		if (nr == 452) { /* fchmodat2, which Debian's libseccomp knows: see "nodes" */
			continue;
		}
		char name[32];

		snprintf(name, sizeof(name), "system call %ld", nr);
		r |= held(is_refused(syscall(nr, -1, 0, 0, 0, 0, 0)), name);
	}
	return r;
}

/* What reaches into another process, or gets round flags that a filter can see. */
static int try_reach(const char *arg)
{
	struct {
		uint64_t flags, words[10];
	} args = { .flags = CLONE_NEWUSER };
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)4096, 1 };
	pid_t parent = getppid();

	(void)arg;
	return held(is_refused(syscall(SYS_clone3, &args, sizeof(args))), "clone3") |
	       held(is_refused(syscall(SYS_process_vm_readv, parent, &here, 1, &there, 1, 0)),
		       "process_vm_readv") |
	       held(is_refused(syscall(438, 0, 0, 0)), "pidfd_getfd") |
	       held(is_refused(syscall(SYS_kcmp, parent, getpid(), 0, 0, 0)), "kcmp") |
	       held(is_refused(syscall(SYS_setns, 0, 0)), "setns") |
	       held(is_refused(syscall(SYS_personality, 0x0040000)), "personality") |
	       held(is_refused(syscall(442, 0, "", 0, NULL, 0)), "mount_setattr") |
	       held(is_refused(syscall(429, 0, "", 0, "", 0)), "move_mount");
}

#if defined(__x86_64__)
/* The 64-bit table once more, under other numbers. */
static int try_x32(const char *arg)
{
	int status = 0;
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		syscall(0x40000000 | SYS_getpid);
		_exit(0);
	}
	return held(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "x32");
}
#else
static int try_x32(const char *arg)
{
	(void)arg;
	return 0;
}
#endif

static int try_tty(const char *arg)
{
	char c = 'x';
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	(void)arg;
	return held(master < 0 || is_refused(ioctl(master, TIOCSTI, &c)), "TIOCSTI");
}

static int deny_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
	}
	return held(fd < 0, path);
}

static int try_knobs(const char *arg)
{
	static const char *const paths[] = { "/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper",
		"/proc/sys/fs/binfmt_misc/register", "/dev/mem", "/dev/kmsg", "/dev/port" };
	int r = 0;

	(void)arg;
	for (size_t i = 0; i < COUNT(paths); i++) {
		r |= deny_open(paths[i], O_WRONLY);
	}
	return r | deny_open("/proc/kcore", O_RDONLY) | deny_open("/etc/shadow", O_RDONLY);
}

/* Every file of the cgroup tree. */
static int walk_cgroup(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	int r = 0;

	while (dir && (d = readdir(dir))) {
		char name[1024];

		snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		if (d->d_name[0] == '.') {
			continue;
		}
		if (d->d_type == DT_DIR) {
			r |= depth < 4 ? walk_cgroup(name, depth + 1) : 0;
		} else if (d->d_type == DT_REG) {
			r |= deny_open(name, O_WRONLY);
		}
	}
	if (dir) {
		closedir(dir);
	}
	return r;
}

static int try_cgroup(const char *arg)
{
	(void)arg;
	return walk_cgroup("/sys/fs/cgroup", 0);
}

static int try_nodes(const char *arg)
{
	(void)arg;
	return held(is_refused(mknod("/tmp/sda", S_IFBLK | 0600, makedev(8, 0))), "mknod") |
	       held(open("/tmp/suid", O_CREAT | O_WRONLY | O_CLOEXEC, 0755) < 0 ||
			       is_refused(chmod("/tmp/suid", 04755)),
		       "chmod u+s") |
	       held(is_refused(syscall(452, AT_FDCWD, "/tmp/suid", 04755, 0)), "fchmodat2 u+s");
}

/* Nothing but three streams, the directory that is read here, and a directory that exists. */
static int try_fds(const char *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	char cwd[4096];
	int r = held(dir != NULL, "/proc/self/fd");

	(void)arg;
	while (dir && (d = readdir(dir))) {
		int fd = atoi(d->d_name);

		if (d->d_name[0] != '.' && fd > 2 && fd != dirfd(dir)) {
			printf("descriptor %d\n", fd);
			r = 1;
		}
	}
	if (dir) {
		closedir(dir);
	}
	return r | held(syscall(SYS_getcwd, cwd, sizeof(cwd)) > 0 && cwd[0] == '/', "cwd");
}

static int try_control(const char *arg)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", arg);
	return held(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0, "control socket");
}

static int try_file(const char *arg)
{
	return deny_open(arg, O_RDONLY);
}

/*
 * Loops for ever over processes that come in: is there one with a program or descriptors of the
 * launcher's to be seen, or that can be traced before it is the command? Each find is a line.
 */
static __attribute__((noreturn)) int try_catch(const char *arg)
{
	char path[64], link[256];

	(void)arg;
	for (;;) {
		for (int pid = 2; pid < 400; pid++) {
			ssize_t n;

			if (pid == getpid()) {
				continue;
			}
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			n = readlink(path, link, sizeof(link) - 1);
			link[n < 0 ? 0 : n] = '\0';
			if (strstr(link, "supd-launch") || strstr(link, "memfd:")) {
				printf("caught %s\n", link);
				fflush(stdout);
			}
			if (n < 0 && errno == EACCES && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
				printf("traced a hidden process\n");
				fflush(stdout);
			}
		}
	}
}

static const struct {
	const char *name;
	int (*run)(const char *arg);
} cases[] = {
	{ "handle", try_handle },
	{ "caps", try_caps },
	{ "groups", try_groups },
	{ "namespaces", try_namespaces },
	{ "mounts", try_mounts },
	{ "sockets", try_sockets },
	{ "foreign", try_foreign },
	{ "kernel", try_kernel },
	{ "young", try_young },
	{ "reach", try_reach },
	{ "x32", try_x32 },
	{ "tty", try_tty },
	{ "knobs", try_knobs },
	{ "cgroup", try_cgroup },
	{ "nodes", try_nodes },
	{ "fds", try_fds },
	{ "control", try_control },
	{ "file", try_file },
	{ "catch", try_catch },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < COUNT(cases); i++) {
		if (strcmp(cases[i].name, argv[1]) == 0) {
			return cases[i].run(argc > 2 ? argv[2] : NULL);
		}
	}
	return 2;
}
