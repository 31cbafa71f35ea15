// SPDX-License-Identifier: MIT
/*
 * poweroff, reboot, halt, kexec, soft-reboot, exit: the stop begins; nobody waits for its end. By
 * --force units are not stopped, processes end all together; twice: supctl does it itself, whatever
 * became of supd. --when has a timer do it.
 */
#include <errno.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/fd.h"
#include "../../runtime/base/number.h"
#include "../../runtime/base/zonefile.h"
#include "../../runtime/plan/calendar.h"
#include "exitcode.h"
#include "sysv.h"
#include "verbs.h"
#include "wall.h"

#define INHIBIT_DIR "/run/systemd/inhibit"
#define SCHEDULED   "supd-shutdown"

static const struct row {
	const char *verb;
	const char *method;
	int command;       /* of reboot(2), for --force --force; 0: cannot be forced */
	const char *words; /* "The system WORDS now!"; NULL: nobody is told */
} rows[] = {
	{ "poweroff", "PowerOff", RB_POWER_OFF, "will power off" },
	{ "reboot", "Reboot", RB_AUTOBOOT, "will reboot" },
	{ "halt", "Halt", RB_HALT_SYSTEM, "will halt" },
	{ "kexec", "KExec", LINUX_REBOOT_CMD_KEXEC, "will be replaced by the loaded kernel" },
	{ "soft-reboot", "SoftReboot", 0, "will restart its user space" },
	{ "exit", "Exit", 0, NULL },
};

static const struct row *row_of(const char *verb)
{
	size_t i = 0;

	while (i + 1 < ELEMENTSOF(rows) && strcmp(rows[i].verb, verb) != 0) {
		i++;
	}
	return &rows[i];
}

/* Is this supd the machine's own? Nobody else's may be ended by accident. */
static bool is_the_machines(const struct ctl *c)
{
	char comm[32];

	return strcmp(c->o.runtime_dir, OPTIONS_RUNTIME_DIR) == 0 &&
	       fd_read_text("/proc/1/comm", comm, sizeof(comm)) > 0 &&
	       strcmp(comm, "supd-init\n") == 0;
}

static void tell(struct ctl *c, const char *words)
{
	char text[1024];

	if (c->o.no_wall || !is_the_machines(c)) {
		return;
	}
	snprintf(text, sizeof(text), "The system %s%s%s", words, c->o.message ? "\r\n" : "",
		c->o.message ? c->o.message : "");
	wall_send(text);
}

static void tell_people(struct ctl *c, const struct row *row, const char *when)
{
	char words[256];

	if (row->words) {
		snprintf(words, sizeof(words), "%s %s!", row->words, when);
		tell(c, words);
	}
}

/* 0, or an exit code of supctl's. */
static int set_code(struct ctl *c, const char *text)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	uint64_t code;
	int r;

	if (number_parse_u64(text, &code) < 0 || code > 255) {
		fprintf(stderr, "supctl: exit: \"%s\" is not a number from 0 to 255\n", text);
		return EXIT_USAGE;
	}
	r = ctl_manager(c, "SetExitCode", &error, NULL, "y", (uint8_t)code);
	return r < 0 ? ctl_call_failed(c, "exit", &error, r) : EXIT_OK;
}

static int call_once(struct ctl *c, const struct row *row, sd_bus_error *error)
{
	if (c->o.n_force) {
		return sd_bus_call_method(c->bus, CTL_SERVICE, CTL_PATH, CTL_OWN, "PowerForce",
			error, NULL, "s", row->verb);
	}
	/* systemd's SoftReboot names a new root; here /run/nextroot is looked at. */
	return strcmp(row->method, "SoftReboot") == 0
		       ? ctl_manager(c, row->method, error, NULL, "s", "")
		       : ctl_manager(c, row->method, error, NULL, "");
}

/*
 * supd has told supd-init before it answers, and nobody forgets it then. One that ended before may
 * have taken the request with it, so its successor is asked again; twice is as good as once.
 * -errno; who is gone for good has done what it was asked.
 */
static int call(struct ctl *c, const struct row *row, sd_bus_error *error)
{
	unsigned lost = 0;
	int r;

	do {
		sd_bus_error_free(error);
		r = call_once(c, row, error);
	} while (ctl_reconnects(c, r, &lost));
	if (r < 0 && ctl_is_lost(r) && !c->bus) {
		r = ctl_try_connect(c);
		r = r == -ENOENT || r == -ECONNREFUSED ? 0 : r < 0 ? r : -ECONNRESET;
	}
	return r;
}

/* supd and supd-init may be past answering: what can be written is, then the kernel is told. */
static int do_it_ourselves(struct ctl *c, const struct row *row)
{
	if (!is_the_machines(c)) {
		ctl_error(c,
			"%s: --force --force ends the machine, and supd-init is not PID 1 here",
			row->verb);
		return EXIT_FAILED;
	}
	sync();
	if (reboot(row->command) < 0) {
		ctl_error(c, "%s: reboot: %s", row->verb,
			errno == EINVAL && row->command == (int)LINUX_REBOOT_CMD_KEXEC
				? "no kernel is loaded for kexec"
				: strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* EXIT_OK: there is a kernel, or it is not asked for. Behind the end of everything is too late. */
static int ask_for_kernel(struct ctl *c, const struct row *row)
{
	char loaded[8];

	if (strcmp(row->verb, "kexec") != 0 || !is_the_machines(c) ||
		fd_read_text("/sys/kernel/kexec_loaded", loaded, sizeof(loaded)) <= 0 ||
		loaded[0] != '0') {
		return EXIT_OK;
	}
	ctl_error(c,
		"kexec: no kernel is loaded (kexec -l KERNEL loads one); supctl reboot goes by "
		"the firmware");
	return EXIT_FAILED;
}

/* EXIT_OK: nobody minds. */
static int ask_inhibitors(struct ctl *c, const struct row *row)
{
	const char *when = c->o.check_inhibitors ? c->o.check_inhibitors : "auto";
	bool yes = strcmp(when, "yes") == 0, automatic = strcmp(when, "auto") == 0;

	if (!yes && !automatic && strcmp(when, "no") != 0) {
		ctl_error(c, "--check-inhibitors: %s: not yes, no or auto", when);
		return EXIT_FAILED;
	}
	if (c->o.ignore_inhibitors || c->o.n_force || !is_the_machines(c) ||
		!(yes || (automatic && isatty(STDIN_FILENO)))) {
		return EXIT_OK;
	}
	if (wall_inhibitors(INHIBIT_DIR, c->err) == 0) {
		return EXIT_OK;
	}
	ctl_error(c, "%s: not done; to do it all the same: supctl %s%s%s -i", row->verb, row->verb,
		c->o.when ? " --when=" : "", c->o.when ? c->o.when : "");
	return EXIT_FAILED;
}

/* ---- --when ---- */

static int is_scheduled(struct ctl *c, bool *ret)
{
	AUTO(props_fini) struct props p = { 0 };
	int code = ctl_connect(c);

	*ret = code == EXIT_OK && ctl_unit_props(c, SCHEDULED ".timer", &p, NULL) >= 0 &&
	       strcmp(props_string(&p, "ActiveState"), "active") == 0;
	return code;
}

static int cancel(struct ctl *c)
{
	char *stop[] = { (char *)"stop", (char *)SCHEDULED ".timer", NULL };
	static const char *const types[] = { "timer", "service" };
	char path[LIMIT_PATH];
	bool scheduled = false;
	int code = is_scheduled(c, &scheduled);

	if (code == EXIT_OK && !scheduled) {
		fputs("Nothing is scheduled.\n", c->out);
		return EXIT_OK;
	}
	code = code == EXIT_OK ? verb_job(c, 2, stop) : code;
	for (size_t i = 0; code == EXIT_OK && i < ELEMENTSOF(types); i++) {
		snprintf(path, sizeof(path), "%s/transient/" SCHEDULED ".%s", c->o.runtime_dir,
			types[i]);
		(void)unlink(path);
	}
	if (code != EXIT_OK) {
		return code;
	}
	tell(c, "goes on, its end has been called off.");
	char *reload[] = { (char *)"daemon-reload", NULL };

	c->o.quiet = true;
	return verb_daemon_reload(c, 1, reload);
}

/* "--message=TEXT" as a word of a command line, where "$$" is a dollar. NULL: no memory. */
static char *message_word(const char *text)
{
	static const char option[] = "--message=";
	char *word = malloc(sizeof(option) + strlen(text) * 2), *to = word;

	if (!word) {
		return NULL;
	}
	to = stpcpy(to, option);
	for (; *text; text++) {
		*to++ = *text;
		if (*text == '$') {
			*to++ = '$';
		}
	}
	*to = 0;
	return word;
}

/*
 * "23:00" is every day's, and the end of a machine comes once: the next time of a calendar
 * expression as a date. What is none stays as it is, and is refused with the timer.
 */
static int next_only(struct ctl *c, const char *verb, char *when, size_t size)
{
	AUTO(zone_fini) struct zone zone = { 0 };
	struct calendar spec;
	struct tm broken;
	usec_t at;

	if (calendar_parse(when, NULL, &spec) < 0) {
		return EXIT_OK;
	}
	bool known = zonefile_read(spec.zone[0] ? spec.zone : NULL, &zone) == 0;

	if (spec.zone[0] && !known) {
		return EXIT_OK;
	}
	at = calendar_next(&spec, known ? &zone : NULL, clock_us(CLOCK_REALTIME));
	time_t seconds = (time_t)(at / USEC_PER_SEC);

	if (at == USEC_INFINITY || !gmtime_r(&seconds, &broken)) {
		ctl_error(c, "%s: --when=%s is over", verb, when);
		return EXIT_FAILED;
	}
	strftime(when, size, "%Y-%m-%d %H:%M:%S UTC", &broken);
	return EXIT_OK;
}

/* A unit of its own does it then, as the same command without a time. */
static int schedule(struct ctl *c, const struct row *row)
{
	char exe[LIMIT_PATH] = "", span[64], words[128], description[64], dir[LIMIT_PATH + 16];
	AUTO_FREE char *message = NULL;
	char *run[7] = { (char *)"run", exe, dir, (char *)row->verb };
	int n = 4;
	const char *when = c->o.when;
	bool relative = *when == '+';
	bool minutes = when[relative + strspn(when + relative, "0123456789")] == 0;
	bool scheduled = false;
	int code = is_scheduled(c, &scheduled);

	if (code == EXIT_OK && scheduled) {
		ctl_error(c,
			"%s: the end of the machine is scheduled already (--when=show); first "
			"supctl %s --when=cancel",
			row->verb, row->verb);
		code = EXIT_FAILED;
	}
	if (code == EXIT_OK && readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0) {
		ctl_error(c, "/proc/self/exe: %m");
		code = EXIT_FAILED;
	}
	if (code != EXIT_OK) {
		return code;
	}
	snprintf(span, sizeof(span), "%s%s", when + relative, relative && minutes ? "min" : "");
	snprintf(words, sizeof(words), "%s %s", relative ? "in" : "at", span);
	code = relative ? EXIT_OK : next_only(c, row->verb, span, sizeof(span));
	if (code != EXIT_OK) {
		return code;
	}
	snprintf(dir, sizeof(dir), "--runtime-dir=%s", c->o.runtime_dir);
	if (c->o.no_wall) {
		run[n++] = (char *)"--no-wall";
	}
	if (c->o.message) {
		message = message_word(c->o.message);
		if (!message) {
			return EXIT_FAILED;
		}
		run[n++] = message;
	}
	snprintf(description, sizeof(description), "Scheduled %s", row->verb);
	c->o.unit = SCHEDULED ".service";
	c->o.description = description;
	c->o.collect = true;
	c->o.n_settings = 0;
	c->o.settings[c->o.n_settings++] =
		(struct options_setting) { relative ? "on-active" : "on-calendar", span };
	c->o.settings[c->o.n_settings++] =
		(struct options_setting) { "timer-property", "AccuracySec=1s" };
	c->o.n_properties = 0;
	c->o.properties[c->o.n_properties++] = "Profile=trusted";
	code = verb_run(c, n, run);
	if (code == EXIT_OK) {
		tell_people(c, row, words);
	}
	return code;
}

static int verb_when(struct ctl *c, const struct row *row)
{
	char *list[] = { (char *)"list-timers", (char *)SCHEDULED ".timer", NULL };

	if (c->o.n_force || !row->words) {
		ctl_error(c, "%s: --when does not go with %s", row->verb,
			c->o.n_force ? "--force" : row->verb);
		return EXIT_FAILED;
	}
	if (strcmp(c->o.when, "show") == 0) {
		return verb_list_timers(c, 2, list);
	}
	return strcmp(c->o.when, "cancel") == 0 ? cancel(c) : schedule(c, row);
}

int verb_power(struct ctl *c, int n, char *const *args)
{
	__attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
	const struct row *row = row_of(args[0]);
	int code, r;

	if (c->o.n_force && !row->command) {
		ctl_error(c, "%s: --force is for poweroff, reboot, halt and kexec", row->verb);
		return EXIT_FAILED;
	}
	if (c->o.when && (strcmp(c->o.when, "show") == 0 || strcmp(c->o.when, "cancel") == 0)) {
		return verb_when(c, row);
	}
	code = ask_for_kernel(c, row);
	code = code == EXIT_OK ? ask_inhibitors(c, row) : code;
	if (code == EXIT_OK && c->o.when && strcmp(c->o.when, "now") != 0) {
		return verb_when(c, row);
	}
	if (code == EXIT_OK && c->o.n_force > 1) {
		return do_it_ourselves(c, row);
	}
	code = code == EXIT_OK ? ctl_connect(c) : code;
	if (code == EXIT_OK && n > 1) {
		code = set_code(c, args[1]);
	}
	if (code != EXIT_OK) {
		return code;
	}
	tell_people(c, row, "now");
	r = call(c, row, &error);
	if (r < 0) {
		/* they have been told before it was asked for: afterwards nobody may be there */
		c->o.message = NULL;
		if (row->words) {
			tell(c, "goes on: what has been announced was refused.");
		}
		return ctl_call_failed(c, args[0], &error, r);
	}
	return EXIT_OK;
}

int power_by_old_name(struct ctl *c, const char *name, int argc, char **argv)
{
	char wrong[OPTIONS_WRONG];
	struct sysv_call call;

	if (sysv_translate(name, argc, argv, &call, wrong) < 0) {
		ctl_error(c, "%s", wrong);
		return EXIT_FAILED;
	}
	if (call.usage) {
		fprintf(c->out, "usage: %s %s\n", name, call.usage);
		return EXIT_OK;
	}
	if (call.only_wall) {
		const char *message = strchr(call.message, '=');

		wall_send(message ? message + 1 : "The system will go down!");
		return EXIT_OK;
	}
	return verbs_main(c, call.argc, call.argv);
}
