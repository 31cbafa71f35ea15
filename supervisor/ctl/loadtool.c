// SPDX-License-Identifier: MIT
#include "loadtool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../runtime/base/arenafmt.h"
#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/limits.h"

#define FIELDS_MAX 6u

/* Where programs are, relative to supctl's own directory: the build tree, then an installation. */
static const char *const places[] = { "", "../libexec/supd/" };

char *loadtool_find(void)
{
	return loadtool_find_program("supd-load");
}

char *loadtool_find_program(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0) {
		return NULL;
	}
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ELEMENTSOF(places); i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s%s", self, places[i], name) < 0) {
			path = NULL;
			return NULL;
		}
		if (access(path, X_OK) == 0) {
			return TAKE_PTR(path);
		}
	}
	return NULL;
}

int loadtool_start(char *const *argv, int stream, struct loadtool *ret)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], stream);
		execv(argv[0], argv);
		_exit(EXIT_FAILURE);
	}
	close(fds[1]);
	ret->lines = pid < 0 ? NULL : fdopen(fds[0], "re");
	ret->pid = pid;
	if (!ret->lines) {
		close(fds[0]);
		return -errno;
	}
	return 0;
}

int loadtool_finish(struct loadtool *t)
{
	int status;

	fclose(t->lines);
	while (waitpid(t->pid, &status, 0) < 0) {
		if (errno != EINTR) {
			return EXIT_FAILURE;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* All that comes out of the stream, with a NUL byte behind it. */
static int read_all(FILE *lines, char **ret, size_t *ret_size)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0, room = 0, n = 1;

	while (n > 0) {
		if (room - size < 4096) {
			char *more = room < LIMIT_MANIFEST_BYTES ? realloc(text, room * 2 + 65536)
								 : NULL;

			if (!more) {
				return -ENOMEM;
			}
			text = more;
			room = room * 2 + 65536;
		}
		n = fread(text + size, 1, room - size - 1, lines);
		size += n;
	}
	if (ferror(lines)) {
		return -EIO;
	}
	text[size] = '\0';
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int loadtool_collect(const char **argv, char **ret, size_t *ret_size)
{
	AUTO_FREE char *path = loadtool_find();
	struct loadtool tool;
	int r, status;

	if (!path) {
		return -ENOENT;
	}
	argv[0] = path;
	fflush(NULL);
	r = loadtool_start((char *const *)(uintptr_t)argv, STDOUT_FILENO, &tool);
	if (r < 0) {
		return r;
	}
	r = read_all(tool.lines, ret, ret_size);
	status = loadtool_finish(&tool);
	return r < 0 ? r : status;
}

/* ---- facts ---- */

/* Undoes \t, \n and \\ in place. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (*text == '\\' && text[1]) {
			text++;
			*to++ = *text == 't' ? '\t' : *text == 'n' ? '\n' : *text;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* Cuts at tabs; what is not there is "". */
static void split(char *line, const char *fields[FIELDS_MAX])
{
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		char *end = line ? strchr(line, '\t') : NULL;

		fields[i] = line ? line : "";
		if (end) {
			*end++ = '\0';
		}
		if (line) {
			unescape(line);
		}
		line = end;
	}
}

/* Room for one more in an array of the arena, which doubles. */
static void *grow(struct arena *arena, void **items, size_t *n, size_t size)
{
	if ((*n & (*n - 1)) == 0) {
		void *more = arena_alloc_array(arena, *n ? *n * 2 : 1, size);

		if (!more) {
			return NULL;
		}
		if (*n) {
			memcpy(more, *items, *n * size);
		}
		*items = more;
	}
	return (char *)*items + (*n)++ * size;
}

#define GROW(arena, items, n)                                                                      \
	((__typeof__(items))grow((arena), (void **)&(items), &(n), sizeof(*(items))))

static int take_unit(struct load_facts *f, const char *const *fields)
{
	struct load_unit *u = GROW(&f->arena, f->units, f->n);

	if (!u) {
		return -ENOMEM;
	}
	*u = (struct load_unit) {
		.name = fields[1],
		.profile = fields[2],
		.state = fields[3],
		.error = fields[4],
	};
	return 0;
}

static int take_record(struct load_facts *f, const char *const *fields)
{
	struct load_unit *u = f->n ? &f->units[f->n - 1] : NULL;

	if (strcmp(fields[0], "unit") == 0) {
		return take_unit(f, fields);
	}
	if (!u) {
		return -EBADMSG;
	}
	if (strcmp(fields[0], "file") == 0) {
		const char **file = GROW(&f->arena, u->files, u->n_files);

		if (file) {
			*file = fields[1];
		}
		return file ? 0 : -ENOMEM;
	}
	if (strcmp(fields[0], "line") == 0) {
		struct load_line *line = GROW(&f->arena, u->lines, u->n_lines);

		if (line) {
			*line = (struct load_line) { fields[1], fields[2], fields[3], fields[4],
				strcmp(fields[5], "yes") == 0 };
		}
		return line ? 0 : -ENOMEM;
	}
	if (strcmp(fields[0], "fact") == 0) {
		struct load_fact *fact = GROW(&f->arena, u->facts, u->n_facts);

		if (fact) {
			*fact = (struct load_fact) { fields[1], fields[2], fields[3] };
		}
		return fact ? 0 : -ENOMEM;
	}
	return 0;
}

int load_facts_read(FILE *lines, struct load_facts *ret)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	ssize_t n;

	*ret = (struct load_facts) { .n = 0 };
	arena_init(&ret->arena);
	while ((n = getline(&line, &size, lines)) > 0) {
		const char *fields[FIELDS_MAX];
		char *copy;
		int r;

		line[strcspn(line, "\n")] = '\0';
		copy = arena_strndup(&ret->arena, line, (size_t)n);
		if (!copy) {
			return -ENOMEM;
		}
		split(copy, fields);
		r = take_record(ret, fields);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

void load_facts_fini(struct load_facts *f)
{
	arena_fini(&f->arena);
	*f = (struct load_facts) { .n = 0 };
}

const struct load_fact *load_unit_fact(const struct load_unit *u, const char *key)
{
	for (size_t i = 0; i < u->n_facts; i++) {
		if (strcmp(u->facts[i].key, key) == 0) {
			return &u->facts[i];
		}
	}
	return NULL;
}

const char *load_unit_place(struct load_facts *f, const struct load_unit *u, const char *origin)
{
	size_t n = strcspn(origin, ":");

	for (size_t i = 0; i < u->n_files; i++) {
		const char *slash = strrchr(u->files[i], '/');
		const char *base = slash ? slash + 1 : u->files[i];

		if (strlen(base) == n && memcmp(base, origin, n) == 0) {
			const char *place =
				arena_printf(&f->arena, "%s%s", u->files[i], origin + n);

			return place ? place : origin;
		}
	}
	return origin;
}
