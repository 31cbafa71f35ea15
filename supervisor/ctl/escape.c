// SPDX-License-Identifier: MIT
/* escape: any text as part of a unit's name, and back, as systemd-escape(1). Nobody is asked. */
#include <errno.h>
#include <string.h>

#include "../../runtime/base/unitname.h"
#include "exitcode.h"
#include "verbs.h"

#define NAME_CHARS                                                                                 \
	"0123456789"                                                                               \
	"abcdefghijklmnopqrstuvwxyz"                                                               \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ:-_.\\@"

static int fail(struct ctl *c, const char *text, const char *why)
{
	ctl_error(c, "%s: %s", text, why);
	return EXIT_FAILED;
}

/* What cannot be in a name as \xHH, a slash as a dash; ".service" where there is no type. */
static int mangle(const char *text, char buf[LIMIT_PATH])
{
	bool device = strncmp(text, "/dev/", 5) == 0 || strncmp(text, "/sys/", 5) == 0;
	size_t n = 0;

	if (unit_name_is_valid(text)) {
		strcpy(buf, text);
		return 0;
	}
	if (*text == '/') {
		int r = unit_name_escape_path(text, buf, LIMIT_PATH - 10);

		strcat(buf, device ? ".device" : ".mount");
		return r;
	}
	for (; *text && n < LIMIT_PATH - 20; text++) {
		if (*text == '/') {
			buf[n++] = '-';
		} else if (strchr(NAME_CHARS, *text)) {
			buf[n++] = *text;
		} else {
			n += (size_t)sprintf(buf + n, "\\x%02x", (unsigned char)*text);
		}
	}
	buf[n] = '\0';
	strcat(buf, unit_type_from_name(buf) < 0 ? ".service" : "");
	return *text || !unit_name_is_valid(buf) ? -EINVAL : 0;
}

static bool has_dotdot(const char *path)
{
	for (; *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");

		if (n == 2 && memcmp(path, "..", 2) == 0) {
			return true;
		}
		path += n;
	}
	return false;
}

static int escape(struct ctl *c, const char *text, char buf[LIMIT_PATH])
{
	char part[LIMIT_PATH];
	int r;

	if (c->o.path && (strcmp(text, ".") == 0 || has_dotdot(text))) {
		return fail(c, text, "not a path without . and .. in it");
	}
	r = c->o.path ? unit_name_escape_path(text, part, sizeof(part) - 20)
		      : unit_name_escape(text, part, sizeof(part) - 20);
	if (r == 0 && c->o.template_name) {
		r = unit_name_instance(c->o.template_name, part, buf);
	} else if (r == 0) {
		strcpy(buf, part);
		strcat(buf, c->o.suffix ? "." : "");
		strcat(buf, c->o.suffix ? c->o.suffix : "");
	}
	return r < 0 ? fail(c, text, "too long, or nothing, for a unit's name") : EXIT_OK;
}

/* The instance of a name, which is to be of the template that was given. */
static int cut_instance(struct ctl *c, const char *name, char buf[LIMIT_PATH])
{
	char template_name[LIMIT_UNIT_NAME];
	struct unit_name_parts parts;

	if (unit_name_template(name, template_name) != 0 || unit_name_split(name, &parts) != 0) {
		return fail(c, name, "not the name of an instance, such as web@7.service");
	}
	if (c->o.template_name && strcmp(c->o.template_name, template_name) != 0) {
		return fail(c, name, "not an instance of the template that was given");
	}
	memcpy(buf, name + parts.instance, parts.instance_len);
	buf[parts.instance_len] = '\0';
	return EXIT_OK;
}

static int unescape(struct ctl *c, const char *text, char buf[LIMIT_PATH])
{
	char part[LIMIT_PATH];
	int r;

	if (c->o.template_name || c->o.instance) {
		r = cut_instance(c, text, part);
		if (r != EXIT_OK) {
			return r;
		}
		text = part;
	}
	r = !c->o.path ? unit_name_unescape(text, buf, LIMIT_PATH)
	    : *text    ? unit_name_unescape_path(text, buf, LIMIT_PATH)
		       : -EINVAL;
	return r < 0 ? fail(c, text, "not an escaped text: \\xHH with two small hexadecimal digits")
		     : EXIT_OK;
}

/* Options that do not go together, values that are none. Exit code. */
static int check(struct ctl *c)
{
	const struct options *o = &c->o;
	char name[LIMIT_UNIT_NAME];

	if (o->suffix && (strlen(o->suffix) > 16 || (sprintf(name, "x.%s", o->suffix),
							    unit_type_from_name(name) < 0))) {
		return fail(c, o->suffix, "not a type of unit, such as \"mount\"");
	}
	if (o->template_name && unit_name_classify(o->template_name) != UNIT_NAME_TEMPLATE) {
		return fail(c, o->template_name, "not a template, such as web@.service");
	}
	if ((o->suffix && (o->template_name || o->mangle || o->unescape)) ||
		(o->mangle && (o->template_name || o->path || o->unescape)) ||
		(o->instance && (!o->unescape || o->template_name))) {
		return fail(c, "escape",
			"--suffix, --template and --mangle exclude each other; --instance goes "
			"with --unescape alone");
	}
	return EXIT_OK;
}

/* One operand into buf. Exit code. */
static int convert(struct ctl *c, const char *text, char buf[LIMIT_PATH])
{
	if (strlen(text) >= LIMIT_PATH) {
		return fail(c, text, "too long");
	}
	if (c->o.mangle) {
		return mangle(text, buf) < 0 ? fail(c, text, "not a unit's name") : EXIT_OK;
	}
	return c->o.unescape ? unescape(c, text, buf) : escape(c, text, buf);
}

int verb_escape(struct ctl *c, int n, char *const *args)
{
	int code = check(c);
	struct json j;

	if (code != EXIT_OK) {
		return code;
	}
	json_init(&j, c->out);
	if (c->o.json) {
		json_array(&j, NULL);
	}
	for (int i = 1; i < n && code == EXIT_OK; i++) {
		char buf[LIMIT_PATH + LIMIT_UNIT_NAME];

		code = convert(c, args[i], buf);
		if (code == EXIT_OK && c->o.json) {
			json_string(&j, NULL, buf);
		} else if (code == EXIT_OK) {
			fprintf(c->out, "%s%s", i > 1 ? " " : "", buf);
		}
	}
	if (c->o.json) {
		json_end(&j);
	} else if (code == EXIT_OK) {
		putc('\n', c->out);
	}
	return code;
}
