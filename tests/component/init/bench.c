// SPDX-License-Identifier: MIT
#include "bench.h"

#include "../../unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"

char **bench_programs;
int bench_stderr = -1;
void (*bench_prepare)(struct bench *t);
static char cgroup_base[128];

void start_init(struct bench *t)
{
	char exe[128];

	snprintf(exe, sizeof(exe), "%s/supd-init", t->dir);
	t->init = fork();
	assert_true(t->init >= 0);
	if (t->init == 0) {
		if (bench_stderr >= 0) {
			dup2(bench_stderr, STDERR_FILENO);
		}
		execl(exe, "supd-init", t->dir, t->cgroup, NULL);
		_exit(127);
	}
}

static void drop_channel(struct bench *t)
{
	int *fds[] = { &t->request, &t->event, &t->control, &t->got_fd };

	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		if (*fds[i] >= 0) {
			close(TAKE_FD(*fds[i]));
		}
	}
}

/* Waits for the next supd. */
void meet_supd(struct bench *t)
{
	struct pollfd p = { .fd = t->listener, .events = POLLIN };
	int fds[3];
	size_t n = 3;

	drop_channel(t);
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	AUTO_CLOSE int sock = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(sock >= 0);
	assert_int_equal(fd_recv(sock, &t->supd, sizeof(t->supd), fds, &n, 0), sizeof(t->supd));
	assert_int_equal(n, 3);
	t->request = fds[0];
	t->event = fds[1];
	t->control = fds[2];
}

void next_event(struct bench *t)
{
	struct pollfd p = { .fd = t->event, .events = POLLIN };
	size_t n = 1;

	if (t->got_fd >= 0) {
		close(TAKE_FD(t->got_fd));
	}
	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
	assert_true(fd_recv(t->event, &t->got, sizeof(t->got), &t->got_fd, &n, 0) > 0);
	if (n == 0) {
		t->got_fd = -1;
	}
}

void await(struct bench *t, uint32_t type)
{
	do {
		next_event(t);
	} while (t->got.type != type);
}

const struct wire_proc *await_phase(struct bench *t, uint32_t kind, uint32_t phase)
{
	do {
		await(t, WIRE_EV_PROC);
	} while (t->got.proc.kind != kind || t->got.proc.phase != phase);
	return &t->got.proc;
}

/* HELLO … LISTED of a supd that has just come. */
void greet(struct bench *t)
{
	await(t, WIRE_EV_HELLO);
	await(t, WIRE_EV_LOADED);
	assert_int_equal(t->got.loaded.status, 0);
	assert_true(t->got_fd >= 0);
	t->catalogue = t->got.loaded.catalogue;
}

void ask(struct bench *t, const struct wire_request *q)
{
	assert_int_equal(write(t->request, q, sizeof(*q)), sizeof(*q));
}

void run(struct bench *t, uint32_t entry)
{
	ask(t, &(struct wire_request) { .type = WIRE_RUN,
		       .catalogue = t->catalogue,
		       .entry = entry,
		       .cookie = entry + 100,
		       .note_size = 4,
		       .note = "note" });
}

void forget(struct bench *t, const struct wire_proc *p)
{
	ask(t, &(struct wire_request) { .type = WIRE_FORGET,
		       .slot = p->slot,
		       .kind = p->kind,
		       .run_id = p->run_id });
}

void await_empty(struct bench *t, uint32_t slot)
{
	ask(t, &(struct wire_request) { .type = WIRE_LIST });
	do {
		await(t, WIRE_EV_SLOT);
	} while (t->got.slot.slot != slot || t->got.slot.flags & WIRE_SLOT_POPULATED);
}

static void copy_program(const char *from, const char *dir, const char *name)
{
	char command[512];

	snprintf(command, sizeof(command), "cp '%s' '%s/%s' && chmod 755 '%s/%s'", from, dir, name,
		dir, name);
	assert_int_equal(system(command), 0);
}

int setup(void **state)
{
	static const char *const names[] = { "supd-init", "supd-load", "supd-launch", "supd" };
	struct bench *t = calloc(1, sizeof(*t));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	assert_non_null(t);
	t->request = t->event = t->control = t->got_fd = -1;
	strcpy(t->dir, "/tmp/supd-init-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	assert_int_equal(chmod(t->dir, 0755), 0);
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		copy_program(bench_programs[i], t->dir, names[i]);
	}
	snprintf(t->cgroup, sizeof(t->cgroup), "%s/%s", cgroup_base, strrchr(t->dir, '/') + 1);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/test", t->dir);
	t->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(t->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	assert_int_equal(listen(t->listener, 8), 0);
	if (bench_prepare) {
		bench_prepare(t);
	}
	start_init(t);
	meet_supd(t);
	*state = t;
	return 0;
}

/* Whatever happened: nothing stays in the cgroup, no file, no process. */
int teardown(void **state)
{
	struct bench *t = *state;
	char command[1024];

	drop_channel(t);
	close(t->listener);
	snprintf(command, sizeof(command),
		"test ! -d '%s' || { echo 1 >'%s/cgroup.kill'; for i in $(seq 200); do "
		"grep -q 'populated 0' '%s/cgroup.events' && break; sleep 0.05; done; "
		"find '%s' -depth -type d -exec rmdir {} + ; }; rm -rf '%s'",
		t->cgroup, t->cgroup, t->cgroup, t->cgroup, t->dir);
	int r = system(command);

	if (t->init > 0) {
		kill(t->init, SIGKILL);
		waitpid(t->init, NULL, 0);
	}
	free(t);
	return r;
}

void drain_events(struct bench *t)
{
	struct pollfd p = { .fd = t->event, .events = POLLIN };

	while (poll(&p, 1, 0) == 1) {
		next_event(t);
	}
}

bool bench_find_cgroup(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (size_t i = 0; i < ELEMENTSOF(mounts); i++) {
		if (statfs(mounts[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
			access(mounts[i], W_OK) == 0) {
			strcpy(cgroup_base, mounts[i]);
			return true;
		}
	}
	return false;
}
