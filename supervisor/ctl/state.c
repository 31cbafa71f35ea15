// SPDX-License-Identifier: MIT
/* is-active, is-failed, is-system-running. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "text.h"
#include "verbs.h"

/* One answer on the output: a word on a line, or the member of an object. */
static void answer(struct ctl *c, struct json *j, const char *key, const char *word)
{
	if (c->o.json) {
		json_string(j, key, word);
	} else if (!c->o.quiet) {
		text_puts(c->out, word);
		putc('\n', c->out);
	}
}

static int get_states(struct ctl *c, const char *unit, bool failed, char *buf, size_t size)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO(props_fini) struct props p = { 0 };
	int r = ctl_unit_props(c, unit, &p, &error);

	if (sd_bus_error_has_name(&error, CTL_SERVICE ".NoSuchUnit")) {
		snprintf(buf, size, "inactive");
		return failed ? EXIT_FAILED : EXIT_NO_UNIT;
	}
	if (r < 0) {
		ctl_call_failed(c, unit, &error, r);
		snprintf(buf, size, "unknown");
		return failed ? EXIT_FAILED : EXIT_NO_UNIT;
	}
	snprintf(buf, size, "%s", props_string(&p, "ActiveState"));
	return failed ? exitcode_is_failed(buf)
		      : exitcode_is_active(props_string(&p, "LoadState"), buf);
}

static int code_active(struct ctl *c, const char *unit, char *buf, size_t size)
{
	return get_states(c, unit, false, buf, size);
}

static int code_failed(struct ctl *c, const char *unit, char *buf, size_t size)
{
	return get_states(c, unit, true, buf, size);
}

/* One success is success (systemctl(1)); no unit at all that is there is 4. */
static int ask_all(struct ctl *c, int n, char *const *args,
	int (*ask)(struct ctl *, const char *, char *, size_t))
{
	AUTO(unit_list_fini) struct unit_list units = { 0 };
	int code = ctl_units_up(c, n - 1, args + 1, &units);
	char word[64];
	bool any = false;
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_object(&j, NULL);
	}
	code = ask == code_failed ? EXIT_FAILED : units.n ? EXIT_NO_UNIT : EXIT_NOT_RUNNING;
	for (size_t i = 0; i < units.n; i++) {
		int own = ask(c, units.names[i], word, sizeof(word));

		code = own == EXIT_NOT_RUNNING ? own : code;
		any = any || own == EXIT_OK;
		answer(c, &j, units.names[i], word);
	}
	if (c->o.json) {
		json_end(&j);
	}
	return any ? EXIT_OK : code;
}

int verb_is_active(struct ctl *c, int n, char *const *args)
{
	return ask_all(c, n, args, code_active);
}

int verb_is_failed(struct ctl *c, int n, char *const *args)
{
	return ask_all(c, n, args, code_failed);
}

int verb_is_system_running(struct ctl *c, int n, char *const *args)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	AUTO_FREE char *state = NULL;
	struct json j;
	int r = ctl_try_connect(c);

	(void)n;
	(void)args;
	if (r >= 0) {
		r = sd_bus_get_property_string(
			c->bus, CTL_SERVICE, CTL_PATH, CTL_MANAGER, "SystemState", &error, &state);
	}
	json_init(&j, c->out);
	answer(c, &j, NULL, r < 0 ? "offline" : state);
	return r < 0 ? EXIT_FAILED : exitcode_system(state);
}
