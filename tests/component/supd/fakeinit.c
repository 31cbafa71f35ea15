// SPDX-License-Identifier: MIT
#include "fakeinit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../runtime/base/cleanup.h"
#include "../../../runtime/base/fd.h"
#include "../../../runtime/base/timeutil.h"
#include "../../unit/test.h"

#define DEADLINE_US (60u * USEC_PER_SEC)
#define POLL_MS     50

static int make_memfd(const struct manifest *m)
{
	struct tlv_buf buf = { 0 };
	int fd = memfd_create("manifest", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(manifest_encode(&buf, m), 0);
	assert_int_equal(fd_write_full(fd, buf.data, buf.len), 0);
	tlv_buf_fini(&buf);
	assert_int_equal(
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
		0);
	return fd;
}

static int make_listener(const char *dir)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/systemd", dir);
	assert_int_equal(mkdir(sa.sun_path, 0755), 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/systemd/private", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(chmod(sa.sun_path, 0666), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

void fake_init(struct fake *f, const char *supd, const struct manifest *m)
{
	*f = (struct fake) { .supd = supd, .pid = 0, .request = -1, .event = -1, .next_run_id = 1 };
	strcpy(f->dir, "/tmp/supd-component-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chmod(f->dir, 0755), 0);
	f->log = calloc(1, FAKE_LOG);
	assert_non_null(f->log);
	f->manifest = make_memfd(m);
	f->listener = make_listener(f->dir);
	f->n_units = m->units.n;
	for (uint32_t i = 0; i < m->units.n; i++) {
		f->unit_names[i] = manifest_unit_at(m, i)->name;
	}
	signal(SIGPIPE, SIG_IGN);
}

void fake_fini(struct fake *f)
{
	char path[128];

	if (f->pid > 0) {
		fake_kill_supd(f);
	}
	for (uint32_t i = 0; i < FAKE_SLOTS; i++) {
		if (f->slots[i].used) {
			close(f->slots[i].notify[0]);
			close(f->slots[i].notify[1]);
		}
	}
	for (uint32_t i = 0; i < FAKE_PARKS; i++) {
		if (f->parks[i].used) {
			close(f->parks[i].peek);
		}
	}
	close(f->listener);
	close(f->manifest);
	free(f->log);
	snprintf(path, sizeof(path), "%s/systemd/private", f->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/systemd", f->dir);
	rmdir(path);
	rmdir(f->dir);
}

static void send_event(struct fake *f, const struct wire_event *e, int fd)
{
	int r;

	do {
		struct pollfd p = { .fd = f->event, .events = POLLOUT };

		r = fd_send(f->event, e, wire_event_size(e->type), &fd, fd >= 0 ? 1 : 0, 0);
		if (r == -EAGAIN) {
			poll(&p, 1, POLL_MS);
		}
	} while (r == -EAGAIN);
}

static void send_loaded(struct fake *f, uint64_t cookie)
{
	struct wire_event e = { .type = WIRE_EV_LOADED };

	e.loaded.catalogue = f->load_fails ? CATALOGUE_NONE : f->catalogues;
	e.loaded.cookie = cookie;
	e.loaded.status = f->load_fails ? -ETIMEDOUT : 0;
	send_event(f, &e, f->load_fails ? -1 : f->manifest);
}

void fake_load_again(struct fake *f)
{
	send_loaded(f, 0);
}

static void send_slot(struct fake *f, struct fake_slot *s)
{
	struct wire_event e = { .type = WIRE_EV_SLOT, .slot = s->state };
	bool with_fd = !s->notify_sent && !(s->state.flags & WIRE_SLOT_GONE);

	if (with_fd) {
		e.slot.flags |= WIRE_SLOT_HAS_NOTIFY;
	}
	s->notify_sent |= with_fd;
	send_event(f, &e, with_fd ? s->notify[0] : -1);
}

static void send_proc(struct fake *f, struct fake_slot *s, uint32_t kind)
{
	struct wire_event e = { .type = WIRE_EV_PROC, .proc = s->procs[kind] };

	send_event(f, &e, -1);
}

struct fake_slot *fake_slot_of(struct fake *f, uint32_t unit)
{
	for (uint32_t i = 0; i < FAKE_SLOTS; i++) {
		if (f->slots[i].used && f->slots[i].unit == unit) {
			return &f->slots[i];
		}
	}
	return NULL;
}

static struct fake_slot *make_slot(struct fake *f, uint32_t unit)
{
	int on = 1;

	assert_true(unit < f->n_units);
	for (uint32_t i = 0; i < FAKE_SLOTS; i++) {
		struct fake_slot *s = &f->slots[i];

		if (s->used) {
			continue;
		}
		*s = (struct fake_slot) { .used = true, .unit = unit };
		s->state.slot = i;
		strncpy(s->state.name, f->unit_names[unit], sizeof(s->state.name) - 1);
		assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s->notify), 0);
		setsockopt(s->notify[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			s->procs[k].slot = i;
			s->procs[k].kind = k;
		}
		return s;
	}
	fail_msg("out of slots");
	return NULL;
}

static void keep_note(struct fake_slot *s, const struct wire_request *q)
{
	if (q->note_size) {
		s->state.note_size = q->note_size;
		memcpy(s->state.note, q->note, q->note_size);
	}
}

static void on_run(struct fake *f, const struct wire_request *q)
{
	struct fake_slot *s;
	struct wire_proc *p;

	assert_true(q->entry < f->n_units);
	s = fake_slot_of(f, q->entry);
	s = s ? s : make_slot(f, q->entry);
	keep_note(s, q);
	f->runs[q->entry]++;
	if (f->hold_starts) {
		return;
	}
	p = &s->procs[ENTRY_MAIN];
	assert_int_equal(p->phase, WIRE_PHASE_FREE);
	p->phase = WIRE_PHASE_RUNNING;
	p->flags = WIRE_PROC_EXECED;
	p->run_id = f->next_run_id++;
	p->cookie = q->cookie;
	p->catalogue = q->catalogue;
	p->entry = q->entry;
	p->pid = getpid();
	p->start_us = p->exec_us = now_us();
	s->state.flags = WIRE_SLOT_POPULATED;
	memset(s->state.invocation_id, (int)p->run_id, 16);
	send_slot(f, s);
	send_proc(f, s, ENTRY_MAIN);
}

void fake_exit_main(struct fake *f, uint32_t unit, uint32_t code, uint32_t status)
{
	struct fake_slot *s = fake_slot_of(f, unit);
	struct wire_proc *p;

	assert_non_null(s);
	p = &s->procs[ENTRY_MAIN];
	p->phase = WIRE_PHASE_EXITED;
	p->exit_code = code;
	p->exit_status = status;
	p->exit_us = now_us();
	s->state.flags &= ~(uint32_t)WIRE_SLOT_POPULATED;
	send_proc(f, s, ENTRY_MAIN);
	send_slot(f, s);
}

static void on_signal(struct fake *f, const struct wire_request *q)
{
	struct fake_slot *s = &f->slots[q->slot];
	bool harmless = q->type == WIRE_SIGNAL && q->number == SIGCONT;
	char byte;

	if (!harmless) {
		f->signals++;
		f->signal_had_queued =
			recv(s->notify[0], &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) >= 0;
	}
	if (s->used && s->procs[ENTRY_MAIN].phase == WIRE_PHASE_RUNNING && !harmless) {
		fake_exit_main(f, s->unit, CLD_KILLED,
			q->type == WIRE_SIGNAL ? (uint32_t)q->number : SIGKILL);
	}
}

static void on_forget(struct fake *f, const struct wire_request *q)
{
	struct fake_slot *s = &f->slots[q->slot];

	assert_true(s->used);
	assert_int_equal(s->procs[q->kind].run_id, q->run_id);
	keep_note(s, q);
	s->procs[q->kind].phase = WIRE_PHASE_FREE;
	send_proc(f, s, q->kind);
}

static void on_release(struct fake *f, const struct wire_request *q)
{
	struct fake_slot *s = &f->slots[q->slot];

	keep_note(s, q);
	if (q->params.flags & WIRE_RELEASE_KEEP_NOTE) {
		s->state.flags = WIRE_SLOT_BARE;
		send_slot(f, s);
		s->notify_sent = false;
		return;
	}
	s->state.flags = WIRE_SLOT_GONE;
	send_slot(f, s);
	close(s->notify[0]);
	close(s->notify[1]);
	s->used = false;
}

static void on_note(struct fake *f, const struct wire_request *q)
{
	struct fake_slot *s;

	if (q->slot != WIRE_SLOT_NONE) {
		keep_note(&f->slots[q->slot], q);
		return;
	}
	s = fake_slot_of(f, q->entry);
	s = s ? s : make_slot(f, q->entry);
	s->state.flags |= s->procs[ENTRY_MAIN].run_id ? 0 : WIRE_SLOT_BARE;
	keep_note(s, q);
	send_slot(f, s);
}

static void on_load(struct fake *f, const struct wire_request *q)
{
	f->catalogues++;
	send_loaded(f, q->cookie);
}

/* A parking place: the push end goes to supd, what it pushes waits at the peek end. */
static void on_store_new(struct fake *f, const struct wire_request *q)
{
	struct wire_event e = { .type = WIRE_EV_PARK };
	uint32_t i = 0;
	int pair[2];

	if (f->hold_parks) {
		f->parks_held++;
		f->held_park = *q;
		return;
	}
	while (i < FAKE_PARKS && f->parks[i].used) {
		i++;
	}
	assert_true(i < FAKE_PARKS);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	f->parks[i].used = true;
	f->parks[i].slot = q->slot;
	f->parks[i].peek = pair[1];
	e.park.slot = q->slot;
	e.park.park = i;
	e.park.has_push = 1;
	send_event(f, &e, pair[0]);
	close(pair[0]);
}

void fake_let_park(struct fake *f)
{
	f->hold_parks = false;
	for (; f->parks_held; f->parks_held--) {
		on_store_new(f, &f->held_park);
	}
}

static void on_store_drop(struct fake *f, const struct wire_request *q)
{
	assert_true(q->entry < FAKE_PARKS && f->parks[q->entry].used);
	close(f->parks[q->entry].peek);
	f->parks[q->entry].used = false;
}

static void list_parks(struct fake *f)
{
	struct wire_event e = { .type = WIRE_EV_PARK };

	for (uint32_t i = 0; i < FAKE_PARKS; i++) {
		if (f->parks[i].used) {
			e.park.slot = f->parks[i].slot;
			e.park.park = i;
			e.park.has_peek = 1;
			send_event(f, &e, f->parks[i].peek);
		}
	}
}

static void on_list(struct fake *f, const struct wire_request *q)
{
	struct wire_event e = { .type = WIRE_EV_LISTED };

	(void)q;
	send_loaded(f, 0);
	for (uint32_t i = 0; i < FAKE_SLOTS; i++) {
		if (!f->slots[i].used) {
			continue;
		}
		send_slot(f, &f->slots[i]);
		for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
			send_proc(f, &f->slots[i], k);
		}
	}
	list_parks(f);
	send_event(f, &e, -1);
}

static void on_pong(struct fake *f, const struct wire_request *q)
{
	f->ready |= q->params.flags & 1;
}

static void on_status(struct fake *f, const struct wire_request *q)
{
	memcpy(f->counts, q->counts, sizeof(f->counts));
	f->statuses++;
}

static void on_power(struct fake *f, const struct wire_request *q)
{
	f->power_asked = true;
	f->power = q->kind;
	f->power_number = q->number;
	f->power_status = q->params.exit_status;
}

static void (*const handlers[WIRE_REQUEST_COUNT])(struct fake *, const struct wire_request *) = {
	[WIRE_RUN] = on_run,
	[WIRE_SIGNAL] = on_signal,
	[WIRE_KILL_ALL] = on_signal,
	[WIRE_FORGET] = on_forget,
	[WIRE_RELEASE] = on_release,
	[WIRE_NOTE] = on_note,
	[WIRE_LOAD] = on_load,
	[WIRE_LIST] = on_list,
	[WIRE_PONG] = on_pong,
	[WIRE_STORE_NEW] = on_store_new,
	[WIRE_STORE_DROP] = on_store_drop,
	[WIRE_POWER] = on_power,
	[WIRE_STATUS] = on_status,
};

static void serve(struct fake *f, const void *record, size_t size)
{
	const struct wire_log *log = record;
	const struct wire_request *q = record;

	if (wire_request_check(record, size) < 0) {
		f->malformed++;
		return;
	}
	if (q->type != WIRE_LOG) {
		if (handlers[q->type]) {
			handlers[q->type](f, q);
		}
		return;
	}
	if (f->log_size + log->size < FAKE_LOG) {
		memcpy(f->log + f->log_size, log->data, log->size);
		f->log_size += log->size;
	}
}

/* Serves what is there, waits a little when nothing is. */
static void pump(struct fake *f)
{
	union {
		struct wire_request q;
		struct wire_log log;
		char bytes[PIPE_BUF];
	} record;
	struct pollfd p = { .fd = f->request, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, POLL_MS) <= 0) {
		return;
	}
	while ((n = read(f->request, &record, sizeof(record))) > 0) {
		serve(f, &record, (size_t)n);
	}
}

void fake_pump_until(struct fake *f, bool (*condition)(struct fake *f, void *user), void *user)
{
	usec_t end = now_us() + DEADLINE_US;

	while (!condition(f, user)) {
		if (now_us() > end || waitpid(f->pid, NULL, WNOHANG) == f->pid) {
			fprintf(stderr, "log of supd:\n%.*s\n", (int)f->log_size, f->log);
			fail_msg("condition not reached");
		}
		pump(f);
	}
}

void fake_pump_for(struct fake *f, uint64_t time_us)
{
	usec_t end = now_us() + time_us;

	while (now_us() < end) {
		pump(f);
	}
}

static void exec_supd(struct fake *f, int request, int event)
{
	int fds[] = { request, event, f->listener };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* out of the way of 3–5 first */
	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD, 20);
	}
	for (int i = 0; i < 3; i++) {
		dup2(fds[i], 3 + i);
		close(fds[i]);
	}
	execl(f->supd, "supd", NULL);
	_exit(127);
}

void fake_start_supd(struct fake *f, const char *first_unit)
{
	struct wire_event e = { .type = WIRE_EV_HELLO };
	int request[2], event[2];

	assert_int_equal(pipe2(request, O_CLOEXEC | O_DIRECT), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, event), 0);
	f->pid = fork();
	assert_true(f->pid >= 0);
	if (f->pid == 0) {
		exec_supd(f, request[1], event[1]);
	}
	close(request[1]);
	close(event[1]);
	f->request = request[0];
	f->event = event[0];
	assert_int_equal(fd_set_nonblock(f->request, 1), 0);
	for (uint32_t i = 0; i < FAKE_SLOTS; i++) {
		f->slots[i].notify_sent = false;
	}
	e.hello.version = WIRE_VERSION;
	e.hello.generation = ++f->generation;
	e.hello.asked = f->generation > 1 && !f->unasked;
	e.hello.log_level = 6;
	e.hello.pid1 = f->pid1;
	snprintf(e.hello.runtime_dir, sizeof(e.hello.runtime_dir), "%s", f->dir);
	snprintf(e.hello.cgroup_root, sizeof(e.hello.cgroup_root), "%s", f->dir);
	if (first_unit) {
		e.hello.n_units = 1;
		snprintf(e.hello.units[0], sizeof(e.hello.units[0]), "%s", first_unit);
	}
	send_event(f, &e, -1);
	on_list(f, NULL);
}

void fake_kill_supd(struct fake *f)
{
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	f->pid = 0;
	close(f->request);
	close(f->event);
}

static void exec_command(struct fake *f, uid_t uid, int output, char *const argv[])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (uid != 0 && setuid(uid) < 0) {
		_exit(126);
	}
	setenv("XDG_RUNTIME_DIR", f->dir, 1);
	setenv("SYSTEMD_PAGER", "", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	execvp(argv[0], argv);
	_exit(127);
}

int fake_command_as(struct fake *f, uid_t uid, char *const argv[], char *buf, size_t size)
{
	int output = memfd_create("output", MFD_CLOEXEC), status = 0;
	usec_t end = now_us() + DEADLINE_US;
	pid_t pid = fork();
	ssize_t n;

	assert_true(output >= 0 && pid >= 0);
	if (pid == 0) {
		exec_command(f, uid, output, argv);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_us() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fprintf(stderr, "log of supd:\n%.*s\n", (int)f->log_size, f->log);
			fail_msg("%s %s does not end", argv[0], argv[1]);
		}
		pump(f);
	}
	lseek(output, 0, SEEK_SET);
	n = fd_read_full(output, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(output);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int fake_command(struct fake *f, char *const argv[], char *buf, size_t size)
{
	return fake_command_as(f, 0, argv, buf, size);
}

void fake_notify(struct fake *f, uint32_t unit, const char *text, int fd)
{
	struct fake_slot *s = fake_slot_of(f, unit);

	assert_non_null(s);
	assert_int_equal(
		fd_send(s->notify[1], text, strlen(text), &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT), 0);
}
