// SPDX-License-Identifier: MIT
#include "extension.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/cleanup.h"
#include "../base/fd.h"
#include "hostfacts.h"
#include "launch.h"
#include "mountapi.h"
#include "osrelease.h"
#include "pathwalk.h"

#define SAFE         (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY)
#define RELEASE_SIZE 8192u
#define RELEASE_PATH "/usr/lib/extension-release.d/extension-release."

/* ---- release files ---- */

struct release {
	char architecture[OSRELEASE_VALUE_MAX];
	char id[OSRELEASE_VALUE_MAX];
	char level[OSRELEASE_VALUE_MAX];
	char version[OSRELEASE_VALUE_MAX];
};

/* The key whose value is too long for one; NULL: none is. */
static const char *read_release(const char *text, size_t n, struct release *ret)
{
	const struct {
		const char *key;
		char *value;
	} fields[] = {
		{ "ARCHITECTURE", ret->architecture },
		{ "ID", ret->id },
		{ "SYSEXT_LEVEL", ret->level },
		{ "VERSION_ID", ret->version },
	};

	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		const char *key = fields[i].key;

		if (!osrelease_value((struct osrelease_text) { text, n },
			    (struct osrelease_text) { key, strlen(key) }, fields[i].value)) {
			return key;
		}
	}
	return NULL;
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

const char *extension_mismatch(
	const char *release, size_t n, const char *system, size_t n_system, const char *machine)
{
	struct release its, of;
	const char *wrong = read_release(release, n, &of);

	wrong = wrong ? wrong : read_release(system, n_system, &its);
	if (wrong) {
		return wrong;
	}
	if (*of.architecture && !is(of.architecture, "_any") &&
		!is(of.architecture, host_architecture_name(machine))) {
		return "ARCHITECTURE";
	}
	if (is(of.id, "_any")) {
		return NULL;
	}
	if (!*of.id || !is(of.id, *its.id ? its.id : "linux")) {
		return "ID";
	}
	if (*of.level && *its.level) {
		return is(of.level, its.level) ? NULL : "SYSEXT_LEVEL";
	}
	/* Of a system that rolls there is no version. */
	if (!*its.version && !*its.level) {
		return NULL;
	}
	return is(of.version, its.version) ? NULL : "VERSION_ID";
}

/* Bytes that were read; a file that is larger is none of this kind. */
static int read_below(int root, const char *path, char *buf)
{
	AUTO_CLOSE int node = mount_open_target(root, path);
	AUTO_CLOSE int fd = -1;
	struct stat st;
	ssize_t n;

	if (node < 0 || fstat(node, &st) < 0) {
		return node < 0 ? node : -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EMEDIUMTYPE;
	}
	fd = fd_reopen(node, O_RDONLY);
	n = fd < 0 ? fd : fd_read_full(fd, buf, RELEASE_SIZE);
	return n == (ssize_t)RELEASE_SIZE ? -EFBIG : (int)n;
}

/* ---- layers ---- */

struct extensions {
	struct launch *l;
	const struct plan_mount *row;
	int base; /* the unit's root */
	char system[RELEASE_SIZE];
	int n_system;
	int layers[LIMIT_EXTENSIONS + 1];
	uint32_t n;
};

static int fail(const struct extensions *e, int error, const char *what, const char *path)
{
	return launch_fail(e->l, error, e->row->origin, what, path);
}

static int check_release(struct extensions *e, int dir, const char *path)
{
	char name[LIMIT_PATH + 64] = RELEASE_PATH, text[RELEASE_SIZE];
	char said[96] = "extension for another system by its ";
	const char *wrong;
	struct utsname uts;
	int n;

	strcat(name, strrchr(path, '/') + 1);
	n = read_below(dir, name, text);
	if (n < 0) {
		/* Not -ENOENT, which a directory that is not there may have. */
		return fail(e, n == -ENOENT ? -ENODATA : n, "extension-release of ", path);
	}
	uname(&uts);
	wrong = extension_mismatch(text, (size_t)n, e->system, (size_t)e->n_system, uts.machine);
	if (!wrong) {
		return 0;
	}
	strcat(strcat(said, wrong), "=: ");
	return fail(e, -EMEDIUMTYPE, said, path);
}

/* The row's hierarchy below dir becomes a layer, if it is there. */
static int add_layer(struct extensions *e, int dir, const char *path)
{
	int fd = mount_open_target(dir, e->row->target);
	struct stat st;

	if (fd == -ENOENT) {
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode)) {
		int r = fd < 0 ? fd : -ENOTDIR;

		if (fd >= 0) {
			close(fd);
		}
		return fail(e, r, "extension ", path);
	}
	e->layers[e->n++] = fd;
	return 1;
}

static int add_extension(struct extensions *e, const char *path, bool may_lack)
{
	AUTO_CLOSE int dir = pathwalk_open(path);
	int r;

	if (dir == -ENOENT && may_lack) {
		return 0;
	}
	if (dir < 0) {
		return fail(e, dir == -ENOENT ? -ENOTDIR : dir, "extension ", path);
	}
	if (e->n > LIMIT_EXTENSIONS) {
		return fail(e, -E2BIG, "extension ", path);
	}
	r = check_release(e, dir, path);
	return r < 0 ? r : add_layer(e, dir, path);
}

static int add_all(struct extensions *e)
{
	char path[LIMIT_PATH];

	for (const char *p = e->row->options; *p;) {
		bool may_lack = *p == '-';
		size_t n = strcspn(p += may_lack, ":");
		int r;

		if (n == 0 || n >= sizeof(path)) {
			return fail(e, -EINVAL, "extension ", p);
		}
		memcpy(path, p, n);
		path[n] = '\0';
		r = add_extension(e, path, may_lack);
		if (r < 0) {
			return r;
		}
		p += n + (p[n] == ':');
	}
	return 0;
}

/* By descriptor: what was checked is what is laid over, wherever its path leads by then. */
static int mount_layers(struct extensions *e)
{
	char options[16 + FD_LINK_SIZE * (LIMIT_EXTENSIONS + 1)] = "lowerdir=";
	char link[FD_LINK_SIZE];

	for (uint32_t i = e->n; i-- > 0;) {
		strcat(options, fd_link(e->layers[i], link));
		strcat(options, i ? ":" : "");
	}
	return mount_new("overlay", options, SAFE);
}

/* Nothing below it: an overlay wants two. */
static int bind_layer(struct extensions *e)
{
	AUTO_CLOSE int fd = mount_clone(e->layers[0], "", 0);
	int r = fd < 0 ? fd : mount_change(fd, SAFE, 0, 0);

	return r < 0 ? r : TAKE_FD(fd);
}

static int open_base(struct extensions *e)
{
	const struct launch *l = e->l;

	/* By its path where it has one: kernels before 6.15 lay nothing over a detached mount. */
	e->base = l->plan.root_dir     ? pathwalk_open(l->plan.root_dir)
		  : l->trees.root >= 0 ? fcntl(l->trees.root, F_DUPFD_CLOEXEC, 3)
				       : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (e->base < 0) {
		return fail(e, l->plan.root_dir ? e->base : -errno, "root for ",
			"ExtensionDirectories=");
	}
	e->n_system = read_below(e->base, "/etc/os-release", e->system);
	if (e->n_system == -ENOENT) {
		e->n_system = read_below(e->base, "/usr/lib/os-release", e->system);
	}
	return e->n_system < 0 ? fail(e, e->n_system, "os-release of the ", "unit's root") : 0;
}

static int build(struct extensions *e)
{
	int r = open_base(e);
	uint32_t has_base;

	r = r < 0 ? r : add_layer(e, e->base, e->row->target);
	has_base = e->n;
	r = r < 0 ? r : add_all(e);
	if (r < 0) {
		return r;
	}
	if (e->n == has_base) {
		return -ENOENT;
	}
	r = e->n == 1 ? bind_layer(e) : mount_layers(e);
	return r < 0 ? fail(e, r, "overlay of extensions on ", e->row->target) : r;
}

int extension_mount(struct launch *l, const struct plan_mount *m)
{
	static struct extensions e;
	int r;

	e = (struct extensions) { .l = l, .row = m, .base = -1 };
	r = build(&e);
	for (uint32_t i = 0; i < e.n; i++) {
		close(e.layers[i]);
	}
	if (e.base >= 0) {
		close(e.base);
	}
	return r;
}
