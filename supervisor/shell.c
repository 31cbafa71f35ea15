// SPDX-License-Identifier: MIT
#include "shell.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "apply.h"
#include "intake.h"
#include "progress.h"
#include "stallwatch.h"
#include "unitlog.h"

/* So many jobs at once are a burst. */
#define BURST_JOBS 32u

/* Events of one turn, so that clients get their turn too. */
#define EVENTS_PER_TURN 64u

/* A timer was put off for what a unit has said: so long until the next look. */
#define LISTEN_AGAIN_US (100 * USEC_PER_MSEC)

const char *shell_unit_cgroup(const struct unit *u)
{
	return u->def && u->def->cgroup && *u->def->cgroup ? u->def->cgroup : NULL;
}

void shell_fatal(struct shell *s, int error)
{
	(void)sd_event_exit(s->event, error < 0 ? error : -EIO);
}

int shell_drain(struct shell *s)
{
	struct effect e;
	int r = 0;

	while (r >= 0 && engine_next_effect(s->engine, &e)) {
		r = apply_effect(s, &e);
		free(e.text);
	}
	return r;
}

/*
 * What a load, a burst or a large answer needed for a moment would stay resident for ever: freed
 * blocks below live ones, and manifest pages that are read once.
 */
static void rest(struct shell *s, uint32_t jobs)
{
	bool clients = s->bus.n_clients > 0;

	s->rest_due = s->rest_due || jobs >= BURST_JOBS || (s->had_clients && !clients);
	s->had_clients = clients;
	if (s->rest_due && jobs == 0) {
		s->rest_due = false;
		catalogues_rest(&s->catalogues);
		(void)malloc_trim(0);
	}
}

static int send_counts(struct shell *s)
{
	struct wire_request q = { .type = WIRE_STATUS };
	struct engine_counts c;

	if (s->initial_due) {
		return 0; /* it says that the first jobs are noted */
	}
	engine_counts(s->engine, &c);
	if (s->counts_sent && memcmp(&c, &s->counts, sizeof(c)) == 0) {
		return 0;
	}
	s->counts = c;
	s->counts_sent = true;
	q.counts[0] = c.active;
	q.counts[1] = c.activating;
	q.counts[2] = c.failed;
	q.counts[3] = c.jobs;
	return broker_send(&s->broker, &q);
}

static int arm_timer(struct shell *s)
{
	usec_t due = engine_deadline(s->engine);
	int r;

	if (due == s->armed_us) {
		return 0;
	}
	if (s->timer_heard && due <= now_us()) {
		s->armed_us = due; /* its turn is the next one: not put off again */
		s->armed_at_us = now_us();
		return 0;
	}
	s->timer_heard = false;
	s->armed_us = due;
	s->armed_at_us = now_us();
	if (due == USEC_INFINITY) {
		return sd_event_source_set_enabled(s->timer_source, SD_EVENT_OFF);
	}
	r = sd_event_source_set_time(s->timer_source, due);
	return r < 0 ? r : sd_event_source_set_enabled(s->timer_source, SD_EVENT_ONESHOT);
}

/* Carries out all effects that wait and brings the outside up to date. -errno is fatal. */
static int settle(struct shell *s)
{
	int r = mountwatch_settle(&s->mounts);

	r = r < 0 ? r : devicewatch_settle(&s->devices);
	r = r < 0 ? r : shell_drain(s);
	if (r < 0 || !s->listed) {
		return r;
	}
	r = send_counts(s);
	if (r >= 0) {
		r = arm_timer(s);
	}
	if (r >= 0) {
		r = progress_arm(s);
	}
	if (r >= 0) {
		r = stallwatch_arm(s);
	}
	if (r >= 0) {
		r = bus_flush(&s->bus);
	}
	if (r < 0) {
		return r;
	}
	rest(s, s->counts.jobs);
	return sd_event_source_set_enabled(
		s->request_source, broker_is_idle(&s->broker) ? SD_EVENT_OFF : SD_EVENT_ON);
}

static bool may_read(const struct shell *s)
{
	return !broker_is_congested(&s->broker) && !s->loading;
}

/*
 * A load goes on by turns, in which supd-init's events wait and nobody else does. A timer that is
 * due takes its turn among the others; a deferred source would always come first.
 */
static int set_loading(struct shell *s)
{
	int r = sd_event_source_set_enabled(
		s->event_source, s->loading ? SD_EVENT_OFF : SD_EVENT_ON);

	return r < 0 ? r
		     : sd_event_source_set_enabled(
			       s->load_source, s->loading ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_load(sd_event_source *source, uint64_t usec, void *user)
{
	struct shell *s = user;
	int r = s->loading ? intake_load_some(s) : 0;

	(void)source;
	(void)usec;
	if (r >= 0 && !s->loading) {
		r = shell_drain(s);
	}
	if (r >= 0) {
		r = set_loading(s);
	}
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct shell *s = user;
	struct broker_message m;
	int r = 0;

	(void)source;
	(void)fd;
	(void)revents;
	for (unsigned i = 0; i < EVENTS_PER_TURN && may_read(s); i++) {
		r = broker_receive(&s->broker, &m);
		if (r <= 0) {
			break;
		}
		r = intake_event(s, &m);
		broker_message_fini(&m);
		if (r >= 0 && s->listed) {
			r = shell_drain(s);
		}
		if (r < 0) {
			break;
		}
	}
	if (r == -ECONNRESET) {
		return sd_event_exit(s->event, 0);
	}
	if (r >= 0 && s->loading) {
		r = set_loading(s);
	}
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

static int on_writable(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct shell *s = user;
	int r = broker_flush(&s->broker);

	(void)source;
	(void)fd;
	(void)revents;
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

/*
 * READY=1, a ping or an extension that lies in the queue was sent in time, however late supd is.
 * What lies behind a descriptor that is still on its way to supd-init is waited for.
 */
static int expire(struct shell *s, uint32_t unit, usec_t now)
{
	uint32_t slot = engine_unit(s->engine, unit)->slot;
	int r = notify_hear(&s->notify, slot);
	usec_t due = engine_unit_deadline(s->engine, unit);

	if (r > 0 && due <= now && notify_may_be_late(&s->notify, slot, due, now)) {
		engine_put_off(s->engine, unit, usec_add(now, LISTEN_AGAIN_US));
		return 0;
	}
	return r < 0 ? r : engine_expire(s->engine, unit, now);
}

/*
 * Acts one turn of the loop later: whoever had something to say when the timer fell due (a client,
 * the mount table, a device, the system bus) is heard before.
 */
static int on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct shell *s = user;
	usec_t now = now_us();
	uint32_t unit;
	int r = 0;

	(void)usec;
	if (!s->timer_heard) {
		s->timer_heard = true;
		(void)sd_event_source_set_time(source, 0);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	s->timer_heard = false;
	/* What was over before it was set has waited for another supd. */
	r = stallwatch_woken(s, s->armed_us > s->armed_at_us ? s->armed_us : s->armed_at_us, now);
	s->armed_us = USEC_INFINITY;
	while (r >= 0 && (unit = engine_due(s->engine, now)) != ENGINE_NONE) {
		r = expire(s, unit, now);
	}
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

static int on_post(sd_event_source *source, void *user)
{
	struct shell *s = user;
	int r = settle(s);

	(void)source;
	if (r < 0) {
		shell_fatal(s, r);
	}
	return 0;
}

int shell_load(struct shell *s, bool dry, uint64_t *ret_cookie)
{
	struct wire_request q = { .type = WIRE_LOAD, .cookie = ++s->load_cookie };

	*ret_cookie = q.cookie;
	if (!dry) {
		s->wanted_cookie = q.cookie;
	}
	return broker_send(&s->broker, &q);
}

/* supd-init may answer several loads with one: it is dry only if all of them are. */
bool shell_is_dry(const struct shell *s, uint64_t cookie)
{
	return s->listed && s->wanted_cookie <= s->loaded_cookie &&
	       bus_wants_changes(&s->bus, cookie);
}

int shell_stop(struct shell *s, uint32_t power, uint32_t status)
{
	if (s->stopping) {
		s->stop.power = power;
		s->stop.status = status;
		return 0;
	}
	s->stopping = true;
	s->stop = (struct wire_stop) { .power = power, .status = status };
	return engine_shutdown(s->engine, now_us());
}

int shell_reexec(struct shell *s)
{
	struct wire_request q = { .type = WIRE_POWER, .kind = WIRE_POWER_REEXEC };

	return broker_send(&s->broker, &q);
}

static int add_sources(struct shell *s)
{
	int r = sd_event_new(&s->event);

	if (r >= 0) {
		r = sd_event_add_io(
			s->event, &s->event_source, SUPD_FD_EVENT, EPOLLIN, on_events, s);
	}
	if (r >= 0) {
		r = sd_event_source_set_priority(s->event_source, SD_EVENT_PRIORITY_IMPORTANT);
	}
	if (r >= 0) {
		r = sd_event_add_io(
			s->event, &s->request_source, SUPD_FD_REQUEST, EPOLLOUT, on_writable, s);
	}
	if (r >= 0) {
		r = sd_event_source_set_enabled(s->request_source, SD_EVENT_OFF);
	}
	if (r >= 0) {
		r = sd_event_add_time(
			s->event, &s->timer_source, CLOCK_MONOTONIC, UINT64_MAX, 1, on_timer, s);
	}
	if (r >= 0) {
		r = sd_event_source_set_enabled(s->timer_source, SD_EVENT_OFF);
	}
	if (r >= 0) {
		r = progress_init(s);
	}
	if (r >= 0) {
		r = stallwatch_init(s);
	}
	if (r >= 0) {
		r = sd_event_add_post(s->event, &s->post_source, on_post, s);
	}
	if (r >= 0) {
		r = sd_event_add_time(s->event, &s->load_source, CLOCK_MONOTONIC, 0, 1, on_load, s);
	}
	if (r >= 0) {
		r = sd_event_source_set_enabled(s->load_source, SD_EVENT_OFF);
	}
	return r;
}

int shell_init(struct shell *s, int stamps_fd)
{
	int r;

	*s = (struct shell) {
		.armed_us = USEC_INFINITY,
		.started_us = now_us(),
		.rest_due = true,
	};
	catalogues_init(&s->catalogues);
	store_init(&s->store, s);
	busnames_init(&s->busnames, s);
	r = broker_init(&s->broker, SUPD_FD_REQUEST, SUPD_FD_EVENT);
	if (r < 0) {
		return r;
	}
	s->engine = engine_new();
	if (!s->engine) {
		return -ENOMEM;
	}
	r = add_sources(s);
	if (r >= 0) {
		r = clockwatch_init(&s->clock, s, stamps_fd);
	}
	if (r >= 0) {
		r = mountwatch_init(&s->mounts, s);
	}
	if (r >= 0) {
		r = devicewatch_init(&s->devices, s);
	}
	if (r >= 0) {
		r = notify_init(&s->notify, s);
	}
	if (r >= 0) {
		r = bus_server_init(&s->bus, s, SUPD_FD_CONTROL);
	}
	if (r >= 0) {
		r = denials_new(s, &s->denials);
	}
	return r < 0 ? r : 0;
}

void shell_fini(struct shell *s)
{
	denials_free(s->denials);
	bus_server_fini(&s->bus);
	store_fini(&s->store);
	busnames_fini(&s->busnames);
	notify_fini(&s->notify);
	clockwatch_fini(&s->clock);
	devicewatch_fini(&s->devices);
	mountwatch_fini(&s->mounts);
	sd_event_source_disable_unref(s->load_source);
	sd_event_source_disable_unref(s->post_source);
	sd_event_source_disable_unref(s->stall_source);
	sd_event_source_disable_unref(s->progress_source);
	sd_event_source_disable_unref(s->timer_source);
	sd_event_source_disable_unref(s->request_source);
	sd_event_source_disable_unref(s->event_source);
	reloaddiff_fini(&s->changes);
	usage_table_fini(&s->usage);
	engine_free(s->engine);
	catalogues_fini(&s->catalogues);
	broker_fini(&s->broker);
	sd_event_unref(s->event);
}

int shell_run(struct shell *s)
{
	return sd_event_loop(s->event);
}
