// SPDX-License-Identifier: MIT
/*
 * Units: ok (starts), early (its JobRemoved comes before the reply), bad (its start fails at a
 * launch step), exits (its process fails), crash (supd goes down while the job runs), lost (supd
 * goes down before it answers), evil (hostile texts), web@7 (unknown until RUNTIME/units has its
 * link).
 */
#include "mockpeer.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#define MANAGER       "/org/freedesktop/systemd1"
#define UNITS         "/org/freedesktop/systemd1/unit"
#define BUSES         16
#define DOWN_US       60000
#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

struct mock {
	const char *dir;
	sd_event *event;
	int listen_fd;
	sd_event_source *listener;
	sd_bus *buses[BUSES];
	size_t n_buses;
	unsigned jobs, crashes, polls;
};

static void listen_again(struct mock *s);

static int on_up(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)usec;
	sd_event_source_unref(source);
	listen_again(userdata);
	return 0;
}

/* As after kill -9 with a supd-init that holds the socket. */
static void hang_up(struct mock *s)
{
	for (size_t i = 0; i < s->n_buses; i++) {
		sd_bus_detach_event(s->buses[i]);
		sd_bus_close(s->buses[i]);
	}
	s->n_buses = 0;
	s->crashes++;
}

/* And for a moment nobody listens. */
static void go_down(struct mock *s)
{
	char path[108];
	sd_event_source *timer;

	hang_up(s);
	sd_event_source_disable_unref(s->listener);
	close(s->listen_fd);
	snprintf(path, sizeof(path), "%s/control", s->dir);
	unlink(path);
	assert(sd_event_add_time_relative(
		       s->event, &timer, CLOCK_MONOTONIC, DOWN_US, 1, on_up, s) >= 0);
}

static int emit_removed(sd_bus_message *m, unsigned id, const char *unit, const char *result)
{
	char path[64];

	snprintf(path, sizeof(path), MANAGER "/job/%u", id);
	return sd_bus_emit_signal(sd_bus_message_get_bus(m), MANAGER,
		"org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", id, path, unit, result);
}

static int reply_job(sd_bus_message *m, unsigned id)
{
	char path[64];

	snprintf(path, sizeof(path), MANAGER "/job/%u", id);
	return sd_bus_reply_method_return(m, "o", path);
}

static int start_unit(struct mock *s, sd_bus_message *m, const char *unit)
{
	bool fails = strcmp(unit, "bad.service") == 0 || strcmp(unit, "exits.service") == 0;
	unsigned id = ++s->jobs;
	char link[108];

	snprintf(link, sizeof(link), "%s/units/%s", s->dir, unit);
	if (strcmp(unit, "gone.service") == 0 || (strchr(unit, '@') && access(link, F_OK) < 0)) {
		return sd_bus_reply_method_errorf(
			m, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not found.", unit);
	}
	if (strcmp(unit, "lost.service") == 0 && s->crashes == 0) {
		go_down(s);
		return 1;
	}
	if (strcmp(unit, "early.service") == 0) {
		emit_removed(m, id, unit, "done");
		return reply_job(m, id);
	}
	reply_job(m, id);
	if (strcmp(unit, "crash.service") == 0 ||
		(strcmp(unit, "again.service") == 0 && s->crashes == 0)) {
		sd_bus_flush(sd_bus_message_get_bus(m));
		go_down(s);
		return 1;
	}
	return emit_removed(m, id, unit, fails ? "failed" : "done");
}

struct row {
	const char *unit, *load, *active, *sub, *result, *text, *step, *status;
	int code, exit_status;
};

static const struct row rows[] = {
	{ "ok.service", "loaded", "active", "running", "success", "", "", "fine", 0, 0 },
	{ "early.service", "loaded", "active", "running", "success", "", "", "", 0, 0 },
	{ "lost.service", "loaded", "active", "running", "success", "", "", "", 0, 0 },
	{ "again.service", "loaded", "active", "running", "success", "", "", "", 0, 0 },
	{ "crash.service", "loaded", "active", "running", "success", "", "", "", 0, 0 },
	{ "bad.service", "loaded", "failed", "failed", "resources",
		"bind /srv/x: No such file or directory (bad.service:14)", "mounts", "", 0, 0 },
	{ "exits.service", "loaded", "failed", "failed", "exit-code", "", "", "", CLD_EXITED, 3 },
	{ "evil.service", "loaded", "active", "running", "success", "", "", "\033]0;x\007\n", 0,
		0 },
	{ "down.service", "loaded", "inactive", "dead", "success", "", "", "", 0, 0 },
	{ "loop.service", "loaded", "activating", "auto-restart", "exit-code", "", "", "", 1, 1 },
};
static const struct row unknown = { "", "not-found", "inactive", "dead", "success", "", "", "", 0,
	0 };

static const struct row *find_row(const char *unit)
{
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		if (strcmp(rows[i].unit, unit) == 0) {
			return &rows[i];
		}
	}
	return &unknown;
}

static void add_string(sd_bus_message *m, const char *name, const char *value)
{
	assert(sd_bus_message_append(m, "{sv}", name, "s", value) >= 0);
}

/* After the crash the job still runs for the first questions. */
static bool still_runs(struct mock *s, const struct row *row)
{
	return strcmp(row->unit, "crash.service") == 0 && s->crashes && s->polls++ < 3;
}

static void add_row(struct mock *s, sd_bus_message *m, const char *unit)
{
	const struct row *row = find_row(unit);
	bool runs = still_runs(s, row);

	add_string(m, "Id", unit);
	add_string(m, "Description", "A unit of the test");
	add_string(m, "LoadState", row->load);
	add_string(m, "ActiveState", runs ? "activating" : row->active);
	add_string(m, "SubState", runs ? "start" : row->sub);
	add_string(m, "Result", row->result);
	add_string(m, "FragmentPath", "/etc/supd/unit");
	add_string(m, "FailureText", row->text);
	add_string(m, "FailureStep", row->step);
	add_string(m, "StatusText", row->status);
	add_string(m, "ControlGroup", "/t");
	assert(sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "MainPID", "u", 0, "ExecMainCode",
		       "i", row->code, "ExecMainStatus", "i", row->exit_status, "CrashLooping", "b",
		       strcmp(unit, "loop.service") == 0, "ActiveEnterTimestamp", "t",
		       (uint64_t)1700000000000000) >= 0);
	assert(sd_bus_message_append(
		       m, "{sv}", "ActiveEnterTimestampMonotonic", "t", (uint64_t)1) >= 0);
	assert(sd_bus_message_append(m, "{sv}{sv}", "Job", "(uo)", runs ? 7 : 0,
		       runs ? MANAGER "/job/7" : "/", "Documentation", "as", 2, "man:a(8)",
		       "man:b(8)") >= 0);
}

static int get_all(struct mock *s, sd_bus_message *m)
{
	char *unit = NULL;
	sd_bus_message *reply;

	assert(sd_bus_message_new_method_return(m, &reply) >= 0);
	assert(sd_bus_message_open_container(reply, 'a', "{sv}") >= 0);
	if (sd_bus_path_decode(sd_bus_message_get_path(m), UNITS, &unit) > 0) {
		add_row(s, reply, unit);
	} else {
		add_string(reply, "SystemState", "degraded");
		assert(sd_bus_message_append(reply, "{sv}", "NRequests", "u", s->jobs) >= 0);
	}
	assert(sd_bus_message_close_container(reply) >= 0);
	assert(sd_bus_send(NULL, reply, NULL) >= 0);
	sd_bus_message_unref(reply);
	free(unit);
	return 1;
}

static int get(struct mock *s, sd_bus_message *m)
{
	const char *interface, *name;
	char path[108];

	sd_bus_message_read(m, "ss", &interface, &name);
	if (strcmp(name, "UnitPath") == 0) {
		snprintf(path, sizeof(path), "%s/etc", s->dir);
		return sd_bus_reply_method_return(m, "v", "as", 1, path);
	}
	if (strcmp(name, "CrashLooping") == 0) {
		return sd_bus_reply_method_return(m, "v", "b", 1);
	}
	return sd_bus_reply_method_return(m, "v", "s", "degraded");
}

static int list_units(sd_bus_message *m)
{
	sd_bus_message *reply;

	assert(sd_bus_message_new_method_return(m, &reply) >= 0);
	assert(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		assert(sd_bus_message_append(reply, "(ssssssouso)", rows[i].unit, "A unit",
			       rows[i].load, rows[i].active, rows[i].sub, "", UNITS "/x", 0, "",
			       "/") >= 0);
	}
	assert(sd_bus_message_close_container(reply) >= 0);
	assert(sd_bus_send(NULL, reply, NULL) >= 0);
	sd_bus_message_unref(reply);
	return 1;
}

static int list_packed(sd_bus_message *m)
{
	sd_bus_message *reply;
	char data[4096];
	size_t n = 0;

	for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
		bool looping = strcmp(rows[i].active, "activating") == 0;
		const char *const fields[] = { rows[i].unit, rows[i].load,
			looping ? "crash-looping" : rows[i].active, rows[i].sub, "A unit", "", "" };

		for (size_t k = 0; k < N_ELEMENTS(fields); k++) {
			memcpy(data + n, fields[k], strlen(fields[k]) + 1);
			n += strlen(fields[k]) + 1;
		}
	}
	assert(sd_bus_message_new_method_return(m, &reply) >= 0);
	assert(sd_bus_message_append_array(reply, 'y', data, n) >= 0);
	assert(sd_bus_send(NULL, reply, NULL) >= 0);
	sd_bus_message_unref(reply);
	return 1;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct mock *s = userdata;
	const char *member = sd_bus_message_get_member(m), *unit = "";

	(void)error;
	if (!sd_bus_message_is_method_call(m, NULL, NULL)) {
		return 0;
	}
	if (strstr(member, "Unit") && sd_bus_message_has_signature(m, "ss") &&
		sd_bus_message_read(m, "ss", &unit, NULL) > 0 && unit) {
		return start_unit(s, m, unit);
	}
	if (strcmp(member, "GetAll") == 0) {
		return get_all(s, m);
	}
	if (strcmp(member, "Get") == 0) {
		return get(s, m);
	}
	if (strcmp(member, "ListUnitsByPatterns") == 0) {
		return list_units(m);
	}
	if (strcmp(member, "ListUnitsPacked") == 0) {
		return list_packed(m);
	}
	if (strcmp(member, "PowerOff") == 0 || strcmp(member, "Exit") == 0) {
		go_down(s);
		return 1;
	}
	if (strcmp(member, "Reboot") == 0 || strcmp(member, "Halt") == 0) {
		if (s->crashes < 2) {
			hang_up(s);
			return 1;
		}
		return strcmp(member, "Halt") == 0
			       ? sd_bus_reply_method_return(m, "")
			       : sd_bus_reply_method_errorf(
					 m, SD_BUS_ERROR_NOT_SUPPORTED, "asked again");
	}
	if (strcmp(member, "PowerForce") == 0) {
		return sd_bus_reply_method_errorf(
			m, SD_BUS_ERROR_NOT_SUPPORTED, "asked for the last phase");
	}
	if (strcmp(member, "GetUnitProcesses") == 0) {
		return sd_bus_reply_method_return(
			m, "a(sus)", 2, "/t", 12, "worker", "/t", 11, "main -x");
	}
	if (strcmp(member, "Reload") == 0) {
		return sd_bus_reply_method_return(m, "a(suuuss)", 1, "/etc/supd/a.service", 3, 0, 1,
			"a.service", "unknown key");
	}
	if (strcmp(member, "ReloadReport") == 0) {
		return sd_bus_reply_method_return(m, "a(suuuss)a(ssss)u", 1, "/etc/supd/a.service",
			3, 0, 1, "a.service", "unknown key", 3, "a.service", "RestartSec", "1s",
			"2s", "b.service", "", "loaded", "", "c.service", "", "", "loaded", 0);
	}
	return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "No %s here", member);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct mock *s = userdata;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	sd_id128_t id = { .qwords = { 1, 2 } };
	sd_bus *bus;

	(void)source;
	(void)events;
	if (client < 0 || s->n_buses == BUSES) {
		return 0;
	}
	assert(sd_bus_new(&bus) >= 0);
	assert(sd_bus_set_fd(bus, client, client) >= 0);
	assert(sd_bus_set_server(bus, 1, id) >= 0);
	assert(sd_bus_set_sender(bus, "org.freedesktop.systemd1") >= 0);
	assert(sd_bus_add_filter(bus, NULL, on_message, s) >= 0);
	assert(sd_bus_start(bus) >= 0);
	assert(sd_bus_attach_event(bus, s->event, 0) >= 0);
	s->buses[s->n_buses++] = bus;
	return 0;
}

static void listen_again(struct mock *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control", s->dir);
	assert(bind(s->listen_fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	assert(listen(s->listen_fd, 8) == 0);
	assert(sd_event_add_io(s->event, &s->listener, s->listen_fd, 1 /* EPOLLIN */, on_connection,
		       s) >= 0);
}

pid_t mockpeer_start(const char *dir)
{
	int ready[2];
	pid_t pid;
	char byte;

	assert(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		struct mock s = { .dir = dir };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		assert(sd_event_new(&s.event) >= 0);
		listen_again(&s);
		assert(write(ready[1], "", 1) == 1);
		_exit(sd_event_loop(s.event) < 0);
	}
	close(ready[1]);
	assert(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

void mockpeer_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
