// SPDX-License-Identifier: MIT
#include "logread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "../../runtime/base/fd.h"
#include "logfile.h"

#define BUFFER_FIRST (16u * 1024u)
#define BUFFER_LAST  (2u * LOGFILE_RECORD_MAX)
#define WATCH_MASK   (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

/* One unit: a place in one of its files, and the record that is to be handed out next. */
struct cursor {
	char *unit;
	int watch; /* inotify descriptor of the directory, -1: none */
	int fd;    /* -1: no file yet */
	uint64_t number;
	uint64_t salt;
	uint64_t offset; /* in the file, of buf[at] */
	char *buf;
	size_t buf_size;
	size_t at;      /* first byte not looked at */
	size_t filled;  /* end of what was read */
	size_t pending; /* size of the good record at `at`; 0: none loaded */
	struct log_record record;
	struct log_field fields[LOGFILE_FIELDS];
};

struct log_reader {
	int dir;
	int inotify; /* -1 before the first log_reader_fd(); watches LOG/ for new units too */
	struct cursor **cursors;
	size_t n;
	struct cursor *given; /* whose record the caller holds */
};

/* ---- a file ---- */

static int open_unit_dir(const struct log_reader *r, const struct cursor *c)
{
	int fd = openat(r->dir, c->unit, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void cursor_place(struct cursor *c, uint64_t offset)
{
	c->offset = offset;
	c->at = c->filled = c->pending = 0;
	c->record.message = NULL;
}

static void cursor_close(struct cursor *c)
{
	if (c->fd >= 0) {
		close(c->fd);
	}
	c->fd = -1;
	c->number = 0;
	cursor_place(c, 0);
}

/* Opens file `number` at its first record. -EAGAIN: it has no header yet, or a torn one. */
static int file_open(const struct log_reader *r, struct cursor *c, uint64_t number)
{
	AUTO_CLOSE int dir = open_unit_dir(r, c);
	AUTO_CLOSE int fd = -1;
	struct logfile_header h;
	char name[LOGFILE_NAME];
	struct stat st;

	if (dir < 0) {
		return dir;
	}
	logfile_name(number, name);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode) || pread(fd, &h, sizeof(h), 0) != sizeof(h) ||
		h.magic != LOGFILE_MAGIC) {
		return -EAGAIN;
	}
	cursor_close(c);
	c->fd = TAKE_FD(fd);
	c->number = number;
	c->salt = h.salt;
	cursor_place(c, sizeof(h));
	return 0;
}

static int list(const struct log_reader *r, struct cursor *c, uint64_t *numbers, size_t *n)
{
	AUTO_CLOSE int dir = open_unit_dir(r, c);

	*n = 0;
	if (dir == -ENOENT) {
		return 0;
	}
	return dir < 0 ? dir : logfile_list(dir, numbers, n);
}

/* 1: the first sound file above the present one is open; 0: there is none; -errno. */
static int file_next(const struct log_reader *r, struct cursor *c)
{
	uint64_t numbers[LOGFILE_LIST_MAX];
	size_t n;
	int error = list(r, c, numbers, &n);

	if (error < 0) {
		return error;
	}
	for (size_t i = 0; i < n; i++) {
		if (numbers[i] <= c->number) {
			continue;
		}
		error = file_open(r, c, numbers[i]);
		if (error == 0) {
			return 1;
		}
		if (error != -EAGAIN && error != -ENOENT) {
			return error;
		}
	}
	return 0;
}

/* ---- records ---- */

static int buffer_grow(struct cursor *c)
{
	size_t size = c->buf_size ? c->buf_size * 2 : BUFFER_FIRST;
	char *buf;

	if (c->filled - c->at < c->buf_size) {
		return 0;
	}
	if (size > BUFFER_LAST) {
		return -EBADMSG;
	}
	buf = realloc(c->buf, size);
	if (!buf) {
		return -ENOMEM;
	}
	c->buf = buf;
	c->buf_size = size;
	return 0;
}

/* Reads on behind what is buffered. Count of new bytes, 0 at the end, -errno. */
static ssize_t buffer_fill(struct cursor *c)
{
	ssize_t n;
	int r = buffer_grow(c);

	if (r < 0) {
		return r;
	}
	if (c->filled > c->at && c->at > 0) {
		memmove(c->buf, c->buf + c->at, c->filled - c->at);
	}
	c->filled -= c->at;
	c->at = 0;
	n = pread(
		c->fd, c->buf + c->filled, c->buf_size - c->filled, (off_t)(c->offset + c->filled));
	if (n < 0) {
		return -errno;
	}
	c->filled += (size_t)n;
	return n;
}

static void skip(struct cursor *c, size_t size)
{
	c->at += size;
	c->offset += size;
	c->pending = 0;
}

/*
 * The next good record of this file: 1, 0 none. Something that may be the beginning of one at the
 * end of the file ends the search, or with at_end is skipped: it is a torn one.
 */
static int record_find(struct cursor *c, bool at_end)
{
	for (;;) {
		size_t size = 0;
		int state = logfile_check(c->buf + c->at, c->filled - c->at, c->salt, &size);
		ssize_t n;

		if (state == 1) {
			c->pending = size;
			return 1;
		}
		if (state < 0) {
			skip(c, 8);
			continue;
		}
		n = buffer_fill(c);
		if (n < 0) {
			return (int)n;
		}
		if (n > 0) {
			continue;
		}
		if (!at_end || c->filled - c->at < 8) {
			return 0;
		}
		skip(c, 8);
	}
}

/*
 * As record_find(), but at the end of the file it stays in front of what may yet become a record.
 * When a good record was found behind such a thing, everything before that is final by now: what
 * looked torn may have been a write in progress, so it is read once more.
 */
static int record_find_or_stay(struct cursor *c)
{
	int state = record_find(c, false);
	uint64_t offset = c->offset;

	if (state == 0) {
		state = record_find(c, true);
	}
	if (state < 0 || c->offset == offset) {
		return state;
	}
	cursor_place(c, offset);
	return state == 1 ? record_find(c, true) : 0;
}

static bool has_newer(const struct log_reader *r, struct cursor *c)
{
	uint64_t numbers[LOGFILE_LIST_MAX];
	size_t n;

	return list(r, c, numbers, &n) == 0 && n > 0 && numbers[n - 1] > c->number;
}

/*
 * Loads the next record of a unit: 1, 0 no more for now. When a newer file exists nobody writes
 * the present one any more, so it is read once more to its very end before it is left.
 */
static int cursor_load(const struct log_reader *r, struct cursor *c)
{
	int state = 1;

	while (c->pending == 0 && state > 0) {
		state = c->fd >= 0 ? record_find_or_stay(c) : 0;
		if (state != 0 || !has_newer(r, c)) {
			continue;
		}
		state = c->fd >= 0 ? record_find_or_stay(c) : 0;
		if (state == 0) {
			state = file_next(r, c);
		}
	}
	if (state <= 0) {
		return state;
	}
	if (c->record.message) {
		return 1;
	}
	if (logfile_decode(c->buf + c->at, c->pending, c->fields, &c->record) < 0) {
		skip(c, 8);
		return cursor_load(r, c);
	}
	c->record.unit = c->unit;
	return 1;
}

static void cursor_advance(struct cursor *c)
{
	skip(c, c->pending);
	c->record.message = NULL;
}

static int cursor_head(const struct log_reader *r, struct cursor *c)
{
	int error;

	cursor_close(c);
	error = file_next(r, c);
	return error < 0 ? error : 0;
}

/* Good records from here to the end of this file. */
static int count_records(struct cursor *c, uint64_t *ret)
{
	int state;

	for (*ret = 0; (state = record_find(c, true)) == 1; (*ret)++) {
		skip(c, c->pending);
	}
	return state;
}

static int skip_records(struct cursor *c, uint64_t n)
{
	int state = 1;

	for (; n > 0 && (state = record_find(c, true)) == 1; n--) {
		skip(c, c->pending);
	}
	return state < 0 ? state : 0;
}

/* Stands n records before the end, or at the head if there are fewer; *ret_n: how many follow. */
static int cursor_tail(const struct log_reader *r, struct cursor *c, uint64_t n, uint64_t *ret_n)
{
	uint64_t numbers[LOGFILE_LIST_MAX];
	uint64_t total = 0;
	size_t n_files;
	int error = list(r, c, numbers, &n_files);

	*ret_n = 0;
	cursor_close(c);
	while (error >= 0 && n_files-- > 0) {
		uint64_t count = 0;

		error = file_open(r, c, numbers[n_files]);
		if (error == -EAGAIN || error == -ENOENT) {
			error = 0;
			continue;
		}
		error = error < 0 ? error : count_records(c, &count);
		total += count;
		if (error >= 0) {
			cursor_place(c, sizeof(struct logfile_header));
		}
		if (error >= 0 && total >= n) {
			error = skip_records(c, total - n);
			total = n;
			break;
		}
	}
	*ret_n = total;
	return error;
}

/* ---- reader ---- */

int log_reader_new(const char *dir, struct log_reader **ret)
{
	AUTO(log_reader_free_auto) struct log_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		return -ENOMEM;
	}
	r->inotify = -1;
	r->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0) {
		return -errno;
	}
	*ret = TAKE_PTR(r);
	return 0;
}

static void cursor_free(struct cursor *c)
{
	cursor_close(c);
	free(c->unit);
	free(c->buf);
	free(c);
}
DEFINE_AUTO(struct cursor, cursor_free);

void log_reader_free(struct log_reader *r)
{
	if (!r) {
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		cursor_free(r->cursors[i]);
	}
	free(r->cursors);
	if (r->dir >= 0) {
		close(r->dir);
	}
	if (r->inotify >= 0) {
		close(r->inotify);
	}
	free(r);
}

/* Watches the unit's directory once it exists. */
static int cursor_watch(struct log_reader *r, struct cursor *c)
{
	AUTO_CLOSE int dir = -1;
	char path[FD_LINK_SIZE];

	if (r->inotify < 0 || c->watch >= 0) {
		return 0;
	}
	dir = open_unit_dir(r, c);
	if (dir < 0) {
		return dir == -ENOENT ? 0 : dir;
	}
	c->watch = inotify_add_watch(r->inotify, fd_link(dir, path), WATCH_MASK);
	return c->watch < 0 ? -errno : 0;
}

int log_reader_add_unit(struct log_reader *r, const char *unit)
{
	AUTO(cursor_free_auto) struct cursor *c = NULL;
	struct cursor **grown;
	int error;

	if (strcmp(logfile_directory(unit), unit) != 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->cursors[i]->unit, unit) == 0) {
			return 0;
		}
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		return -ENOMEM;
	}
	c->fd = -1;
	c->watch = -1;
	c->unit = strdup(unit);
	grown = c->unit ? reallocarray(r->cursors, r->n + 1, sizeof(struct cursor *)) : NULL;
	if (!grown) {
		return -ENOMEM;
	}
	r->cursors = grown;
	error = cursor_head(r, c);
	error = error < 0 ? error : cursor_watch(r, c);
	if (error < 0) {
		return error;
	}
	r->cursors[r->n++] = TAKE_PTR(c);
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir) {
		closedir(*dir);
	}
}

int log_reader_add_all(struct log_reader *r)
{
	AUTO_CLOSE int fd = openat(r->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(close_dir) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!dir) {
		return -errno;
	}
	TAKE_FD(fd);
	while ((entry = readdir(dir))) {
		int error = log_reader_add_unit(r, entry->d_name);

		if (error < 0 && error != -EINVAL && error != -ENOTDIR && error != -ELOOP) {
			return error;
		}
	}
	return 0;
}

int log_reader_seek_head(struct log_reader *r)
{
	r->given = NULL;
	for (size_t i = 0; i < r->n; i++) {
		int error = cursor_head(r, r->cursors[i]);

		if (error < 0) {
			return error;
		}
	}
	return 0;
}

int log_reader_seek_tail(struct log_reader *r, uint64_t n)
{
	struct log_record record;
	uint64_t total = 0;

	r->given = NULL;
	for (size_t i = 0; i < r->n; i++) {
		uint64_t count;
		int error = cursor_tail(r, r->cursors[i], n, &count);

		if (error < 0) {
			return error;
		}
		total += count;
	}
	for (; total > n; total--) {
		int state = log_reader_next(r, &record);

		if (state <= 0) {
			return state;
		}
	}
	return 0;
}

int log_reader_seek_realtime(struct log_reader *r, uint64_t realtime_us)
{
	int error = log_reader_seek_head(r);

	for (size_t i = 0; error >= 0 && i < r->n; i++) {
		struct cursor *c = r->cursors[i];

		while ((error = cursor_load(r, c)) == 1 && c->record.realtime_us < realtime_us) {
			cursor_advance(c);
		}
	}
	return error < 0 ? error : 0;
}

int log_reader_next(struct log_reader *r, struct log_record *ret)
{
	struct cursor *first = NULL;

	if (r->given) {
		cursor_advance(r->given);
		r->given = NULL;
	}
	for (size_t i = 0; i < r->n; i++) {
		struct cursor *c = r->cursors[i];
		int state = cursor_load(r, c);

		if (state < 0) {
			return state;
		}
		if (state == 1 && (!first || c->record.realtime_us < first->record.realtime_us)) {
			first = c;
		}
	}
	if (!first) {
		return 0;
	}
	r->given = first;
	*ret = first->record;
	return 1;
}

/* ---- following ---- */

int log_reader_fd(struct log_reader *r)
{
	char path[FD_LINK_SIZE];
	int error = 0;

	if (r->inotify < 0) {
		r->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (r->inotify < 0) {
			return -errno;
		}
		error = inotify_add_watch(
			r->inotify, fd_link(r->dir, path), IN_CREATE | IN_ONLYDIR);
		error = error < 0 ? -errno : 0;
	}
	for (size_t i = 0; error == 0 && i < r->n; i++) {
		error = cursor_watch(r, r->cursors[i]);
	}
	return error < 0 ? error : r->inotify;
}

int log_reader_wait(struct log_reader *r, int timeout_ms)
{
	char events[4096];
	bool first = r->inotify < 0;
	int fd = log_reader_fd(r);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	if (fd < 0) {
		return fd;
	}
	if (first) {
		return 1; /* what came before the watch is looked at without waiting */
	}
	n = poll(&p, 1, timeout_ms);
	if (n <= 0) {
		return n < 0 ? -errno : 0;
	}
	while (read(fd, events, sizeof(events)) > 0) {
	}
	/* A unit's directory may be new: watch it before the caller looks. */
	fd = log_reader_fd(r);
	return fd < 0 ? fd : 1;
}
