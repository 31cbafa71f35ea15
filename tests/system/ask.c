// SPDX-License-Identifier: MIT
#include "ask.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/fd.h"

#define EXTRA_FDS 24

struct sys *s;
static char answers[sizeof(s->output)];

static bool is_dir_word(const char *text)
{
	return strncmp(text, "DIR", 3) == 0 && (text[3] < 'A' || text[3] > 'Z');
}

/* Writes a unit; "DIR" in the text stands for the test's directory. Then reloads. */
void unit(const char *name, const char *text)
{
	char full[8192];
	size_t n = 0;

	for (; *text && n < sizeof(full) - sizeof(s->dir); text++) {
		if (is_dir_word(text)) {
			n += (size_t)sprintf(full + n, "%s", s->dir);
			text += 2;
		} else {
			full[n++] = *text;
		}
	}
	full[n] = '\0';
	sys_unit(s, name, full);
	CHECK(sys_ctl(s, "daemon-reload") == 0);
}

static bool has_answered(struct sys *sys, void *arg)
{
	sys_ctl(sys, "logs -o cat %s", (const char *)arg);
	memcpy(answers, sys->output, sizeof(answers));
	return strstr(answers, "done\n") != NULL;
}

/* Starts a oneshot of probe and waits for its answers. */
void run(const char *name, const char *text)
{
	unit(name, text);
	CHECK(sys_ctl(s, "start %s", name) == 0);
	sys_wait_for(s, "answers", has_answered, (void *)name);
}

/* The answer to a question; NULL when there is none. In a static buffer. */
const char *answer(const char *key)
{
	static char value[4096];
	size_t n = strlen(key);

	for (const char *p = answers; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		if (strncmp(p, key, n) == 0 && (p[n] == ' ' || p[n] == '\n')) {
			p += n + (p[n] == ' ');
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(p, "\n"), p);
			return value;
		}
	}
	return NULL;
}

struct question {
	const char *unit;
	const char *key;
};

static bool has_answer_to(struct sys *sys, void *arg)
{
	const struct question *q = arg;

	sys_ctl(sys, "logs -o cat %s", q->unit);
	memcpy(answers, sys->output, sizeof(answers));
	return answer(q->key) != NULL;
}

/* For units whose "done" says too little. */
void wait_answer(const char *name, const char *key)
{
	struct question q = { name, key };

	sys_wait_for(s, key, has_answer_to, &q);
}

static bool is_as_expected(const struct expected *e, const char *value)
{
	bool not = e->pattern[0] == '!';

	return value && (fnmatch(e->pattern + not, value, 0) == 0) != not ;
}

void expect_all(const struct expected *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char key[256];
		const char *value;
		const char *dir = strstr(rows[i].key, "DIR");

		dir = dir && is_dir_word(dir) ? dir : NULL;

		snprintf(key, sizeof(key), "%.*s%s%s",
			(int)(dir ? dir - rows[i].key : (long)strlen(rows[i].key)), rows[i].key,
			dir ? s->dir : "", dir ? dir + 3 : "");
		value = answer(key);
		if (!is_as_expected(&rows[i], value)) {
			sys_fail(s, "%s is \"%s\", not \"%s\"", key, value ? value : "(no answer)",
				rows[i].pattern);
		}
	}
}

void write_text(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && fd_write_full(fd, text, strlen(text)) == 0);
}

/* ---- set-up ---- */

static void copy(const char *from, const char *to, mode_t mode, const char *more)
{
	static char data[8 * 1024 * 1024];
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	ssize_t n = in < 0 ? -1 : fd_read_full(in, data, sizeof(data));

	CHECK(n > 0 && out >= 0 && fd_write_full(out, data, (size_t)n) == 0);
	CHECK(!more || fd_write_full(out, more, strlen(more)) == 0);
}

/* The machine's users and two of ours, in files that only this test sees. */
static void make_users(void)
{
	static const char *const files[][2] = {
		{ "/etc/passwd", "alice:x:" ALICE ":" ALICE_GID "::/nonexistent:/bin/false\n" },
		{ "/etc/group", "alice:x:" ALICE_GID ":\nextra:x:" EXTRA_GID ":\n" },
	};

	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/users%zu", s->dir, i);
		copy(files[i][0], path, 0644, files[i][1]);
		CHECK(mount(path, files[i][0], NULL, MS_BIND, NULL) == 0);
	}
}

int ask_setup(void **state)
{
	char path[128];

	(void)state;
	s = sys_new();
	snprintf(path, sizeof(path), "%s/probe", s->dir);
	copy(getenv("SUPD_PROBE"), path, 0755, NULL);
	CHECK(chmod(path, 0755) == 0);
	snprintf(path, sizeof(path), "%s/env", s->dir);
	write_text(path, "# comment\nA=file\nC='from file'\nU=x\n");
	make_users();
	for (int i = 0; i < EXTRA_FDS; i++) {
		CHECK(open("/", O_RDONLY | O_DIRECTORY) >= 0);
	}
	sys_start(s, NULL);
	return 0;
}

int ask_teardown(void **state)
{
	(void)state;
	umount2("/etc/passwd", MNT_DETACH);
	umount2("/etc/group", MNT_DETACH);
	sys_free(s);
	return 0;
}

int ask_begin(void)
{
	static const char *const scratch[] = { "/var/lib", "/srv", "/tmp", "/var/tmp", NULL };

	sys_require();
	if (!getenv("SUPD_PROBE")) {
		printf("skipped: SUPD_PROBE is not set; run it by meson test\n");
		return 77;
	}
	sys_private(scratch);
	return 0;
}
