// SPDX-License-Identifier: MIT
#include "unitpath.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/unitname.h"

static const char *const default_dirs[] = { "/etc/supd", "/run/supd/units", "/run/supd/transient",
	"/usr/local/lib/supd", "/usr/lib/supd", "/usr/libexec/supd/units" };

static void add_dir(struct unitpath *p, const char *dir)
{
	if (p->n < UNITPATH_DIRS && dir[0] == '/' && strlen(dir) < LIMIT_PATH) {
		p->dirs[p->n] = strdup(dir);
		p->n += p->dirs[p->n] != NULL;
	}
}

static void ask_server(struct unitpath *p, struct ctl *c)
{
	__attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
	const char *dir;
	int r;

	if (ctl_try_connect(c) < 0) {
		return;
	}
	r = sd_bus_get_property(
		c->bus, CTL_SERVICE, CTL_PATH, CTL_MANAGER, "UnitPath", NULL, &reply, "as");
	if (r >= 0) {
		r = sd_bus_message_enter_container(reply, 'a', "s");
	}
	while (r >= 0 && (r = sd_bus_message_read(reply, "s", &dir)) > 0) {
		add_dir(p, dir);
	}
}

void unitpath_init_default(struct unitpath *p)
{
	*p = (struct unitpath) { .n = 0 };
	for (size_t i = 0; i < ELEMENTSOF(default_dirs); i++) {
		add_dir(p, default_dirs[i]);
	}
}

void unitpath_init(struct unitpath *p, struct ctl *c)
{
	*p = (struct unitpath) { .n = 0 };
	ask_server(p, c);
	if (p->n == 0) {
		unitpath_init_default(p);
	}
}

void unitpath_fini(struct unitpath *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->dirs[i]);
	}
	p->n = 0;
}

void unitfiles_fini(struct unitfiles *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->paths[i]);
	}
	f->n = 0;
}

static bool is_trusted(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & 022);
}

int unitpath_open(const char *path)
{
	AUTO_FREE char *dir = strdup(path);
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!dir) {
		return -ENOMEM;
	}
	*strrchr(dir, '/') = '\0';
	if (stat(*dir ? dir : "/", &st) < 0) {
		return -errno;
	}
	if (!is_trusted(&st)) {
		return -EPERM;
	}
	/* O_NONBLOCK: a FIFO in place of the file must not hang the caller. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return S_ISCHR(st.st_mode) ? -ERFKILL : -EINVAL;
	}
	if (!is_trusted(&st)) {
		return -EPERM;
	}
	return TAKE_FD(fd);
}

static int add_file(struct unitfiles *f, char *path)
{
	if (f->n == UNITPATH_FILES) {
		free(path);
		return -E2BIG;
	}
	f->paths[f->n++] = path;
	return 0;
}

static int find_file(const struct unitpath *p, const char *unit, struct unitfiles *ret)
{
	for (size_t i = 0; i < p->n; i++) {
		char *path;

		if (asprintf(&path, "%s/%s", p->dirs[i], unit) < 0) {
			return -ENOMEM;
		}
		if (access(path, F_OK) == 0) {
			return add_file(ret, path);
		}
		free(path);
	}
	return -ENOENT;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* A drop-in hides those of the same file name in directories that come later. */
static bool is_hidden(const struct unitfiles *f, size_t from, const char *path)
{
	for (size_t i = from; i < f->n; i++) {
		if (strcmp(base_name(f->paths[i]), base_name(path)) == 0) {
			return true;
		}
	}
	return false;
}

static int add_dropins(const char *dir, const char *owner, struct unitfiles *ret, size_t from)
{
	AUTO(globfree) glob_t g = { 0 };
	AUTO_FREE char *pattern = NULL;
	int r = 0;

	/* Unit names may hold a backslash, which glob would eat. */
	if (asprintf(&pattern, "%s/%s.d/*.conf", dir, owner) < 0) {
		pattern = NULL;
		return -ENOMEM;
	}
	if (glob(pattern, GLOB_NOESCAPE, NULL, &g) != 0) {
		return 0;
	}
	for (size_t i = 0; i < g.gl_pathc && r == 0; i++) {
		char *path = is_hidden(ret, from, g.gl_pathv[i]) ? NULL : strdup(g.gl_pathv[i]);

		r = path ? add_file(ret, path) : 0;
	}
	return r;
}

static int by_base_name(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static int find_dropins(const struct unitpath *p, const char *unit, struct unitfiles *ret)
{
	char template[LIMIT_UNIT_NAME] = "";
	const char *owners[] = { unit, template, strrchr(unit, '.') + 1 };
	size_t from = ret->n;
	int r = 0;

	if (unit_name_template(unit, template) < 0) {
		owners[1] = NULL;
	}
	for (size_t o = 0; o < ELEMENTSOF(owners); o++) {
		for (size_t i = 0; owners[o] && i < p->n && r == 0; i++) {
			r = add_dropins(p->dirs[i], owners[o], ret, from);
		}
	}
	if (ret->n > from + 1) {
		qsort(ret->paths + from, ret->n - from, sizeof(*ret->paths), by_base_name);
	}
	return r;
}

int unitpath_find(const struct unitpath *p, const char *unit, struct unitfiles *ret)
{
	char template[LIMIT_UNIT_NAME];
	int found, r;

	ret->n = 0;
	if (!unit_name_is_valid(unit)) {
		return -EINVAL;
	}
	found = find_file(p, unit, ret);
	if (found == -ENOENT && unit_name_template(unit, template) == 0) {
		found = find_file(p, template, ret);
	}
	r = find_dropins(p, unit, ret);
	return found < 0 ? found : r;
}

int unitpath_find_template(struct ctl *c, const char *unit, char **ret)
{
	AUTO(unitpath_fini) struct unitpath path = { .n = 0 };
	AUTO(unitfiles_fini) struct unitfiles files = { .n = 0 };
	AUTO_CLOSE int fd = -1;
	char template[LIMIT_UNIT_NAME];
	int r = unit_name_template(unit, template);

	if (r < 0) {
		return r;
	}
	unitpath_init(&path, c);
	r = find_file(&path, template, &files);
	if (r < 0) {
		return r;
	}
	fd = unitpath_open(files.paths[0]);
	if (fd < 0) {
		return fd;
	}
	*ret = TAKE_PTR(files.paths[0]);
	return 0;
}

int unitpath_link_instance(
	const char *runtime_dir, const char *template, const char *unit, char **ret)
{
	AUTO_FREE char *link = NULL;
	char there[LIMIT_PATH];
	ssize_t n;

	if (asprintf(&link, "%s/units/%s", runtime_dir, unit) < 0) {
		link = NULL;
		return -ENOMEM;
	}
	if (symlink(template, link) < 0) {
		if (errno != EEXIST) {
			return -errno;
		}
		n = readlink(link, there, sizeof(there) - 1);
		if (n < 0 || (size_t)n != strlen(template) || memcmp(there, template, (size_t)n)) {
			return -EEXIST;
		}
	}
	*ret = TAKE_PTR(link);
	return 0;
}
