// SPDX-License-Identifier: MIT
#include "devicewatch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "shell.h"
#include "unitlog.h"
#include "unixtable.h"

#define GROUPS     (1u | 2u) /* the kernel's, udevd's */
#define TAG_DIR    "/run/udev/tags/systemd"
#define DATA_DIR   "/run/udev/data"
#define CONTROL    "/run/udev/control"
#define SOCKETS    "/proc/self/net/unix"
#define UDEVD      "systemd-udevd.service"
#define FILE_MAX   65536u
#define LOOK_EVERY (50 * USEC_PER_MSEC)
#define DRAIN_MAX  1024u

/* ---- the database ---- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct devicewatch_entry *)a)->id,
		((const struct devicewatch_entry *)b)->id);
}

static struct devicewatch_entry *find(const struct devicewatch *w, const char *id)
{
	struct devicewatch_entry key;

	snprintf(key.id, sizeof(key.id), "%s", id);
	return w->n_entries ? bsearch(&key, w->entries, w->n_entries, sizeof(key), compare_entries)
			    : NULL;
}

static int read_entry(struct devicewatch *w, int dir, struct devicewatch_entry *entry)
{
	AUTO_CLOSE int fd = openat(dir, entry->id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0) {
		return -errno;
	}
	w->buf = w->buf ? w->buf : malloc(FILE_MAX);
	if (!w->buf) {
		return -ENOMEM;
	}
	n = fd_read_full(fd, w->buf, FILE_MAX - 1);
	if (n < 0) {
		return (int)n;
	}
	w->buf[n] = '\0';
	devicedb_fini(&entry->facts);
	return devicedb_parse(w->buf, &entry->facts);
}

/* One device with the tag: as it was, or read anew. */
static int take_entry(
	struct devicewatch *w, int dir, const char *id, struct devicewatch_entry *entry)
{
	struct devicewatch_entry *old = find(w, id);
	int64_t mtime;
	struct stat st;

	if (strlen(id) >= DEVICEDB_ID || fstatat(dir, id, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(st.st_mode)) {
		return -ENOENT;
	}
	mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (old && old->inode == st.st_ino && old->mtime_ns == mtime) {
		*entry = *old;
		old->facts = (struct devicedb_facts) { 0 };
		return 0;
	}
	*entry = (struct devicewatch_entry) {
		.inode = st.st_ino, .mtime_ns = mtime, .told = old && old->told && old->facts.ready
	};
	snprintf(entry->id, sizeof(entry->id), "%s", id);
	return read_entry(w, dir, entry);
}

static void free_entries(struct devicewatch_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		devicedb_fini(&entries[i].facts);
	}
	free(entries);
}

/* Room for one more. */
static int grow(struct devicewatch_entry **entries, size_t n, size_t *cap)
{
	size_t want = *cap ? *cap * 2 : 64;
	struct devicewatch_entry *more;

	if (n < *cap) {
		return 0;
	}
	more = realloc(*entries, want * sizeof(*more));
	if (!more) {
		return -ENOMEM;
	}
	*entries = more;
	*cap = want;
	return 0;
}

static void read_database(struct devicewatch *w)
{
	DIR *tags = opendir(TAG_DIR);
	AUTO_CLOSE int data = open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct devicewatch_entry *entries = NULL;
	size_t n = 0, cap = 0;

	for (struct dirent *d; tags && data >= 0 && n < LIMIT_DEVICES && (d = readdir(tags));) {
		if (d->d_name[0] == '.' || grow(&entries, n, &cap) < 0) {
			continue;
		}
		n += take_entry(w, data, d->d_name, &entries[n]) == 0;
	}
	if (tags) {
		closedir(tags);
	}
	if (n > 1) {
		qsort(entries, n, sizeof(*entries), compare_entries);
	}
	free_entries(w->entries, w->n_entries);
	w->entries = entries;
	w->n_entries = n;
}

/* ---- one device ---- */

/* Of a directory in /sys, as udevd names its files. */
static int id_of_directory(const char *path, char buf[DEVICEDB_ID])
{
	AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char link[PATH_MAX], text[64];
	const char *base = strrchr(path, '/'), *subsystem;
	ssize_t n = dir < 0 ? -1 : readlinkat(dir, "subsystem", link, sizeof(link) - 1);

	if (n <= 0) {
		return -ENOENT;
	}
	link[n] = '\0';
	subsystem = strrchr(link, '/') ? strrchr(link, '/') + 1 : link;
	AUTO_CLOSE int fd = openat(
		dir, strcmp(subsystem, "net") == 0 ? "ifindex" : "dev", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (n > 0) {
		snprintf(buf, DEVICEDB_ID, "%c%s",
			strcmp(subsystem, "net") == 0     ? 'n'
			: strcmp(subsystem, "block") == 0 ? 'b'
							  : 'c',
			text);
		return 0;
	}
	n = snprintf(buf, DEVICEDB_ID, "+%s:%s", subsystem, base + 1);
	return n < DEVICEDB_ID ? 0 : -ENAMETOOLONG;
}

static int id_of_path(const char *path, char buf[DEVICEDB_ID])
{
	char real[PATH_MAX];
	struct stat st;

	if (stat(path, &st) < 0) {
		return -errno;
	}
	if (!S_ISDIR(st.st_mode)) {
		return devicedb_id_of_node(st.st_mode, st.st_rdev, buf);
	}
	return realpath(path, real) ? id_of_directory(real, buf) : -errno;
}

static bool has_alias(const struct devicewatch *w, const char *path)
{
	for (size_t i = 0; i < w->n_entries; i++) {
		const struct devicedb_facts *f = &w->entries[i].facts;

		if (f->ready && f->aliases && devicedb_has_word(f->aliases, path)) {
			return true;
		}
	}
	return false;
}

/* ---- looking ---- */

/*
 * Does an udevd listen, or whoever starts it? The socket's file stays when its owner ends, as that
 * of an initramfs does. Asked for each such file once, and whenever the devices are looked through.
 */
static bool control_listens(struct devicewatch *w)
{
	struct stat st;

	if (lstat(CONTROL, &st) < 0) {
		w->control = 0;
		return false;
	}
	if (st.st_ino != w->control) {
		AUTO_CLOSE int table = open(SOCKETS, O_RDONLY | O_CLOEXEC);

		w->control = st.st_ino;
		w->listens = true; /* where the table cannot be had */
		(void)unixtable_listens(table, CONTROL, &w->listens);
	}
	return w->listens;
}

/* Is there an udevd, or will there be one soon? Until it has spoken, nothing is there. */
static bool udev_counts(struct devicewatch *w)
{
	bool booting = w->shell->hello.pid1 && !w->shell->ready;
	const struct unit *u;

	if (control_listens(w)) {
		return true;
	}
	if (w->hint == ENGINE_NONE) {
		w->hint = engine_find(w->shell->engine, UDEVD);
	}
	u = w->hint == ENGINE_NONE ? NULL : engine_unit(w->shell->engine, w->hint);
	if (!u || u->load_state != LOAD_LOADED) {
		return false;
	}
	/* While a machine starts, also before anybody has tried. */
	return u->active == ACTIVE_ACTIVE || u->active == ACTIVE_ACTIVATING ||
	       (u->job && u->job->type == JOB_START) ||
	       (booting && !u->condition_us && !u->inactive_exit_us);
}

static void look(struct devicewatch *w)
{
	w->looked_us = now_us();
	w->control = 0;
	w->udev = udev_counts(w);
	if (w->udev) {
		read_database(w);
	}
	w->changed = true;
}

bool devicewatch_has(struct devicewatch *w, const char *unit)
{
	const struct devicewatch_entry *entry;
	char path[LIMIT_PATH], id[DEVICEDB_ID];
	int r;

	if (devicedb_path_of_unit(unit, path, sizeof(path)) < 0) {
		return false;
	}
	if (udev_counts(w) != w->udev) {
		look(w); /* a transaction that starts both: udevd has the word from now on */
	}
	r = id_of_path(path, id);
	if (!w->udev) {
		return r == 0 || strncmp(path, "/dev/disk/", 10) == 0;
	}
	entry = r == 0 ? find(w, id) : NULL;
	return (entry && entry->facts.ready) || has_alias(w, path);
}

static void drain(struct devicewatch *w)
{
	char byte;

	/* What does not fit is cut off, and what was lost (ENOBUFS) has rung as well. */
	for (unsigned i = 0; i < DRAIN_MAX; i++) {
		if (recv(w->fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) < 0 &&
			errno != ENOBUFS) {
			return;
		}
	}
}

static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct devicewatch *w = user;

	(void)source;
	(void)usec;
	w->armed = false;
	look(w);
	return 0;
}

static int on_event(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct devicewatch *w = user;
	usec_t due = usec_add(w->looked_us, LOOK_EVERY);

	(void)source;
	(void)fd;
	(void)revents;
	drain(w);
	if (due <= now_us()) {
		look(w);
	} else if (!w->armed) {
		w->armed = true;
		(void)sd_event_source_set_time(w->timer, due);
		(void)sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
	}
	return 0;
}

static int open_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUPS };
	AUTO_CLOSE int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		return -errno;
	}
	return TAKE_FD(fd);
}

/* ---- telling ---- */

/* A device has become ready: the units that its rules want. */
static int want_units(struct devicewatch *w, struct devicewatch_entry *entry)
{
	struct engine_request request = { .type = JOB_START, .mode = JOB_MODE_FAIL };
	const char *cursor = entry->facts.wants;
	struct engine_error error;
	char name[LIMIT_UNIT_NAME];
	uint32_t job;
	int r = 0;

	while (r >= 0 && devicedb_next_word(&cursor, name, sizeof(name))) {
		request.unit = engine_find(w->shell->engine, name);
		error = (struct engine_error) { .text = "no such unit is loaded" };
		r = request.unit == ENGINE_NONE
			    ? 1
			    : engine_enqueue(w->shell->engine, &request, now_us(), &job, &error);
		if (r > 0) {
			unitlog_plain(w->shell, LOG_NOTICE, "device %s wants %s: %s", entry->id,
				name, error.text);
		}
	}
	return r;
}

static int tell_wants(struct devicewatch *w)
{
	bool act = w->shell->hello.pid1 && !w->shell->stopping && !w->fresh;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->n_entries; i++) {
		struct devicewatch_entry *entry = &w->entries[i];
		bool news = entry->facts.ready && !entry->told;

		entry->told = entry->facts.ready;
		if (news && act && entry->facts.wants) {
			r = want_units(w, entry);
		}
	}
	w->fresh = false;
	return r;
}

int devicewatch_settle(struct devicewatch *w)
{
	int r;

	if (!w->shell->listed) {
		return 0;
	}
	if (udev_counts(w) != w->udev) {
		look(w);
	}
	if (!w->changed) {
		return 0;
	}
	w->changed = false;
	r = tell_wants(w);
	return r < 0 ? r : engine_devices_changed(w->shell->engine, now_us());
}

int devicewatch_init(struct devicewatch *w, struct shell *shell)
{
	int r = 0;

	*w = (struct devicewatch) { .shell = shell, .fresh = true, .hint = ENGINE_NONE };
	w->fd = open_socket();
	if (w->fd < 0) {
		unitlog_plain(shell, LOG_WARNING,
			"devices are not followed: the kernel's announcements cannot be had (%s)",
			strerror(-w->fd));
	} else {
		r = sd_event_add_io(shell->event, &w->source, w->fd, EPOLLIN, on_event, w);
	}
	if (r >= 0) {
		r = sd_event_add_time(shell->event, &w->timer, CLOCK_MONOTONIC, 0, 1, on_timer, w);
	}
	if (r >= 0) {
		r = sd_event_source_set_enabled(w->timer, SD_EVENT_OFF);
	}
	look(w);
	return r;
}

void devicewatch_fini(struct devicewatch *w)
{
	if (!w->shell) {
		return;
	}
	sd_event_source_disable_unref(w->source);
	sd_event_source_disable_unref(w->timer);
	free_entries(w->entries, w->n_entries);
	free(w->buf);
	if (w->fd >= 0) {
		close(w->fd);
	}
}
