// SPDX-License-Identifier: MIT
#include "resources.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "cgroup.h"
#include "cgrouptree.h"
#include "invocation.h"
#include "listen.h"
#include "logs.h"
#include "notify.h"
#include "power.h"
#include "slots.h"
#include "spare.h"
#include "store.h"
#include "util.h"

/* memory.events' oom_kill; 0 where there is none. */
static uint64_t oom_kills(struct broker *b, const struct slot *s)
{
	uint64_t n = 0;

	if (s->cgroup_made && b->controllers & WIRE_CONTROLLER_MEMORY) {
		AUTO_CLOSE int dir = cgroup_open(b->cgroup_fd, s->cgroup);

		if (dir >= 0) {
			cgroup_read_key(dir, "memory.events", "oom_kill", &n);
		}
	}
	return n;
}

/* The watch, or -errno. */
static int watch_file(struct broker *b, uint32_t n, const char *file)
{
	char path[SETTINGS_PATH + LIMIT_CGROUP_PATH + 32];
	const char *const parts[4] = { b->t->cgroup_root, "/", b->t->slots[n].cgroup, file };
	int r = util_join(path, sizeof(path), parts);

	if (r == 0) {
		r = inotify_add_watch(b->inotify_fd, path, IN_MODIFY);
		r = r < 0 ? -errno : r;
	}
	return r;
}

static int watch_cgroup(struct broker *b, uint32_t n)
{
	int r = watch_file(b, n, "/cgroup.events");

	if (r < 0) {
		return r;
	}
	slot_watch_set(b, n, r);
	if (b->controllers & WIRE_CONTROLLER_MEMORY) {
		r = watch_file(b, n, "/memory.events");
		b->oom_watches[n] = r < 0 ? 0 : r;
	}
	return r == -ENOENT || r > 0 ? 0 : r;
}

static int prepare_cgroup(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	int r = cgroup_make(b->cgroup_fd, s->cgroup, b->controllers);
	int watched = 0;

	if (r >= 0 && !s->cgroup_made) {
		s->cgroup_made = true;
		s->cgroup_new = r == 1;
		s->replace = s->killed = false;
		if (s->unit_flags & CATALOGUE_UNIT_DELEGATE) {
			cgrouptree_bound(b->cgroup_fd, s->cgroup);
		}
		s->oom_kills = r == 0 ? oom_kills(b, s) : 0;
		watched = watch_cgroup(b, n);
	}
	return watched < 0 ? watched : r;
}

int resources_kill(struct broker *b, struct slot *s)
{
	s->killed = true;
	int r = cgroup_write(b->cgroup_fd, s->cgroup, "cgroup.kill", "1");

	return spare_give(b, r) ? cgroup_write(b->cgroup_fd, s->cgroup, "cgroup.kill", "1") : r;
}

void resources_freshen(struct broker *b, uint32_t n, uint32_t kind)
{
	struct slot *s = &b->t->slots[n];

	if (!b->clone_into || !s->killed || !s->cgroup_made ||
		s->unit_flags & CATALOGUE_UNIT_DELEGATE) {
		return;
	}
	for (uint32_t k = 0; k < ENTRY_KIND_COUNT; k++) {
		if (k != kind && place_is_live(&s->places[k])) {
			return;
		}
	}
	if (cgroup_remove(b->cgroup_fd, s->cgroup, false) == 0) {
		slot_watch_clear(b, n);
		s->cgroup_made = false;
	}
}

int resources_prepare(
	struct broker *b, uint32_t n, const struct catalogue *c, const struct catalogue_unit *u)
{
	struct slot *s = &b->t->slots[n];
	const char *identifier = catalogue_string(c, u->log_identifier);
	int r;

	if (s->bare) {
		if (listen_instance(catalogue_string(c, u->cgroup), s->instance, s->cgroup,
			    sizeof(s->cgroup)) < 0) {
			return -ENAMETOOLONG;
		}
		s->bare = false;
	}
	s->unit_flags = u->flags;
	s->fdstore_max = u->fdstore_max;
	s->max_per_source = u->max_per_source;
	int fresh = prepare_cgroup(b, n);

	r = fresh < 0 ? fresh : 0;
	if (r == 0 && u->flags & CATALOGUE_UNIT_NOTIFY && s->notify < 0) {
		r = notify_make(b, n);
	}
	s->log_priority = u->log_priority;
	s->log_level_prefix = u->log_level_prefix;
	util_copy(s->log_identifier, sizeof(s->log_identifier), identifier ? identifier : "");
	if (r == 0 && u->flags & CATALOGUE_UNIT_LOG) {
		r = logs_prepare(b, n);
	}
	if (r == 0 && fresh == 0) {
		resources_refresh(b, n);
	}
	return r;
}

bool resources_populated(const struct slot *s)
{
	return s->populated || slot_is_live(s);
}

void resources_refresh(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	bool populated = false, frozen = false;

	if (s->cgroup_made) {
		int r = cgroup_read_events(b->cgroup_fd, s->cgroup, &populated, &frozen);

		if (spare_give(b, r)) {
			cgroup_read_events(b->cgroup_fd, s->cgroup, &populated, &frozen);
			spare_fill(b); /* not for the start that asks */
		}
	}
	s->main_moved &= populated;
	if (!populated && s->replace && !slot_is_live(s)) {
		int r = cgroup_remove(b->cgroup_fd, s->cgroup, true);

		s->replace = r == -EAGAIN; /* the rest when it is looked at again */
		if (r == 0) {
			slot_watch_clear(b, n);
			s->cgroup_made = false;
		}
	}
	if (s->populated != populated || s->frozen != frozen) {
		s->populated = populated;
		s->frozen = frozen;
		slot_mark(b, n, DIRTY_SLOT);
	}
}

/* Empty parents go too, up to the first that is some slot's own cgroup. */
static void remove_parents(struct broker *b, char *path)
{
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		*slash = 0;
		if (slot_find_cgroup(b, path) != WIRE_SLOT_NONE ||
			cgroup_remove(b->cgroup_fd, path, false) < 0) {
			return;
		}
	}
}

/* Nothing is cloned into one that was killed: it is removed, should the unit come back. */
bool resources_keep_cgroup(const struct broker *b, const struct slot *s)
{
	return power_ends_machine(b) && !s->killed;
}

void resources_drop(struct broker *b, uint32_t n, bool keep_store)
{
	struct slot *s = &b->t->slots[n];
	int *fds[] = { &s->userns, &s->ipcns, &s->netns, &s->tmp, &s->credentials };

	for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
		util_close(fds[i]);
	}
	invocation_forget(b, n);
	listen_drop(b, n);
	s->source = 0;
	notify_drop(b, n);
	logs_drop(b, n);
	if (!keep_store) {
		store_drop_all(b, n);
	}
	if (b->watches[n]) {
		inotify_rm_watch(b->inotify_fd, b->watches[n]);
		if (b->oom_watches[n]) {
			inotify_rm_watch(b->inotify_fd, b->oom_watches[n]);
		}
		slot_watch_clear(b, n);
	}
	s->bare = true;
	if (s->cgroup_made && !resources_keep_cgroup(b, s) &&
		cgroup_remove(b->cgroup_fd, s->cgroup, s->unit_flags & CATALOGUE_UNIT_DELEGATE) ==
			0) {
		remove_parents(b, s->cgroup);
	}
	s->main_moved = false;
	s->cgroup_made = s->populated = s->frozen = s->frozen_wanted = false;
}

void resources_take(struct broker *b, uint32_t n, uint32_t tag, int fd, bool hold)
{
	struct slot *s = &b->t->slots[n];
	int *const keep[LAUNCH_TAG_COUNT] = {
		[LAUNCH_TAG_USERNS] = &s->userns,
		[LAUNCH_TAG_IPCNS] = &s->ipcns,
		[LAUNCH_TAG_NETNS] = &s->netns,
		[LAUNCH_TAG_TMP] = &s->tmp,
		[LAUNCH_TAG_CREDENTIALS] = &s->credentials,
	};

	/* Read anew by each start; what runs has copies of its own. */
	if (tag == LAUNCH_TAG_CREDENTIALS && hold) {
		util_close(&s->credentials);
	}

	if (tag == LAUNCH_TAG_LISTEN || tag == LAUNCH_TAG_WATCH) {
		listen_take(b, n, fd, tag == LAUNCH_TAG_WATCH);
	} else if (hold && tag < LAUNCH_TAG_COUNT && keep[tag] && *keep[tag] < 0) {
		*keep[tag] = fd;
	} else {
		close(fd);
	}
}

void resources_check_oom(struct broker *b, uint32_t n)
{
	struct slot *s = &b->t->slots[n];
	uint64_t kills = s->state == SLOT_USED ? oom_kills(b, s) : 0;

	if (kills > s->oom_kills) {
		s->n_oom += (uint32_t)(kills - s->oom_kills);
		s->oom = true;
		slot_mark(b, n, DIRTY_SLOT);
	}
	s->oom_kills = kills;
}

void resources_rewatch(struct broker *b)
{
	for (uint32_t n = 0; n < b->t->n_slots; n++) {
		struct slot *s = &b->t->slots[n];

		if (s->state == SLOT_USED && s->cgroup_made) {
			watch_cgroup(b, n);
			resources_refresh(b, n);
			resources_check_oom(b, n);
		}
	}
}

int resources_notify_path(const struct broker *b, uint32_t n, char *buf, size_t size)
{
	char name[NOTIFY_DIRECTORY];
	const char *const parts[4] = { b->t->settings.runtime_dir, "/notify/", name, "/notify" };

	notify_directory(b, n, name);
	return util_join(buf, size, parts);
}

void resources_inotify(struct broker *b)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = read(b->inotify_fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buf + at);
			uint32_t slot = slot_watch_find(b, e->wd);

			at += (ssize_t)(sizeof(*e) + e->len);
			if (slot != WIRE_SLOT_NONE) {
				resources_refresh(b, slot);
			} else if ((slot = slot_oom_watch_find(b, e->wd)) != WIRE_SLOT_NONE) {
				resources_check_oom(b, slot);
			}
			if (e->mask & IN_Q_OVERFLOW) {
				resources_rewatch(b);
			}
		}
	}
}
