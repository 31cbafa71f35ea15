// SPDX-License-Identifier: MIT
/* value.h: rendering. */
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "../../runtime/base/cleanup.h"
#include "exitcode.h"
#include "text.h"
#include "value.h"
#include "when.h"

static void print_number(FILE *out, const char *name, const struct value *v)
{
	(void)name;
	if (v->kind == VALUE_SIGNED) {
		fprintf(out, "%" PRId64, v->i);
	} else {
		fprintf(out, "%" PRIu64, v->u);
	}
}

static void print_point(FILE *out, const char *name, const struct value *v)
{
	char buf[WHEN_TEXT];

	(void)name;
	when_format(v->u, buf);
	fputs(buf, out);
}

static void print_span(FILE *out, const char *name, const struct value *v)
{
	char buf[WHEN_TEXT];

	(void)name;
	when_span(v->u, buf);
	fputs(buf, out);
}

static void print_mode(FILE *out, const char *name, const struct value *v)
{
	(void)name;
	fprintf(out, "%04" PRIo64, v->u);
}

static void print_current(FILE *out, const char *name, const struct value *v)
{
	if (v->u == UINT64_MAX) {
		fputs("[not set]", out);
	} else {
		print_number(out, name, v);
	}
}

/* uid, gid, slot */
static void print_id(FILE *out, const char *name, const struct value *v)
{
	if (v->u == UINT32_MAX) {
		fputs("[not set]", out);
	} else {
		print_number(out, name, v);
	}
}

static void print_limit(FILE *out, const char *name, const struct value *v)
{
	if (v->u == UINT64_MAX) {
		fputs("infinity", out);
	} else {
		print_number(out, name, v);
	}
}

/* (uo): the id, nothing when there is no job. */
static void print_job(FILE *out, const struct value *v)
{
	if (v->n == 2 && v->items[0].kind == VALUE_UNSIGNED && v->items[0].u) {
		fprintf(out, "%" PRIu64, v->items[0].u);
	}
}

static const char *item_string(const struct value *v, size_t i)
{
	return i < v->n && v->items[i].kind == VALUE_STRING ? v->items[i].s : "";
}

static uint64_t item_number(const struct value *v, size_t i)
{
	if (i >= v->n) {
		return 0;
	}
	switch (v->items[i].kind) {
	case VALUE_UNSIGNED:
		return v->items[i].u;
	case VALUE_SIGNED:
		return (uint64_t)v->items[i].i;
	case VALUE_BOOL:
		return v->items[i].b;
	case VALUE_STRING:
	case VALUE_DOUBLE:
	case VALUE_BYTES:
	case VALUE_ARRAY:
	case VALUE_STRUCT:
	case VALUE_DICT:
		return 0;
	}
	return 0;
}

/* One row of ExecStart=: (s path, as argv, b ignore, t t t t times, u pid, i code, i status). */
static void print_command(FILE *out, const struct value *v)
{
	char start[WHEN_TEXT], stop[WHEN_TEXT];

	fputs("{ path=", out);
	text_puts(out, item_string(v, 0));
	fputs(" ; argv[]=", out);
	if (v->n > 1) {
		value_print(out, "", &v->items[1]);
	}
	when_format(item_number(v, 3), start);
	when_format(item_number(v, 5), stop);
	fprintf(out,
		" ; ignore_errors=%s ; start_time=[%s] ; stop_time=[%s] ; pid=%" PRIu64
		" ; code=%" PRId64 " ; status=%" PRId64 " }",
		item_number(v, 2) ? "yes" : "no", start, stop, item_number(v, 7),
		(int64_t)item_number(v, 8), (int64_t)item_number(v, 9));
}

/* One row of TimersMonotonic= (stt) or TimersCalendar= (sst). */
static void print_timer(FILE *out, const struct value *v)
{
	bool calendar = v->items[1].kind == VALUE_STRING;
	uint64_t next = item_number(v, 2);
	char text[WHEN_TEXT];

	fputs("{ ", out);
	text_puts(out, item_string(v, 0));
	putc('=', out);
	if (calendar) {
		text_puts(out, item_string(v, 1));
		when_format(next, text);
	} else {
		when_span(item_number(v, 1), text);
		fputs(text, out);
		when_span(next, text);
	}
	fprintf(out, " ; next_elapse=%s }", next == USEC_INFINITY ? "n/a" : text);
}

/* (ss): NAME "TEXT", nothing when all is well. */
static void print_error(FILE *out, const struct value *v)
{
	if (*item_string(v, 0)) {
		text_puts(out, item_string(v, 0));
		fputs(" \"", out);
		text_puts(out, item_string(v, 1));
		putc('"', out);
	}
}

/* Numbers that are not shown as plain numbers, by name; the first match counts. */
static const struct {
	const char *pattern;
	void (*print)(FILE *out, const char *name, const struct value *v);
} number_rules[] = {
	{ "*Timestamp", print_point },
	{ "*USecRealtime", print_point },
	{ "LastTriggerUSec", print_point },
	{ "*USec", print_span },
	{ "UMask", print_mode },
	{ "*DirectoryMode", print_mode },
	{ "*Current", print_current },
	{ "*NSec", print_current },
	{ "*Bytes", print_current },
	{ "*Available", print_current },
	{ "*Peak", print_current },
	{ "*Packets", print_current },
	{ "MemoryMin", print_current },
	{ "MemoryLow", print_current },
	{ "[UG]ID", print_id },
	{ "Slot", print_id },
	{ "*Weight", print_current },
	{ "*Max", print_limit },
	{ "*High", print_limit },
	{ "Limit*", print_limit },
};

static void print_unsigned(FILE *out, const char *name, const struct value *v)
{
	for (size_t i = 0; i < ELEMENTSOF(number_rules); i++) {
		if (fnmatch(number_rules[i].pattern, name, 0) == 0) {
			number_rules[i].print(out, name, v);
			return;
		}
	}
	print_number(out, name, v);
}

static void print_items(FILE *out, const char *name, const struct value *v)
{
	const char *separator = v->kind == VALUE_DICT ? "=" : " ";

	if (strcmp(name, "Job") == 0) {
		print_job(out, v);
		return;
	}
	if (strcmp(name, "LoadError") == 0) {
		print_error(out, v);
		return;
	}
	if (strncmp(name, "Exec", 4) == 0 && v->kind == VALUE_STRUCT && v->n >= 10) {
		print_command(out, v);
		return;
	}
	if (strncmp(name, "Timers", 6) == 0 && v->kind == VALUE_STRUCT && v->n == 3) {
		print_timer(out, v);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct value *item = &v->items[i];

		fputs(i ? " " : "", out);
		if (v->kind == VALUE_DICT && item->n == 2) {
			value_print(out, "", &item->items[0]);
			fputs(separator, out);
			value_print(out, "", &item->items[1]);
		} else {
			value_print(out, v->kind == VALUE_ARRAY ? name : "", item);
		}
	}
}

void value_print(FILE *out, const char *name, const struct value *v)
{
	switch (v->kind) {
	case VALUE_STRING:
		text_puts(out, v->s);
		break;
	case VALUE_UNSIGNED:
		print_unsigned(out, name, v);
		break;
	case VALUE_SIGNED:
		print_number(out, name, v);
		break;
	case VALUE_BOOL:
		fputs(v->b ? "yes" : "no", out);
		break;
	case VALUE_DOUBLE:
		fprintf(out, "%g", v->d);
		break;
	case VALUE_BYTES:
		for (size_t i = 0; i < v->n; i++) {
			fprintf(out, "%02x", v->bytes[i]);
		}
		break;
	case VALUE_ARRAY:
	case VALUE_STRUCT:
	case VALUE_DICT:
		print_items(out, name, v);
		break;
	}
}

static void bytes_json(struct json *j, const char *key, const struct value *v)
{
	AUTO_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		value_print(out, "", v);
		fclose(out);
	}
	json_string(j, key, text ? text : "");
}

static void items_json(struct json *j, const char *key, const struct value *v)
{
	bool object = v->kind == VALUE_DICT;

	for (size_t i = 0; object && i < v->n; i++) {
		object = v->items[i].n == 2 && v->items[i].items[0].kind == VALUE_STRING;
	}
	if (object) {
		json_object(j, key);
	} else {
		json_array(j, key);
	}
	for (size_t i = 0; i < v->n; i++) {
		if (object) {
			value_json(j, v->items[i].items[0].s, &v->items[i].items[1]);
		} else {
			value_json(j, NULL, &v->items[i]);
		}
	}
	json_end(j);
}

void value_json(struct json *j, const char *key, const struct value *v)
{
	switch (v->kind) {
	case VALUE_STRING:
		json_string(j, key, v->s);
		break;
	case VALUE_UNSIGNED:
		json_u64(j, key, v->u);
		break;
	case VALUE_SIGNED:
		json_i64(j, key, v->i);
		break;
	case VALUE_BOOL:
		json_bool(j, key, v->b);
		break;
	case VALUE_DOUBLE:
		json_double(j, key, v->d);
		break;
	case VALUE_BYTES:
		bytes_json(j, key, v);
		break;
	case VALUE_ARRAY:
	case VALUE_STRUCT:
	case VALUE_DICT:
		items_json(j, key, v);
		break;
	}
}
