// SPDX-License-Identifier: MIT
#include "catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "../base/stranger.h"
#include "../base/timeutil.h"
#include "slots.h"
#include "spawn.h"
#include "util.h"

#define SETTINGS_ARGS 128u
#define END_WITHIN_US (5 * USEC_PER_SEC)
#define SEALS         (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static const char load_name[] = "supd-load";

int catalog_find(const struct broker *b, uint32_t number)
{
	for (int i = 0; i < (int)LIMIT_CATALOGUES; i++) {
		if (b->t->catalogues[i].used && b->t->catalogues[i].number == number) {
			return i;
		}
	}
	return -ESTALE;
}

bool catalog_has_cause(const struct catalogue *c, const struct wire_cause *cause)
{
	return cause->trigger <= c->header->n_units && cause->monitor <= c->header->n_units &&
	       cause->trigger_entry <= c->header->n_entries;
}

void catalog_drop(struct broker *b, uint32_t index)
{
	struct catalogue_slot *slot = &b->t->catalogues[index];
	struct catalogue *c = &b->catalogues[index];

	if (c->base) {
		munmap((void *)(uintptr_t)c->base, c->size);
	}
	*c = (struct catalogue) { 0 };
	util_close(&slot->plans_fd);
	util_close(&slot->manifest_fd);
	slot->used = false;
	b->supd.catalogue_dirty[index] = false;
}

static int map_plans(int fd, struct catalogue *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (st.st_size <= 0 || (uint64_t)st.st_size > LIMIT_CATALOGUE_BYTES) {
		return -EBADMSG;
	}
	void *base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED) {
		return -errno;
	}
	int r = catalogue_open(base, (size_t)st.st_size, ret);

	if (r < 0) {
		munmap(base, (size_t)st.st_size);
		return r;
	}
	madvise(base, (size_t)st.st_size, MADV_DONTNEED);
	return 0;
}

void catalog_rest(struct broker *b)
{
	for (uint32_t i = 0; i < LIMIT_CATALOGUES; i++) {
		const struct catalogue *c = &b->catalogues[i];

		if (c->base) {
			madvise((void *)(uintptr_t)c->base, c->size, MADV_DONTNEED);
		}
	}
}

void catalog_remap(struct broker *b)
{
	for (uint32_t i = 0; i < LIMIT_CATALOGUES; i++) {
		struct catalogue_slot *slot = &b->t->catalogues[i];

		if (slot->used && map_plans(slot->plans_fd, &b->catalogues[i]) < 0) {
			catalog_drop(b, i);
		}
	}
}

unsigned catalog_count(const struct broker *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LIMIT_CATALOGUES; i++) {
		n += b->t->catalogues[i].used;
	}
	return n;
}

/* Index of the newest catalogue, or -1. */
static int catalog_newest(const struct broker *b)
{
	int best = -1;

	for (int i = 0; i < (int)LIMIT_CATALOGUES; i++) {
		if (b->t->catalogues[i].used &&
			(best < 0 || b->t->catalogues[i].number > b->t->catalogues[best].number)) {
			best = i;
		}
	}
	return best;
}

static int settings_memfd(const struct settings *settings)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);

	if (fd < 0) {
		return -errno;
	}
	int r = fd_write_full(fd, settings, sizeof(*settings));

	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return r < 0 ? r : -errno;
	}
	return fd;
}

static int start_load(struct broker *b)
{
	static const char *const argv[] = { load_name, NULL };
	struct loader *load = &b->load;
	int last = catalog_newest(b), error[2];

	load->plans_fd = memfd_create("plans", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	load->manifest_fd = memfd_create("manifest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	AUTO_CLOSE int settings = settings_memfd(&b->t->settings);

	if (load->plans_fd < 0 || load->manifest_fd < 0 || settings < 0 ||
		pipe2(error, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -errno;
	}
	AUTO_CLOSE int error_write = error[1];
	const struct spawn spawn = {
		.exe_fd = LOW_FD_LOAD,
		.argv = argv,
		.fds = (int[]) { load->plans_fd, load->manifest_fd,
			last < 0 ? -1 : b->t->catalogues[last].plans_fd,
			last < 0 ? -1 : b->t->catalogues[last].manifest_fd, b->idtable_fd,
			settings },
		.n_fds = 6,
		.error_fd = error_write,
		.drop = true,
		.keep_search = true,
		.max_file = LIMIT_CATALOGUE_BYTES,
		.uid = b->t->settings.load_uid,
		.gid = b->t->settings.load_gid,
	};

	load->error_fd = error[0];
	fd_set_nonblock(error_write, 0);
	load->pid = spawn_start(&spawn);
	if (load->pid < 0) {
		int r = load->pid;

		load->pid = 0;
		return r;
	}
	return broker_watch(b, load->error_fd, EPOLLIN, WATCH_LOAD_ERROR, 0);
}

static void close_load(struct broker *b)
{
	util_close(&b->load.plans_fd);
	util_close(&b->load.manifest_fd);
	util_close(&b->load.error_fd);
	grace_end(&b->load.grace);
}

static const char *failure_text(const struct loader *load, int status)
{
	if (load->killed) {
		return "supd-load took too long";
	}
	return status == -EINTR ? "supd-load was killed"
				: "supd-init can not start supd-load, or not take its catalogue";
}

static void report_failure(struct broker *b, int status)
{
	struct loader *load = &b->load;

	load->result.catalogue = CATALOGUE_NONE;
	load->result.status = status;
	/* One line, as it is printed after others. */
	if (load->text_len && load->result.text[load->text_len - 1] == '\n') {
		load->result.text[--load->text_len] = 0;
	}
	load->result.cookie = load->cookie;
	b->supd.load_dirty = true;
	if (!load->result.text[0] || load->killed) {
		util_copy(load->result.text, sizeof(load->result.text), failure_text(load, status));
	}
	util_say("cannot load the units", load->result.text, -status);
}

/*
 * Without any units there is nothing to go on with, and nobody who would ask again: it is tried
 * until it works.
 */
static void finish(struct broker *b, int status)
{
	struct loader *load = &b->load;

	close_load(b);
	load->first_done = true;
	load->timeouts = load->killed ? load->timeouts + 1 : status < 0 ? load->timeouts : 0;
	load->failures = status < 0 ? load->failures + 1 : 0;
	load->retry_at = 0;
	load->backoff_us = status < 0 ? load->backoff_us : 0;
	if (status < 0 && catalog_count(b) == 0) {
		load->backoff_us = load->backoff_us ? load->backoff_us * 2 : USEC_PER_SEC;
		load->backoff_us = load->backoff_us < LIMIT_RESTART_MAX_US ? load->backoff_us
									   : LIMIT_RESTART_MAX_US;
		load->retry_at = now_us() + load->backoff_us;
	}
}

int catalog_load(struct broker *b, uint64_t cookie)
{
	struct loader *load = &b->load;

	if (load->pid) {
		if (load->pending) {
			return -EBUSY;
		}
		load->pending = true;
		load->pending_cookie = cookie;
		return 0;
	}
	memset(&load->result, 0, sizeof(load->result));
	load->text_len = 0;
	if (cookie || !b->supd.load_dirty) {
		load->cookie = cookie; /* else somebody still waits under the last one's */
	}
	load->killed = false;
	load->retry_at = 0;
	b->supd.load_dirty = false; /* what this one brings answers who waits for the last */
	grace_begin(&load->grace,
		grace_limit(LIMIT_LOAD_TIME_US, LIMIT_LOAD_TIME_MAX_US, load->timeouts), now_us());
	if (!b->t->times.load_begin_us) {
		b->t->times.load_begin_us = now_us();
	}
	int r = start_load(b);

	if (r < 0 && !load->pid) {
		report_failure(b, r);
		finish(b, r);
	}
	return 0;
}

void catalog_error_readable(struct broker *b)
{
	struct loader *load = &b->load;
	char rest[512];
	ssize_t n;

	while (load->error_fd >= 0) {
		size_t room = sizeof(load->result.text) - 1 - load->text_len;

		n = room ? read(load->error_fd, load->result.text + load->text_len, room)
			 : read(load->error_fd, rest, sizeof(rest));
		if (n < 0 && errno == EAGAIN) {
			return;
		}
		if (n <= 0) {
			util_close(&load->error_fd);
			return;
		}
		load->text_len += room ? (size_t)n : 0;
	}
}

static int accept_catalogue(struct broker *b)
{
	struct loader *load = &b->load;
	uint32_t i = 0;
	int r;

	if (fcntl(load->plans_fd, F_ADD_SEALS, SEALS) < 0 ||
		fcntl(load->manifest_fd, F_ADD_SEALS, SEALS) < 0) {
		return -errno;
	}
	while (i < LIMIT_CATALOGUES && b->t->catalogues[i].used) {
		i++;
	}
	if (i == LIMIT_CATALOGUES) {
		return -ENOSPC; /* supd drops the oldest, then loads again */
	}
	r = map_plans(load->plans_fd, &b->catalogues[i]);
	if (r < 0) {
		return r;
	}
	b->t->catalogues[i] = (struct catalogue_slot) {
		.used = true,
		.number = b->t->next_catalogue++,
		.cookie = load->cookie,
		.plans_fd = TAKE_FD(load->plans_fd),
		.manifest_fd = TAKE_FD(load->manifest_fd),
	};
	b->supd.catalogue_dirty[i] = true;
	b->supd.load_dirty = false;
	return 0;
}

void catalog_ended(struct broker *b, uint32_t code, uint32_t status)
{
	struct loader *load = &b->load;
	int r;

	load->pid = 0;
	if (!b->t->times.load_end_us) {
		b->t->times.load_end_us = now_us();
	}
	catalog_error_readable(b);
	if (code != CLD_EXITED) {
		r = load->killed ? -ETIMEDOUT : -EINTR;
	} else {
		r = status == 0 ? accept_catalogue(b) : -EINVAL;
	}
	if (r < 0) {
		report_failure(b, r);
	}
	finish(b, r);
	if (load->pending) {
		load->pending = false;
		catalog_load(b, load->pending_cookie);
	}
}

void catalog_tick(struct broker *b, uint64_t now)
{
	struct loader *load = &b->load;

	if (load->retry_at && now >= load->retry_at && b->phase != PHASE_FINAL) {
		catalog_load(b, 0);
		return;
	}
	if (!load->pid || !grace_is_over(&load->grace, now)) {
		return;
	}
	if (!load->killed) {
		load->killed = true;
		kill(load->pid, SIGKILL);
		grace_begin(&load->grace, END_WITHIN_US, now);
	} else {
		catalog_ended(b, CLD_KILLED, SIGKILL); /* it hangs in the kernel: left alone */
	}
}

void catalog_deadline(const struct broker *b, uint64_t *at)
{
	grace_deadline(&b->load.grace, at);
	util_sooner(at, b->load.pid ? 0 : b->load.retry_at);
}

static int settings_check(const struct settings *s)
{
	const char *const paths[] = { s->runtime_dir, s->state_dir, s->log_dir };

	if (s->magic != SETTINGS_MAGIC || s->version != SETTINGS_VERSION) {
		return -EBADMSG;
	}
	for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
		if (paths[i][0] != '/' || strnlen(paths[i], SETTINGS_PATH) >= SETTINGS_PATH - 32) {
			return -ENAMETOOLONG;
		}
	}
	if (strnlen(s->cgroup, SETTINGS_PATH) == SETTINGS_PATH ||
		(s->cgroup[0] && s->cgroup[0] != '/') || s->n_units > SETTINGS_UNITS ||
		!s->supd_uid || !s->load_uid || !s->log_uid || s->n_masks > SETTINGS_MASKS ||
		strnlen(s->notify_path, SETTINGS_PATH) == SETTINGS_PATH) {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < s->n_units; i++) {
		if (strnlen(s->units[i], sizeof(s->units[i])) == sizeof(s->units[i])) {
			return -EINVAL;
		}
	}
	return 0;
}

/* SIGCHLD is blocked: one of another child, too, makes us look. */
static pid_t wait_graced(pid_t pid, uint64_t limit_us, int *ret_status)
{
	const struct timespec slice = { .tv_nsec = LIMIT_GRACE_SLICE_US * 1000 };
	struct grace grace;
	sigset_t child;
	pid_t got;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	grace_begin(&grace, limit_us, now_us());
	while ((got = waitpid(pid, ret_status, WNOHANG)) == 0 && !grace_is_over(&grace, now_us())) {
		sigtimedwait(&child, NULL, &slice);
	}
	return got < 0 ? -errno : got;
}

/* Who does not even die hangs in the kernel: it is left alone, and reaped when it ends. */
static int await_settings(pid_t pid, uint64_t limit_us, int *ret_status)
{
	pid_t got = wait_graced(pid, limit_us, ret_status);

	if (got != 0) {
		return got < 0 ? (int)got : 0;
	}
	kill(pid, SIGKILL);
	wait_graced(pid, END_WITHIN_US, ret_status);
	return -ETIMEDOUT;
}

static int make_settings(char **argv, bool machine, uint64_t limit_us, struct settings *ret)
{
	const char *args[SETTINGS_ARGS] = { load_name, "--settings", "--" };
	char *nothing[] = { NULL, NULL };
	AUTO_CLOSE int fd = memfd_create("settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r, status = 0;
	size_t n = 3;

	if (machine) {
		/* What the kernel hands us as arguments is on its command line too. */
		args[1] = "--machine";
		args[2] = NULL;
		argv = nothing;
	}
	for (char **arg = argv + 1; *arg; arg++) {
		if (n == SETTINGS_ARGS - 1) {
			return -E2BIG;
		}
		args[n++] = *arg;
	}
	const struct spawn spawn = {
		.exe_fd = LOW_FD_LOAD,
		.argv = args,
		.fds = (int[]) { -1, -1, -1, -1, -1, fd },
		.n_fds = 6,
		.error_fd = -1,
		.drop = true,
		.keep_search = true,
		.uid = STRANGER_ID, /* the settings say who supd-load is from then on */
		.gid = STRANGER_ID,
	};
	pid_t pid = fd < 0 ? -errno : spawn_start(&spawn);

	if (pid < 0) {
		return pid;
	}
	r = await_settings(pid, limit_us, &status);
	if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		return r < 0 ? r : WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
	}
	if (pread(fd, ret, sizeof(*ret), 0) != (ssize_t)sizeof(*ret)) {
		return -EBADMSG;
	}
	return settings_check(ret);
}

int catalog_settings(char **argv, bool machine, struct settings *ret)
{
	int r = -EINTR;

	for (uint32_t i = 0; i < LIMIT_SETTINGS_TRIES && (r == -EINTR || r == -ETIMEDOUT); i++) {
		if (i > 0) {
			util_say("supd-load has made no settings and is tried again", NULL, -r);
		}
		r = make_settings(argv, machine,
			grace_limit(LIMIT_LOAD_TIME_US, LIMIT_LOAD_TIME_MAX_US, i), ret);
	}
	return r;
}
