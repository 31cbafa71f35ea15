// SPDX-License-Identifier: MIT
#include "fakeinit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/sysx.h"
#include "../../../runtime/base/timeutil.h"

static int open_program(const char *dir, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Out of the way of LAUNCH_FD, which the child overwrites. */
	return fd < 0 ? -errno : fcntl(fd, F_DUPFD_CLOEXEC, 16);
}

/* The v2 tree, alone or beside v1. */
static const char *cgroup_root(void)
{
	return access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup"
								: "/sys/fs/cgroup/unified";
}

int fake_init(struct fake *f, const char *build_dir)
{
	memset(f, 0, sizeof(*f));
	memset(f->held, 0xff, sizeof(f->held));
	f->plans = -1;
	f->launcher_fd = open_program(build_dir, "supd-launch");
	f->nsinit_fd = open_program(build_dir, "supd-nsinit");
	snprintf(f->cgroup, sizeof(f->cgroup), "%s/launch-test-%d", cgroup_root(), (int)getpid());
	strcpy(f->dir, "/tmp/launch-test-XXXXXX");
	if (f->launcher_fd < 0 || f->nsinit_fd < 0 || mkdir(f->cgroup, 0755) < 0 ||
		!mkdtemp(f->dir) || chmod(f->dir, 0755) < 0) {
		return -errno;
	}
	f->cgroup_fd = open(f->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	f->cgroups_fd = open(cgroup_root(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->cgroup_fd < 0 || f->cgroups_fd < 0 ? -errno : 0;
}

static void remove_tree(const char *dir)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", dir);
	if (system(command) != 0) {
		fprintf(stderr, "%s stays\n", dir);
	}
}

void fake_fini(struct fake *f)
{
	const char *name = strrchr(f->cgroup, '/') + 1;
	int fd = openat(f->cgroup_fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "1", 1);
		close(fd);
	}
	if (f->stem > 0) {
		close(f->stem_sock);
	}
	while (waitpid(-1, NULL, 0) > 0) {
	}
	for (int i = 0;
		i < 1000 && unlinkat(f->cgroups_fd, name, AT_REMOVEDIR) < 0 && errno == EBUSY;
		i++) {
		usleep(1000); /* a killed process leaves its cgroup a moment after its reaping */
	}
	close(f->cgroup_fd);
	close(f->cgroups_fd);
	close(f->launcher_fd);
	close(f->nsinit_fd);
	close(f->plans);
	remove_tree(f->dir);
}

int fake_compile(struct fake *f, const struct plan *plan)
{
	struct catalogue_unit_spec spec = {
		.name = plan->unit,
		.cgroup = "test",
		.flags = f->unit_flags,
	};
	struct catalogue_builder b = { 0 };
	struct catalogue_blob_cache cache = { 0 };
	struct tlv_buf buf = { 0 };
	struct plan copy = *plan;
	int64_t r = catalogue_add_unit(&b, &spec);

	if (f->filter) {
		copy.seccomp_offset =
			(uint64_t)catalogue_add_blob(&b, &cache, f->filter, f->filter_size);
		copy.seccomp_size = f->filter_size;
	}
	r = r < 0 ? r : plan_encode(&buf, &copy);
	r = r < 0 ? r : catalogue_add_entry(&b, 0, ENTRY_MAIN, 0, &buf);
	if (f->plans >= 0) {
		close(f->plans);
	}
	f->plans = memfd_create("plans", MFD_CLOEXEC);
	r = r < 0 ? r
		  : catalogue_write(
			    &b, &(struct file_stamp) { 0 }, &(struct file_stamp) { 0 }, f->plans);
	catalogue_builder_fini(&b);
	tlv_buf_fini(&buf);
	return (int)r;
}

static int send_job(struct fake *f, int sock)
{
	struct launch_fds m = { .magic = LAUNCH_MAGIC };
	struct launch_job job = f->job;
	int fds[LIMIT_SCM_FDS], r;

	f->held[LAUNCH_TAG_PLANS] = f->plans;
	f->held[LAUNCH_TAG_CGROUP] = f->cgroup_fd;
	f->held[LAUNCH_TAG_NSINIT] = f->nsinit_fd;
	for (uint32_t tag = 0; tag < LAUNCH_TAG_COUNT; tag++) {
		if (f->held[tag] >= 0) {
			m.tags[m.n] = tag;
			fds[m.n++] = f->held[tag];
		}
	}
	job.magic = LAUNCH_MAGIC;
	job.n_fds = m.n;
	r = fd_send(sock, &job, sizeof(job), NULL, 0, 0);
	return r < 0 ? r : fd_send(sock, &m, sizeof(m), fds, m.n, 0);
}

/* The stem, as supd-init has it; it lives as long as f. */
static int start_stem(struct fake *f)
{
	int ends[2];
	pid_t pid;

	if (f->stem > 0) {
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		return -errno;
	}
	pid = vfork();
	if (pid == 0) {
		static char *const argv[] = { "supd-launch", NULL };
		static char *const envp[] = { NULL };

		if (dup2(ends[1], LAUNCH_FD) < 0) {
			_exit(126);
		}
		if (ends[1] == LAUNCH_FD) {
			fcntl(LAUNCH_FD, F_SETFD, 0);
		}
		sysx_execveat(f->launcher_fd, "", argv, envp, AT_EMPTY_PATH);
		_exit(127);
	}
	close(ends[1]);
	f->stem_sock = ends[0];
	f->stem = pid;
	return pid < 0 ? -errno : 0;
}

static int ask_stem(struct fake *f, int theirs, int *ret_launcher)
{
	struct launch_more more = { .magic = LAUNCH_MAGIC };
	int r = fd_send(f->stem_sock, &more, sizeof(more), &theirs, 1, 0);

	if (r < 0) {
		return r;
	}
	if (recv(f->stem_sock, &more, sizeof(more), 0) != (ssize_t)sizeof(more)) {
		return -EPIPE;
	}
	*ret_launcher = more.pid;
	return more.pid < 0 ? more.pid : 0;
}

int fake_start(struct fake *f, int *ret_sock, int *ret_launcher)
{
	int ends[2], one = 1;
	int r = start_stem(f);

	if (r < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		return r < 0 ? r : -errno;
	}
	setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	r = ask_stem(f, ends[1], ret_launcher);
	r = r < 0 ? r : send_job(f, ends[0]);
	close(ends[1]);
	*ret_sock = ends[0];
	return r;
}

static void take_control(struct msghdr *msg, const struct launch_report *r, struct outcome *o)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_type == SCM_CREDENTIALS && r->type == LAUNCH_PAYLOAD) {
			struct ucred cred;

			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			o->payload = cred.pid;
		}
		if (c->cmsg_type == SCM_RIGHTS) {
			for (uint32_t i = 0; i < r->n_tags; i++) {
				memcpy(&o->got[r->tags[i]], CMSG_DATA(c) + i * sizeof(int),
					sizeof(int));
			}
		}
	}
}

static int receive(int sock, struct outcome *o)
{
	struct launch_report r;
	struct iovec iov = { &r, sizeof(r) };
	_Alignas(8) char control[256];
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	if (n <= 0) {
		o->execed_us = o->execed_us ? o->execed_us : now_us();
		/* Reset: the launcher died with its job unread. */
		return n < 0 && errno != ECONNRESET ? -errno : 0;
	}
	take_control(&msg, &r, o);
	if (r.type == LAUNCH_EXECED) {
		o->execed_us = now_us();
	}
	if (r.type == LAUNCH_CHILD) {
		o->child = r.value;
	}
	if (o->n_reports < 16) {
		o->reports[o->n_reports++] = r;
	}
	return 1;
}

int fake_collect(int sock, int launcher, struct outcome *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	memset(ret->got, 0xff, sizeof(ret->got));
	do {
		r = receive(sock, ret);
	} while (r > 0);
	close(sock);
	waitpid(launcher, &ret->launcher_status, 0);
	if (ret->child > 0) {
		waitpid(ret->child, &ret->child_status, __WALL);
	}
	return r;
}

int fake_run(struct fake *f, struct outcome *ret)
{
	int sock, launcher;
	int r = fake_start(f, &sock, &launcher);

	return r < 0 ? r : fake_collect(sock, launcher, ret);
}

void outcome_fini(struct outcome *o)
{
	for (int i = 0; i < LAUNCH_TAG_COUNT; i++) {
		if (o->got[i] >= 0) {
			close(o->got[i]);
		}
	}
}

const struct launch_report *outcome_find(const struct outcome *o, enum launch_report_type type)
{
	for (uint32_t i = 0; i < o->n_reports; i++) {
		if (o->reports[i].type == type) {
			return &o->reports[i];
		}
	}
	return NULL;
}
