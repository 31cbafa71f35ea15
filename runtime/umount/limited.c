// SPDX-License-Identifier: MIT
#include "limited.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/number.h"
#include "../base/sysx.h"
#include "../base/timeutil.h"
#include "say.h"

#define HANGING_MAX 64  /* each costs seconds: nobody waits for more */
#define SHOWN_MAX   80  /* of an object's name */
#define NAMED_MAX   3   /* objects in one line */
#define LINE_MAX    512 /* NAMED_MAX names and the words around them */
#define TICK_MS     1000
#define STEP_MS     100
#define SAY_FIRST   (5 * USEC_PER_SEC)
#define SAY_EVERY   (10 * USEC_PER_SEC)
#define KB_SHOWN    10240               /* from there on in MB */
#define SAY_STILL   (10 * USEC_PER_SEC) /* before that it may be chance */

/* A call that runs. */
struct hanging {
	pid_t pid;
	uint64_t hash; /* of the whole name */
	char shown[SHOWN_MAX];
};

static struct {
	struct hanging calls[HANGING_MAX];
	unsigned n;
	struct progress progress;
	uint64_t began_us, tick_us, say_us;
	const char *program; /* that is waited for, or NULL */
	uint64_t program_us; /* since when */
	int beat_fd;
} all = { .beat_fd = -1 };

/* FNV-1a: two objects of one machine that are taken for each other cost nothing but a try. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++) {
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	}
	return h;
}

void limited_start(int beat_fd, uint64_t now_us)
{
	memset(&all, 0, sizeof(all));
	all.beat_fd = beat_fd;
	all.began_us = now_us;
	all.say_us = now_us + SAY_FIRST;
	progress_init(&all.progress, now_us);
}

void limited_disk(unsigned major, unsigned minor)
{
	progress_add_disk(&all.progress, major, minor);
}

bool limited_hangs(const char *object)
{
	uint64_t h = hash(object);

	for (unsigned i = 0; i < all.n; i++) {
		if (all.calls[i].hash == h) {
			return true;
		}
	}
	return false;
}

unsigned limited_left(void)
{
	return all.n;
}

static uint64_t cpu_used(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < all.n; i++) {
		struct timespec used;
		clockid_t clock;

		if (clock_getcpuclockid(all.calls[i].pid, &clock) == 0 &&
			clock_gettime(clock, &used) == 0) {
			sum += timespec_us(&used);
		}
	}
	return sum;
}

/* Text that does not fit is left out. */
static void append(char line[LINE_MAX], const char *text)
{
	size_t used = strlen(line), n = strnlen(text, LINE_MAX - 1 - used);

	memcpy(line + used, text, n);
	line[used + n] = 0;
}

static void append_number(char line[LINE_MAX], uint64_t n, const char *unit)
{
	char digits[21];

	number_format_u64(digits, n);
	append(line, digits);
	append(line, unit);
}

/* "/data, /dead and 2 more" */
static void append_names(char line[LINE_MAX])
{
	for (unsigned i = 0; i < all.n && i < NAMED_MAX; i++) {
		append(line, i ? ", " : "");
		append(line, all.calls[i].shown);
	}
	if (all.n > NAMED_MAX) {
		append(line, " and ");
		append_number(line, all.n - NAMED_MAX, " more");
	}
}

static void say_waiting(uint64_t now)
{
	uint64_t still = progress_still_us(&all.progress, now);
	uint64_t left = all.progress.left_kb;
	char line[LINE_MAX] = "";
	bool small = left < KB_SHOWN;

	append_names(line);
	append(line, " (");
	append_number(line, (now - all.began_us) / USEC_PER_SEC, " s; ");
	append_number(line, small ? left : left >> 10, small ? " kB" : " MB");
	append(line, " are not written yet");
	if (still >= SAY_STILL) {
		append(line, "; nothing has moved for ");
		append_number(line, still / USEC_PER_SEC, " s / ");
		append_number(line, LIMITED_STILL_MS / 1000, " s");
	}
	append(line, "; Ctrl-Alt-Del seven times: without them)");
	say("waiting for", line, 0);
}

/* A program may do what no disk tells of: it has its time. */
static void say_program(uint64_t now)
{
	char line[LINE_MAX] = "";

	append(line, all.program);
	append(line, " (");
	append_number(line, (now - all.program_us) / USEC_PER_SEC, " s / ");
	append_number(line, LIMITED_HOOK_MS / 1000, " s");
	append(line, "; Ctrl-Alt-Del seven times: without it)");
	say("waiting for", line, 0);
}

/* Once a second, whatever is waited for: somebody is alive here. */
static void tick(uint64_t now)
{
	if (now < all.tick_us + TICK_MS * USEC_PER_MSEC) {
		return;
	}
	all.tick_us = now;
	progress_look(&all.progress, cpu_used(), now);
	if (all.beat_fd >= 0 && write(all.beat_fd, "", 1) < 0) {
		return; /* it is full, or nobody is there */
	}
	if ((all.n || all.program) && now >= all.say_us) {
		all.say_us = now + SAY_EVERY;
		(all.program ? say_program : say_waiting)(now);
	}
}

static void add(pid_t pid, const char *object)
{
	struct hanging *call = &all.calls[all.n++];
	size_t n = strnlen(object, SHOWN_MAX - 1);

	*call = (struct hanging) { .pid = pid, .hash = hash(object) };
	memcpy(call->shown, object, n);
}

static void drop(unsigned i)
{
	all.calls[i] = all.calls[--all.n];
}

/* True: over, with *ret_status. */
static bool is_over(pid_t pid, int *ret_status)
{
	pid_t r;

	do {
		r = waitpid(pid, ret_status, WNOHANG);
	} while (r < 0 && errno == EINTR);
	return r != 0;
}

static bool ends_within(pid_t pid, int within_ms, int *ret_status)
{
	AUTO_CLOSE int pidfd = sysx_pidfd_open(pid, 0);
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };
	uint64_t end = now_us() + (uint64_t)within_ms * USEC_PER_MSEC;

	while (!is_over(pid, ret_status)) {
		uint64_t now = now_us();

		if (now >= end) {
			return false;
		}
		tick(now);
		uint64_t left = (end - now) / USEC_PER_MSEC + 1;

		poll(&ended, 1, left < TICK_MS ? (int)left : TICK_MS);
	}
	return true;
}

static int status_of(int status)
{
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int limited_call(int (*what)(const char *object), const char *object, int within_ms)
{
	int status = 0;

	if (limited_hangs(object)) {
		return -ETIMEDOUT;
	}
	if (all.n && within_ms > LIMITED_NEXT_MS) {
		within_ms = LIMITED_NEXT_MS;
	}
	pid_t pid = all.n < HANGING_MAX ? fork() : -1;

	if (pid == 0) {
		_exit(-what(object) & 0xff);
	}
	if (pid < 0) {
		return all.n < HANGING_MAX ? what(object) : -ETIMEDOUT;
	}
	add(pid, object);
	if (!ends_within(pid, within_ms, &status)) {
		say("does not come to an end, the others go first", object, 0);
		return -ETIMEDOUT; /* no signal: swapoff and what waits for a server stop at one */
	}
	drop(all.n - 1);
	return status_of(status);
}

int limited_program(int (*what)(const char *path), const char *path, int within_ms)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(-what(path) & 0xff);
	}
	if (pid < 0) {
		return -errno;
	}
	all.program = path;
	all.program_us = now_us();
	all.say_us = all.program_us + SAY_FIRST;

	bool over = ends_within(pid, within_ms, &status);

	all.program = NULL;
	if (!over) {
		kill(pid, SIGKILL);
		say("takes too long and is killed", path, 0);
		return -ETIMEDOUT;
	}
	return status_of(status);
}

static bool drop_ended(void)
{
	bool some = false;
	int status;

	for (unsigned i = all.n; i-- > 0;) {
		if (is_over(all.calls[i].pid, &status)) {
			drop(i);
			some = true;
		}
	}
	return some;
}

/* Here at last each gets the signal; who is in the kernel for good does not see it. */
static void give_up(void)
{
	for (unsigned i = 0; i < all.n; i++) {
		kill(all.calls[i].pid, SIGKILL);
		say("is given up, for nothing moves any more; what was not written is lost",
			all.calls[i].shown, 0);
	}
}

bool limited_wait(int still_ms)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000 * 1000 };

	while (all.n) {
		uint64_t now = now_us();

		if (drop_ended()) {
			return true;
		}
		tick(now);
		if (progress_still_us(&all.progress, now) >= (uint64_t)still_ms * USEC_PER_MSEC) {
			give_up();
			return false;
		}
		nanosleep(&step, NULL);
	}
	return false;
}
