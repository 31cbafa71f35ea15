// SPDX-License-Identifier: MIT
#include "reader.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../runtime/base/limits.h"
#include "../runtime/base/number.h"
#include "../runtime/base/utf8.h"

#define READER_SECTION_MAX 40
/* A key longer than this cannot be a setting; keeps what inih sees far below its line limit. */
#define READER_KEY_MAX 96

/* One logical line before inih has judged it. */
struct raw_line {
	char *text;
	size_t size;
	uint32_t line;
	uint32_t column; /* of the text's first byte */
};

struct reader {
	const struct reader_file *file;
	struct arena *arena;
	struct diagnostics *d;
	struct list *out;
	struct list raw; /* struct raw_line */
	char section[READER_SECTION_MAX + 1];
	const char *section_copy; /* the same in the arena */
	size_t fed;               /* raw lines handed to inih */
	bool probe;               /* next, the section fed last is proved by an assignment */
	bool accepted;            /* inih called back for the line fed last */
	bool reported;            /* … or it has an error of ours already */
	struct reader_line line;  /* what we take the line fed last for */
	int n_errors;
	bool no_memory;
};

static void __attribute__((format(printf, 4, 5)))
reader_error(struct reader *r, uint32_t line, uint32_t column, const char *format, ...)
{
	struct diag_place place = {
		.file = r->file->path, .unit = r->file->unit, .line = line, .column = column
	};
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_add(r->d, &place, SEVERITY_ERROR, "%s", text);
	r->n_errors++;
}

/* True when the line has neither NUL nor invalid UTF-8; else reports its first bad byte. */
static bool check_text(struct reader *r, const char *s, size_t n, uint32_t line)
{
	for (size_t i = 0; i < n;) {
		uint32_t character;
		size_t len = utf8_decode(s + i, n - i, &character);

		if (s[i] == '\0') {
			reader_error(r, line, (uint32_t)i + 1, "NUL byte");
			return false;
		}
		if (len == 0) {
			reader_error(r, line, (uint32_t)i + 1, "not UTF-8");
			return false;
		}
		i += len;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_escaped_end(const char *s, size_t n)
{
	size_t run = 0;

	while (run < n && s[n - 1 - run] == '\\') {
		run++;
	}
	return run % 2 == 1;
}

struct physical {
	const char *s; /* without leading white space and without the newline */
	size_t n;      /* without a continuing backslash */
	size_t indent; /* bytes of white space before s: of a line that is continued, they count */
	uint32_t column;
	bool valid;
	bool comment;
	bool continues;
};

/* Cuts the next physical line; *pos advances behind its newline. */
static struct physical next_physical(struct reader *r, size_t *pos, uint32_t line)
{
	const char *start = r->file->text + *pos;
	size_t left = r->file->size - *pos;
	const char *end = memchr(start, '\n', left);
	size_t n = end ? (size_t)(end - start) : left;
	struct physical p = { .column = 1 };

	*pos += end ? n + 1 : n;
	p.valid = check_text(r, start, n, line);
	while (n > 0 && start[n - 1] == '\r') {
		n--;
	}
	while (n > 0 && is_blank(*start)) {
		start++;
		n--;
		p.column++;
		p.indent++;
	}
	p.s = start;
	p.comment = n > 0 && (*start == '#' || *start == ';');
	p.continues = !p.comment && is_escaped_end(start, n);
	p.n = p.continues ? n - 1 : n;
	return p;
}

static void finish_raw(struct reader *r, struct raw_line *raw)
{
	while (raw->size > 0 && is_blank(raw->text[raw->size - 1])) {
		raw->size--;
	}
	raw->text[raw->size] = '\0';
	if (raw->size > LIMIT_UNIT_LINE) {
		reader_error(r, raw->line, 0, "line is longer than %u bytes", LIMIT_UNIT_LINE);
	} else if (raw->size > 0) {
		struct raw_line *row = list_push(r->arena, &r->raw, sizeof(*row));

		if (row) {
			*row = *raw;
		} else {
			r->no_memory = true;
		}
	}
}

/*
 * Physical to logical lines. One buffer of the file's size holds them all: a join puts one blank
 * where backslash and newline were, a line's NUL stands where its newline was.
 */
static void join_lines(struct reader *r, char *buffer)
{
	size_t pos = r->file->size >= 3 && memcmp(r->file->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	uint32_t line = 0;
	bool open = false, valid = true;
	struct raw_line raw = { 0 };

	while (pos < r->file->size) {
		struct physical p = next_physical(r, &pos, ++line);

		if (p.comment && p.valid) {
			continue;
		}
		if (!open) {
			raw = (struct raw_line) { buffer, 0, line, p.column };
			valid = true;
		} else {
			raw.text[raw.size++] = ' ';
			p.s -= p.indent;
			p.n += p.indent;
		}
		valid = valid && p.valid;
		memcpy(raw.text + raw.size, p.s, p.n);
		raw.size += p.n;
		open = p.continues;
		if (!open) {
			buffer = raw.text + raw.size + 1;
			if (valid) {
				finish_raw(r, &raw);
			}
		}
	}
	if (open && valid) {
		finish_raw(r, &raw);
	}
}

/* ---- inih: structure ---- */

static bool is_word(const char *s, size_t n, const char *more)
{
	for (size_t i = 0; i < n; i++) {
		bool alnum = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			     (s[i] >= '0' && s[i] <= '9');

		if (!alnum && !strchr(more, s[i])) {
			return false;
		}
	}
	return n > 0;
}

static void line_error(struct reader *r, const struct raw_line *raw, const char *text)
{
	reader_error(r, raw->line, raw->column, "%s", text);
	r->reported = true;
}

/* "[SECTION]\n"; inih's buffer holds more than READER_SECTION_MAX. */
static void put_section(const char *section, size_t n, char *str, size_t num)
{
	if (n + 4 > num) {
		str[0] = '\0';
		return;
	}
	str[0] = '[';
	memcpy(str + 1, section, n);
	strcpy(str + 1 + n, "]\n");
}

/* "[Service]"; a text that is none goes to inih as it begins, to be refused there. */
static void feed_section(struct reader *r, const struct raw_line *raw, char *str, size_t num)
{
	size_t n = raw->size - 1;
	bool closed = raw->text[n] == ']';

	if (!closed || n - 1 > READER_SECTION_MAX || !is_word(raw->text + 1, n - 1, "-_ .")) {
		line_error(r, raw, "not a section header; expected [NAME]");
		r->section[0] = '\0';
		r->section_copy = NULL;
		snprintf(str, num, "[\n");
		return;
	}
	memcpy(r->section, raw->text + 1, n - 1);
	r->section[n - 1] = '\0';
	r->section_copy = arena_strdup(r->arena, r->section);
	r->no_memory = r->no_memory || !r->section_copy;
	r->line = (struct reader_line) { .section = r->section_copy, .line = raw->line };
	r->probe = true;
	put_section(r->section, n - 1, str, num);
}

/* "KEY=@INDEX\n"; the key is no longer than READER_KEY_MAX. */
static void put_reference(struct reader *r, const char *key, size_t n, char *str, size_t num)
{
	char number[24];
	size_t digits = number_format_u64(number, r->fed - 1);

	if (n + digits + 4 > num) {
		str[0] = '\0';
		return;
	}
	memcpy(str, key, n);
	memcpy(str + n, "=@", 2);
	memcpy(str + n + 2, number, digits);
	strcpy(str + n + 2 + digits, "\n");
}

static void feed_assignment(struct reader *r, struct raw_line *raw, char *str, size_t num)
{
	char *equals = memchr(raw->text, '=', raw->size);
	size_t n = equals ? (size_t)(equals - raw->text) : 0;
	const char *value = equals ? equals + 1 : NULL;

	while (n > 0 && is_blank(raw->text[n - 1])) {
		n--;
	}
	if (!equals || n > READER_KEY_MAX || !is_word(raw->text, n, "-_")) {
		snprintf(str, num, "?\n");
		return;
	}
	if (!r->section_copy) {
		line_error(r, raw, "assignment outside of a section");
		snprintf(str, num, "\n");
		return;
	}
	while (is_blank(*value)) {
		value++;
	}
	raw->text[n] = '\0';
	r->line = (struct reader_line) { .section = r->section_copy,
		.key = raw->text,
		.value = value,
		.line = raw->line,
		.column = raw->column + (uint32_t)(value - raw->text) };
	put_reference(r, raw->text, n, str, num);
}

/* "web.service:14" of the line that is taken. -ENOMEM. */
static int name_origin(struct reader *r)
{
	const char *slash = strrchr(r->file->path, '/');
	const char *base = slash ? slash + 1 : r->file->path;
	size_t n = strlen(base);
	char number[24];
	size_t digits = number_format_u64(number, r->line.line);
	char *origin = arena_alloc(r->arena, n + digits + 2);

	if (!origin) {
		return -ENOMEM;
	}
	memcpy(origin, base, n);
	origin[n] = ':';
	memcpy(origin + n + 1, number, digits);
	origin[n + 1 + digits] = '\0';
	r->line.origin = origin;
	return 0;
}

/* Settles the line fed before: inih either called back for it or refused it. */
static void settle(struct reader *r)
{
	const struct raw_line *raw;
	struct reader_line *row;

	if (r->fed == 0 || r->reported) {
		return;
	}
	raw = (const struct raw_line *)r->raw.items + r->fed - 1;
	if (!r->accepted) {
		line_error(r, raw, "not an assignment; expected KEY=VALUE, [SECTION] or a comment");
		return;
	}
	row = list_push(r->arena, r->out, sizeof(*row));
	if (!row || name_origin(r) != 0) {
		r->no_memory = true;
		return;
	}
	*row = r->line;
}

/* inih's fgets. */
static char *feed_line(char *str, int num, void *user)
{
	struct reader *r = user;
	struct raw_line *raw;

	if (r->probe) {
		r->probe = false;
		put_reference(r, "section", strlen("section"), str, (size_t)num);
		return str;
	}
	settle(r);
	if (r->fed >= r->raw.n || r->no_memory) {
		r->reported = true;
		return NULL;
	}
	raw = (struct raw_line *)r->raw.items + r->fed++;
	r->accepted = false;
	r->reported = false;
	if (raw->text[0] == '[') {
		feed_section(r, raw, str, (size_t)num);
	} else {
		feed_assignment(r, raw, str, (size_t)num);
	}
	return str;
}

static int on_assignment(void *user, const char *section, const char *key, const char *value)
{
	struct reader *r = user;
	uint64_t index = 0;

	if (r->fed == 0 || value[0] != '@' || number_parse_u64(value + 1, &index) != 0) {
		return 0;
	}
	r->accepted = index == r->fed - 1 && strcmp(section, r->section) == 0 &&
		      (!r->line.key || strcmp(key, r->line.key) == 0);
	return r->accepted;
}

int reader_parse(const struct reader_file *file, struct arena *arena, struct diagnostics *d,
	struct list *ret)
{
	struct reader r = { .file = file, .arena = arena, .d = d, .out = ret };
	char *buffer;

	if (file->size > LIMIT_UNIT_FILE) {
		reader_error(&r, 0, 0, "file is larger than %u bytes", LIMIT_UNIT_FILE);
		return r.n_errors;
	}
	buffer = arena_alloc(arena, file->size + 2);
	if (!buffer) {
		return -ENOMEM;
	}
	join_lines(&r, buffer);
	if (list_reserve(arena, ret, r.raw.n, sizeof(struct reader_line)) < 0) {
		return -ENOMEM;
	}
	r.reported = true;
	if (ini_parse_stream(feed_line, &r, on_assignment, &r) < 0) {
		return -ENOMEM;
	}
	return r.no_memory ? -ENOMEM : r.n_errors;
}
