// SPDX-License-Identifier: MIT
/*
 * As probe.c, for walls of the kernel below the file system: sockets, device nodes, signals,
 * labels, attributes that are inherited. Prints one "NAME VALUE" a line. Static, so that it runs in
 * any tree.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* The errno's name, or "ok". */
static const char *result(long r)
{
	return r >= 0 ? "ok" : strerrorname_np(errno);
}

/* ---- sockets ---- */

/* "ADDRESS,PORT" */
static socklen_t make_address(const char *arg, struct sockaddr_storage *ret)
{
	char text[64];
	char *comma;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	snprintf(text, sizeof(text), "%s", arg);
	comma = strchr(text, ',');
	*comma = '\0';
	if (strchr(text, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(comma + 1));
		inet_pton(AF_INET6, text, &v6->sin6_addr);
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)atoi(comma + 1));
	inet_pton(AF_INET, text, &v4->sin_addr);
	return sizeof(*v4);
}

static void do_send(const char *arg)
{
	struct sockaddr_storage to;
	socklen_t n = make_address(arg, &to);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	printf("send:%s %s\n", arg, result(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, n)));
	close(fd);
}

/* "udp,ADDRESS,PORT", "tcp,…" */
static void do_bind(const char *arg)
{
	struct sockaddr_storage at;
	socklen_t n = make_address(arg + 4, &at);
	int fd = socket(at.ss_family, (arg[0] == 't' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	printf("bind:%s %s\n", arg, result(bind(fd, (struct sockaddr *)&at, n)));
	close(fd);
}

static void do_abstract(const char *arg)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(arg);

	memcpy(to.sun_path + 1, arg, n);
	printf("abstract:%s %s\n", arg,
		result(connect(fd, (struct sockaddr *)&to,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n))));
	close(fd);
}

/* ---- files and devices ---- */

static void do_open(const char *arg)
{
	static const struct {
		const char *name;
		int flags;
	} modes[] = { { "r", O_RDONLY }, { "w", O_WRONLY }, { "rw", O_RDWR } };
	size_t n = strcspn(arg, ",");
	int fd = -1;

	for (size_t i = 0; i < ELEMENTS(modes); i++) {
		if (strlen(modes[i].name) == n && strncmp(modes[i].name, arg, n) == 0) {
			fd = open(arg + n + 1, modes[i].flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		}
	}
	printf("open:%s %s\n", arg, result(fd));
	close(fd);
}

/* "c,MAJOR,MINOR,PATH" */
static void do_mknod(const char *arg)
{
	unsigned major, minor;
	char type, path[256];

	if (sscanf(arg, "%c,%u,%u,%255s", &type, &major, &minor, path) != 4) {
		exit(2);
	}
	printf("mknod:%s %s\n", arg,
		result(mknod(
			path, (type == 'b' ? S_IFBLK : S_IFCHR) | 0666, makedev(major, minor))));
}

static void do_create(const char *arg)
{
	printf("create:%s %s\n", arg, result(open(arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
}

/* "FROM,TO" */
static void do_rename(const char *arg)
{
	char from[256];
	const char *comma = strchr(arg, ',');

	snprintf(from, sizeof(from), "%.*s", (int)(comma - arg), arg);
	printf("rename:%s %s\n", arg, result(rename(from, comma + 1)));
}

/* Is a file system wall still there when every mount is writable again? Landlock forbids mounting.
 */
static void do_exec(const char *arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execl(arg, arg, NULL);
		_exit(errno == EACCES ? 100 : errno == EPERM ? 101 : 102);
	}
	waitpid(pid, &status, 0);
	printf("exec:%s %s\n", arg,
		!WIFEXITED(status)           ? "killed"
		: WEXITSTATUS(status) == 100 ? "EACCES"
		: WEXITSTATUS(status) == 101 ? "EPERM"
		: WEXITSTATUS(status) == 102 ? "E?"
					     : "ok");
}

/* ---- processes ---- */

static void do_signal(const char *arg)
{
	printf("signal:%s %s\n", arg, result(kill(atoi(arg), 0)));
}

static void do_attr(const char *arg)
{
	char text[256] = "", path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/attr/%s", arg);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? strcspn(text, "\n") : 0] = '\0';
	printf("attr:%s %s\n", arg, n < 0 ? result(-1) : text);
}

static void do_machine(const char *arg)
{
	struct utsname u;

	(void)arg;
	uname(&u);
	printf("machine %s %lx\n", u.machine, (unsigned long)personality(0xffffffff));
}

static void do_policy(const char *arg)
{
	unsigned long mask[16] = { 0 };
	int mode = -1;

	(void)arg;
	if (syscall(SYS_get_mempolicy, &mode, mask, sizeof(mask) * 8, NULL, 0) < 0) {
		printf("policy %s\n", result(-1));
		return;
	}
	printf("policy %d %lx\n", mode, mask[0]);
}

static void do_line(const char *arg)
{
	char line[256], path[64], key[64];
	FILE *f;

	if (sscanf(arg, "%63[^,],%63s", path, key) != 2) {
		exit(2);
	}
	snprintf(line, sizeof(line), "/proc/self/%s", path);
	f = fopen(line, "re");
	printf("line:%s", arg);
	while (f && fgets(line, sizeof(line), f)) {
		size_t n = strlen(key);

		if (strncmp(line, key, n) == 0) {
			for (char *save, *word = strtok_r(line + n, ": \t\n", &save); word;
				word = strtok_r(NULL, ": \t\n", &save)) {
				printf(" %s", word);
			}
		}
	}
	printf("%s\n", f ? "" : " none");
}

static void do_prctl(const char *arg)
{
	printf("prctl:%s %d\n", arg, prctl(atoi(arg), 0, 0, 0, 0));
}

/* Is the user's keyring linked into the session's? Searches for a key that the first run adds. */
static void do_key(const char *arg)
{
	long r;

	if (strncmp(arg, "add,", 4) == 0) {
		r = syscall(SYS_add_key, "user", arg + 4, "x", (size_t)1, KEY_SPEC_USER_KEYRING);
	} else {
		r = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
			strchr(arg, ',') + 1, 0);
	}
	printf("key:%s %s\n", arg, result(r));
}

static void do_call(const char *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		printf("call:%s %s\n", arg, result(syscall(atoi(arg), -1, -1, -1, -1, -1, -1)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) {
		printf("call:%s SIG%s\n", arg, sigabbrev_np(WTERMSIG(status)));
	}
}

/* In this process itself, which stays: who reads the kernel's record finds whose it was. */
static void do_self(const char *arg)
{
	printf("self:%s %s\n", arg, result(syscall(atoi(arg), -1, -1, -1, -1, -1, -1)));
}

/* The calls again and again: a record of the kernel's that got lost is not missed. */
static void do_again(const char *arg)
{
	printf("holding yes\n");
	fflush(stdout);
	for (;;) {
		for (const char *p = arg; *p; p += strcspn(p, ","), p += *p == ',') {
			syscall(atoi(p), -1, -1, -1, -1, -1, -1);
		}
		usleep(200000);
	}
}

/* At SIGUSR1 by a child that is reaped at once; then all is over. */
static void do_brief(const char *arg)
{
	sigset_t set;
	int signal;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	printf("holding yes\n");
	fflush(stdout);
	sigwait(&set, &signal);
	pid = fork();
	if (pid == 0) {
		syscall(atoi(arg), -1, -1, -1, -1, -1, -1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void do_ns(const char *arg)
{
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/ns/%s", arg);
	printf("ns:%s %s\n", arg, readlink(path, target, sizeof(target) - 1) < 0 ? "?" : target);
}

static void do_hold(const char *arg)
{
	(void)arg;
	printf("holding yes\n");
	fflush(stdout);
	for (;;) {
		pause();
	}
}

static const struct {
	const char *name;
	void (*run)(const char *arg);
} verbs[] = {
	{ "abstract", do_abstract },
	{ "again", do_again },
	{ "attr", do_attr },
	{ "bind", do_bind },
	{ "brief", do_brief },
	{ "call", do_call },
	{ "create", do_create },
	{ "exec", do_exec },
	{ "hold", do_hold },
	{ "key", do_key },
	{ "line", do_line },
	{ "machine", do_machine },
	{ "mknod", do_mknod },
	{ "ns", do_ns },
	{ "open", do_open },
	{ "policy", do_policy },
	{ "prctl", do_prctl },
	{ "rename", do_rename },
	{ "self", do_self },
	{ "send", do_send },
	{ "signal", do_signal },
};

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t n = strcspn(argv[i], ":");
		size_t v = 0;

		while (v < ELEMENTS(verbs) &&
			(strlen(verbs[v].name) != n || strncmp(verbs[v].name, argv[i], n) != 0)) {
			v++;
		}
		if (v == ELEMENTS(verbs)) {
			printf("what is %s?\n", argv[i]);
			return 2;
		}
		verbs[v].run(argv[i] + n + (argv[i][n] == ':'));
		fflush(stdout);
	}
	printf("done\n");
	return 0;
}
