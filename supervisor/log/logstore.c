// SPDX-License-Identifier: MIT
#include "logstore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "../../runtime/base/limits.h"
#include "../../runtime/base/timeutil.h"

#define OWN_PRIORITY   4    /* warning */
#define RECORD_FIXED   256u /* header, identifier, padding */
#define OWN_IDENTIFIER "supd-log"
#define PATH_SIZE      (LIMIT_UNIT_NAME + LOGFILE_NAME + 1)

static size_t bucket_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++) {
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	}
	return hash % LOGSTORE_BUCKETS;
}

/* Streams may take all descriptors: what they say must still find one for its file. */
static void reserve_fill(struct logstore *s)
{
	for (size_t i = 0; i < LOGSTORE_RESERVE; i++) {
		if (s->reserve[i] < 0) {
			s->reserve[i] = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
	}
}

static void reserve_drop(struct logstore *s)
{
	for (size_t i = 0; i < LOGSTORE_RESERVE; i++) {
		cleanup_close(&s->reserve[i]);
		s->reserve[i] = -1;
	}
}

struct logstore *logstore_new(int dir)
{
	struct logstore *s = calloc(1, sizeof(*s));

	if (s) {
		s->dir = dir;
		memset(s->reserve, 0xff, sizeof(s->reserve));
		reserve_fill(s);
	}
	return s;
}

static void unit_close(struct logstore *s, struct logunit *u)
{
	if (u->fd >= 0) {
		close(u->fd);
		u->fd = -1;
		s->n_open--;
	}
}

static void unit_free(struct logstore *s, struct logunit *u)
{
	unit_close(s, u);
	free(u->name);
	free(u);
	s->n_units--;
}

void logstore_free(struct logstore *s)
{
	if (!s) {
		return;
	}
	for (size_t i = 0; i < LOGSTORE_BUCKETS; i++) {
		while (s->buckets[i]) {
			struct logunit *u = s->buckets[i];

			s->buckets[i] = u->next;
			unit_free(s, u);
		}
	}
	reserve_drop(s);
	free(s);
}

static struct logunit *unit_new(struct logstore *s, const char *name)
{
	AUTO_FREE struct logunit *u = calloc(1, sizeof(*u));
	size_t bucket = bucket_of(name);

	if (!u) {
		return NULL;
	}
	u->name = strdup(name);
	if (!u->name) {
		return NULL;
	}
	u->fd = -1;
	u->next = s->buckets[bucket];
	s->buckets[bucket] = u;
	s->n_units++;
	return TAKE_PTR(u);
}

static struct logunit *unit_find(struct logstore *s, const char *name)
{
	struct logunit *u = s->buckets[bucket_of(name)];

	while (u && strcmp(u->name, name) != 0) {
		u = u->next;
	}
	return u;
}

static bool unit_is_idle(const struct logunit *u)
{
	return u->refs == 0 && u->lost == 0 && u->rate.suppressed == 0;
}

/* Forgets every unit that nobody holds and that has nothing to report. */
static void forget_idle(struct logstore *s)
{
	logstore_flush(s);
	for (size_t i = 0; i < LOGSTORE_BUCKETS; i++) {
		struct logunit **at = &s->buckets[i];

		while (*at) {
			struct logunit *u = *at;

			if (unit_is_idle(u)) {
				*at = u->next;
				unit_free(s, u);
			} else {
				at = &u->next;
			}
		}
	}
}

struct logunit *logstore_ref(struct logstore *s, const char *unit)
{
	const char *name = logfile_directory(unit);
	struct logunit *u = unit_find(s, name);

	if (!u && s->n_units >= LIMIT_SLOTS) {
		forget_idle(s);
	}
	if (!u && s->n_units >= LIMIT_SLOTS) {
		name = LOG_UNIT_NONE; /* the one unit over the bound */
		u = unit_find(s, name);
	}
	if (!u) {
		u = unit_new(s, name);
	}
	if (u) {
		u->refs++;
	}
	return u;
}

void logstore_unref(struct logstore *s, struct logunit *unit)
{
	if (s->batch_unit == unit) {
		logstore_flush(s);
	}
	unit->refs--;
}

/* ---- files ---- */

static void path_of(const struct logunit *u, uint64_t number, char path[PATH_SIZE])
{
	size_t n = strlen(u->name);

	memcpy(path, u->name, n);
	path[n] = '/';
	logfile_name(number, path + n + 1);
}

static uint64_t file_max(const struct logstore *s)
{
	uint64_t least = sizeof(struct logfile_header) + LOGFILE_RECORD_MAX;
	uint64_t share = s->max_bytes / LOGSTORE_FILES;

	return share > least ? share : least;
}

static int list_files(struct logstore *s, struct logunit *u, uint64_t *numbers, size_t *n)
{
	AUTO_CLOSE int dir = -1;

	if (mkdirat(s->dir, u->name, 0750) == 0) {
		return 0; /* nothing is in there yet */
	}
	if (errno != EEXIST) {
		return -errno;
	}
	dir = openat(s->dir, u->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) {
		return -errno;
	}
	return logfile_list(dir, numbers, n);
}

/* Leaves room for one more file within max_bytes: the oldest go first. */
static void drop_old(struct logstore *s, struct logunit *u, const uint64_t *numbers, size_t n)
{
	uint64_t total = file_max(s);
	uint64_t bound = file_max(s) * LOGSTORE_FILES;
	char path[PATH_SIZE];

	for (size_t kept = 0; n > 0; n--) {
		struct stat st = { 0 };

		path_of(u, numbers[n - 1], path);
		fstatat(s->dir, path, &st, AT_SYMLINK_NOFOLLOW);
		total += (uint64_t)st.st_size;
		if (++kept >= LOGSTORE_FILES || total > bound) {
			unlinkat(s->dir, path, 0);
		}
	}
}

static int file_create(struct logstore *s, struct logunit *u, uint64_t number)
{
	struct logfile_header h = { .magic = LOGFILE_MAGIC,
		.created_us = clock_us(CLOCK_REALTIME) };
	AUTO_CLOSE int fd = -1;
	char path[PATH_SIZE];
	ssize_t written;

	if (getrandom(&h.salt, sizeof(h.salt), 0) != sizeof(h.salt)) {
		return -EIO;
	}
	path_of(u, number, path);
	fd = openat(s->dir, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0) {
		return -errno;
	}
	written = pwrite(fd, &h, sizeof(h), 0);
	if (written != sizeof(h)) {
		int error = written < 0 ? -errno : -ENOSPC;

		unlinkat(s->dir, path, 0);
		return error;
	}
	u->fd = TAKE_FD(fd);
	u->number = number;
	u->size = sizeof(h);
	u->salt = h.salt;
	s->n_open++;
	return 0;
}

/* The newest file, if it is sound and has room; it is written behind whatever it holds. */
static int file_continue(struct logstore *s, struct logunit *u, uint64_t number)
{
	struct logfile_header h;
	AUTO_CLOSE int fd = -1;
	char path[PATH_SIZE];
	struct stat st;

	path_of(u, number, path);
	fd = openat(s->dir, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || pread(fd, &h, sizeof(h), 0) != sizeof(h) ||
		h.magic != LOGFILE_MAGIC) {
		return -EBADMSG;
	}
	u->fd = TAKE_FD(fd);
	u->number = number;
	u->size = ((uint64_t)st.st_size + 7) & ~(uint64_t)7;
	u->salt = h.salt;
	s->n_open++;
	return 0;
}

/* Closes the files that were not used since. */
static void evict(struct logstore *s, uint64_t recent)
{
	for (size_t i = 0; i < LOGSTORE_BUCKETS; i++) {
		for (struct logunit *u = s->buckets[i]; u; u = u->next) {
			if (u->used <= recent) {
				unit_close(s, u);
			}
		}
	}
}

static int open_newest(struct logstore *s, struct logunit *u, uint64_t need)
{
	uint64_t numbers[LOGFILE_LIST_MAX];
	size_t n = 0;
	int r = list_files(s, u, numbers, &n);

	if (r < 0) {
		return r;
	}
	if (n > 0 && file_continue(s, u, numbers[n - 1]) == 0) {
		if (u->size + need <= file_max(s)) {
			return 0;
		}
		unit_close(s, u);
	}
	drop_old(s, u, numbers, n);
	return file_create(s, u, n > 0 ? numbers[n - 1] + 1 : 1);
}

/* Opens the unit's file or the next one, so that it has room for need bytes. */
static int unit_open(struct logstore *s, struct logunit *u, uint64_t need)
{
	int r;

	/* A quarter at once, the longest unused: to find the oldest alone takes as long. */
	if (s->n_open >= LOGSTORE_OPEN) {
		evict(s, s->clock - LOGSTORE_OPEN * 3 / 4);
	}
	r = open_newest(s, u, need);
	if (r == -EMFILE) {
		evict(s, UINT64_MAX);
		reserve_drop(s);
		r = open_newest(s, u, need);
		reserve_fill(s);
	}
	return r;
}

/* ---- writing ---- */

static void note_loss(struct logstore *s, const struct logunit *u, int error)
{
	if (now_us() >= s->loss_us) {
		snprintf(s->loss_unit, sizeof(s->loss_unit), "%s", u->name);
		s->loss_error = error;
		s->loss_us = usec_add(now_us(), LOGSTORE_TELL);
	}
}

bool logstore_take_loss(struct logstore *s, char unit[LIMIT_UNIT_NAME], int *ret_error)
{
	if (!*s->loss_unit) {
		return false;
	}
	memcpy(unit, s->loss_unit, LIMIT_UNIT_NAME);
	*ret_error = s->loss_error;
	*s->loss_unit = '\0';
	return true;
}

static void count_lost(struct logstore *s, struct logunit *u, size_t n, int error)
{
	s->uneasy = true;
	if (u->lost == 0) {
		u->retry_us = usec_add(now_us(), LOGSTORE_RETRY);
		note_loss(s, u, -error);
	}
	u->lost += n;
	u->lost_error = -error;
}

/* No record is longer when encoded. */
static uint64_t record_bound(const struct log_record *r)
{
	return RECORD_FIXED + r->message_size + (r->n_fields > 0 ? LOGFILE_FIELDS_MAX : 0);
}

/* Makes u the batch's unit, with an open file that has room for need bytes more. */
static int batch_for(struct logstore *s, struct logunit *u, uint64_t need)
{
	if (s->batch_unit != u || s->batch_size + LOGFILE_RECORD_MAX > LOGSTORE_BATCH ||
		(u->fd >= 0 && u->size + s->batch_size + need > file_max(s))) {
		logstore_flush(s);
	}
	if (u->fd >= 0 && u->size + s->batch_size + need > file_max(s)) {
		unit_close(s, u);
	}
	s->batch_unit = u;
	u->used = ++s->clock;
	return u->fd >= 0 ? 0 : unit_open(s, u, need);
}

static int put_one(struct logstore *s, struct logunit *u, struct log_record *r)
{
	size_t size;
	int error = batch_for(s, u, record_bound(r));

	r->realtime_us = clock_us(CLOCK_REALTIME);
	r->monotonic_us = now_us();
	if (error == 0) {
		error = logfile_encode(r, u->salt, s->batch + s->batch_size,
			LOGSTORE_BATCH - s->batch_size, &size);
	}
	if (error < 0) {
		return error;
	}
	s->batch_size += size;
	s->batch_records++;
	return 0;
}

static int batch_write(struct logstore *s)
{
	struct logunit *u = s->batch_unit;
	ssize_t n = pwrite(u->fd, s->batch, s->batch_size, (off_t)u->size);
	int error = n < 0 ? -errno : -ENOSPC;

	if (n >= 0 && (size_t)n == s->batch_size) {
		u->size += s->batch_size;
		return 0;
	}
	/* Take the torn part back; where that fails the next write goes over it. */
	if (n > 0 && ftruncate(u->fd, (off_t)u->size) < 0) {
		return error;
	}
	return error;
}

void logstore_flush(struct logstore *s)
{
	if (s->batch_size > 0) {
		int error = batch_write(s);

		if (error < 0) {
			count_lost(s, s->batch_unit, s->batch_lines, error);
		}
	}
	s->batch_unit = NULL;
	s->batch_size = 0;
	s->batch_records = 0;
	s->batch_lines = 0;
}

/* A record of our own; written at once, so that its failure is known. */
static int put_own(struct logstore *s, struct logunit *u, const char *text)
{
	struct log_record r = {
		.priority = OWN_PRIORITY,
		.flags = LOG_RECORD_OWN,
		.pid = (uint32_t)getpid(),
		.uid = (uint32_t)getuid(),
		.identifier = OWN_IDENTIFIER,
		.message = text,
		.message_size = strlen(text),
	};
	int error;

	logstore_flush(s);
	error = put_one(s, u, &r);
	if (error == 0) {
		error = batch_write(s);
	}
	s->batch_size = 0;
	logstore_flush(s);
	return error;
}

/* True: nothing is lost (any more). A full disk is tried again only every LOGSTORE_RETRY. */
static bool report_lost(struct logstore *s, struct logunit *u)
{
	char text[160];

	if (u->lost == 0) {
		return true;
	}
	if (u->retry_us > now_us()) {
		return false;
	}
	snprintf(text, sizeof(text), "%llu messages lost: %s", (unsigned long long)u->lost,
		strerrordesc_np(u->lost_error));
	if (put_own(s, u, text) < 0) {
		u->retry_us = usec_add(now_us(), LOGSTORE_RETRY);
		return false;
	}
	u->lost = 0;
	return true;
}

static void report_suppressed(struct logstore *s, struct logunit *u)
{
	uint64_t n = lograte_take_suppressed(&u->rate, &s->limit, now_us());
	char text[96];
	int error;

	if (n == 0) {
		return;
	}
	snprintf(text, sizeof(text), "%llu messages suppressed (more than %llu in %llu ms)",
		(unsigned long long)n, (unsigned long long)s->limit.lines,
		(unsigned long long)(s->limit.interval_us / USEC_PER_MSEC));
	error = put_own(s, u, text);
	if (error < 0) {
		count_lost(s, u, n, error);
	}
}

static void put_piece(struct logstore *s, struct logunit *u, struct log_record *r)
{
	int error = put_one(s, u, r);

	if (error < 0) {
		count_lost(s, u, 1, error);
	} else {
		s->batch_lines++;
	}
}

void logstore_put(struct logstore *s, struct logunit *unit, struct log_record *r, bool limited)
{
	size_t left = r->message_size;
	uint32_t flags = r->flags;

	report_suppressed(s, unit);
	if (limited && !lograte_pass(&unit->rate, &s->limit, now_us())) {
		s->uneasy = true;
		return;
	}
	if (!report_lost(s, unit)) {
		unit->lost++;
		return;
	}
	for (; left > LIMIT_LOG_LINE; left -= LIMIT_LOG_LINE) {
		r->message_size = LIMIT_LOG_LINE;
		r->flags |= LOG_RECORD_CUT;
		put_piece(s, unit, r);
		r->flags = flags | LOG_RECORD_REST;
		r->message += LIMIT_LOG_LINE;
		r->n_fields = 0;
	}
	r->message_size = left;
	put_piece(s, unit, r);
}

/* ---- reports ---- */

uint64_t logstore_deadline(struct logstore *s)
{
	uint64_t deadline = UINT64_MAX;

	for (size_t i = 0; s->uneasy && i < LOGSTORE_BUCKETS; i++) {
		for (const struct logunit *u = s->buckets[i]; u; u = u->next) {
			uint64_t due = lograte_deadline(&u->rate, &s->limit);

			if (u->lost > 0 && u->retry_us < due) {
				due = u->retry_us;
			}
			deadline = due < deadline ? due : deadline;
		}
	}
	s->uneasy = deadline != UINT64_MAX;
	return deadline;
}

void logstore_report(struct logstore *s)
{
	uint64_t now = now_us();

	for (size_t i = 0; i < LOGSTORE_BUCKETS; i++) {
		for (struct logunit *u = s->buckets[i]; u; u = u->next) {
			if (u->lost > 0 && u->retry_us <= now) {
				report_lost(s, u);
			}
			report_suppressed(s, u);
		}
	}
}
