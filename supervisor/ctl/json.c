// SPDX-License-Identifier: MIT
#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "text.h"

void json_init(struct json *j, FILE *out)
{
	memset(j, 0, sizeof(*j));
	j->out = out;
}

/* What a terminal takes for more than text has its number: it means the same to a parser. */
static void character(FILE *out, const char *s, size_t length)
{
	uint32_t code = text_hidden(s, length);

	if (code) {
		fprintf(out, "\\u%04x", (unsigned)code);
	} else {
		fwrite(s, 1, length, out);
	}
}

static void quoted(FILE *out, const char *s, size_t n)
{
	putc('"', out);
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t length;

		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
			i++;
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
			i++;
		} else if ((length = text_character(s + i, n - i)) > 0) {
			character(out, s + i, length);
			i += length;
		} else {
			fputs("\xef\xbf\xbd", out);
			i++;
		}
	}
	putc('"', out);
}

static void member(struct json *j, const char *key)
{
	if (j->depth > 0 && j->comma[j->depth]) {
		putc(',', j->out);
	}
	j->comma[j->depth] = true;
	if (key) {
		quoted(j->out, key, strlen(key));
		putc(':', j->out);
	}
}

static void open_container(struct json *j, const char *key, char open, char close)
{
	member(j, key);
	assert(j->depth + 1 < JSON_DEPTH);
	j->depth++;
	j->comma[j->depth] = false;
	j->close[j->depth] = close;
	putc(open, j->out);
}

/* A value at the outermost level is a document: one line. */
static void finish(struct json *j)
{
	if (j->depth == 0) {
		putc('\n', j->out);
	}
}

void json_object(struct json *j, const char *key)
{
	open_container(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	open_container(j, key, '[', ']');
}

void json_end(struct json *j)
{
	assert(j->depth > 0);
	putc(j->close[j->depth], j->out);
	j->depth--;
	finish(j);
}

void json_string_n(struct json *j, const char *key, const char *value, size_t n)
{
	member(j, key);
	quoted(j->out, value, n);
	finish(j);
}

void json_string(struct json *j, const char *key, const char *value)
{
	if (value) {
		json_string_n(j, key, value, strlen(value));
		return;
	}
	member(j, key);
	fputs("null", j->out);
	finish(j);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	member(j, key);
	fprintf(j->out, "%" PRIu64, value);
	finish(j);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
	member(j, key);
	fprintf(j->out, "%" PRId64, value);
	finish(j);
}

void json_double(struct json *j, const char *key, double value)
{
	member(j, key);
	if (isfinite(value)) {
		fprintf(j->out, "%.17g", value);
	} else {
		fputs("null", j->out);
	}
	finish(j);
}

void json_bool(struct json *j, const char *key, bool value)
{
	member(j, key);
	fputs(value ? "true" : "false", j->out);
	finish(j);
}
