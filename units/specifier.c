// SPDX-License-Identifier: MIT
#include "specifier.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "../runtime/base/arenafmt.h"
#include "../runtime/base/cleanup.h"
#include "../runtime/base/fd.h"
#include "../runtime/base/limits.h"
#include "../runtime/base/unitname.h"
#include "../runtime/base/utf8.h"
#include "../runtime/plan/plan.h"

/* In one word; each copies what is done so far. */
#define SPECIFIER_MAX 64

/* ---- the machine ---- */

/* 32 hexadecimal digits, dashes left out; "" when the file holds anything else. */
static void read_id(const char *path, char id[33])
{
	char text[64];
	size_t n = 0;

	fd_read_text(path, text, sizeof(text));
	for (const char *p = text; *p && *p != '\n' && n < 32; p++) {
		if (isxdigit((unsigned char)*p)) {
			id[n++] = (char)tolower((unsigned char)*p);
		} else if (*p != '-') {
			n = 0;
			break;
		}
	}
	id[n == 32 ? 32 : 0] = '\0';
}

static void os_field(const char *text, const char *key, char *ret, size_t size)
{
	size_t len = strlen(key);

	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		size_t n;

		if (strncmp(p, key, len) != 0 || p[len] != '=') {
			continue;
		}
		p += len + 1;
		p += *p == '"' || *p == '\'';
		n = strcspn(p, "\"'\n");
		snprintf(ret, size, "%.*s", (int)n, p);
	}
}

static const char *arch_name(const char *machine)
{
	static const char *const names[][2] = { { "x86_64", "x86-64" }, { "i686", "x86" },
		{ "i386", "x86" }, { "aarch64", "arm64" }, { "armv7l", "arm" },
		{ "riscv64", "riscv64" }, { "ppc64le", "ppc64-le" }, { "s390x", "s390x" } };

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		if (strcmp(names[i][0], machine) == 0) {
			return names[i][1];
		}
	}
	return "";
}

void specifier_host_read(struct specifier_host *ret)
{
	char os[4096];
	struct utsname uts;

	*ret = (struct specifier_host) { .arch = "" };
	read_id("/etc/machine-id", ret->machine_id);
	read_id("/proc/sys/kernel/random/boot_id", ret->boot_id);
	if (uname(&uts) == 0) {
		snprintf(ret->host_name, sizeof(ret->host_name), "%s", uts.nodename);
		snprintf(ret->kernel, sizeof(ret->kernel), "%s", uts.release);
		ret->arch = arch_name(uts.machine);
	}
	if (fd_read_text("/etc/os-release", os, sizeof(os)) < 0) {
		fd_read_text("/usr/lib/os-release", os, sizeof(os));
	}
	os_field(os, "ID", ret->os_id, sizeof(ret->os_id));
	os_field(os, "VERSION_ID", ret->os_version, sizeof(ret->os_version));
	os_field(os, "BUILD_ID", ret->os_build, sizeof(ret->os_build));
	os_field(os, "VARIANT_ID", ret->os_variant, sizeof(ret->os_variant));
	os_field(os, "IMAGE_VERSION", ret->os_image_version, sizeof(ret->os_image_version));
	os_field(os, "IMAGE_ID", ret->os_image_id, sizeof(ret->os_image_id));
}

/* ---- one specifier ---- */

static const char *spec_text(const struct specifier_unit *u, struct arena *a, const char *arg)
{
	(void)u;
	(void)a;
	return arg;
}

static const char *spec_name(const struct specifier_unit *u, struct arena *a, const char *arg)
{
	struct unit_name_parts parts;

	if (strcmp(arg, "n") == 0) {
		return u->name;
	}
	if (unit_name_split(u->name, &parts) != 0) {
		return NULL;
	}
	return arena_strndup(a, u->name, parts.suffix);
}

/* "p" prefix, "i" instance, "j" last part of the prefix; with '+' unescaped. */
static const char *spec_part(const struct specifier_unit *u, struct arena *a, const char *arg)
{
	struct unit_name_parts parts;
	char plain[LIMIT_UNIT_NAME];
	const char *text;

	if (unit_name_split(u->name, &parts) != 0) {
		return NULL;
	}
	text = arg[0] == 'i' ? arena_strndup(a, u->name + parts.instance, parts.instance_len)
			     : arena_strndup(a, u->name, parts.prefix_len);
	if (text && arg[0] == 'j') {
		const char *dash = strrchr(text, '-');

		text = dash ? dash + 1 : text;
	}
	if (text && arg[1] == '+') {
		return unit_name_unescape(text, plain, sizeof(plain)) == 0 ? arena_strdup(a, plain)
									   : NULL;
	}
	return text;
}

/* %f: the instance, else the prefix, as an absolute path. */
static const char *spec_path(const struct specifier_unit *u, struct arena *a, const char *arg)
{
	struct unit_name_parts parts;
	char plain[LIMIT_UNIT_NAME + 1];
	const char *text;

	(void)arg;
	if (unit_name_split(u->name, &parts) != 0) {
		return NULL;
	}
	text = parts.instance_len ? arena_strndup(a, u->name + parts.instance, parts.instance_len)
				  : arena_strndup(a, u->name, parts.prefix_len);
	if (!text || unit_name_unescape_path(text, plain, sizeof(plain)) != 0) {
		return NULL;
	}
	return plain[0] == '/' ? arena_strdup(a, plain) : arena_printf(a, "/%s", plain);
}

static const char *spec_host(const struct specifier_unit *u, struct arena *a, const char *arg)
{
	const struct specifier_host *h = u->host;
	const struct {
		char letter;
		const char *text;
		bool may_be_empty;
	} fields[] = { { 'm', h->machine_id, false }, { 'b', h->boot_id, false },
		{ 'H', h->host_name, false }, { 'v', h->kernel, false }, { 'a', h->arch, false },
		{ 'o', h->os_id, true }, { 'w', h->os_version, true }, { 'B', h->os_build, true },
		{ 'W', h->os_variant, true }, { 'A', h->os_image_version, true },
		{ 'M', h->os_image_id, true } };

	if (*arg == 'l') {
		return arena_strndup(a, h->host_name, strcspn(h->host_name, "."));
	}
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		if (fields[i].letter == *arg) {
			return fields[i].text[0] || fields[i].may_be_empty ? fields[i].text : NULL;
		}
	}
	return NULL;
}

static const char *spec_fragment(const struct specifier_unit *u, struct arena *a, const char *arg)
{
	const char *slash = u->fragment_path ? strrchr(u->fragment_path, '/') : NULL;

	if (!slash) {
		return NULL;
	}
	return *arg == 'y' ? u->fragment_path
			   : arena_strndup(a, u->fragment_path, (size_t)(slash - u->fragment_path));
}

static const char *spec_credentials(
	const struct specifier_unit *u, struct arena *a, const char *arg)
{
	return arena_printf(a, "%s/%s", arg, u->name);
}

static const struct {
	/* What the letter stands for; NULL: without a value here. */
	const char *(*fn)(const struct specifier_unit *u, struct arena *a, const char *arg);
	const char *arg;
} specifiers[128] = {
	['n'] = { spec_name, "n" },
	['N'] = { spec_name, "N" },
	['p'] = { spec_part, "p" },
	['P'] = { spec_part, "p+" },
	['i'] = { spec_part, "i" },
	['I'] = { spec_part, "i+" },
	['j'] = { spec_part, "j" },
	['J'] = { spec_part, "j+" },
	['f'] = { spec_path, "" },
	['y'] = { spec_fragment, "y" },
	['Y'] = { spec_fragment, "Y" },
	['m'] = { spec_host, "m" },
	['b'] = { spec_host, "b" },
	['H'] = { spec_host, "H" },
	['l'] = { spec_host, "l" },
	['q'] = { spec_host, "l" },
	['v'] = { spec_host, "v" },
	['a'] = { spec_host, "a" },
	['o'] = { spec_host, "o" },
	['w'] = { spec_host, "w" },
	['B'] = { spec_host, "B" },
	['W'] = { spec_host, "W" },
	['A'] = { spec_host, "A" },
	['M'] = { spec_host, "M" },
	/* The system manager's directories and user. */
	['d'] = { spec_credentials, PLAN_CREDENTIALS_DIR },
	['t'] = { spec_text, "/run" },
	['S'] = { spec_text, "/var/lib" },
	['C'] = { spec_text, "/var/cache" },
	['L'] = { spec_text, "/var/log" },
	['E'] = { spec_text, "/etc" },
	['T'] = { spec_text, "/tmp" },
	['V'] = { spec_text, "/var/tmp" },
	['u'] = { spec_text, "root" },
	['U'] = { spec_text, "0" },
	['g'] = { spec_text, "root" },
	['G'] = { spec_text, "0" },
	['h'] = { spec_text, "/root" },
	['s'] = { spec_text, "/bin/sh" },
	['%'] = { spec_text, "%" },
};

int specifier_expand(const struct specifier_unit *unit, const char *text, struct arena *arena,
	const char **ret, char *ret_bad)
{
	const char *percent;
	const char *done = "";
	unsigned n = 0;

	while ((percent = strchr(text, '%'))) {
		unsigned char letter = (unsigned char)percent[1];
		const char *value;

		*ret_bad = (char)letter;
		if (letter >= ELEMENTSOF(specifiers) || !specifiers[letter].fn) {
			return -EINVAL;
		}
		value = specifiers[letter].fn(unit, arena, specifiers[letter].arg);
		/* A name may escape bytes that no text may have, and D-Bus does not take. */
		if (!value || !utf8_is_valid(value)) {
			return -ENOENT;
		}
		if (++n > SPECIFIER_MAX || strlen(done) + strlen(value) > LIMIT_ARG_BYTES) {
			return -ENAMETOOLONG;
		}
		done = arena_printf(arena, "%s%.*s%s", done, (int)(percent - text), text, value);
		if (!done) {
			return -ENOMEM;
		}
		text = percent + 2;
	}
	*ret = *done ? arena_printf(arena, "%s%s", done, text) : text;
	return *ret ? 0 : -ENOMEM;
}

char specifier_of_instance(const char *text)
{
	while ((text = strchr(text, '%')) && text[1]) {
		if (strchr("iIf", text[1])) {
			return text[1];
		}
		text += 2;
	}
	return 0;
}
