// SPDX-License-Identifier: MIT
#include "peers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"

#define DIR_PATH "/run/bench"
#define CALLS    512

const struct peer peers[PEER_COUNT] = {
	{ "bubblewrap", "bwrap", NULL, false },
	{ "bubblewrap, seccomp", "bwrap", NULL, true },
	{ "crun", "crun", DIR_PATH "/plain", false },
	{ "crun, seccomp", "crun", DIR_PATH "/filtered", true },
	{ "runc", "runc", DIR_PATH "/plain", false },
	{ "runc, seccomp", "runc", DIR_PATH "/filtered", true },
};

static char cgroup[64];
static int filter_fd = -1;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

/* What no service needs; about what docker's list leaves out. */
static bool denied(const char *name)
{
	static const char *const words[] = { "mount", "umount", "pivot_root", "kexec", "module",
		"reboot", "swap", "bpf", "keyctl", "add_key", "request_key", "ptrace", "perf_",
		"open_by_handle", "fsopen", "fsconfig", "fspick", "move_mount", "open_tree",
		"userfaultfd", "io_uring", "setns", "unshare", "acct", "iopl", "ioperm", "quotactl",
		"settime", "_sysctl", "nfsservctl", "lookup_dcookie" };

	for (size_t i = 0; i < ELEMENTSOF(words); i++) {
		if (strstr(name, words[i])) {
			return true;
		}
	}
	return false;
}

const char *const *peers_calls(void)
{
	static const char *calls[CALLS + 1];
	size_t n = 0;

	if (calls[0]) {
		return calls;
	}
	for (int i = 0; i < CALLS; i++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		if (name && !denied(name)) {
			calls[n++] = name;
		}
	}
	return calls;
}

static void copy_program(const char *from, const char *to)
{
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;

	must(in >= 0 && out >= 0 && fstat(in, &st) == 0 &&
			sendfile(out, in, NULL, (size_t)st.st_size) == st.st_size,
		to);
}

static const char config_head[] =
	"{\"ociVersion\":\"1.0.0\",\"process\":{\"terminal\":false,\"user\":{\"uid\":1000,"
	"\"gid\":1000},\"args\":[\"/true\",\"x\"],\"env\":[\"PATH=/\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":[],\"effective\":[],\"inheritable\":[],\"permitted\":[],"
	"\"ambient\":[]},\"noNewPrivileges\":true},\"root\":{\"path\":\"" DIR_PATH "/rootfs\","
	"\"readonly\":true},\"mounts\":["
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\","
	"\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":["
	"\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]},"
	"{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":["
	"\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
	"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmp\",\"options\":["
	"\"nosuid\",\"nodev\"]}],"
	"\"linux\":{\"cgroupsPath\":\"/%s/x\",\"uidMappings\":[{\"containerID\":0,"
	"\"hostID\":1879048192,\"size\":65536}],\"gidMappings\":[{\"containerID\":0,"
	"\"hostID\":1879048192,\"size\":65536}],\"namespaces\":[{\"type\":\"user\"},"
	"{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
	"{\"type\":\"cgroup\"}],\"maskedPaths\":[\"/proc/acpi\",\"/proc/kcore\",\"/proc/keys\","
	"\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/sched_debug\",\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/asound\",\"/proc/bus\",\"/proc/fs\",\"/proc/irq\","
	"\"/proc/sys\",\"/proc/sysrq-trigger\"]";

static void write_config(const char *path, bool seccomp)
{
	FILE *f = fopen(path, "we");
	const char *const *calls = peers_calls();

	must(f != NULL, path);
	fprintf(f, config_head, cgroup);
	if (seccomp) {
		fprintf(f, ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":["
			   "\"SCMP_ARCH_X86_64\"],\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\","
			   "\"names\":[");
		for (size_t i = 0; calls[i]; i++) {
			fprintf(f, "%s\"%s\"", i ? "," : "", calls[i]);
		}
		fprintf(f, "]}]}");
	}
	fprintf(f, "}}\n");
	must(fclose(f) == 0, path);
}

static void make_bundles(const char *program)
{
	static const char *const dirs[] = { DIR_PATH, DIR_PATH "/rootfs", DIR_PATH "/rootfs/proc",
		DIR_PATH "/rootfs/dev", DIR_PATH "/rootfs/tmp", DIR_PATH "/plain",
		DIR_PATH "/filtered" };

	for (size_t i = 0; i < ELEMENTSOF(dirs); i++) {
		must(mkdir(dirs[i], 0755) == 0, dirs[i]);
	}
	copy_program(program, DIR_PATH "/rootfs/true");
	write_config(DIR_PATH "/plain/config.json", false);
	write_config(DIR_PATH "/filtered/config.json", true);
}

void peers_enter(const char *program, const void *filter, size_t filter_size)
{
	char path[128];

	snprintf(cgroup, sizeof(cgroup), "bench-%d", (int)getpid());
	must(unshare(CLONE_NEWNS) == 0, "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private /");
	must(mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") == 0, "/run");
	umount2("/sys/fs/cgroup", MNT_DETACH);
	must(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) == 0, "cgroup2");
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", cgroup);
	must(mkdir(path, 0755) == 0, path);
	make_bundles(program);
	filter_fd = memfd_create("filter", 0);
	must(filter_fd >= 0 && write(filter_fd, filter, filter_size) == (ssize_t)filter_size,
		"filter");
}

void peers_leave(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/x", cgroup);
	rmdir(path);
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", cgroup);
	rmdir(path);
}

int peers_time(char *const argv[], usec_t *ret_exec, usec_t *ret_reaped)
{
	int pair[2], status = -1;
	usec_t start;
	char byte;
	pid_t pid;

	must(pipe2(pair, O_CLOEXEC) == 0, "pipe");
	start = now_us();
	pid = fork();
	if (pid == 0) {
		dup2(pair[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(pair[1]);
	bool said = read(pair[0], &byte, 1) == 1;
	*ret_exec = now_us() - start;
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	*ret_reaped = now_us() - start;
	close(pair[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		return 1;
	}
	return status == 0 && said ? 0 : -1;
}

static int run_bwrap(const struct peer *peer, usec_t *ret_exec, usec_t *ret_reaped)
{
	char fd[16];
	char *argv[40] = { "bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc",
		"--unshare-uts", "--unshare-cgroup", "--uid", "1000", "--gid", "1000", "--cap-drop",
		"ALL", "--new-session", "--ro-bind", DIR_PATH "/rootfs", "/", "--proc", "/proc",
		"--dev", "/dev", "--tmpfs", "/tmp" };
	int n = 22;

	if (peer->seccomp) {
		lseek(filter_fd, 0, SEEK_SET);
		snprintf(fd, sizeof(fd), "%d", filter_fd);
		argv[n++] = "--seccomp";
		argv[n++] = fd;
	}
	argv[n++] = "/true";
	argv[n++] = "x";
	return peers_time(argv, ret_exec, ret_reaped);
}

int peers_run(const struct peer *peer, usec_t *ret_exec, usec_t *ret_reaped)
{
	char *argv[] = { (char *)peer->program, "--root", DIR_PATH "/state", "run", "--bundle",
		(char *)peer->bundle, "x", NULL };
	int r = peer->bundle ? peers_time(argv, ret_exec, ret_reaped)
			     : run_bwrap(peer, ret_exec, ret_reaped);

	if (r < 0) {
		fprintf(stderr, "bench: %s failed\n", peer->name);
	}
	return r;
}
