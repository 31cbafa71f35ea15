// SPDX-License-Identifier: MIT
#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/timeutil.h"
#include "../../runtime/base/unitname.h"
#include "advice.h"
#include "exitcode.h"
#include "names.h"
#include "nearunit.h"
#include "text.h"

/*
 * A reload may take as long as a load may. After one that timed out the next may take longer: that
 * goes on, its answer is no longer waited for.
 */
#define CALL_TIMEOUT_US   (LIMIT_LOAD_TIME_US + 30 * USEC_PER_SEC)
#define RECONNECTS        5u
#define CONNECT_WITHIN_US (40 * USEC_PER_SEC) /* longer than the longest wait of supd-init */
#define CONNECT_AGAIN_US  20000
#define SAY_AFTER_US      (3 * USEC_PER_SEC) /* that supd does not answer */

void ctl_init(struct ctl *c, FILE *out, FILE *err)
{
	const char *term = getenv("TERM");
	struct winsize size = { 0 };

	*c = (struct ctl) { .out = out, .err = err, .patience_us = CONNECT_WITHIN_US };
	if (isatty(fileno(out))) {
		c->color = term && strcmp(term, "dumb") != 0 && !getenv("NO_COLOR");
		c->columns = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	}
}

void ctl_disconnect(struct ctl *c)
{
	c->bus = sd_bus_close_unref(c->bus);
}

void ctl_fini(struct ctl *c)
{
	c->bus = sd_bus_flush_close_unref(c->bus);
}

void ctl_error(struct ctl *c, const char *format, ...)
{
	AUTO_FREE char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		return;
	}
	fflush(c->out);
	fputs("supctl: ", c->err);
	text_puts(c->err, text);
	putc('\n', c->err);
}

bool ctl_is_lost(int r)
{
	return r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE || r == -ESHUTDOWN ||
	       r == -ECONNREFUSED || r == -ENOENT || r == -ECHILD || r == -EBADF;
}

static int address_of(const char *runtime_dir, char **ret)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *escaped = NULL;

	if (asprintf(&path, "%s/control", runtime_dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	escaped = calloc(1, strlen(path) * 3 + sizeof("unix:path="));
	if (!escaped) {
		return -ENOMEM;
	}
	strcpy(escaped, "unix:path=");
	for (const char *s = path; *s; s++) {
		char *end = escaped + strlen(escaped);

		/* D-Bus Specification, "Server Addresses": all but these are escaped. */
		if (strchr("-_/.\\*0123456789", *s) || (*s >= 'a' && *s <= 'z') ||
			(*s >= 'A' && *s <= 'Z')) {
			*end = *s;
		} else {
			sprintf(end, "%%%02x", (unsigned char)*s);
		}
	}
	*ret = TAKE_PTR(escaped);
	return 0;
}

/* Once for all connections: the next one waits for the same. */
static void say_waiting(struct ctl *c, usec_t began)
{
	if (!c->said_waiting && now_us() >= began + SAY_AFTER_US) {
		c->said_waiting = true;
		ctl_error(c, "supd does not answer; waiting for it");
	}
}

/*
 * Until supd has taken the connection. supd-init replaces a supd that does not, and the next one
 * finds us at the socket. -ETIMEDOUT.
 */
static int await_ready(struct ctl *c, sd_bus *bus)
{
	usec_t began = c->connect_from ? c->connect_from : now_us();
	int r;

	while ((r = sd_bus_is_ready(bus)) == 0) {
		usec_t now = now_us();
		usec_t until = began + (c->said_waiting ? c->patience_us : SAY_AFTER_US);

		if (now >= began + c->patience_us) {
			return -ETIMEDOUT;
		}
		say_waiting(c, began);
		r = sd_bus_process(bus, NULL);
		if (r == 0) {
			until = until < began + c->patience_us ? until : began + c->patience_us;
			r = sd_bus_wait(bus, until > now ? until - now : USEC_PER_MSEC);
		}
		if (r < 0 && r != -EINTR) {
			return r == -ENOTCONN ? -ECONNRESET : r;
		}
	}
	return r < 0 ? r : 0;
}

int ctl_try_connect(struct ctl *c)
{
	__attribute__((cleanup(sd_bus_close_unrefp))) sd_bus *bus = NULL;
	AUTO_FREE char *address = NULL;
	int r;

	if (c->bus) {
		return 0;
	}
	if ((r = address_of(c->o.runtime_dir, &address)) < 0 || (r = sd_bus_new(&bus)) < 0 ||
		(r = sd_bus_set_address(bus, address)) < 0 ||
		(r = sd_bus_negotiate_fds(bus, 0)) < 0 || (r = sd_bus_start(bus)) < 0 ||
		(r = await_ready(c, bus)) < 0) {
		return r;
	}
	r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_US);
	c->bus = TAKE_PTR(bus);
	return r < 0 ? r : 0;
}

/*
 * supd-init holds the listening socket, so a connection that breaks while it is made means that
 * supd is just being started again.
 */
static int connect_patiently(struct ctl *c)
{
	usec_t began = now_us();
	int r;

	c->connect_from = began;
	/* -EAGAIN: so many others wait that there is no more room. */
	while ((r = ctl_try_connect(c)) == -EPIPE || r == -ECONNRESET || r == -EAGAIN) {
		if (now_us() > began + c->patience_us) {
			break;
		}
		say_waiting(c, began);
		nanosleep(&(struct timespec) { .tv_nsec = CONNECT_AGAIN_US * 1000 }, NULL);
	}
	c->connect_from = 0;
	return r;
}

int ctl_connect(struct ctl *c)
{
	int r = connect_patiently(c);

	if (r == -ETIMEDOUT || r == -EAGAIN) {
		ctl_error(c, "supd does not answer at %s/control (waited %u s); see supctl logs",
			c->o.runtime_dir, (unsigned)(c->patience_us / USEC_PER_SEC));
		return EXIT_FAILED;
	}
	if (r < 0) {
		ctl_error(c, "cannot connect to %s/control: %s%s", c->o.runtime_dir, strerror(-r),
			r == -ENOENT || r == -ECONNREFUSED ? " (is supd running?)" : "");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

bool ctl_reconnects(struct ctl *c, int r, unsigned *lost)
{
	if (r >= 0 || !ctl_is_lost(r) || sd_bus_is_open(c->bus) > 0 || ++*lost > RECONNECTS) {
		return false;
	}
	ctl_disconnect(c);
	return connect_patiently(c) >= 0;
}

/* Of a call without an answer. */
static const char *words_of_errno(int r)
{
	if (r == -ETIMEDOUT) {
		return "supd does not answer";
	}
	return ctl_is_lost(r) ? "supd has ended before it answered; it is started again"
			      : strerror(-r);
}

int ctl_call_failed(struct ctl *c, const char *what, const sd_bus_error *error, int r)
{
	bool named = error && sd_bus_error_is_set(error);
	const char *message = named && error->message ? error->message : words_of_errno(r);
	char unit[LIMIT_UNIT_NAME], hint[NEAREST_HINT] = "";
	const char *begin, *advice;
	int length;

	/* It may be another unit that is missing: one that this one requires. */
	if (named && strcmp(error->name, CTL_SERVICE ".NoSuchUnit") == 0 &&
		sscanf(message, "Unit %255s not found", unit) == 1) {
		nearest_unit(c, unit, hint);
	}
	if (*hint) {
		ctl_error(c, "Unit %s not found%s", unit, hint);
		return exitcode_of_error(error->name);
	}
	/* The message usually begins with the unit already. */
	begin = named && strstr(message, what) ? "" : what;
	advice = named ? advice_of_error(error->name, message) : NULL;
	length = (int)strlen(message);
	if (advice && length && message[length - 1] == '.') {
		length--;
	}
	ctl_error(c, "%s%s%.*s%s%s%s", begin, *begin ? ": " : "", length, message,
		advice ? " (" : "", advice ? advice : "", advice ? ")" : "");
	return exitcode_of_error(named ? error->name : NULL);
}

int ctl_manager(struct ctl *c, const char *method, sd_bus_error *error, sd_bus_message **reply,
	const char *types, ...)
{
	va_list ap;
	int r;

	va_start(ap, types);
	r = sd_bus_call_methodv(
		c->bus, CTL_SERVICE, CTL_PATH, CTL_MANAGER, method, error, reply, types, ap);
	va_end(ap);
	return r < 0 ? r : 0;
}

char *ctl_unit_path(const char *unit)
{
	char *path = NULL;

	return sd_bus_path_encode(CTL_UNIT_PATH, unit, &path) < 0 ? NULL : path;
}

int ctl_props(struct ctl *c, const char *path, struct props *ret, sd_bus_error *error)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	int r;

	*ret = (struct props) { 0 };
	r = sd_bus_call_method(
		c->bus, CTL_SERVICE, path, CTL_PROPS, "GetAll", error, &reply, "s", "");
	return r < 0 ? r : props_read(ret, reply);
}

int ctl_unit_props(struct ctl *c, const char *unit, struct props *ret, sd_bus_error *error)
{
	AUTO_FREE char *path = ctl_unit_path(unit);

	*ret = (struct props) { 0 };
	return path ? ctl_props(c, path, ret, error) : -ENOMEM;
}

void unit_list_fini(struct unit_list *l)
{
	free(l->names);
	*l = (struct unit_list) { 0 };
}

int unit_list_add(struct unit_list *l, const char *name)
{
	char(*names)[LIMIT_UNIT_NAME];

	for (size_t i = 0; i < l->n && l->n < 256; i++) {
		if (strcmp(l->names[i], name) == 0) {
			return 0;
		}
	}
	if (l->n >= CTL_UNITS || strlen(name) >= LIMIT_UNIT_NAME) {
		return -E2BIG;
	}
	/* Grows at powers of two. */
	if ((l->n & (l->n - 1)) == 0) {
		names = reallocarray(l->names, l->n ? l->n * 2 : 1, sizeof(*names));
		if (!names) {
			return -ENOMEM;
		}
		l->names = names;
	}
	strcpy(l->names[l->n++], name);
	return 0;
}

static const char *suffix_of(const struct ctl *c)
{
	return c->suffix ? c->suffix : ".service";
}

static int expand_pattern(struct ctl *c, const char *arg, struct unit_list *l)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	char pattern[LIMIT_UNIT_NAME];
	const char *name, *active;
	size_t before = l->n;
	uint32_t job;
	int r;

	if (names_complete_pattern_as(arg, suffix_of(c), pattern) < 0) {
		ctl_error(c, "%s: pattern is too long", arg);
		return EXIT_USAGE;
	}
	if ((r = ctl_connect(c)) != EXIT_OK) {
		return r;
	}
	r = ctl_manager(c, "ListUnitsByPatterns", &error, &reply, "asas", 0, 1, pattern);
	if (r < 0) {
		return ctl_call_failed(c, pattern, &error, r);
	}
	r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
	while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, NULL, &active,
				  NULL, NULL, NULL, &job, NULL, NULL)) > 0) {
		bool down = strcmp(active, "inactive") == 0 && job == 0;

		r = unit_name_is_valid(name) && !(c->up_only && down) ? unit_list_add(l, name) : 0;
	}
	if (r < 0) {
		return ctl_call_failed(c, pattern, NULL, r);
	}
	if (l->n == before && !c->o.quiet) {
		ctl_error(c, "%s: no loaded unit%s matches%s", pattern,
			c->up_only ? " that is up" : "",
			c->up_only ? " (--all: also those that are down)" : "");
	}
	return EXIT_OK;
}

/* "./web.service" is a file, and names of units have no slash. */
static void say_no_name(struct ctl *c, const char *arg)
{
	if (strchr(arg, '/')) {
		ctl_error(c,
			"%s: not a unit name; a file elsewhere: supctl link FILE, then its name",
			arg);
	} else {
		ctl_error(c, "%s: not a unit name", *arg ? arg : "\"\"");
	}
}

int ctl_expand(struct ctl *c, int n, char *const *args, struct unit_list *ret)
{
	char name[LIMIT_UNIT_NAME];
	int code = EXIT_OK;

	*ret = (struct unit_list) { 0 };
	for (int i = 0; i < n && code == EXIT_OK; i++) {
		if (names_is_pattern(args[i])) {
			code = expand_pattern(c, args[i], ret);
		} else if (names_complete_as(args[i], suffix_of(c), name) < 0) {
			say_no_name(c, args[i]);
			code = EXIT_USAGE;
		} else if (unit_list_add(ret, name) < 0) {
			ctl_error(c, "too many units");
			code = EXIT_FAILED;
		}
	}
	if (code != EXIT_OK) {
		unit_list_fini(ret);
	}
	return code;
}

int ctl_units(struct ctl *c, int n, char *const *args, struct unit_list *ret)
{
	int code = ctl_connect(c);

	*ret = (struct unit_list) { 0 };
	return code == EXIT_OK ? ctl_expand(c, n, args, ret) : code;
}

int ctl_units_up(struct ctl *c, int n, char *const *args, struct unit_list *ret)
{
	int code;

	c->up_only = !c->o.all;
	code = ctl_units(c, n, args, ret);
	c->up_only = false;
	return code;
}

int ctl_units_of(struct ctl *c, const char *suffix, int n, char *const *args, struct unit_list *ret)
{
	char every[32];
	char *const all[] = { every };
	const bool quiet = c->o.quiet;
	int code;

	snprintf(every, sizeof(every), "*%s", suffix);
	/* That there is none is no surprise when nobody asked for it. */
	c->o.quiet = quiet || n == 0;
	c->suffix = suffix;
	code = n > 0 ? ctl_units(c, n, args, ret) : ctl_units(c, 1, all, ret);
	c->suffix = NULL;
	c->o.quiet = quiet;
	return code;
}

int ctl_each_unit(struct ctl *c, int n, char *const *args,
	int (*act)(struct ctl *c, const char *unit, sd_bus_error *error))
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_units(c, n, args, &units);

	for (size_t i = 0; i < units.n; i++) {
		__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
		int r = act(c, units.names[i], &error);

		if (r < 0) {
			ctl_call_failed(c, units.names[i], &error, r);
			code = EXIT_FAILED;
		}
	}
	return code;
}

const char *ctl_color(const struct ctl *c, const char *active_state)
{
	static const struct {
		const char *state, *color;
	} colors[] = {
		{ "active", "\033[0;1;32m" },
		{ "reloading", "\033[0;1;32m" },
		{ "failed", "\033[0;1;31m" },
		{ "crash-looping", "\033[0;1;31m" },
		{ "activating", "\033[0;1;33m" },
		{ "deactivating", "\033[0;1;33m" },
	};

	for (size_t i = 0; c->color && i < ELEMENTSOF(colors); i++) {
		if (strcmp(colors[i].state, active_state) == 0) {
			return colors[i].color;
		}
	}
	return "";
}

const char *ctl_color_end(const struct ctl *c)
{
	return c->color ? "\033[0m" : "";
}

int ctl_show_units(struct ctl *c, const struct unit_list *units, struct json *j,
	int (*show)(struct ctl *c, struct json *j, const char *unit))
{
	int code = EXIT_OK;

	if (c->o.json) {
		json_array(j, NULL);
	}
	for (size_t i = 0; i < units->n; i++) {
		int own;

		if (i && !c->o.json) {
			putc('\n', c->out);
		}
		own = show(c, j, units->names[i]);
		code = code == EXIT_OK ? own : code;
	}
	if (c->o.json) {
		json_end(j);
	}
	return code;
}
