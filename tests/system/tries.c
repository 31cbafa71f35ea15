// SPDX-License-Identifier: MIT
/*
 * One attempt at what a setting may deny: tries NAME[:ARGUMENT] prints "ok", the errno's name, the
 * signal that ended the attempt, or a number that was asked for. What gets through does no harm:
 * calls that would change the machine have arguments that the kernel refuses once it is asked.
 * Static, so that it runs in any tree. The rows that use it are in denied_rows.h.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static void tell(long r)
{
	printf("%s\n", r >= 0 ? "ok" : strerrorname_np(errno));
}

/* ---- files ---- */

static void try_read(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	tell(fd < 0 ? fd : read(fd, &byte, 1));
}

/* Opened, not written to. */
static void try_open(const char *path)
{
	tell(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static void try_open_write(const char *path)
{
	tell(open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static void try_create(const char *path)
{
	tell(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void try_stat(const char *path)
{
	struct stat st;

	tell(stat(path, &st));
}

static void try_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		tell(-1);
		return;
	}
	printf("%o\n", st.st_mode & 07777);
}

static void try_exec(const char *path)
{
	execl(path, path, "done", (char *)NULL);
	tell(-1);
}

/* What the program that exec has executed says; of a set-id one, whose rights it got. */
static void try_done(const char *arg)
{
	(void)arg;
	printf("ok %s\n", geteuid() == getuid() ? "same" : "other");
}

/* A new file each time: the attempt with the setting and the one without do not meet. */
static int scratch(char *path, size_t size)
{
	snprintf(path, size, "/srv/denied/try-%d", (int)getpid());
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
}

static void try_setid(const char *how)
{
	char path[64];
	int fd = scratch(path, sizeof(path));
	long r = -1;

	if (strcmp(how, "chmod") == 0) {
		r = chmod(path, 04755);
	} else if (strcmp(how, "fchmod") == 0) {
		r = fchmod(fd, 02755);
	} else if (strcmp(how, "fchmodat2") == 0) {
		r = syscall(452, AT_FDCWD, path, 04755, 0);
		if (r < 0 && errno == ENOSYS) { /* before Linux 6.6, or not known to the filter */
			r = chmod(path, 04755);
		}
	} else if (strcmp(how, "open") == 0) {
		unlink(path);
		r = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 04755);
	} else if (strcmp(how, "mkdir") == 0) {
		unlink(path);
		r = mkdir(path, 02755);
	}
	tell(r);
}

static void try_chown(const char *arg)
{
	char path[64];

	(void)arg;
	tell(scratch(path, sizeof(path)) < 0 ? -1 : chown(path, 1, 1));
}

/* ---- sockets ---- */

static void try_socket(const char *arg)
{
	static const struct {
		const char *name;
		int family, type;
	} rows[] = {
		{ "unix", AF_UNIX, SOCK_STREAM },
		{ "inet", AF_INET, SOCK_STREAM },
		{ "inet6", AF_INET6, SOCK_STREAM },
		{ "netlink", AF_NETLINK, SOCK_RAW },
		{ "packet", AF_PACKET, SOCK_RAW },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		if (strcmp(rows[i].name, arg) == 0) {
			tell(socket(rows[i].family, rows[i].type, 0));
		}
	}
}

static socklen_t loopback(const char *port, struct sockaddr_in *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sin_family = AF_INET;
	ret->sin_port = htons((uint16_t)atoi(port));
	ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*ret);
}

static void try_send(const char *port)
{
	struct sockaddr_in to;
	socklen_t n = loopback(port, &to);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	tell(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, n));
}

static void try_bind(const char *port)
{
	struct sockaddr_in at;
	socklen_t n = loopback(port, &at);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	tell(bind(fd, (struct sockaddr *)&at, n));
}

static void try_abstract(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(name);

	memcpy(to.sun_path + 1, name, n);
	tell(connect(fd, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)));
}

/* ---- processes and memory ---- */

static void try_signal(const char *pid)
{
	tell(kill(atoi(pid), 0));
}

static void try_ptrace(const char *arg)
{
	pid_t child = fork();
	long r;
	int error;

	(void)arg;
	if (child == 0) {
		pause();
		_exit(0);
	}
	r = ptrace(PTRACE_SEIZE, child, NULL, NULL);
	error = errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	errno = error;
	tell(r);
}

static void try_map(const char *how)
{
	static const size_t size = 4096;
	int both = PROT_READ | PROT_WRITE | PROT_EXEC;
	void *p = MAP_FAILED;

	if (strcmp(how, "both") == 0) {
		p = mmap(NULL, size, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		tell(p == MAP_FAILED ? -1 : 0);
	} else if (strcmp(how, "later") == 0) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		tell(mprotect(p, size, PROT_READ | PROT_EXEC));
	} else {
		int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0700);

		p = id < 0 ? MAP_FAILED : shmat(id, NULL, SHM_EXEC);
		tell(p == (void *)-1 ? -1 : 0);
		shmctl(id, IPC_RMID, NULL);
	}
}

static void try_segment(const char *key)
{
	tell(shmget((key_t)atoi(key), 0, 0));
}

static void try_limit(const char *resource)
{
	struct rlimit lim;

	getrlimit((__rlimit_resource_t)atoi(resource), &lim);
	printf("%ld\n", (long)lim.rlim_cur);
}

static void try_machine(const char *arg)
{
	struct utsname u;

	(void)arg;
	uname(&u);
	printf("%s\n", u.machine);
}

static void try_prctl(const char *option)
{
	printf("%d\n", prctl(atoi(option), 0, 0, 0, 0));
}

static void try_umask(const char *arg)
{
	(void)arg;
	printf("%o\n", umask(0));
}

static void try_environment(const char *name)
{
	printf("%s\n", getenv(name) ? "ok" : "ENOENT");
}

/* ---- system calls ---- */

static long call_clock(void)
{
	struct timespec bad = { 0, -1 };

	return syscall(SYS_clock_settime, CLOCK_REALTIME, &bad); /* libc looks itself */
}

static long call_realtime(void)
{
	struct sched_param none = { 0 };

	return sched_setscheduler(0, SCHED_FIFO, &none);
}

static long call_mount(void)
{
	return mount("none", "/srv/denied/nowhere", "tmpfs", 0, NULL);
}

static long call_userns(void)
{
	return unshare(CLONE_NEWUSER);
}

static long call_mntns(void)
{
	return unshare(CLONE_NEWNS);
}

static long call_netns(void)
{
	return unshare(CLONE_NEWNET);
}

static long call_pidns(void)
{
	return unshare(CLONE_NEWPID);
}

static long call_utsns(void)
{
	return unshare(CLONE_NEWUTS);
}

static long call_ipcns(void)
{
	return unshare(CLONE_NEWIPC);
}

static long call_cgroupns(void)
{
	return unshare(CLONE_NEWCGROUP);
}

static long call_setns(void)
{
	return setns(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), CLONE_NEWNET);
}

/* Its size alone. */
static long call_syslog(void)
{
	return syscall(SYS_syslog, 10, NULL, 0);
}

static long call_module(void)
{
	return syscall(SYS_delete_module, "supd_no_such_module", O_NONBLOCK);
}

static long call_sethostname(void)
{
	return syscall(SYS_sethostname, NULL, -1);
}

static long call_personality(void)
{
	return personality(PER_LINUX32);
}

static long call_bpf(void)
{
	return syscall(SYS_bpf, 9999, NULL, 0);
}

static long call_keyctl(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1, 0, 0);
}

static long call_getppid(void)
{
	return syscall(SYS_getppid);
}

/* getpid by the 32-bit door. */
#if defined(__x86_64__)
static long call_foreign(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	return r;
}
#else
static long call_foreign(void)
{
	return -1;
}
#endif

static const struct {
	const char *name;
	long (*run)(void);
} calls[] = {
	{ "bpf", call_bpf },
	{ "cgroupns", call_cgroupns },
	{ "clock", call_clock },
	{ "foreign", call_foreign },
	{ "getppid", call_getppid },
	{ "ipcns", call_ipcns },
	{ "keyctl", call_keyctl },
	{ "mntns", call_mntns },
	{ "module", call_module },
	{ "mount", call_mount },
	{ "netns", call_netns },
	{ "personality", call_personality },
	{ "pidns", call_pidns },
	{ "realtime", call_realtime },
	{ "sethostname", call_sethostname },
	{ "setns", call_setns },
	{ "syslog", call_syslog },
	{ "userns", call_userns },
	{ "utsns", call_utsns },
};

/* In a process of its own: a filter may kill. */
static void try_call(const char *name)
{
	int status = 0;
	pid_t pid = fork();

	for (size_t i = 0; pid == 0 && i < ELEMENTS(calls); i++) {
		if (strcmp(calls[i].name, name) == 0) {
			tell(calls[i].run());
			fflush(stdout);
			_exit(0);
		}
	}
	if (pid == 0) {
		_exit(2);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) {
		printf("SIG%s\n", sigabbrev_np(WTERMSIG(status)));
	}
}

static const struct {
	const char *name;
	void (*run)(const char *arg);
} verbs[] = {
	{ "abstract", try_abstract },
	{ "bind", try_bind },
	{ "call", try_call },
	{ "chown", try_chown },
	{ "create", try_create },
	{ "done", try_done },
	{ "environment", try_environment },
	{ "exec", try_exec },
	{ "limit", try_limit },
	{ "machine", try_machine },
	{ "map", try_map },
	{ "mode", try_mode },
	{ "open", try_open },
	{ "open-write", try_open_write },
	{ "prctl", try_prctl },
	{ "ptrace", try_ptrace },
	{ "read", try_read },
	{ "segment", try_segment },
	{ "send", try_send },
	{ "setid", try_setid },
	{ "signal", try_signal },
	{ "socket", try_socket },
	{ "stat", try_stat },
	{ "umask", try_umask },
};

int main(int argc, char **argv)
{
	const char *arg = argc == 2 ? argv[1] : "";
	size_t n = strcspn(arg, ":");

	umask(argc == 2 && strcmp(arg, "umask") == 0 ? umask(0) : 0);
	for (size_t v = 0; v < ELEMENTS(verbs); v++) {
		if (strlen(verbs[v].name) == n && strncmp(verbs[v].name, arg, n) == 0) {
			verbs[v].run(arg + n + (arg[n] == ':'));
			return 0;
		}
	}
	printf("what is %s?\n", arg);
	return 2;
}
