// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../base/fd.h"
#include "../base/number.h"
#include "cause.h"
#include "expand.h"
#include "launch.h"
#include "pressure.h"

#define ENV_MAX (LIMIT_ENV_VARS * 2 + LAUNCH_ENV_EXTRA)

/* The two results live until exec; a process builds one command. */
static struct tlv_strv the_argv;
static struct tlv_strv the_env;

const struct tlv_strv *command_argv(void)
{
	return &the_argv;
}

const struct tlv_strv *command_env(void)
{
	return &the_env;
}

int command_put(struct launch *l, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);
	char *line = arena_alloc(&l->arena, n + m + 2);

	if (!line) {
		return -ENOMEM;
	}
	memcpy(line, name, n);
	line[n] = '=';
	memcpy(line + n + 1, value, m + 1);
	return env_put(&the_env, ENV_MAX, line);
}

int command_put_number(struct launch *l, const char *name, uint64_t value)
{
	char text[24];

	number_format_u64(text, value);
	return command_put(l, name, text);
}

int command_put_id(struct launch *l, const char *name, const uint8_t id[16])
{
	static const char hex[] = "0123456789abcdef";
	char text[33];

	for (size_t i = 0; i < 16; i++) {
		text[2 * i] = hex[id[i] >> 4];
		text[2 * i + 1] = hex[id[i] & 15];
	}
	text[32] = '\0';
	return command_put(l, name, text);
}

static int put_invocation(struct launch *l)
{
	/* What is run beside the unit's own commands belongs to no invocation. */
	return l->plan.op == PLAN_JOIN ? 0
				       : command_put_id(l, "INVOCATION_ID", l->job.invocation_id);
}

/* How a program knows that its stderr is the journal: st_dev:st_ino of the stream. */
static int put_journal_stream(struct launch *l)
{
	struct stat st;
	char text[64];
	size_t n;

	if (!(l->journal_stream[0] || l->journal_stream[1]) ||
		fstat(l->stdio[l->journal_stream[1] ? 2 : 1], &st) < 0) {
		return 0;
	}
	n = number_format_u64(text, st.st_dev);
	text[n++] = ':';
	number_format_u64(text + n, st.st_ino);
	return command_put(l, "JOURNAL_STREAM", text);
}

static const char *signal_word(uint32_t signo, char *buf)
{
	static const char *const names[] = { [1] = "HUP",
		"INT",
		"QUIT",
		"ILL",
		"TRAP",
		"ABRT",
		"BUS",
		"FPE",
		"KILL",
		"USR1",
		"SEGV",
		"USR2",
		"PIPE",
		"ALRM",
		"TERM",
		"STKFLT",
		"CHLD",
		"CONT",
		"STOP",
		"TSTP",
		"TTIN",
		"TTOU",
		"URG",
		"XCPU",
		"XFSZ",
		"VTALRM",
		"PROF",
		"WINCH",
		"IO",
		"PWR",
		"SYS" };

	if (signo > 0 && signo < sizeof(names) / sizeof(names[0])) {
		return names[signo];
	}
	number_format_u64(buf, signo);
	return buf;
}

int command_put_exit(struct launch *l, const char *const names[2], uint32_t code, uint32_t status)
{
	char buf[24];
	int r;

	if (!code) {
		return 0;
	}
	if (code == CLD_EXITED) {
		r = command_put(l, names[0], "exited");
		return r < 0 ? r : command_put_number(l, names[1], status);
	}
	r = command_put(l, names[0], code == CLD_DUMPED ? "dumped" : "killed");
	return r < 0 ? r : command_put(l, names[1], signal_word(status, buf));
}

static int put_result(struct launch *l)
{
	static const char *const names[] = { "EXIT_CODE", "EXIT_STATUS" };
	const struct wire_params *p = &l->job.params;
	int r;

	if (!launch_has(l, PLAN_PASS_RESULT) || !(p->flags & WIRE_RUN_RESULT)) {
		return 0;
	}
	r = command_put(l, "SERVICE_RESULT",
		service_result_to_string((enum service_result)p->service_result));
	return r < 0 ? r : command_put_exit(l, names, p->exit_code, p->exit_status);
}

static int put_watchdog(struct launch *l)
{
	int r;

	if (!launch_has(l, PLAN_PASS_WATCHDOG) || !(l->job.params.flags & WIRE_RUN_WATCHDOG)) {
		return 0;
	}
	r = command_put_number(l, "WATCHDOG_USEC", l->job.params.watchdog_us);
	return r < 0 ? r : command_put_number(l, "WATCHDOG_PID", (uint64_t)getpid());
}

/* No file, or none that the unit sees: nothing is said, but that it shall not watch. */
static int put_pressure(struct launch *l)
{
	char text[PRESSURE_TEXT];
	int r;

	if (l->plan.pressure == PLAN_PRESSURE_OFF) {
		return command_put(l, "MEMORY_PRESSURE_WATCH", "/dev/null");
	}
	if (!l->pressure) {
		return 0;
	}
	pressure_text(l->plan.pressure_us, text);
	r = command_put(l, "MEMORY_PRESSURE_WATCH", l->pressure);
	return r < 0 ? r : command_put(l, "MEMORY_PRESSURE_WRITE", text);
}

/* ---- LISTEN_FDS ---- */

static int parked_name(int park, char buf[LIMIT_PARKED_NAME])
{
	size_t n = 1;
	int fd;
	ssize_t size = fd_recv(park, buf, LIMIT_PARKED_NAME - 1, &fd, &n, MSG_PEEK | MSG_DONTWAIT);

	if (size < 0 || n != 1) {
		return -ENOENT;
	}
	close(fd);
	buf[size] = '\0';
	return 0;
}

static int put_listen(struct launch *l)
{
	uint32_t n = 0;
	size_t at = 0;
	char *names, buf[LIMIT_PARKED_NAME];
	int r;

	if (!launch_has(l, PLAN_PASS_LISTEN_FDS) || l->n_listen + l->n_park == 0) {
		return 0;
	}
	names = arena_alloc(&l->arena, (size_t)(l->n_listen + l->n_park) * LIMIT_FD_NAME + 1);
	if (!names) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->n_listen + l->n_park; i++) {
		const char *name = buf;

		if (i < l->n_listen) {
			name = launch_listen_name(l, i);
		} else if (parked_name(l->park[i - l->n_listen], buf) < 0) {
			continue;
		}
		names[at] = ':';
		at += n > 0;
		memcpy(names + at, name, strlen(name) + 1);
		at += strlen(name);
		n++;
	}
	r = command_put_number(l, "LISTEN_FDS", n);
	r = r < 0 ? r : command_put_number(l, "LISTEN_PID", (uint64_t)getpid());
	return r < 0 ? r : command_put(l, "LISTEN_FDNAMES", names);
}

/* ---- the step ---- */

static int put_credentials(struct launch *l)
{
	char path[sizeof(PLAN_CREDENTIALS_DIR) + 1 + LIMIT_UNIT_NAME] = PLAN_CREDENTIALS_DIR "/";

	if (l->trees.credentials < 0) {
		return 0;
	}
	strcat(path, l->plan.unit);
	return command_put(l, "CREDENTIALS_DIRECTORY", path);
}

static int put_all(struct launch *l, const struct tlv_strv *lines)
{
	for (uint32_t i = 0; i < lines->n; i++) {
		int r = env_put(&the_env, ENV_MAX, lines->items[i]);

		if (r < 0) {
			return r;
		}
	}
	(void)l;
	return 0;
}

static int put_main_pid(struct launch *l)
{
	if (!launch_has(l, PLAN_PASS_MAINPID) || l->job.main_pid <= 0) {
		return 0;
	}
	return command_put_number(l, "MAINPID", (uint64_t)l->job.main_pid);
}

static int put_remote(struct launch *l)
{
	int r = l->remote_addr[0] ? command_put(l, "REMOTE_ADDR", l->remote_addr) : 0;

	return r < 0 || !l->remote_port[0] ? r : command_put(l, "REMOTE_PORT", l->remote_port);
}

static int put_notify(struct launch *l)
{
	if (!launch_has(l, PLAN_NOTIFY_FD) || !l->job.notify_path[0]) {
		return 0;
	}
	return command_put(l, "NOTIFY_SOCKET", l->job.notify_path);
}

static int build_env(struct launch *l)
{
	static int (*const parts[])(struct launch *) = { put_invocation, put_main_pid, put_notify,
		put_watchdog, put_pressure, put_result, put_credentials, put_remote,
		launch_put_cause };
	int r;

	the_env.items = arena_alloc_array(&l->arena, ENV_MAX + 1, sizeof(char *));
	if (!the_env.items) {
		return -ENOMEM;
	}
	r = command_put_number(l, "SYSTEMD_EXEC_PID", (uint64_t)getpid());
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = parts[i](l);
	}
	r = r < 0 ? r : put_all(l, &l->plan.env);
	r = r < 0 ? r : put_all(l, &l->file_env);
	/* After the unit's own: nobody may forge these for the program. */
	r = r < 0 ? r : put_journal_stream(l);
	r = r < 0 ? r : put_listen(l);
	for (uint32_t i = 0; r == 0 && i < l->plan.unset_env.n; i++) {
		env_unset(&the_env, l->plan.unset_env.items[i]);
	}
	return r;
}

/* In the final process, because LISTEN_PID and WATCHDOG_PID are its own number. */
int launch_build_command(struct launch *l)
{
	int r = build_env(l);

	if (r < 0) {
		return launch_fail(l, r, NULL, "environment", NULL);
	}
	if (launch_has(l, PLAN_NO_ENV_EXPANSION)) {
		the_argv = l->plan.argv;
		return 0;
	}
	r = argv_expand(&l->plan.argv, &the_env, &l->arena, &the_argv);
	if (r < 0) {
		return launch_fail(l, r, NULL, "command line", NULL);
	}
	return the_argv.n ? 0 : launch_fail(l, -EINVAL, NULL, "empty command line", NULL);
}
