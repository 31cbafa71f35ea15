// SPDX-License-Identifier: MIT
#include "unitlog.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "../runtime/base/cleanup.h"
#include "../runtime/base/exitnames.h"
#include "../runtime/base/signals.h"
#include "../runtime/plan/launchwire.h"
#include "shell.h"
#include "usage.h"

/* Which details the text ends with. */
enum detail {
	DETAIL_NONE,
	DETAIL_RESULT,    /* number: enum service_result */
	DETAIL_FAILURE,   /* the service's failure record */
	DETAIL_EXIT,      /* number: CLD_* << 8 | status */
	DETAIL_COUNTER,   /* number */
	DETAIL_PID,       /* number */
	DETAIL_ERRNO,     /* number */
	DETAIL_STATE,     /* state: enum service_state */
	DETAIL_CONDITION, /* number: index */
	DETAIL_TEXT,
};

struct row {
	int priority;
	enum detail detail;
	const char *text; /* after "NAME: ", or as it is with the description for jobs */
	const char *message_id;
	const char *job_type;
	const char *job_result;
};

static const struct row rows[EFFECT_LOG_COUNT] = {
	[LOG_STARTING] = { LOG_INFO, DETAIL_NONE, "Starting", MESSAGE_UNIT_STARTING, "start" },
	[LOG_STARTED] = { LOG_INFO, DETAIL_NONE, "Started", MESSAGE_UNIT_STARTED, "start", "done" },
	[LOG_FINISHED] = { LOG_INFO, DETAIL_NONE, "Finished", MESSAGE_UNIT_STARTED, "start",
		"done" },
	[LOG_STOPPING] = { LOG_INFO, DETAIL_NONE, "Stopping", MESSAGE_UNIT_STOPPING, "stop" },
	[LOG_STOPPED] = { LOG_INFO, DETAIL_NONE, "Stopped", MESSAGE_UNIT_STOPPED, "stop", "done" },
	[LOG_RELOADING] = { LOG_INFO, DETAIL_NONE, "Reloading", MESSAGE_UNIT_RELOADING, "reload" },
	[LOG_RELOADED] = { LOG_INFO, DETAIL_NONE, "Reloaded", MESSAGE_UNIT_RELOADED, "reload",
		"done" },
	[LOG_START_FAILED] = { LOG_ERR, DETAIL_NONE, "Failed to start", MESSAGE_UNIT_FAILED,
		"start", "failed" },
	[LOG_FAILED] = { LOG_WARNING, DETAIL_RESULT, "Failed with result",
		MESSAGE_UNIT_FAILURE_RESULT },
	[LOG_LAUNCH_FAILED] = { LOG_ERR, DETAIL_FAILURE, "Start failed", MESSAGE_SPAWN_FAILED },
	[LOG_SUCCEEDED] = { LOG_INFO, DETAIL_NONE, "Deactivated successfully.",
		MESSAGE_UNIT_SUCCESS },
	[LOG_MAIN_EXITED] = { LOG_NOTICE, DETAIL_EXIT, "Main process exited",
		MESSAGE_UNIT_PROCESS_EXIT },
	[LOG_MAIN_ENDED] = { LOG_DEBUG, DETAIL_EXIT, "Main process exited",
		MESSAGE_UNIT_PROCESS_EXIT },
	[LOG_CONTROL_EXITED] = { LOG_NOTICE, DETAIL_EXIT, "Control process exited",
		MESSAGE_UNIT_PROCESS_EXIT },
	[LOG_RESTART_SCHEDULED] = { LOG_INFO, DETAIL_COUNTER,
		"Scheduled restart job, restart counter is at", MESSAGE_UNIT_RESTART },
	[LOG_START_LIMIT] = { LOG_ERR, DETAIL_NONE, "Start request repeated too quickly.", NULL },
	[LOG_TIMEOUT] = { LOG_WARNING, DETAIL_STATE, "Operation timed out in state", NULL },
	[LOG_WATCHDOG] = { LOG_ERR, DETAIL_NONE, "Watchdog timeout!", NULL },
	[LOG_OOM] = { LOG_NOTICE, DETAIL_NONE,
		"A process of this unit has been killed by the OOM killer.",
		MESSAGE_UNIT_OUT_OF_MEMORY },
	[LOG_CONDITION_FAILED] = { LOG_INFO, DETAIL_CONDITION, "Skipped, unmet condition check",
		MESSAGE_UNIT_SKIPPED, "start" },
	[LOG_ASSERT_FAILED] = { LOG_ERR, DETAIL_CONDITION, "Assertion failed", MESSAGE_UNIT_FAILED,
		"start", "assert" },
	[LOG_DEPENDENCY_FAILED] = { LOG_ERR, DETAIL_TEXT, "Dependency failed", MESSAGE_UNIT_FAILED,
		"start", "dependency" },
	[LOG_JOB_TIMEOUT] = { LOG_ERR, DETAIL_TEXT, "Job timed out", MESSAGE_UNIT_FAILED, "start",
		"timeout" },
	[LOG_ORDER_CYCLE] = { LOG_ERR, DETAIL_TEXT, "Found ordering cycle", NULL },
	[LOG_NOTIFY_REFUSED] = { LOG_WARNING, DETAIL_PID,
		"Notification message refused by NotifyAccess=", NULL },
	[LOG_LEFTOVERS] = { LOG_NOTICE, DETAIL_NONE, "Processes of the unit stay behind.", NULL },
	[LOG_REFUSED] = { LOG_ERR, DETAIL_ERRNO, "Request refused by supd-init", NULL },
	[LOG_NOTE_LOST] = { LOG_WARNING, DETAIL_NONE,
		"State record could not be read; adopted by the processes found.", NULL },
	[LOG_TRIGGER_LIMIT] = { LOG_ERR, DETAIL_NONE,
		"Trigger limit hit, refusing further activation.", NULL },
	[LOG_CONNECTION_GONE] = { LOG_INFO, DETAIL_ERRNO, "The connection was not served", NULL },
	[LOG_TRIGGER_ACTIVE] = { LOG_ERR, DETAIL_NONE,
		"Its service is already active, refusing to start; stop the service first.", NULL },
	[LOG_STAMP_FUTURE] = { LOG_WARNING, DETAIL_NONE,
		"Persistent=: the last time is later than the clock; it does not count.", NULL },
	[LOG_LIMITS_FAILED] = { LOG_ERR, DETAIL_TEXT, "New limits cannot be applied", NULL },
	[LOG_DISCARDED] = { LOG_INFO, DETAIL_NONE, "Cleaned.", NULL },
	[LOG_DISCARD_FAILED] = { LOG_ERR, DETAIL_TEXT, "Cannot be cleaned", NULL },
	[LOG_TRIGGER_MISSING] = { LOG_ERR, DETAIL_TEXT,
		"Cannot start: it triggers what is not loaded", NULL },
	[LOG_COLLECTED] = { LOG_NOTICE, DETAIL_NONE,
		"Forgotten: too many transient units have failed since (see reset-failed).", NULL },
	[LOG_UPHOLD_LIMIT] = { LOG_WARNING, DETAIL_NONE, "Upheld too often, giving up for now.",
		NULL },
};

/* LogLevel=; before HELLO everything is told. */
static bool is_told(const struct shell *s, int priority)
{
	return !s->hello_seen || s->hello.log_level == 0 || priority <= (int)s->hello.log_level;
}

void unitlog_plain(struct shell *s, int priority, const char *format, ...)
{
	struct journal_record record;
	char text[1024];
	va_list ap;

	if (!is_told(s, priority)) {
		return;
	}
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	journal_begin(&record, priority, text);
	(void)broker_log(&s->broker, &record);
}

void unitlog_message(struct shell *s, int priority, const char *id, const char *text)
{
	struct journal_record record;

	if (!is_told(s, priority)) {
		return;
	}
	journal_begin(&record, priority, text);
	journal_field(&record, "MESSAGE_ID", id);
	(void)broker_log(&s->broker, &record);
}

void unitlog_exit_text(uint32_t code, uint32_t status, char *buf, size_t size)
{
	const char *name =
		code == CLD_EXITED ? exit_to_name((int)status) : signal_to_name((int)status);

	if (code == CLD_EXITED) {
		snprintf(buf, size, "code=exited, status=%u%s%s", (unsigned)status, name ? "/" : "",
			name ? name : "");
		return;
	}
	snprintf(buf, size, "code=%s, status=%u/%s", code == CLD_DUMPED ? "dumped" : "killed",
		(unsigned)status, name ? name : "?");
}

/* The kernel says no to namespaces and mounts because of what supd-init itself was not given. */
static bool is_for_want_of_admin(const struct shell *s, const struct service_failure *f)
{
	return f->error == EPERM && s->hello_seen &&
	       !(s->hello.capabilities >> CAP_SYS_ADMIN & 1) &&
	       (f->step == STEP_CLONE || f->step == STEP_IDMAP || f->step == STEP_NAMESPACES ||
		       f->step == STEP_MOUNTS || f->step == STEP_ROOT);
}

/* What errno means at this step, where strerror() alone misleads; "" when the text says it all. */
static const char *failure_reason(const struct shell *s, const struct service_failure *f)
{
	static const struct {
		enum launch_step step;
		int error;
		const char *text;
	} reasons[] = {
		{ STEP_USERS, ESRCH, "" },
		{ STEP_CGROUP, EOPNOTSUPP, "RequireControllers=no starts without it" },
		{ STEP_EXEC, ENOEXEC, "Exec format error; a script needs a #! line" },
		{ STEP_EXEC, ENOENT, "No such file or directory, it or the interpreter it names" },
	};

	if (is_for_want_of_admin(s, f)) {
		return "Operation not permitted: supd-init has no CAP_SYS_ADMIN here, which only "
		       "units of Profile=trusted do without";
	}
	for (size_t i = 0; i < ELEMENTSOF(reasons); i++) {
		if (reasons[i].step == (enum launch_step)f->step && reasons[i].error == f->error) {
			return reasons[i].text;
		}
	}
	return f->error ? strerror(f->error) : "";
}

void unitlog_failure_text(const struct shell *s, const struct unit *u, char *buf, size_t size)
{
	const struct service_failure *f = &u->service.failure;
	const char *step = launch_step_to_string((enum launch_step)f->step);
	const char *reason = failure_reason(s, f);
	char object[4 * LIMIT_FAIL_TEXT], origin[4 * LIMIT_FAIL_ORIGIN];
	bool named;

	buf[0] = '\0';
	if (f->error == 0 && f->text[0] == '\0') {
		return;
	}
	text_escape(f->text, object, sizeof(object));
	text_escape(f->origin, origin, sizeof(origin));
	/* "exec /usr/bin/x: …" says which step it was. */
	step = step ? step : "?";
	named = strncmp(object, step, strlen(step)) == 0 && object[strlen(step)] == ' ';
	snprintf(buf, size, "%s%s%s%s%s%s%s%s", named ? "" : step, named ? "" : ": ", object,
		*object && *reason ? ": " : "", reason, *origin ? " (" : "", origin,
		*origin ? ")" : "");
}

static void condition_text(const struct unit *u, int32_t index, char *buf, size_t size)
{
	const struct manifest_condition *c;
	const char *type;

	buf[0] = '\0';
	if (!u->def || index < 0 || (uint32_t)index >= u->def->conditions.n) {
		return;
	}
	c = (const struct manifest_condition *)u->def->conditions.items + index;
	type = condition_type_to_string((enum condition_type)c->type);
	snprintf(buf, size, "%s%s=%s%s", c->assert ? "Assert" : "Condition", type ? type : "?",
		c->negate ? "!" : "", c->parameter ? c->parameter : "");
}

static void detail_text(
	const struct shell *s, const struct unit *u, const struct effect *e, char *buf, size_t size)
{
	const char *text;

	buf[0] = '\0';
	switch (rows[e->log].detail) {
	case DETAIL_NONE:
		return;
	case DETAIL_RESULT:
		text = service_result_to_string((enum service_result)e->number);
		snprintf(buf, size, " '%s'.", text ? text : "?");
		return;
	case DETAIL_FAILURE:
		memcpy(buf, ": ", 3);
		unitlog_failure_text(s, u, buf + 2, size - 2);
		return;
	case DETAIL_EXIT:
		memcpy(buf, ", ", 3);
		unitlog_exit_text(
			(uint32_t)e->number >> 8, (uint32_t)e->number & 255, buf + 2, size - 2);
		return;
	case DETAIL_COUNTER:
		snprintf(buf, size, " %d.", (int)e->number);
		return;
	case DETAIL_PID:
		snprintf(buf, size, ", from pid %d.", (int)e->number);
		return;
	case DETAIL_ERRNO:
		snprintf(buf, size, ": %s", strerror(e->number < 0 ? -e->number : e->number));
		return;
	case DETAIL_STATE:
		text = engine_state_name(u, e->state);
		snprintf(buf, size, " '%s'.", text ? text : "?");
		return;
	case DETAIL_CONDITION:
		memcpy(buf, ": ", 3);
		condition_text(u, e->number, buf + 2, size - 2);
		return;
	case DETAIL_TEXT:
		snprintf(buf, size, "%s%s", e->text ? ": " : ".", e->text ? e->text : "");
		return;
	}
}

/* systemd's words where they are others than for a service. */
static const char *words_of_type(const struct unit *u, enum effect_log log, const char *text)
{
	static const struct {
		enum unit_type type;
		enum effect_log log;
		const char *words;
	} others[] = {
		{ UNIT_TARGET, LOG_STARTED, "Reached target" },
		{ UNIT_TARGET, LOG_STOPPED, "Stopped target" },
		{ UNIT_SOCKET, LOG_STARTED, "Listening on" },
		{ UNIT_SOCKET, LOG_STOPPED, "Closed" },
		{ UNIT_SOCKET, LOG_START_FAILED, "Failed to listen on" },
		{ UNIT_SLICE, LOG_STARTED, "Created slice" },
		{ UNIT_SLICE, LOG_STOPPED, "Removed slice" },
		{ UNIT_MOUNT, LOG_STARTING, "Mounting" },
		{ UNIT_MOUNT, LOG_STARTED, "Mounted" },
		{ UNIT_MOUNT, LOG_STOPPING, "Unmounting" },
		{ UNIT_MOUNT, LOG_STOPPED, "Unmounted" },
		{ UNIT_MOUNT, LOG_START_FAILED, "Failed to mount" },
		{ UNIT_AUTOMOUNT, LOG_STARTED, "Set up automount" },
		{ UNIT_AUTOMOUNT, LOG_STOPPED, "Unset automount" },
		{ UNIT_SWAP, LOG_STARTING, "Activating swap" },
		{ UNIT_SWAP, LOG_STARTED, "Activated swap" },
		{ UNIT_SWAP, LOG_STOPPING, "Deactivating swap" },
		{ UNIT_SWAP, LOG_STOPPED, "Deactivated swap" },
		{ UNIT_SWAP, LOG_START_FAILED, "Failed to activate swap" },
	};

	for (size_t i = 0; i < ELEMENTSOF(others); i++) {
		if (others[i].type == u->type && others[i].log == log) {
			return others[i].words;
		}
	}
	return text;
}

/* "Starting web.service - Web server..." for jobs, "web.service: Failed …" for the rest. */
static void message_text(
	const struct shell *s, const struct unit *u, const struct effect *e, char *buf, size_t size)
{
	const struct row *row = &rows[e->log];
	const char *description = u->def ? u->def->description : NULL;
	bool going = e->log == LOG_STARTING || e->log == LOG_STOPPING || e->log == LOG_RELOADING;
	char detail[1024];

	if (e->log <= LOG_START_FAILED) {
		snprintf(buf, size, "%s %s%s%s%s",
			words_of_type(u, (enum effect_log)e->log, row->text), u->name,
			description ? " - " : "", description ? description : "",
			going ? "..." : ".");
		return;
	}
	detail_text(s, u, e, detail, sizeof(detail));
	snprintf(buf, size, "%s: %s%s", u->name, row->text, detail);
}

void unitlog_effect(struct shell *s, const struct effect *e)
{
	static const uint8_t none[sizeof(((struct unit *)NULL)->invocation_id)];
	const struct unit *u = engine_unit(s->engine, e->unit);
	struct journal_record record;
	const struct row *row;
	const char *result;
	char text[1400];

	if (!u || e->log >= EFFECT_LOG_COUNT) {
		return;
	}
	row = &rows[e->log];
	if (!is_told(s, row->priority)) {
		return;
	}
	message_text(s, u, e, text, sizeof(text));
	journal_begin(&record, row->priority, text);
	/* The invocation that begins here has its id from supd-init's first answer on. */
	journal_unit(&record, u->name, e->log == LOG_STARTING ? none : u->invocation_id);
	journal_field(&record, "MESSAGE_ID", row->message_id);
	journal_field(&record, "JOB_TYPE", row->job_type);
	journal_field(&record, "JOB_RESULT", row->job_result);
	if (row->job_type && (e->job || u->job)) {
		journal_field_u64(&record, "JOB_ID", e->job ? e->job : u->job->id);
	}
	if (row->detail == DETAIL_RESULT) {
		result = service_result_to_string((enum service_result)e->number);
		journal_field(&record, "UNIT_RESULT", result);
	}
	if (e->log == LOG_RESTART_SCHEDULED) {
		journal_field_u64(&record, "N_RESTARTS", (uint64_t)e->number);
	}
	if (row->detail == DETAIL_EXIT) {
		journal_field_u64(&record, "EXIT_STATUS", (uint32_t)e->number & 255);
		journal_field(&record, "EXIT_CODE",
			(uint32_t)e->number >> 8 == CLD_EXITED ? "exited" : "killed");
	}
	(void)broker_log(&s->broker, &record);
}

void unitlog_denial(struct shell *s, const struct unit *u, const struct denial *d)
{
	struct journal_record record;
	char reason[400], text[LIMIT_UNIT_NAME + 500];

	if (!is_told(s, LOG_WARNING)) {
		return;
	}
	denial_explain(d, u->def, reason, sizeof(reason));
	snprintf(text, sizeof(text), "%s: %s", u->name, reason);
	journal_begin(&record, LOG_WARNING, text);
	journal_unit(&record, u->name, u->invocation_id);
	journal_field(&record, "DENIED_SYSCALL", denial_call_name(d));
	journal_field(&record, "DENIED_COMM", d->comm);
	journal_field_u64(&record, "DENIED_PID", (uint64_t)d->pid);
	(void)broker_log(&s->broker, &record);
}

void unitlog_usage(struct shell *s, const struct unit *u, const struct usage *usage)
{
	static const struct {
		enum usage_value value;
		const char *field;
	} fields[] = {
		{ USAGE_CPU_NSEC, "CPU_USAGE_NSEC" },
		{ USAGE_MEMORY_PEAK, "MEMORY_PEAK" },
		{ USAGE_SWAP_PEAK, "MEMORY_SWAP_PEAK" },
		{ USAGE_IO_READ_BYTES, "IO_METRIC_READ_BYTES" },
		{ USAGE_IO_WRITE_BYTES, "IO_METRIC_WRITE_BYTES" },
		{ USAGE_IO_READS, "IO_METRIC_READ_OPERATIONS" },
		{ USAGE_IO_WRITES, "IO_METRIC_WRITE_OPERATIONS" },
	};
	int level = usage_level(usage);
	struct journal_record record;
	char used[200], text[LIMIT_UNIT_NAME + 204];

	usage_text(usage, used, sizeof(used));
	if (!*used || !is_told(s, level)) {
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", u->name, used);
	journal_begin(&record, level, text);
	journal_unit(&record, u->name, u->invocation_id);
	journal_field(&record, "MESSAGE_ID", MESSAGE_UNIT_RESOURCES);
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		if (usage->values[fields[i].value] != CGROUP_NOT_SET) {
			journal_field_u64(&record, fields[i].field, usage->values[fields[i].value]);
		}
	}
	(void)broker_log(&s->broker, &record);
}

/* "1.234s" */
static void seconds_text(usec_t us, char *buf, size_t size)
{
	snprintf(buf, size, "%llu.%03llus", (unsigned long long)(us / USEC_PER_SEC),
		(unsigned long long)(us % USEC_PER_SEC / 1000));
}

/* The kernel's clock counts from its own start. Off a machine there is only our own time. */
void unitlog_booted(struct shell *s)
{
	const struct wire_times *t = &s->hello.times;
	bool machine = t->userspace_us != 0;
	usec_t begin = machine ? t->userspace_us : s->hello.started_us;
	usec_t kernel = t->initrd_us ? t->initrd_us : t->userspace_us;
	usec_t initrd = t->initrd_us ? t->userspace_us - t->initrd_us : 0;
	usec_t user = s->ready_us > begin ? s->ready_us - begin : 0;
	char texts[4][24], text[160];
	struct journal_record record;

	if (!is_told(s, LOG_INFO)) {
		return;
	}
	seconds_text(kernel, texts[0], sizeof(texts[0]));
	seconds_text(initrd, texts[1], sizeof(texts[1]));
	seconds_text(user, texts[2], sizeof(texts[2]));
	seconds_text(kernel + initrd + user, texts[3], sizeof(texts[3]));
	if (!machine) {
		snprintf(text, sizeof(text), "Startup finished in %s.", texts[2]);
	} else {
		snprintf(text, sizeof(text),
			"Startup finished in %s (kernel)%s%s%s + %s (userspace) = %s.", texts[0],
			initrd ? " + " : "", initrd ? texts[1] : "", initrd ? " (initrd)" : "",
			texts[2], texts[3]);
	}
	journal_begin(&record, LOG_INFO, text);
	journal_field(&record, "MESSAGE_ID", MESSAGE_STARTUP_FINISHED);
	if (machine) {
		journal_field_u64(&record, "KERNEL_USEC", kernel);
	}
	if (initrd) {
		journal_field_u64(&record, "INITRD_USEC", initrd);
	}
	journal_field_u64(&record, "USERSPACE_USEC", user);
	(void)broker_log(&s->broker, &record);
}
